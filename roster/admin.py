"""Django looks for admin here; the registrations stand in the rooms."""

from roster.accounts import admin

__all__ = ["admin"]
