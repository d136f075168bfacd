"""Addresses of papers: word."""

from typing import Any

urlpatterns: list[Any] = []
