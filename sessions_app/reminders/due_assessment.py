"""What falls due about an assessment and 约谈: to score oneself, to verify, to look at a result, to decide, to talk.

The unit owes the first and is told of the third; the rest waits for the department. A stage has no day of its own kept, so
a past day sees the stage of today; scores, objections and interviews are judged by their own moments.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count, F, Q

from roster.audit.actions import SHANGHAI
from sessions_app.assessment.models import (
    Assessment,
    AssessmentSheet,
    AssessmentStage,
    InterviewStage,
    LeaderInterview,
    Objection,
    ObjectionStage,
)
from sessions_app.reminders.rules import Kind
from sessions_app.reminders.world import OLDEST, Due, World, page, short, short_day

INTERVIEW_TERM = 20  # working days from the confirmation; no local rule asks for a term


def _title(year: int, number: int) -> str:
    return f"{year}年度考核" + (f"（第{number}次）" if number > 1 else "")


def self_score_due(world: World) -> Iterator[Due]:
    """Not handed in by the day, and its term near or past."""
    rows = AssessmentSheet.objects.filter(
        Q(self_at__isnull=True) | Q(self_at__gte=world.end),
        assessment__stage=AssessmentStage.SELF, assessment__self_due_on__gte=world.day - OLDEST,
    )  # fmt: skip
    columns = ("pk", "committee_id", "assessment__self_due_on", "assessment__year", "assessment__number")
    address = page("sheet_self")
    for pk, committee_id, due_on, year, number in world.within(rows).order_by("pk").values_list(*columns):
        if committee_id not in world.committees:
            continue
        if due_on <= world.near_until(world.rules[committee_id]["near_working_days"]):
            what = f"{_title(year, number)}：提交自评"
            yield Due(Kind.SELF_SCORE_DUE, f"self-score:{pk}", committee_id, due_on, what, address(pk))


def verify_waiting(world: World) -> Iterator[Due]:
    """One an assessment, not one a unit: sheets still to be verified once the longest waiting after the self-scoring is over."""
    waits = Q(sheets__verified_at__isnull=True) | Q(sheets__verified_at__gte=world.end)
    rows = Assessment.objects.filter(stage=AssessmentStage.REVIEW, self_due_on__gte=world.day - OLDEST)
    rows = world.within(rows).annotate(left=Count("sheets", filter=waits)).filter(left__gt=0)
    address = page("assessment")
    columns = ("pk", "committee_id", "self_due_on", "year", "number", "left")
    for pk, department_id, self_due_on, year, number, left in rows.order_by("pk").values_list(*columns):
        if department_id not in world.committees:
            continue
        due_on = world.after(self_due_on, world.rules[department_id]["approval_wait_working_days"])
        if due_on <= world.day:
            what = f"{_title(year, number)}：还有 {left} 家待复核"
            yield Due(Kind.VERIFY_WAITING, f"verify:{pk}", department_id, due_on, what, address(pk))


def sheet_published(world: World) -> Iterator[Due]:
    """While a unit may object and did not: where its result is to be seen, and until when."""
    rows = AssessmentSheet.objects.filter(
        Q(objection=None) | Q(objection__asked_at__gte=world.end), assessment__stage=AssessmentStage.PUBLIC,
        assessment__published_on__lte=world.day, assessment__objection_until__gte=world.day,
    )  # fmt: skip
    columns = ("pk", "committee_id", "assessment__objection_until", "assessment__year", "assessment__number")
    address = page("sheet")
    for pk, committee_id, until, year, number in world.within(rows).order_by("pk").values_list(*columns):
        if committee_id in world.committees:
            what = f"{_title(year, number)}结果公示，有异议的在{short_day(until)}前申诉"
            yield Due(Kind.SHEET_PUBLISHED, f"published:{pk}", committee_id, until, what, address(pk))


def objection_waiting(world: World) -> Iterator[Due]:
    """Asked by the day and not decided; told when its waiting is near its end."""
    rows = Objection.objects.filter(
        Q(stage=ObjectionStage.ASKED) | Q(decided_at__gte=world.end), asked_at__lt=world.end
    ).annotate(department=F("sheet__assessment__committee_id"))  # fmt: skip
    columns = (
        "pk", "department", "asked_at", "sheet__committee__short_name", "sheet__committee__name",
        "sheet__assessment__year", "sheet__assessment__number",
    )  # fmt: skip
    address = page("objection")
    for pk, department_id, asked_at, short_name, name, *which in (
        world.within(rows, "sheet__assessment__committee_id").order_by("pk").values_list(*columns)
    ):
        if department_id not in world.committees:
            continue
        rules = world.rules[department_id]
        due_on = world.after(asked_at.astimezone(SHANGHAI).date(), rules["approval_wait_working_days"])
        if due_on <= world.near_until(rules["near_working_days"]):
            what = f"{short(short_name or name, 20)}对{_title(*which)}结果的申诉待复议"
            yield Due(Kind.OBJECTION_WAITING, f"objection:{pk}", department_id, due_on, what, address(pk))


def interview_due(world: World) -> Iterator[Due]:
    """Confirmed by the head and not held; its term is near or past."""
    rows = LeaderInterview.objects.filter(
        stage=InterviewStage.CONFIRMED, decided_at__lt=world.end, decided_at__date__gte=world.day - OLDEST
    )
    columns = ("pk", "department_id", "decided_at", "year", "committee__short_name", "committee__name")
    address = page("interview")
    for pk, department_id, decided_at, year, short_name, name in (
        world.within(rows, "department_id").order_by("pk").values_list(*columns)
    ):
        if department_id not in world.committees:
            continue
        due_on = world.after(decided_at.astimezone(SHANGHAI).date(), INTERVIEW_TERM)
        if due_on <= world.near_until(world.rules[department_id]["near_working_days"]):
            what = f"约谈{short(short_name or name, 20)}（{year}年度考核）"
            yield Due(Kind.INTERVIEW_DUE, f"interview:{pk}", department_id, due_on, what, address(pk))
