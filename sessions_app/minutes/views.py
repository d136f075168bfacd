"""Doors of minutes: the page, its saving, its moves; and the archiving of a session."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from roster.accounts.doors import attempt, filled, permission
from roster.accounts.roles import Permission
from roster.accounts.stale import last_hand
from roster.audit.moves import Refused, Stale
from sessions_app.attachments.models import Attachment
from sessions_app.attendance.views import history_of
from sessions_app.minutes import actions
from sessions_app.minutes.forms import MinutesForm, NoteForm, VersionForm
from sessions_app.minutes.models import Minutes, MinutesStage
from sessions_app.minutes.rules import WRITABLE
from sessions_app.minutes.skeleton import attendance_of, blocks, missing_for_archive, missing_in
from sessions_app.sessions.models import TOOK_PLACE, SessionStage, Speech, StudySession

P = Permission
TONES = {"DRAFT": "muted", "SUBMITTED": "near", "APPROVED": "ok", "RETURNED": "behind"}
RETURN_REASONS = ["请补全发言要点", "请核对请假事由", "请补充议定事项"]


def _minutes_of(session: StudySession) -> Minutes | None:
    row: Minutes | None = (
        Minutes.objects.filter(study_session=session)
        .select_related(
            "study_session__committee", "study_session__chair", "study_session__recorder", "author", "approver"
        )
        .prefetch_related("sections", "action_items")
        .first()
    )
    return row


def _form(session: StudySession, row: Minutes | None, data: Any = None) -> MinutesForm:
    items = row.action_items.order_by("id") if row else ()
    return MinutesForm(data, blocks=blocks(session, row), items=items, version=row.version if row else 0)


def _page(
    request: HttpRequest, session: StudySession, row: Minutes | None, *, form: MinutesForm | None = None,
    refused: list[str] | None = None, conflict: dict[str, Any] | None = None,
) -> HttpResponse:  # fmt: skip
    edits = StudySession.objects.open_to(request.user, P.MINUTES_EDIT).filter(pk=session.pk).exists()
    writable = edits and session.stage == SessionStage.HELD and (row is None or row.stage in WRITABLE)
    signs = (
        row is not None
        and row.stage == MinutesStage.SUBMITTED
        and Minutes.objects.open_to(request.user, P.MINUTES_APPROVE).filter(pk=row.pk).exists()
    )
    writer = signs and request.user.person_id in actions.writers(row)
    missing = missing_in(row) if row and writable else []
    archives = edits and session.stage == SessionStage.HELD
    lacking = missing_for_archive(session) if archives else []
    context = {
        "session": session,
        "minutes": row,
        "form": (form or _form(session, row)) if writable else None,
        "sheet": blocks(session, row),
        "writable": writable,
        "not_yet": session.stage not in TOOK_PLACE,
        "signs": signs and not writer,
        "own_text": writer,
        "tone": TONES[row.stage] if row else "muted",
        "missing": [{"word": word, "url": _mend(session, word), "done": False} for word in missing],
        "lacking": lacking,
        "archives": archives,
        "archive_ready": archives and not lacking,
        "attendance": attendance_of(session),
        "materials": list(session.materials.order_by("order")),
        "outlines": list(
            Speech.objects.filter(participation__study_session=session).exclude(text="").select_related("speaker")
        ),
        "extras": list(session.extras.all()),
        "corrections": list(session.corrections.filter(kind="MINUTES", stage="AGREED").order_by("number")),
        "scans": list(Attachment.objects.about(row)) if row else [],
        "edits": edits,
        "events": history_of(row) if row else [],
        "refused": refused or [],
        "conflict": conflict,
        "reasons": RETURN_REASONS,
    }
    return render(request, "minutes/minutes.html", context, status=409 if conflict else 422 if refused else 200)


def _mend(session: StudySession, word: str) -> str:
    """Where a missing thing is mended: the roll, the session's own page, or further down this page."""
    if "改为书面发言" in word or "的发言还是" in word:
        return reverse("session_speeches", args=[session.pk])
    if "考勤" in word or "事由" in word:
        host = session.participations.get(is_host=True)
        return reverse("roll", args=[host.pk])
    return session.get_absolute_url() if word.startswith("缺") and "总结" not in word else ""


def _conflict(row: Minutes, form: MinutesForm, user: Any) -> dict[str, Any]:
    """Both texts of every field that differs, and who saved meanwhile."""
    saved = _form(row.study_session, row)
    fields = []
    for name, field in form.fields.items():
        mine = form.data.get(name, "")
        kept = saved.fields[name].initial if name in saved.fields else ""
        kept = "" if kept is None else str(kept)
        if name in form.data and name != "version" and actions.clean(mine) != kept:
            fields.append({"label": field.label, "mine": mine, "saved": kept, "name": name})
    return {"fields": fields, **last_hand(row, user)}


def _save(request: HttpRequest, session: StudySession, form: MinutesForm) -> Minutes:
    """Equal texts are no conflict, whoever wrote them: what this form holds is what is kept."""
    try:
        return _save_changed(request, session, form)
    except Stale:
        row = _minutes_of(session)
        if row is None or _conflict(row, form, request.user)["fields"]:
            raise
        return row


def _save_changed(request: HttpRequest, session: StudySession, form: MinutesForm) -> Minutes:
    version = form.cleaned_data["version"]
    if not version:
        # Opened before the minutes were begun: who begins second finds them changed.
        began = actions.start(session, by=request.user, at=request.now)
        version = began.version if began.version == 1 else 0
        return actions.save(began, **form.values(), version=version, by=request.user, at=request.now)
    row = get_object_or_404(Minutes.objects.open_to(request.user, P.MINUTES_EDIT), study_session=session)
    return actions.save(row, **form.values(), version=version, by=request.user, at=request.now)


def _editable(request: HttpRequest, pk: int) -> StudySession:
    request.user.using = P.MINUTES_EDIT
    rows = StudySession.objects.open_to(request.user, P.MINUTES_EDIT).select_related("committee", "chair", "recorder")
    found: StudySession = get_object_or_404(rows, pk=pk)
    return found


@permission(P.MINUTES_READ)
@require_http_methods(["GET", "POST"])
def minutes(request: HttpRequest, pk: int) -> HttpResponse:
    """The minutes of a session: written on the left, with what flowed in on the right."""
    if request.method == "GET":
        rows = StudySession.objects.open_to(request.user, P.MINUTES_READ).select_related(
            "committee", "chair", "recorder"
        )
        session = get_object_or_404(rows, pk=pk)
        return _page(request, session, _minutes_of(session))
    session = _editable(request, pk)
    row = _minutes_of(session)
    form = _form(session, row, request.POST)
    if not form.is_valid():
        return _page(request, session, row, form=form, refused=["有几处填得不对，请按提示改好。"])
    try:
        row = _save(request, session, form)
        if request.POST.get("then") == "submit":
            row = actions.submit(row, version=row.version, by=request.user, at=request.now)
            messages.success(request, "学习记录已提交审签。组长、副组长会在“待我审批”里看到。")
        else:
            messages.success(request, "学习记录已保存。")
    except Stale:
        row = _minutes_of(session)
        conflict = _conflict(row, form, request.user) if row else {"fields": []}
        return _page(request, session, row, form=_with_version(form, row), conflict=conflict)
    except Refused as refusal:
        # What was typed is kept when it was the submission that was refused.
        row = _minutes_of(session)
        return _page(request, session, row, form=_with_version(form, row), refused=refusal.reasons)
    return redirect("minutes", pk=pk)


def _with_version(form: MinutesForm, row: Minutes | None) -> MinutesForm:
    form.data = form.data.copy()
    form.data["version"] = str(row.version if row else 0)
    return form


@permission(P.MINUTES_EDIT)
@require_POST
def minutes_autosave(request: HttpRequest, pk: int) -> JsonResponse:
    session = _editable(request, pk)
    row = _minutes_of(session)
    form = _form(session, row, request.POST)
    if not form.is_valid():
        return JsonResponse({"errors": form.errors}, status=422)
    try:
        row = _save(request, session, form)
    except Stale as stale:
        row = _minutes_of(session)
        told = _conflict(row, form, request.user) if row else {"fields": [], "by": "", "at": ""}
        saved = {one["name"]: one["saved"] for one in told["fields"]}
        answer = {"version": stale.current_version, "by": told["by"], "at": told["at"], "saved": saved}
        return JsonResponse(answer, status=409)
    except Refused as refusal:
        return JsonResponse({"errors": {"__all__": refusal.reasons}}, status=422)
    return JsonResponse({"at": f"{request.now:%H:%M}", "version": row.version})


@permission(P.MINUTES_EDIT)
@require_POST
def minutes_submit(request: HttpRequest, pk: int) -> HttpResponse:
    """Submission from elsewhere than the page itself, which saves first."""
    _editable(request, pk)
    row = get_object_or_404(Minutes.objects.open_to(request.user, P.MINUTES_EDIT), study_session_id=pk)
    form = VersionForm(request.POST)
    if filled(request, form) and attempt(
        request, lambda: actions.submit(row, version=form.cleaned_data["version"], by=request.user, at=request.now)
    ):
        messages.success(request, "学习记录已提交审签。")
    return redirect("minutes", pk=pk)


@permission(P.MINUTES_APPROVE)
@require_POST
def minutes_approve(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Minutes.objects.open_to(request.user, P.MINUTES_APPROVE), study_session_id=pk)
    form = VersionForm(request.POST)
    if filled(request, form) and attempt(
        request, lambda: actions.approve(row, version=form.cleaned_data["version"], by=request.user, at=request.now)
    ):
        messages.success(request, "学习记录已审签，正文锁定。学习秘书可以归档了。")
    return redirect("minutes", pk=pk)


@permission(P.MINUTES_APPROVE)
@require_POST
def minutes_send_back(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Minutes.objects.open_to(request.user, P.MINUTES_APPROVE), study_session_id=pk)
    form = NoteForm(request.POST)
    if filled(request, form) and attempt(
        request,
        lambda: actions.send_back(
            row, note=form.cleaned_data["reason"], version=form.cleaned_data["version"], by=request.user, at=request.now
        ),
    ):
        messages.success(request, "学习记录已退回，学习秘书会看到您的意见。")
    return redirect("minutes", pk=pk)


@permission(P.SESSION_EDIT)
@require_POST
def session_archive(request: HttpRequest, pk: int) -> HttpResponse:
    session = get_object_or_404(StudySession.objects.open_to(request.user, P.SESSION_EDIT), pk=pk)
    form = VersionForm(request.POST)
    if filled(request, form) and attempt(
        request, lambda: actions.archive(session, version=form.cleaned_data["version"], by=request.user, at=request.now)
    ):
        messages.success(request, "已归档。以后如有误，用“更正”修改。")
    return redirect(session)
