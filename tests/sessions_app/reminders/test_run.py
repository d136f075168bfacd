"""One run after another: rows of what is due, who hears, once a period, at once or in the digest, two at the same time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from roster.accounts.models import Grant
from roster.accounts.roles import Role
from roster.audit.models import AuditEvent
from roster.committees.models import Committee, CommitteeLevel
from roster.people.models import GroupRole
from sessions_app.notices.models import Notice
from sessions_app.policies.models import PolicyParameter
from sessions_app.reminders import actions, consequences, due
from sessions_app.reminders.models import DueItem, Reminder, Round
from sessions_app.reminders.recipients import escalation
from sessions_app.reminders.rules import LEADER, REVIEWER, Kind
from tests import build
from tests.sessions_app.jobs.conftest import _refusing_again, committed  # noqa: F401 (fixtures)
from tests.sessions_app.reminders.told import BY, owed, periods, run, told

# A Tuesday in the middle of a month; the rounds before it are over.
DAY = date(2026, 3, 17)
SOON, LATE = DAY + timedelta(days=10), DAY - timedelta(days=1)


@pytest.fixture
def here(db: None) -> Committee:
    """A committee whose rounds of the month and quarter were gone through before anybody sat in it."""
    row = build.committee("云州市发改委党组")
    run(date(2026, 3, 2))
    run(DAY)
    return row


def rule(where: Committee, key: str, value: Any) -> None:
    PolicyParameter.objects.create(key=key, committee=where, value=value, since=build.SINCE, source="测试")


# ------------------------------------------------------------------------------------------------------- rows


def test_a_thing_is_a_row_while_it_is_due_and_a_new_row_when_it_returns(here: Committee) -> None:
    thing = owed(here, on=SOON)
    run(DAY, [thing])
    row = DueItem.objects.get()
    assert (row.found_on, row.met_on, row.due_on, row.committee) == (DAY, None, SOON, here)
    run(DAY + timedelta(days=1), [thing])
    assert DueItem.objects.get().found_on == DAY
    run(DAY + timedelta(days=2), [])
    assert DueItem.objects.get().met_on == DAY + timedelta(days=2)
    run(DAY + timedelta(days=3), [thing])
    assert list(DueItem.objects.order_by("pk").values_list("found_on", "met_on")) == [
        (DAY, DAY + timedelta(days=2)), (DAY + timedelta(days=3), None),
    ]  # fmt: skip


def test_what_changes_about_a_thing_changes_in_its_row(here: Committee) -> None:
    run(DAY, [owed(here, on=SOON, subject="a"), owed(here, on=SOON, subject="b")])
    who = build.person()
    run(DAY, [owed(here, on=LATE, subject="a", what="改了" * 120, person=who), owed(here, on=SOON, subject="b")])
    row = DueItem.objects.get(subject="a")
    assert (row.due_on, row.what, row.person, row.met_on) == (LATE, "改了" * 100, who, None)
    assert DueItem.objects.get(subject="b").due_on == SOON


def test_a_thing_found_twice_in_one_run_is_one_row(here: Committee) -> None:
    assert run(DAY, [owed(here, on=SOON), owed(here, on=SOON)]).found == 1
    assert DueItem.objects.count() == 1


def test_a_run_as_of_an_earlier_day_closes_nothing_before_it_was_found(here: Committee) -> None:
    run(DAY, [owed(here, on=SOON)])
    run(DAY - timedelta(days=5), [])
    assert DueItem.objects.get().met_on == DAY


def test_a_run_says_what_it_did(here: Committee) -> None:
    build.secretary(here)
    answer = run(DAY, [owed(here, on=SOON), owed(here, Kind.SESSION_TOO_FEW, on=SOON, tell="first")])
    assert (answer.found, answer.sent, answer.skipped) == (2, 1, 1)
    assert answer.by_kind == {"PLAN_DUE": 1, "SESSION_TOO_FEW": 1} and answer.by_rhythm == {"URGENT": 1}
    assert answer.notices == list(Notice.objects.values_list("pk", flat=True))


def test_the_rooms_above_hear_of_the_end_of_a_run(here: Committee, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Any] = []
    monkeypatch.setattr(consequences, "after_run", [heard.append])
    run(DAY)
    assert heard == [build.at(DAY, 9)]


# ----------------------------------------------------------------------------------------------------- at once


def test_an_urgent_thing_is_told_at_once_and_once(here: Committee) -> None:
    secretary = build.secretary(here).person
    thing = owed(here, Kind.SESSION_TOO_FEW, on=SOON, tell="first", what="第一季度集体学习 0 次，应不少于 1 次")
    run(DAY, [thing])
    run(DAY, [thing], hour=10)
    run(DAY + timedelta(days=1), [thing])
    [notice] = told(secretary)
    assert notice.title == "即时提醒：第一季度集体学习 0 次，应不少于 1 次"
    assert (notice.lines[0]["kind"], notice.lines[0]["tone"], notice.lines[0]["left"]) == (
        "季度学习不足", "near", "还剩 8 个工作日",
    )  # fmt: skip
    assert notice.lines[0]["item"] == DueItem.objects.get().pk
    assert periods(secretary) == ["now:first"]


def test_an_urgent_thing_is_told_again_when_it_says_something_new(here: Committee) -> None:
    secretary = build.secretary(here).person
    for tell in ("first", "first", "second", "over"):
        run(DAY, [owed(here, Kind.SESSION_TOO_FEW, on=SOON, tell=tell)])
    assert periods(secretary) == ["now:first", "now:second", "now:over"]
    # Without a word of its own, the deadline is what is told.
    leader = build.member(here, role=GroupRole.LEADER).person
    for on in (SOON, SOON, SOON + timedelta(days=7)):
        run(DAY, [owed(here, Kind.LEAVE_WAITING, on=on)])
    assert periods(leader) == [f"now:{SOON}", f"now:{SOON + timedelta(days=7)}"]


def test_one_that_was_met_and_returns_is_told_again(here: Committee) -> None:
    secretary = build.secretary(here).person
    thing = owed(here, Kind.SESSION_TOO_FEW, on=SOON, tell="first")
    for found in ([thing], [], [thing], [thing]):
        run(DAY, found)
    assert len(told(secretary)) == 2


def test_several_urgent_things_of_a_run_are_one_notice(here: Committee) -> None:
    secretary = build.secretary(here).person
    run(DAY, [owed(here, Kind.SESSION_TOO_FEW, on=SOON, tell="first"), owed(here, Kind.PROMPT_UNRECEIPTED, on=LATE)])
    [notice] = told(secretary)
    assert notice.title == "即时提醒：2 项待办，其中 1 项已逾期"
    assert [line["due"] for line in notice.lines] == [LATE.isoformat(), SOON.isoformat()]


def test_what_can_wait_waits_for_the_digest(here: Committee) -> None:
    secretary = build.secretary(here).person
    run(DAY, [owed(here, on=SOON)])
    assert not told(secretary)
    run(date(2026, 4, 1), [owed(here, on=SOON)])
    assert [notice.title for notice in told(secretary, "MONTHLY")] == ["月提醒：1 项待办，已逾期"]


# ---------------------------------------------------------------------------------------------------- who hears


def test_where_nobody_keeps_or_leads_another_stands_in(here: Committee) -> None:
    deputy = build.member(here, role=GroupRole.DEPUTY).person
    thing = owed(here, Kind.SESSION_TOO_FEW, on=SOON, tell="first")
    run(DAY, [thing])
    assert told(deputy), "without secretary and leader, the deputy"
    leader = build.member(here, role=GroupRole.LEADER).person
    secretary = build.secretary(here, until=DAY).person
    run(DAY, [thing, owed(here, Kind.LEAVE_WAITING, on=SOON)])
    assert len(told(deputy)) == 1 and len(told(leader)) == len(told(secretary)) == 1
    run(DAY + timedelta(days=1), [thing])
    assert Reminder.objects.filter(person=leader, item__kind="SESSION_TOO_FEW").exists(), "the secretary has left"


def test_a_make_up_is_told_to_the_member_and_to_the_secretary(here: Committee) -> None:
    member, secretary = build.member(here).person, build.secretary(here).person
    run(date(2026, 4, 1), [owed(here, Kind.MAKEUP_DUE, on=LATE, person=member)])
    assert Reminder.objects.get(person=member).audience == "PERSON"
    assert Reminder.objects.get(person=secretary).audience == "SECRETARY"
    assert told(member, "MONTHLY")[0].lines[0]["committee"] == "云州市发改委党组"
    assert told(secretary, "MONTHLY")[0].lines[0]["committee"] == ""


def test_only_the_nearest_reviewer_hears(db: None) -> None:
    city = build.committee()
    county = build.committee(parent=city, level=CommitteeLevel.COUNTY)
    town = build.committee(parent=county, level=CommitteeLevel.TOWNSHIP)
    run(DAY)
    above, near = build.granted(Role.REVIEWER, city), build.granted(Role.REVIEWER, county)
    run(DAY, [owed(town, Kind.APPROVAL_WAITING, on=LATE, to=(REVIEWER,))])
    assert told(near.person) and not told(above.person)
    assert told(near.person)[0].lines[0]["committee"], "a reviewer is always told whose it is"
    near.is_active = False
    near.save()
    run(DAY, [owed(town, Kind.APPROVAL_WAITING, on=LATE, to=(REVIEWER,), tell="2")])
    assert told(above.person) and len(told(near.person)) == 1


def test_the_three_administrators_are_told_no_content(here: Committee) -> None:
    secretary = build.secretary(here).person
    auditor = build.granted(Role.AUDITOR, here, secretary)
    thing = owed(here, Kind.SESSION_TOO_FEW, on=SOON, tell="first")
    run(DAY, [thing])
    assert not told(secretary)
    Grant.objects.filter(user=auditor).delete()
    run(DAY, [thing])
    assert told(secretary)


def test_nobody_needs_an_account_or_an_address_to_be_told(here: Committee) -> None:
    secretary = build.secretary(here).person
    assert not hasattr(secretary, "user") and not secretary.email
    run(DAY, [owed(here, Kind.SESSION_TOO_FEW, on=SOON, tell="first")])
    [notice] = told(secretary)
    assert not notice.deliveries.exists()


def test_who_keeps_two_committees_gets_one_notice_and_reads_whose_each_line_is(here: Committee) -> None:
    secretary = build.secretary(here).person
    other = build.committee("云州市财政局党组", parent=here)
    build.secretary(other, secretary)
    run(DAY, [owed(place, Kind.SESSION_TOO_FEW, on=SOON, tell="first") for place in (here, other)])
    [notice] = told(secretary)
    assert {line["committee"] for line in notice.lines} == {"云州市发改委党组", "云州市财政局党组"}
    run(DAY, [owed(here, Kind.PROMPT_UNRECEIPTED, on=SOON)])
    assert told(secretary)[1].lines[0]["committee"] == "云州市发改委党组"


# --------------------------------------------------------------------------------------------------- escalation


@pytest.mark.parametrize(
    ("passed", "who"), [(0, []), (4, []), (5, ["LEADER"]), (9, ["LEADER"]), (10, ["LEADER", "REVIEWER"])]
)
def test_who_else_hears_follows_from_the_local_rules(passed: int, who: list[str]) -> None:
    rules = {"escalate_leader_working_days": 5, "escalate_reviewer_working_days": 10}
    assert escalation(passed, rules) == who
    assert escalation(passed, {**rules, "escalate_leader_working_days": 0}) == [one for one in who if one != LEADER]
    assert escalation(passed, dict.fromkeys(rules, 0)) == []


def test_a_thing_overdue_for_long_is_told_to_the_leader_and_then_to_the_department(here: Committee) -> None:
    secretary, leader = build.secretary(here).person, build.member(here, role=GroupRole.LEADER).person
    reviewer = build.granted(Role.REVIEWER, here).person
    thing = owed(here, Kind.MINUTES_DUE, on=DAY)
    calendar = due.load(DAY).calendar
    for passed in range(1, 12):
        run(calendar.add(DAY, passed), [thing])
    assert periods(leader)[0] == "leader" and periods(leader).count("leader") == 1
    assert periods(reviewer)[0] == "reviewer" and periods(reviewer).count("reviewer") == 1
    [late] = told(leader, "URGENT")
    assert late.created_at == build.at(calendar.add(DAY, 5), 9)
    assert late.title == "即时提醒：云州市发改委党组有 1 项逾期未办"
    assert told(reviewer, "URGENT")[0].created_at == build.at(calendar.add(DAY, 10), 9)
    assert not told(secretary, "URGENT")


def test_a_rule_of_nothing_tells_nobody_else(here: Committee) -> None:
    leader = build.member(here, role=GroupRole.LEADER).person
    build.secretary(here)
    rule(here, "escalate_leader_working_days", 0)
    rule(here, "escalate_reviewer_working_days", 0)
    run(DAY + timedelta(days=60), [owed(here, Kind.MINUTES_DUE, on=DAY)])
    assert "leader" not in periods(leader)


def test_what_a_kind_does_not_escalate_stays_with_its_own(here: Committee) -> None:
    leader = build.member(here, role=GroupRole.LEADER).person
    build.secretary(here)
    run(DAY + timedelta(days=60), [owed(here, Kind.MAKEUP_DUE, on=DAY)])
    assert not periods(leader)


# ------------------------------------------------------------------------------------------------- two at once


@contextmanager
def two_runs(found: list[due.Due], day: date) -> Iterator[list[actions.Told]]:
    """Two threads, each with a connection of its own, in the run at the same moment; the answers of both."""
    answers: list[actions.Told] = []
    gate = threading.Barrier(2)

    def go() -> None:
        try:
            gate.wait(10)
            answers.append(actions.send_due(at=build.at(day, 9), by=BY))
        finally:
            connection.close()

    threads = [threading.Thread(target=go) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    yield answers


@pytest.fixture
def slowly(monkeypatch: pytest.MonkeyPatch) -> list[due.Due]:
    """Finding takes a while, so that two runs meet in it."""
    found: list[due.Due] = []

    def find(world: due.World) -> list[due.Due]:
        time.sleep(0.5)
        return found

    monkeypatch.setattr(due, "find", find)
    return found


def test_two_runs_at_once_tell_once(committed: None, slowly: list[due.Due]) -> None:  # noqa: F811
    here = build.committee()
    secretary = build.secretary(here).person
    slowly.append(owed(here, Kind.SESSION_TOO_FEW, on=SOON, tell="first"))
    with two_runs(slowly, DAY) as answers:
        assert sorted(answer.busy for answer in answers) == [False, True]
    assert actions.send_due(at=build.at(DAY, 10), by=BY).sent == 0
    assert sorted(notice.rhythm for notice in told(secretary)) == ["MONTHLY", "QUARTERLY"]
    assert sorted(periods(secretary)) == ["MONTHLY:2026-03", "now:first"]


def test_without_the_lock_the_second_would_fail(
    committed: None,  # noqa: F811
    slowly: list[due.Due],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Negative control: both find the same thing new, and only the constraint keeps it from being there twice."""
    here = build.committee()
    build.secretary(here)
    slowly.append(owed(here, Kind.SESSION_TOO_FEW, on=SOON, tell="first"))
    monkeypatch.setattr(actions, "_alone", lambda: True)
    monkeypatch.setattr(threading, "excepthook", lambda caught: None)
    with two_runs(slowly, DAY) as answers:
        assert len(answers) == 1 and not answers[0].busy
    assert DueItem.objects.count() == 1


# ------------------------------------------------------------------------------------------------------ bounds


def _committees(count: int) -> list[due.Due]:
    root = build.committee()
    build.granted(Role.REVIEWER, root)
    found = []
    for _ in range(count):
        place = build.committee(parent=root)
        build.secretary(place)
        build.member(place, role=GroupRole.LEADER)
        found += [owed(place, on=DAY - timedelta(days=90)), owed(place, Kind.SESSION_TOO_FEW, on=SOON, tell="first")]
    return found


def test_the_number_of_queries_does_not_grow(db: None) -> None:
    counts = []
    run(DAY, [owed(build.committee(), on=SOON)])
    for size in (3, 30):
        found = _committees(size)
        run(DAY, found[:1])
        Round.objects.all().delete()
        day = date(2026, 4, 1) if size == 3 else date(2026, 7, 1)
        with CaptureQueriesContext(connection) as queries:
            answer = run(day, found)
        assert set(answer.by_rhythm) == {"MONTHLY", "QUARTERLY"} and answer.sent >= 4 * size
        with CaptureQueriesContext(connection) as again:
            assert run(day, found).sent == 0
        counts.append((len(queries), len(again)))
    assert counts[0] == counts[1]


def test_each_round_is_in_the_record(here: Committee) -> None:
    events = AuditEvent.objects.filter(subject_type="round", verb="remind")
    assert events.count() == Round.objects.count() > 0
