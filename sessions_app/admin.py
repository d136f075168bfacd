"""Django looks for admin here; the registrations stand in the rooms."""

from sessions_app.findings import admin as findings
from sessions_app.policies import admin

__all__ = ["admin", "findings"]
