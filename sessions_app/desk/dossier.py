"""Everything of one session for its one page: read once, in a number of queries that does not grow."""

from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

from django.db.models import Prefetch, prefetch_related_objects
from django.urls import reverse

from roster.accounts.models import User
from roster.accounts.roles import Permission
from sessions_app.attendance.models import LeaveRequest, LeaveStage, MakeUpStage, MakeUpStudy
from sessions_app.corrections.models import Correction
from sessions_app.desk.strip import own_participation
from sessions_app.facts.tables import Attended
from sessions_app.minutes.models import Minutes, MinutesStage
from sessions_app.minutes.skeleton import missing_for_archive
from sessions_app.outcomes.models import Outcome
from sessions_app.policies.models import PeriodStage
from sessions_app.policies.periods import stage_on
from sessions_app.sessions.actions import missing_in_plan
from sessions_app.sessions.conflicts import conflicts
from sessions_app.sessions.filing_actions import unfiled_speakers
from sessions_app.sessions.models import (
    TOOK_PLACE,
    Participation,
    ParticipationState,
    SessionStage,
    Speech,
    StudySession,
)

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
    may: dict[str, bool]
    rolls: list[dict[str, Any]]
    hands: list[dict[str, str]]
    warnings: list[str]
    number_words: str
    tone: str
    took_place: bool
    missing: list[dict[str, Any]] = field(default_factory=list)
    next: dict[str, Any] | None = None


TONES = {
    SessionStage.PREPARING: "near", SessionStage.SUBMITTED: "behind", SessionStage.APPROVED: "near",
    SessionStage.HELD: "behind", SessionStage.ARCHIVED: "ok", SessionStage.CANCELLED: "muted",
}  # fmt: skip


def dossier_of(row: StudySession, user: User, today: date) -> Dossier:
    """About twenty queries, whatever the session holds."""
    taking_part = Participation.objects.select_related("committee", "plan_item__plan__committee").order_by(
        "-is_host", "pk"
    )
    prefetch_related_objects([row], Prefetch("participations", taking_part))
    participations = list(row.participations.all())
    own = own_participation(row, user)
    readable = set(
        Participation.objects.open_to(user, P.ROLL_READ).filter(study_session=row).values_list("pk", flat=True)
    )
    minutes = None
    if user.may(P.MINUTES_READ):
        minutes = Minutes.objects.filter(study_session=row).select_related("author", "approver").first()
        if minutes is not None:
            minutes.study_session = row
    may = _may(row, user, own, today)
    found = Dossier(
        participations=[p for p in participations if p.state != ParticipationState.DECLINED],
        own=own,
        parts=list(row.parts.order_by("order")),
        agenda=list(row.agenda.select_related("lead_reader").order_by("order")),
        materials=list(row.materials.order_by("order")),
        extras=list(row.extras.order_by("pk")),
        speeches=list(
            Speech.objects.filter(participation__study_session=row).select_related("speaker").order_by("participation_id", "order", "pk")
        ),
        filings=list(row.filings.all()) if may["read_roll"] else [],
        leaves=list(
            LeaveRequest.objects.open_to(user, P.ROLL_READ).filter(participation__study_session=row)
            .exclude(stage=LeaveStage.WITHDRAWN).select_related("person")
        ),
        make_ups=list(
            MakeUpStudy.objects.open_to(user, P.ROLL_READ).filter(participation__study_session=row)
            .exclude(stage=MakeUpStage.VOID).select_related("person")
        ),
        minutes=minutes,
        outcomes=list(Outcome.objects.open_to(user, P.OUTCOME_READ).filter(study_session=row, is_withdrawn=False)),
        corrections=list(row.corrections.order_by("number")) if may["read_roll"] else [],
        may=may,
        rolls=[_roll_row(p, p.pk in readable, row) for p in participations if p.state != ParticipationState.DECLINED],
        hands=_hands(row, minutes),
        warnings=_warnings(row) if may["read_roll"] else [],
        number_words=f"{own.year}年第{own.number}次" if own and own.number else "联组邀请",
        tone=TONES[SessionStage(row.stage)],
        took_place=row.stage in TOOK_PLACE,
    )  # fmt: skip
    found.missing = _missing(row, found)
    found.next = _next(row, found)
    return found


def _may(row: StudySession, user: User, own: Participation | None, today: date) -> dict[str, bool]:
    """Which next steps the viewer is offered; each step's own address checks again by scope."""
    keeps = {hold.committee_id for hold in user.holds_with(P.SESSION_EDIT)}
    host = row.committee_id in keeps
    before = row.stage in (SessionStage.PREPARING, SessionStage.SUBMITTED, SessionStage.APPROVED)
    approves = row.stage == SessionStage.SUBMITTED and user.may(P.SESSION_APPROVE)
    return {
        "edit": host and (before or row.stage == SessionStage.HELD),
        "submit": host and row.stage == SessionStage.PREPARING,
        "approve": approves and row.submitted_by_id != user.person_id
        and StudySession.objects.open_to(user, P.SESSION_APPROVE).filter(pk=row.pk).exists(),
        "hold": host and today >= row.day and (row.stage == SessionStage.APPROVED or before and row.late_days > 0),
        "move": host and before,
        "archive": host and row.stage == SessionStage.HELD,
        "roll": own is not None and own.committee_id in keeps and row.stage == SessionStage.HELD,
        # A guest asks for its own marks; the text is the host's.
        "correct": own is not None and own.committee_id in keeps and _is_locked(row),
        "outcome": host,
        "read_roll": user.may(P.ROLL_READ),
        "issue": StudySession.objects.open_to(user, P.PAPER_ISSUE).filter(pk=row.pk).exists(),
        "ask_leave": user.may(P.LEAVE_ASK) and own is not None and before,
    }  # fmt: skip


def _is_locked(session: StudySession) -> bool:
    """Only a correction changes it: archived, or of a period that is closed."""
    if session.stage not in TOOK_PLACE:
        return False
    return session.stage == SessionStage.ARCHIVED or stage_on(session.committee, session.day) == PeriodStage.CLOSED


def _roll_row(p: Participation, reads: bool, row: StudySession) -> dict[str, Any]:
    parts = p.part_count
    counts = {
        "expected": p.expected_marks, "present": p.present_marks, "on_leave": p.leave_marks, "absent": p.absent_marks,
        "unmarked": p.unmarked_marks, "made_up": p.made_up_marks,
    }  # fmt: skip
    return {
        "committee": p.committee,
        "state": "" if p.state == ParticipationState.ACCEPTED else p.get_state_display(),
        "url": reverse("roll", args=[p.pk]) if reads and row.stage in TOOK_PLACE else "",
        "a": Attended.of({key: Fraction(marks, parts) for key, marks in counts.items()}),
    }


def _warnings(row: StudySession) -> list[str]:
    """What both secretaries should know: clashes of a person's time, an outside speaker without a filing."""
    clashes = (
        [conflict.sentence for conflict in conflicts([row]).get(row.pk, [])] if row.stage not in TOOK_PLACE else []
    )
    names = unfiled_speakers([row]).get(row.pk, [])
    return [*clashes, *(f"外请报告未备案：{name}。请到“外请备案”报备。" for name in names)]


def _missing(row: StudySession, found: Dossier) -> list[dict[str, Any]]:
    """Every open thing of the session's present step, in words, with where to mend it."""
    if row.stage == SessionStage.PREPARING:
        words = missing_in_plan(row)
        return [
            {"word": word, "url": reverse("session_edit", args=[row.pk]) if found.may["edit"] else ""} for word in words
        ]
    if row.stage == SessionStage.SUBMITTED:
        return [{"word": "待组长审定", "url": ""}]
    if row.stage == SessionStage.APPROVED:
        return [{"word": f"{row.day.month}月{row.day.day}日召开", "url": ""}]
    if row.stage == SessionStage.HELD and found.may["read_roll"]:
        invite = reverse("session_invite", args=[row.pk]) if found.may["archive"] else ""
        return [{"word": word, "url": invite if "联组邀请" in word else ""} for word in missing_for_archive(row)]
    return []


def _next(row: StudySession, found: Dossier) -> dict[str, Any] | None:
    """The one filled button once the session has been held: roll, then minutes, then archive."""
    if row.stage != SessionStage.HELD or not found.may["archive"]:
        return None
    if found.own and found.own.unmarked_marks:
        return {"label": "去点名", "url": reverse("roll", args=[found.own.pk])}
    if found.minutes is None or found.minutes.stage != MinutesStage.APPROVED:
        words = "查看记录" if found.minutes and found.minutes.stage == MinutesStage.SUBMITTED else "去写记录"
        return {"label": words, "url": reverse("minutes", args=[row.pk])}
    if not found.missing:
        return {"label": "归档", "url": reverse("session_archive", args=[row.pk]), "post": True,
                "sentence": "归档后考勤和记录锁定，只能通过“更正”修改。"}  # fmt: skip
    return None


def _hands(row: StudySession, minutes: Minutes | None) -> list[dict[str, str]]:
    found = [("主持人", row.chair), ("记录人", row.recorder)]
    if minutes:
        found += [("审签人", minutes.signed_by)]
    return [{"label": label, "value": str(person)} for label, person in found if person]
