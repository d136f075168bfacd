"""The small demo year, loaded once and copied for each module; each test's changes are rolled back to it."""

import os
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from sessions_app.demo.load import Loaded, load_demo
from tests import snapshots
from tests.build import SHANGHAI

DEMO_AT = datetime(2026, 11, 20, 9, 0, tzinfo=SHANGHAI)


@pytest.fixture(scope="module")
def small_year(django_db_setup: None, django_db_blocker: Any) -> Iterator[Loaded]:
    name = f"test_zx_demo_{os.getpid()}"
    with django_db_blocker.unblock():
        of, loaded = snapshots.demo(
            lambda: load_demo(at=DEMO_AT, small=True, say=lambda words: None), f"{DEMO_AT:%Y-%m-%d} small"
        )
        snapshots.copy(name, of)
        with snapshots.led_to(name):
            yield loaded
        snapshots.drop(name)


@pytest.fixture
def demo(small_year: Loaded, db: None, settings) -> Loaded:
    settings.CLOCK = DEMO_AT
    return small_year
