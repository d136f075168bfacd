"""Every key against an independent oracle; one query count for few and many; keys and order of the specification."""

import re
from dataclasses import fields
from datetime import date
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from roster.committees.models import Committee
from sessions_app.facts.figures import KEYS, LABELS, Figures, by_month, for_committee, for_each, for_scope
from sessions_app.facts.periods import before, span
from tests.sessions_app.facts.oracle import Oracle
from tests.sessions_app.facts.world import World

pytestmark = pytest.mark.django_db
SPANS = [span(2026), span(2025), span(2026, 1), span(2026, 3), span(2026, month=5), span(2025, month=12)]


@pytest.mark.parametrize("seed", range(4))
def test_every_key_equals_the_oracle(seed: int) -> None:
    world = World(seed)
    oracle = Oracle()
    for period in SPANS:
        ask = (period.first, period.last, period.year, period.quarter, period.month)
        for top in [world.root, *world.counties, world.townships[0]]:
            inside = {one.pk for one in world.committees if one.path.startswith(top.path)}
            assert for_scope(top.path, period).as_json() == oracle.answer(inside, *ask), (top, period)
            assert for_committee(top.pk, period).as_json() == oracle.answer({top.pk}, *ask), (top, period)
        assert for_scope("", period).as_json() == oracle.answer({one.pk for one in world.committees}, *ask)
        each = for_each(Committee.objects.all(), period)
        for one in world.committees:
            assert each[one.pk].as_json() == oracle.answer({one.pk}, *ask), (one, period)


@pytest.mark.parametrize("today", [date(2025, 6, 30), date(2026, 5, 20), date(2027, 3, 1)])
def test_what_is_overdue_is_judged_by_the_day_handed_in(today: date) -> None:
    world = World(7)
    oracle = Oracle()
    seen = set()
    for period in SPANS:
        ask = (period.first, period.last, period.year, period.quarter, period.month, today)
        for one in world.committees:
            inside = {each.pk for each in world.committees if each.path.startswith(one.path)}
            figures = for_scope(one.path, period, today=today)
            assert figures.as_json() == oracle.answer(inside, *ask), (one, period)
            assert for_committee(one.pk, period, today=today).as_json() == oracle.answer({one.pk}, *ask)
            assert figures.findings_closed + figures.findings_overdue <= figures.findings
            seen.add(figures.findings_overdue != for_scope(one.path, period).findings_overdue)
    assert seen == ({True, False} if today.year < 2027 else {False})


def test_the_world_is_not_empty() -> None:
    """Guard of the test above: what it compares must happen."""
    World(1, sessions=8)
    both = [for_scope("", span(year)) for year in (2025, 2026)]
    for key in KEYS:
        assert any(getattr(figures, key) for figures in both), key
    assert any(figures.sessions < figures.committee_sessions for figures in both)


@pytest.mark.parametrize("seed", [3, 4])
def test_months_are_the_figures_of_each_month(seed: int) -> None:
    world = World(seed)
    months = by_month(Committee.objects.all(), 2026)
    assert len(months) == 12 * len(world.committees)
    for month in range(1, 13):
        each = for_each(Committee.objects.all(), span(2026, month=month))
        for committee_id, figures in each.items():
            got = months[committee_id, month]
            assert got.sessions == figures.committee_sessions
            assert got.outcomes == figures.outcomes
            assert got.late_entries == figures.late_entries
            for key in ("days", "expected", "present", "on_leave", "absent", "unmarked", "made_up", "presence_rate"):
                assert getattr(got, key) == getattr(figures, key)


def test_the_four_marks_add_up_to_expected() -> None:
    World(5)
    figures = for_scope("", span(2026))
    total = figures.present + figures.on_leave + figures.absent + figures.unmarked
    assert float(total) == pytest.approx(float(figures.expected), abs=0.0002)
    assert figures.sessions == sum(figures.sessions_by_mode.values()) == sum(figures.sessions_by_month.values())


def queries_of(*calls) -> list[int]:
    counts = []
    for call in calls:
        with CaptureQueriesContext(
            connection,
        ) as caught:
            call()
        counts.append(len(caught))
    return counts


def test_query_counts_do_not_grow() -> None:
    def counts() -> list[int]:
        everything = Committee.objects.all()
        return queries_of(
            lambda: for_scope("", span(2026)), lambda: for_each(everything, span(2026)),
            lambda: by_month(everything, 2026), lambda: for_committee(everything.first().pk, span(2026)),
        )  # fmt: skip

    World(1, counties=0, townships=0, sessions=2)
    few = counts()
    World(2, counties=6, townships=4, sessions=3)
    assert Committee.objects.count() > 30
    assert counts() == few
    assert few[:3] == [13, 14, 3]


def test_the_json_has_the_keys_of_the_specification() -> None:
    text = Path(__file__).parents[3].joinpath("docs/facts.md").read_text().split("\n## ")[0]
    told = re.findall(r"^\| `(\w+)`", text, flags=re.MULTILINE)
    assert list(KEYS) == told == list(Figures().as_json()) == list(LABELS) == [item.name for item in fields(Figures)]


def test_equal_figures_equal_fingerprint() -> None:
    World(6)
    one, same = for_scope("", span(2026)), for_scope("", span(2026))
    assert one.fingerprint() == same.fingerprint() != for_scope("", span(2025)).fingerprint()


def test_periods_and_the_one_before() -> None:
    assert (span(2026, 2).first.isoformat(), span(2026, 2).last.isoformat()) == ("2026-04-01", "2026-06-30")
    assert span(2024, month=2).last.day == 29
    assert before(span(2026, month=1)) == span(2025, month=12)
    assert before(span(2026, 1)) == span(2025, 4)
    assert before(span(2026)) == span(2025)
    assert [period.label for period in (span(2026), span(2026, 2), span(2026, month=5))] == [
        "2026年", "2026年第二季度", "2026年5月",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="季度应为 1 到 4"):
        span(2026, 5)
    with pytest.raises(ValueError, match="不在第1季度"):
        span(2026, 1, 5)
