"""What every test stands on. The servers come first: Django reads its settings after this line."""

from tests import servers  # noqa: F401  isort: skip

import gc
import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests import sizes, snapshots  # noqa: F401  isort: skip


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """A worker that inherits this name loads the settings before tests/servers.py has given it a Redis of its own."""
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)


def pytest_collection_finish() -> None:
    """What is imported by now stays to the end: the collector need not walk it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: Any) -> Iterator[None]:
    """In place of pytest-django's: a copy of the migrated snapshot instead of migrating anew in every process."""
    from django.db import connection

    name = f"test_zx_{os.getpid()}"
    with django_db_blocker.unblock():
        snapshots.swept()
        snapshots.copy(name, snapshots.migrated())
        usual, connection.settings_dict["NAME"] = connection.settings_dict["NAME"], name
    yield
    with django_db_blocker.unblock():
        connection.close()
        connection.settings_dict["NAME"] = usual
        snapshots.drop(name)


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Real hashing takes a third of a second for every user a test makes."""
    from django.test import override_settings

    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    from django.core.cache import cache

    cache.clear()
    yield
