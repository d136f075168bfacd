"""Everything of one session for its one page: read once, in a number of queries that does not grow."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from roster.accounts.models import User
from roster.accounts.roles import Permission
from sessions_app.attachments.models import Attachment
from sessions_app.attendance.models import LeaveRequest, LeaveStage, MakeUpStage, MakeUpStudy
from sessions_app.corrections.models import Correction
from sessions_app.desk.strip import own_participation
from sessions_app.minutes.models import Minutes
from sessions_app.outcomes.models import Outcome
from sessions_app.sessions.models import Participation, ParticipationState, SessionStage, Speech, StudySession

P = Permission


@dataclass
class Dossier:
    """What the page of a session shows. `own` is the participation of the viewer's committee."""

    participations: list[Participation]
    own: Participation | None
    parts: list[Any]
    agenda: list[Any]
    materials: list[Any]
    extras: list[Any]
    speeches: list[Speech]
    filings: list[Any]
    leaves: list[LeaveRequest]
    make_ups: list[MakeUpStudy]
    minutes: Minutes | None
    outcomes: list[Outcome]
    corrections: list[Correction]
    attachments: list[Attachment]
    is_keeper: bool
    may: dict[str, bool]
    missing: list[dict[str, Any]] = field(default_factory=list)
    hands: list[dict[str, str]] = field(default_factory=list)


def dossier_of(row: StudySession, user: User, today: date) -> Dossier:
    """About fifteen queries, whatever the session holds."""
    participations = list(row.participations.select_related("committee", "plan_item__plan__committee").order_by("-is_host", "pk"))
    row._prefetched_objects_cache = {"participations": participations}
    own = own_participation(row, user)
    keeper_of = {hold.committee_id for hold in user.holds_with(P.SESSION_EDIT)}
    is_host_keeper = row.committee_id in keeper_of
    reads_roll = user.may(P.ROLL_READ)
    open_stage = row.stage in (SessionStage.PREPARING, SessionStage.SUBMITTED, SessionStage.APPROVED)
    may = {
        "edit": is_host_keeper and (open_stage or row.stage == SessionStage.HELD),
        "submit": is_host_keeper and row.stage == SessionStage.PREPARING,
        "approve": row.stage == SessionStage.SUBMITTED and _decides(user, row, P.SESSION_APPROVE),
        "hold": is_host_keeper and today >= row.day
        and (row.stage == SessionStage.APPROVED or open_stage and row.late_days > 0),
        "move": is_host_keeper and open_stage,
        "archive": is_host_keeper and row.stage == SessionStage.HELD,
        "roll": own is not None and own.committee_id in keeper_of and row.stage == SessionStage.HELD,
        "correct": is_host_keeper and row.stage == SessionStage.ARCHIVED,
        "read_roll": reads_roll,
    }  # fmt: skip
    minutes = Minutes.objects.filter(study_session=row).select_related("author", "approver").first()
    if minutes and not user.may(P.MINUTES_READ):
        minutes = None
    return Dossier(
        participations=[p for p in participations if p.state != ParticipationState.DECLINED],
        own=own,
        parts=list(row.parts.order_by("order")),
        agenda=list(row.agenda.select_related("lead_reader").order_by("order")),
        materials=list(row.materials.order_by("order")),
        extras=list(row.extras.select_related("committee")),
        speeches=_speeches(row, user),
        filings=list(row.filings.all()),
        leaves=list(
            LeaveRequest.objects.open_to(user, P.ROLL_READ)
            .filter(participation__study_session=row).exclude(stage=LeaveStage.WITHDRAWN).select_related("person", "part")
        ) if reads_roll else [],
        make_ups=list(
            MakeUpStudy.objects.open_to(user, P.ROLL_READ)
            .filter(participation__study_session=row).exclude(stage=MakeUpStage.VOID)
            .select_related("person", "participation__committee")
        ) if reads_roll else [],
        minutes=minutes,
        outcomes=list(Outcome.objects.open_to(user, P.OUTCOME_READ).filter(study_session=row, is_withdrawn=False)),
        corrections=list(row.corrections.order_by("number")) if reads_roll else [],
        attachments=list(
            Attachment.objects.open_to(user, P.SESSION_READ)
            .filter(subject_type="studysession", subject_id=row.pk, withdrawn_at__isnull=True)
        ),
        is_keeper=is_host_keeper or reads_roll,
        may=may,
        hands=_hands(row, minutes),
    )  # fmt: skip


def _decides(user: User, row: StudySession, permission: Permission) -> bool:
    return StudySession.objects.open_to(user, permission).filter(pk=row.pk).exists() and row.submitted_by_id != user.person_id


def _speeches(row: StudySession, user: User) -> list[Speech]:
    """A member sees the titles of all and opens his own; the texts stay with those who keep or review them."""
    return list(
        Speech.objects.filter(participation__study_session=row)
        .select_related("speaker", "participation__committee")
        .order_by("participation_id", "order", "pk")
    )


def _hands(row: StudySession, minutes: Minutes | None) -> list[dict[str, str]]:
    found = [("主持人", row.chair), ("记录人", row.recorder)]
    if minutes:
        found += [("审签人", minutes.approver)]
    return [{"label": label, "value": str(person)} for label, person in found if person]
