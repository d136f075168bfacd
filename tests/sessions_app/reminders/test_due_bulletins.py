"""A bulletin waits for its checker, then for the receipts of those below."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sessions_app.bulletins import actions
from sessions_app.papers import typeset
from sessions_app.reminders import due, recipients
from sessions_app.reminders.due_bulletins import bulletin_unreceipted, bulletin_waiting
from sessions_app.reminders.rules import REVIEWER, Kind
from sessions_app.reminders.world import Due
from tests import build
from tests.sessions_app.bulletins import compiling
from tests.sessions_app.bulletins.compiling import AT

pytestmark = pytest.mark.django_db
D = date.fromisoformat


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(typeset, "single", lambda kind, facts, **_: typeset.Finished(b"%PDF", 1, ()))


@pytest.fixture
def here():
    return compiling.place()


def found(day: str, kind: str) -> list[Due]:
    return [one for one in due.find(due.load(D(day))) if one.kind == kind]


def test_handed_in_it_waits_for_another_reviewer(here):
    row = compiling.submitted(here)  # Wednesday 8 April 2026
    assert found("2026-04-07", Kind.BULLETIN_WAITING) == []
    (one,) = found("2026-04-08", Kind.BULLETIN_WAITING)
    assert (one.committee_id, one.due_on, one.url) == (here.city.pk, D("2026-04-13"), f"/bulletins/{row.pk}/")
    roles = recipients.load(due.load(D("2026-04-08")))
    assert here.checker.person_id in set(roles.of(REVIEWER, one))
    actions.check(row, version=None, by=here.checker, at=build.at(D("2026-04-10")))
    assert found("2026-04-10", Kind.BULLETIN_WAITING) == []
    assert len(found("2026-04-09", Kind.BULLETIN_WAITING)) == 1, "the day before it still waited"


def test_sent_back_it_waits_no_more(here):
    row = compiling.submitted(here)
    actions.send_back(row, reason="再改", version=None, by=here.checker, at=AT)
    assert found("2026-04-08", Kind.BULLETIN_WAITING) == []


def test_issued_each_committee_below_owes_a_receipt(here):
    late = build.committee("新设单位党组", parent=here.city, since=D("2026-04-10"))
    build.committee("外单位")
    row = compiling.issued(here)
    assert found("2026-04-07", Kind.BULLETIN_UNRECEIPTED) == []
    rows = {one.committee_id: one for one in found("2026-04-14", Kind.BULLETIN_UNRECEIPTED)}
    assert set(rows) == {here.unit.pk, late.pk}
    assert rows[here.unit.pk].due_on == D("2026-04-15") and rows[late.pk].due_on == D("2026-04-17")
    assert len({one.subject for one in rows.values()}) == 2
    actions.receive(row, committee=here.unit, by=here.secretary, at=build.at(D("2026-04-14")))
    assert {one.committee_id for one in found("2026-04-14", Kind.BULLETIN_UNRECEIPTED)} == {late.pk}
    assert len(found("2026-04-13", Kind.BULLETIN_UNRECEIPTED)) == 2, "the day before it had not received it"


def test_two_questions_for_few_and_many(here):
    compiling.issued(here)

    def asked() -> int:
        world = due.load(D("2026-04-14"))
        with CaptureQueriesContext(connection) as seen:
            rows = [*bulletin_unreceipted(world), *bulletin_waiting(world)]
        assert rows
        return len(seen)

    few = asked()
    for _ in range(20):
        build.committee(parent=here.city)
    compiling.issued(here)
    compiling.submitted(here)
    assert asked() == few == 3
