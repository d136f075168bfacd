"""Addresses of this room: run."""

from typing import Any

urlpatterns: list[Any] = []
