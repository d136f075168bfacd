"""Rows that are really committed, for workers and threads to see; and a way to sweep tables that refuse TRUNCATE."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection


def _truncation(word: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE tgname LIKE '%no_truncate'")
        for table, trigger in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {table} {word} TRIGGER {trigger}")


@pytest.fixture
def _refusing_again(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    yield
    with django_db_blocker.unblock():
        _truncation("ENABLE")


@pytest.fixture
def committed(_refusing_again: None, transactional_db: None) -> Iterator[None]:
    """Instead of `django_db(transaction=True)`: append-only tables let themselves be emptied after the test only."""
    yield
    with connection.cursor() as cursor:  # sessions of killed workers, which the server has not missed yet
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    _truncation("DISABLE")
