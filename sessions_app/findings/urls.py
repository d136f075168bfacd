"""Addresses of findings."""

from django.urls.resolvers import URLPattern

urlpatterns: list[URLPattern] = []
