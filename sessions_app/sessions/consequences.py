"""What the rooms above hear of a moved session. `hooks.py` connects them."""

from collections.abc import Set
from datetime import datetime
from typing import Protocol

from roster.audit.actions import Actor
from sessions_app.sessions.models import StudySession


class DayListener(Protocol):
    def days_moved(self, study_session: StudySession, parts: Set[int], *, by: Actor, at: datetime) -> None:
        """These parts stand on another day now; inside the transaction of the change."""
        ...


class LeaveReader(Protocol):
    def __call__(self, study_session: StudySession) -> list[str]:
        """Who has leave from the days as they are, in words: what a move would put in question."""
        ...


listeners: list[DayListener] = []
leaves_of: list[LeaveReader] = []


def days_moved(study_session: StudySession, parts: Set[int], *, by: Actor, at: datetime) -> None:
    for listener in listeners:
        listener.days_moved(study_session, parts, by=by, at=at)


def leaves_in_question(study_session: StudySession) -> list[str]:
    return [line for reads in leaves_of for line in reads(study_session)]
