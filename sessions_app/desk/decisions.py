"""Yes and no from the list of what waits: each kind's own action, called with what the card sends."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from roster.accounts.models import User
from sessions_app.attendance import actions as attendance
from sessions_app.corrections import actions as corrections
from sessions_app.minutes import actions as minutes
from sessions_app.sessions import actions as sessions
from sessions_app.sessions import filing_actions, speech_actions

Decide = Callable[[Any, bool, str, int | None, User, datetime], Any]


def _session(row: Any, yes: bool, note: str, version: int | None, by: User, at: datetime) -> Any:
    if yes:
        return sessions.approve(row, version=version, by=by, at=at)
    return sessions.send_back(row, note=note, version=version, by=by, at=at)


def _minutes(row: Any, yes: bool, note: str, version: int | None, by: User, at: datetime) -> Any:
    if yes:
        return minutes.approve(row, version=version, by=by, at=at)
    return minutes.send_back(row, note=note, version=version, by=by, at=at)


DECIDE: dict[str, Decide] = {
    "leave": lambda row, yes, note, version, by, at: attendance.decide_leave(
        row, agree=yes, note=note, version=version, by=by, at=at
    ),
    "session": _session,
    "speech": lambda row, yes, note, version, by, at: speech_actions.review_speech(
        row, approve=yes, note=note, version=version, by=by, at=at
    ),
    "minutes": _minutes,
    "correction": lambda row, yes, note, version, by, at: corrections.decide(
        row, agree=yes, note=note, version=version, by=by, at=at
    ),
    "countersign": lambda row, yes, note, version, by, at: corrections.countersign(
        row, agree=yes, note=note, version=version, by=by, at=at
    ),
    "filing": lambda row, yes, note, version, by, at: filing_actions.decide_filing(
        row, approve=yes, note=note, version=version, by=by, at=at
    ),
}
