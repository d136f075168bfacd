"""Addresses of the chain's rooms."""

from django.urls import include, path

ROOMS = (
    "desk", "policies", "attachments", "jobs", "plans", "sessions", "attendance", "minutes", "outcomes", "corrections",
    "papers", "workbooks", "dashboards", "guidance", "notices", "reminders", "letters", "operations",
    "visits", "findings", "assessment", "bulletins", "search",
)  # fmt: skip
urlpatterns = [path("", include(f"sessions_app.{room}.urls")) for room in ROOMS]
