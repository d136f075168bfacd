"""Two people in the same moment: real threads, real locks. One approval wins, two sessions get two numbers."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, connections

from roster.audit.models import AuditEvent
from roster.audit.moves import Refused, Stale
from sessions_app.plans import actions as plans
from sessions_app.plans.models import StudyPlan
from sessions_app.sessions import actions
from sessions_app.sessions.models import Participation, StudySession
from tests import build

AT = build.AT


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
    yield
    _turn("DISABLE")


def race(*acts: Callable[[], Any]) -> list[str]:
    """All at once, each in its own connection; what came of each: done, stale, refused."""
    ready, results = threading.Barrier(len(acts)), []

    def run(act: Callable[[], Any]) -> None:
        try:
            ready.wait()
            act()
            results.append("done")
        except Stale:
            results.append("stale")
        except Refused:
            results.append("refused")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(results)


def create(where, by, **more):
    return lambda: actions.create(committee=where, day=build.DAY, topic="专题", by=by, at=AT, **more)


def test_sessions_made_at_once_get_numbers_of_their_own(emptied):
    where = build.committee()
    users = [build.secretary_of(where) for _ in range(4)]
    assert race(*(create(where, user) for user in users)) == ["done"] * 4
    assert sorted(Participation.objects.values_list("number", flat=True)) == [1, 2, 3, 4]


def test_the_lock_is_what_keeps_the_numbers_apart(emptied, monkeypatch):
    """The negative control: without it two reckon the same number, and the database refuses the second."""
    from django.db import IntegrityError

    reckoned = threading.Barrier(2)
    original = actions._next_number

    def together(*args: int) -> int:
        number = original(*args)
        reckoned.wait(timeout=20)
        return number

    monkeypatch.setattr(actions, "_lock_numbers", lambda *ids: None)
    monkeypatch.setattr(actions, "_next_number", together)
    where = build.committee()
    users = [build.secretary_of(where) for _ in range(2)]
    collided = []

    def guarded(act):
        def run():
            try:
                act()
            except IntegrityError:
                collided.append(1)

        return run

    race(*(guarded(create(where, user)) for user in users))
    assert len(collided) == 1


def test_a_form_sent_twice_at_once_makes_one_session(emptied):
    where = build.committee()
    user = build.secretary_of(where)
    race(create(where, user, form_token="t" * 36), create(where, user, form_token="t" * 36))
    assert StudySession.objects.count() == 1


def test_of_two_approvals_of_a_session_one_wins(emptied):
    where = build.committee()
    secretary, leaders = build.secretary_of(where), [build.leader_of(where), build.leader_of(where)]
    session = actions.create(
        committee=where, day=build.DAY, topic="专题", place="三楼", materials=[{"title": "公报"}], by=secretary, at=AT
    )
    session = actions.submit(session, version=session.version, by=secretary, at=AT)

    def approve(by):
        return lambda: actions.approve(session, version=session.version, by=by, at=AT)

    assert race(*(approve(by) for by in leaders)) == ["done", "stale"]
    assert AuditEvent.objects.about(session).filter(verb="approve").count() == 1


def test_the_row_lock_is_what_lets_one_approval_win(emptied, monkeypatch):
    """The negative control: read without lock or version, both approve and two events say so."""
    where = build.committee()
    secretary, leaders = build.secretary_of(where), [build.leader_of(where), build.leader_of(where)]
    session = actions.create(
        committee=where, day=build.DAY, topic="专题", place="三楼", materials=[{"title": "公报"}], by=secretary, at=AT
    )
    session = actions.submit(session, version=session.version, by=secretary, at=AT)
    both_read = threading.Barrier(2)

    def unlocked(row, version):
        fresh = StudySession.objects.get(pk=row.pk)
        both_read.wait(timeout=20)
        return fresh

    monkeypatch.setattr(actions, "lock", unlocked)

    def approve(by):
        return lambda: actions.approve(session, version=session.version, by=by, at=AT)

    assert race(*(approve(by) for by in leaders)) == ["done", "done"]
    assert AuditEvent.objects.about(session).filter(verb="approve").count() == 2


def test_of_two_approvals_of_a_plan_and_two_amendments_one_wins(emptied):
    where = build.committee()
    secretary, leaders = build.secretary_of(where), [build.leader_of(where), build.leader_of(where)]
    plan = plans.create(committee=where, year=2026, by=secretary, at=AT)
    rows = [{"quarter": quarter, "topic": "专题", "category": 1} for quarter in (1, 2, 3, 4)]
    plan = plans.save_items(plan, items=rows, version=plan.version, by=secretary, at=AT)
    plan = plans.submit(plan, version=plan.version, by=secretary, at=AT)

    def approve(by):
        return lambda: plans.approve(plan, meeting="会", met_on=build.DAY, version=plan.version, by=by, at=AT)

    assert race(*(approve(by) for by in leaders)) == ["done", "stale"]
    plan.refresh_from_db()

    def amend():
        plans.amend(plan, reason="新增", by=secretary, at=AT)

    assert race(amend, amend) == ["done", "refused"]
    assert StudyPlan.objects.count() == 2


def test_of_two_plans_made_at_once_for_a_year_one_stays(emptied):
    where = build.committee()
    user = build.secretary_of(where)

    def make():
        plans.create(committee=where, year=2026, by=user, at=AT)

    assert race(make, make) == ["done", "refused"]


def test_two_invitations_accepted_at_once_get_two_numbers(emptied):
    host, guest = build.committee(), build.committee()
    secretary, other = build.secretary_of(host), build.secretary_of(guest)
    sessions = [create(host, secretary)() for _ in range(2)]
    rows = [actions.invite(session, committee=guest, by=secretary, at=AT) for session in sessions]
    assert race(*(lambda row=row: actions.accept(row, by=other, at=AT) for row in rows)) == ["done", "done"]
    assert sorted(Participation.objects.filter(committee=guest).values_list("number", flat=True)) == [1, 2]
