"""Doors of visits: the list, a visit's page with its four sections, the observers' answers, the session, a sample."""

from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from roster.accounts.doors import attempt, filled, permission
from roster.accounts.listing import ordered, page_of
from roster.accounts.roles import Permission
from roster.accounts.sheets import workbook
from roster.audit.actions import record
from roster.audit.forms import VersionForm
from roster.committees.models import Committee
from roster.corps.models import VisitTeam
from sessions_app.attendance.views import history_of
from sessions_app.policies import parameters
from sessions_app.sessions.models import Participation, ParticipationState, SessionStage, StudySession
from sessions_app.visits import actions, parts, planning
from sessions_app.visits.forms import ReasonForm, SampleForm, SessionForm, VisitFilter
from sessions_app.visits.models import ObservationVisit, VisitRound, VisitStage
from sessions_app.visits.rules import VISIT_MOVES
from sessions_app.visits.seen import Seen, seen

P = Permission
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TONES = {
    VisitStage.PROPOSED: "muted", VisitStage.ASSIGNED: "near", VisitStage.ACCEPTED: "near", VisitStage.DECLINED: "behind",
    VisitStage.REVIEWED: "near", VisitStage.OBSERVED: "behind", VisitStage.FEEDBACK_PENDING: "behind",
    VisitStage.FED_BACK: "near", VisitStage.ACKNOWLEDGED: "near", VisitStage.CLOSED: "ok", VisitStage.CANCELLED: "muted",
}  # fmt: skip
SORTS = {
    "round": (
        "round__year",
        "round__number",
        "-committee__level_order",
        "-committee__sort_order",
        "-committee__code",
        "-pk",
    ),
    "committee": ("committee__level_order", "committee__sort_order", "committee__code", "-pk"),
    "day": ("study_session__day", "pk"),
    "team": ("team__name", "pk"),
}
HEADS = ["批次", "单位", "旁听组", "旁听人", "学习日", "学习主题", "旁听日期", "状态", "越过规则的理由"]


def rows_of(request: HttpRequest, needed: Permission = P.VISIT_READ) -> Any:
    return ObservationVisit.objects.open_to(request.user, needed)


def one(request: HttpRequest, pk: int, needed: Permission) -> ObservationVisit:
    rows = rows_of(request, needed).select_related("round__committee", "committee", "team", "study_session")
    found: ObservationVisit = get_object_or_404(rows, pk=pk)
    return found


# ------------------------------------------------------------------------------------------------------------ the list
@permission(P.VISIT_READ)
@require_GET
def visit_list(request: HttpRequest) -> HttpResponse:
    """A department's own, an observer's own, a unit's own: what `open_to` opens. Exported as filtered."""
    mine = rows_of(request)
    years = sorted(mine.order_by().values_list("round__year", flat=True).distinct(), reverse=True)
    departments = request.user.reach(P.VISIT_READ).paths
    form = VisitFilter(
        request.GET, years=years, places=_places(request),
        teams=VisitTeam.objects.filter(committee__path__in=departments).order_by("pk"),
        rounds=VisitRound.objects.filter(committee__path__in=departments),
    )  # fmt: skip
    if not departments:
        del form.fields["team"], form.fields["under"], form.fields["round"]
    rows = _filtered(mine, form.cleaned_data if form.is_valid() else {})
    rows = rows.select_related("round__committee", "committee", "team", "study_session")
    rows = rows.prefetch_related("observers__person")
    rows, sort = ordered(request, rows, SORTS, "-round")
    if request.GET.get("format") == "xlsx":
        return _sheet(request, rows)
    page = page_of(request, rows)
    for row in page:
        row.tone = TONES[row.stage]
    context = {
        "form": form, "page_obj": page, "sort": sort, "is_department": bool(departments),
        "is_observer": request.user.may(P.VISIT_OBSERVE) and not departments,
        "filtered": any(request.GET.get(name) for name in form.fields), "may_edit": request.user.may(P.VISIT_EDIT),
        "sees_coverage": request.user.may(P.DASHBOARD_READ),
    }  # fmt: skip
    return render(request, "visits/list.html", context)


def _places(request: HttpRequest) -> Any:
    """The parts of a subtree by which it is narrowed: committees that have others below them."""
    rows = Committee.objects.open_to(request.user, P.DASHBOARD_READ).active_on(request.today)
    return rows.filter(children__isnull=False).distinct().in_order()


def _filtered(rows: Any, given: dict[str, Any]) -> Any:
    for name, field in (("year", "round__year"), ("team", "team"), ("round", "round")):
        if given.get(name):
            rows = rows.filter(**{field: given[name]})
    match given.get("stage"):
        case "LIVE":
            rows = rows.live()
        case "SAT_IN":
            rows = rows.sat_in()
        case str(stage) if stage:
            rows = rows.filter(stage=stage)
    if given.get("under"):
        rows = rows.filter(committee__path__startswith=given["under"].path)
    if text := given.get("q"):
        people = Q(observers__person__name__icontains=text)
        found = rows.model.objects.filter(people).values("pk")
        rows = rows.filter(Q(committee__in=Committee.objects.search(text)) | Q(pk__in=found))
    return rows


def _sheet(request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse:
    """What the filters show, all pages; the record keeps who took it."""
    lines = [
        [
            str(row.round), row.committee.name, row.team.name, "、".join(line.person.name for line in row.observers.all()),
            row.study_session.day if row.study_session else "", row.study_session.topic if row.study_session else "",
            row.observed_on or "", row.get_stage_display(), row.override_reason,
        ]
        for row in rows
    ]  # fmt: skip
    record(
        request.user, verb="export", by=request.user, at=request.now,
        data={"list": "列席旁听", "query": request.GET.urlencode()[:500]},
    )  # fmt: skip
    return sheet_answer("列席旁听", workbook("列席旁听", HEADS, lines, note=f"截至 {request.today}"))


def sheet_answer(name: str, content: bytes) -> HttpResponse:
    answer = HttpResponse(content, content_type=XLSX)
    answer["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}.xlsx"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


# ----------------------------------------------------------------------------------------------------------- one visit
STATIONS = (
    ("派出", (VisitStage.PROPOSED,), "#who"), ("接受", (VisitStage.ASSIGNED,), "#who"),
    ("会前审核", (VisitStage.ACCEPTED,), "#part-before"), ("现场旁听", (VisitStage.REVIEWED,), "#part-at"),
    ("反馈", (VisitStage.OBSERVED, VisitStage.FEEDBACK_PENDING), "#part-feedback"),
    ("单位签收", (VisitStage.FED_BACK,), "#part-feedback"),
    ("办结", (VisitStage.ACKNOWLEDGED, VisitStage.CLOSED), "#part-feedback"),
)  # fmt: skip


def stations(visit: ObservationVisit) -> list[dict[str, Any]]:
    """The strip: where the visit stands; an ended one stands nowhere."""
    at = next((index for index, (_, stages, _) in enumerate(STATIONS) if visit.stage in stages), len(STATIONS))
    ended = visit.stage in (VisitStage.DECLINED, VisitStage.CANCELLED)
    return [
        {
            "label": label, "url": anchor, "current": index == at, "missing": "",
            "done": not ended and (index < at or visit.stage == VisitStage.CLOSED),
            "state": visit.get_stage_display() if index == at else "",
        }
        for index, (label, _, anchor) in enumerate(STATIONS)
    ]  # fmt: skip


@permission(P.VISIT_READ)
@require_GET
def visit(request: HttpRequest, pk: int) -> HttpResponse:
    """The dossier: strip, head, observers, and 会前, 会中, 会后, 反馈整改."""
    return render_visit(request, one(request, pk, P.VISIT_READ))


def render_visit(request: HttpRequest, row: ObservationVisit, *, status: int = 200, **more: Any) -> HttpResponse:
    """The page of a visit; `more` replaces names of its context, for a form that comes back."""
    who = seen(row, request.user, today=request.today, now=request.now)
    context = {
        "visit": row, "who": who, "observers": who.observers, "stations": stations(row), "tone": TONES[row.stage],
        "stopped": row.stage in (VisitStage.DECLINED, VisitStage.CANCELLED), "moves": _moves(who),
        "events": history_of(row), **parts.context(who),
    }  # fmt: skip
    if context["moves"]["session"]:
        context["session_form"] = SessionForm(
            initial={"version": row.version, "study_session": row.study_session_id, "contact": row.contact},
            sessions=sessions_for(row),
        )  # fmt: skip
        context["notice_days"] = parameters.value(actions.NOTICE, row.committee, request.today)
    return render(request, "visits/visit.html", {**context, **more}, status=status)


def _moves(who: Seen) -> dict[str, bool]:
    stage = who.visit.stage
    answers = who.observer is not None
    return {
        "accept": answers and who.observer.accepted_at is None and stage in (VisitStage.ASSIGNED, VisitStage.ACCEPTED),
        "decline": answers and VISIT_MOVES.may(stage, "decline"),
        "assign": who.runs and stage in planning.OPEN,
        "cancel": who.runs and VISIT_MOVES.may(stage, "cancel"),
        "session": who.runs and stage in actions.UNSEEN,
    }  # fmt: skip


def sessions_for(row: ObservationVisit) -> Any:
    """What may be sat in: the unit's sessions, its own or joined, of the round's years, newest last."""
    joined = Participation.objects.filter(committee=row.committee_id, state=ParticipationState.ACCEPTED)
    mine = Q(committee=row.committee_id) | Q(pk__in=joined.values("study_session_id"))
    years = Q(day__year__range=(row.round.since.year, row.round.until.year + 1))
    return StudySession.objects.filter(mine, years).exclude(stage=SessionStage.CANCELLED).order_by("day", "pk")


# ----------------------------------------------------------------------------------------------------------- its moves
@permission(P.VISIT_OBSERVE)
@require_POST
def visit_accept(request: HttpRequest, pk: int) -> HttpResponse:
    row, form = one(request, pk, P.VISIT_OBSERVE), VersionForm(request.POST)
    if filled(request, form) and attempt(
        request, lambda: actions.accept(row, **form.cleaned_data, by=request.user, at=request.now)
    ):
        messages.success(request, "已接受。学习日前后可以在本页查看学习方案和材料。")
    return redirect(row)


@permission(P.VISIT_OBSERVE)
@require_POST
def visit_decline(request: HttpRequest, pk: int) -> HttpResponse:
    row, form = one(request, pk, P.VISIT_OBSERVE), ReasonForm(request.POST)
    if filled(request, form) and attempt(
        request, lambda: actions.decline(row, **form.cleaned_data, by=request.user, at=request.now)
    ):
        messages.success(request, "已谢绝，审核人会另行安排。")
        return redirect("visit_list")
    return redirect(row)


@permission(P.VISIT_EDIT)
@require_POST
def visit_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    row, form = one(request, pk, P.VISIT_EDIT), ReasonForm(request.POST)
    if filled(request, form) and attempt(
        request, lambda: actions.cancel(row, **form.cleaned_data, by=request.user, at=request.now)
    ):
        messages.success(request, f"已取消对{row.committee}的旁听。")
    return redirect(row)


@permission(P.VISIT_EDIT)
@require_POST
def visit_session(request: HttpRequest, pk: int) -> HttpResponse:
    """Which session is sat in; the warning of a late notice is said, nothing is stopped."""
    row = one(request, pk, P.VISIT_EDIT)
    form = SessionForm(request.POST, sessions=sessions_for(row))
    if form.is_valid():
        done = attempt(
            request, lambda: actions.choose_session(row, **form.cleaned_data, by=request.user, at=request.now), form
        )
        if done:
            told = "，并登记今天通知单位" if form.cleaned_data["notice"] else ""
            messages.success(request, f"已选定{form.cleaned_data['study_session'].topic}{told}。")
            for warning in done[1]:
                messages.warning(request, warning)
            return redirect(row)
    return render_visit(request, one(request, pk, P.VISIT_EDIT), status=422, session_form=form)


@permission(P.VISIT_READ)
@require_POST
def visit_open(request: HttpRequest, pk: int) -> HttpResponse:
    """抽查: who stands above the department opens one of its visits and says why; it stays open that day."""
    above = Q(pk__in=[])
    for path in request.user.reach(P.VISIT_READ).paths:
        above |= Q(round__committee__path__startswith=path)
    row = get_object_or_404(ObservationVisit.objects.filter(above), pk=pk)
    if rows_of(request).filter(pk=row.pk).exists():
        return redirect(row)
    form = SampleForm(request.POST)
    if filled(request, form) and attempt(
        request, lambda: actions.open_sample(row, **form.cleaned_data, by=request.user, at=request.now)
    ):
        messages.success(request, "已记录抽查理由，今天可以查看这次旁听。")
        return redirect(row)
    return redirect(reverse("coverage"))
