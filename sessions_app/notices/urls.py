"""Addresses of notices."""

from django.urls import path

from sessions_app.notices import chat_views, delivery_views, views

urlpatterns = [
    path("inbox/", views.notice_list, name="notice_list"),
    path("inbox/count/", views.notice_count, name="notice_count"),
    path("inbox/read/", views.notice_read_all, name="notice_read_all"),
    path("inbox/settings/", views.preference, name="preference"),
    path("inbox/<int:pk>/", views.notice, name="notice"),
    path("inbox/<int:pk>/read/", views.notice_read, name="notice_read"),
    path("deliveries/", delivery_views.delivery_list, name="delivery_list"),
    path("deliveries/resend/", delivery_views.delivery_resend_all, name="delivery_resend_all"),
    path("deliveries/<int:pk>/resend/", delivery_views.delivery_resend, name="delivery_resend"),
    path("chat-targets/", chat_views.chat_list, name="chat_list"),
    path("chat-targets/<int:pk>/", chat_views.chat_edit, name="chat_edit"),
]
