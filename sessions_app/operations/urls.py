"""Addresses of operations."""

from django.urls.resolvers import URLPattern

urlpatterns: list[URLPattern] = []
