"""Addresses of this room: interview."""

from typing import Any

urlpatterns: list[Any] = []
