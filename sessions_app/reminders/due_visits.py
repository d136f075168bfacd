"""What falls due about visits: the unit to be told in time, the observers' sheets after the session.

Both belong to the department that runs the round: the unit owes nothing here.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Exists, OuterRef, Q

from sessions_app.reminders.rules import Kind
from sessions_app.reminders.world import OLDEST, Due, World, page, short, short_day
from sessions_app.sessions.models import SessionStage
from sessions_app.visits.deadlines import working_day_before
from sessions_app.visits.models import ObservationVisit, ScoreStage, VisitObserver, VisitScore, VisitStage

TO_BE_TOLD = [VisitStage.PROPOSED, VisitStage.ASSIGNED, VisitStage.ACCEPTED, VisitStage.REVIEWED]
TO_BE_SCORED = [VisitStage.ACCEPTED, VisitStage.REVIEWED, VisitStage.OBSERVED, VisitStage.FEEDBACK_PENDING]


def visit_notice(world: World) -> Iterator[Due]:
    """A session with its day lies ahead, and the unit was not told; due so many working days before it."""
    rows = ObservationVisit.objects.filter(Q(noticed_on__isnull=True) | Q(noticed_on__gt=world.day))
    rows = rows.filter(stage__in=TO_BE_TOLD, study_session__day__gte=world.day)
    rows = world.within(rows.exclude(study_session__stage=SessionStage.CANCELLED), "round__committee_id").order_by("pk")
    columns = (
        "pk",
        "round__committee_id",
        "committee_id",
        "committee__short_name",
        "committee__name",
        "study_session__day",
    )
    address = page("visit")
    for pk, department_id, unit_id, short_name, name, day in rows.values_list(*columns):
        if department_id not in world.committees or unit_id not in world.committees:
            continue
        due_on = working_day_before(day, world.rules[unit_id]["visit_notice_working_days"], world.calendar)
        if due_on <= world.near_until(world.rules[department_id]["near_working_days"]):
            what = f"通知{short(short_name or name, 20)}：{short_day(day)}列席旁听"
            yield Due(Kind.VISIT_NOTICE, f"visit-notice:{pk}", department_id, due_on, what, address(pk))


def visit_score(world: World) -> Iterator[Due]:
    """The session is over, and an observer who accepted has not submitted his sheet; due the next working day."""
    submitted = VisitScore.objects.filter(
        visit=OuterRef("visit_id"), person=OuterRef("person_id"), stage=ScoreStage.SUBMITTED, submitted_at__lt=world.end
    )
    rows = VisitObserver.objects.filter(
        visit__stage__in=TO_BE_SCORED, accepted_at__lt=world.end, visit__study_session__day__lt=world.day,
        visit__study_session__day__gte=world.day - OLDEST,
    )  # fmt: skip
    rows = rows.exclude(visit__study_session__stage=SessionStage.CANCELLED).exclude(Exists(submitted))
    columns = (
        "visit_id", "person_id", "visit__round__committee_id", "visit__committee__short_name", "visit__committee__name",
        "visit__study_session__day",
    )  # fmt: skip
    address = page("visit_score")
    for pk, person_id, department_id, short_name, name, day in (
        world.within(rows, "visit__round__committee_id").order_by("pk").values_list(*columns)
    ):
        if department_id in world.committees:
            what = f"{short_day(day)}旁听评分：{short(short_name or name, 20)}"
            subject = f"visit-score:{pk}:{person_id}"
            due_on = world.after(day, 1)
            yield Due(Kind.VISIT_SCORE, subject, department_id, due_on, what, address(pk), person_id=person_id)
