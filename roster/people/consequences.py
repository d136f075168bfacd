"""What the house above hears of a change of members. `sessions_app` adds its listener in `ready()`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from roster.people.rules import Term

OPEN_END = date(9999, 12, 31)


@dataclass(frozen=True)
class Belonging:
    """All terms of one person in one committee, as they stand and as they would stand."""

    committee_id: int
    path: str
    person: str
    before: tuple[Term, ...]
    after: tuple[Term, ...]
    expected: bool = True  # a member is expected at sessions, a secretary is not


class MembershipListener(Protocol):
    def impact(self, committee_id: int, first: date, last: date) -> list[str]:
        """Chinese sentences: what a change of members of these days (ends included) would touch. Reads only."""
        ...

    def against(self, changes: Sequence[Belonging]) -> list[list[str]]:
        """For each change the sentences that forbid it: it would move a period that is closed. Reads only."""
        ...

    def recount(self, committee_ids: Iterable[int], first: date, last: date, at: datetime) -> None:
        """Bring kept counts in line again; inside the transaction of the change."""
        ...


listeners: list[MembershipListener] = []


def impact(committee_id: int, first: date, last: date | None) -> list[str]:
    """All warnings; `last` None is an open end, handed on as OPEN_END."""
    return [line for listener in listeners for line in listener.impact(committee_id, first, last or OPEN_END)]


def recount(committee_ids: Iterable[int], first: date, last: date | None, at: datetime) -> None:
    ids = sorted(set(committee_ids))
    for listener in listeners:
        listener.recount(ids, first, last or OPEN_END, at)


def against(changes: Sequence[Belonging]) -> list[list[str]]:
    """For each change every reason against it; asked by page and workbook alike, before anything is written."""
    found: list[list[str]] = [[] for _ in changes]
    for listener in listeners:
        for reasons, more in zip(found, listener.against(changes), strict=True):
            reasons.extend(more)
    return found
