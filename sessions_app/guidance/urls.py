"""Addresses of guidance."""

from django.urls.resolvers import URLPattern

urlpatterns: list[URLPattern] = []
