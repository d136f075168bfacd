"""What every test stands on. The servers come first: Django reads its settings after this line."""

from tests import servers  # noqa: F401  isort: skip

from collections.abc import Iterator

import pytest


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
