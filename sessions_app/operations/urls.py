"""Addresses of operations."""

from django.urls import path

from sessions_app.operations import views

urlpatterns = [
    path("operations/", views.health_page, name="health_page"),
    path("operations/switch/", views.beat_switch, name="beat_switch"),
]
