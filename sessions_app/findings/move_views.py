"""Doors of the moves of a finding: each posts, and ends at its page; what is refused comes back with what was typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from roster import outside
from roster.accounts.doors import attempt, filled, permission
from roster.accounts.roles import Permission
from roster.audit.moves import Refused
from sessions_app.findings import (
    actions,
    closing_actions,
    evidence_actions,
    extension_actions,
    ledger,
    plan_actions,
)
from sessions_app.findings.forms import (
    BackForm,
    BulkForm,
    DecideForm,
    EvidenceForm,
    ExtensionForm,
    KeepUpForm,
    MaybeNoteForm,
    NoteForm,
    ProgressForm,
    ReachForm,
    WithdrawForm,
)
from sessions_app.findings.models import Evidence, Extension, Finding, FindingStage, Milestone
from sessions_app.findings.views import plan_form, shown

P = Permission


def _row(request: HttpRequest, pk: int, name: Permission) -> Finding:
    row: Finding = get_object_or_404(Finding.objects.open_to(request.user, name), pk=pk)
    return row


def _noted(
    request: HttpRequest, row: Finding, form: Any, act: Callable[..., Any], said: str, **names: str
) -> HttpResponse:
    """A move from a confirm panel: `names` says under which name the action takes what the form calls so."""
    if filled(request, form):
        given = {names.get(name, name): value for name, value in form.cleaned_data.items() if names.get(name, name)}
        if attempt(request, lambda: act(row, **given, by=request.user, at=request.now)):
            messages.success(request, said)
    return redirect(row)


def _typed(
    request: HttpRequest, row: Finding, name: str, form: Any, act: Callable[..., Any], said: str
) -> HttpResponse:
    """A move with a form of its own on the page, which comes back as it was typed."""
    if form.is_valid() and attempt(
        request, lambda: act(row, **form.cleaned_data, by=request.user, at=request.now), form
    ):
        messages.success(request, said)
        return redirect(row)
    return shown(request, row, status=422, **{name: form})


# --------------------------------------------------------------------------------------------------- the department
@permission(P.FINDING_CONFIRM)
@require_POST
def finding_confirm(request: HttpRequest, pk: int) -> HttpResponse:
    row = _row(request, pk, P.FINDING_CONFIRM)
    form = MaybeNoteForm(request.POST)
    return _noted(request, row, form, actions.confirm, f"已确认问题 {row.number}，责任单位可以看到了。", note="")


@permission(P.FINDING_CONFIRM)
@require_POST
def finding_dismiss(request: HttpRequest, pk: int) -> HttpResponse:
    row = _row(request, pk, P.FINDING_CONFIRM)
    return _noted(
        request, row, NoteForm(request.POST), actions.dismiss, f"问题 {row.number} 已判为不成立。", note="reason"
    )


@permission(P.FINDING_CONFIRM)
@require_POST
def finding_agree(request: HttpRequest, pk: int) -> HttpResponse:
    row = _row(request, pk, P.FINDING_CONFIRM)
    form = MaybeNoteForm(request.POST)
    return _noted(request, row, form, plan_actions.agree_plan, "已认可整改措施，整改开始。", note="")


@permission(P.FINDING_CONFIRM)
@require_POST
def finding_return(request: HttpRequest, pk: int) -> HttpResponse:
    """Of an application: back to be put right, and counted. Of measures: to be handed in again."""
    row = _row(request, pk, P.FINDING_CONFIRM)
    planned = row.stage == FindingStage.OPEN
    act = plan_actions.return_plan if planned else closing_actions.send_back
    return _noted(request, row, NoteForm(request.POST), act, "已退回责任单位，意见已写明。")


@permission(P.FINDING_CLOSE)
@require_POST
def finding_close(request: HttpRequest, pk: int) -> HttpResponse:
    row = _row(request, pk, P.FINDING_CLOSE)
    return _noted(request, row, NoteForm(request.POST), closing_actions.close, f"问题 {row.number} 已销号。")


@permission(P.FINDING_CONFIRM)
@require_POST
def finding_keep_up(request: HttpRequest, pk: int) -> HttpResponse:
    row = _row(request, pk, P.FINDING_CONFIRM)
    return _typed(request, row, "keep_up_form", KeepUpForm(request.POST), plan_actions.keep_up, "已转为长期坚持。")


@permission(P.FINDING_CONFIRM)
@require_POST
def finding_resume(request: HttpRequest, pk: int) -> HttpResponse:
    row = _row(request, pk, P.FINDING_CONFIRM)
    return _noted(request, row, BackForm(request.POST), plan_actions.resume, "已恢复整改。", note="reason")


@permission(P.FINDING_CLOSE)
@require_POST
def finding_reopen(request: HttpRequest, pk: int) -> HttpResponse:
    row = _row(request, pk, P.FINDING_CLOSE)
    said = "已重开；原来的销号仍在经过里。"
    return _noted(request, row, BackForm(request.POST), closing_actions.reopen, said, note="reason")


@permission(P.FINDING_CONFIRM)
@require_POST
def extension_decide(request: HttpRequest, pk: int) -> HttpResponse:
    """`pk` is the extension's."""
    row = get_object_or_404(Extension.objects.open_to(request.user, P.FINDING_CONFIRM).select_related("finding"), pk=pk)
    form = DecideForm(request.POST)
    if filled(request, form):
        given = dict(form.cleaned_data)
        agree = given.pop("agree") == "yes"
        done = attempt(
            request, lambda: extension_actions.decide(row, agree=agree, **given, by=request.user, at=request.now)
        )
        if done:
            messages.success(request, "已同意延期，时限已改。" if agree else "已答复：不同意延期，时限不变。")
    return redirect(row.finding)


# --------------------------------------------------------------------------------------------------------- the unit
@permission(P.FINDING_RECTIFY)
@require_POST
def finding_plan(request: HttpRequest, pk: int) -> HttpResponse:
    row = _row(request, pk, P.FINDING_RECTIFY)
    form = plan_form(request, row, request.POST)
    return _typed(request, row, "plan_form", form, plan_actions.propose_plan, "已报送整改措施，等待认可。")


@permission(P.FINDING_RECTIFY)
@require_POST
def finding_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """A line of progress; with `milestone`, that step is done."""
    row = _row(request, pk, P.FINDING_RECTIFY)
    if request.POST.get("milestone"):
        form: Any = ReachForm(request.POST)
        if filled(request, form):
            step = get_object_or_404(Milestone, pk=form.cleaned_data["milestone"], finding=row)
            words = form.cleaned_data["note"]
            if attempt(request, lambda: plan_actions.reach(step, text=words, by=request.user, at=request.now)):
                messages.success(request, "节点已标为完成。")
        return redirect(row)
    form = ProgressForm(request.POST)
    if form.is_valid() and attempt(
        request,
        lambda: plan_actions.add_progress(row, text=form.cleaned_data["note"], by=request.user, at=request.now),
        form,
    ):
        messages.success(request, "进展已记下。")
        return redirect(row)
    return shown(request, row, status=422, progress_form=form)


@permission(P.FINDING_RECTIFY)
@require_POST
def evidence_new(request: HttpRequest, pk: int) -> HttpResponse:
    row = _row(request, pk, P.FINDING_RECTIFY)
    form = EvidenceForm(request.POST, request.FILES)
    voids = row.stage == FindingStage.SUBMITTED
    said = "佐证已提交。原来的销号申请随之作废，请重新申请。" if voids else "佐证已提交。"
    return _typed(request, row, "evidence_form", form, evidence_actions.file_evidence, said)


@permission(P.FINDING_RECTIFY)
@require_POST
def evidence_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """`pk` is the evidence's."""
    mine = Finding.objects.open_to(request.user, P.FINDING_RECTIFY)
    row = get_object_or_404(Evidence.objects.filter(finding__in=mine).select_related("finding"), pk=pk)
    form = WithdrawForm(request.POST)
    if filled(request, form) and attempt(
        request,
        lambda: evidence_actions.withdraw_evidence(row, **form.cleaned_data, by=request.user, at=request.now),
    ):
        messages.success(request, "佐证已撤回，记录仍在。")
    return redirect(row.finding)


@permission(P.FINDING_RECTIFY)
@require_POST
def finding_submit(request: HttpRequest, pk: int) -> HttpResponse:
    row = _row(request, pk, P.FINDING_RECTIFY)
    form = MaybeNoteForm(request.POST)
    return _noted(request, row, form, closing_actions.submit, "已申请销号，等待复核。", note="")


@permission(P.FINDING_RECTIFY)
@require_POST
def finding_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    row = _row(request, pk, P.FINDING_RECTIFY)
    form = MaybeNoteForm(request.POST)
    return _noted(request, row, form, closing_actions.withdraw, "已撤回申请。", note="reason")


@permission(P.FINDING_RECTIFY)
@require_POST
def extension_new(request: HttpRequest, pk: int) -> HttpResponse:
    row = _row(request, pk, P.FINDING_RECTIFY)
    form = ExtensionForm(request.POST)
    return _typed(
        request, row, "extension_form", form, extension_actions.ask, "已申请延期，等待答复；答复之前时限不变。"
    )


# ------------------------------------------------------------------------------------------------------------- many
@permission(P.FINDING_CONFIRM)
@require_POST
def findings_bulk(request: HttpRequest) -> HttpResponse:
    """Confirm, agree or return many, each by itself; what is refused is listed with its reasons. None is closed so."""
    asked = [key for text in request.POST.getlist("ids") if (key := outside.key(text))][:200]
    offered = list(
        ledger.with_names(Finding.objects.open_to(request.user, P.FINDING_CONFIRM).filter(pk__in=asked)).order_by("pk")
    )
    form = BulkForm(request.POST, offered=[row.pk for row in offered])
    if not filled(request, form):
        return redirect("finding_list")
    move, note = form.cleaned_data["move"], form.cleaned_data["note"]
    chosen = [row for row in offered if row.pk in set(form.cleaned_data["ids"])]
    if move == "close":
        refused = closing_actions.close_many(chosen, by=request.user, at=request.now)
        done: list[Finding] = []
    else:
        done, refused = _each(request, chosen, move, note)
    word = dict(BulkForm.MOVES)[move]
    if not refused:
        messages.success(request, f"已{word} {len(done)} 个问题。")
        return redirect("finding_list")
    context = {"word": word, "done": done, "refused": refused, "closing": move == "close"}
    return render(request, "findings/bulk.html", context, status=422)


def _each(
    request: HttpRequest, rows: list[Finding], move: str, note: str
) -> tuple[list[Finding], list[tuple[Finding, list[str]]]]:
    done, refused = [], []
    for row in rows:
        planned = row.stage == FindingStage.OPEN
        given: dict[str, Any] = {"version": row.version, "by": request.user, "at": request.now}
        try:
            match move:
                case "confirm":
                    actions.confirm(row, **given)
                case "agree":
                    plan_actions.agree_plan(row, **given)
                case _:
                    act = plan_actions.return_plan if planned else closing_actions.send_back
                    act(row, note=note, **given)
            done.append(row)
        except Refused as refusal:
            refused.append((row, refusal.reasons))
    return done, refused
