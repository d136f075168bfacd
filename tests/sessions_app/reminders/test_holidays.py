"""Working days of two years against tables written by hand; the administrator's word moves the deadlines."""

from datetime import date, timedelta

import pytest

from roster.accounts.models import User
from roster.audit.actions import SystemActor
from sessions_app.policies import actions, calendar
from sessions_app.policies.rules import WorkingDays
from sessions_app.reminders import rules
from tests import build
from tests.sessions_app.reminders import calendar_by_hand as by_hand

MACHINE = SystemActor("测试")
FIRST, LAST = date(2025, 1, 1), date(2026, 12, 31)
EVERY_DAY = sorted(by_hand.days("2025-01-01", "2026-12-31"))


@pytest.fixture
def known(db: None) -> WorkingDays:
    assert actions.seed_working_days([2025, 2026], by=MACHINE, at=build.AT) == []
    return calendar.load(FIRST, LAST)


def test_the_tables_by_hand_agree_with_each_other() -> None:
    for start, pattern in by_hand.SPANS.items():
        first = date.fromisoformat(start)
        drawn = {first + timedelta(days=index): mark == "#" for index, mark in enumerate(pattern)}
        assert drawn == {day: by_hand.works(day) for day in drawn}, start
    for start, count, due in by_hand.DEADLINES:
        assert by_hand.plus(date.fromisoformat(start), count).isoformat() == due, (start, count)
        assert by_hand.passed(date.fromisoformat(start), date.fromisoformat(due)) == count
    assert not by_hand.OFF & by_hand.WORKED
    assert all(day.isoweekday() > 5 for day in by_hand.WORKED)


@pytest.mark.parametrize("start", by_hand.SPANS)
def test_spring_festival_and_national_day_with_ten_days_around(known: WorkingDays, start: str) -> None:
    first = date.fromisoformat(start)
    pattern = by_hand.SPANS[start]
    assert "".join(".#"[first + timedelta(days=index) in known] for index in range(len(pattern))) == pattern


def test_every_day_of_two_years(known: WorkingDays) -> None:
    assert [day.isoformat() for day in EVERY_DAY if (day in known) != by_hand.works(day)] == []
    assert known.warning() == ""


def test_deadlines_over_the_holidays(known: WorkingDays) -> None:
    found = [(start, count, known.add(date.fromisoformat(start), count)) for start, count, _ in by_hand.DEADLINES]
    assert found == [(start, count, date.fromisoformat(due)) for start, count, due in by_hand.DEADLINES]
    for start, count, due in by_hand.DEADLINES:
        assert known.between(date.fromisoformat(start), date.fromisoformat(due)) == count
        assert known.between(date.fromisoformat(due), date.fromisoformat(start)) == -count
        assert calendar.add_working_days(date.fromisoformat(start), count).isoformat() == due


def test_months_and_quarters_open_on_their_first_working_day(known: WorkingDays) -> None:
    for day in EVERY_DAY:
        month, quarter = rules.month_period(day, known), rules.quarter_period(day, known)
        name = f"{day.year}-Q{(day.month - 1) // 3 + 1}"
        assert (month.key, month.opens_on.isoformat()) == (f"{day:%Y-%m}", by_hand.MONTHS[f"{day:%Y-%m}"])
        assert (quarter.key, quarter.opens_on.isoformat()) == (name, by_hand.QUARTERS[name])


def test_weeks_open_on_their_first_working_day(known: WorkingDays) -> None:
    monday, keys = by_hand.MONDAYS_FIRST, []
    while monday <= by_hand.MONDAYS_LAST:
        week = rules.week_period(monday, known)
        assert week.opens_on.isoformat() == by_hand.WEEKS.get(week.key, monday.isoformat()), week.key
        assert {rules.week_period(monday + timedelta(days=step), known) for step in range(7)} == {week}
        keys.append(week.key)
        monday += timedelta(days=7)
    assert keys == [f"2025-W{n:02d}" for n in range(1, 53)] + [f"2026-W{n:02d}" for n in range(1, 54)]
    spring = rules.week_period(date(2026, 2, 18), known)
    assert spring.opens_on > date(2026, 2, 22), "a week that is all holiday opens after its Sunday: never"


def test_days_open_where_they_are_worked(known: WorkingDays) -> None:
    for day in EVERY_DAY[:-1]:
        period = rules.day_period(day, known)
        assert period.key == day.isoformat()
        assert (period.opens_on == day) == by_hand.works(day)


def test_the_administrators_word_wins_and_deadlines_move(known: WorkingDays) -> None:
    admin: User = build.account()

    def say(day: str, is_working: bool) -> None:
        actions.set_working_day(
            day=date.fromisoformat(day), is_working=is_working, note="本地安排", by=admin, at=build.AT
        )

    say("2026-02-14", False)  # the published exchange is not worked here
    say("2026-02-24", False)  # a day more of 春节
    say("2026-03-01", True)  # a Sunday worked instead
    say("2026-10-08", False)
    for _ in range(2):
        moved = calendar.load(FIRST, LAST)
        # 11, 12, 13 | 25, 26 instead of 11, 12, 13, 14 | 24
        assert moved.add(date(2026, 2, 10), 5) == date(2026, 2, 26)
        # 25, 26, 27, 28 February and 1 March stand before it
        assert moved.add(date(2026, 2, 13), 5) == date(2026, 3, 1)
        assert moved.add(date(2026, 2, 11), 15) == date(2026, 3, 11)
        assert moved.between(date(2026, 2, 13), date(2026, 3, 2)) == 6
        assert rules.month_period(date(2026, 3, 9), moved).opens_on == date(2026, 3, 1)
        assert rules.week_period(date(2026, 2, 23), moved).opens_on == date(2026, 2, 25)
        assert rules.month_period(date(2026, 10, 1), moved).opens_on == date(2026, 10, 9)
        assert rules.quarter_period(date(2026, 10, 31), moved).opens_on == date(2026, 10, 9)
        changed = [day.isoformat() for day in EVERY_DAY if (day in moved) != by_hand.works(day)]
        assert changed == ["2026-02-14", "2026-02-24", "2026-03-01", "2026-10-08"]
        actions.seed_working_days([2025, 2026], by=MACHINE, at=build.AT)  # the published calendar again: the hand stays
