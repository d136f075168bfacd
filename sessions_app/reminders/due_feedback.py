"""What falls due about the feedback of a visit: to be handed in, to be issued, to be receipted, to be answered.

The first two belong to the department that runs the round, the others to the unit. The days are those of `visits.deadlines`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery

from roster.audit.actions import SHANGHAI
from sessions_app.reminders.rules import PERSON, REVIEWER, Kind
from sessions_app.reminders.world import OLDEST, Due, World, page, short, short_day
from sessions_app.visits.models import SAT_IN, FeedbackStage, ObservationVisit, VisitObserver

NAMED = ("committee__short_name", "committee__name", "observed_on")
UNWRITTEN = [FeedbackStage.DRAFT, FeedbackStage.RETURNED]
OUT = [FeedbackStage.ISSUED, FeedbackStage.ACKNOWLEDGED]


def _seen(world: World, whose: str) -> QuerySet:
    """Visits sat in by the day, of the committees here; what is a year old is history."""
    rows = ObservationVisit.objects.filter(stage__in=SAT_IN, observed_on__range=(world.day - OLDEST, world.day))
    return world.within(rows, whose).order_by("pk")


def _named(short_name: str, name: str, observed_on: Any) -> str:
    return f"{short_day(observed_on)}旁听{short(short_name or name, 20)}"


def feedback_due(world: World) -> Iterator[Due]:
    """Not handed in, or sent back, and its term near or past: told to who leads; past it, to the reviewers as well."""
    lead = VisitObserver.objects.filter(visit=OuterRef("pk")).order_by("-is_lead", "pk").values("person_id")[:1]
    rows = _seen(world, "round__committee_id").filter(
        Q(feedback=None) | Q(feedback__stage__in=UNWRITTEN) | Q(feedback__submitted_at__gte=world.end)
    )
    columns = ("pk", "round__committee_id", "committee_id", "lead", *NAMED)
    address = page("visit_feedback")
    for pk, department_id, unit_id, person_id, *named in rows.annotate(lead=Subquery(lead)).values_list(*columns):
        if department_id not in world.committees or unit_id not in world.committees:
            continue
        due_on = world.after(named[-1], world.rules[unit_id]["visit_feedback_working_days"])
        if due_on <= world.near_until(world.rules[department_id]["near_working_days"]):
            to = (PERSON, REVIEWER) if due_on < world.day else (PERSON,)
            what = f"{_named(*named)}：反馈意见"
            yield Due(
                Kind.FEEDBACK_DUE,
                f"feedback:{pk}",
                department_id,
                due_on,
                what,
                address(pk),
                person_id=person_id,
                to=to,
            )


def feedback_waiting(world: World) -> Iterator[Due]:
    """Handed in by the day and not decided, once the longest waiting the local rule allows is over."""
    rows = _seen(world, "round__committee_id").filter(
        Q(feedback__stage=FeedbackStage.SUBMITTED) | Q(feedback__issued_at__gte=world.end),
        feedback__submitted_at__lt=world.end,
    )
    columns = ("pk", "round__committee_id", "committee_id", "feedback__submitted_at", *NAMED)
    address = page("visit_feedback")
    for pk, department_id, unit_id, submitted_at, *named in rows.values_list(*columns):
        if department_id not in world.committees or unit_id not in world.committees:
            continue
        wait = world.rules[unit_id]["approval_wait_working_days"]
        due_on = world.after(submitted_at.astimezone(SHANGHAI).date(), wait)
        if due_on <= world.day:
            what = f"{_named(*named)}：反馈意见待审核"
            yield Due(Kind.FEEDBACK_WAITING, f"feedback-waiting:{pk}", department_id, due_on, what, address(pk))


def feedback_receipt(world: World) -> Iterator[Due]:
    """Issued by the day, and the unit did not sign for it."""
    rows = _seen(world, "committee_id").filter(
        Q(feedback__stage=FeedbackStage.ISSUED) | Q(feedback__acknowledged_at__gte=world.end)
    )
    yield from _of_unit(world, rows, Kind.FEEDBACK_RECEIPT_DUE, "feedback_receipt_working_days", "签收反馈意见")


def feedback_reply(world: World) -> Iterator[Due]:
    """Issued by the day, and the unit did not answer. When it answered is not kept: a past day sees the answer of today."""
    rows = _seen(world, "committee_id").filter(feedback__stage__in=OUT, feedback__reply="")
    yield from _of_unit(world, rows, Kind.FEEDBACK_REPLY_DUE, "feedback_reply_working_days", "回复反馈意见")


def _of_unit(world: World, rows: QuerySet, kind: Kind, term: str, doing: str) -> Iterator[Due]:
    name = kind.value.removesuffix("_DUE").replace("_", "-").lower()
    address = page("visit_feedback")
    columns = ("pk", "committee_id", "round__committee_id", "feedback__issued_at", "observed_on")
    for pk, unit_id, department_id, issued_at, observed_on in rows.filter(
        feedback__issued_at__lt=world.end
    ).values_list(*columns):
        if unit_id not in world.committees:
            continue
        rules = world.rules[unit_id]
        due_on = world.after(issued_at.astimezone(SHANGHAI).date(), rules[term])
        if due_on <= world.near_until(rules["near_working_days"]):
            what = f"{short_day(observed_on)}列席旁听：{doing}"
            yield Due(kind, f"{name}:{pk}", unit_id, due_on, what, address(pk), department_id=department_id)
