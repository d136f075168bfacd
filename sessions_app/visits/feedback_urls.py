"""Addresses of a visit's feedback."""

from django.urls import path

from sessions_app.visits import feedback_views as views

urlpatterns = [
    path("visits/<int:pk>/feedback/", views.visit_feedback, name="visit_feedback"),
    path("visits/<int:pk>/feedback/save/", views.feedback_save, name="feedback_save"),
    path("visits/<int:pk>/feedback/submit/", views.feedback_submit, name="feedback_submit"),
    path("visits/<int:pk>/feedback/return/", views.feedback_return, name="feedback_return"),
    path("visits/<int:pk>/feedback/issue/", views.feedback_issue, name="feedback_issue"),
    path("visits/<int:pk>/feedback/acknowledge/", views.feedback_acknowledge, name="feedback_acknowledge"),
    path("visits/<int:pk>/feedback/reply/", views.feedback_reply, name="feedback_reply"),
    path("visits/<int:pk>/close/", views.visit_close, name="visit_close"),
]
