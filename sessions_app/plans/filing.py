"""Who has filed the year's plan, on time or how many days late: committees with their newest edition."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery

from sessions_app.plans.models import PlanItem, PlanStage, StudyPlan
from sessions_app.plans.rules import days_late, due_on
from sessions_app.policies.rules import WorkingDays, left_words


def with_plans(committees: QuerySet, year: int) -> QuerySet:
    """Committees active in the year, each with its newest edition (`plan_id`, `plan_stage`, `editions`) and `filed_on`.

    `filed_on` is the day the year's first edition was filed: an amendment makes nobody late.
    """
    plans = StudyPlan.objects.filter(committee=OuterRef("pk"), year=year)
    newest = plans.order_by("-edition")
    rows = committees.active_in(date(year, 1, 1), date(year, 12, 31))
    return rows.annotate(
        plan_id=Subquery(newest.values("pk")[:1]),
        plan_stage=Subquery(newest.values("stage")[:1]),
        editions=Subquery(newest.values("edition")[:1]),
        filed_on=Subquery(plans.filter(filed_on__isnull=False).order_by("edition").values("filed_on")[:1]),
        topics=Subquery(newest.annotate(number=Count("items")).values("number")[:1]),
    )


@dataclass(frozen=True)
class Filed:
    """`filed` of `committees` have filed; `late` of those after the due day."""

    committees: int
    filed: int
    late: int
    waiting: int


def filed_of(rows: QuerySet, year: int, due: date | None = None) -> Filed:
    """One query over `with_plans` rows."""
    due = due or due_on(year)
    found = rows.aggregate(
        committees=Count("pk"),
        filed=Count("pk", filter=Q(filed_on__isnull=False)),
        late=Count("pk", filter=Q(filed_on__gt=due)),
        waiting=Count("pk", filter=Q(plan_stage=PlanStage.SUBMITTED)),
    )
    return Filed(**found)


def narrowed(rows: QuerySet, wanted: str, due: date) -> QuerySet:
    """`wanted` is a choice of PlanFilter.filed."""
    match wanted:
        case "ON_TIME":
            return rows.filter(filed_on__lte=due)
        case "LATE":
            return rows.filter(filed_on__gt=due)
        case "NOT_FILED":
            return rows.filter(filed_on__isnull=True)
    return rows


def filing_words(filed_on: date | None, year: int, today: date, due: date, calendar: WorkingDays) -> tuple[str, str]:
    """(tone, words): 按时备案, 逾期 3 天备案; not filed yet: 逾期 3 个工作日, 1月31日前备案."""
    if filed_on is not None:
        late = days_late(filed_on, year, due)
        return ("behind", f"逾期 {late} 天备案") if late else ("ok", "按时备案")
    if due < today:
        return "overdue", left_words(due, today, calendar)
    return "near", f"{due.month}月{due.day}日前备案"


def editions_of(plan: StudyPlan) -> list[StudyPlan]:
    return list(
        StudyPlan.objects.filter(committee=plan.committee_id, year=plan.year)
        .select_related("approved_by", "submitted_by")
        .order_by("edition")
    )


def studied_items(plan: StudyPlan) -> dict[int, list[dict[str, Any]]]:
    """{serial: sessions made from that topic in any edition of the year}, one query; the sessions' room is above."""
    rows = (
        PlanItem.objects.filter(
            plan__committee=plan.committee_id, plan__year=plan.year, participations__state="ACCEPTED"
        )
        .exclude(participations__study_session__stage="CANCELLED")
        .annotate(
            session=F("participations__study_session"),
            day=F("participations__day"),
            stage=F("participations__study_session__stage"),
        )
        .order_by("day")
        .values("serial", "session", "day", "stage")
    )
    found: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["serial"], []).append(row)
    return found
