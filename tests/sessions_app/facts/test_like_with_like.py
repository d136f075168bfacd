"""Rates against targets, and periods beside periods: exactly at the line, and the same days."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from roster.accounts.roles import Role
from roster.committees.models import Committee, CommitteeKind, CommitteeLevel
from roster.people.models import Person
from sessions_app.attendance import actions
from sessions_app.attendance.models import Attendance
from sessions_app.bulletins import blocks
from sessions_app.bulletins import page as bulletin_page
from sessions_app.dashboards import overview
from sessions_app.dashboards.exceptions import below_target, exception_listing, exceptions, situation
from sessions_app.facts import tables
from sessions_app.facts.figures import for_each, for_scope
from sessions_app.facts.periods import before, cut, same_days, span
from sessions_app.facts.scope import subtree
from sessions_app.papers import frozen_assessment
from sessions_app.policies import actions as policies
from sessions_app.policies.rules import is_below, read_value
from tests import build
from tests.sessions_app.attendance import studying
from tests.sessions_app.bulletins import compiling

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 30)


@pytest.fixture(autouse=True)
def today(settings: Any) -> None:
    settings.CLOCK = build.at(TODAY)


def held(where: Committee, day: date, people: list[Person], away: int) -> None:
    """One session of `where` with so many of its people absent."""
    row = studying.session(where, day, number=day.month)
    part = studying.part_of(row)
    gone = dict.fromkeys(people[:away], (Attendance.ABSENT, "外出"))
    user = build.secretary_of(where, on=day)
    actions.record_roll(part, marks=studying.marks(part, gone), version=part.version, by=user, at=build.at(day, 18))


def units(city: Committee, *absent_of_twenty: int) -> list[Committee]:
    found = []
    for number in absent_of_twenty:
        unit = build.committee(parent=city)
        people = [build.person() for _ in range(20)]
        for one in people:
            build.member(unit, one)
        held(unit, date(2026, 5, 8), people, number)
        found.append(unit)
    return found


@pytest.mark.parametrize(("target", "absent"), [("90%", 2), ("95", 1), ("0.85", 3), ("70%", 6), ("55%", 9)])
def test_a_unit_exactly_at_the_target_is_below_it_nowhere(target: str, absent: int) -> None:
    """Screen, list, briefing: one answer, and it is the same for one more who was away."""
    city = build.committee("中共云州市委员会", kind=CommitteeKind.PARTY_COMMITTEE)
    admin = build.granted(Role.ADMIN, city, on=TODAY)
    policies.set_parameter(
        key="attendance_target", committee=city, value=read_value("attendance_target", target), since=date(2026, 1, 1),
        source="办法", by=admin, at=build.AT,
    )  # fmt: skip
    at_it, under = units(city, absent, absent + 1)
    year, scope = span(2026), subtree(city.path)
    at = situation(scope, city, year, TODAY)
    each = for_each(Committee.objects.under(city), year)
    assert below_target(each, at.rules["attendance_target"]) == [under.pk]
    assert list(exception_listing("below_target", at).rows) == [under]
    assert [one.count for one in exceptions(at) if one.key == "below_target"] == [1]
    said = [one for one in frozen_assessment.briefing(city, 2026, today=TODAY)["behind"] if one["key"] == "low"]
    assert (
        [one["number"] for one in said] == [1] and under.name in said[0]["words"] and at_it.name not in said[0]["words"]
    )
    client = Client()
    client.force_login(build.granted(Role.REVIEWER, city, on=TODAY))
    assert (
        f"1 家出席率低于 {Decimal(100) - 5 * absent:.1f}%"
        in client.get(reverse("dashboard"), {"year": 2026}).content.decode()
    )
    for unit, note in ((at_it, "达到目标"), (under, "低于目标")):
        page = client.get(reverse("dashboard"), {"year": 2026, "committee": unit.pk, "only": 1}).content.decode()
        assert note in page


def test_a_float_is_no_target() -> None:
    """Nine tenths as a float is a little more than nine tenths: it never gets as far as a comparison."""
    with pytest.raises(TypeError):
        is_below(Decimal("0.9000"), 0.9)  # type: ignore[arg-type]
    assert not is_below(Decimal("0.9000"), Decimal("0.9")) and is_below(Decimal("0.8999"), Decimal("0.9"))
    assert not is_below(None, Decimal("0.9"))


@pytest.mark.parametrize(
    ("now", "today", "last"),
    [
        (span(2026), date(2026, 11, 30), date(2025, 11, 30)),
        (span(2026), date(2026, 12, 31), date(2025, 12, 31)),
        (span(2026), date(2027, 3, 1), date(2025, 12, 31)),
        (span(2026), date(2025, 6, 1), date(2025, 12, 31)),
        (span(2028), date(2028, 2, 29), date(2027, 2, 28)),
        (span(2026, 4), date(2026, 11, 30), date(2026, 8, 30)),
        (span(2026, 1), date(2026, 3, 30), date(2025, 12, 30)),
        (span(2026, month=3), date(2026, 3, 30), date(2026, 2, 28)),
        (span(2026, month=5), date(2026, 5, 7), date(2026, 4, 7)),
    ],
)  # fmt: skip
def test_the_same_days_of_the_period_before(now, today: date, last: date) -> None:
    past = same_days(before(now), now, today)
    assert (past.first, past.last) == (before(now).first, last)
    assert past.is_cut == (past.last < before(now).last)
    assert ("至" in past.label) == past.is_cut == ("cut" in past.query())


def two_years(city: Committee) -> None:
    """A session in November and one in December of last year, one in November of this."""
    for day in (date(2025, 11, 5), date(2025, 12, 5), date(2026, 11, 5)):
        held(city, day, [], 0)


def test_a_running_year_stands_beside_the_same_days_on_every_page_and_paper() -> None:
    city = build.committee("中共云州市委员会", kind=CommitteeKind.PARTY_COMMITTEE)
    build.member(city)
    two_years(city)
    running, scope = span(2026), subtree(city.path)
    trend = tables.years(scope, running, today=TODAY)
    assert [(row.period.label, row.sessions) for row in trend[1:]] == [("2025年（至11月30日）", 1), ("2026年", 1)]
    assert [row.sessions for row in tables.years(scope, running, today=date(2027, 1, 5))][1:] == [2, 1]
    paper = frozen_assessment.briefing(city, 2026, today=TODAY)
    assert paper["before"] == "2025年（至11月30日）"
    assert [(row["now"], row["then"]) for row in paper["rows"] if row["key"] == "committee_sessions"] == [(1, 1)]
    client = Client()
    client.force_login(build.granted(Role.REVIEWER, city, on=TODAY))
    with_clock = client.get(reverse("dashboard"), {"year": 2026}).content.decode()
    assert "上期（至" in with_clock and "本期未满，往年也只算到" in with_clock


def test_the_link_of_a_compared_number_opens_the_days_it_counts() -> None:
    """What is cut off to be compared is cut off in the list behind it too."""
    city = build.committee("中共云州市委员会", kind=CommitteeKind.PARTY_COMMITTEE)
    build.member(city)
    two_years(city)
    past = cut(span(2025), date(2025, 11, 30))
    assert for_scope(city.path, past).sessions == 1
    client = Client()
    client.force_login(build.granted(Role.REVIEWER, city, on=TODAY))
    url = overview.address("sessions", past, committee=city.pk)
    assert "cut=2025-11-30" in url
    page = client.get(url).content.decode()
    assert "2025年11月5日" in page or "11月5日" in page
    assert "12月5日" not in page
    for nonsense in ("2024-01-01", "昨天", "2025-13-40", ""):
        assert client.get(reverse("drill"), {"key": "sessions", "year": 2025, "cut": nonsense}).status_code == 200


def test_a_bulletin_frozen_early_says_so_and_keeps_its_day() -> None:
    here = compiling.place(on=TODAY)
    build.member(here.city)
    two_years(here.city)
    row = compiling.draft(here, quarter=4, at=build.at(TODAY))
    warned = [step["sentence"] for step in bulletin_page.steps(row, here.compiler) if step["do"] == "freeze"]
    assert "12月31日才结束" in warned[0] and "11月30日" in warned[0]
    row = compiling.actions.freeze(row, version=row.version, by=here.compiler, at=build.at(TODAY))
    assert row.facts["previous"]["label"].endswith("（至8月30日）")
    table = blocks.block("与上期比较表", row.facts)
    assert "本期未满" in table["note"] and "8月30日" in table["note"]


def test_a_bulletin_frozen_when_its_period_is_over_compares_the_whole() -> None:
    day = date(2027, 1, 8)
    here = compiling.place(on=day)
    row = compiling.draft(here, quarter=4, at=build.at(day))
    assert not [step for step in bulletin_page.steps(row, here.compiler) if "才结束" in step["sentence"]]
    row = compiling.actions.freeze(row, version=row.version, by=here.compiler, at=build.at(day))
    assert (
        row.facts["previous"]["label"].endswith("第三季度")
        and "本期未满" not in blocks.block("与上期比较表", row.facts)["note"]
    )


def test_places_are_given_within_a_level_and_one_long_class_costs_nobody_his() -> None:
    """A city unit with a class of three days (99.9 %) stands before one that met once; a township is not its rival."""
    city = build.committee("中共云州市委员会", kind=CommitteeKind.PARTY_COMMITTEE)
    long, once = build.committee(parent=city), build.committee(parent=city)
    county = build.committee(parent=city, level=CommitteeLevel.COUNTY)
    towns = [build.committee(parent=county, level=CommitteeLevel.TOWNSHIP) for _ in range(2)]
    people = [build.person() for _ in range(20)]
    for one in people:
        build.member(long, one)
    held(long, date(2026, 5, 8), people, 1)
    held(long, date(2026, 6, 8), people, 0)
    for where in (once, county, *towns):
        build.member(where)
        held(where, date(2026, 5, 8), [], 0)
    rows = {
        row.committee_id: row for row in tables.ranking(Committee.objects.under(city).exclude(pk=city.pk), span(2026))
    }
    assert rows[long.pk].figures.participation_rate < rows[once.pk].figures.participation_rate
    assert (rows[long.pk].place, rows[once.pk].place) == (1, 2)
    assert [rows[one.pk].place for one in (county, *towns)] == [1, 1, 1]
    client = Client()
    client.force_login(build.granted(Role.REVIEWER, city, on=TODAY))
    assert tables.RANKED_BY in client.get(reverse("dashboard_committees"), {"year": 2026}).content.decode()
