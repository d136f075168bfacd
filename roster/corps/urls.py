"""Addresses of the corps."""

from django.urls.resolvers import URLPattern

urlpatterns: list[URLPattern] = []
