"""What one session owes: its plan approved before the day, its minutes after it, make-up study, an answer to who asks leave."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Q
from django.urls import reverse

from sessions_app.attendance.models import LeaveRequest, LeaveStage, MakeUpStage, MakeUpStudy
from sessions_app.minutes.models import MinutesStage
from sessions_app.reminders.rules import LEADER, SECRETARY, Kind
from sessions_app.reminders.world import OLDEST, Due, World, page, short, short_day
from sessions_app.sessions.models import COUNTED_FORMS, TOOK_PLACE, SessionStage, StudySession

APPROVED_ON = [SessionStage.APPROVED, *TOOK_PLACE]  # approved, or further


def session_plan_due(world: World) -> Iterator[Due]:
    """Not approved by the day, and the session is near or past. Told again when it is moved to another day."""
    terms = {rules["session_plan_notice_working_days"] for rules in world.rules.values()}
    latest = world.near_until(max(terms, default=0))
    rows = StudySession.objects.filter(form__in=COUNTED_FORMS, day__range=(world.day - OLDEST, latest)).filter(
        Q(stage__in=[SessionStage.PREPARING, SessionStage.SUBMITTED])
        | Q(stage__in=APPROVED_ON, approved_at__gte=world.end)
    )
    address = page("session")
    columns = ("pk", "committee_id", "day", "topic", "stage", "submitted_at")
    for pk, committee_id, day, topic, stage, submitted_at in world.within(rows).order_by("pk").values_list(*columns):
        if not world.open(committee_id, day):
            continue
        if day > world.near_until(world.rules[committee_id]["session_plan_notice_working_days"]):
            continue
        prepared = stage == SessionStage.PREPARING or (submitted_at is not None and submitted_at >= world.end)
        yield Due(
            Kind.SESSION_PLAN_DUE, f"session:{pk}", committee_id, day, f"{short_day(day)}学习方案：{short(topic)}",
            address(pk), to=(SECRETARY if prepared else LEADER,), tell=day.isoformat(),
        )  # fmt: skip


def minutes_due(world: World) -> Iterator[Due]:
    """Held, or past its day without a word, and no minutes submitted by the day; told when the term is near."""
    rows = StudySession.objects.filter(form__in=COUNTED_FORMS, day__gte=world.day - OLDEST).filter(
        Q(stage=SessionStage.APPROVED, day__lt=world.day) | Q(stage__in=TOOK_PLACE, day__lte=world.day),
        Q(minutes=None) | Q(minutes__stage__in=[MinutesStage.DRAFT, MinutesStage.RETURNED])
        | Q(minutes__submitted_at__gte=world.end),
    )  # fmt: skip
    session, minutes = page("session"), page("minutes")
    columns = ("pk", "committee_id", "day", "topic", "stage")
    for pk, committee_id, day, topic, stage in world.within(rows).order_by("pk").values_list(*columns):
        if not world.open(committee_id, day):
            continue
        rules = world.rules[committee_id]
        due_on = world.after(day, rules["minutes_due_working_days"])
        if due_on <= world.near_until(rules["near_working_days"]):
            # Minutes are of a session held: where that was not said yet, it comes first.
            url = (minutes if stage in TOOK_PLACE else session)(pk)
            what = f"{short_day(day)}学习记录：{short(topic)}"
            yield Due(Kind.MINUTES_DUE, f"minutes:{pk}", committee_id, due_on, what, url)


def make_up_due(world: World) -> Iterator[Due]:
    """Not made up by the day, its term near or past; told to the member, and to the secretary who may write it for him."""
    terms = {rules["near_working_days"] for rules in world.rules.values()}
    latest = world.near_until(max(terms, default=0))
    rows = MakeUpStudy.objects.filter(
        Q(stage__in=[MakeUpStage.DUE, MakeUpStage.RETURNED])
        | Q(stage__in=[MakeUpStage.SUBMITTED, MakeUpStage.CONFIRMED], done_on__gt=world.day),
        participation__day__lte=world.day, due_on__range=(world.day - OLDEST, latest),
    )  # fmt: skip
    address = page("make_up")
    columns = (
        "pk", "participation__committee_id", "participation__day", "participation__study_session__topic", "due_on",
        "person_id", "person__name",
    )  # fmt: skip
    rows = world.within(rows, "participation__committee_id").order_by("pk")
    for pk, committee_id, day, topic, due_on, person_id, name in rows.values_list(*columns):
        if not world.open(committee_id, day):
            continue
        if due_on <= world.near_until(world.rules[committee_id]["near_working_days"]):
            what = f"{name}补学：{short_day(day)} {short(topic)}"
            yield Due(
                Kind.MAKEUP_DUE, f"make-up:{pk}", committee_id, due_on, what, address(pk), person_id=person_id
            )  # fmt: skip


def leave_waiting(world: World) -> Iterator[Due]:
    """Asked for and not answered by the day, and the session is still to come. What is cancelled waits for nobody."""
    rows = LeaveRequest.objects.filter(
        Q(stage=LeaveStage.ASKED) | Q(decided_at__gte=world.end), asked_at__lt=world.end,
        participation__day__gte=world.day,
    ).exclude(participation__study_session__stage=SessionStage.CANCELLED)  # fmt: skip
    url = reverse("approvals")
    columns = (
        "pk", "participation__committee_id", "participation__day", "participation__study_session__topic", "person__name",
    )  # fmt: skip
    rows = world.within(rows, "participation__committee_id").order_by("pk")
    for pk, committee_id, day, topic, name in rows.values_list(*columns):
        if world.open(committee_id, day):
            what = f"{name}请假：{short_day(day)} {short(topic)}"
            yield Due(Kind.LEAVE_WAITING, f"leave:{pk}", committee_id, day, what, url)
