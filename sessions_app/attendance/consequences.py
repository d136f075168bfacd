"""What the rooms above hear of a changed roll. `sessions_app` adds their listeners in `ready()`."""

from datetime import datetime
from typing import Protocol

from roster.audit.actions import Actor


class RollListener(Protocol):
    def roll_changed(self, study_session_id: int, *, by: Actor, at: datetime) -> None:
        """A mark of this session changed; inside the transaction of the change."""
        ...


listeners: list[RollListener] = []


def roll_changed(study_session_id: int, *, by: Actor, at: datetime) -> None:
    for listener in listeners:
        listener.roll_changed(study_session_id, by=by, at=at)
