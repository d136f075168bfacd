"""When an assessment and 约谈 are due to whom: to the unit, to the department."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from roster.accounts.models import User
from roster.people.models import GroupRole
from sessions_app.assessment import interview_actions
from sessions_app.assessment import run_actions as actions
from sessions_app.reminders import due, due_assessment, recipients
from sessions_app.reminders.actions import send_due
from sessions_app.reminders.models import DueItem, Reminder
from sessions_app.reminders.rules import KINDS, LEADER, REVIEWER, SECRETARY, Kind
from sessions_app.reminders.world import Due
from tests import build
from tests.sessions_app.assessment import ranked, runs
from tests.sessions_app.assessment.runs import AT, Run

pytestmark = pytest.mark.django_db
D = date.fromisoformat
RUN_DAY = AT.date()
FINDERS = (
    due_assessment.self_score_due, due_assessment.verify_waiting, due_assessment.sheet_published,
    due_assessment.objection_waiting, due_assessment.interview_due,
)  # fmt: skip


def found(day: date, kind: str) -> list[Due]:
    world = due.load(day)
    return [one for finder in FINDERS for one in finder(world) if one.kind == kind]


def opens(row: Due, user: User, settings, day: date = RUN_DAY) -> bool:
    settings.CLOCK = build.at(day)
    client = Client()
    client.force_login(user)
    return client.get(row.url).status_code == 200


def test_a_unit_owes_its_own_score_as_the_term_comes_near(settings) -> None:
    run = runs.weighing()
    run.fresh()
    term = run.row.self_due_on
    assert term == D("2027-01-04")
    assert found(AT.date(), Kind.SELF_SCORE_DUE) == [], "ten working days are not near"
    near = found(D("2026-12-28"), Kind.SELF_SCORE_DUE)
    assert [one.committee_id for one in near] == [run.sheet(index).committee_id for index in (3, 0, 1, 2)] or len(
        near
    ) == 4
    mine = next(one for one in near if one.committee_id == run.units[0].pk)
    assert (mine.due_on, mine.what) == (term, "2026年度考核：提交自评")
    assert mine.subject == f"self-score:{run.sheet().pk}" and opens(mine, run.by_unit[0], settings)
    run.self_score(0, "30", "10", "52")
    assert run.units[0].pk not in {one.committee_id for one in found(D("2026-12-28"), Kind.SELF_SCORE_DUE)}
    late = found(D("2027-01-10"), Kind.SELF_SCORE_DUE)
    assert len(late) == 3 and KINDS[Kind.SELF_SCORE_DUE].escalates


def test_what_is_left_to_verify_is_one_thing_of_the_department(settings) -> None:
    run = runs.reviewed()
    run.fresh()
    assert found(D("2027-01-06"), Kind.VERIFY_WAITING) == [], "three working days after the units' term"
    (one,) = found(D("2027-01-07"), Kind.VERIFY_WAITING)
    assert (one.committee_id, one.what) == (run.city.pk, "2026年度考核：还有 4 家待复核")
    run.verify(0, "30", "10", "46.5")
    (one,) = found(D("2027-01-07"), Kind.VERIFY_WAITING)
    assert "还有 3 家" in one.what and opens(one, run.reviewer, settings)
    for index in (1, 2, 3):
        run.verify(index, "30", "10", "46.5")
    assert found(D("2027-01-07"), Kind.VERIFY_WAITING) == []


def test_a_result_is_told_to_the_unit_until_it_may_object_no_more(settings) -> None:
    run = runs.published()
    assert KINDS[Kind.SHEET_PUBLISHED].to == (SECRETARY, LEADER)
    assert len(found(AT.date(), Kind.SHEET_PUBLISHED)) == 4
    one = next(row for row in found(D("2026-12-28"), Kind.SHEET_PUBLISHED) if row.committee_id == run.units[0].pk)
    assert (one.due_on, one.what) == (D("2026-12-28"), "2026年度考核结果公示，有异议的在12月28日前申诉")
    assert opens(one, run.by_unit[0], settings)
    assert found(D("2026-12-20"), Kind.SHEET_PUBLISHED) == [] == found(D("2026-12-29"), Kind.SHEET_PUBLISHED)
    actions.object_to(run.sheet(), reason="不同意", by=run.by_unit[0], at=AT)
    assert len(found(AT.date(), Kind.SHEET_PUBLISHED)) == 3


def test_an_objection_waits_for_the_reviewers(settings) -> None:
    run = runs.published()
    row = actions.object_to(run.sheet(), reason="不同意", by=run.by_unit[0], at=AT)
    assert found(D("2026-12-20"), Kind.OBJECTION_WAITING) == []
    (one,) = found(AT.date(), Kind.OBJECTION_WAITING)
    assert (one.committee_id, one.due_on) == (run.city.pk, D("2026-12-24"))
    assert one.what == "第1单位对2026年度考核结果的申诉待复议" and opens(one, run.other, settings)
    world = due.load(AT.date())
    told = set(recipients.load(world).of(REVIEWER, one))
    assert told == {run.reviewer.person_id, run.other.person_id}
    actions.decide_objection(row, changes={}, decision="维持", by=run.other, at=AT + timedelta(days=1))
    assert found(D("2026-12-22"), Kind.OBJECTION_WAITING) == []
    assert len(found(AT.date(), Kind.OBJECTION_WAITING)) == 1, "the day before it was open"


def test_a_confirmed_interview_is_to_be_held(settings) -> None:
    world = ranked.make()
    ranked.entered(2024, ranked.straight(world.units))
    ranked.final(world.city, 2025, ranked.straight(world.units))
    (row,) = interview_actions.suggest(world.city, year=2025, by=world.reviewer, at=build.AT)
    assert found(D("2026-04-30"), Kind.INTERVIEW_DUE) == [], "a suggestion is the head's"
    interview_actions.confirm(row, by=world.head, at=build.AT)
    assert found(build.DAY, Kind.INTERVIEW_DUE) == [], "twenty working days are not near"
    (one,) = found(D("2026-04-17"), Kind.INTERVIEW_DUE)
    assert (one.committee_id, one.what) == (world.city.pk, "约谈第10单位（2025年度考核）")
    assert opens(one, world.reviewer, settings, D("2026-04-17"))
    interview_actions.hold(
        row, held_on=build.DAY, place="会议室", interviewer=world.head.person, recorder=None, record_text="谈",
        interviewee=row.committee.memberships.get(group_role=GroupRole.LEADER).person, by=world.reviewer, at=build.AT,
    )  # fmt: skip
    assert found(D("2026-04-17"), Kind.INTERVIEW_DUE) == []


def test_told_once_and_met_when_done() -> None:
    run = runs.published()
    send_due(at=AT, by=run.reviewer)
    items = DueItem.objects.filter(kind=Kind.SHEET_PUBLISHED)
    assert items.count() == 4
    mine = items.get(committee=run.units[0])
    assert set(Reminder.objects.filter(item=mine).values_list("person_id", flat=True)) == {run.by_unit[0].person_id}
    before = Reminder.objects.count()
    send_due(at=AT + timedelta(hours=1), by=run.reviewer)
    assert Reminder.objects.count() == before
    actions.object_to(run.sheet(), reason="不同意", by=run.by_unit[0], at=AT + timedelta(hours=2))
    send_due(at=AT + timedelta(days=1), by=run.reviewer)
    mine.refresh_from_db()
    assert mine.met_on is not None


def test_a_part_of_the_world_and_the_number_of_queries() -> None:
    def count(run: Run, day: date) -> tuple[int, int]:
        world = due.load(day)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            rows = [row for finder in FINDERS for row in finder(world)]
        return len(queries), len(rows)

    day = D("2026-12-28")
    few = runs.weighing(2)
    small = count(few, day)
    many = runs.weighing(9)
    large = count(many, day)
    assert small[0] == large[0] == len(FINDERS) and large[1] > small[1] >= 3
    world = due.load(day, type(few.city).objects.under(few.city))
    inside = [row for finder in FINDERS for row in finder(world)]
    assert {row.committee_id for row in inside} == {unit.pk for unit in few.units}
