"""Pages of sessions: list, calendar, writing one on one page, its moves, invitations."""

import uuid
from datetime import date
from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from roster import outside
from roster.accounts.doors import attempt, permission
from roster.accounts.listing import page_of
from roster.accounts.roles import Permission
from roster.accounts.stale import same
from roster.audit.models import AuditEvent
from roster.audit.moves import Refused, Stale
from roster.committees.models import Committee
from sessions_app.plans.forms import with_values
from sessions_app.plans.models import PlanItem
from sessions_app.policies import parameters
from sessions_app.sessions import actions, filing_actions, prefill, rules
from sessions_app.sessions.conflicts import conflicts
from sessions_app.sessions.consequences import leaves_in_question
from sessions_app.sessions.forms import (
    TO_COME,
    TOOK_PLACE,
    AgendaFormSet,
    AnswerForm,
    ExtraFormSet,
    InviteForm,
    MaterialFormSet,
    MoveForm,
    PartFormSet,
    ReasonForm,
    SessionFilter,
    SessionForm,
    open_items,
    session_differences,
    typed_rows,
)
from sessions_app.sessions.models import (
    Participation,
    ParticipationState,
    SessionStage,
    Speech,
    SpeechStage,
    StudySession,
)
from sessions_app.sessions.quarters import quarters

STAGE_TONES = {
    "PREPARING": "muted", "SUBMITTED": "behind", "APPROVED": "near", "HELD": "near", "ARCHIVED": "ok", "CANCELLED": "muted",
}  # fmt: skip
DOTS = {"HELD": "held", "ARCHIVED": "archived", "CANCELLED": "cancelled"}
SORTS = {"day": ("day", "number"), "number": ("year", "number"), "committee": ("committee__code", "day")}
SETS = (("parts", PartFormSet, "day"), ("agenda", AgendaFormSet, "content"), ("materials", MaterialFormSet, "title"),
        ("extras", ExtraFormSet, "name"))  # fmt: skip


# ------------------------------------------------------------------------------------------------ list, calendar
def _narrowed(rows: QuerySet, wanted: dict[str, Any]) -> QuerySet:
    if wanted.get("year"):
        rows = rows.filter(year=wanted["year"])
    if wanted.get("quarter"):
        rows = rows.filter(day__month__range=(wanted["quarter"] * 3 - 2, wanted["quarter"] * 3))
    if wanted.get("month"):
        rows = rows.filter(day__month=wanted["month"])
    match wanted.get("stage"):
        case None | "":
            pass
        case stage if stage == TOOK_PLACE:
            rows = rows.counted()
        case stage if stage == TO_COME:
            rows = rows.filter(study_session__stage__in=rules.BEFORE_STAGES)
        case stage:
            rows = rows.filter(study_session__stage=stage)
    for name, field in (
        ("mode", "study_session__mode"),
        ("category", "study_session__category"),
        ("committee", "committee"),
    ):
        if wanted.get(name):
            rows = rows.filter(**{field: wanted[name]})
    if wanted.get("under"):
        top = Committee.objects.filter(pk=wanted["under"]).first()
        rows = rows.filter(committee__path__startswith=top.path) if top else rows.none()
    if wanted.get("late"):
        rows = rows.filter(study_session__late_days__gt=0)
    if text := wanted.get("q", "").strip():
        rows = rows.filter(
            Q(study_session__topic__icontains=text) | Q(committee__name__icontains=text)
            | Q(committee__pinyin__icontains=text.lower())
        )  # fmt: skip
    return rows


@permission(Permission.SESSION_READ)
@require_GET
def session_list(request: HttpRequest) -> HttpResponse:
    """One row a committee that takes part, under its own number: a joint session of two stands here twice."""
    query = request.GET if request.GET else None
    form = SessionFilter(query, today=request.today)
    valid = form.is_valid()
    wanted = form.cleaned_data if valid else {"year": request.today.year}
    if not request.GET:
        form = SessionFilter(initial=wanted, today=request.today)
    rows = Participation.objects.open_to(request.user, Permission.SESSION_READ).filter(
        state=ParticipationState.ACCEPTED
    )
    rows = _narrowed(rows, wanted)
    sort = request.GET.get("sort", "-day")
    fields = SORTS.get(sort.lstrip("-"), SORTS["day"])
    rows = rows.order_by(*(("-" if sort.startswith("-") else "") + name for name in fields), "pk")
    page = page_of(request, rows.select_related("study_session__chair", "committee"))
    clashes = conflicts([row.study_session for row in page if row.study_session.stage in rules.BEFORE_STAGES])
    unfiled = filing_actions.unfiled_speakers([row.study_session for row in page])
    shown = [
        {
            "row": row, "session": row.study_session, "tone": STAGE_TONES[row.study_session.stage],
            "rate": row.present_marks / row.expected_marks if row.unmarked_marks < row.expected_marks else None,
            "conflicts": clashes.get(row.study_session_id, []), "unfiled": unfiled.get(row.study_session_id, []),
        }
        for row in page
    ]  # fmt: skip
    context = {
        "form": form, "page_obj": page, "rows": shown, "may_make": request.user.may(Permission.SESSION_EDIT),
        "distinct": rows.values("study_session").distinct().count(), "many": len({row.committee_id for row in page}) > 1,
    }  # fmt: skip
    return render(request, "sessions/list.html", context)


@permission(Permission.SESSION_READ)
@require_GET
def session_calendar(request: HttpRequest) -> HttpResponse:
    """One committee's year: twelve months, four quarters."""
    scope = Committee.objects.open_to(request.user, Permission.SESSION_READ).in_order()
    own = request.user.acting.committee_id if request.user.acting else None
    asked = request.GET.get("committee", "")
    committee = (
        get_object_or_404(scope, pk=outside.key(asked)) if asked else scope.filter(pk=own).first() or scope.first()
    )
    if committee is None:
        raise Http404
    typed = request.GET.get("year", "")
    year = outside.whole(typed, least=2001, most=2199) or request.today.year
    minimum = int(parameters.value("sessions_per_quarter", committee, date(year, 12, 31)))
    view = quarters(committee.pk, year, minimum=minimum, today=request.today)
    rows = [row for quarter in view for row in quarter.rows]
    months = []
    for month in range(1, 13):
        found = [row for row in rows if row.day.month == month]
        dots = [
            {"state": _dot(row, request.today), "label": f"{rules.day_words(row.day)} {row.study_session.topic}"}
            for row in found
        ]
        months.append({
            "label": f"{month}月", "current": (year, month) == (request.today.year, request.today.month), "dots": dots,
            "url": f"{reverse('session_list')}?year={year}&month={month}&committee={committee.pk}" if found else "",
            "rows": [{"row": row, "session": row.study_session, "tone": STAGE_TONES[row.study_session.stage]} for row in found],
        })  # fmt: skip
    context = {
        "committee": committee, "year": year, "months": months, "quarters": view, "words": rules.QUARTER_WORDS,
        "may_make": request.user.may(Permission.SESSION_EDIT), "today": request.today,
        "years": [year - 1, year + 1], "committees": scope[:200],
    }  # fmt: skip
    return render(request, "sessions/calendar.html", context)


def _dot(row: Participation, today: date) -> str:
    stage = row.study_session.stage
    return DOTS.get(stage, "overdue" if row.day < today else "planned")


# ------------------------------------------------------------------------------------------------ writing
def _host(request: HttpRequest) -> Committee:
    """The committee the new session belongs to: the one asked for, the one acted for, the only one."""
    scope = Committee.objects.open_to(request.user, Permission.SESSION_EDIT)
    asked = request.GET.get("committee", "")
    if asked:
        return get_object_or_404(scope, pk=outside.key(asked))
    acting = request.user.acting
    committee = scope.filter(pk=acting.committee_id if acting else 0).first() or scope.in_order().first()
    if committee is None:
        raise Http404
    return committee


@permission(Permission.SESSION_EDIT)
@require_http_methods(["GET", "POST"])
def session_new(request: HttpRequest) -> HttpResponse:
    """From a plan item everything comes along; blank and 补录 are the same page with less."""
    item = None
    if request.GET.get("item"):
        rows = PlanItem.objects.select_related("plan__committee").open_to(request.user, Permission.SESSION_EDIT)
        item = get_object_or_404(rows, pk=outside.key(request.GET["item"]))
    committee = item.plan.committee if item else _host(request)
    if request.method == "GET":
        if not (item or "blank" in request.GET or "late" in request.GET):
            return _choose(request, committee)
        known = prefill.for_session(committee, request.today, item, request.user)
        usual = prefill.usual(committee)
        head = SessionForm(
            committee=committee, people_day=request.today, item=item,
            initial={
                "form_token": str(uuid.uuid4()), "topic": known.topic or request.GET.get("topic", "")[:200], "plan_item": item.pk if item else "",
                "mode": known.mode or "DISCUSSION", "category": known.category, "form": "GROUP_STUDY",
                "chair": known.chair.pk if known.chair else "", "recorder": known.recorder.pk if known.recorder else "",
                "contact": known.contact, "place": usual.place, "leave_rule": usual.leave_rule,
                "starts_at": usual.starts_at, "ends_at": usual.ends_at, "days": usual.days,
            },
        )  # fmt: skip
        agenda = [{**row, "lead_reader": row["lead_reader"].pk if row["lead_reader"] else ""} for row in known.agenda]
        sets = _sets(None, head.members, agenda=agenda, materials=known.materials)
        return _editor(request, committee, head, sets, item=item, speakers=known.speakers)
    head, sets, rows = _posted(request, committee, item=item)
    if "add" not in request.POST and _valid(head, sets):
        day = head.cleaned_data["day"]
        values = head.head()
        made = attempt(
            request,
            lambda: actions.create(
                committee=committee, day=day, **values, parts=[head.first_part(day), *rows["parts"]], agenda=rows["agenda"],
                materials=rows["materials"], extras=rows["extras"], late_reason=head.cleaned_data["late_reason"],
                typed_fields=head.cleaned_data["typed_fields"] or 0, form_token=head.cleaned_data["form_token"],
                by=request.user, at=request.now,
            ),
            head,
        )  # fmt: skip
        if made:
            number = made.participations.get(is_host=True).number
            late = f"，补录 {made.late_days} 天" if made.late_days else ""
            messages.success(request, f"已建立 {made.day.year} 年第 {number} 次学习{late}。")
            _warn(request, made)
            return redirect(made)
    return _editor(request, committee, head, sets, item=item, status=200 if "add" in request.POST else 422)


def _choose(request: HttpRequest, committee: Committee) -> HttpResponse:
    items = open_items(committee, request.today.year)
    used = set(
        Participation.objects.filter(committee=committee, year=request.today.year, plan_item__isnull=False)
        .exclude(study_session__stage=SessionStage.CANCELLED)
        .values_list("plan_item__serial", flat=True)
    )
    rows = [{"item": item, "used": item.serial in used} for item in items]
    context = {"committee": committee, "rows": rows, "year": request.today.year}
    return render(request, "sessions/choose.html", context)


def _sets(data: Any, people: list[Any], **initial: Any) -> dict[str, Any]:
    made = {}
    for name, kind, _ in SETS:
        rows = [dict(row) for row in initial.get(name, [])]
        made[name] = (
            kind(data, prefix=name, people=people)
            if data is not None
            else kind(initial=rows, prefix=name, people=people)
        )
    return made


def _posted(
    request: HttpRequest, committee: Committee, *, session: StudySession | None = None, item: PlanItem | None = None
) -> tuple[SessionForm, dict[str, Any], dict[str, list[dict[str, Any]]]]:
    data = request.POST
    if data.get("add") in {name for name, _, _ in SETS}:  # without script the button asks for one more row
        key = f"{data['add']}-TOTAL_FORMS"
        count = outside.whole(data.get(key), most=999) or 0
        data = with_values(data, **{key: count + 1})
    typed = data.get("day", "")
    people_day = session.day if session else outside.day(typed) or request.today
    head = SessionForm(data, committee=committee, people_day=people_day, session=session, item=item)
    sets = _sets(data, head.members)
    rows = {}
    for name, _, key in SETS:
        sets[name].is_valid()
        rows[name] = typed_rows(sets[name], key)
    return head, sets, rows


def _valid(head: SessionForm, sets: dict[str, Any]) -> bool:
    return head.is_valid() & all(found.is_valid() for found in sets.values())


@permission(Permission.SESSION_EDIT)
@require_http_methods(["GET", "POST"])
def session_edit(request: HttpRequest, pk: int) -> HttpResponse:
    session = _open(request, pk, Permission.SESSION_EDIT)
    committee, host = session.committee, session.participations.select_related("plan_item__plan").get(is_host=True)
    if request.method == "GET":
        if session.stage not in rules.WRITABLE_STAGES:
            messages.info(request, f"这场学习现在是“{session.get_stage_display()}”，不能再改。")
            return redirect(session)
        parts = list(session.parts.order_by("order").values("day", "starts_at", "ends_at", "days"))
        first = parts[0]
        head = SessionForm(
            committee=committee, people_day=session.day, session=session, item=host.plan_item,
            initial={
                **{name: getattr(session, name) for name in SessionForm.head_names if name != "plan_item"},
                "chair": session.chair_id or "", "recorder": session.recorder_id or "", "plan_item": host.plan_item_id or "",
                "version": session.version, **{name: first[name] for name in ("starts_at", "ends_at", "days")},
            },
        )  # fmt: skip
        sets = _sets(
            None, head.members, parts=parts[1:], materials=session.materials.values("id", "title", "release_type", "sent_on"),
            agenda=session.agenda.values("id", "kind", "content", "lead_reader", "minutes"),
            extras=session.extras.values("id", "name", "post", "is_outside_speaker"),
        )  # fmt: skip
        return _editor(request, committee, head, sets, session=session, item=host.plan_item)
    head, sets, rows = _posted(request, committee, session=session, item=host.plan_item)
    if "add" in request.POST:
        return _editor(request, committee, head, sets, session=session, item=host.plan_item)
    if _valid(head, sets):
        parts = [head.first_part(session.day), *rows["parts"]]
        try:
            saved = actions.save_plan(
                session, head=head.head(), parts=parts, agenda=rows["agenda"], materials=rows["materials"],
                extras=rows["extras"], typed_fields=head.cleaned_data["typed_fields"] or 0,
                version=head.cleaned_data["version"], by=request.user, at=request.now,
            )  # fmt: skip
        except Stale as stale:
            fresh = _open(request, pk, Permission.SESSION_EDIT)
            conflict = session_differences(
                fresh, head.cleaned_data, parts, rows["agenda"], rows["materials"], rows["extras"]
            )
            if not conflict:
                return same(request, fresh)
            head = SessionForm(
                with_values(request.POST, version=stale.current_version), committee=committee, people_day=fresh.day,
                session=fresh, item=host.plan_item,
            )  # fmt: skip
            last = AuditEvent.objects.about(fresh).order_by("-seq").first()
            return _editor(
                request,
                committee,
                head,
                sets,
                session=fresh,
                item=host.plan_item,
                conflict=conflict,
                last=last,
                status=409,
            )
        except Refused as refusal:
            return _editor(
                request,
                committee,
                head,
                sets,
                session=session,
                item=host.plan_item,
                refused=refusal.reasons,
                status=422,
            )
        voided = session.stage in ("SUBMITTED", "APPROVED") and saved.stage == SessionStage.PREPARING
        messages.success(request, "已保存。" + ("方案有改动，审定作废，请重新提交审定。" if voided else ""))
        _warn(request, saved)
        return redirect(saved)
    return _editor(request, committee, head, sets, session=session, item=host.plan_item, status=422)


def _editor(
    request: HttpRequest, committee: Committee, head: SessionForm, sets: dict[str, Any], *, status: int = 200,
    session: StudySession | None = None, **more: Any,
) -> HttpResponse:  # fmt: skip
    context = {
        "committee": committee, "head": head, **sets, "sets": list(sets.values()), "session": session,
        "voids": session is not None and session.stage in ("SUBMITTED", "APPROVED"),
        "late": "late" in request.GET, "members": len(head.members), **more,
    }  # fmt: skip
    return render(request, "sessions/edit.html", context, status=status)


def _warn(request: HttpRequest, session: StudySession) -> None:
    for conflict in conflicts([session]).get(session.pk, []):
        messages.warning(request, conflict.sentence)
    for name in filing_actions.unfiled_speakers([session]).get(session.pk, []):
        messages.warning(request, f"外请报告未备案：{name}。请在“外请报告备案”中报备。")


# ------------------------------------------------------------------------------------------------ moves
def _open(request: HttpRequest, pk: int, needed: Permission) -> StudySession:
    rows = StudySession.objects.select_related("committee", "chair", "recorder")
    return get_object_or_404(rows.open_to(request.user, needed), pk=pk)


def _version(request: HttpRequest) -> int | None:
    typed = request.POST.get("version", "")
    return outside.whole(typed)


@permission(Permission.SESSION_EDIT)
@require_http_methods(["GET", "POST"])
def session_move(request: HttpRequest, pk: int) -> HttpResponse:
    session = _open(request, pk, Permission.SESSION_EDIT)
    form = MoveForm(request.POST or None, initial={"version": session.version})
    if request.method == "POST" and form.is_valid():
        moved = attempt(
            request, lambda: actions.move(session, **form.cleaned_data, by=request.user, at=request.now), form
        )
        if moved:
            messages.success(request, f"已改到 {rules.day_words(moved.session.day)}，原定日期和事由留在经过里。")
            for warning in moved.warnings:
                messages.warning(request, warning)
            _warn(request, moved.session)
            return redirect(moved.session)
    context = {
        "session": session, "form": form, "voids": session.stage in ("SUBMITTED", "APPROVED"),
        "leaves": leaves_in_question(session),
    }  # fmt: skip
    return render(request, "sessions/move.html", context, status=422 if form.errors else 200)


@permission(Permission.SESSION_EDIT)
@require_http_methods(["GET", "POST"])
def session_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    session = _open(request, pk, Permission.SESSION_EDIT)
    form = ReasonForm(request.POST or None, initial={"version": session.version})
    if request.method == "POST" and form.is_valid():
        done = attempt(
            request, lambda: actions.cancel(session, **form.cleaned_data, by=request.user, at=request.now), form
        )
        if done:
            messages.success(request, "已取消。期次保留，以后各场编号不变。")
            for warning in done.warnings:
                messages.warning(request, warning)
            prepared = Speech.objects.filter(participation__study_session=session).exclude(stage=SpeechStage.DUE)
            if prepared.exists():
                messages.info(request, "已准备的发言可以移到另一场学习。")
                return redirect("session_speeches", pk=session.pk)
            return redirect(done.session)
    return render(
        request, "sessions/cancel.html", {"session": session, "form": form}, status=422 if form.errors else 200
    )


@permission(Permission.SESSION_EDIT)
@require_POST
def session_submit(request: HttpRequest, pk: int) -> HttpResponse:
    session = _open(request, pk, Permission.SESSION_EDIT)
    if attempt(request, lambda: actions.submit(session, version=_version(request), by=request.user, at=request.now)):
        messages.success(request, "方案已提交，等组长审定。")
    return redirect(session)


@permission(Permission.SESSION_APPROVE)
@require_POST
def session_approve(request: HttpRequest, pk: int) -> HttpResponse:
    session = _open(request, pk, Permission.SESSION_APPROVE)
    if attempt(request, lambda: actions.approve(session, version=_version(request), by=request.user, at=request.now)):
        messages.success(request, "方案已审定。")
    return redirect(session)


@permission(Permission.SESSION_APPROVE)
@require_POST
def session_return(request: HttpRequest, pk: int) -> HttpResponse:
    session = _open(request, pk, Permission.SESSION_APPROVE)
    note = request.POST.get("reason", "")
    act = attempt(
        request,
        lambda: actions.send_back(session, note=note, version=_version(request), by=request.user, at=request.now),
    )
    if act:
        messages.success(request, "方案已退回，学习秘书会看到意见。")
    return redirect(session)


@permission(Permission.SESSION_EDIT)
@require_POST
def session_hold(request: HttpRequest, pk: int) -> HttpResponse:
    session = _open(request, pk, Permission.SESSION_EDIT)
    if attempt(request, lambda: actions.hold(session, version=_version(request), by=request.user, at=request.now)):
        messages.success(request, "已记为召开，下一步去点名。")
    return redirect(session)


# ------------------------------------------------------------------------------------------------ 联组学习
@permission(Permission.SESSION_EDIT)
@require_http_methods(["GET", "POST"])
def session_invite(request: HttpRequest, pk: int) -> HttpResponse:
    session = _open(request, pk, Permission.SESSION_EDIT)
    if request.method == "POST" and "withdraw" in request.POST:
        return _take_back(request, session)
    form = InviteForm(request.POST or None)
    taking = session.participations.exclude(state=ParticipationState.DECLINED).values("committee")
    form.fields["committee"].queryset = Committee.objects.active_on(session.day).exclude(pk__in=taking).in_order()
    if request.method == "POST" and form.is_valid():
        invited = attempt(
            request,
            lambda: actions.invite(
                session,
                committee=form.cleaned_data["committee"],
                version=_version(request),
                by=request.user,
                at=request.now,
            ),
            form,
        )
        if invited:
            messages.success(request, f"已邀请{invited.committee}，对方学习秘书接受后生效。")
            return redirect("session_invite", pk=session.pk)
    context = {
        "session": session, "form": form, "voids": session.stage in ("SUBMITTED", "APPROVED"),
        "rows": [
            (row, [{"name": "withdraw", "value": row.pk}])
            for row in session.participations.select_related("committee").order_by("-is_host", "pk")
        ],
        "open": session.stage in rules.BEFORE_STAGES, "may_withdraw": session.stage in rules.WRITABLE_STAGES,
    }  # fmt: skip
    return render(request, "sessions/invite.html", context, status=422 if form.errors else 200)


def _take_back(request: HttpRequest, session: StudySession) -> HttpResponse:
    """The host's invitation named by `withdraw`, taken back."""
    named = request.POST["withdraw"]
    row = get_object_or_404(session.participations.filter(is_host=False), pk=outside.key(named))
    reason = request.POST.get("reason", "")
    if attempt(request, lambda: actions.withdraw_invitation(row, reason=reason, by=request.user, at=request.now)):
        messages.success(request, f"已撤回对{row.committee}的邀请。")
    return redirect("session_invite", pk=session.pk)


def _invited(request: HttpRequest) -> QuerySet:
    rows = Participation.objects.open_to(request.user, Permission.SESSION_EDIT).filter(is_host=False)
    return rows.select_related("study_session__committee", "committee")


@permission(Permission.SESSION_EDIT)
@require_GET
def invitation_list(request: HttpRequest) -> HttpResponse:
    rows = _invited(request).order_by("state", "-day", "-pk")
    page = page_of(request, rows)
    shown = []
    items: dict[tuple[int, int], list[PlanItem]] = {}
    for row in page:
        waits = row.state == ParticipationState.INVITED and row.study_session.stage in rules.WRITABLE_STAGES
        form = None
        if waits:
            key = (row.committee_id, row.year)
            if key not in items:
                items[key] = open_items(row.committee, row.year)
            form = AnswerForm(prefix=f"i{row.pk}")
            form.fields["plan_item"].offer(items[key])
        shown.append({"row": row, "form": form})
    return render(request, "sessions/invitations.html", {"page_obj": page, "rows": shown})


@permission(Permission.SESSION_EDIT)
@require_POST
def invitation_accept(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(_invited(request), pk=pk)
    form = AnswerForm(request.POST, prefix=f"i{row.pk}")
    form.fields["plan_item"].offer(open_items(row.committee, row.year))
    if form.is_valid():
        item = form.cleaned_data["plan_item"]
        done = attempt(request, lambda: actions.accept(row, plan_item=item, by=request.user, at=request.now))
        if done:
            messages.success(request, f"已接受，记为本委员会 {done.year} 年第 {done.number} 次学习。")
            _warn(request, done.study_session)
    else:
        messages.error(request, "所选计划条目不在本委员会的计划里，请重新选择。")
    return redirect("invitation_list")


@permission(Permission.SESSION_EDIT)
@require_POST
def invitation_decline(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(_invited(request), pk=pk)
    reason = request.POST.get("reason", "")
    if attempt(request, lambda: actions.decline(row, reason=reason, by=request.user, at=request.now)):
        messages.success(request, "已谢绝，主办方会看到理由。")
    return redirect("invitation_list")
