"""Doors of a visit's dossier: the pack, the checklist, the score sheet on a phone, interviews; sheets of a department."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from roster.accounts.doors import attempt, filled, permission
from roster.accounts.roles import Permission
from roster.audit.actions import SHANGHAI
from roster.audit.moves import Refused, Stale
from roster.committees.models import Committee
from sessions_app.visits import dossier, score_rules
from sessions_app.visits import dossier_actions as actions
from sessions_app.visits.dossier_forms import (
    InterviewForm,
    ReturnForm,
    ReviewForm,
    ScoreForm,
    SheetForm,
    VersionForm,
)
from sessions_app.visits.models import ObservationVisit, ScoreSheet, ScoreStage, VisitScore
from sessions_app.visits.rules import VISIT_MOVES
from sessions_app.visits.seen import Seen, seen

P = Permission
RELATED = ("round__committee", "committee", "team", "study_session__committee", "study_session__chair")


def _visit(request: HttpRequest, pk: int, needed: Permission) -> ObservationVisit:
    rows = ObservationVisit.objects.open_to(request.user, needed).select_related(*RELATED)
    found: ObservationVisit = get_object_or_404(rows, pk=pk)
    return found


def _seen(request: HttpRequest, visit: ObservationVisit) -> Seen:
    return seen(visit, request.user, today=request.today, now=request.now)


# ------------------------------------------------------------------------------------------------------ before


def _pack_page(request: HttpRequest, looking: Seen, form: ReviewForm | None = None) -> HttpResponse:
    """The pack with the checklist beside it; outside the window a page that says when it opens."""
    visit = looking.visit
    context: dict[str, Any] = {"visit": visit, "looking": looking}
    if not dossier.may_look(looking):
        context["shut"] = dossier.window(visit).words(request.today)
        return render(request, "visits/pack.html", context, status=404)
    if looking.observer is not None and VISIT_MOVES.may(visit.stage, "review"):
        shown = dossier.checks(visit, with_hints=True)
        context["form"] = form or ReviewForm(checks=shown, version=visit.version)
    return render(request, "visits/pack.html", context | dossier.pack(visit), status=422 if form else 200)


@permission(P.VISIT_READ)
@require_GET
def visit_pack(request: HttpRequest, pk: int) -> HttpResponse:
    """What a visit stands on: the plan, the session plan, materials, approved speech texts, filings."""
    return _pack_page(request, _seen(request, _visit(request, pk, P.VISIT_READ)))


@permission(P.VISIT_OBSERVE)
@require_POST
def visit_review(request: HttpRequest, pk: int) -> HttpResponse:
    visit = _visit(request, pk, P.VISIT_OBSERVE)
    looking = _seen(request, visit)
    if not dossier.may_look(looking):
        messages.error(request, f"现在不能审核：{dossier.window(visit).words(request.today)}")
        return redirect(visit)
    form = ReviewForm(request.POST, checks=dossier.checks(visit, with_hints=True))
    if form.is_valid() and attempt(
        request,
        lambda: actions.review(
            visit, answers=form.answers(), version=form.cleaned_data["version"], by=request.user, at=request.now
        ),
        form,
    ):
        messages.success(request, "会前对接审核已完成。")
        return redirect(visit)
    return _pack_page(request, looking, form)


# ------------------------------------------------------------------------------------------------------- scores


@permission(P.VISIT_OBSERVE)
@require_http_methods(["GET", "POST"])
def visit_score(request: HttpRequest, pk: int) -> HttpResponse:
    """An observer's own sheet. By script it is kept and sent as JSON; without, as any form."""
    visit = _visit(request, pk, P.VISIT_OBSERVE)
    looking = _seen(request, visit)
    if looking.observer is None:
        raise Http404
    score = dossier.score_of(visit, request.user.person_id)
    sheet = dossier.read(score.sheet) if score else dossier.sheet_for(visit, request.today)
    if request.method == "GET":
        return _score_page(request, looking, score, sheet)
    form = ScoreForm(request.POST, sheet=sheet)
    as_json = "application/json" in request.headers.get("Accept", "")
    act = actions.submit_score if request.POST.get("then") == "submit" else actions.save_score
    if not form.is_valid():
        if as_json:
            return JsonResponse({"errors": form.errors}, status=422)
        return _score_page(request, looking, score, sheet, form=form)
    try:
        row = act(visit, **form.values(), by=request.user, at=request.now)
    except Stale as stale:
        if as_json:
            return JsonResponse(_other(visit, request, stale.current_version), status=409)
        form.add_error(None, "这份评分在别处改过。您写的还在下面，请核对后再保存一次。")
        return _score_page(request, looking, score, sheet, form=_at_version(form, stale.current_version))
    except Refused as refusal:
        if as_json:
            return JsonResponse({"errors": {"__all__": refusal.reasons}}, status=422)
        for reason in refusal.reasons:
            form.add_error(None, reason)
        return _score_page(request, looking, score, sheet, form=form)
    if as_json:
        return JsonResponse(_kept(request, row, sheet))
    if row.stage == ScoreStage.SUBMITTED:
        messages.success(request, "评分表已提交。")
        return redirect(visit)
    messages.success(request, "评分表已保存，还没有提交。")
    return redirect("visit_score", pk=pk)


def _at_version(form: ScoreForm, version: int) -> ScoreForm:
    form.data = form.data.copy()
    form.data["version"] = str(version)
    return form


def _kept(request: HttpRequest, row: VisitScore, sheet: dossier.Sheet) -> dict[str, Any]:
    when = row.submitted_at or request.now
    return {
        "version": row.version, "stage": row.stage, "total": score_rules.plain(row.total),
        "band": score_rules.band(row.total, sheet.bands), "at": f"{when.astimezone(SHANGHAI):%H:%M}",
    }  # fmt: skip


def _other(visit: ObservationVisit, request: HttpRequest, version: int) -> dict[str, Any]:
    """What was kept meanwhile, for the page to show beside what is typed."""
    score = dossier.score_of(visit, request.user.person_id)
    sheet = dossier.read(score.sheet) if score else dossier.sheet_for(visit, request.today)
    return {"version": version, "by": "另一处打开的页面", "at": "", "saved": dossier.values(score, sheet)}


def _score_page(
    request: HttpRequest, looking: Seen, score: VisitScore | None, sheet: dossier.Sheet, form: ScoreForm | None = None
) -> HttpResponse:
    visit = looking.visit
    done = score is not None and score.stage == ScoreStage.SUBMITTED
    context: dict[str, Any] = {"visit": visit, "score": score, "done": done, "bands": sheet.bands}
    lines = {line.number: line for line in dossier.lines_of(score, sheet)}
    if done and score is not None:
        context["band"] = score_rules.band(score.total, sheet.bands)
        context["rows"] = [{"item": item, "line": lines[item.number]} for item in sheet.items]
    elif visit.stage in dossier.SCORING and visit.study_session is not None:
        version = score.version if score else 0
        form = form or ScoreForm(sheet=sheet, version=version, initial=dossier.values(score, sheet))
        hints = dossier.hints(visit, sheet) if dossier.may_look(looking) else {}
        context["form"] = form
        context["rows"] = [
            {
                "item": item, "most": score_rules.plain(item.most), "points": form[f"points-{item.number}"],
                "reason": form[f"reason-{item.number}"], "hint": hints.get(item.number),
            }
            for item in sheet.items
        ]  # fmt: skip
        context["band_rows"] = [[score_rules.plain(least), word] for least, word in sheet.bands]
    return render(request, "visits/score.html", context, status=422 if form is not None and form.is_bound else 200)


@permission(P.VISIT_EDIT)
@require_POST
def score_return(request: HttpRequest, pk: int) -> HttpResponse:
    """The department gives a submitted sheet back to its observer."""
    rows = VisitScore.objects.filter(visit__in=ObservationVisit.objects.open_to(request.user, P.VISIT_EDIT))
    score = get_object_or_404(rows.select_related("visit__round__committee", "person"), pk=pk)
    form = ReturnForm(request.POST)
    if filled(request, form) and attempt(
        request,
        lambda: actions.return_score(score, reason=form.cleaned_data["reason"], by=request.user, at=request.now),
    ):
        messages.success(request, f"{score.person}的评分表已退回。")
    return redirect(score.visit)


# ------------------------------------------------------------------------------------------------- at and after


@permission(P.VISIT_OBSERVE)
@require_POST
def visit_observe(request: HttpRequest, pk: int) -> HttpResponse:
    visit = _visit(request, pk, P.VISIT_OBSERVE)
    form = VersionForm(request.POST)
    if filled(request, form) and attempt(
        request, lambda: actions.observe(visit, version=form.cleaned_data["version"], by=request.user, at=request.now)
    ):
        messages.success(request, "已登记旁听，可以写反馈意见了。")
    return redirect(visit)


@permission(P.VISIT_OBSERVE)
@require_POST
def interview_new(request: HttpRequest, pk: int) -> HttpResponse:
    visit = _visit(request, pk, P.VISIT_OBSERVE)
    form = InterviewForm(request.POST)
    if filled(request, form):
        data = form.cleaned_data
        if attempt(
            request,
            lambda: actions.add_interview(
                visit,
                day=data["day"],
                who=data["who"],
                post=data["post"],
                text=data["note"],
                by=request.user,
                at=request.now,
            ),
        ):
            messages.success(request, "访谈已登记。")
    return redirect(f"{visit.get_absolute_url()}#part-after")


# -------------------------------------------------------------------------------------------------- score sheets


def _departments(request: HttpRequest) -> list[Committee]:
    """Where the user's own grants stand: each runs its own sheets."""
    paths = request.user.reach(P.VISIT_EDIT).paths
    return list(Committee.objects.filter(path__in=paths).in_order())


@permission(P.VISIT_EDIT)
@require_http_methods(["GET", "POST"])
def score_sheet_list(request: HttpRequest) -> HttpResponse:
    """A department's score sheets; POST makes the default its own, to be changed."""
    departments = _departments(request)
    if request.method == "POST":
        chosen = next((row for row in departments if str(row.pk) == request.POST.get("committee")), None)
        if chosen is None:
            messages.error(request, "请选择要建立评分表的单位。")
            return redirect("score_sheet_list")
        row = attempt(
            request,
            lambda: actions.default_sheet(
                chosen, since=request.today.replace(month=1, day=1), by=request.user, at=request.now
            ),
        )
        return redirect("score_sheet", pk=row.pk) if row else redirect("score_sheet_list")
    rows = ScoreSheet.objects.filter(committee__in=departments).select_related("committee").prefetch_related("items")
    own = {row.committee_id for row in rows}
    context = {
        "rows": rows, "without": [row for row in departments if row.pk not in own], "today": request.today,
        "default": score_rules.SHEET_NAME,
    }  # fmt: skip
    return render(request, "visits/score_sheets.html", context)


@permission(P.VISIT_EDIT)
@require_http_methods(["GET", "POST"])
def score_sheet(request: HttpRequest, pk: int) -> HttpResponse:
    """One sheet, changed here; once used it stays, and a new one holds from a day on."""
    rows = ScoreSheet.objects.filter(committee__in=_departments(request)).select_related("committee")
    row = get_object_or_404(rows, pk=pk)
    sheet = dossier.read(row)
    used = VisitScore.objects.filter(sheet=row).exists()
    since = request.today if used else row.since
    form = SheetForm(request.POST or None, sheet=sheet, since=since)
    if request.method == "POST" and form.is_valid():
        saved = attempt(
            request, lambda: actions.edit_sheet(row, **form.values(), by=request.user, at=request.now), form
        )
        if saved:
            messages.success(request, "评分表已保存。")
            return redirect("score_sheet", pk=saved.pk)
    context = {"sheet": row, "form": form, "used": used, "ended": row.until is not None and row.until < request.today}
    return render(request, "visits/score_sheet.html", context, status=422 if request.method == "POST" else 200)
