"""Databases made once and copied: the migrated one, and the small demo year in it.

PostgreSQL copies a template in a fraction of a second. A snapshot's name holds the fingerprint of the code it was made by,
so that a change of the code makes a new one; those of other code are dropped.
"""

from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections

ROOT = Path(settings.BASE_DIR)
KEPT = ("migrated", "demo", "site")
LOCK = 20261130  # of PostgreSQL, held while a snapshot is made: two workers begin at once


def fingerprint(paths: Iterable[Path], *more: str) -> str:
    """Twelve hex digits over the contents of files and words."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    for word in more:
        digest.update(word.encode() + b"\0")
    return digest.hexdigest()[:12]


@cache
def of_code(*more: str) -> str:
    """All Python of the product: the demo year is made by its actions."""
    rooms = [path for name in ("config", "roster", "sessions_app") for path in (ROOT / name).rglob("*.py")]
    return fingerprint([*rooms, *_lists()], *more)


@cache
def of_migrations() -> str:
    rooms = list(ROOT.glob("*/migrations/*.py"))
    return fingerprint([*rooms, ROOT / "config" / "settings.py", *_lists()])


def _lists() -> list[Path]:
    return [ROOT / "requirements" / "test.txt"]  # a library of another version may migrate otherwise


@contextmanager
def server() -> Iterator[psycopg.Connection[Any]]:
    """A connection of our own to the database `postgres`, in autocommit."""
    connections.close_all()
    wanted = connection.get_connection_params() | {"dbname": "postgres"}
    for ours in ("cursor_factory", "context", "prepare_threshold"):
        wanted.pop(ours, None)
    with psycopg.connect(**wanted, autocommit=True) as admin:
        yield admin


def names(admin: psycopg.Connection[Any], like: str) -> list[str]:
    return [row[0] for row in admin.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [like])]


def made_once(kind: str, key: str, make: Callable[[str], None]) -> str:
    """The name of the snapshot; `make` is called with the name it has until it is finished."""
    name = f"zx_{kind}_{key}"
    with server() as admin:
        admin.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        if name not in names(admin, name):
            for old in names(admin, f"zx\\_{kind}\\_%"):
                admin.execute(f'DROP DATABASE "{old}" WITH (FORCE)')
            make(f"{name}_making")
            connections.close_all()
            admin.execute(f'ALTER DATABASE "{name}_making" RENAME TO "{name}"')
    return name


def copy(name: str, of: str) -> None:
    with server() as admin:
        admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{of}"')


def drop(name: str) -> None:
    with server() as admin:
        admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def led_to(name: str) -> Iterator[None]:
    """Django's connection leads to this database inside."""
    usual = connection.settings_dict["NAME"]
    connections.close_all()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connections.close_all()
        connection.settings_dict["NAME"] = usual


def migrated() -> str:
    def make(name: str) -> None:
        copy(name, "template0")
        with led_to(name):
            call_command("migrate", verbosity=0, interactive=False)

    return made_once("migrated", of_migrations(), make)


def demo(load: Callable[[], Any], key: str) -> tuple[str, Any]:
    """The snapshot `load` leaves in a migrated database, and what it returned."""
    of = migrated()
    key = of_code(key)
    said = Path(os.environ["ZHIXING_VAR"]) / f"demo_{key}.pickle"

    def make(name: str) -> None:
        copy(name, of)
        with led_to(name):
            said.write_bytes(pickle.dumps(load()))

    name = made_once("demo", key, make)
    return name, pickle.loads(said.read_bytes())  # noqa: S301 -- our own, of a moment ago


def swept() -> None:
    """Drop the databases of test processes that ended without doing so."""
    with server() as admin:
        for name in names(admin, "test\\_zx\\_%"):
            pid = int(name.rsplit("_", 1)[1])
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, 0)
                continue
            admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
