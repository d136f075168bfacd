"""The one source of every figure: screen, paper and command read it here.

Thirteen queries for one scope and for each of forty thousand committees alike. Attendance comes from the counts kept on
Participation, never from the marks. What each key means: docs/decisions/0010-facts-keys.md.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.db.models import Count, QuerySet, Sum
from django.db.models.functions import ExtractMonth

from sessions_app.facts import counted
from sessions_app.facts.periods import Span, span
from sessions_app.facts.rules import Number, known_rate, plain, rate
from sessions_app.facts.scope import Scope, only, subtree, these
from sessions_app.outcomes.models import OutcomeKind
from sessions_app.plans.models import ContentCategory, StudyMode

MODES = {mode.value: str(mode.label) for mode in StudyMode}
KINDS = {kind.value: str(kind.label) for kind in OutcomeKind}
CATEGORIES = tuple(str(category.value) for category in ContentCategory)
MONTHS = tuple(str(month) for month in range(1, 13))

# What the pages and papers call each key, and in what it is counted.
LABELS: dict[str, tuple[str, str]] = {
    "committees": ("党委（党组）", "家"), "members": ("中心组成员", "人"), "secretaries": ("学习秘书", "人"),
    "planned_items": ("计划专题", "项"), "completed_items": ("已完成专题", "项"), "sessions": ("集体学习", "场"),
    "committee_sessions": ("委员会场次", "场次"), "days": ("学习天数", "天"), "expected": ("应到", "人次"),
    "present": ("出席", "人次"), "on_leave": ("请假", "人次"), "absent": ("缺席", "人次"),
    "unmarked": ("未记考勤", "人次"), "made_up": ("补学", "人次"),
    "presence_rate": ("出席率", ""), "participation_rate": ("参学率", ""),
    "speeches": ("发言", "人次"), "sessions_by_mode": ("学习方式", "场"), "sessions_by_category": ("内容类别", "场"),
    "sessions_by_month": ("各月场次", "场"), "outcomes_by_kind": ("学习成果", "项"),
    "proposals_converted": ("已转化对策建议", "项"), "policies_from_proposals": ("转化成的政策文件", "项"),
    "visits": ("列席旁听", "次"), "committees_visited": ("已旁听", "家"), "findings": ("问题", "项"),
    "findings_closed": ("已销号", "项"), "findings_overdue": ("超期未销号", "项"), "late_entries": ("补录场次", "场"),
    "corrections": ("更正", "项"),
}  # fmt: skip


def _none_of(keys: Iterable[str]) -> dict[str, int]:
    return dict.fromkeys(keys, 0)


@dataclass(frozen=True)
class Figures:
    """The keys of `facts --json`, in their order. Weighted counts are ints, or Decimals of at most 4 decimals.

    `findings_closed` and `findings_overdue` are of the period's `findings`, so that closed ÷ found is the rate.
    """

    committees: int = 0
    members: int = 0
    secretaries: int = 0
    planned_items: int = 0
    completed_items: int = 0
    sessions: int = 0
    committee_sessions: int = 0
    days: Number = 0
    expected: Number = 0
    present: Number = 0
    on_leave: Number = 0
    absent: Number = 0
    unmarked: Number = 0
    made_up: Number = 0
    presence_rate: Decimal | None = None
    participation_rate: Decimal | None = None
    speeches: int = 0
    sessions_by_mode: dict[str, int] = field(default_factory=lambda: _none_of(MODES.values()))
    sessions_by_category: dict[str, int] = field(default_factory=lambda: _none_of(CATEGORIES))
    sessions_by_month: dict[str, int] = field(default_factory=lambda: _none_of(MONTHS))
    outcomes_by_kind: dict[str, int] = field(default_factory=lambda: _none_of(KINDS.values()))
    proposals_converted: int = 0
    policies_from_proposals: int = 0
    visits: int = 0
    committees_visited: int = 0
    findings: int = 0
    findings_closed: int = 0
    findings_overdue: int = 0
    late_entries: int = 0
    corrections: int = 0

    def as_json(self) -> dict[str, Any]:
        """Plain values for JSON: whole figures as ints, others and rates as floats, an unknown rate as None."""
        return {item.name: _json(getattr(self, item.name)) for item in fields(self)}

    def fingerprint(self) -> str:
        """SHA-256 of the figures: equal figures, equal fingerprint. Keys of charts and of rendered sections."""
        return fingerprint(self.as_json())

    @property
    def outcomes(self) -> int:
        return sum(self.outcomes_by_kind.values())

    @property
    def closing_rate(self) -> Decimal | None:
        """销号率: closed of the findings of the period, 长期坚持 among them; None while there is none."""
        return rate(self.findings_closed, self.findings)

    @property
    def completion_rate(self) -> Decimal | None:
        """计划完成率: completed of planned items; None while nothing is planned."""
        return rate(self.completed_items, self.planned_items)


def fingerprint(values: Any) -> str:
    text = json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _json(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else dict(value) if isinstance(value, dict) else value


KEYS = tuple(item.name for item in fields(Figures))
MARKS = {
    "expected": "expected_marks", "present": "present_marks", "on_leave": "leave_marks", "absent": "absent_marks",
    "unmarked": "unmarked_marks", "made_up": "made_up_marks",
}  # fmt: skip


def for_scope(path: str, period: Span, *, today: date | None = None) -> Figures:
    """A committee and all below it, by its `path`; "" is the whole house. A joint session counts once.

    `today`: what is overdue is judged by it, while the period lasts; without it by the period's last day.
    """
    return _figures(subtree(path), period, today)


def for_committee(committee_id: int, period: Span, *, today: date | None = None) -> Figures:
    """One committee, without those below it."""
    return _figures(only(committee_id), period, today)


def for_each(committees: QuerySet, period: Span, *, today: date | None = None) -> dict[int, Figures]:
    """Each committee of the queryset for itself, in its order; the ones with nothing have zeros."""
    ids = list(committees.values_list("pk", flat=True))
    found = _gather(these(committees), period, today, each=True)
    return {pk: _finish(found[pk]) for pk in ids}


@dataclass(frozen=True)
class MonthFigures:
    """One committee's month. `sessions` are its committee-sessions, `outcomes` what it entered, of every kind."""

    sessions: int = 0
    days: Number = 0
    expected: Number = 0
    present: Number = 0
    on_leave: Number = 0
    absent: Number = 0
    unmarked: Number = 0
    made_up: Number = 0
    presence_rate: Decimal | None = None
    participation_rate: Decimal | None = None
    late_entries: int = 0
    outcomes: int = 0


def by_month(committees: QuerySet, year: int) -> dict[tuple[int, int], MonthFigures]:
    """(committee id, month 1 to 12) of a year; every pair is there. Three queries."""
    period, scope = span(year), these(committees)
    found: dict[tuple[int, int], _Sum] = defaultdict(_Sum)
    rows = counted.participations(scope, period).annotate(in_month=ExtractMonth("day"))
    for row in attendance_sums(rows, "committee_id", "in_month", "part_count"):
        found[row["committee_id"], row["in_month"]].add_attendance(row)
    made = counted.outcomes(scope, period).annotate(in_month=ExtractMonth("day"))
    for row in made.values("committee_id", "in_month").annotate(rows=Count("pk")):
        found[row["committee_id"], row["in_month"]].counts["outcomes"] = row["rows"]
    ids = committees.values_list("pk", flat=True)
    return {(pk, month): found[pk, month].month() for pk in ids for month in range(1, 13)}


class _Sum:
    """What is gathered for one key before it is rounded: exact fractions and plain counts."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = defaultdict(int)
        self.weighed: dict[str, Fraction] = defaultdict(Fraction)
        self.tables: dict[str, dict[str, int]] = {
            "sessions_by_mode": _none_of(MODES.values()), "sessions_by_category": _none_of(CATEGORIES),
            "sessions_by_month": _none_of(MONTHS), "outcomes_by_kind": _none_of(KINDS.values()),
        }  # fmt: skip

    def add_attendance(self, row: dict[str, Any]) -> None:
        self.counts["committee_sessions"] += row["rows"]
        self.counts["late_committee_sessions"] += row["late"]
        self.weighed["days"] += Fraction(row["sum_days"])
        for key in MARKS:
            self.weighed[key] += Fraction(row[f"sum_{key}"], row["part_count"])

    def rates(self) -> dict[str, Any]:
        expected, present = self.weighed["expected"], self.weighed["present"]
        unmarked = self.weighed["unmarked"]
        return {
            "presence_rate": known_rate(present, expected, unmarked),
            "participation_rate": known_rate(present + self.weighed["made_up"], expected, unmarked),
        }

    def values(self) -> dict[str, Any]:
        return {key: plain(self.weighed[key]) for key in ("days", *MARKS)} | self.rates()

    def month(self) -> MonthFigures:
        return MonthFigures(
            sessions=self.counts["committee_sessions"], late_entries=self.counts["late_committee_sessions"],
            outcomes=self.counts["outcomes"], **self.values(),
        )  # fmt: skip


def attendance_sums(rows: QuerySet, *keys: str) -> QuerySet:
    """Sums of the kept counts. Grouped by `part_count` among others, so that each sum is divided exactly."""
    sums = {f"sum_{key}": Sum(column) for key, column in MARKS.items()}
    return rows.values(*keys).annotate(
        rows=Count("pk"), sum_days=Sum("days"), late=Count("pk", filter=counted.LATE), **sums
    )


def _figures(scope: Scope, period: Span, today: date | None) -> Figures:
    return _finish(_gather(scope, period, today, each=False)[None])


def _finish(found: _Sum) -> Figures:
    counts = {key: found.counts[key] for key in KEYS if key in found.counts}
    return Figures(**{**counts, **found.values(), **found.tables})


def _gather(scope: Scope, period: Span, today: date | None, *, each: bool) -> dict[Any, _Sum]:
    """Thirteen queries; `each` groups all of them by committee, otherwise everything falls under the key None."""
    found: dict[Any, _Sum] = defaultdict(_Sum)

    def grouped(rows: QuerySet, committee: str, *keys: str, **sums: Any) -> Iterable[tuple[_Sum, dict[str, Any]]]:
        for row in rows.values(*((committee,) if each else ()), *keys).annotate(**sums):
            yield found[row[committee] if each else None], row

    def count(key: str, rows: QuerySet, committee: str, what: str = "pk", *, distinct: bool = False) -> None:
        total = Count(what, distinct=distinct)
        if each:
            for into, row in grouped(rows, committee, counted_rows=total):
                into.counts[key] = row["counted_rows"]
        else:
            found[None].counts[key] = rows.aggregate(total=total)["total"]

    count("committees", counted.committees(scope, period), "pk")
    count("members", counted.memberships(scope, period), "committee_id", "person_id", distinct=True)
    count("secretaries", counted.secretaryships(scope, period), "committee_id", "person_id", distinct=True)
    count("planned_items", counted.plan_items(scope, period), "plan__committee_id")
    count("completed_items", counted.completed_items(scope, period), "plan__committee_id")
    count("speeches", counted.speeches(scope, period), "participation__committee_id")
    count("corrections", counted.corrections(scope, period), "committee_id")

    rows = counted.participations(scope, period)
    keys = ("committee_id", "part_count") if each else ("part_count",)
    for row in attendance_sums(rows, *keys):
        found[row["committee_id"] if each else None].add_attendance(row)

    # A session has one mode, category, month and lateness, so distinct meetings add up over these groups.
    meetings = rows.annotate(in_month=ExtractMonth("day"), is_late=counted.LATE_FLAG)
    groups = ("study_session__mode", "study_session__category", "in_month", "is_late")
    for into, row in grouped(
        meetings, "committee_id", *groups, meetings=Count("study_session_id", distinct=not each)
    ):  # fmt: skip
        number = row["meetings"]
        into.counts["sessions"] += number
        into.counts["late_entries"] += number if row["is_late"] else 0
        into.tables["sessions_by_mode"][MODES[row["study_session__mode"]]] += number
        into.tables["sessions_by_month"][str(row["in_month"])] += number
        if row["study_session__category"]:
            into.tables["sessions_by_category"][str(row["study_session__category"])] += number

    for into, row in grouped(counted.outcomes(scope, period), "committee_id", "kind", made=Count("pk")):
        into.tables["outcomes_by_kind"][KINDS[row["kind"]]] += row["made"]

    def several(rows: QuerySet, **sums: Any) -> None:
        """Several counts over the same rows, in one query."""
        totals = grouped(rows, "committee_id", **sums) if each else [(found[None], rows.aggregate(**sums))]
        for into, row in totals:
            into.counts.update({key: row[key] for key in sums})

    several(
        counted.policies(scope, period), policies_from_proposals=Count("pk"),
        proposals_converted=Count("derived_from_id", distinct=True),
    )  # fmt: skip
    several(
        counted.visits(scope, period), visits=Count("pk"), committees_visited=Count("committee_id", distinct=True)
    )  # fmt: skip
    several(
        counted.findings(scope, period), findings=Count("pk"), findings_closed=Count("pk", filter=counted.closed(period)),
        findings_overdue=Count("pk", filter=counted.overdue(period.until(today))),
    )  # fmt: skip
    return found
