"""The small demo year, loaded once a module; each test's changes are rolled back to it."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from django.db import transaction

from sessions_app.demo.load import Loaded, load_demo
from tests.build import SHANGHAI

DEMO_AT = datetime(2026, 11, 20, 9, 0, tzinfo=SHANGHAI)


@pytest.fixture(scope="module")
def small_year(django_db_setup: None, django_db_blocker) -> Iterator[Loaded]:
    with django_db_blocker.unblock(), transaction.atomic():
        yield load_demo(at=DEMO_AT, small=True, say=lambda words: None)
        transaction.set_rollback(True)


@pytest.fixture
def demo(small_year: Loaded, db: None, settings) -> Loaded:
    settings.CLOCK = DEMO_AT
    return small_year
