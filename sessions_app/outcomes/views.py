"""Doors of outcomes: the list, one outcome with its conversion tree, and its moves."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from roster.accounts.doors import attempt, filled, permission
from roster.accounts.listing import ordered, page_of
from roster.accounts.models import User
from roster.accounts.roles import Permission
from roster.accounts.stale import overtaken
from roster.committees.models import Committee
from sessions_app.attachments.models import Attachment
from sessions_app.attendance.views import history_of
from sessions_app.outcomes import actions
from sessions_app.outcomes.forms import LinkForm, NoteForm, OutcomeFilter, OutcomeForm
from sessions_app.outcomes.models import Outcome, OutcomeStage
from sessions_app.outcomes.rules import MOVES
from sessions_app.outcomes.tree import tree_of
from sessions_app.sessions.models import TOOK_PLACE, ParticipationState, StudySession

P = Permission
TONES = {"REGISTERED": "near", "ADOPTED": "ok", "CONVERTED": "ok", "NOT_ADOPTED": "muted"}
SORTS = {
    "day": ("-day", "-pk"),
    "code": ("code",),
    "title": ("title", "pk"),
    "kind": ("kind", "-day"),
    "stage": ("stage", "-day"),
}


@permission(P.OUTCOME_READ)
@require_GET
def outcome_list(request: HttpRequest) -> HttpResponse:
    form = OutcomeFilter(request.GET, today=request.today)
    given = form.cleaned_data if form.is_valid() else {}
    rows = Outcome.objects.open_to(request.user, P.OUTCOME_READ).select_related(
        "committee", "study_session", "derived_from"
    )
    if given.get("q"):
        word = given["q"]
        rows = rows.filter(
            Q(title__icontains=word)
            | Q(authors__icontains=word)
            | Q(document_number__icontains=word)
            | Q(code__icontains=word)
        )
    if given.get("year"):
        rows = rows.filter(day__year=given["year"])
    for name, field in (("kind", "kind"), ("session", "study_session_id")):
        if given.get(name):
            rows = rows.filter(**{field: given[name]})
    if given.get("stage") == "withdrawn":
        rows = rows.filter(is_withdrawn=True)
    else:
        rows = rows.filter(is_withdrawn=False, **({"stage": given["stage"]} if given.get("stage") else {}))
    rows, sort = ordered(request, rows, SORTS, "day")
    page = page_of(request, rows)
    for row in page:
        row.tone = "muted" if row.is_withdrawn else TONES[row.stage]
        row.word = "已撤销" if row.is_withdrawn else row.get_stage_display()
    session = None
    if given.get("session"):
        session = StudySession.objects.open_to(request.user, P.SESSION_READ).filter(pk=given["session"]).first()
    acting = request.user.acting
    context = {
        "form": form,
        "page_obj": page,
        "sort": sort,
        "session": session,
        "own_committee": Committee.objects.filter(pk=acting.committee_id).first() if acting else None,
        "shown_year": given.get("year"),
        "filtered": any(request.GET.get(name) for name in form.fields),
        "may_add": request.user.may(P.OUTCOME_EDIT),
    }
    return render(request, "outcomes/list.html", context)


def _choices(user: User, committee: Committee | None = None, but: int | None = None) -> dict[str, Any]:
    """Committees the user registers for, their sessions that took place, and results that may be a source."""
    committees = Committee.objects.open_to(user, P.OUTCOME_EDIT).in_order()
    held = {"participations__committee__in": [committee] if committee else committees}
    sessions = StudySession.objects.filter(
        **held, participations__state=ParticipationState.ACCEPTED, stage__in=TOOK_PLACE
    ).distinct()
    sources = Outcome.objects.open_to(user, P.OUTCOME_READ).filter(is_withdrawn=False)
    sources = sources.exclude(stage=OutcomeStage.NOT_ADOPTED).exclude(pk=but)
    return {"committees": committees, "sessions": sessions.order_by("-day"), "sources": sources.order_by("-day", "-pk")}


@permission(P.OUTCOME_EDIT)
@require_http_methods(["GET", "POST"])
def outcome_new(request: HttpRequest) -> HttpResponse:
    start = {"day": request.today, "study_session": request.GET.get("session"), "derived_from": request.GET.get("from")}
    form = OutcomeForm(request.POST or None, request.FILES or None, initial=start, **_choices(request.user))
    if request.method == "POST" and form.is_valid():
        row = attempt(request, lambda: actions.register(**form.cleaned_data, by=request.user, at=request.now), form)
        if row is not None:
            messages.success(request, f"成果已登记，编码 {row.code}。")
            return redirect(row)
    context = {"form": form, "outcome": None}
    return render(request, "outcomes/edit.html", context, status=422 if request.method == "POST" else 200)


@permission(P.OUTCOME_READ)
@require_GET
def outcome(request: HttpRequest, pk: int) -> HttpResponse:
    rows = Outcome.objects.open_to(request.user, P.OUTCOME_READ).select_related(
        "committee", "study_session", "derived_from"
    )
    row = get_object_or_404(rows, pk=pk)
    edits = not row.is_withdrawn and Outcome.objects.open_to(request.user, P.OUTCOME_EDIT).filter(pk=pk).exists()
    readable = Outcome.objects.open_to(request.user, P.OUTCOME_READ)
    tree = tree_of(row)
    seen = set(readable.filter(pk__in=[branch.outcome.pk for branch in tree]).values_list("pk", flat=True))
    sources = _choices(request.user, row.committee, but=pk)["sources"]
    context = {
        "outcome": row,
        "tone": "muted" if row.is_withdrawn else TONES[row.stage],
        "word": "已撤销" if row.is_withdrawn else row.get_stage_display(),
        "tree": [(branch, branch.outcome.pk in seen) for branch in tree],
        "files": list(Attachment.objects.about(row)),
        "edits": edits,
        "may_adopt": edits and MOVES.may(row.stage, "adopt"),
        "may_reject": edits and MOVES.may(row.stage, "reject"),
        "link_form": LinkForm(initial={"version": row.version}, sources=sources)
        if edits and not row.derived_from_id
        else None,
        "events": history_of(row),
    }
    return render(request, "outcomes/outcome.html", context)


@permission(P.OUTCOME_EDIT)
@require_http_methods(["GET", "POST"])
def outcome_edit(request: HttpRequest, pk: int) -> HttpResponse:
    rows = Outcome.objects.open_to(request.user, P.OUTCOME_EDIT).select_related(
        "committee", "study_session", "derived_from"
    )
    row = get_object_or_404(rows, pk=pk)
    start = {name: getattr(row, name) for name in (*actions.FIELDS, "version")}
    form = OutcomeForm(request.POST or None, initial=start, editing=True, **_choices(request.user, row.committee))
    conflict = None
    if request.method == "POST" and form.is_valid():
        if attempt(request, lambda: actions.edit(row, **form.cleaned_data, by=request.user, at=request.now), form):
            messages.success(request, "成果已保存。")
            return redirect(row)
        conflict = overtaken(form, row, request.user)
    status = 409 if conflict else 422 if request.method == "POST" else 200
    return render(request, "outcomes/edit.html", {"form": form, "outcome": row, "conflict": conflict}, status=status)


def _act(
    request: HttpRequest, pk: int, form: Any, act: Callable[[Outcome, dict[str, Any]], Any], done: str
) -> HttpResponse:
    row = get_object_or_404(Outcome.objects.open_to(request.user, P.OUTCOME_EDIT), pk=pk)
    if filled(request, form) and attempt(request, lambda: act(row, form.cleaned_data)):
        messages.success(request, done)
    return redirect(row)


@permission(P.OUTCOME_EDIT)
@require_POST
def outcome_adopt(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(request, pk, NoteForm(request.POST), lambda row, given: actions.adopt(
        row, adoption=given["reason"], version=given["version"], by=request.user, at=request.now), "已登记采纳情况。")  # fmt: skip


@permission(P.OUTCOME_EDIT)
@require_POST
def outcome_reject(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(request, pk, NoteForm(request.POST), lambda row, given: actions.reject(
        row, reason=given["reason"], version=given["version"], by=request.user, at=request.now), "已标为未采纳。")  # fmt: skip


@permission(P.OUTCOME_EDIT)
@require_POST
def outcome_link(request: HttpRequest, pk: int) -> HttpResponse:
    form = LinkForm(request.POST, sources=_choices(request.user, but=pk)["sources"])
    return _act(request, pk, form, lambda row, given: actions.link(
        row, derived_from=given["derived_from"], version=given["version"], by=request.user, at=request.now),
        "已登记转化，来源成果标为已转化。")  # fmt: skip


@permission(P.OUTCOME_EDIT)
@require_POST
def outcome_unlink(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(request, pk, NoteForm(request.POST), lambda row, given: actions.unlink(
        row, reason=given["reason"], version=given["version"], by=request.user, at=request.now), "已解除来源。")  # fmt: skip


@permission(P.OUTCOME_EDIT)
@require_POST
def outcome_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(request, pk, NoteForm(request.POST), lambda row, given: actions.withdraw(
        row, reason=given["reason"], version=given["version"], by=request.user, at=request.now),
        "成果已撤销，不再计数。")  # fmt: skip
