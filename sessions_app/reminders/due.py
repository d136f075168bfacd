"""Due finders: pure readers, one function a kind, from the state of the data as of a day. A later room adds a function."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sessions_app.policies.rules import WorkingDays
from sessions_app.reminders.rules import Kind


@dataclass(frozen=True, slots=True)
class Due:
    """One thing that is due. `to` overrides the kind's own audience; `tell`: a new value makes an urgent one told again."""

    kind: Kind
    subject: str
    committee_id: int
    due_on: date
    what: str
    url: str
    person_id: int | None = None
    to: tuple[str, ...] = ()
    tell: str = ""


@dataclass(frozen=True)
class World:
    """What every finder is judged by, read once: `committees` active on the day by id, `rules` by committee id and key."""

    day: date
    calendar: WorkingDays
    committees: Mapping[int, Any]
    rules: Mapping[int, Mapping[str, Any]]
    whole: bool


Finder = Callable[[World], Iterator[Due]]
FINDERS: tuple[Finder, ...] = ()


def find(world: World) -> list[Due]:
    """Everything due, in a number of queries that does not grow with committees or rows."""
    return [due for finder in FINDERS for due in finder(world)]
