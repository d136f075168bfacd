"""Doors of runs: all of them, a new one, one with its units and its next move, the order of units and its export."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from roster.accounts.doors import attempt, filled, permission
from roster.accounts.listing import ordered, page_of
from roster.accounts.roles import Permission
from roster.audit.actions import record
from roster.audit.forms import VersionForm
from roster.audit.history import history_of
from sessions_app.assessment import ranking as order
from sessions_app.assessment import run_actions, run_page
from sessions_app.assessment.interview_views import departments_of
from sessions_app.assessment.models import Assessment, AssessmentStage
from sessions_app.assessment.run_forms import NewForm, OpenSelfForm, StateFilter
from sessions_app.policies import calendar, parameters
from sessions_app.policies.rules import left_words

P = Permission
S = AssessmentStage
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SORTS = {
    "committee": ("committee__level_order", "committee__sort_order", "committee__code"),
    "self": ("self_total", "committee__code"),
    "system": ("system_total", "committee__code"),
    "verified": ("verified_total", "committee__code"),
    "total": ("total", "committee__code"),
}


# --------------------------------------------------------------------------------------------------------- the runs
@permission(P.ASSESS_READ)
@require_GET
def assessment_home(request: HttpRequest) -> HttpResponse:
    """A department's runs; a unit's own sheets through the years, beside the median and nobody else."""
    reach = request.user.reach(P.ASSESS_READ)
    context: dict[str, Any] = {"wide": request.user.may(P.ASSESS_RANK), "may_edit": request.user.may(P.ASSESS_EDIT)}
    if context["wide"]:
        rows = Assessment.objects.open_to(request.user, P.ASSESS_RANK).select_related("committee", "scheme")
        sheets = Count("sheets", distinct=True)
        rows = rows.annotate(
            size=sheets, handed=Count("sheets", filter=Q(sheets__self_at__isnull=False), distinct=True),
            done=Count("sheets", filter=Q(sheets__verified_at__isnull=False), distinct=True),
        )  # fmt: skip
        page = page_of(request, rows.order_by("-year", "-number", "committee__level_order", "pk"))
        context |= {"page_obj": page, "lines": [{"run": row, "stage": run_page.stage_of(row)} for row in page]}
        newest = page.object_list[0] if page.number == 1 and len(page) else None
        context["going"] = newest if newest and newest.stage != S.FINAL else None
        context["several"] = departments_of(request, P.ASSESS_RANK).count() > 1
    if reach.committee_ids:
        context["years"] = [_year(sheet) for sheet in run_page.years(reach.committee_ids)]
        context["many"] = len(reach.committee_ids) > 1
        context["bars"] = [] if context["many"] else _bars(context["years"])
        own = context["own"] = request.user.reach(P.ASSESS_SELF).committee_ids
        owed = (one["sheet"] for one in context["years"] if one["sheet"].assessment.stage == S.SELF)
        context["owed"] = next((row for row in owed if row.self_at is None and row.committee_id in own), None)
    return render(request, "assessment/home.html", context)


def _year(sheet: Any) -> dict[str, Any]:
    told = sheet.assessment.stage in run_page.TOLD
    gap = None
    if told and sheet.total is not None and sheet.assessment.median is not None:
        gap = sheet.total - sheet.assessment.median
    said = "" if gap is None else f"高 {gap}" if gap > 0 else f"低 {-gap}" if gap < 0 else "相同"
    return {"sheet": sheet, "stage": run_page.stage_of(sheet.assessment), "told": told, "gap": said}


def _bars(years: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The years whose result is told, old first, as bars out of 100; one year shows no way."""
    found = [
        {
            "year": one["sheet"].assessment.year, "total": one["sheet"].total, "median": one["sheet"].assessment.median,
            "label": f"{one['sheet'].assessment.year}年 {one['sheet'].total}，中位数 {one['sheet'].assessment.median}",
        }
        for one in reversed(years)
        if one["told"] and one["sheet"].total is not None
    ]  # fmt: skip
    return found if len(found) > 1 else []


@permission(P.ASSESS_EDIT)
@require_http_methods(["GET", "POST"])
def assessment_new(request: HttpRequest) -> HttpResponse:
    posted = request.POST if request.method == "POST" else None
    year = request.today.year if request.today.month == 12 else request.today.year - 1
    initial = {"year": year, "as_of": date(year, 12, 31), "form_token": str(uuid.uuid4())}
    form = NewForm(posted, departments=departments_of(request, P.ASSESS_EDIT), initial=initial)
    if posted is not None and form.is_valid():
        given = dict(form.cleaned_data)
        department = given.pop("department")
        run = attempt(
            request,
            lambda: run_actions.open_assessment(department, **given, by=request.user, at=request.now),
            form,
        )
        if run:
            messages.success(request, f"已建立{run}，下一步核算。")
            return redirect(run)
    return render(request, "assessment/new.html", {"form": form}, status=200 if posted is None else 422)


# ---------------------------------------------------------------------------------------------------------- one run
def _run(request: HttpRequest, pk: int, needed: Permission = P.ASSESS_RANK) -> Assessment:
    rows = Assessment.objects.open_to(request.user, needed).select_related("committee", "scheme", "finalised_by")
    row: Assessment = get_object_or_404(rows, pk=pk)
    return row


@permission(P.ASSESS_RANK)
@require_GET
def assessment(request: HttpRequest, pk: int) -> HttpResponse:
    """How far it stands, the move that comes next, every unit."""
    run = _run(request, pk)
    form = StateFilter(request.GET)
    given = form.cleaned_data if form.is_valid() else {}
    rows: QuerySet = run_page.units(run, given.get("state", ""), given.get("q", ""))
    rows, sort = ordered(request, rows, SORTS, "committee")
    done = run_page.progress(run)
    may_edit = request.user.may(P.ASSESS_EDIT) and run.committee.path in request.user.reach(P.ASSESS_EDIT).paths
    context = {
        "run": run, "stage": run_page.stage_of(run), "form": form, "page_obj": page_of(request, rows), "sort": sort,
        "done": done, "said": run_page.said(done, run.stage), "may_edit": may_edit, "told": run.stage in run_page.TOLD,
        "weighs": run.stage not in (S.RULES, S.SELF), "next": run_page.next_step(run, done, request.today), "due_on": _due_on(run, request.today), "terms": _terms(run, request.today),
        "filtered": any(request.GET.get(name) for name in form.fields), "events": history_of(run),
        "again": may_edit and run.computed_at and run.stage in (S.RULES, S.SELF, S.REVIEW),
    }  # fmt: skip
    return render(request, "assessment/assessment.html", context)


def _due_on(run: Assessment, today: date) -> date | None:
    if run.stage != S.RULES or run.computed_at is None:
        return None
    return calendar.add_working_days(today, parameters.value("self_score_working_days", run.committee, today))


def _terms(run: Assessment, today: date) -> str:
    """自评截止, 申诉截止: what is left of the term that runs now."""
    term, word = (run.self_due_on, "自评截止") if run.stage == S.SELF else (run.objection_until, "申诉截止")
    if run.stage not in (S.SELF, S.PUBLIC) or term is None:
        return ""
    working = calendar.load(min(today, term), max(today, term))
    return f"{word}{term.month}月{term.day}日，{left_words(term, today, working)}"


DONE = {
    "compute": "已核算，分数见各单位的评分表。", "open_self": "已发起自评，各单位可以自评。",
    "start_review": "已转入复核。", "publish": "已公示，各单位可以看到自己的结果和中位数。",
    "finalise": "已定稿，可以导出用于年度考核。",
}  # fmt: skip


@permission(P.ASSESS_EDIT)
@require_POST
def assessment_move(request: HttpRequest, pk: int) -> HttpResponse:
    run = _run(request, pk, P.ASSESS_EDIT)
    verb = request.POST.get("verb", "")
    if verb not in DONE:
        raise Http404
    form = OpenSelfForm(request.POST) if verb == "open_self" else VersionForm(request.POST)
    act: Callable[..., Any] = getattr(run_actions, verb)
    if filled(request, form) and attempt(
        request, lambda: act(run, **form.cleaned_data, by=request.user, at=request.now)
    ):
        messages.success(request, DONE[verb])
    return redirect(run)


# ------------------------------------------------------------------------------------------------------ the ranking
@permission(P.ASSESS_RANK)
@require_GET
def ranking(request: HttpRequest, pk: int) -> HttpResponse:
    """The order of units. Reviewers and heads alone: for everybody else this place does not exist."""
    run = _run(request, pk)
    rows = order.ranked(run)
    sort = request.GET.get("sort", "rank")
    if sort != "rank":
        rows, sort = ordered(request, rows, order.SORTS, "rank")
    context = {
        "run": run, "stage": run_page.stage_of(run), "page_obj": page_of(request, rows), "sort": sort,
        "tied": order.tied(run), "final": run.stage == S.FINAL, "told": run.stage in run_page.TOLD,
    }  # fmt: skip
    return render(request, "assessment/ranking.html", context)


@permission(P.ASSESS_RANK)
@require_GET
def assessment_export(request: HttpRequest, pk: int) -> HttpResponse:
    """The result as a workbook, for the annual appraisal; what is not final says so."""
    run = _run(request, pk)
    note = f"{run.committee} · {run.get_stage_display()}"
    note += "" if run.stage == S.FINAL else "，尚未定稿，不得作为年度考核依据"
    note += f" · {run.scheme} · 中位数 {run.median if run.median is not None else '待补'}"
    note += f" · {request.user.display_name} {request.today}导出"
    content = order.sheet(run, note=note)
    record(run, verb="export", by=request.user, at=request.now, data={"stage": run.stage, "list": "考核结果"})
    response = HttpResponse(content, content_type=XLSX)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(f'{run.committee}{run}结果')}.xlsx"
    response["X-Content-Type-Options"] = "nosniff"
    return response
