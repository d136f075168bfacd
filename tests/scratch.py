"""A database of its own for a test that commits, restores or migrates: made empty or as a copy, dropped at the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from os import getpid
from pathlib import Path

from django.conf import settings
from django.test import override_settings

from tests import snapshots

_serial = count(1)


@contextmanager
def scratch(media: Path, *, copy_of: str | None = None) -> Iterator[str]:
    """Django's connection leads to the new database inside, and files go to `media`; its name is given."""
    usual_storages = settings.STORAGES
    name = f"test_zx_scratch{next(_serial)}_{getpid()}"
    media.mkdir(parents=True, exist_ok=True)
    storages = usual_storages | {"default": usual_storages["default"] | {"OPTIONS": {"location": media}}}
    snapshots.copy(name, copy_of or "template0")
    try:
        with snapshots.led_to(name), override_settings(MEDIA_ROOT=media, STORAGES=storages):
            yield name
    finally:
        snapshots.drop(name)
