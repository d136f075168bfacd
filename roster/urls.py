"""Addresses of the roster's rooms."""

from django.urls import include, path

urlpatterns = [
    path("", include(f"roster.{room}.urls")) for room in ("committees", "people", "corps", "accounts", "audit")
]
