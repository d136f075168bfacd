"""Many people, memberships and secretaryships at once: judged in memory, written in bulk (import, demo).

    take_in_people(rows, by=, at=), take_in_memberships(...), take_in_secretaries(...)

Committees and people are named by code. None in an optional field means: leave as it is (new rows: default).
A membership is known by committee, person and first day.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any


@dataclass(slots=True)
class PersonRow:
    code: str
    name: str
    phone: str | None = None
    email: str | None = None
    at: datetime | None = None
    place: Any = None


@dataclass(slots=True)
class MembershipRow:
    committee: str
    person: str
    group_role: str  # GroupRole value
    since: date
    until: date | None = None
    post: str | None = None
    rank: int | None = None
    primary_responsible: bool | None = None
    end_reason: str | None = None
    at: datetime | None = None
    place: Any = None


@dataclass(slots=True)
class SecretaryRow:
    committee: str
    person: str
    since: date
    until: date | None = None
    at: datetime | None = None
    place: Any = None
