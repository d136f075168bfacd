"""Tables 6 and 7 of the annual report and what the overview shows of visits and findings. Constant queries each."""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from django.db.models import Avg, Count, Q

from sessions_app.facts import counted
from sessions_app.facts.periods import Span
from sessions_app.facts.rules import rate
from sessions_app.facts.scope import Scope
from sessions_app.findings.models import UNDER_WAY, FindingStage
from sessions_app.visits.models import ScoreStage, VisitScore

SUBMITTED = Q(scores__stage=ScoreStage.SUBMITTED)


def tenth(value: Decimal | None) -> Decimal | None:
    """A mean of points, to one decimal."""
    return None if value is None else Decimal(value).quantize(Decimal("0.1"), ROUND_HALF_UP)


# -------------------------------------------------------------------------------------- tables of one committee


@dataclass(frozen=True)
class VisitRow:
    """`score`: the mean of the sheets handed in, None without one."""

    day: date
    round: str
    team: str
    department: str
    topic: str
    observers: tuple[str, ...]
    score: Decimal | None
    stage: str


@dataclass(frozen=True)
class FindingRow:
    """A finding without its words, which are not everybody's."""

    number: str
    kind: str
    source: str
    found_on: date
    due_on: date | None
    stage: str
    closed_on: date | None
    late: bool


def visits(scope: Scope, period: Span) -> list[VisitRow]:
    """Table 6, by day. Three queries."""
    rows = counted.visits(scope, period).select_related("round__committee", "team", "study_session")
    rows = rows.prefetch_related("observers__person").annotate(mean=Avg("scores__total", filter=SUBMITTED))
    return [
        VisitRow(
            row.observed_on, str(row.round), str(row.team), str(row.round.committee), row.study_session.topic,
            tuple(one.person.name for one in row.observers.all()), tenth(row.mean), row.get_stage_display(),
        )
        for row in rows.order_by("observed_on", "pk")
    ]  # fmt: skip


def findings(scope: Scope, period: Span, today: date) -> list[FindingRow]:
    """Table 7, by the day they were found. One query."""
    rows = counted.findings(scope, period).select_related("type").order_by("found_on", "pk")
    judged = period.until(today)
    return [
        FindingRow(
            row.number, row.type.name, row.get_source_display(), row.found_on, row.due_on, row.get_stage_display(),
            row.closed_on if row.stage == FindingStage.CLOSED else None,
            row.stage in UNDER_WAY and row.due_on is not None and row.due_on < judged,
        )
        for row in rows
    ]  # fmt: skip


# --------------------------------------------------------------------------------- aggregates, a department a row


@dataclass(frozen=True)
class DepartmentVisits:
    department_id: int
    name: str
    visits: int
    committees: int
    score: Decimal | None


@dataclass(frozen=True)
class DepartmentFindings:
    """`findings` is all that was confirmed; under way, 长期坚持 and closed add up to it."""

    department_id: int
    name: str
    findings: int
    under_way: int
    overdue: int
    long_term: int
    closed: int

    @property
    def share(self) -> Decimal | None:
        return rate(self.closed, self.findings)


ORDER = ("level_order", "sort_order", "code", "pk")


def visits_by_department(scope: Scope, period: Span) -> list[DepartmentVisits]:
    """Who ran the rounds, in official order. Two queries."""
    rows = counted.visits(scope, period)
    by = "round__committee"
    means = dict(
        VisitScore.objects.filter(visit__in=rows.values("pk"), stage=ScoreStage.SUBMITTED)
        .order_by().values_list(f"visit__{by}_id").annotate(Avg("total"))
    )  # fmt: skip
    groups = rows.values(f"{by}_id", f"{by}__name").annotate(
        rows=Count("pk"), places=Count("committee_id", distinct=True)
    )
    return [
        DepartmentVisits(
            row[f"{by}_id"], row[f"{by}__name"], row["rows"], row["places"], tenth(means.get(row[f"{by}_id"]))
        )
        for row in groups.order_by(*(f"{by}__{name}" for name in ORDER))
    ]


def findings_by_department(scope: Scope, period: Span, today: date) -> list[DepartmentFindings]:
    """Who confirms and closes, in official order. One query."""
    groups = counted.findings(scope, period).values("department_id", "department__name").annotate(
        rows=Count("pk"), under_way=Count("pk", filter=Q(stage__in=UNDER_WAY)),
        overdue=Count("pk", filter=counted.overdue(period.until(today))),
        long_term=Count("pk", filter=Q(stage=FindingStage.LONG_TERM)), closed=Count("pk", filter=counted.CLOSED),
    )  # fmt: skip
    return [
        DepartmentFindings(
            row["department_id"], row["department__name"], row["rows"], row["under_way"], row["overdue"],
            row["long_term"], row["closed"],
        )
        for row in groups.order_by(*(f"department__{name}" for name in ORDER))
    ]  # fmt: skip
