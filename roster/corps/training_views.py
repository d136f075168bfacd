"""Doors of the corps: who is in it, and the training of study secretaries."""

import uuid
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from roster import outside
from roster.accounts.doors import attempt, filled, permission
from roster.accounts.listing import ordered, page_of
from roster.accounts.roles import Permission
from roster.accounts.stale import overtaken
from roster.audit.history import history_of
from roster.committees.models import Committee, ScopedQuerySet
from roster.corps import overview, training_actions
from roster.corps.doorway import departments_of, editable, sheet, status_of
from roster.corps.forms import (
    AttendanceForm,
    CorpsFilter,
    CourseFilter,
    CourseForm,
    EnrolForm,
    LessonFormSet,
    typed_lessons,
    typed_marks,
)
from roster.corps.models import (
    CourseStage,
    TrainingAttendance,
    TrainingCourse,
)
from roster.people.models import Person, StudySecretary

P = Permission
COURSE_TONES = {CourseStage.OPEN: "near", CourseStage.FINISHED: "ok"}
STATE_TONES = {"NONE": "behind", "OPEN": "near", "DONE": "ok"}
ROWS_A_SCREEN = 300  # trainees of one attendance screen


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
    return sheet(request, "学习秘书培训情况", heads, lines, f"截至 {day}")


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
    may_edit = editable(request, row)
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
            data["lessons-TOTAL_FORMS"] = str((outside.whole(data.get("lessons-TOTAL_FORMS"), most=999) or 0) + 1)
        return LessonFormSet(data, prefix="lessons")
    there = row.sessions.values("pk", "day", "topic", "lecturer", "hours") if row else ()
    initial = [*there, *({} for _ in range(BLANK_LESSONS if row is None else 1))]
    return LessonFormSet(initial=initial, prefix="lessons")


@permission(P.CORPS_EDIT)
@require_http_methods(["GET", "POST"])
def course_new(request: HttpRequest) -> HttpResponse:
    form = CourseForm(
        request.POST or None, departments=departments_of(request.user, P.CORPS_EDIT),
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
    return render(request, "corps/course_form.html", {"form": form, "lessons": lessons}, status=status_of(request))


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
        conflict = overtaken(form, row, request.user)
    context = {"form": form, "lessons": lessons, "course": row, "conflict": conflict}
    return render(request, "corps/course_form.html", context, status=status_of(request))


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
    trainee = outside.key(word)
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
        if lesson := outside.key(everybody):
            marks |= {(lesson, trainee) for trainee in given["trainees"]}
        changed = attempt(
            request,
            lambda: training_actions.set_attendance(
                row, trainees=given["trainees"], marks=marks, version=given["version"], by=request.user, at=request.now
            ),
        )
        if changed is not None:
            messages.success(request, f"签到已保存，改动 {changed} 处。" if changed else "签到没有改动。")
    page = request.GET.get("page", "")
    return redirect(f"{row.get_absolute_url()}?page={page}" if outside.key(page) else row.get_absolute_url())


@permission(P.CORPS_EDIT)
@require_POST
def course_finish(request: HttpRequest, pk: int) -> HttpResponse:
    row = _course(request, pk, P.CORPS_EDIT)
    word = request.POST.get("version", "")
    version = outside.key(word)
    done = attempt(request, lambda: training_actions.finish(row, version=version, by=request.user, at=request.now))
    if done:
        messages.success(request, f"“{done}”已结业。")
    return redirect(row)
