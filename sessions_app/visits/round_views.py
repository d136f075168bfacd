"""Doors of rounds: the list, a new one, its places, the proposal, a choice by hand, open and close."""

import uuid
from typing import Any

from django.contrib import messages
from django.db.models import Count, OuterRef, Prefetch, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from roster import outside
from roster.accounts.doors import attempt, filled, permission
from roster.accounts.listing import page_of
from roster.accounts.roles import Permission
from roster.audit.forms import VersionForm
from roster.committees.models import Committee
from roster.corps.models import VisitTeam
from roster.people.models import Person
from sessions_app.attendance.views import history_of
from sessions_app.policies import parameters
from sessions_app.visits import actions, coverage, planning
from sessions_app.visits.assign import RULE_WORDS, hindrance, rank
from sessions_app.visits.forms import AssignForm, PlacesForm, RoundFilter, RoundForm
from sessions_app.visits.models import (
    ENDED,
    SAT_IN,
    ObservationVisit,
    RoundStage,
    VisitObserver,
    VisitRound,
    VisitStage,
)
from sessions_app.visits.views import TONES, one

P = Permission
ROUND_TONES = {RoundStage.DRAFT: "muted", RoundStage.OPEN: "near", RoundStage.CLOSED: "ok"}


def departments(request: HttpRequest) -> Any:
    """The committees over which the reviewer's grant stands, exactly."""
    paths = request.user.reach(P.VISIT_EDIT).paths
    return Committee.objects.filter(path__in=paths).active_on(request.today).in_order()


def _open(request: HttpRequest, pk: int, needed: Permission) -> VisitRound:
    rows = VisitRound.objects.select_related("committee")
    found: VisitRound = get_object_or_404(rows.open_to(request.user, needed), pk=pk)
    return found


def _count(rows: Any, field: str) -> Any:
    """How many of `rows` belong to each round: counted apart, for joined they would multiply."""
    mine = rows.filter(**{field: OuterRef("pk")}).order_by().values(field)
    return Coalesce(Subquery(mine.annotate(number=Count("pk")).values("number")), 0)


@permission(P.VISIT_EDIT)
@require_GET
def round_list(request: HttpRequest) -> HttpResponse:
    mine = VisitRound.objects.open_to(request.user, P.VISIT_EDIT)
    years = sorted(mine.order_by().values_list("year", flat=True).distinct(), reverse=True)
    form = RoundFilter(request.GET, years=years)
    given = form.cleaned_data if form.is_valid() else {}
    rows = mine.filter(**{name: given[name] for name in ("year", "stage") if given.get(name)})
    live = ObservationVisit.objects.live()
    rows = rows.select_related("committee").annotate(
        visited=_count(live.sat_in(), "round"), live=_count(live, "round"),
        chosen=_count(VisitRound.places.through.objects.all(), "visitround"),
    )  # fmt: skip
    page = page_of(request, rows.order_by("-year", "-number", "-pk"))
    for row in page:
        row.tone = ROUND_TONES[row.stage]
    return render(request, "visits/rounds.html", {"form": form, "page_obj": page, "filtered": any(given.values())})


@permission(P.VISIT_EDIT)
@require_http_methods(["GET", "POST"])
def round_new(request: HttpRequest) -> HttpResponse:
    places = departments(request)
    if request.method == "POST":
        form = RoundForm(request.POST, departments=places)
        if form.is_valid():
            row = attempt(
                request, lambda: actions.create_round(**form.cleaned_data, by=request.user, at=request.now), form
            )
            if row:
                return redirect("round_places", row.pk)
        return render(request, "visits/round_new.html", {"form": form}, status=422)
    form = RoundForm(departments=places, initial={"since": request.today, "form_token": str(uuid.uuid4())})
    return render(request, "visits/round_new.html", {"form": form})


# --------------------------------------------------------------------------------------------------------- one round
@permission(P.VISIT_EDIT)
@require_GET
def round_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Every place with its team and the reasons beside it; load per team; what can be done now."""
    row = _open(request, pk, P.VISIT_EDIT)
    named = Prefetch("observers", VisitObserver.objects.select_related("person"))
    visits = list(
        ObservationVisit.objects.filter(round=row).select_related("committee", "team", "study_session")
        .prefetch_related(named).order_by("pk")
    )  # fmt: skip
    live = {one.committee_id: one for one in visits if one.stage not in ENDED}
    places = list(row.places.in_order())
    page = page_of(request, [{"committee": place, "visit": live.get(place.pk)} for place in places])
    for line in page:
        line["tone"] = TONES[line["visit"].stage] if line["visit"] else "behind"
        line["may_change"] = row.stage != RoundStage.CLOSED and (
            line["visit"] is None or line["visit"].stage in planning.OPEN
        )
    load = _load(row, list(live.values()))
    proposed = sum(one.stage == VisitStage.PROPOSED for one in live.values())
    missing = len([place for place in places if place.pk not in live])
    context = {
        "round": row, "page_obj": page, "tone": ROUND_TONES[row.stage], "load": load, "events": history_of(row),
        "ended": [one for one in visits if one.stage in ENDED], "proposed": proposed, "missing": missing,
        "figures": [
            {"label": "选定单位", "value": len(places), "unit": "家"},
            {"label": "还没有派组", "value": missing, "unit": "家", "tone": "behind" if missing else ""},
            {"label": "已旁听", "value": sum(one.stage in SAT_IN for one in live.values()), "unit": "家",
             "url": _listed(row, "SAT_IN")},
            {"label": "各组相差", "value": _spread(load), "unit": "家", "note": f"{len(load)} 个组"},
        ],
        "may_open": bool(places) and (row.stage == RoundStage.DRAFT and not missing or row.stage == RoundStage.OPEN and proposed),
    }  # fmt: skip
    return render(request, "visits/round.html", context)


def _listed(row: VisitRound, stage: str) -> str:
    return f"{reverse('visit_list')}?round={row.pk}&stage={stage}"


def _load(row: VisitRound, live: list[Any]) -> list[dict[str, Any]]:
    teams = VisitTeam.objects.filter(committee=row.committee_id).during(row.since, row.until).order_by("pk")
    listed = _listed(row, "LIVE")
    return [
        {"team": team, "count": sum(one.team_id == team.pk for one in live), "url": f"{listed}&team={team.pk}"}
        for team in teams
    ]


def _spread(load: list[dict[str, Any]]) -> int:
    counts = [line["count"] for line in load]
    return max(counts) - min(counts) if counts else 0


@permission(P.VISIT_EDIT)
@require_http_methods(["GET", "POST"])
def round_places(request: HttpRequest, pk: int) -> HttpResponse:
    """Which committees are visited: those not visited longest stand first, each with its last visit."""
    row = _open(request, pk, P.VISIT_EDIT)
    if row.stage != RoundStage.DRAFT:
        messages.info(request, f"{row}已经{row.get_stage_display()}，不再增减单位。")
        return redirect(row)
    below = Committee.objects.filter(path__startswith=row.committee.path)
    if request.method == "POST":
        form = PlacesForm(request.POST, below=below)
        if filled(request, form):
            ticked, shown = form.cleaned_data["places"], form.cleaned_data["shown"]
            gone = [place for place in shown if place not in set(ticked)]
            if attempt(
                request,
                lambda: actions.choose_places(row, add=list(ticked), remove=gone, by=request.user, at=request.now),
            ):
                messages.success(request, f"批次里现在有 {row.places.count()} 家单位。")
                return redirect(row)
        return redirect("round_places", pk)
    months = int(parameters.value("visit_coverage_months", row.committee, request.today))
    since = coverage.months_back(request.today, months)
    rows = coverage.rows(row.committee, on=request.today)
    rows.sort(key=lambda line: (line.last_on is not None, line.last_on or request.today))
    had = set(row.places.values_list("pk", flat=True))
    lines = [{"row": line, "ticked": line.committee.pk in had, "seen": line.seen_since(since)} for line in rows]
    context = {"round": row, "lines": lines, "months": months, "chosen": len(had),
               "unseen": sum(not line["seen"] for line in lines)}  # fmt: skip
    return render(request, "visits/places.html", context)


@permission(P.VISIT_EDIT)
@require_POST
def round_propose(request: HttpRequest, pk: int) -> HttpResponse:
    row = _open(request, pk, P.VISIT_EDIT)
    told = attempt(request, lambda: actions.propose(row, by=request.user, at=request.now))
    if told:
        messages.success(
            request, f"已编排：新派 {told['made']} 家，调整 {told['changed']} 家，保持不变 {told['kept']} 家。"
        )
    return redirect(row)


@permission(P.VISIT_EDIT)
@require_POST
def round_open(request: HttpRequest, pk: int) -> HttpResponse:
    row, form = _open(request, pk, P.VISIT_EDIT), VersionForm(request.POST)
    if filled(request, form):
        sent = attempt(request, lambda: actions.open_round(row, **form.cleaned_data, by=request.user, at=request.now))
        if sent is not None:
            messages.success(request, f"已下达 {sent} 家，旁听人可以看到并接受。")
    return redirect(row)


@permission(P.VISIT_EDIT)
@require_POST
def round_close(request: HttpRequest, pk: int) -> HttpResponse:
    row, form = _open(request, pk, P.VISIT_EDIT), VersionForm(request.POST)
    if filled(request, form) and attempt(
        request, lambda: actions.close_round(row, **form.cleaned_data, by=request.user, at=request.now)
    ):
        messages.success(request, f"{row}已结束。")
    return redirect(row)


# ------------------------------------------------------------------------------------------------------------ by hand
@permission(P.VISIT_EDIT)
@require_http_methods(["GET", "POST"])
def round_assign(request: HttpRequest, pk: int) -> HttpResponse:
    """Every team for one place, the best first, with what speaks for it and the rule against it."""
    row = _open(request, pk, P.VISIT_EDIT)
    named = (request.POST if request.method == "POST" else request.GET).get("committee", "")
    if not outside.key(named):
        messages.info(request, "请先选一家单位。")
        return redirect(row)
    committee = row.places.filter(pk=outside.key(named)).first()
    if committee is None:
        raise Http404
    return _assign(request, row, committee)


@permission(P.VISIT_EDIT)
@require_http_methods(["GET", "POST"])
def visit_assign(request: HttpRequest, pk: int) -> HttpResponse:
    """The same for a visit that is there."""
    visit = one(request, pk, P.VISIT_EDIT)
    return _assign(request, visit.round, visit.committee)


def _assign(request: HttpRequest, row: VisitRound, committee: Committee) -> HttpResponse:
    ground = planning.read(row, on=request.today)
    visit = ground.visits.get(committee.pk)
    serving = {member.person for team in ground.teams for member in team.members}
    given: dict[str, Any] = {
        "teams": VisitTeam.objects.filter(pk__in=[team.id for team in ground.teams]),
        "people": Person.objects.filter(pk__in=serving),
    }  # fmt: skip
    if request.method == "POST":
        form = AssignForm(request.POST, **given)
        if form.is_valid():
            values = {**form.cleaned_data, "people": list(form.cleaned_data["people"])}
            done = attempt(
                request,
                lambda: actions.assign_by_hand(row, committee=committee, **values, by=request.user, at=request.now),
                form,
            )
            if done:
                messages.success(request, f"{committee}由{done[0].team}旁听。")
                for warning in done[1]:
                    messages.warning(request, f"已越过规则并记录理由：{warning}")
                return redirect(row)
    else:
        people = [line.person_id for line in visit.observers.all()] if visit else []
        form = AssignForm(
            initial={"version": visit.version if visit else None, "team": visit.team_id if visit else None, "people": people},
            **given,
        )  # fmt: skip
    place = ground.place(committee, visit)
    load = ground.all_load()
    if visit is not None:
        load[visit.team_id] -= 1
    named = {str(value) for value in form["people"].value() or ()}
    chosen = str(form["team"].value() or "")
    candidates = [
        {
            "team": team, "reasons": reasons, "against": against, "load": load.get(team.id, 0),
            "chosen": str(team.id) == chosen,
            "members": [
                {"member": member, "rule": RULE_WORDS.get(hindrance(member, place, ground.terms), ""),
                 "own": committee.pk in member.units, "chosen": str(member.person) in named}
                for member in team.members
            ],
        }
        for team, reasons, against in rank(place, ground.teams, load, ground.terms)
    ]  # fmt: skip
    context = {
        "round": row,
        "committee": committee,
        "visit": visit,
        "form": form,
        "candidates": candidates,
        "place": place,
    }
    return render(request, "visits/assign.html", context, status=422 if request.method == "POST" else 200)
