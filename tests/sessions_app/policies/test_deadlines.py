"""The words and colours of a deadline: one rule for every page and message."""

from datetime import date, timedelta

import pytest
from django.template import Context, Template
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sessions_app.policies.rules import GROUPS, KEYS, TONE_WORDS, Tone, WorkingDays, deadline, is_near, left_words, tone

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
days = st.integers(0, 90).map(lambda n: date(2026, 1, 1) + timedelta(days=n))
calendars = st.sets(days, max_size=40).map(
    lambda turned: WorkingDays({day: day.weekday() >= 5 for day in turned}, frozenset())
)
WEEKS = WorkingDays({}, frozenset())
FRIDAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("due", "words", "colour"),
    [
        (date(2026, 11, 24), "还剩 2 个工作日", "behind"),
        (date(2026, 11, 25), "还剩 3 个工作日", "near"),
        (date(2026, 11, 27), "还剩 5 个工作日", "near"),
        (date(2026, 11, 30), "还剩 6 个工作日", "muted"),
        (date(2026, 11, 22), "期限前没有工作日了", "behind"),
        (FRIDAY, "今天到期", "behind"),
        (date(2026, 11, 18), "逾期 2 个工作日", "overdue"),
    ],
)
def test_what_a_friday_says(due: date, words: str, colour: str) -> None:
    rules = {"near_working_days": 5, "behind_working_days": 2}
    assert deadline(due, FRIDAY, WEEKS, rules) == (words, colour)


def test_a_sunday_after_a_saturday_is_late_without_a_working_day() -> None:
    assert left_words(date(2026, 11, 21), date(2026, 11, 22), WEEKS) == "已逾期"


@CALM
@given(days, days, calendars, st.integers(0, 20), st.integers(0, 20))
def test_words_and_colour_follow_the_count(
    due: date, today: date, calendar: WorkingDays, near_days: int, behind_days: int
) -> None:
    left = calendar.between(today, due)
    colour = tone(due, today, calendar, behind_days=behind_days)
    words = left_words(due, today, calendar)
    near = is_near(due, today, calendar, near_days=near_days)
    assert (colour == Tone.OVERDUE) == (due < today) == ("逾期" in words)
    assert (words == "今天到期") == (due == today)
    if due < today:
        assert near and words in (f"逾期 {-left} 个工作日", "已逾期") and (words == "已逾期") == (left == 0)
    elif due > today:
        assert words == (f"还剩 {left} 个工作日" if left else "期限前没有工作日了")
        assert near == (left <= near_days) and (colour == Tone.BEHIND) == (left <= behind_days)
    rules = {"near_working_days": near_days, "behind_working_days": behind_days}
    assert deadline(due, today, calendar, rules) == (words, colour.value if near else "muted")
    assert colour in TONE_WORDS


@CALM
@given(days, calendars, st.integers(0, 20), st.integers(0, 20))
def test_a_day_later_is_never_a_better_colour(
    due: date, calendar: WorkingDays, behind_days: int, before: int
) -> None:  # fmt: skip
    order = [Tone.NEAR, Tone.BEHIND, Tone.OVERDUE]
    seen = [
        order.index(tone(due, due + timedelta(days=step), calendar, behind_days=behind_days))
        for step in range(-before, 4)
    ]
    assert seen == sorted(seen)


def test_a_short_day_says_its_year_only_when_it_is_another() -> None:
    page = Template(
        "{% load zhixing %}{{ here|short_day:today }} {{ there|short_day:today }} {{ none|short_day:today }}"
    )
    context = Context({"here": date(2026, 12, 2), "there": date(2025, 12, 2), "none": None, "today": date(2026, 1, 1)})
    assert page.render(context) == "12月2日 2025年12月2日 待补"


def test_every_rule_stands_in_one_group_of_the_page() -> None:
    assert sorted(key for keys in GROUPS.values() for key in keys) == sorted(KEYS)
