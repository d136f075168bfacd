"""Addresses of files."""

from django.urls import path

from sessions_app.attachments import views

urlpatterns = [
    path("attachments/<int:pk>/", views.attachment, name="attachment"),
    path("attachments/<slug:subject_type>/<int:subject_id>/new/", views.attachment_new, name="attachment_new"),
    path("attachments/<int:pk>/withdraw/", views.attachment_withdraw, name="attachment_withdraw"),
]
