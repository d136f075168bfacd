"""What the house above hears of a change of members. `sessions_app` adds its listener in `ready()`."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Protocol

OPEN_END = date(9999, 12, 31)


class MembershipListener(Protocol):
    def impact(self, committee_id: int, first: date, last: date) -> list[str]:
        """Chinese sentences: what a change of members of these days (ends included) would touch. Reads only."""
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
