"""Addresses of notices."""

from django.urls.resolvers import URLPattern

urlpatterns: list[URLPattern] = []
