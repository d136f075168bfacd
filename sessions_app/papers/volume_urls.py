"""Addresses of papers: volume."""

from typing import Any

urlpatterns: list[Any] = []
