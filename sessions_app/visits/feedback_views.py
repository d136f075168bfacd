"""Doors of a visit's feedback: the letter's page and its saving, its moves, the unit's answer, the end of the visit."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from roster.accounts.doors import attempt, filled, permission
from roster.accounts.roles import Permission
from roster.accounts.stale import last_hand
from roster.audit.forms import VersionForm
from roster.audit.moves import Refused, Stale
from sessions_app.attendance.views import history_of
from sessions_app.visits import feedback_actions as actions
from sessions_app.visits import feedback_page, feedback_rules
from sessions_app.visits.feedback_forms import FeedbackForm, NoteForm, ReplyForm
from sessions_app.visits.models import Feedback, ObservationVisit
from sessions_app.visits.seen import Seen, seen

P = Permission
RETURN_REASONS = ["请写得具体些，指出哪一场、哪一处", "请补充特色亮点", "请把问题分段写，一段一个"]
WITH = ("round__committee", "committee", "team", "study_session")


def _visit(request: HttpRequest, pk: int, needed: Permission) -> ObservationVisit:
    request.user.using = needed
    rows = ObservationVisit.objects.open_to(request.user, needed).select_related(*WITH)
    found: ObservationVisit = get_object_or_404(rows, pk=pk)
    return found


def _run(request: HttpRequest, pk: int) -> ObservationVisit:
    """One of the department's own: what it merely opened to look at, it does not decide."""
    visit = _visit(request, pk, P.FEEDBACK_APPROVE)
    if visit.round.committee.path not in request.user.reach(P.FEEDBACK_APPROVE).paths:
        raise Http404
    return visit


def _seen(request: HttpRequest, visit: ObservationVisit) -> Seen:
    return seen(visit, request.user, today=request.today, now=request.now)


def _page(
    request: HttpRequest, visit: ObservationVisit, *, form: FeedbackForm | None = None, reply: ReplyForm | None = None,
    refused: list[str] | None = None, conflict: dict[str, Any] | None = None,
) -> HttpResponse:  # fmt: skip
    feedback = feedback_page.feedback_of(visit)
    looker = _seen(request, visit)
    if not feedback_page.may_read(looker, feedback):
        raise Http404
    context = feedback_page.page(looker, feedback)
    if context["writable"]:
        context["form"] = form or FeedbackForm(feedback=feedback)
        if form is not None:
            context["length"] = feedback_rules.feedback_length(
                *(form.data.get(name, "") for name in feedback_rules.PARTS)
            )
    if context["replies"] and feedback is not None:
        context["reply_form"] = reply or ReplyForm(initial={"version": feedback.version, "reply": feedback.reply})
    context |= {
        "refused": refused or [], "conflict": conflict, "reasons": RETURN_REASONS,
        "events": history_of(feedback) if feedback and context["inside"] else [],
    }  # fmt: skip
    status = 409 if conflict else 422 if refused or (form and form.errors) or (reply and reply.errors) else 200
    return render(request, "visits/feedback.html", context, status=status)


# --------------------------------------------------------------------------------------------------------- writing
def _save(request: HttpRequest, visit: ObservationVisit, form: FeedbackForm) -> Feedback:
    """Equal texts are no conflict, whoever wrote them."""
    try:
        return actions.save(visit, **form.cleaned_data, by=request.user, at=request.now)
    except Stale:
        kept = feedback_page.feedback_of(visit)
        if kept is None or _conflict(kept, form, request.user)["fields"]:
            raise
        return kept


def _conflict(feedback: Feedback, form: FeedbackForm, user: Any) -> dict[str, Any]:
    """Both texts of every part that differs, and who saved meanwhile."""
    fields = []
    for name in actions.TEXTS:
        mine, kept = feedback_rules.clean(form.data.get(name, "")), getattr(feedback, name)
        if mine != kept:
            fields.append({"label": feedback_rules.PART_WORDS[name], "mine": mine, "saved": kept, "name": name})
    return {"fields": fields, **last_hand(feedback, user)}


def _at_now(form: FeedbackForm, feedback: Feedback | None) -> FeedbackForm:
    """The typed text with the version of today's row, so that the next saving is meant."""
    form.data = form.data.copy()
    form.data["version"] = str(feedback.version if feedback else 0)
    return form


@permission(P.VISIT_READ)
@require_http_methods(["GET", "POST"])
def visit_feedback(request: HttpRequest, pk: int) -> HttpResponse:
    """The letter: written by the observers, read by the others. POST saves it; `then=submit` hands it in."""
    if request.method == "GET":
        return _page(request, _visit(request, pk, P.VISIT_READ))
    visit = _visit(request, pk, P.VISIT_OBSERVE)
    form = FeedbackForm(request.POST)
    if not form.is_valid():
        return _page(request, visit, form=form)
    try:
        feedback = _save(request, visit, form)
        if request.POST.get("then") == "submit":
            feedback = actions.submit(visit, version=feedback.version, by=request.user, at=request.now)
            late = f"比规定晚了 {feedback.late_days} 个工作日，已如实记录。" if feedback.late_days else ""
            messages.success(request, f"反馈意见已提交审核。{late}")
        else:
            messages.success(request, "草稿已保存。")
    except Stale:
        kept = feedback_page.feedback_of(visit)
        conflict = _conflict(kept, form, request.user) if kept else {"fields": []}
        return _page(request, visit, form=_at_now(form, kept), conflict=conflict)
    except Refused as refusal:
        # What was typed is kept when it was the submission that was refused.
        kept = feedback_page.feedback_of(visit)
        return _page(request, visit, form=_at_now(form, kept), refused=refusal.reasons)
    return redirect("visit_feedback", pk=pk)


@permission(P.VISIT_OBSERVE)
@require_POST
def feedback_save(request: HttpRequest, pk: int) -> JsonResponse:
    """The page saves itself."""
    visit = _visit(request, pk, P.VISIT_OBSERVE)
    form = FeedbackForm(request.POST)
    if not form.is_valid():
        return JsonResponse({"errors": form.errors}, status=422)
    try:
        feedback = _save(request, visit, form)
    except Stale as stale:
        kept = feedback_page.feedback_of(visit)
        told = _conflict(kept, form, request.user) if kept else {"fields": [], "by": "", "at": ""}
        saved = {one["name"]: one["saved"] for one in told["fields"]}
        answer = {"version": stale.current_version, "by": told["by"], "at": told["at"], "saved": saved}
        return JsonResponse(answer, status=409)
    except Refused as refusal:
        return JsonResponse({"errors": {"__all__": refusal.reasons}}, status=422)
    return JsonResponse({"at": f"{request.now:%H:%M}", "version": feedback.version})


# ----------------------------------------------------------------------------------------------------------- moves
def _moved(request: HttpRequest, pk: int, act: Callable[[int], Any], said: str) -> HttpResponse:
    """A small form of the page: its version, the action, the word; back to the page whatever came of it."""
    form = VersionForm(request.POST)
    if filled(request, form) and attempt(request, lambda: act(form.cleaned_data["version"])):
        messages.success(request, said)
    return redirect("visit_feedback", pk=pk)


@permission(P.VISIT_OBSERVE)
@require_POST
def feedback_submit(request: HttpRequest, pk: int) -> HttpResponse:
    """Submission from elsewhere than the page itself, which saves first."""
    visit = _visit(request, pk, P.VISIT_OBSERVE)
    return _moved(
        request, pk, lambda version: actions.submit(visit, version=version, by=request.user, at=request.now),
        "反馈意见已提交审核。",
    )  # fmt: skip


@permission(P.FEEDBACK_APPROVE)
@require_POST
def feedback_return(request: HttpRequest, pk: int) -> HttpResponse:
    visit = _run(request, pk)
    form = NoteForm(request.POST)
    if filled(request, form) and attempt(
        request,
        lambda: actions.send_back(
            visit, note=form.cleaned_data["reason"], version=form.cleaned_data["version"], by=request.user,
            at=request.now,
        ),
    ):  # fmt: skip
        messages.success(request, "反馈意见已退回，旁听人会看到您的意见。")
    return redirect("visit_feedback", pk=pk)


@permission(P.FEEDBACK_APPROVE)
@require_POST
def feedback_issue(request: HttpRequest, pk: int) -> HttpResponse:
    visit = _run(request, pk)
    return _moved(
        request, pk, lambda version: actions.issue(visit, version=version, by=request.user, at=request.now),
        f"反馈意见已发给{visit.committee}，正文不再改动。",
    )  # fmt: skip


@permission(P.FEEDBACK_ANSWER)
@require_POST
def feedback_acknowledge(request: HttpRequest, pk: int) -> HttpResponse:
    visit = _visit(request, pk, P.FEEDBACK_ANSWER)
    return _moved(
        request, pk, lambda version: actions.acknowledge(visit, version=version, by=request.user, at=request.now),
        "已签收。请在期限内填写回复。",
    )  # fmt: skip


@permission(P.FEEDBACK_ANSWER)
@require_POST
def feedback_reply(request: HttpRequest, pk: int) -> HttpResponse:
    visit = _visit(request, pk, P.FEEDBACK_ANSWER)
    form = ReplyForm(request.POST)
    if form.is_valid() and attempt(
        request,
        lambda: actions.reply(
            visit, text=form.cleaned_data["reply"], version=form.cleaned_data["version"], by=request.user,
            at=request.now,
        ),
        form,
    ):  # fmt: skip
        messages.success(request, "回复已保存，主管部门会看到。")
        return redirect("visit_feedback", pk=pk)
    return _page(request, visit, reply=form)


@permission(P.FEEDBACK_APPROVE)
@require_POST
def visit_close(request: HttpRequest, pk: int) -> HttpResponse:
    visit = _run(request, pk)
    form = VersionForm(request.POST)
    if filled(request, form) and attempt(
        request, lambda: actions.close(visit, version=form.cleaned_data["version"], by=request.user, at=request.now)
    ):
        messages.success(request, "这次旁听已办结。问题的整改在问题清单里继续。")
    return redirect("visit_feedback", pk=pk)
