"""Every change to training courses: lessons, trainees, attendance, completion."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import DecimalField, Sum
from django.db.models.functions import Coalesce

from roster.audit.actions import SHANGHAI, Actor, changes, record
from roster.audit.moves import Refused
from roster.committees.models import Committee
from roster.corps.models import CourseStage, Trainee, TrainingAttendance, TrainingCourse, TrainingSession
from roster.corps.rules import COURSE_MOVES, Lesson, finish_reasons, lesson_reasons, passed
from roster.people.models import StudySecretary

COURSE_FIELDS = frozenset({"name", "content", "place", "since", "until", "pass_share"})
ENDED = "培训班已结业，名单、课程和签到不能再改。"


def _settle_lessons(course: TrainingCourse, lessons: Sequence[Lesson]) -> bool:
    """Bring the lessons in line, in the order given; one somebody attended is not taken away. Whether anything changed."""
    there = {row.pk: row for row in course.sessions.all()}
    gone = set(there) - {lesson.pk for lesson in lessons if lesson.pk}
    reasons = [
        f"课程“{row.topic}”已有签到，不能删去；填错的请修改它。"
        for row in TrainingSession.objects.filter(pk__in=gone, attendances__isnull=False).distinct()
    ]
    if reasons:
        raise Refused(reasons)
    before = [(row.pk, row.order, row.topic, row.day, row.hours, row.lecturer) for row in there.values()]
    TrainingSession.objects.filter(pk__in=gone).delete()
    kept = []
    # Out of the way first: the order is unique.
    for index, row in enumerate(course.sessions.all()):
        TrainingSession.objects.filter(pk=row.pk).update(order=10_000 + index)
    for order, lesson in enumerate(lessons, start=1):
        row = there.get(lesson.pk or 0) or TrainingSession(course=course)
        row.order, row.topic, row.day, row.hours, row.lecturer = (
            order, lesson.topic, lesson.day, lesson.hours, lesson.lecturer,
        )  # fmt: skip
        row.save()
        kept.append((row.pk, row.order, row.topic, row.day, row.hours, row.lecturer))
    return before != kept


@transaction.atomic
def create_course(
    *, committee: Committee, name: str, since: date, until: date, lessons: Sequence[Lesson], content: str = "",
    place: str = "", pass_share: Decimal = Decimal(1), form_token: str | None = None, by: Actor, at: datetime,
) -> TrainingCourse:  # fmt: skip
    """The same form sent twice makes one course."""
    if form_token:
        Committee.objects.select_for_update(of=("self",), no_key=True).get(pk=committee.pk)
        known: TrainingCourse | None = TrainingCourse.objects.filter(form_token=form_token).first()
        if known is not None:
            return known
    reasons = lesson_reasons(since, until, lessons)
    if reasons:
        raise Refused(reasons)
    row = TrainingCourse(
        committee=committee, name=name, content=content, place=place, since=since, until=until, pass_share=pass_share,
        form_token=form_token or None,
    )  # fmt: skip
    row.save()
    _settle_lessons(row, lessons)
    record(row, verb="create", after=row.stage, by=by, at=at, data={"lessons": len(lessons)})
    return row


def _open(course: TrainingCourse, version: int | None) -> TrainingCourse:
    row: TrainingCourse = TrainingCourse.objects.lock(course.pk, version)
    if row.stage != CourseStage.OPEN:
        raise Refused(ENDED)
    return row


@transaction.atomic
def edit_course(
    course: TrainingCourse, *, version: int, lessons: Sequence[Lesson], by: Actor, at: datetime, **wanted: Any
) -> TrainingCourse:
    unknown = set(wanted) - COURSE_FIELDS
    if unknown:
        raise TypeError(f"not editable here: {sorted(unknown)}")
    row = _open(course, version)
    changed = changes(row, wanted)
    reasons = lesson_reasons(row.since, row.until, lessons)
    if reasons:
        raise Refused(reasons)
    moved = _settle_lessons(row, lessons)
    if not changed and not moved:
        return row
    row.save_changed()
    record(row, verb="edit", by=by, at=at, data={"changes": changed, "lessons": len(lessons)})
    return row


def secretaries_of(committee: Committee, day: date) -> dict[int, int]:
    """The study secretaries of a subtree on a day: person to committee, the highest where one keeps several."""
    rows = StudySecretary.objects.on(day).filter(committee__path__startswith=committee.path)
    found: dict[int, int] = {}
    for person, where in rows.order_by("committee__path", "pk").values_list("person_id", "committee_id"):
        found.setdefault(person, where)
    return found


@transaction.atomic
def enrol(
    course: TrainingCourse, *, people: Iterable[int] | None = None, version: int | None = None, by: Actor, at: datetime
) -> int:
    """All secretaries of the subtree on the first day (None), or those chosen; how many are new."""
    row = _open(course, version)
    keepers = secretaries_of(row.committee, row.since)
    wanted = set(keepers) if people is None else set(people)
    strangers = wanted - set(keepers)
    if strangers:
        raise Refused(f"有 {len(strangers)} 人在开班当日不是本范围的学习秘书，不能报名，请核对名单。")
    new = sorted(wanted - set(row.trainees.values_list("person_id", flat=True)))
    if not new:
        return 0
    Trainee.objects.bulk_create([Trainee(course=row, person_id=who, committee_id=keepers[who]) for who in new])
    row.save_changed()
    record(row, verb="enrol", by=by, at=at, data={"trainees": len(new)})
    return len(new)


@transaction.atomic
def drop(course: TrainingCourse, *, trainee: int, version: int | None = None, by: Actor, at: datetime) -> None:
    """Take somebody off the list who came to no lesson."""
    row = _open(course, version)
    found = row.trainees.filter(pk=trainee).select_related("person").first()
    if found is None:
        raise Refused("这名学员已不在名单上，请刷新页面。")
    if found.attendances.exists():
        raise Refused(f"{found.person}已有签到，不能从名单上去掉。")
    who = found.person.code
    found.delete()
    row.save_changed()
    record(row, verb="remove", by=by, at=at, data={"person": who})


@transaction.atomic
def set_attendance(
    course: TrainingCourse, *, trainees: Collection[int], marks: Collection[tuple[int, int]], version: int, by: Actor,
    at: datetime,
) -> int:  # fmt: skip
    """Who of `trainees` (those on the screen) was at which lesson: (lesson, trainee) pairs. How many marks changed."""
    row = _open(course, version)
    lessons = set(row.sessions.values_list("pk", flat=True))
    shown = set(row.trainees.filter(pk__in=trainees).values_list("pk", flat=True))
    wanted = {(lesson, trainee) for lesson, trainee in marks if lesson in lessons and trainee in shown}
    rows = TrainingAttendance.objects.filter(session__course=row, trainee__in=shown)
    there = {(mark.session_id, mark.trainee_id): mark.pk for mark in rows}
    gone = [pk for pair, pk in there.items() if pair not in wanted]
    new = [TrainingAttendance(session_id=s, trainee_id=t) for s, t in sorted(wanted - set(there))]
    if not gone and not new:
        return 0
    TrainingAttendance.objects.filter(pk__in=gone).delete()
    TrainingAttendance.objects.bulk_create(new)
    row.save_changed()
    record(row, verb="attendance", by=by, at=at, data={"added": len(new), "removed": len(gone)})
    return len(gone) + len(new)


def hours_attended(course: TrainingCourse) -> dict[int, Decimal]:
    """By trainee, 0 for who never came."""
    total = Coalesce(Sum("attendances__session__hours"), Decimal(0), output_field=DecimalField())
    return dict(course.trainees.order_by().annotate(hours=total).values_list("pk", "hours"))


@transaction.atomic
def finish(course: TrainingCourse, *, version: int, by: Actor, at: datetime) -> TrainingCourse:
    """Who attended the share asked for has completed; afterwards nothing of the course changes."""
    row: TrainingCourse = TrainingCourse.objects.lock(course.pk, version)
    before, stage = row.stage, COURSE_MOVES.target(row.stage, "finish")
    today = at.astimezone(SHANGHAI).date()
    lessons = list(row.sessions.values_list("day", "hours"))
    attended = hours_attended(row)
    reasons = finish_reasons(today, [day for day, _ in lessons], len(attended))
    if reasons:
        raise Refused(reasons)
    offered = sum((hours for _, hours in lessons), Decimal(0))
    done = [pk for pk, hours in attended.items() if passed(hours, offered, row.pass_share)]
    Trainee.objects.filter(pk__in=done).update(completed_on=today)
    row.stage = stage
    row.save_changed()
    record(
        row, verb="finish", before=before, after=row.stage, by=by, at=at,
        data={"trainees": len(attended), "completed": len(done)},
    )  # fmt: skip
    return row
