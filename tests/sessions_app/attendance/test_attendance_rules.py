"""What a roll adds up to, for any roll."""

from datetime import date, datetime, time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.attendance import rules

MARKS = st.lists(st.tuples(st.sampled_from([*rules.STATUSES, None]), st.booleans()), max_size=60)


@given(MARKS)
def test_the_four_add_up_and_rates_stay_in_bounds(marks):
    found = rules.count(marks)
    assert found.present + found.on_leave + found.absent + found.unmarked == found.expected == len(marks)
    assert found.video <= found.present and found.made_up <= found.on_leave + found.absent
    if not any(status for status, _ in marks):  # nobody expected, or nobody marked: unknown is not 0
        assert found.presence_rate is None and found.participation_rate is None
        return
    assert Decimal(0) <= found.presence_rate <= found.participation_rate <= Decimal(1)
    assert found.presence_rate == round(found.presence_rate, 4)


@given(MARKS, MARKS)
def test_counting_together_is_counting_apart(one, two):
    a, b, both = rules.count(one), rules.count(two), rules.count(one + two)
    assert (a.expected + b.expected, a.present + b.present, a.made_up + b.made_up) == (
        both.expected,
        both.present,
        both.made_up,
    )


@given(st.integers(1, 200), st.data())
def test_a_rate_is_the_share_to_four_places(expected, data):
    present = data.draw(st.integers(0, expected))
    assert abs(float(rules.presence_rate(present, expected)) - present / expected) <= 0.00005001


@pytest.mark.parametrize(
    ("present", "expected", "rate"), [(7, 9, "0.7778"), (8, 9, "0.8889"), (1, 20000, "0.0001"), (0, 5, "0")]
)
def test_halves_go_up(present, expected, rate):
    assert rules.presence_rate(present, expected) == Decimal(rate)


@given(st.lists(st.integers(0, 3), max_size=8))
def test_a_make_up_follows_the_roll(history):
    """Whatever the roll says in turn: nothing missed means none open, something missed means one."""
    stage, missed = None, 0
    for away in history:
        stage = rules.make_up_next(stage, missed, away)
        missed = away or missed
        assert (stage in (None, "VOID")) == (away == 0)


@pytest.mark.parametrize(
    ("at", "starts", "took_place", "started"),
    [
        ("2026-03-20 08:59", time(9), False, False),
        ("2026-03-20 09:00", time(9), False, True),
        ("2026-03-20 23:00", None, False, False),
        ("2026-03-21 00:01", None, False, True),
        ("2026-03-20 08:00", time(9), True, True),
    ],
)
def test_when_a_session_has_started(at, starts, took_place, started):
    now = datetime.fromisoformat(at)
    assert rules.has_started(date(2026, 3, 20), starts, took_place=took_place, now=now) is started
