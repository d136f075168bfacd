"""A database of its own for a test that commits, restores or migrates: made empty or as a copy, dropped at the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from os import getpid
from pathlib import Path

import psycopg
from django.conf import settings
from django.db import connection, connections
from django.test import override_settings

_serial = count(1)


@contextmanager
def scratch(media: Path, *, copy_of: str | None = None) -> Iterator[str]:
    """Django's connection leads to the new database inside, and files go to `media`; its name is given."""
    usual, usual_storages = connection.settings_dict["NAME"], settings.STORAGES
    name = f"scratch_{getpid()}_{next(_serial)}"
    media.mkdir(parents=True, exist_ok=True)
    storages = usual_storages | {"default": usual_storages["default"] | {"OPTIONS": {"location": media}}}
    _command(f'CREATE DATABASE "{name}" TEMPLATE "{copy_of or "template0"}"')
    connections.close_all()
    connection.settings_dict["NAME"] = name
    try:
        with override_settings(MEDIA_ROOT=media, STORAGES=storages):
            yield name
    finally:
        connections.close_all()
        connection.settings_dict["NAME"] = usual
        _command(f'DROP DATABASE "{name}" WITH (FORCE)')


def _command(words: str) -> None:
    connections.close_all()
    wanted = connection.get_connection_params() | {"dbname": "postgres"}
    for ours in ("cursor_factory", "context", "prepare_threshold"):
        wanted.pop(ours, None)
    with psycopg.connect(**wanted, autocommit=True) as database:
        database.execute(words)
