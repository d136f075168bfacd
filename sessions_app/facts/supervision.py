"""Tables 6 and 7 of the annual report and what the overview shows of visits and findings. Constant queries each."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from django.db.models import Avg, Count, Exists, Max, Min, OuterRef, Q, QuerySet

from roster.committees.models import Committee
from sessions_app.facts import counted
from sessions_app.facts.periods import Span
from sessions_app.facts.rules import rate
from sessions_app.facts.scope import Scope, subtree
from sessions_app.findings.models import COUNTED, UNDER_WAY, FindingStage
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


# --------------------------------------------------------------------- what the overview counts, and its lists


AGES: dict[str, tuple[str, int, int | None]] = {
    "1": ("30 天以内", 0, 30), "2": ("31 至 60 天", 31, 60), "3": ("61 至 90 天", 61, 90), "4": ("90 天以上", 91, None),
}  # fmt: skip
STEPS: dict[str, tuple[str, Q]] = {
    "confirmed": ("已确认", Q()),
    "agreed": ("措施已认可", ~Q(stage=FindingStage.OPEN)),
    "applied": ("已申请销号", Q(stage__in=[FindingStage.SUBMITTED, FindingStage.CLOSED])),
    "closed": ("已销号", counted.CLOSED),
}


def aged(key: str, day: date) -> Q:
    """Under way, and found so many days before `day`."""
    _, least, most = AGES[key]
    found = Q(stage__in=UNDER_WAY)
    if least:
        found &= Q(found_on__lte=day - timedelta(days=least))
    return found & Q(found_on__gte=day - timedelta(days=most)) if most else found


@dataclass(frozen=True)
class Part:
    """A part of the visits or findings that one number of the overview counts; empty is all."""

    department: int | None = None
    team: int | None = None
    observer: int | None = None
    type: int | None = None
    alone: bool = False
    recurs: bool = False
    late: bool = False
    stage: str = ""
    step: str = ""
    age: str = ""

    def of_visits(self) -> Q:
        found = Q()
        if self.department:
            found &= Q(round__committee_id=self.department)
        if self.team:
            found &= Q(team_id=self.team)
        if self.observer:
            scored = VisitScore.objects.filter(person_id=self.observer, stage=ScoreStage.SUBMITTED)
            found &= Q(pk__in=scored.order_by().values("visit_id"))
        return found

    def of_findings(self, day: date) -> Q:
        found = Q()
        if self.department:
            found &= Q(department_id=self.department)
        if self.type:
            found &= Q(type_id=self.type)
        if self.recurs:
            found &= Q(recurs__isnull=False)
        if self.stage:
            found &= Q(stage__in=UNDER_WAY if self.stage == "under-way" else [self.stage])
        if self.step in STEPS:
            found &= STEPS[self.step][1]
        if self.late:
            found &= counted.overdue(day)
        return found & aged(self.age, day) if self.age in AGES else found


def seen_by_one(scope: Scope, period: Span) -> QuerySet:
    """Committees whose visits of the period had one and the same single observer."""
    rows = (
        counted.visits(scope, period).values("committee_id").annotate(people=Count("observers__person", distinct=True))
    )
    return counted.committees_visited(scope, period).filter(pk__in=rows.filter(people=1).values("committee_id"))


@dataclass(frozen=True)
class TeamRow:
    team_id: int
    name: str
    visits: int
    committees: int
    score: Decimal | None


@dataclass(frozen=True)
class ObserverRow:
    """The sheets one observer handed in: least, mean, most."""

    person_id: int
    name: str
    visits: int
    least: Decimal
    mean: Decimal | None
    most: Decimal


def teams(scope: Scope, period: Span, department: int) -> list[TeamRow]:
    """The teams of one department and what they visited. Two queries."""
    rows = counted.visits(scope, period).filter(round__committee_id=department)
    scores = VisitScore.objects.filter(visit__in=rows.values("pk"), stage=ScoreStage.SUBMITTED).order_by()
    means = dict(scores.values_list("visit__team_id").annotate(Avg("total")))
    groups = rows.values("team_id", "team__name").annotate(
        rows=Count("pk"), places=Count("committee_id", distinct=True)
    )
    return [
        TeamRow(row["team_id"], row["team__name"], row["rows"], row["places"], tenth(means.get(row["team_id"])))
        for row in groups.order_by("team_id")
    ]


def observers(scope: Scope, period: Span, department: int) -> list[ObserverRow]:
    """Who scored how, the highest mean first. One query."""
    rows = counted.visits(scope, period).filter(round__committee_id=department)
    scores = VisitScore.objects.filter(visit__in=rows.values("pk"), stage=ScoreStage.SUBMITTED).order_by()
    groups = scores.values("person_id", "person__name").annotate(
        rows=Count("pk"), least=Min("total"), mean=Avg("total"), most=Max("total")
    )
    return [
        ObserverRow(
            row["person_id"], row["person__name"], row["rows"], row["least"], tenth(row["mean"]), row["most"]
        )
        for row in groups.order_by("-mean", "person_id")
    ]  # fmt: skip


def funnel(scope: Scope, period: Span, today: date) -> dict[str, int]:
    """How many findings came to each step (STEPS), stand in each stage, or are under way so long (AGES). One query."""
    day = period.until(today)
    sums = {f"step_{key}": Count("pk", filter=condition) for key, (_, condition) in STEPS.items() if condition}
    sums |= {f"stage_{stage}": Count("pk", filter=Q(stage=stage)) for stage in COUNTED}
    for key in AGES:
        sums[f"age_{key}"] = Count("pk", filter=aged(key, day))
        sums[f"late_{key}"] = Count("pk", filter=aged(key, day) & counted.overdue(day))
    found: dict[str, int] = counted.findings(scope, period).aggregate(step_confirmed=Count("pk"), **sums)
    return found


@dataclass(frozen=True)
class TypeRow:
    type_id: int
    name: str
    findings: int
    recurring: int
    systemic: int
    closed: int


def types(scope: Scope, period: Span) -> list[TypeRow]:
    """Findings by kind of problem, the most frequent first. One query."""
    groups = counted.findings(scope, period).values("type_id", "type__name").annotate(
        rows=Count("pk"), again=Count("pk", filter=Q(recurs__isnull=False)),
        systemic=Count("pk", filter=Q(is_systemic=True)), closed=Count("pk", filter=counted.CLOSED),
    )  # fmt: skip
    return [
        TypeRow(row["type_id"], row["type__name"], row["rows"], row["again"], row["systemic"], row["closed"])
        for row in groups.order_by("-rows", "type_id")
    ]


def areas(top: Committee, period: Span) -> list[tuple[Committee, int, int]]:
    """Of each part right below that has units below it: (it, its committees, those of them visited). Two queries."""
    scope = subtree(top.path)
    below = Committee.objects.filter(parent_id=OuterRef("pk"))
    parts = list(Committee.objects.filter(Exists(below), parent=top).in_order())
    standing = list(counted.committees(scope, period).values_list("path", flat=True)) if parts else []
    seen = list(counted.committees_visited(scope, period).values_list("path", flat=True)) if parts else []
    return [
        (part, sum(path.startswith(part.path) for path in standing), sum(path.startswith(part.path) for path in seen))
        for part in parts
    ]
