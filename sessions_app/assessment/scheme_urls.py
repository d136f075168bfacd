"""Addresses of this room: scheme."""

from typing import Any

urlpatterns: list[Any] = []
