"""What waits too long for a yes or no: one line of a table a thing that can wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet

from roster.audit.actions import SHANGHAI
from sessions_app.corrections.models import Correction, CorrectionStage
from sessions_app.minutes.models import Minutes, MinutesStage
from sessions_app.plans.models import PlanStage, StudyPlan
from sessions_app.policies.models import PeriodStage
from sessions_app.reminders.rules import LEADER, REVIEWER, Kind
from sessions_app.reminders.world import Due, World, page, short, short_day
from sessions_app.sessions.models import (
    TOOK_PLACE,
    FilingStage,
    SessionStage,
    SpeakerFiling,
    Speech,
    SpeechStage,
    StudySession,
)


@dataclass(frozen=True)
class Waiting:
    """One thing that can wait: `rows` that wait on the day, since the moment in the column `since`.

    `dated`: the column of the day, or year, in whose period it lies; `page` with the column `target` is where it is
    decided; `words` are made of `dated` and the columns `more`. `locked`: it asks for a change in a period already
    closed, so that only a frozen one ends the waiting.
    """

    name: str
    rows: QuerySet
    since: str
    committee: str
    dated: str
    page: str
    target: str
    more: tuple[str, str]
    words: Callable[[Any, Any, Any], str]
    to: str = LEADER
    locked: bool = False


def kinds(world: World) -> list[Waiting]:
    """Where the moment of leaving a stage is kept, what was left only after the day still waited on it."""
    after = world.end
    corrections = Correction.objects.all()
    agreed_later = Q(stage=CorrectionStage.AGREED, countersigned_by__isnull=False, applied_on__gt=world.day)
    return [
        Waiting(
            "plan", StudyPlan.objects.filter(stage=PlanStage.SUBMITTED), "submitted_at", "committee_id", "year",
            "plan", "pk", ("pk", "edition"), lambda year, *_: f"{year}年度学习计划待审定",
        ),
        Waiting(
            "session",
            StudySession.objects.filter(
                Q(stage=SessionStage.SUBMITTED) | Q(stage__in=[SessionStage.APPROVED, *TOOK_PLACE], approved_at__gte=after)
            ),
            "submitted_at", "committee_id", "day", "session", "pk", ("topic", "pk"),
            lambda day, topic, _: f"{short_day(day)}学习方案待审定：{short(topic)}",
        ),
        Waiting(
            "minutes",
            Minutes.objects.filter(
                Q(stage=MinutesStage.SUBMITTED) | Q(stage=MinutesStage.APPROVED, approved_at__gte=after)
            ),
            "submitted_at", "study_session__committee_id", "study_session__day", "minutes", "study_session_id",
            ("study_session__topic", "pk"), lambda day, topic, _: f"{short_day(day)}学习记录待审签：{short(topic)}",
        ),
        Waiting(
            "speech",
            Speech.objects.filter(
                Q(stage=SpeechStage.SUBMITTED)
                | Q(stage__in=[SpeechStage.APPROVED, SpeechStage.RETURNED], reviewed_at__gte=after)
            ).exclude(participation__study_session__stage=SessionStage.CANCELLED),
            "submitted_at", "participation__committee_id", "participation__day", "speech", "pk",
            ("speaker__name", "title"), lambda day, name, title: f"{short_day(day)}{name}发言待审：{short(title)}",
        ),
        Waiting(
            "correction", corrections.filter(Q(stage=CorrectionStage.ASKED) | Q(decided_at__gte=after)), "asked_at",
            "committee_id", "day", "correction", "pk", ("about", "number"),
            lambda day, topic, _: f"{short_day(day)}学习更正待同意：{short(topic)}", locked=True,
        ),
        Waiting(
            "correction",
            corrections.filter(Q(stage=CorrectionStage.LEADER_AGREED) | agreed_later, decided_at__lt=after), "decided_at",
            "committee_id", "day", "correction", "pk", ("about", "number"),
            lambda day, topic, _: f"{short_day(day)}学习更正待会签：{short(topic)}", REVIEWER, locked=True,
        ),
        Waiting(
            "filing",
            SpeakerFiling.objects.filter(
                Q(stage=FilingStage.PENDING) | Q(decided_at__gte=after)
            ).exclude(study_session__stage=SessionStage.CANCELLED),
            "study_session__entered_at", "study_session__committee_id", "study_session__day", "filing", "pk",
            ("speaker", "topic"), lambda day, name, topic: f"{name}外请报告待备案：{short_day(day)} {short(topic)}",
            REVIEWER,
        ),
    ]  # fmt: skip


def approval_waiting(world: World) -> Iterator[Due]:
    """Found once the longest waiting the local rule allows is over."""
    for kind in kinds(world):
        rows = world.within(kind.rows.filter(**{f"{kind.since}__lt": world.end}), kind.committee).order_by("pk")
        columns = ("pk", kind.committee, kind.since, kind.dated, kind.target, *kind.more)
        address = page(kind.page)
        for pk, committee_id, since, dated, target, *more in rows.values_list(*columns):
            if committee_id not in world.committees:
                continue
            shut = world.stage(committee_id, dated if isinstance(dated, date) else date(dated, 12, 31))
            if shut != PeriodStage.OPEN and not (kind.locked and shut == PeriodStage.CLOSED):
                continue
            wait = world.rules[committee_id]["approval_wait_working_days"]
            due_on = world.after(since.astimezone(SHANGHAI).date(), wait)
            if due_on <= world.day:
                subject = f"wait-{kind.name}:{pk}"
                what = kind.words(dated, *more)
                yield Due(Kind.APPROVAL_WAITING, subject, committee_id, due_on, what, address(target), to=(kind.to,))
