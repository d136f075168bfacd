"""Addresses of this room."""

from django.urls import path

from sessions_app.search import views

urlpatterns = [path("search/", views.search, name="search")]
