"""Pages of speeches and of outside speakers' filings."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from roster import outside
from roster.accounts.doors import attempt, permission
from roster.accounts.listing import page_of
from roster.accounts.roles import Permission
from roster.accounts.stale import same
from roster.audit.history import history_of
from roster.audit.models import AuditEvent
from roster.audit.moves import Refused, Stale
from roster.committees.models import ScopedQuerySet
from sessions_app.plans.forms import differences, with_values
from sessions_app.sessions import filing_actions, rules, speech_actions
from sessions_app.sessions.forms import (
    FilingForm,
    MoveSpeechForm,
    ReviewForm,
    SpeechAddForm,
    SpeechForm,
    VersionForm,
    people_of,
)
from sessions_app.sessions.ground import away_from
from sessions_app.sessions.models import (
    FilingStage,
    Participation,
    ParticipationState,
    SessionStage,
    SpeakerFiling,
    Speech,
    SpeechKind,
    SpeechStage,
    StudySession,
)

TONES = {"DUE": "near", "SUBMITTED": "behind", "APPROVED": "ok", "RETURNED": "behind"}
FILING_TONES = {"PENDING": "behind", "APPROVED": "ok", "REFUSED": "overdue"}
RETURN_REASONS = ["请结合分管工作", "请补充对策建议", "请压缩篇幅"]


def _draft_of(event: AuditEvent) -> str:
    return f"（第 {event.data['edition']} 稿）" if "edition" in event.data else ""


# ------------------------------------------------------------------------------------------------ of a session
@permission(Permission.SESSION_READ)
@require_GET
def session_speeches(request: HttpRequest, pk: int) -> HttpResponse:
    session = get_object_or_404(
        StudySession.objects.select_related("committee").open_to(request.user, Permission.SESSION_READ), pk=pk
    )
    return _speeches(request, session)


def _speeches(
    request: HttpRequest, session: StudySession, *, bound: Any = None, at_row: int = 0, status: int = 200
) -> HttpResponse:
    taking = session.participations.filter(state=ParticipationState.ACCEPTED).select_related("committee")
    mine = set(taking.filter(_scope(request, Permission.SESSION_READ)).values_list("pk", flat=True))
    editable = set(taking.filter(_scope(request, Permission.SESSION_EDIT)).values_list("pk", flat=True))
    speeches: dict[int, list[Speech]] = {}
    rows = Speech.objects.open_to(request.user, Permission.SESSION_READ).filter(participation__study_session=session)
    for speech in rows.select_related("speaker", "reviewed_by"):
        speeches.setdefault(speech.participation_id, []).append(speech)
    open_stage = session.stage in rules.WRITABLE_STAGES
    groups = []
    for row in taking.order_by("-is_host", "pk"):
        if row.pk not in mine:
            continue
        form = None
        if row.pk in editable and open_stage:
            form = bound if bound is not None and at_row == row.pk else _add_form(row)
        groups.append({
            "row": row, "form": form,
            "speeches": [{"speech": s, "tone": TONES[s.stage]} for s in speeches.get(row.pk, [])],
        })  # fmt: skip
    return render(request, "sessions/speeches.html", {"session": session, "groups": groups}, status=status)


def _scope(request: HttpRequest, needed: Permission) -> Any:
    return ScopedQuerySet.scope(request.user.reach(needed))


def _add_form(row: Participation, data: Any = None) -> SpeechAddForm:
    form = SpeechAddForm(data, initial={"kind": "KEYNOTE"})
    members, _ = people_of(row.committee, row.day)
    form.fields["speaker"].offer(members)
    return form


@permission(Permission.SESSION_EDIT)
@require_POST
def speech_add(request: HttpRequest, pk: int) -> HttpResponse:
    rows = Participation.objects.open_to(request.user, Permission.SESSION_EDIT)
    row = get_object_or_404(rows.select_related("study_session__committee", "committee"), pk=pk)
    form = _add_form(row, request.POST)
    if form.is_valid():
        added = attempt(
            request, lambda: speech_actions.add_speech(row, **form.cleaned_data, by=request.user, at=request.now), form
        )
        if added:
            messages.success(request, f"已登记 {added.speaker} 的发言。")
            return redirect("session_speeches", pk=row.study_session_id)
    return _speeches(request, row.study_session, bound=form, at_row=row.pk, status=422)


# ------------------------------------------------------------------------------------------------ one speech
def _open(request: HttpRequest, pk: int, *needed: Permission) -> Speech:
    rows = Speech.objects.select_related(
        "speaker", "reviewed_by", "participation__committee", "participation__study_session"
    )
    found = [name for name in needed if request.user.may(name)]
    for name in found:
        speech = rows.open_to(request.user, name).filter(pk=pk).first()
        if speech is not None:
            return speech
    return get_object_or_404(rows.none(), pk=pk)


def _may(request: HttpRequest, speech: Speech, needed: Permission) -> bool:
    return request.user.may(needed) and Speech.objects.open_to(request.user, needed).filter(pk=speech.pk).exists()


@permission(Permission.SESSION_READ, Permission.SPEECH_WRITE)
@require_GET
def speech(request: HttpRequest, pk: int) -> HttpResponse:
    return _speech(request, _open(request, pk, Permission.SESSION_READ, Permission.SPEECH_WRITE))


def _speech(request: HttpRequest, speech: Speech, *, status: int = 200, **more: Any) -> HttpResponse:
    session = speech.participation.study_session
    open_stage = session.stage in rules.WRITABLE_STAGES
    may_write = open_stage and speech.stage in ("DUE", "RETURNED") and _may(request, speech, Permission.SPEECH_WRITE)
    own = request.user.person_id is not None and request.user.person_id in {
        speech.speaker_id,
        *speech_actions.handed_in_by(speech),
    }
    may_review = (
        open_stage and speech.stage == SpeechStage.SUBMITTED and _may(request, speech, Permission.SPEECH_REVIEW)
    )
    may_edit = (
        Participation.objects.open_to(request.user, Permission.SESSION_EDIT).filter(pk=speech.participation_id).exists()
    )
    move_form = None
    if may_edit and session.stage in (SessionStage.CANCELLED, *rules.BEFORE_STAGES):
        move_form = _move_form(speech)
    context = {
        "speech": speech, "session": session, "tone": TONES[speech.stage], "may_write": may_write,
        "may_review": may_review and not own, "blocked": may_review and own, "history": history_of(speech, more=_draft_of),
        "away": away_from([speech.participation]).get((speech.participation_id, speech.speaker_id), ""),
        "may_make_written": may_edit and open_stage and speech.kind != SpeechKind.WRITTEN,
        "move_form": move_form, "may_remove": may_edit and speech.stage == SpeechStage.DUE and not speech.edition,
        "form": SpeechForm(initial={name: getattr(speech, name) for name in ("version", "title", "text", "link_to_work", "proposal")}),
        "review_form": ReviewForm(initial={"version": speech.version}), "reasons": RETURN_REASONS, **more,
    }  # fmt: skip
    return render(request, "sessions/speech.html", context, status=status)


def _move_form(speech: Speech, data: Any = None) -> MoveSpeechForm | None:
    sessions = (
        StudySession.objects.filter(
            stage__in=rules.BEFORE_STAGES, participations__committee=speech.participation.committee_id,
            participations__state=ParticipationState.ACCEPTED,
        )
        .exclude(pk=speech.participation.study_session_id)
        .order_by("day")
        .distinct()
    )  # fmt: skip
    return MoveSpeechForm(data, sessions=sessions) if data is not None or sessions.exists() else None


@permission(Permission.SPEECH_WRITE)
@require_POST
def speech_submit(request: HttpRequest, pk: int) -> HttpResponse:
    row = _open(request, pk, Permission.SPEECH_WRITE)
    form = SpeechForm(request.POST)
    if form.is_valid():
        try:
            speech_actions.submit_speech(row, **form.cleaned_data, by=request.user, at=request.now)
        except Stale as stale:
            fresh = _open(request, pk, Permission.SPEECH_WRITE)
            names = ("title", "text", "link_to_work", "proposal")
            told = differences([(form.fields[n].label, form.cleaned_data[n], getattr(fresh, n)) for n in names])
            if not told:
                return same(request, fresh)
            form = SpeechForm(with_values(request.POST, version=stale.current_version))
            last = AuditEvent.objects.about(fresh).order_by("-seq").first()
            return _speech(request, fresh, status=409, form=form, conflict=told, last=last, may_write=True)
        except Refused as refusal:
            return _speech(request, row, status=422, form=form, refused=refusal.reasons)
        messages.success(request, "已提交，等组长或副组长审核。")
        return redirect("speech", pk=row.pk)
    return _speech(request, row, status=422, form=form)


@permission(Permission.SPEECH_REVIEW)
@require_POST
def speech_approve(request: HttpRequest, pk: int) -> HttpResponse:
    return _review(request, pk, approve=True)


@permission(Permission.SPEECH_REVIEW)
@require_POST
def speech_return(request: HttpRequest, pk: int) -> HttpResponse:
    return _review(request, pk, approve=False)


def _review(request: HttpRequest, pk: int, *, approve: bool) -> HttpResponse:
    row = _open(request, pk, Permission.SPEECH_REVIEW)
    form = ReviewForm(request.POST)
    if form.is_valid():
        note = form.cleaned_data["note"] or request.POST.get("reason", "")
        done = attempt(
            request,
            lambda: speech_actions.review_speech(
                row, approve=approve, note=note, version=form.cleaned_data["version"], by=request.user, at=request.now
            ),
            form,
        )
        if done:
            messages.success(request, "已审核通过，文稿定稿。" if approve else "已退改，发言人会看到意见。")
            return redirect("speech", pk=row.pk)
    return _speech(request, _open(request, pk, Permission.SPEECH_REVIEW), status=422, review_form=form)


@permission(Permission.SESSION_EDIT)
@require_POST
def speech_move(request: HttpRequest, pk: int) -> HttpResponse:
    row = _open(request, pk, Permission.SESSION_EDIT)
    form = _move_form(row, request.POST)
    if form is not None and form.is_valid():
        target = form.cleaned_data["to_session"]
        moved = attempt(
            request, lambda: speech_actions.move_speech(row, to_session=target, by=request.user, at=request.now), form
        )
        if moved:
            messages.success(request, f"已移到 {rules.day_words(target.day)}《{target.topic}》。")
            return redirect("speech", pk=row.pk)
    return _speech(request, _open(request, pk, Permission.SESSION_EDIT), status=422, move_form=form)


@permission(Permission.SESSION_EDIT)
@require_POST
def speech_written(request: HttpRequest, pk: int) -> HttpResponse:
    """Changed to a written one: the speaker was not there."""
    row = _open(request, pk, Permission.SESSION_EDIT)
    form = VersionForm(request.POST)
    if form.is_valid() and attempt(
        request,
        lambda: speech_actions.make_written(row, **form.cleaned_data, by=request.user, at=request.now),
    ):
        messages.success(request, f"已改为书面发言：{row.speaker}《{row.title}》。")
    return redirect("speech", pk=row.pk)


@permission(Permission.SESSION_EDIT)
@require_POST
def speech_remove(request: HttpRequest, pk: int) -> HttpResponse:
    row = _open(request, pk, Permission.SESSION_EDIT)
    session_id, name = row.participation.study_session_id, str(row.speaker)
    try:
        speech_actions.remove_speech(row, by=request.user, at=request.now)
        messages.success(request, f"已删去 {name} 的发言安排。")
    except Refused as refusal:
        for reason in refusal.reasons:
            messages.error(request, reason)
        return redirect("speech", pk=pk)
    return redirect("session_speeches", pk=session_id)


# ------------------------------------------------------------------------------------------------ 外请报告备案
@permission(Permission.SESSION_READ)
@require_GET
def filing_list(request: HttpRequest) -> HttpResponse:
    rows = SpeakerFiling.objects.open_to(request.user, Permission.SESSION_READ)
    stage = request.GET.get("stage", "")
    if stage in FilingStage.values:
        rows = rows.filter(stage=stage)
    page = page_of(
        request, rows.select_related("study_session__committee", "decided_by").order_by("-study_session__day", "-pk")
    )
    shown = [{"filing": row, "tone": FILING_TONES[row.stage]} for row in page]
    context = {"page_obj": page, "rows": shown, "stage": stage, "stages": FilingStage.choices}
    return render(request, "sessions/filings.html", context)


@permission(Permission.SESSION_EDIT)
@require_http_methods(["GET", "POST"])
def filing_new(request: HttpRequest, pk: int) -> HttpResponse:
    session = get_object_or_404(
        StudySession.objects.select_related("committee").open_to(request.user, Permission.SESSION_EDIT), pk=pk
    )
    unfiled = filing_actions.unfiled_speakers([session]).get(session.pk, [])
    form = FilingForm(request.POST or None, initial={"topic": session.topic, "speaker": unfiled[0] if unfiled else "",
                                                     "audience": "本委员会中心组成员"})  # fmt: skip
    if request.method == "POST" and form.is_valid():
        made = attempt(
            request,
            lambda: filing_actions.file_speaker(session, **form.cleaned_data, by=request.user, at=request.now),
            form,
        )
        if made:
            messages.success(request, "已报主管部门备案。")
            return redirect("filing", pk=made.pk)
    return render(
        request, "sessions/filing_new.html", {"session": session, "form": form}, status=422 if form.errors else 200
    )


def _filing(request: HttpRequest, pk: int, needed: Permission) -> SpeakerFiling:
    rows = SpeakerFiling.objects.select_related("study_session__committee", "decided_by")
    return get_object_or_404(rows.open_to(request.user, needed), pk=pk)


@permission(Permission.SESSION_READ)
@require_GET
def filing(request: HttpRequest, pk: int) -> HttpResponse:
    row = _filing(request, pk, Permission.SESSION_READ)
    may_decide = (
        row.stage == FilingStage.PENDING and request.user.may(Permission.FILING_DECIDE)
        and SpeakerFiling.objects.open_to(request.user, Permission.FILING_DECIDE).filter(pk=row.pk).exists()
    )  # fmt: skip
    facts = [
        {"label": "报告人", "value": row.speaker}, {"label": "单位", "value": row.unit}, {"label": "职务职称", "value": row.title or "—"},
        {"label": "报告题目", "value": row.topic}, {"label": "听众范围", "value": row.audience or "—"},
        {"label": "内容提要", "value": row.summary or "—"},
        {"label": "学习场次", "value": f"{rules.day_words(row.study_session.day)} {row.study_session.topic}",
         "url": row.study_session.get_absolute_url()},
    ]  # fmt: skip
    context = {
        "filing": row, "tone": FILING_TONES[row.stage], "may_decide": may_decide, "facts": facts, "history": history_of(row),
        "approve_url": reverse("filing_approve", args=[row.pk]), "refuse_url": reverse("filing_refuse", args=[row.pk]),
    }  # fmt: skip
    return render(request, "sessions/filing.html", context)


@permission(Permission.FILING_DECIDE)
@require_POST
def filing_approve(request: HttpRequest, pk: int) -> HttpResponse:
    return _decide(request, pk, approve=True)


@permission(Permission.FILING_DECIDE)
@require_POST
def filing_refuse(request: HttpRequest, pk: int) -> HttpResponse:
    return _decide(request, pk, approve=False)


def _decide(request: HttpRequest, pk: int, *, approve: bool) -> HttpResponse:
    row = _filing(request, pk, Permission.FILING_DECIDE)
    version = request.POST.get("version", "")
    done = attempt(
        request,
        lambda: filing_actions.decide_filing(
            row, approve=approve, note=request.POST.get("reason", ""), version=outside.whole(version),
            by=request.user, at=request.now,
        ),
    )  # fmt: skip
    if done:
        messages.success(request, "已备案。" if approve else "已答复不同意，报送单位会看到理由。")
    return redirect("filing", pk=pk)
