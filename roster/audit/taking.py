"""The one shape of taking in many rows at once: a verdict a row, judged in memory first, written in bulk afterwards."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from django.db.models import Model

from roster.audit.actions import Actor, Entry, record_many
from roster.audit.moves import Refused

BATCH = 2000


class Fate(StrEnum):
    NEW = "created"
    CHANGED = "updated"
    SAME = "unchanged"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one cell, in a sentence with its cure. `column` is the heading of the sheet."""

    column: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Change:
    column: str
    before: str
    after: str


@dataclass(slots=True)
class Verdict:
    """What becomes of one row. `row` is the row as given; `faults` only when REJECTED; `warnings` never stop a row."""

    row: Any
    fate: Fate
    changes: list[Change] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)


def rejected(row: Any, *faults: Fault) -> Verdict:
    return Verdict(row, Fate.REJECTED, faults=list(faults))


@dataclass
class Journal:
    """What one intake wrote: events still to be recorded, ids made, and values before a change (for undo)."""

    entries: list[Entry] = field(default_factory=list)
    made: dict[str, list[int]] = field(default_factory=dict)
    changed: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    final: list[str] = field(default_factory=list)  # changes that cannot be taken back by themselves, in words

    def note_made(self, rows: Iterable[Model]) -> None:
        for row in rows:
            self.made.setdefault(row._meta.label, []).append(row.pk)

    def note_changed(self, row: Model, before: Mapping[str, Any]) -> None:
        """`before` holds plain values by attribute name; the first note of a row stands."""
        kept = {name: str(value) if isinstance(value, date) else value for name, value in before.items()}
        noted = self.changed.setdefault(row._meta.label, {}).setdefault(str(row.pk), {})
        noted.update({name: value for name, value in kept.items() if name not in noted})

    def record(self, *, by: Actor) -> None:
        """All events in the order of their time, at once."""
        record_many(sorted(self.entries, key=lambda entry: entry.at), by=by)
        self.entries.clear()


@dataclass(frozen=True)
class Scope:
    """Where the one who brings the rows may write. The default is everywhere (command, demo)."""

    may_write: Callable[[str], bool] = lambda path: True  # a committee's path
    may_edit_committee: Callable[[str], bool] = lambda path: True
    may_edit_person: Callable[[int], bool] = lambda person_id: True
    department: int | None = None  # in whose pool experts go: a committee's id; None the root's, 0 nobody's


EVERYWHERE = Scope()
OUT_OF_SCOPE = "不在您的管理范围内，请核对编码，或交由主管部门导入。"


def acts(
    subject: Model, chain: int, steps: Iterable[tuple[str, str, datetime]], *, reason: str = "",
    data: Mapping[str, Any] | None = None,
) -> list[Entry]:  # fmt: skip
    """An entry for each (verb, stage after it, moment), each from the stage the one before led to.

    A row that comes in further on than the first stage brings the acts that led there: no stage without its act.
    """
    found, before = [], ""
    for verb, after, at in steps:
        found.append(Entry(subject, verb, at, before, after, reason if not found else "", data or {}, chain))
        before = after
    return found


def settle(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """For callers who accept all or nothing (demo): Refused with every reason when any row was rejected."""
    verdicts = list(verdicts)
    reasons = [f"{v.row}：{fault.reason}" for v in verdicts for fault in v.faults]
    if reasons:
        raise Refused(reasons)
    return verdicts


def shown(value: Any) -> str:
    """A value as the workbook writes it."""
    if value is None:
        return ""
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def same(one: Any, other: Any) -> bool:
    """Equal, but for spaces inside a text: offices write 张 三 to fill the column."""
    if isinstance(one, str) and isinstance(other, str):
        return one == other or "".join(one.split()) == "".join(other.split())
    return bool(one == other)
