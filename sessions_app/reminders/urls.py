"""Addresses of reminders."""

from django.urls.resolvers import URLPattern

urlpatterns: list[URLPattern] = []
