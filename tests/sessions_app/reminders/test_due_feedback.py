"""When the feedback of a visit is due to whom: to its lead, to the reviewers, to the unit."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from roster.committees.models import Committee, CommitteeLevel
from sessions_app.reminders import due, recipients
from sessions_app.reminders.actions import send_due
from sessions_app.reminders.due_feedback import feedback_due, feedback_receipt, feedback_reply, feedback_waiting
from sessions_app.reminders.models import Reminder
from sessions_app.reminders.rules import PERSON, REVIEWER, Kind
from sessions_app.reminders.world import Due
from sessions_app.visits import feedback_actions as actions
from sessions_app.visits.models import VisitStage
from tests import build
from tests.sessions_app.visits import fed_back
from tests.sessions_app.visits.fed_back import GOOD, OBSERVED, World

pytestmark = pytest.mark.django_db
AT = build.AT  # Friday 20 March 2026
D = date.fromisoformat


@pytest.fixture
def world() -> World:
    return fed_back.make()


def found(day: date, kind: str) -> list[Due]:
    return [one for one in due.find(due.load(day)) if one.kind == kind]


def submit(world: World) -> None:
    actions.save(world.visit, **GOOD, version=0, by=world.lead, at=AT)
    actions.submit(world.visit, version=None, by=world.lead, at=AT)


def test_the_lead_owes_it_then_the_reviewers_hear_of_it(world: World) -> None:
    assert found(OBSERVED - timedelta(days=1), Kind.FEEDBACK_DUE) == []
    (one,) = found(OBSERVED, Kind.FEEDBACK_DUE)
    assert (one.due_on, one.person_id, one.to) == (D("2026-03-24"), world.lead.person_id, (PERSON,))
    assert one.committee_id == world.city.pk and one.what == "3月17日旁听市发改委党组：反馈意见"
    assert one.url == f"/visits/{world.visit.pk}/feedback/"
    (late,) = found(D("2026-03-25"), Kind.FEEDBACK_DUE)
    assert late.to == (PERSON, REVIEWER)
    roles = recipients.load(due.load(D("2026-03-25")))
    assert set(roles.of(REVIEWER, late)) == {world.reviewer.person_id, world.other_reviewer.person_id}


def test_told_to_the_lead_once_and_to_the_reviewers_when_it_is_late(world: World) -> None:
    def told(day: str) -> set[int]:
        before = set(Reminder.objects.values_list("pk", flat=True))
        send_due(at=build.at(D(day), 9), by=world.reviewer)
        rows = Reminder.objects.exclude(pk__in=before).filter(item__kind=Kind.FEEDBACK_DUE)
        return set(rows.values_list("person_id", flat=True))

    assert told("2026-03-18") == {world.lead.person_id}
    assert told("2026-03-19") == set()
    assert told("2026-03-25") == {world.reviewer.person_id, world.other_reviewer.person_id}


def test_handed_in_it_waits_for_the_department(world: World) -> None:
    submit(world)
    assert found(D("2026-03-20"), Kind.FEEDBACK_DUE) == []
    assert len(found(D("2026-03-19"), Kind.FEEDBACK_DUE)) == 1, "the day before it was still owed"
    assert found(D("2026-03-24"), Kind.FEEDBACK_WAITING) == []
    (one,) = found(D("2026-03-25"), Kind.FEEDBACK_WAITING)
    assert (one.due_on, one.committee_id) == (D("2026-03-25"), world.city.pk)
    actions.send_back(world.visit, note="改", version=None, by=world.reviewer, at=AT)
    assert found(D("2026-03-25"), Kind.FEEDBACK_WAITING) == []
    assert len(found(D("2026-03-25"), Kind.FEEDBACK_DUE)) == 1, "sent back it is owed again"


def test_the_unit_signs_for_it_and_answers(world: World) -> None:
    submit(world)
    actions.issue(world.visit, version=None, by=world.reviewer, at=AT)
    assert found(D("2026-03-19"), Kind.FEEDBACK_RECEIPT_DUE) == []
    (receipt,) = found(D("2026-03-20"), Kind.FEEDBACK_RECEIPT_DUE)
    assert (receipt.due_on, receipt.committee_id) == (D("2026-03-25"), world.unit.pk)
    assert receipt.subject == f"feedback-receipt:{world.visit.pk}"
    assert found(D("2026-03-26"), Kind.FEEDBACK_REPLY_DUE) == [], "ten working days are not near yet"
    (reply,) = found(D("2026-03-27"), Kind.FEEDBACK_REPLY_DUE)
    assert (reply.due_on, reply.what) == (D("2026-04-03"), "3月17日列席旁听：回复反馈意见")
    actions.acknowledge(world.visit, version=None, by=world.secretary, at=AT)
    assert found(D("2026-03-27"), Kind.FEEDBACK_RECEIPT_DUE) == []
    actions.reply(world.visit, text="照办", version=None, by=world.secretary, at=AT)
    assert found(D("2026-04-10"), Kind.FEEDBACK_REPLY_DUE) == []


def test_nothing_before_the_session_and_nothing_of_last_year(world: World) -> None:
    fed_back.make(world.city, stage=VisitStage.REVIEWED, name="甲单位")
    assert len(found(D("2026-03-20"), Kind.FEEDBACK_DUE)) == 1
    assert found(D("2027-06-01"), Kind.FEEDBACK_DUE) == []


def test_a_part_of_the_world_and_the_number_of_queries() -> None:
    city = build.committee("云州市委")
    county = build.committee("清河县委", parent=city, level=CommitteeLevel.COUNTY)
    worlds = [fed_back.make(county, name=f"县单位{n}") for n in range(2)]
    finders = (feedback_due, feedback_waiting, feedback_receipt, feedback_reply)

    def count(number: int) -> int:
        world = due.load(D("2026-04-20"))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            rows = [row for finder in finders for row in finder(world)]
        assert len(rows) >= number
        return len(queries)

    few = count(2)
    for n in range(8):
        one = fed_back.make(county, name=f"县单位{n + 2}")
        if n % 2:
            submit(one)
        if n % 4 == 1:
            actions.issue(one.visit, version=None, by=one.reviewer, at=AT)
    assert count(10) == few == 4
    part = due.load(D("2026-04-20"), Committee.objects.filter(pk=worlds[0].unit.pk))
    assert [row for finder in finders for row in finder(part)] == [], "what the department owes is not the unit's"
    below = due.load(D("2026-04-20"), Committee.objects.under(county))
    assert len([row for finder in finders for row in finder(below)]) >= 10
