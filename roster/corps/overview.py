"""The corps on a day: each study secretary with his courses, his hours this year, completed or not; and the totals."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import DecimalField, Exists, OuterRef, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from roster.corps.models import Trainee, TrainingAttendance, TrainingCourse
from roster.people.models import StudySecretary

ZERO = Decimal(0)
STATES = {"NONE": "未参训", "OPEN": "未结业", "DONE": "已结业"}


def _hours(person: str, year: int, day: date) -> Coalesce:
    rows = TrainingAttendance.objects.filter(
        trainee__person=OuterRef(person), session__day__year=year, session__day__lte=day
    )
    total = rows.order_by().values("trainee__person").annotate(n=Sum("session__hours")).values("n")
    number = DecimalField(max_digits=8, decimal_places=1)
    return Coalesce(Subquery(total, output_field=number), Value(ZERO), output_field=number)


def secretaries(rows: QuerySet[StudySecretary], day: date) -> QuerySet[Any]:
    """With `hours` of the year up to the day, and whether a course of the year was `trained` in or `completed`."""
    attended = TrainingAttendance.objects.filter(
        trainee__person=OuterRef("person"), session__day__year=day.year, session__day__lte=day
    )
    done = Trainee.objects.filter(person=OuterRef("person"), completed_on__lte=day, course__since__year=day.year)
    return rows.annotate(
        hours=_hours("person", day.year, day), trained=Exists(attended), completed=Exists(done)
    ).select_related("person", "committee")


def narrowed(rows: QuerySet[Any], state: str) -> QuerySet[Any]:
    match state:
        case "NONE":
            return rows.filter(trained=False)
        case "OPEN":
            return rows.filter(trained=True, completed=False)
        case "DONE":
            return rows.filter(completed=True)
        case _:
            return rows


@dataclass(frozen=True)
class Totals:
    secretaries: int
    committees: int
    courses: int
    trained: int
    completed: int
    hours: Decimal


def totals(rows: QuerySet[Any], courses: QuerySet[TrainingCourse], day: date) -> Totals:
    """Of `secretaries(...)`: people count once, whatever the number of committees they keep."""
    rows = rows.order_by()

    def people(some: QuerySet[Any]) -> int:
        return some.values("person").distinct().count()

    hours = TrainingAttendance.objects.filter(
        trainee__person__in=rows.values("person"), session__day__year=day.year, session__day__lte=day
    ).aggregate(n=Sum("session__hours"))["n"]
    held = courses.filter(since__year=day.year, since__lte=day).count()
    return Totals(
        people(rows), rows.values("committee").distinct().count(), held, people(rows.filter(trained=True)),
        people(rows.filter(completed=True)), hours or ZERO,
    )  # fmt: skip


def with_courses(rows: list[Any], day: date) -> None:
    """Each row gets `courses`: those of the year, newest first, one query for all."""
    by_person: dict[int, list[Trainee]] = {}
    people = {row.person_id for row in rows}
    found = Trainee.objects.filter(person__in=people, course__since__year=day.year, course__since__lte=day)
    for trainee in found.select_related("course").order_by("-course__since", "-pk"):
        by_person.setdefault(trainee.person_id, []).append(trainee)
    for row in rows:
        row.courses = by_person.get(row.person_id, [])
        row.state = "DONE" if row.completed else "OPEN" if row.trained else "NONE"
        row.state_word = STATES[row.state]


@dataclass(frozen=True)
class OwnCourse:
    course: TrainingCourse
    hours: Decimal
    offered: Decimal
    completed_on: date | None


def own_record(person_id: int) -> list[OwnCourse]:
    """A secretary's training, newest first."""
    number = DecimalField(max_digits=8, decimal_places=1)
    rows = Trainee.objects.filter(person=person_id).select_related("course__committee")
    offered = TrainingCourse.objects.filter(pk=OuterRef("course")).annotate(n=Sum("sessions__hours")).values("n")
    rows = rows.annotate(
        hours=Coalesce(Sum("attendances__session__hours"), Value(ZERO), output_field=number),
        offered=Coalesce(Subquery(offered, output_field=number), Value(ZERO), output_field=number),
    )
    return [
        OwnCourse(row.course, row.hours, row.offered, row.completed_on)
        for row in rows.order_by("-course__since", "-pk")
    ]
