"""Doors of the corps: the expert pool and the visit teams."""

from typing import Any

from django.contrib import messages
from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from roster import outside
from roster.accounts.doors import attempt, filled, permission
from roster.accounts.listing import ordered, page_of
from roster.accounts.roles import Permission
from roster.accounts.stale import overtaken
from roster.audit.history import history_of
from roster.committees.models import Committee, periods_meet
from roster.corps import pool_actions
from roster.corps.doorway import departments_of, editable, sheet, status_of
from roster.corps.forms import (
    AreaForm,
    AwayForm,
    EditExpertForm,
    EditTeamForm,
    ExpertFilter,
    NewExpertForm,
    NewTeamForm,
)
from roster.corps.models import (
    Expert,
    ExpertAway,
    TeamArea,
    TeamMember,
    VisitTeam,
)
from roster.people.models import Person

P = Permission


# ------------------------------------------------------------------------------------------------ experts
EXPERT_SORTS = {
    "name": ("person__pinyin", "pk"),
    "since": ("since", "pk"),
    "load": ("max_load", "person__pinyin", "pk"),
}


@permission(P.CORPS_READ)
@require_GET
def expert_list(request: HttpRequest) -> HttpResponse:
    form = ExpertFilter(request.GET)
    given = form.cleaned_data if form.is_valid() else {}
    day = request.today
    mine = Expert.objects.open_to(request.user, P.CORPS_READ)
    away = Exists(ExpertAway.objects.filter(expert=OuterRef("pk"), since__lte=day, until__gte=day))
    rows = mine
    match given.get("state", ""):
        case "":
            rows = mine.filter(Q(until__isnull=True) | Q(until__gte=day))
        case "away":
            rows = mine.on(day).filter(away)
        case "ended":
            rows = mine.filter(until__lt=day)
    if given.get("q"):
        rows = rows.filter(person__in=Person.objects.search(given["q"]).values("pk"))
    if given.get("field"):
        rows = rows.filter(fields__contains=[given["field"].strip()])
    rows = rows.select_related("person", "unit", "committee").prefetch_related(
        Prefetch("memberships", queryset=TeamMember.objects.on(day).select_related("team"), to_attr="places"),
        Prefetch("aways", queryset=ExpertAway.objects.filter(until__gte=day).order_by("since"), to_attr="absences"),
    )
    rows, sort = ordered(request, rows, EXPERT_SORTS, "name")
    if request.GET.get("format") == "xlsx":
        heads = ["人员编码", "姓名", "专家库", "工作单位", "研究领域", "所在组", "每批次最多", "起始日期", "结束日期"]
        lines = (
            [
                row.person.code, row.person.name, row.committee.name, str(row.unit or row.unit_name), "、".join(row.fields),
                "、".join(str(place.team) for place in row.places), row.max_load, row.since, row.until or "",
            ]
            for row in rows
        )  # fmt: skip
        return sheet(request, "专家库", heads, lines, f"截至 {day}")
    context = {
        "form": form, "page_obj": page_of(request, rows), "sort": sort, "filtered": any(given.values()),
        "may_edit": request.user.may(P.CORPS_EDIT), "several": mine.values("committee").distinct().count() > 1,
    }  # fmt: skip
    return render(request, "corps/experts.html", context)


def _units(request: HttpRequest) -> QuerySet[Committee]:
    return Committee.objects.open_to(request.user, P.COMMITTEE_READ).in_order()


def _expert_given(form: Any) -> dict[str, Any]:
    given = {name: form.cleaned_data[name] for name in ("unit", "unit_name", "max_load", "since", "until")}
    return given | {"fields": form.cleaned_data["fields_text"]}


@permission(P.CORPS_EDIT)
@require_http_methods(["GET", "POST"])
def expert_new(request: HttpRequest) -> HttpResponse:
    form = NewExpertForm(
        request.POST or None, departments=departments_of(request.user, P.CORPS_EDIT), initial={"since": request.today}
    )
    form.fields["person"].queryset = Person.objects.all()
    form.fields["unit"].queryset = _units(request)
    if request.method == "POST" and form.is_valid():
        row = attempt(
            request,
            lambda: pool_actions.add_expert(
                committee=form.department(), person=form.cleaned_data["person"], **_expert_given(form), by=request.user,
                at=request.now,
            ),
            form,
        )  # fmt: skip
        if row:
            messages.success(request, f"已聘：{row.person}。")
            return redirect("expert_list")
    return render(request, "corps/expert.html", {"form": form}, status=status_of(request))


def _expert(request: HttpRequest, pk: int) -> Expert:
    rows = Expert.objects.open_to(request.user, P.CORPS_EDIT).select_related("person", "committee", "unit")
    return get_object_or_404(rows, pk=pk)


@permission(P.CORPS_EDIT)
@require_http_methods(["GET", "POST"])
def expert_edit(request: HttpRequest, pk: int) -> HttpResponse:
    row = _expert(request, pk)
    names = ("version", "unit", "unit_name", "max_load", "since", "until")
    initial = {name: getattr(row, name) for name in names} | {"fields_text": "、".join(row.fields)}
    form = EditExpertForm(request.POST or None, initial=initial)
    form.fields["unit"].queryset = _units(request) | Committee.objects.filter(pk=row.unit_id or 0)
    conflict = None
    if request.method == "POST" and form.is_valid():
        act = lambda: pool_actions.edit_expert(
            row, version=form.cleaned_data["version"], **_expert_given(form), by=request.user, at=request.now
        )
        if attempt(request, act, form):
            messages.success(request, "已保存。")
            return redirect("expert_list")
        conflict = overtaken(form, row, request.user)
    context = {
        "form": form, "expert": row, "conflict": conflict, "aways": row.aways.order_by("-since"), "away_form": AwayForm(),
        "places": row.memberships.select_related("team").order_by("-since"), "events": history_of(row),
    }  # fmt: skip
    return render(request, "corps/expert.html", context, status=status_of(request))


@permission(P.CORPS_EDIT)
@require_POST
def expert_away(request: HttpRequest, pk: int) -> HttpResponse:
    """Days away are added, or (`drop`) taken off again."""
    row = _expert(request, pk)
    if drop := outside.key(request.POST.get("drop")):
        attempt(request, lambda: pool_actions.remove_away(row, away=drop, by=request.user, at=request.now))
        return redirect(row)
    form = AwayForm(request.POST)
    if filled(request, form):
        act = lambda: pool_actions.add_away(row, **form.cleaned_data, by=request.user, at=request.now)
        if attempt(request, act):
            messages.success(request, "已登记不可用时段。")
    return redirect(row)


# ------------------------------------------------------------------------------------------------ teams
@permission(P.CORPS_READ)
@require_GET
def team_list(request: HttpRequest) -> HttpResponse:
    day = request.today
    mine = VisitTeam.objects.open_to(request.user, P.CORPS_READ)
    old = request.GET.get("state") == "all"
    rows = mine if old else mine.filter(Q(until__isnull=True) | Q(until__gte=day))
    people = TeamMember.objects.filter(periods_meet("", day, day)).select_related("expert__person")
    rows = rows.select_related("committee").annotate(
        looked_after=Count("areas", filter=periods_meet("areas__", day, day), distinct=True)
    ).prefetch_related(Prefetch("members", queryset=people.order_by("-is_leader", "pk"), to_attr="now"))  # fmt: skip
    page = page_of(request, rows.order_by("committee__level_order", "committee__sort_order", "pk"))
    context = {
        "page_obj": page, "old": old, "may_edit": request.user.may(P.CORPS_EDIT), "free": _unassigned(request),
        "several": mine.values("committee").distinct().count() > 1,
    }  # fmt: skip
    return render(request, "corps/teams.html", context)


def _unassigned(request: HttpRequest) -> int:
    """Committees below the departments of the reader that no team looks after today; 0 while there is no team."""
    day = request.today
    tops = list(departments_of(request.user, P.CORPS_EDIT))
    if not tops or not VisitTeam.objects.on(day).filter(committee__in=tops).exists():
        return 0
    home = tops[0]
    areas = TeamArea.objects.on(day).filter(department=home).values("committee")
    return Committee.objects.active_on(day).under(home).exclude(pk__in=areas).count()


def _team(request: HttpRequest, pk: int, needed: Permission) -> VisitTeam:
    return get_object_or_404(VisitTeam.objects.open_to(request.user, needed).select_related("committee"), pk=pk)


def _pool(committees: Any, day: Any) -> QuerySet[Expert]:
    """Experts who may be chosen; each carries his pinyin for the picker."""
    rows = Expert.objects.filter(committee__in=committees).filter(Q(until__isnull=True) | Q(until__gte=day))
    return rows.select_related("person", "unit").annotate_pinyin().order_by("person__pinyin", "pk")


@permission(P.CORPS_READ)
@require_GET
def visit_team(request: HttpRequest, pk: int) -> HttpResponse:
    row = _team(request, pk, P.CORPS_READ)
    day = request.today
    may_edit = editable(request, row)
    members = list(row.members.select_related("expert__person", "expert__unit").order_by("-since", "-is_leader", "pk"))
    areas = list(row.areas.select_related("committee").order_by("committee__level_order", "committee__sort_order"))

    def current(thing: Any) -> bool:
        return bool(thing.until is None or thing.until >= day)

    form = None
    if may_edit:
        form = AreaForm(
            committees=Committee.objects.active_on(day).under(row.committee).in_order(),
            initial={
                "version": row.version, "on": max(day, row.since), "committees": [a.committee_id for a in areas if current(a)],
            },
        )  # fmt: skip
    context = {
        "team": row, "may_edit": may_edit, "members": [m for m in members if current(m)],
        "former": [m for m in members if not current(m)], "areas": [a for a in areas if current(a)],
        "old_areas": [a for a in areas if not current(a)], "form": form, "events": history_of(row),
    }  # fmt: skip
    return render(request, "corps/team.html", context)


@permission(P.CORPS_EDIT)
@require_http_methods(["GET", "POST"])
def team_new(request: HttpRequest) -> HttpResponse:
    departments = departments_of(request.user, P.CORPS_EDIT)
    form = NewTeamForm(
        request.POST or None, departments=departments, experts=_pool(departments, request.today),
        initial={"since": request.today},
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        act = lambda: pool_actions.create_team(
            committee=form.department(),
            since=form.cleaned_data["since"],
            **form.given(),
            by=request.user,
            at=request.now,
        )
        row = attempt(request, act, form)
        if row:
            messages.success(request, f"已建组：{row}。接着划包片单位。")
            return redirect(row)
    return render(request, "corps/team_form.html", {"form": form}, status=status_of(request))


@permission(P.CORPS_EDIT)
@require_http_methods(["GET", "POST"])
def team_edit(request: HttpRequest, pk: int) -> HttpResponse:
    row = _team(request, pk, P.CORPS_EDIT)
    day = max(request.today, row.since)
    here = list(row.members.on(day))
    initial = {
        "version": row.version, "name": row.name, "on": day, "until": row.until,
        "leader": next((m.expert_id for m in here if m.is_leader), None),
        "members": [m.expert_id for m in here if not m.is_leader],
    }  # fmt: skip
    form = EditTeamForm(request.POST or None, experts=_pool([row.committee_id], day), initial=initial)
    conflict = None
    if request.method == "POST" and form.is_valid():
        act = lambda: pool_actions.edit_team(
            row, version=form.cleaned_data["version"], on=form.cleaned_data["on"], **form.given(), by=request.user,
            at=request.now,
        )  # fmt: skip
        if attempt(request, act, form):
            messages.success(request, "已保存。")
            return redirect(row)
        row.refresh_from_db()
        if form.cleaned_data["version"] != row.version:
            form.data = {**form.data.dict(), "version": str(row.version)} | {"members": form.data.getlist("members")}
            conflict = {"fields": [{"label": "组名", "mine": form.cleaned_data["name"], "saved": row.name}]}
    context = {"form": form, "team": row, "conflict": conflict}
    return render(request, "corps/team_form.html", context, status=status_of(request))


@permission(P.CORPS_EDIT)
@require_POST
def team_area(request: HttpRequest, pk: int) -> HttpResponse:
    row = _team(request, pk, P.CORPS_EDIT)
    form = AreaForm(request.POST, committees=Committee.objects.under(row.committee))
    if filled(request, form):
        given = form.cleaned_data
        act = lambda: pool_actions.set_areas(
            row, committees={c.pk for c in given["committees"]}, on=given["on"], version=given["version"], by=request.user,
            at=request.now,
        )  # fmt: skip
        if attempt(request, act):
            messages.success(request, "包片已保存。")
    return redirect(row)
