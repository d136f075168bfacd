"""Addresses of visits."""

from django.urls.resolvers import URLPattern

urlpatterns: list[URLPattern] = []
