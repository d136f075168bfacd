"""The ten days of a visit around 国庆 2025 and 2026, against tables written by hand."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from roster.audit.actions import SystemActor
from sessions_app.policies import actions, calendar
from sessions_app.policies.rules import KEYS, WorkingDays
from sessions_app.visits import deadlines
from sessions_app.visits.deadlines import Done
from tests import build
from tests.sessions_app.reminders import calendar_by_hand as by_hand

RULES = {key: KEYS[key].default for key in deadlines.RULES}

# 2025: 1 to 8 October off, Sunday 28 September and Saturday 11 October worked.
# 2026: 25 to 27 September and 1 to 7 October off, Sunday 20 September and Saturday 10 October worked.
# Rules: told 2 working days ahead, pack 5, window 14 days before to 30 after, feedback 5, review 3, receipt 3, reply 10,
# measures 5. What has not happened is reckoned as done on its last day.
TABLE: Mapping[str, Mapping[str, str]] = {
    # Tuesday 30 September 2025: 5 working days later is 14 October (9, 10, Saturday 11, 13, 14).
    "2025-09-30": {
        "window_opens": "2025-09-16", "pack": "2025-09-24", "notice": "2025-09-28", "pack_review": "2025-09-29",
        "window_closes": "2025-10-30", "feedback": "2025-10-14", "feedback_review": "2025-10-17", "receipt": "2025-10-22",
        "reply": "2025-10-31", "measures": "2025-10-24",
    },
    # Thursday 9 October 2025, the first day after: its pack is in before the holiday, on 25 September (26, 28, 29, 30, 9).
    "2025-10-09": {
        "window_opens": "2025-09-25", "pack": "2025-09-25", "notice": "2025-09-29", "pack_review": "2025-09-30",
        "window_closes": "2025-11-08", "feedback": "2025-10-15", "feedback_review": "2025-10-20", "receipt": "2025-10-23",
        "reply": "2025-11-03", "measures": "2025-10-27",
    },
    # Saturday 11 October 2025, worked.
    "2025-10-11": {
        "window_opens": "2025-09-27", "pack": "2025-09-28", "notice": "2025-10-09", "pack_review": "2025-10-10",
        "window_closes": "2025-11-10", "feedback": "2025-10-17", "feedback_review": "2025-10-22", "receipt": "2025-10-27",
        "reply": "2025-11-05", "measures": "2025-10-29",
    },
    # Sunday 20 September 2026, worked: before it the week of the 14th.
    "2026-09-20": {
        "window_opens": "2026-09-06", "pack": "2026-09-14", "notice": "2026-09-17", "pack_review": "2026-09-18",
        "window_closes": "2026-10-20", "feedback": "2026-09-28", "feedback_review": "2026-10-08", "receipt": "2026-10-12",
        "reply": "2026-10-21", "measures": "2026-10-14",
    },
    # Wednesday 30 September 2026, between 中秋 and 国庆.
    "2026-09-30": {
        "window_opens": "2026-09-16", "pack": "2026-09-22", "notice": "2026-09-28", "pack_review": "2026-09-29",
        "window_closes": "2026-10-30", "feedback": "2026-10-13", "feedback_review": "2026-10-16", "receipt": "2026-10-21",
        "reply": "2026-10-30", "measures": "2026-10-23",
    },
    # Thursday 8 October 2026, the first day after: told before the holiday.
    "2026-10-08": {
        "window_opens": "2026-09-24", "pack": "2026-09-23", "notice": "2026-09-29", "pack_review": "2026-09-30",
        "window_closes": "2026-11-07", "feedback": "2026-10-14", "feedback_review": "2026-10-19", "receipt": "2026-10-22",
        "reply": "2026-11-02", "measures": "2026-10-26",
    },
}  # fmt: skip


@pytest.fixture
def known(db: None) -> WorkingDays:
    actions.seed_working_days([2025, 2026], by=SystemActor("测试"), at=build.AT)
    return calendar.load(date(2025, 1, 1), date(2026, 12, 31))


def words(found: deadlines.Deadlines) -> dict[str, str]:
    return {name: getattr(found, name).isoformat() for name in deadlines.LABELS}


@pytest.mark.parametrize("session", TABLE)
def test_ten_days_around_the_national_day(known: WorkingDays, session: str) -> None:
    assert words(deadlines.of_visit(Done(date.fromisoformat(session)), RULES, known)) == TABLE[session]


@pytest.mark.parametrize("session", TABLE)
def test_the_table_agrees_with_the_calendar_by_hand(session: str) -> None:
    """The table itself, recounted by the days off and worked that stand in another hand-written table."""
    row = {name: date.fromisoformat(day) for name, day in TABLE[session].items()}
    day = date.fromisoformat(session)
    for name, count in (("pack", 5), ("notice", 2), ("pack_review", 1)):
        assert by_hand.works(row[name]) and by_hand.passed(row[name], day) == count, name
    for start, name, count in (
        (day, "feedback", 5), (row["feedback"], "feedback_review", 3), (row["feedback_review"], "receipt", 3),
        (row["feedback_review"], "reply", 10), (row["feedback_review"], "measures", 5),
    ):  # fmt: skip
        assert by_hand.plus(start, count) == row[name], name


def test_what_really_happened_moves_what_follows(known: WorkingDays) -> None:
    done = Done(
        date(2025, 9, 26), observed=date(2025, 9, 30), submitted=date(2025, 10, 9), issued=date(2025, 10, 10),
        confirmed=date(2025, 10, 11),
    )  # fmt: skip
    found = words(deadlines.of_visit(done, RULES, known))
    assert (found["notice"], found["pack"]) == ("2025-09-24", "2025-09-19")
    assert (found["feedback"], found["feedback_review"]) == ("2025-10-14", "2025-10-13")
    assert (found["receipt"], found["reply"]) == ("2025-10-14", "2025-10-23")
    assert found["measures"] == "2025-10-17"


def test_local_rules_move_them_too(known: WorkingDays) -> None:
    rules: dict[str, Any] = RULES | {"visit_notice_working_days": 0, "visit_feedback_working_days": 10}
    found = words(deadlines.of_visit(Done(date(2025, 9, 30)), rules, known))
    assert (found["notice"], found["feedback"]) == ("2025-09-30", "2025-10-21")
    # A session on a day off: whoever is to be told "0 days ahead" is told on the working day before.
    found = words(deadlines.of_visit(Done(date(2025, 10, 5)), rules, known))
    assert (found["notice"], found["pack_review"]) == ("2025-09-30", "2025-09-29")


def test_late_is_counted_in_working_days(known: WorkingDays) -> None:
    due = date(2025, 9, 30)
    late = [
        deadlines.late_by(due, day, known) for day in (date(2025, 9, 29), due, date(2025, 10, 8), date(2025, 10, 9))
    ]
    assert late == [0, 0, 0, 1]
    assert deadlines.late_by(due, date(2025, 10, 13), known) == 4
