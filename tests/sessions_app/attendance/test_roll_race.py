"""Two people save the same roll in the same moment: real threads, real locks."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, connections

from roster.audit.moves import Stale
from sessions_app.attendance import actions
from sessions_app.attendance.models import MakeUpStudy
from tests import build
from tests.sessions_app.attendance import studying


def _turn(how: str) -> None:
    """The triggers that refuse TRUNCATE, on or off: the test's own clearing up is the only one who may."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal AND tgtype & 32 <> 0"
        )
        for table, trigger in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {table} {how} TRIGGER {trigger}")


@pytest.fixture(scope="module", autouse=True)
def append_only_again(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    yield
    with django_db_blocker.unblock():
        _turn("ENABLE")


@pytest.fixture
def emptied(transactional_db: None) -> Iterator[None]:
    """After the test every table is emptied; record and papers refuse that, as they should."""
    yield
    _turn("DISABLE")


def _race(row, typed, versions, users):
    """Both save at once, each in its own connection; what came of each."""
    ready, results = threading.Barrier(2), {}

    def save(place):
        try:
            ready.wait()
            actions.record_roll(row, marks=typed[place], version=versions[place], by=users[place], at=build.AT)
            results[place] = "kept"
        except Stale:
            results[place] = "stale"
        finally:
            connections.close_all()

    threads = [threading.Thread(target=save, args=(place,)) for place in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(results.values())


@pytest.mark.django_db(transaction=True)
def test_two_people_save_the_same_roll_and_one_wins(emptied):
    where = build.committee()
    people = [row.person for row in build.group(where, 9)]
    users = [build.secretary_of(where), build.secretary_of(where)]
    _, row = studying.held(where)
    typed = [studying.marks(row, {people[0]: ("ABSENT", "甲说")}), studying.marks(row, {people[1]: ("ABSENT", "乙说")})]
    assert _race(row, typed, [1, 1], users) == ["kept", "stale"]
    row.refresh_from_db()
    assert row.marks.exclude(status="PRESENT").count() == row.absent_marks == 1
    assert MakeUpStudy.objects.count() == 1
    # the guard is what decides: without a version both are kept, one after the other
    assert _race(row, typed, [None, None], users) == ["kept", "kept"]
