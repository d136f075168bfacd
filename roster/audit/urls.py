"""Addresses of this room."""

from django.urls import path

from roster.audit import views

urlpatterns = [
    path("audit/", views.audit_list, name="audit_list"),
    path("audit/<int:pk>/", views.audit_event, name="audit_event"),
]
