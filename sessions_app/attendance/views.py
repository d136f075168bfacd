"""Doors of the roll, of leave and of make-up study."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from roster.accounts.doors import attempt, filled, permission
from roster.accounts.listing import ordered, page_of
from roster.accounts.models import User
from roster.accounts.roles import Permission
from roster.accounts.stale import last_hand
from roster.audit.history import history_of
from roster.audit.moves import Refused, Stale
from roster.people.models import Membership, Person
from sessions_app.attachments.models import Attachment
from sessions_app.attendance import actions
from sessions_app.attendance.forms import (
    DecideForm,
    LeaveFilter,
    LeaveForm,
    MakeUpFilter,
    MakeUpForm,
    NoteForm,
    RollForm,
    VersionForm,
)
from sessions_app.attendance.models import Attendance, LeaveRequest, LeaveStage, MakeUpStage, MakeUpStudy
from sessions_app.attendance.roll import Roll, RollPart, RollRow, open_roll
from sessions_app.policies import parameters
from sessions_app.policies.calendar import load
from sessions_app.policies.rules import DEADLINE_RULES, deadline
from sessions_app.sessions.models import Participation, SessionStage, StudySession

P = Permission
LEAVE_TONES = {"ASKED": "near", "AGREED": "ok", "REFUSED": "behind", "WITHDRAWN": "muted"}
MAKE_UP_TONES = {"DUE": "behind", "SUBMITTED": "near", "CONFIRMED": "ok", "RETURNED": "behind", "VOID": "muted"}
OPEN_MAKE_UPS = [MakeUpStage.DUE, MakeUpStage.SUBMITTED, MakeUpStage.RETURNED]
MARKS = (
    (Attendance.PRESENT, "出席", "", False),
    (Attendance.VIDEO, "视频", "near", False),
    (Attendance.ON_LEAVE, "请假", "behind", True),
    (Attendance.ABSENT, "缺席", "overdue", True),
)
WORDS = dict(Attendance.choices)


# ------------------------------------------------------------------------------------------------------------- roll
def _shown(row: RollRow, typed: dict[int, dict[str, Any]] | None, locked: bool) -> dict[str, Any]:
    """A row for components/roll_row.html: what was typed when the form comes back, else what is kept."""
    mark = (typed or {}).get(row.person_id)
    status = mark["status"] if mark else (None if typed is not None else row.status)
    reason = mark["reason"] if mark else row.reason
    away = status in (Attendance.ON_LEAVE, Attendance.ABSENT)
    return {
        "pk": row.person_id,
        "name": row.name,
        "post": row.post,
        "pinyin": row.pinyin,
        "marks": [
            {"value": value, "label": label, "tone": tone, "reason": asks, "checked": status == value}
            for value, label, tone, asks in MARKS
        ],
        "mark_name": f"mark-{row.person_id}",
        "reason_name": f"reason-{row.person_id}",
        "late_name": f"late-{row.person_id}",
        "early_name": f"early-{row.person_id}",
        "reason": reason,
        "late": mark["late"] if mark else row.late,
        "early": mark["early"] if mark else row.early,
        "note": row.note or ("" if row.status or locked else "还没记"),
        "note_tone": row.note_tone or "behind",
        "locked": locked,
        "is_default": not row.saved and typed is None and status is not None,
        "error": "请填写事由" if typed is not None and away and not reason.strip() else "",
    }


def _words(row: RollRow) -> str:
    if row.status is None:
        return "未记"
    extra = [word for word, on in (("迟到", row.late), ("早退", row.early)) if on] + (
        [row.reason] if row.reason else []
    )
    return f"{WORDS[row.status]}{'（' + '，'.join(extra) + '）' if extra else ''}"


def _totals(rows: list[RollRow]) -> dict[str, int]:
    """Marks that are kept; what a row merely starts from is not marked yet."""
    found = {label: sum(row.saved and row.status == value for row in rows) for value, label, _, _ in MARKS}
    found["未记"] = sum(not row.saved for row in rows)
    return {word: count for word, count in found.items() if count or word == "出席"}


def _chosen(roll: Roll, part: str | None) -> RollPart:
    """The part asked for, else the first that is open and not saved, else the first."""
    for one in roll.parts:
        if part and str(one.part.pk) == part:
            return one
    return next((one for one in roll.parts if one.is_open and not one.is_saved), roll.parts[0])


def _locked_because(participation: Participation, chosen: RollPart, keeps: bool, today: date) -> str:
    session = participation.study_session
    if session.stage == SessionStage.ARCHIVED:
        return "这场学习已归档，考勤只能通过“更正”修改。"
    if session.stage == SessionStage.CANCELLED:
        return "这场学习已取消，不记考勤。"
    if session.stage != SessionStage.HELD:
        return "学习召开之后才记考勤；这里先列出应到人员和请假情况。"
    if not chosen.is_open:
        return f"{chosen.part.day.month}月{chosen.part.day.day}日还没有到，到当天才能记考勤。"
    return "" if keeps else "由本委员会的学习秘书记考勤，您在这里查看。"


def _roll_page(
    request: HttpRequest, participation: Participation, *, form: RollForm | None = None, refused: list[str] | None = None,
    stale: bool = False,
) -> HttpResponse:  # fmt: skip
    session = participation.study_session
    roll = open_roll(participation, today=request.today)
    if not roll.parts:
        messages.warning(request, "这场学习还没有定时间，请先在方案里补上。")
        return redirect(session)
    chosen = _chosen(roll, request.POST.get("part") or request.GET.get("part"))
    keeps = Participation.objects.open_to(request.user, P.SESSION_EDIT).filter(pk=participation.pk).exists()
    locked = _locked_because(participation, chosen, keeps, request.today)
    typed = {mark["person"]: mark for mark in form.marks(chosen.rows)} if form else None
    conflict = _conflict(chosen, typed or {}, participation, request.user) if stale else None
    # The minutes stand a room above: asked for by the name of the relation.
    signed = StudySession.objects.filter(pk=session.pk, minutes__stage__in=["SUBMITTED", "APPROVED"]).exists()
    context = {
        "participation": participation,
        "session": session,
        "chosen": chosen,
        "tabs": [
            {"part": one.part, "current": one is chosen, "saved": one.is_saved, "open": one.is_open}
            for one in roll.parts
        ],
        "rows": [_shown(row, typed, bool(locked)) for row in chosen.rows],
        "totals": _totals(chosen.rows),
        "defaults": sum(not row.saved and row.status is not None for row in chosen.rows) if form is None else 0,
        # a later part of a roll already taken is not begun by the page itself: its draft keeps what was touched
        "saves_itself": chosen.is_saved or participation.roll_saved_at is None,
        "expected": len(chosen.rows),
        "last_reasons": roll.last_reasons,
        "locked": locked,
        "correctable": session.stage == SessionStage.ARCHIVED and request.user.may(P.CORRECTION_ASK) and keeps,
        "refused": refused or [],
        "conflict": conflict,
        "voids": signed and not locked,
        "extras": session.extras.count() if participation.is_host else 0,
        "scans": list(Attachment.objects.about(participation)),
        "keeps": keeps,
    }
    return render(request, "attendance/roll.html", context, status=409 if stale else 422 if refused else 200)


def _conflict(
    chosen: RollPart, typed: dict[int, dict[str, Any]], participation: Participation, user: User
) -> dict[str, Any]:
    """Where the typed roll and the kept one differ, and who kept it."""
    fields = []
    for row in chosen.rows:
        mark = typed.get(row.person_id)
        if mark is None:
            continue
        mine = RollRow(
            row.part_id, row.person_id, row.name, "", "", "", mark["status"] if mark["status"] in WORDS else None,
            mark["reason"], mark["late"], mark["early"],
        )  # fmt: skip
        if _words(mine) != _words(row):
            fields.append({"label": row.name, "mine": _words(mine), "saved": _words(row)})
    return {"fields": fields, **last_hand(participation, user)}


def _readable(request: HttpRequest, pk: int) -> Participation:
    rows = Participation.objects.open_to(request.user, P.ROLL_READ).select_related("study_session", "committee")
    found: Participation = get_object_or_404(rows, pk=pk)
    return found


def _keepable(request: HttpRequest, pk: int) -> Participation:
    rows = Participation.objects.open_to(request.user, P.SESSION_EDIT).select_related("study_session", "committee")
    found: Participation = get_object_or_404(rows, pk=pk)
    return found


@permission(P.ROLL_READ)
@require_http_methods(["GET", "POST"])
def roll(request: HttpRequest, pk: int) -> HttpResponse:
    """One committee's roll of one session: one screen, saved in one request."""
    if request.method == "GET":
        return _roll_page(request, _readable(request, pk))
    participation = _keepable(request, pk)
    form = RollForm(request.POST)
    opened = open_roll(participation, today=request.today)
    if not form.is_valid() or not opened.parts:
        return _roll_page(request, participation, refused=["页面已过期，请刷新后重填。"])
    chosen = _chosen(opened, request.POST.get("part"))
    try:
        actions.record_roll(
            participation,
            marks=form.marks(chosen.rows),
            version=form.cleaned_data["version"],
            by=request.user,
            at=request.now,
        )
    except Stale:
        participation.refresh_from_db()
        return _roll_page(request, participation, form=form, stale=True)
    except Refused as refusal:
        return _roll_page(request, participation, form=form, refused=refusal.reasons)
    messages.success(request, "考勤已保存。缺席和请假的，补学已自动安排。")
    left = [one for one in opened.parts if one.is_open and not one.is_saved and one is not chosen]
    if left:
        return redirect(f"{reverse('roll', args=[pk])}?part={left[0].part.pk}")
    if participation.is_host:
        return redirect("minutes", pk=participation.study_session_id)
    return redirect(participation.study_session)


@permission(P.SESSION_EDIT)
@require_POST
def roll_autosave(request: HttpRequest, pk: int) -> JsonResponse:
    """The same form, saved by itself: JSON for static/js/autosave.js."""
    participation = _keepable(request, pk)
    form = RollForm(request.POST)
    if not form.is_valid():
        return JsonResponse({"errors": {"__all__": ["页面已过期，请刷新后重填。"]}}, status=422)
    opened = open_roll(participation, today=request.today)
    if not opened.parts:
        return JsonResponse({"errors": {"__all__": ["这场学习还没有定时间，请先在方案里补上。"]}}, status=422)
    chosen = _chosen(opened, request.POST.get("part"))
    is_whole = "touched" not in request.POST or chosen.is_saved
    touched = set(request.POST.get("touched", "").split(","))
    kept = {row.person_id for row in chosen.rows if row.saved}
    marks = [
        mark for mark in form.marks(chosen.rows) if is_whole or mark["person"] in kept or str(mark["person"]) in touched
    ]
    try:
        row = actions.record_roll(
            participation,
            marks=marks,
            version=form.cleaned_data["version"],
            by=request.user,
            at=request.now,
            is_whole=is_whole,
        )
    except Stale as stale:
        conflict = _conflict(chosen, {}, participation, request.user)
        saved = {f"mark-{one.person_id}": one.status or "" for one in chosen.rows if one.saved}
        saved |= {f"reason-{one.person_id}": one.reason for one in chosen.rows if one.saved}
        answer = {"version": stale.current_version, "by": conflict["by"], "at": conflict["at"], "saved": saved}
        return JsonResponse(answer, status=409)
    except Refused as refusal:
        return JsonResponse({"errors": {"__all__": refusal.reasons}}, status=422)
    return JsonResponse({"at": f"{request.now:%H:%M}", "version": row.version})


# ------------------------------------------------------------------------------------------------------------ leave
def _askable(user: User, participation: Participation) -> Any:
    """For whom the user may ask: a secretary for every member of the days, a member for himself."""
    days = [part.day for part in participation.study_session.parts.all()] or [participation.day]
    reach = user.reach(P.LEAVE_ASK)
    rows = Membership.objects.filter(committee_id=participation.committee_id).during(min(days), max(days))
    if participation.committee_id not in reach.committee_ids:
        rows = rows.filter(person_id=user.person_id)
    return Person.objects.filter(pk__in=rows.values("person_id")).order_by("pinyin", "code")


@permission(P.LEAVE_ASK)
@require_http_methods(["GET", "POST"])
def leave_new(request: HttpRequest, pk: int) -> HttpResponse:
    rows = Participation.objects.open_to(request.user, P.LEAVE_ASK).select_related("study_session", "committee")
    participation = get_object_or_404(rows, pk=pk)
    session = participation.study_session
    people = _askable(request.user, participation)
    form = LeaveForm(request.POST or None, people=people, parts=session.parts.order_by("order"))
    if request.method == "POST" and form.is_valid():
        leave = attempt(
            request,
            lambda: actions.ask_leave(participation, **form.cleaned_data, by=request.user, at=request.now),
            form,
        )
        if leave is not None:
            done = "请假已记录。" if leave.is_recorded_only else "请假已提交，等组长审批。"
            messages.success(request, done)
            return redirect("leave_list")
    context = {"form": form, "participation": participation, "session": session, "nobody": not people.exists()}
    return render(request, "attendance/leave_new.html", context, status=422 if request.method == "POST" else 200)


LEAVE_READING = (P.ROLL_READ, P.LEAVE_ASK)


def _leaves(user: User) -> Any:
    """Every leave of the committees whose roll one reads; a member's own."""
    seen = LeaveRequest.objects.open_to(user, P.ROLL_READ) | LeaveRequest.objects.open_to(user, P.LEAVE_ASK)
    return seen.select_related(
        "person", "part", "participation__study_session", "participation__committee", "decided_by"
    )


LEAVE_SORTS = {
    "day": ("-participation__day", "-pk"),
    "person": ("person__pinyin", "-participation__day"),
    "asked": ("-asked_at",),
}


@permission(*LEAVE_READING)
@require_GET
def leave_list(request: HttpRequest) -> HttpResponse:
    form = LeaveFilter(request.GET)
    given = form.cleaned_data if form.is_valid() else {}
    rows = _leaves(request.user)
    if given.get("q"):
        rows = rows.filter(Q(person__name__icontains=given["q"]) | Q(person__pinyin__icontains=given["q"].lower()))
    for name in ("stage", "kind"):
        if given.get(name):
            rows = rows.filter(**{name: given[name]})
    rows, sort = ordered(request, rows, LEAVE_SORTS, "day")
    page = page_of(request, rows)
    decides = request.user.reach(P.LEAVE_DECIDE).committee_ids
    asks = request.user.reach(P.LEAVE_ASK)
    for row in page:
        row.tone = LEAVE_TONES[row.stage]
        own = row.person_id == request.user.person_id
        row.decidable = row.stage == LeaveStage.ASKED and row.committee_id in decides and not own
        before = row.participation.study_session.stage not in (SessionStage.HELD, SessionStage.ARCHIVED)
        mine = row.committee_id in asks.committee_ids or own
        row.withdrawable = (
            row.stage in (LeaveStage.ASKED, LeaveStage.AGREED)
            and mine
            and before
            and row.participation.day >= request.today
        )
    context = {
        "form": form,
        "page_obj": page,
        "sort": sort,
        "filtered": any(request.GET.get(name) for name in form.fields),
    }
    return render(request, "attendance/leave_list.html", context)


@permission(P.LEAVE_DECIDE)
@require_POST
def leave_decide(request: HttpRequest, pk: int) -> HttpResponse:
    leave = get_object_or_404(LeaveRequest.objects.open_to(request.user, P.LEAVE_DECIDE), pk=pk)
    form = DecideForm(request.POST)
    if filled(request, form):
        agree = form.cleaned_data["agree"] == "yes"
        done = attempt(
            request,
            lambda: actions.decide_leave(
                leave, agree=agree, note=form.cleaned_data["reason"], version=form.cleaned_data["version"],
                by=request.user, at=request.now,
            ),
        )  # fmt: skip
        if done is not None:
            messages.success(request, f"{leave.person.name}的请假已{'同意' if agree else '退回'}。")
    return redirect("leave_list")


@permission(P.LEAVE_ASK)
@require_POST
def leave_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    leave = get_object_or_404(LeaveRequest.objects.open_to(request.user, P.LEAVE_ASK), pk=pk)
    form = VersionForm(request.POST)
    if filled(request, form) and attempt(
        request,
        lambda: actions.withdraw_leave(leave, version=form.cleaned_data["version"], by=request.user, at=request.now),
    ):
        messages.success(request, "请假已撤回。")
    return redirect("leave_list" if request.user.may(P.ROLL_READ) else "my_study")


# ---------------------------------------------------------------------------------------------------------- make-up
MAKE_UP_READING = (P.ROLL_READ, P.MAKEUP_SUBMIT)


def _make_ups(user: User) -> Any:
    seen = MakeUpStudy.objects.open_to(user, P.ROLL_READ) | MakeUpStudy.objects.open_to(user, P.MAKEUP_SUBMIT)
    return seen.select_related("person", "participation__study_session", "participation__committee", "confirmed_by")


MAKE_UP_SORTS = {
    "due": ("due_on", "pk"),
    "person": ("person__pinyin", "due_on"),
    "day": ("-participation__day", "pk"),
}


def _tell_terms(rows: Sequence[MakeUpStudy], today: date) -> None:
    """Gives each row `left` and `left_tone`, by its committee's rules; nothing for what is settled. Two queries."""
    rules = parameters.values(DEADLINE_RULES, {row.participation.committee for row in rows}, today)
    dues = [today, *(row.due_on for row in rows)]
    days = load(min(dues), max(dues))
    for row in rows:
        row.left, row.left_tone = "", ""
        if row.stage in (MakeUpStage.DUE, MakeUpStage.RETURNED):
            row.left, row.left_tone = deadline(row.due_on, today, days, rules[row.committee_id])


@permission(*MAKE_UP_READING)
@require_GET
def make_up_list(request: HttpRequest) -> HttpResponse:
    form = MakeUpFilter(request.GET)
    given = form.cleaned_data if form.is_valid() else {}
    rows = _make_ups(request.user)
    if given.get("q"):
        rows = rows.filter(Q(person__name__icontains=given["q"]) | Q(person__pinyin__icontains=given["q"].lower()))
    match given.get("stage"):
        case "" | None if not given.get("session"):
            rows = rows.filter(stage__in=OPEN_MAKE_UPS)
        case "late":
            rows = rows.filter(stage__in=[MakeUpStage.DUE, MakeUpStage.RETURNED], due_on__lt=request.today)
        case "" | None | "all":
            rows = rows.exclude(stage=MakeUpStage.VOID)
        case "open":
            rows = rows.filter(stage__in=OPEN_MAKE_UPS)
        case stage:
            rows = rows.filter(stage=stage)
    if given.get("session"):
        rows = rows.filter(participation__study_session_id=given["session"])
    rows, sort = ordered(request, rows, MAKE_UP_SORTS, "due")
    page = page_of(request, rows)
    _tell_terms(list(page), request.today)
    for row in page:
        row.tone = MAKE_UP_TONES[row.stage]
    context = {
        "form": form,
        "page_obj": page,
        "sort": sort,
        "filtered": any(request.GET.get(name) for name in form.fields),
    }
    return render(request, "attendance/make_up_list.html", context)


@permission(*MAKE_UP_READING)
@require_http_methods(["GET", "POST"])
def make_up(request: HttpRequest, pk: int) -> HttpResponse:
    """One make-up study: the member or a secretary writes it, another person confirms it."""
    row = get_object_or_404(_make_ups(request.user), pk=pk)
    writes = MakeUpStudy.objects.open_to(request.user, P.MAKEUP_SUBMIT).filter(pk=pk).exists()
    writable = writes and row.stage in (MakeUpStage.DUE, MakeUpStage.RETURNED, MakeUpStage.SUBMITTED)
    start = {name: getattr(row, name) for name in ("done_on", "method", "content", "reflection", "version")}
    form = MakeUpForm(request.POST or None, initial=start)
    if request.method == "POST":
        if not writes:
            return redirect("make_up", pk=pk)
        if form.is_valid() and attempt(
            request, lambda: actions.submit_make_up(row, **form.cleaned_data, by=request.user, at=request.now), form
        ):
            messages.success(request, "补学已提交，等学习秘书或组长、副组长确认。")
            return redirect("make_up", pk=pk)
        row.refresh_from_db()
        if form.errors and form.data.get("version") != str(row.version):
            form.data = form.data.copy()
            form.data["version"] = str(row.version)
    own = row.person_id == request.user.person_id
    confirms = (
        row.stage == MakeUpStage.SUBMITTED
        and not own
        and MakeUpStudy.objects.open_to(request.user, P.MAKEUP_CONFIRM).filter(pk=pk).exists()
    )
    _tell_terms([row], request.today)
    context = {
        "row": row,
        "session": row.participation.study_session,
        "form": form,
        "writable": writable,
        "confirms": confirms,
        "tone": MAKE_UP_TONES[row.stage],
        "files": list(Attachment.objects.about(row)),
        "events": history_of(row),
        "may_upload": writable,
    }
    return render(request, "attendance/make_up.html", context, status=422 if request.method == "POST" else 200)


@permission(P.MAKEUP_CONFIRM)
@require_POST
def make_up_confirm(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(MakeUpStudy.objects.open_to(request.user, P.MAKEUP_CONFIRM), pk=pk)
    form = VersionForm(request.POST)
    if filled(request, form) and attempt(
        request,
        lambda: actions.confirm_make_up(row, version=form.cleaned_data["version"], by=request.user, at=request.now),
    ):
        messages.success(request, f"{row.person.name}的补学已确认，参学率已更新；出席率不变。")
    return redirect("make_up", pk=pk)


@permission(P.MAKEUP_CONFIRM)
@require_POST
def make_up_return(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(MakeUpStudy.objects.open_to(request.user, P.MAKEUP_CONFIRM), pk=pk)
    form = NoteForm(request.POST)
    if filled(request, form) and attempt(
        request,
        lambda: actions.return_make_up(
            row, note=form.cleaned_data["reason"], version=form.cleaned_data["version"], by=request.user, at=request.now
        ),
    ):
        messages.success(request, f"已退回，请{row.person.name}补充。")
    return redirect("make_up", pk=pk)
