"""Committed rows, as for jobs."""

from tests.sessions_app.jobs.conftest import _refusing_again, committed  # noqa: F401
