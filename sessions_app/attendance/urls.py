"""Addresses of this room."""

from django.urls import URLPattern, path  # noqa: F401

urlpatterns: list[URLPattern] = []
