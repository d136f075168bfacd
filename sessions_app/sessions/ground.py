"""What every change to a session or to what hangs on it stands on: the locked row, whether it may change, who belongs to it."""

from collections.abc import Sequence

from roster.audit.moves import Refused
from roster.people.models import Membership
from sessions_app.policies.actions import require_open
from sessions_app.sessions import rules
from sessions_app.sessions.models import SessionStage, StudySession


def lock(session: StudySession, version: int | None) -> StudySession:
    """The row, locked until the transaction ends; Stale when it is not at `version` any more (None: whatever it is at)."""
    row: StudySession = StudySession.objects.lock(session.pk, version)
    return row


def writable(session: StudySession, *, stages: Sequence[str] = rules.WRITABLE_STAGES) -> None:
    """Refused when the session is past changing, or its period closed."""
    if session.stage not in stages:
        cure = "要改请申请更正。" if session.stage == SessionStage.ARCHIVED else "请刷新页面核对。"
        raise Refused(f"这场学习现在是“{session.get_stage_display()}”，不能改动。{cure}")
    require_open(session.committee, session.day)


def members_of(session: StudySession, committee_id: int) -> set[int]:
    """Persons who belong to the committee on one of the session's days."""
    days = [part.day for part in session.parts.all()] or [session.day]
    rows = Membership.objects.filter(committee_id=committee_id)
    return {person for day in days for person in rows.on(day).values_list("person_id", flat=True)}
