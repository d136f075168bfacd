"""Doors of 约谈: whom the ranks suggest, what was decided, the record, and what was promised."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from roster import outside
from roster.accounts.doors import attempt, filled, permission
from roster.accounts.listing import page_of
from roster.accounts.roles import Permission
from roster.audit.history import history_of
from roster.committees.models import Committee
from roster.people.models import Person
from sessions_app.assessment import candidates, interview_actions
from sessions_app.assessment.interview_forms import (
    CommitmentFormSet,
    ConfirmForm,
    DropForm,
    FindingOfForm,
    HoldForm,
    InterviewFilter,
    SuggestForm,
    commitments_of,
)
from sessions_app.assessment.models import (
    Assessment,
    AssessmentStage,
    InterviewStage,
    LeaderInterview,
    OtherResult,
)
from sessions_app.findings.models import Finding

P = Permission
TONES = {
    InterviewStage.SUGGESTED: "near", InterviewStage.CONFIRMED: "behind", InterviewStage.HELD: "ok",
    InterviewStage.DROPPED: "muted",
}  # fmt: skip
BLANK_ROWS = 3


def _stage(row: LeaderInterview) -> dict[str, str]:
    return {"tone": TONES[InterviewStage(row.stage)], "word": row.get_stage_display()}


def departments_of(request: HttpRequest, needed: Permission) -> QuerySet:
    """The departments the user works for himself, the highest first."""
    rows: QuerySet = Committee.objects.filter(path__in=request.user.reach(needed).paths)
    return rows.in_order()


def chosen_department(request: HttpRequest, needed: Permission) -> Committee | None:
    """The one `?department=` names, else the first; None for who works for none."""
    found = {row.pk: row for row in departments_of(request, needed)}
    asked = request.GET.get("department", "")
    row: Committee | None = found.get(outside.key(asked)) or next(iter(found.values()), None)
    return row


def _years(department: Committee, today: date) -> list[int]:
    """Years with a final assessment or entered results of the department, the newest first; at least last year."""
    finals = Assessment.objects.filter(committee=department, stage=AssessmentStage.FINAL)
    typed = OtherResult.objects.filter(name=candidates.OWN, committee__path__startswith=department.path)
    held = LeaderInterview.objects.filter(department=department)
    found = {
        year for rows in (finals, typed, held) for year in rows.order_by().values_list("year", flat=True).distinct()
    }
    return sorted(found | {today.year - 1}, reverse=True)


@permission(P.INTERVIEW_READ)
@require_GET
def interview_list(request: HttpRequest) -> HttpResponse:
    """For a department: candidates of the year, what was decided, the ranks of the years. For a unit's leader: his own."""
    mine = LeaderInterview.objects.open_to(request.user, P.INTERVIEW_READ)
    mine = mine.select_related("committee", "department", "decided_by", "interviewee")
    department = chosen_department(request, P.INTERVIEW_READ)
    if department is None:
        page = page_of(request, mine.order_by("-year", "committee_id"))
        return render(request, "assessment/interviews/list.html", {"page_obj": page, "lines": _lines(page)})
    years = _years(department, request.today)
    form = InterviewFilter(request.GET, years=years)
    given = form.cleaned_data if form.is_valid() else {}
    year = given.get("year") or years[0]
    rows = mine.filter(department=department, year=year)
    known = set(rows.order_by().values_list("committee_id", flat=True))
    if given.get("stage"):
        rows = rows.filter(stage=given["stage"])
    page = page_of(request, rows.order_by("committee__level_order", "committee__sort_order", "committee__code"))
    found = candidates.find(department, year, on=request.today)
    waiting = [one for one in found.candidates if one.committee.pk not in known]
    trend_years, trend = candidates.trend(department, year)
    named = [one.committee for one in (*found.candidates, *found.left_out)]
    context = {
        "form": form, "page_obj": page, "lines": _lines(page), "department": department, "year": year, "years": years,
        "found": found, "waiting": waiting, "share": f"{(found.share * 100).normalize():f}%", "wide": True, "stage": given.get("stage"),
        "may_suggest": department.path in request.user.reach(P.INTERVIEW_EDIT).paths,
        "trend_years": trend_years, "departments": list(departments_of(request, P.INTERVIEW_READ)), "own": candidates.OWN,
        "trend": [(one, [trend[at].get(one.pk) for at in trend_years]) for one in named],
    }  # fmt: skip
    return render(request, "assessment/interviews/list.html", context)


def _lines(page: Any) -> list[dict[str, Any]]:
    return [{"row": row, "stage": _stage(row), "why": _why(row)} for row in page]


def _why(row: LeaderInterview) -> str:
    return "，".join(f"{one['year']}年第{one['rank']}/{one['of']}名" for one in row.results)


@permission(P.INTERVIEW_EDIT)
@require_POST
def interview_suggest(request: HttpRequest) -> HttpResponse:
    """The candidates of the year become suggestions that wait for the head."""
    form = SuggestForm(request.POST)
    if not filled(request, form):
        return redirect("interview_list")
    given = form.cleaned_data
    department = get_object_or_404(departments_of(request, P.INTERVIEW_EDIT), pk=given["department"])
    made = attempt(
        request,
        lambda: interview_actions.suggest(department, year=given["year"], by=request.user, at=request.now),
    )
    if made:
        messages.success(request, f"已把 {len(made)} 家单位列入约谈建议，由部领导确认。")
    elif made is not None:
        messages.info(request, "没有新的单位可以列入。")
    return redirect(f"{reverse('interview_list')}?department={department.pk}&year={given['year']}")


def _row(request: HttpRequest, pk: int, needed: Permission) -> LeaderInterview:
    rows = LeaderInterview.objects.open_to(request.user, needed)
    row: LeaderInterview = get_object_or_404(rows.select_related("committee", "department"), pk=pk)
    return row


@permission(P.INTERVIEW_READ)
@require_GET
def interview(request: HttpRequest, pk: int) -> HttpResponse:
    rows = LeaderInterview.objects.open_to(request.user, P.INTERVIEW_READ).select_related(
        "committee", "department", "suggested_by", "decided_by", "interviewer", "interviewee", "recorder"
    )
    row = get_object_or_404(rows, pk=pk)
    # a reviewer works inside; the unit's leader reads what was held
    reach = request.user.reach
    may = {
        "confirm": row.stage == InterviewStage.SUGGESTED and row.department.path in reach(P.INTERVIEW_CONFIRM).paths,
        "drop": row.stage in (InterviewStage.SUGGESTED, InterviewStage.CONFIRMED)
        and row.department.path in reach(P.INTERVIEW_CONFIRM).paths,
        "hold": row.stage == InterviewStage.CONFIRMED and row.department.path in reach(P.INTERVIEW_EDIT).paths,
        "finding": row.stage == InterviewStage.HELD and row.department.path in reach(P.INTERVIEW_EDIT).paths,
    }
    inside = row.department.path in reach(P.INTERVIEW_READ).paths
    promises = list(row.commitments.select_related("finding"))
    open_findings: set[int] = set()
    if request.user.may(P.FINDING_READ):
        shown = Finding.objects.open_to(request.user, P.FINDING_READ).filter(commitment__interview=row)
        open_findings = set(shown.values_list("pk", flat=True))
    context = {
        "interview": row, "stage": _stage(row), "why": _why(row), "may": may, "inside": inside, "promises": promises,
        "open_findings": open_findings, "finding_form": FindingOfForm() if may["finding"] else None,
        "events": history_of(row) if inside else [], "held": row.stage == InterviewStage.HELD,
    }  # fmt: skip
    return render(request, "assessment/interviews/interview.html", context)


@permission(P.INTERVIEW_CONFIRM)
@require_POST
def interview_confirm(request: HttpRequest, pk: int) -> HttpResponse:
    row = _row(request, pk, P.INTERVIEW_CONFIRM)
    form = ConfirmForm(request.POST)
    if filled(request, form) and attempt(
        request, lambda: interview_actions.confirm(row, **form.cleaned_data, by=request.user, at=request.now)
    ):
        messages.success(request, f"已确认约谈{row.committee}，由审核人安排并登记。")
    return redirect(row)


@permission(P.INTERVIEW_CONFIRM)
@require_POST
def interview_drop(request: HttpRequest, pk: int) -> HttpResponse:
    row = _row(request, pk, P.INTERVIEW_CONFIRM)
    form = DropForm(request.POST)
    if filled(request, form) and attempt(
        request, lambda: interview_actions.drop(row, **form.cleaned_data, by=request.user, at=request.now)
    ):
        messages.success(request, f"已决定不约谈{row.committee}。")
    return redirect(row)


@permission(P.INTERVIEW_EDIT)
@require_http_methods(["GET", "POST"])
def interview_hold(request: HttpRequest, pk: int) -> HttpResponse:
    """The record. Whoever led the unit on the day stands in the list of that day, so the day is asked first."""
    row = _row(request, pk, P.INTERVIEW_EDIT)
    if row.stage != InterviewStage.CONFIRMED:
        if request.method == "POST":
            messages.error(request, f"这次约谈现在是“{row.get_stage_display()}”，不能登记记录。")
        return redirect(row)
    posted = request.POST if request.method == "POST" else None
    days = _days(posted, request.today)
    people = _each_once(one for day in days for one in interview_actions.department_people(row.department_id, day))
    leaders = _each_once(one for day in days for one in interview_actions.leaders_on(row.committee_id, day))
    initial = {"version": row.version, "held_on": request.today, "recorder": request.user.person_id}
    if len(leaders) == 1:
        initial["interviewee"] = leaders[0].pk
    form = HoldForm(posted, people=people, leaders=leaders, initial=initial)
    rows = CommitmentFormSet(posted, prefix="promises", initial=None if posted else [{}] * BLANK_ROWS)
    status = 200
    if posted is not None and "add_row" not in posted:
        status = 422
        if form.is_valid() and rows.is_valid():
            done = attempt(
                request,
                lambda: interview_actions.hold(
                    row, **form.cleaned_data, commitments=commitments_of(rows), by=request.user, at=request.now
                ),
                form,
            )
            if done:
                messages.success(request, "约谈记录已登记，不能再改；被约谈单位的组长可以看到。")
                return redirect(row)
    elif posted is not None:
        data = posted.copy()
        data["promises-TOTAL_FORMS"] = str((outside.whole(posted.get("promises-TOTAL_FORMS"), most=999) or 0) + 1)
        rows = CommitmentFormSet(data, prefix="promises")
    context = {"interview": row, "form": form, "rows": rows, "why": _why(row)}
    return render(request, "assessment/interviews/hold.html", context, status=status)


def _days(posted: Any, today: date) -> list[date]:
    """This day, and the day that was typed: the action says who was the right one on it."""
    days = {today}
    if typed := outside.day((posted or {}).get("held_on")):
        days.add(typed)
    return sorted(days)


def _each_once(people: Iterable[Person]) -> list[Person]:
    return list({one.pk: one for one in people}.values())


@permission(P.INTERVIEW_EDIT)
@require_POST
def commitment_finding(request: HttpRequest, pk: int) -> HttpResponse:
    """A promise becomes a finding of the unit."""
    row = _row(request, pk, P.INTERVIEW_EDIT)
    form = FindingOfForm(request.POST)
    if filled(request, form):
        promise = get_object_or_404(row.commitments.select_related("interview"), pk=form.cleaned_data["commitment"])
        made = attempt(
            request,
            lambda: interview_actions.to_finding(
                promise, type=form.cleaned_data["type"], by=request.user, at=request.now
            ),
        )
        if made:
            messages.success(request, f"已提出问题 {made.number}，确认后由单位整改。")
    return redirect(row)
