"""Doors of the corps: training, the expert pool, visit teams, hand-overs."""

import uuid
from collections.abc import Sequence
from datetime import time
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from roster.accounts.doors import any_login, attempt, filled, permission
from roster.accounts.listing import ordered, page_of
from roster.accounts.models import User
from roster.accounts.roles import Permission
from roster.accounts.sheets import workbook
from roster.accounts.stale import overtaken
from roster.audit.actions import SHANGHAI, record
from roster.audit.history import history_of
from roster.committees.models import Committee, ScopedQuerySet, periods_meet
from roster.corps import hand_over_actions, overview, pool_actions, training_actions
from roster.corps.consequences import open_things
from roster.corps.forms import (
    AreaForm,
    AttendanceForm,
    AwayForm,
    CancelForm,
    CorpsFilter,
    CourseFilter,
    CourseForm,
    EditExpertForm,
    EditTeamForm,
    EnrolForm,
    ExpertFilter,
    HandOverForm,
    LessonFormSet,
    NewExpertForm,
    NewTeamForm,
    typed_lessons,
    typed_marks,
)
from roster.corps.models import (
    CourseStage,
    Expert,
    ExpertAway,
    HandOver,
    HandOverStage,
    TeamArea,
    TeamMember,
    TrainingAttendance,
    TrainingCourse,
    VisitTeam,
)
from roster.people.models import Person, StudySecretary

P = Permission
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
COURSE_TONES = {CourseStage.OPEN: "near", CourseStage.FINISHED: "ok"}
HAND_OVER_TONES = {HandOverStage.PREPARED: "behind", HandOverStage.SIGNED: "ok", HandOverStage.CANCELLED: "muted"}
STATE_TONES = {"NONE": "behind", "OPEN": "near", "DONE": "ok"}
ROWS_A_SCREEN = 300  # trainees of one attendance screen


def _status(request: HttpRequest) -> int:
    return 422 if request.method == "POST" else 200


def _departments(user: User, needed: Permission) -> QuerySet[Committee]:
    """In whose name somebody may act: the committees over which his grant itself stands."""
    return Committee.objects.filter(pk__in=[hold.committee_id for hold in user.holds_with(needed)]).in_order()


def _may_edit(request: HttpRequest, row: Any) -> bool:
    rows = type(row).objects.open_to(request.user, P.CORPS_EDIT)
    return bool(request.user.may(P.CORPS_EDIT) and rows.filter(pk=row.pk).exists())


def _sheet(request: HttpRequest, name: str, heads: Sequence[str], lines: Any, note: str) -> HttpResponse:
    """A list as a workbook, what the filters show; the record keeps who took it."""
    data = {"list": name, "query": request.GET.urlencode()[:500]}
    record(request.user, verb="export", by=request.user, at=request.now, data=data)
    answer = HttpResponse(workbook(name, heads, lines, note=note), content_type=XLSX)
    answer["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}.xlsx"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


# ------------------------------------------------------------------------------------------------ the overview
CORPS_SORTS = {
    "name": ("person__pinyin", "pk"), "committee": ("committee__level_order", "committee__sort_order", "committee__code", "pk"),
    "hours": ("hours", "committee__level_order", "committee__sort_order", "pk"),
}  # fmt: skip


@permission(P.CORPS_READ)
@require_GET
def corps(request: HttpRequest) -> HttpResponse:
    """Every study secretary in reach on a day, with courses and hours of the year."""
    form = CorpsFilter(request.GET)
    form.fields["committee"].queryset = Committee.objects.open_to(request.user, P.CORPS_READ).in_order()
    given = form.cleaned_data if form.is_valid() else {}
    day = given.get("on") or request.today
    reach = request.user.reach(P.CORPS_READ)
    # Who reaches only himself sees himself.
    mine = StudySecretary.objects.filter(ScopedQuerySet.scope(reach, "committee", "person")).on(day)
    if given.get("committee"):
        mine = mine.filter(committee__path__startswith=given["committee"].path)
    rows = overview.secretaries(mine, day)
    courses = TrainingCourse.objects.open_to(request.user, P.CORPS_READ)
    totals = overview.totals(rows, courses, day)
    if given.get("q"):
        rows = rows.filter(person__in=Person.objects.search(given["q"]).values("pk"))
    rows = overview.narrowed(rows, given.get("state", ""))
    rows, sort = ordered(request, rows, CORPS_SORTS, "committee")
    if request.GET.get("format") == "xlsx":
        return _corps_sheet(request, list(rows), day)
    page = page_of(request, rows)
    overview.with_courses(list(page.object_list), day)
    for row in page:
        row.tone = STATE_TONES[row.state]
    figures = [
        {"label": "学习秘书", "value": totals.secretaries, "unit": "人", "note": f"{totals.committees} 家单位"},
        {"label": f"{day.year}年培训班", "value": totals.courses, "unit": "期"},
        {"label": "已参训", "value": totals.trained, "unit": "人", "note": f"未参训 {totals.secretaries - totals.trained} 人"},
        {"label": "已结业", "value": totals.completed, "unit": "人"},
        {"label": "学时合计", "value": f"{totals.hours.normalize():f}", "unit": "学时"},
    ]  # fmt: skip
    context = {
        "form": form, "page_obj": page, "sort": sort, "figures": figures, "day": day, "year": day.year,
        "filtered": any(given.get(name) for name in ("q", "committee", "state", "on")),
        "own": overview.own_record(request.user.person_id) if request.user.person_id else [],
        "may_hand_over": request.user.may(P.HAND_OVER), "oversees": bool(request.user.reach(P.CORPS_READ).paths),
    }  # fmt: skip
    return render(request, "corps/overview.html", context)


def _corps_sheet(request: HttpRequest, rows: list[Any], day: Any) -> HttpResponse:
    overview.with_courses(rows, day)
    heads = ["委员会编码", "委员会", "学习秘书", "人员编码", "任职起始", f"{day.year}年学时", "培训班", "状态"]
    lines = (
        [
            row.committee.code, row.committee.name, row.person.name, row.person.code, row.since, row.hours,
            "；".join(str(trainee.course) for trainee in row.courses), row.state_word,
        ]
        for row in rows
    )  # fmt: skip
    return _sheet(request, "学习秘书培训情况", heads, lines, f"截至 {day}")


# ------------------------------------------------------------------------------------------------ courses
COURSE_SORTS = {"since": ("since", "pk"), "name": ("name", "pk")}


@permission(P.CORPS_READ)
@require_GET
def course_list(request: HttpRequest) -> HttpResponse:
    form = CourseFilter(request.GET)
    given = form.cleaned_data if form.is_valid() else {}
    rows = TrainingCourse.objects.open_to(request.user, P.CORPS_READ).select_related("committee")
    if given.get("q"):
        rows = rows.filter(name__icontains=given["q"])
    if given.get("stage"):
        rows = rows.filter(stage=given["stage"])
    rows = rows.annotate(
        people=Count("trainees", distinct=True),
        completed=Count("trainees", distinct=True, filter=Q(trainees__completed_on__isnull=False)),
    )
    rows, sort = ordered(request, rows, COURSE_SORTS, "-since")
    page = page_of(request, rows)
    hours = dict(
        TrainingCourse.objects.filter(pk__in=[row.pk for row in page]).order_by()
        .annotate(n=Sum("sessions__hours")).values_list("pk", "n")
    )  # fmt: skip
    for row in page:
        row.tone, row.hours = COURSE_TONES[row.stage], hours.get(row.pk) or Decimal(0)
    context = {
        "form": form, "page_obj": page, "sort": sort, "filtered": any(given.values()),
        "may_edit": request.user.may(P.CORPS_EDIT),
    }  # fmt: skip
    return render(request, "corps/courses.html", context)


def _course(request: HttpRequest, pk: int, needed: Permission) -> TrainingCourse:
    rows = TrainingCourse.objects.open_to(request.user, needed).select_related("committee")
    return get_object_or_404(rows, pk=pk)


@permission(P.CORPS_READ)
@require_GET
def course(request: HttpRequest, pk: int) -> HttpResponse:
    """Lessons, and the attendance screen: trainees down, lessons across."""
    row = _course(request, pk, P.CORPS_READ)
    may_edit = _may_edit(request, row)
    lessons = list(row.sessions.all())
    trainees = row.trainees.select_related("person", "committee").order_by(
        "committee__level_order", "committee__sort_order", "committee__code", "person__pinyin", "pk"
    )
    page = Paginator(trainees, ROWS_A_SCREEN).get_page(request.GET.get("page"))
    shown = [trainee.pk for trainee in page]
    marks = set(TrainingAttendance.objects.filter(trainee__in=shown).order_by().values_list("session_id", "trainee_id"))
    offered = sum((lesson.hours for lesson in lessons), Decimal(0))
    for trainee in page:
        trainee.cells = [
            {"value": f"{lesson.pk}-{trainee.pk}", "there": (lesson.pk, trainee.pk) in marks, "topic": lesson.topic}
            for lesson in lessons
        ]
        trainee.hours = sum((le.hours for le in lessons if (le.pk, trainee.pk) in marks), Decimal(0))
        trainee.came = any(cell["there"] for cell in trainee.cells)
    is_open = may_edit and row.stage == CourseStage.OPEN
    enrol = None
    if is_open:
        keepers = training_actions.secretaries_of(row.committee, row.since)
        left = set(keepers) - set(row.trainees.values_list("person_id", flat=True))
        enrol = EnrolForm(people=Person.objects.filter(pk__in=left).order_by("pinyin")) if left else None
    context = {
        "course": row, "lessons": lessons, "page_obj": page, "offered": offered, "may_edit": may_edit, "is_open": is_open,
        "shown": ",".join(str(pk) for pk in shown), "enrol": enrol, "left": len(left) if enrol else 0,
        "people": page.paginator.count, "completed": row.trainees.filter(completed_on__isnull=False).count(),
        "tone": COURSE_TONES[row.stage], "events": history_of(row), "share": row.pass_share,
    }  # fmt: skip
    return render(request, "corps/course.html", context)


BLANK_LESSONS = 3


def _lessons(request: HttpRequest, row: TrainingCourse | None) -> Any:
    if request.method == "POST":
        data = request.POST
        if data.get("add") == "lessons":
            data = data.copy()
            data["lessons-TOTAL_FORMS"] = str(int(data.get("lessons-TOTAL_FORMS") or 0) + 1)
        return LessonFormSet(data, prefix="lessons")
    there = row.sessions.values("pk", "day", "topic", "lecturer", "hours") if row else ()
    initial = [*there, *({} for _ in range(BLANK_LESSONS if row is None else 1))]
    return LessonFormSet(initial=initial, prefix="lessons")


@permission(P.CORPS_EDIT)
@require_http_methods(["GET", "POST"])
def course_new(request: HttpRequest) -> HttpResponse:
    form = CourseForm(
        request.POST or None, departments=_departments(request.user, P.CORPS_EDIT),
        initial={"form_token": str(uuid.uuid4()), "since": request.today, "until": request.today},
    )  # fmt: skip
    lessons = _lessons(request, None)
    if request.method == "POST" and "add" not in request.POST and form.is_valid() and lessons.is_valid():
        row = attempt(
            request,
            lambda: training_actions.create_course(
                committee=form.department(), lessons=typed_lessons(lessons), **form.given(),
                form_token=form.cleaned_data["form_token"], by=request.user, at=request.now,
            ),
            form,
        )  # fmt: skip
        if row:
            messages.success(request, f"已建班：{row}。接着报名。")
            return redirect(row)
    return render(request, "corps/course_form.html", {"form": form, "lessons": lessons}, status=_status(request))


@permission(P.CORPS_EDIT)
@require_http_methods(["GET", "POST"])
def course_edit(request: HttpRequest, pk: int) -> HttpResponse:
    row = _course(request, pk, P.CORPS_EDIT)
    names = ("version", "name", "since", "until", "place", "content")
    initial = {name: getattr(row, name) for name in names} | {"pass_share": int(row.pass_share * 100)}
    form = CourseForm(request.POST or None, initial=initial)
    lessons = _lessons(request, row)
    conflict = None
    if request.method == "POST" and "add" not in request.POST and form.is_valid() and lessons.is_valid():
        act = lambda: training_actions.edit_course(
            row, version=form.cleaned_data["version"], lessons=typed_lessons(lessons), **form.given(), by=request.user,
            at=request.now,
        )  # fmt: skip
        if attempt(request, act, form):
            messages.success(request, "已保存。")
            return redirect(row)
        conflict = overtaken(form, row)
    context = {"form": form, "lessons": lessons, "course": row, "conflict": conflict}
    return render(request, "corps/course_form.html", context, status=_status(request))


@permission(P.CORPS_EDIT)
@require_POST
def course_enrol(request: HttpRequest, pk: int) -> HttpResponse:
    row = _course(request, pk, P.CORPS_EDIT)
    form = EnrolForm(request.POST, people=Person.objects.all())
    if filled(request, form):
        chosen = None if form.cleaned_data["everybody"] else [who.pk for who in form.cleaned_data["people"]]
        new = attempt(request, lambda: training_actions.enrol(row, people=chosen, by=request.user, at=request.now))
        if new is not None:
            messages.success(request, f"新报名 {new} 人。" if new else "都已在名单上。")
    return redirect(row)


@permission(P.CORPS_EDIT)
@require_POST
def course_drop(request: HttpRequest, pk: int) -> HttpResponse:
    row = _course(request, pk, P.CORPS_EDIT)
    word = request.POST.get("trainee", "")
    trainee = int(word) if word.isdigit() else 0
    attempt(request, lambda: training_actions.drop(row, trainee=trainee, by=request.user, at=request.now))
    return redirect(row)


@permission(P.CORPS_EDIT)
@require_POST
def course_attendance(request: HttpRequest, pk: int) -> HttpResponse:
    """The whole screen in one request; a button of a lesson's head marks everybody shown at it."""
    row = _course(request, pk, P.CORPS_EDIT)
    form = AttendanceForm(request.POST)
    if filled(request, form):
        given = form.cleaned_data
        marks = typed_marks(request.POST.getlist("m"))
        everybody = request.POST.get("all", "")
        if everybody.isdigit():
            marks |= {(int(everybody), trainee) for trainee in given["trainees"]}
        changed = attempt(
            request,
            lambda: training_actions.set_attendance(
                row, trainees=given["trainees"], marks=marks, version=given["version"], by=request.user, at=request.now
            ),
        )
        if changed is not None:
            messages.success(request, f"签到已保存，改动 {changed} 处。" if changed else "签到没有改动。")
    page = request.GET.get("page", "")
    return redirect(f"{row.get_absolute_url()}?page={page}" if page.isdigit() else row.get_absolute_url())


@permission(P.CORPS_EDIT)
@require_POST
def course_finish(request: HttpRequest, pk: int) -> HttpResponse:
    row = _course(request, pk, P.CORPS_EDIT)
    word = request.POST.get("version", "")
    version = int(word) if word.isdigit() else 0
    done = attempt(request, lambda: training_actions.finish(row, version=version, by=request.user, at=request.now))
    if done:
        messages.success(request, f"“{done}”已结业。")
    return redirect(row)


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
        return _sheet(request, "专家库", heads, lines, f"截至 {day}")
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
        request.POST or None, departments=_departments(request.user, P.CORPS_EDIT), initial={"since": request.today}
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
    return render(request, "corps/expert.html", {"form": form}, status=_status(request))


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
        conflict = overtaken(form, row)
    context = {
        "form": form, "expert": row, "conflict": conflict, "aways": row.aways.order_by("-since"), "away_form": AwayForm(),
        "places": row.memberships.select_related("team").order_by("-since"), "events": history_of(row),
    }  # fmt: skip
    return render(request, "corps/expert.html", context, status=_status(request))


@permission(P.CORPS_EDIT)
@require_POST
def expert_away(request: HttpRequest, pk: int) -> HttpResponse:
    """Days away are added, or (`drop`) taken off again."""
    row = _expert(request, pk)
    drop = request.POST.get("drop", "")
    if drop.isdigit():
        attempt(request, lambda: pool_actions.remove_away(row, away=int(drop), by=request.user, at=request.now))
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
    tops = list(_departments(request.user, P.CORPS_EDIT))
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
    may_edit = _may_edit(request, row)
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
    departments = _departments(request.user, P.CORPS_EDIT)
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
    return render(request, "corps/team_form.html", {"form": form}, status=_status(request))


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
    return render(request, "corps/team_form.html", context, status=_status(request))


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


# ------------------------------------------------------------------------------------------------ hand-overs
def _hand_overs(request: HttpRequest) -> QuerySet[HandOver]:
    rows = HandOver.objects.open_to_or_for(request.user, P.HAND_OVER)
    return rows.select_related("committee", "giver__person", "receiver")


@any_login
@require_GET
def hand_over_list(request: HttpRequest) -> HttpResponse:
    """Those in reach, and those one is to receive: the receiver may hold no role yet."""
    page = page_of(request, _hand_overs(request).order_by("-prepared_at", "-pk"))
    for row in page:
        row.tone = HAND_OVER_TONES[row.stage]
    context = {"page_obj": page, "may_prepare": request.user.may(P.HAND_OVER)}
    return render(request, "corps/hand_overs.html", context)


def _grouped(things: Any) -> list[dict[str, Any]]:
    """Lines by kind, in the order found."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for thing in things:
        groups.setdefault(thing["group"], []).append(thing)
    return [{"name": name, "lines": lines} for name, lines in groups.items()]


def _open_now(committee_id: int, day: Any) -> list[dict[str, Any]]:
    return _grouped(thing.frozen() for thing in open_things(committee_id, day))


@permission(P.HAND_OVER)
@require_http_methods(["GET", "POST"])
def hand_over_new(request: HttpRequest) -> HttpResponse:
    """Who gives, who receives, until which minute; what is open stands beside it."""
    day = request.today
    givers = StudySecretary.objects.open_to(request.user, P.HAND_OVER).filter(Q(until__isnull=True) | Q(until__gte=day))
    givers = givers.filter(since__lte=day).select_related("person", "committee").order_by("committee__path", "pk")
    chosen = None
    word = request.GET.get("secretary", "")
    if word.isdigit():
        chosen = get_object_or_404(givers, pk=int(word))
    elif request.user.person_id:
        chosen = givers.filter(person=request.user.person_id).first()
    initial = {"giver": chosen.pk if chosen else None, "ends_on": day, "ends_time": time(18, 0)}
    form = HandOverForm(request.POST or None, givers=givers, people=Person.objects.all(), initial=initial)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        act = lambda: hand_over_actions.prepare(
            given["giver"], receiver=given["receiver"], ends_at=form.ends_at(), note=given["note"], by=request.user,
            at=request.now,
        )  # fmt: skip
        row = attempt(request, act, form)
        if row:
            messages.success(request, f"交接已准备好，请{row.receiver}本人登录签收。")
            if not User.objects.filter(person=row.receiver, is_active=True).exists():
                messages.warning(request, f"{row.receiver}还没有账号，请先请系统管理员开通，才能签收。")
            return redirect(row)
    groups = _open_now(chosen.committee_id, day) if chosen else []
    return render(
        request,
        "corps/hand_over_form.html",
        {"form": form, "chosen": chosen, "groups": groups},
        status=_status(request),
    )


@any_login
@require_GET
def hand_over(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(_hand_overs(request), pk=pk)
    waits = row.stage == HandOverStage.PREPARED
    groups = _open_now(row.committee_id, request.today) if waits else _grouped(row.contents)
    reach = HandOver.objects.open_to(request.user, P.HAND_OVER).filter(pk=pk)
    context = {
        "row": row, "groups": groups, "waits": waits, "tone": HAND_OVER_TONES[row.stage], "events": history_of(row),
        "mine": waits and row.receiver_id == request.user.person_id, "may_cancel": waits and reach.exists(),
        "facts": [
            {"label": "委员会", "value": row.committee.name}, {"label": "移交人", "value": row.giver.person.name},
            {"label": "接收人", "value": row.receiver.name},
            {"label": "移交人权限截止", "value": f"{row.ends_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"},
            {"label": "准备", "value": f"{row.prepared_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"},
            {"label": "签收", "value": f"{row.signed_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" if row.signed_at else "—"},
        ],
    }  # fmt: skip
    return render(request, "corps/hand_over.html", context)


@any_login
@require_POST
def hand_over_sign(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(_hand_overs(request), pk=pk)
    word = request.POST.get("version", "")
    version = int(word) if word.isdigit() else 0
    done = attempt(request, lambda: hand_over_actions.sign(row, version=version, by=request.user, at=request.now))
    if done:
        messages.success(
            request, f"已签收。从 {done.ends_at.astimezone(SHANGHAI):%m月%d日} 起您是{done.committee}的学习秘书。"
        )
    return redirect(row)


@permission(P.HAND_OVER)
@require_POST
def hand_over_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(HandOver.objects.open_to(request.user, P.HAND_OVER), pk=pk)
    form = CancelForm(request.POST)
    if filled(request, form):
        act = lambda: hand_over_actions.cancel(row, **form.cleaned_data, by=request.user, at=request.now)
        if attempt(request, act):
            messages.success(request, "交接已取消。")
    return redirect(row)
