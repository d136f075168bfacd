"""Many study sessions and speeches at once (import, demo).

    take_in(rows, by=, at=), take_in_speeches(rows, by=, at=)

A session is known by its host's code, year and number. Without `stage`: a past session comes in ARCHIVED, one of
today HELD, a future one PREPARING; `cancelled` wins. Without `late_days` a past session is marked 补录 as of `at`;
rows that carry the `at` of their own day (demo) are not. `guests` are committees that take part: (code, number,
plan serial or None). `parts` are days of study; without them `days` 2 makes two parts on following days.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any


@dataclass(slots=True)
class PartRow:
    day: date
    starts_at: time | None = None
    ends_at: time | None = None
    days: Decimal = Decimal(1)


@dataclass(slots=True)
class AgendaRow:
    kind: str  # AgendaKind value
    content: str
    lead_reader: str | None = None  # person code
    minutes: int | None = None


@dataclass(slots=True)
class GuestRow:
    committee: str
    number: int
    plan_serial: int | None = None


@dataclass(slots=True)
class SessionRow:
    committee: str
    year: int
    number: int
    day: date
    topic: str
    mode: str  # StudyMode value
    cancelled: bool = False
    starts_at: time | None = None
    ends_at: time | None = None
    days: Decimal | None = None
    place_name: str | None = None
    chair: str | None = None  # a member's name, or a person's code
    plan_serial: int | None = None
    late_reason: str | None = None
    # what a workbook does not say
    stage: str | None = None  # SessionStage value
    form: str | None = None
    category: int | None = None
    recorder: str | None = None  # person code
    is_expanded: bool | None = None
    cancel_reason: str | None = None
    moved_from: date | None = None
    late_days: int | None = None
    submitted_by: str | None = None  # person code
    approved_by: str | None = None  # person code
    approved_at: datetime | None = None
    archived_at: datetime | None = None
    contact: str | None = None
    self_study: str | None = None
    parts: list[PartRow] = field(default_factory=list)
    agenda: list[AgendaRow] = field(default_factory=list)
    guests: list[GuestRow] = field(default_factory=list)
    materials: list[str] = field(default_factory=list)  # titles
    at: datetime | None = None  # when it was entered
    place: Any = None


@dataclass(slots=True)
class SpeechRow:
    committee: str
    year: int
    number: int
    person: str
    kind: str  # SpeechKind value
    title: str
    text: str | None = None
    link_to_work: str | None = None
    reviewed_by: str | None = None  # person code
    at: datetime | None = None
    place: Any = None
