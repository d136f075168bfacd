"""Addresses of guidance."""

from django.urls import path

from sessions_app.guidance import views

urlpatterns = [
    path("guidance/", views.prompt_list, name="prompt_list"),
    path("guidance/new/", views.prompt_new, name="prompt_new"),
    path("guidance/<int:pk>/", views.prompt, name="prompt"),
    path("guidance/<int:pk>/edit/", views.prompt_edit, name="prompt_edit"),
    path("guidance/<int:pk>/publish/", views.prompt_publish, name="prompt_publish"),
    path("guidance/<int:pk>/close/", views.prompt_close, name="prompt_close"),
    path("guidance/<int:pk>/receive/", views.prompt_receive, name="prompt_receive"),
    path("guidance/<int:pk>/map/", views.prompt_map, name="prompt_map"),
    path("guidance/<int:pk>/unmap/", views.prompt_unmap, name="prompt_unmap"),
    path("guidance/<int:pk>/matrix/", views.prompt_matrix, name="prompt_matrix"),
]
