"""Doors of one sheet: what it says, the unit's own scores, the verification, what would lift it, its editions, bonus, objection."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from roster.accounts.doors import attempt, filled, permission
from roster.accounts.roles import Permission
from roster.audit.history import history_of
from sessions_app.assessment import ground, run_actions, run_page
from sessions_app.assessment.models import (
    Assessment,
    AssessmentSheet,
    AssessmentStage,
    BonusRequest,
    Objection,
    ObjectionStage,
    SheetLine,
)
from sessions_app.assessment.run_forms import (
    BonusForm,
    CountsForm,
    DecideBonusForm,
    DecideForm,
    ObjectionForm,
    SelfForm,
    VerifyForm,
)
from sessions_app.assessment.specs import spec_of
from sessions_app.policies import calendar
from sessions_app.policies.rules import left_words

P = Permission
S = AssessmentStage
RELATED = ("committee", "assessment__committee", "assessment__scheme", "self_by", "verified_by")


def _sheet(request: HttpRequest, pk: int, needed: Permission) -> AssessmentSheet:
    """Of the unit or of the department; for the unit it does not exist before its self-scoring begins."""
    rows = AssessmentSheet.objects.open_to(request.user, needed).select_related(*RELATED)
    row: AssessmentSheet = get_object_or_404(rows, pk=pk)
    if row.assessment.stage not in run_page.OPEN and not run_page.sight(row, request.user).inside:
        raise Http404
    return row


def _inside(request: HttpRequest, pk: int) -> AssessmentSheet:
    """A sheet of the department the user works for; a unit's own right to it is another one."""
    rows = AssessmentSheet.objects.select_related(*RELATED)
    mine = Assessment.objects.open_to(request.user, P.ASSESS_EDIT)
    row: AssessmentSheet = get_object_or_404(rows, pk=pk, assessment__in=mine)
    return row


def _lines(row: AssessmentSheet) -> list[SheetLine]:
    return ground.lines_of([row])[row.pk]


@permission(P.ASSESS_READ)
@require_GET
def sheet(request: HttpRequest, pk: int) -> HttpResponse:
    return _shown(request, _sheet(request, pk, P.ASSESS_READ))


def _shown(
    request: HttpRequest, row: AssessmentSheet, *, status: int = 200, objection_form: Any = None, bonus_form: Any = None
) -> HttpResponse:
    run, user = row.assessment, request.user
    view = run_page.sight(row, user)
    own = AssessmentSheet.objects.filter(pk=row.pk)
    may = {
        "self": run.stage == S.SELF and row.self_at is None and own.open_to(user, P.ASSESS_SELF).exists() and not view.inside,
        "verify": run.stage == S.REVIEW and run.committee.path in user.reach(P.ASSESS_EDIT).paths,
        "counts": run.stage in (S.RULES, S.SELF) and run.committee.path in user.reach(P.ASSESS_EDIT).paths,
        "bonus": run.stage in (S.SELF, S.REVIEW) and bool(run.scheme.bonus_cap) and row.committee_id in user.reach(P.ASSESS_SELF).committee_ids,
        "object": _may_object(row, request),
    }  # fmt: skip
    requests = list(row.bonus_requests.select_related("asked_by", "decided_by").order_by("asked_at", "pk"))
    objection = run_page.objection_of(row)
    context = {
        "sheet": row, "run": run, "stage": run_page.stage_of(run), "view": view, "may": may, "final": run.stage == S.FINAL,
        "groups": run_page.groups(row, _lines(row), view), "figures": run_page.totals(row, view),
        "requests": requests, "objection": objection, "term": _term(run, request) if may["object"] else "",
        "objection_form": objection_form or (ObjectionForm() if may["object"] else None),
        "bonus_form": bonus_form or (BonusForm() if may["bonus"] else None),
        "events": history_of(row, *([objection] if objection else [])) if view.inside else [],
    }  # fmt: skip
    return render(request, "assessment/sheet.html", context, status=status)


def _may_object(row: AssessmentSheet, request: HttpRequest) -> bool:
    run = row.assessment
    if run.stage != S.PUBLIC or run.objection_until is None or request.today > run.objection_until:
        return False
    own = row.committee_id in request.user.reach(P.ASSESS_OBJECT).committee_ids
    return own and not Objection.objects.filter(sheet=row).exists()


def _term(run: Assessment, request: HttpRequest) -> str:
    until = run.objection_until
    if until is None:
        return ""
    working = calendar.load(request.today, max(request.today, until))
    left = left_words(until, request.today, working)
    return f"一张评分表只能申诉一次，截止{until.month}月{until.day}日，{left}。"


@permission(P.ASSESS_READ)
@require_GET
def sheet_change(request: HttpRequest, pk: int) -> HttpResponse:
    """怎样能提高: for each item short of its maximum the nearest step, the largest first."""
    row = _sheet(request, pk, P.ASSESS_READ)
    view = run_page.sight(row, request.user)
    lines = _lines(row)
    context = {
        "sheet": row, "run": row.assessment, "changes": run_page.changes(row, lines, view), "computed": bool(row.fingerprint),
        "final": row.assessment.stage == S.FINAL,
    }  # fmt: skip
    return render(request, "assessment/sheet_change.html", context)


@permission(P.ASSESS_READ)
@require_GET
def sheet_history(request: HttpRequest, pk: int) -> HttpResponse:
    row = _sheet(request, pk, P.ASSESS_READ)
    editions = run_page.history(row, run_page.sight(row, request.user))
    context = {"sheet": row, "run": row.assessment, "editions": editions}
    return render(request, "assessment/sheet_history.html", context)


# ----------------------------------------------------------------------------------------------------- the unit's own
@permission(P.ASSESS_SELF)
@require_http_methods(["GET", "POST"])
def sheet_self(request: HttpRequest, pk: int) -> HttpResponse:
    """The system's score is offered for every item; `submit` hands in, else it is kept for later."""
    row = _sheet(request, pk, P.ASSESS_SELF)
    posted = request.POST if request.method == "POST" else None
    if posted is None and (row.assessment.stage != S.SELF or row.self_at is not None):
        return redirect(row)
    lines = _lines(row)
    form = SelfForm(posted, lines=lines, initial={"version": row.version, "note": row.self_note})
    if posted is not None and form.is_valid():
        act = run_actions.submit_self if "submit" in posted else run_actions.save_self
        given = form.cleaned_data
        done = attempt(
            request,
            lambda: act(
                row, scores=form.scores(), note=given["note"], version=given["version"], by=request.user, at=request.now
            ),
            form,
        )
        if done:
            if "submit" in posted:
                messages.success(request, "自评已提交，宣传部复核后公示；提交后不能再改。")
                return redirect(row)
            messages.success(request, "已保存，还没有提交。")
            return redirect("sheet_self", row.pk)
    view = run_page.Sight(inside=False, told=False)
    context = {
        "sheet": row, "run": row.assessment, "form": form, "groups": _with_fields(run_page.groups(row, lines, view), form),
        "left": _self_left(request, row),
    }  # fmt: skip
    return render(request, "assessment/sheet_self.html", context, status=200 if posted is None else 422)


def _self_left(request: HttpRequest, row: AssessmentSheet) -> str:
    due = row.assessment.self_due_on
    if due is None:
        return ""
    working = calendar.load(min(request.today, due), max(request.today, due))
    return f"截止{due.month}月{due.day}日，{left_words(due, request.today, working)}"


def _with_fields(groups: list[run_page.Group], form: Any) -> list[dict[str, Any]]:
    return [
        {"group": group, "rows": [{"row": row, **form.bound(row.line)} for row in group.rows]} for group in groups
    ]  # fmt: skip


# ------------------------------------------------------------------------------------------------------- verification
@permission(P.ASSESS_EDIT)
@require_http_methods(["GET", "POST"])
def sheet_verify(request: HttpRequest, pk: int) -> HttpResponse:
    """Side by side: system, unit, reviewer. `counts`: the numbers people type, before; `save` keeps, `done` closes the sheet."""
    row = _inside(request, pk)
    run = row.assessment
    posted = request.POST if request.method == "POST" else None
    if posted is None and run.stage not in (S.RULES, S.SELF, S.REVIEW):
        return redirect(row)
    lines = _lines(row)
    specs = {item.key: item for item in spec_of(run.scheme).items}
    version = {"version": row.version}
    counts_sent = posted is not None and "counts" in posted
    counts = CountsForm(posted if counts_sent else None, lines=lines, specs=specs, initial=version, auto_id="c_%s")
    form = VerifyForm(
        posted if posted is not None and not counts_sent else None, lines=lines, handed=row.self_at is not None,
        initial=version,
    )  # fmt: skip
    if counts_sent and counts.is_valid():
        sent = counts.counts()
        if attempt(
            request,
            lambda: run_actions.save_counts(
                row, counts=sent, version=counts.cleaned_data["version"], by=request.user, at=request.now
            ),
            counts,
        ):
            messages.success(request, "人工计数已保存，系统分已按它重新计算。")
            return redirect("sheet_verify", row.pk)
    elif posted is not None and not counts_sent and form.is_valid():
        done = "done" in posted
        if attempt(
            request,
            lambda: run_actions.verify(
                row,
                scores=form.scores(),
                done=done,
                version=form.cleaned_data["version"],
                by=request.user,
                at=request.now,
            ),
            form,
        ):
            if not done:
                messages.success(request, "已保存，还没有复核完。")
                return redirect("sheet_verify", row.pk)
            messages.success(request, f"{row.committee}已复核完。")
            return _next_unverified(run) or redirect(row)
    requests = list(row.bonus_requests.select_related("asked_by", "decided_by").order_by("asked_at", "pk"))
    view = run_page.sight(row, request.user)
    context = {
        "sheet": row, "run": run, "form": form, "counts": counts, "requests": requests, "reviewing": run.stage == S.REVIEW,
        "groups": _with_fields(run_page.groups(row, lines, view), form), "bonus_form": DecideBonusForm(),
        "granted": row.bonus_requests.aggregate(total=Sum("granted"))["total"] or 0,
    }  # fmt: skip
    return render(request, "assessment/sheet_verify.html", context, status=200 if posted is None else 422)


def _next_unverified(run: Assessment) -> HttpResponse | None:
    """The next sheet that waits, in official order: a reviewer goes through them one after the other."""
    rows = AssessmentSheet.objects.filter(assessment=run, verified_at=None)
    rows = rows.order_by("committee__level_order", "committee__sort_order", "committee__code")
    pk = rows.values_list("pk", flat=True).first()
    return redirect("sheet_verify", pk) if pk else None


# -------------------------------------------------------------------------------------------------------------- bonus
@permission(P.ASSESS_SELF)
@require_POST
def bonus_new(request: HttpRequest, pk: int) -> HttpResponse:
    row = _sheet(request, pk, P.ASSESS_SELF)
    form = BonusForm(request.POST)
    if form.is_valid() and attempt(
        request, lambda: run_actions.ask_bonus(row, **form.cleaned_data, by=request.user, at=request.now), form
    ):
        messages.success(request, "加分申请已提交，由复核人核定。")
        return redirect(row)
    return _shown(request, row, status=422, bonus_form=form)


@permission(P.ASSESS_EDIT)
@require_POST
def bonus_decide(request: HttpRequest, pk: int) -> HttpResponse:
    mine = Assessment.objects.open_to(request.user, P.ASSESS_EDIT)
    row = get_object_or_404(BonusRequest.objects.select_related("sheet__assessment"), pk=pk, sheet__assessment__in=mine)
    form = DecideBonusForm(request.POST)
    if filled(request, form) and attempt(
        request, lambda: run_actions.decide_bonus(row, **form.cleaned_data, by=request.user, at=request.now)
    ):
        messages.success(request, "加分已核定。")
    if row.sheet.assessment.stage == S.REVIEW:
        return redirect("sheet_verify", row.sheet_id)
    return redirect("sheet", row.sheet_id)


# ---------------------------------------------------------------------------------------------------------- objection
@permission(P.ASSESS_OBJECT)
@require_POST
def objection_new(request: HttpRequest, pk: int) -> HttpResponse:
    row = _sheet(request, pk, P.ASSESS_OBJECT)
    form = ObjectionForm(request.POST)
    if form.is_valid() and attempt(
        request, lambda: run_actions.object_to(row, **form.cleaned_data, by=request.user, at=request.now), form
    ):
        messages.success(request, "申诉已提交，由另一位复核人复议。")
        return redirect(row)
    return _shown(request, row, status=422, objection_form=form)


@permission(P.ASSESS_READ)
@require_http_methods(["GET", "POST"])
def objection(request: HttpRequest, pk: int) -> HttpResponse:
    """What was objected and decided; for another reviewer than the one who verified, the decision with the scores."""
    rows = Objection.objects.open_to(request.user, P.ASSESS_READ).select_related("asked_by", "decided_by")
    row = get_object_or_404(rows, pk=pk)
    sheet = AssessmentSheet.objects.select_related(*RELATED).get(pk=row.sheet_id)
    view = run_page.sight(sheet, request.user)
    posted = request.POST if request.method == "POST" else None
    edits = sheet.assessment.committee.path in request.user.reach(P.ASSESS_EDIT).paths
    if posted is not None and not edits:
        raise Http404
    own = ground.is_same(request.user, sheet.verified_by)
    decides = edits and row.stage == ObjectionStage.ASKED and not own
    lines = _lines(sheet)
    form = None
    if decides or posted is not None:
        form = DecideForm(posted, lines=lines, initial={"version": row.version})
    if posted is not None and form is not None and form.is_valid():
        given, changes = form.cleaned_data, form.changed()
        done = attempt(
            request,
            lambda: run_actions.decide_objection(
                row,
                changes=changes,
                decision=given["decision"],
                version=given["version"],
                by=request.user,
                at=request.now,
            ),
            form,
        )
        if done:
            messages.success(request, "复议已办结，申诉单位可以看到。" + ("总分和名次已重新计算。" if changes else ""))
            return redirect("objection", row.pk)
    groups = run_page.groups(sheet, lines, view)
    context = {
        "objection": row, "sheet": sheet, "run": sheet.assessment, "view": view, "form": form, "own": own and edits,
        "groups": _with_fields(groups, form) if form else [], "tone": {"ASKED": "behind", "UPHELD": "muted", "CHANGED": "ok"}[row.stage],
    }  # fmt: skip
    return render(request, "assessment/objection.html", context, status=200 if posted is None else 422)
