"""Who may be suggested for 约谈: in the lowest group of each of the last N years. A list to think about, no decision.

The years come from the department's own final assessments; a year before the system was used from what was entered by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Max

from roster.committees.models import Committee
from sessions_app.assessment.interview_rules import group_size, is_low, lowest
from sessions_app.assessment.models import Assessment, AssessmentSheet, AssessmentStage, OtherResult
from sessions_app.policies import parameters

OWN = "中心组学习考核"  # the name under which results of earlier years are entered
RULES = ("interview_years", "interview_lowest_share")


@dataclass(frozen=True)
class Result:
    """A unit's place in one year. `low`: in the lowest group."""

    year: int
    rank: int
    of: int
    score: Decimal | None
    source: str
    low: bool

    @property
    def words(self) -> str:
        return f"{self.year}年第{self.rank}/{self.of}名"

    def kept(self) -> dict[str, Any]:
        """As `LeaderInterview.results` keeps it."""
        score = None if self.score is None else str(self.score)
        return {"year": self.year, "rank": self.rank, "of": self.of, "score": score, "source": self.source}


@dataclass(frozen=True)
class Candidate:
    committee: Committee
    results: tuple[Result, ...]

    @property
    def words(self) -> str:
        return "，".join(result.words for result in self.results)


@dataclass(frozen=True)
class LeftOut:
    """In the lowest group of a year, and yet not suggested, and why."""

    committee: Committee
    results: tuple[Result, ...]
    why: str


@dataclass(frozen=True)
class Found:
    """`missing`: years of which nothing is known, so that nobody can be suggested."""

    years: tuple[int, ...]
    share: Decimal
    candidates: tuple[Candidate, ...]
    left_out: tuple[LeftOut, ...]
    missing: tuple[int, ...]


def find(department: Committee, year: int, *, on: date) -> Found:
    """The last years up to `year` by the rules in force on `on`; five queries, whatever the number of units or years."""
    rules = parameters.values(RULES, [department], on)[department.pk]
    years = tuple(range(year - rules["interview_years"] + 1, year + 1))
    share = rules["interview_lowest_share"]
    found = results(department, years, share)
    missing = tuple(one for one in years if not found[one])
    low = {pk for of_year in found.values() for pk, result in of_year.items() if result.low}
    candidates, left_out = [], []
    for committee in Committee.objects.filter(pk__in=low).in_order():
        mine = tuple(found[one][committee.pk] for one in years if committee.pk in found[one])
        why = _why_not(committee, years, mine, on)
        if why:
            left_out.append(LeftOut(committee, mine, why))
        elif all(result.low for result in mine):
            candidates.append(Candidate(committee, mine))
    if missing:  # without a year nobody was low in each of them
        candidates = []
    return Found(years, share, tuple(candidates), tuple(left_out), missing)


def _why_not(committee: Committee, years: tuple[int, ...], results: tuple[Result, ...], on: date) -> str:
    """Why a unit that was low in one of the years cannot be a candidate; "" where nothing stands against it but its ranks."""
    if committee.since > date(years[0], 1, 1):
        day = committee.since
        return f"{day.year}年{day.month}月{day.day}日设立，考核不满 {len(years)} 个整年度"
    if committee.until and committee.until < on:
        return "单位已停用"
    absent = [str(one) for one in years if one not in {result.year for result in results}]
    return f"没有 {'、'.join(absent)} 年的名次，请核对或补录" if absent else ""


def results(department: Committee, years: tuple[int, ...], share: Decimal) -> dict[int, dict[int, Result]]:
    """{year: {committee id: result}} of every unit ranked; a year with a final assessment takes nothing from elsewhere."""
    found: dict[int, dict[int, Result]] = {year: {} for year in years}
    finals = _finals(department, years)
    for year, rows in finals.items():
        found[year] = _weighed(year, rows, share)
    rest = [year for year in years if year not in finals]
    if rest:
        rows = OtherResult.objects.filter(
            name=OWN, year__in=rest, rank__isnull=False, committee__path__startswith=department.path
        )
        for row in rows:
            low = is_low(row.rank, row.of, share)
            found[row.year][row.committee_id] = Result(row.year, row.rank, row.of, row.score, row.source, low)
    return found


def _finals(department: Committee, years: tuple[int, ...]) -> dict[int, list[Mapping[str, Any]]]:
    """The sheets with a rank of the last final assessment of each year; two queries."""
    finals = Assessment.objects.filter(committee=department, year__in=years, stage=AssessmentStage.FINAL)
    last = dict(finals.order_by().values_list("year").annotate(Max("number")))
    found: dict[int, list[Mapping[str, Any]]] = {year: [] for year in last}
    sheets = AssessmentSheet.objects.filter(assessment__in=finals, rank__isnull=False).order_by("pk")
    for row in sheets.values("committee_id", "rank", "total", "assessment__year", "assessment__number"):
        if row["assessment__number"] == last[row["assessment__year"]]:
            found[row["assessment__year"]].append(row)
    return found


def _weighed(year: int, rows: list[Mapping[str, Any]], share: Decimal) -> dict[int, Result]:
    low = lowest({row["committee_id"]: row["rank"] for row in rows}, group_size(share, len(rows)))
    return {
        row["committee_id"]: Result(
            year, row["rank"], len(rows), row["total"], "本系统考核定稿", row["committee_id"] in low
        )
        for row in rows
    }


def trend(department: Committee, year: int, *, length: int = 5) -> tuple[tuple[int, ...], dict[int, dict[int, Result]]]:
    """The years up to `year` of which anything is known, old first, and the results of each; for the table of years."""
    years = tuple(range(year - length + 1, year + 1))
    share = parameters.values(RULES, [department], date(year, 12, 31))[department.pk]["interview_lowest_share"]
    found = results(department, years, share)
    known = tuple(one for one in years if found[one])
    return known, {one: found[one] for one in known}
