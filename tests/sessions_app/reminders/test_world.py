"""What the finders stand on: near days, addresses and topics, without a database."""

from datetime import date, datetime, timedelta

from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roster.audit.actions import SHANGHAI
from sessions_app.policies.rules import WorkingDays, is_near
from sessions_app.reminders.world import World, page, short, short_day

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
days = st.integers(0, 60).map(lambda n: date(2026, 1, 20) + timedelta(days=n))


def world(day: date, calendar: WorkingDays | None = None) -> World:
    return World(day, calendar or WorkingDays({}, frozenset()), {}, {}, True)


@CALM
@given(days, days, st.sets(days, max_size=30), st.integers(0, 12))
def test_the_last_near_day_says_what_asking_each_day_says(
    day: date, due_on: date, turned: set[date], near_days: int
) -> None:
    calendar = WorkingDays({other: other.weekday() >= 5 for other in turned}, frozenset())
    wanted = is_near(due_on, day, calendar, near_days=near_days)
    assert (due_on <= world(day, calendar).near_until(near_days)) == wanted


def test_a_day_ends_at_midnight_in_shanghai() -> None:
    assert world(date(2026, 12, 31)).end == datetime(2027, 1, 1, tzinfo=SHANGHAI)


def test_addresses_of_many_are_those_of_one() -> None:
    for name in ("session", "minutes", "plan", "make_up", "speech", "filing", "correction", "prompt", "paper_annual"):
        assert page(name)(4711) == reverse(name, args=[4711])


def test_a_topic_fits_into_a_line() -> None:
    assert short("学" * 40) == "学" * 40 and short("学" * 41) == "学" * 39 + "…"
    assert short_day(date(2026, 3, 12)) == "3月12日"
