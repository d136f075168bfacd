"""Many outcomes at once, with their derivation (import, demo).

    take_in(rows, by=, at=)

`source` is the code of the outcome it derives from, in the same intake or there already; it needs a document number.
`session` is (year or None, number): None takes the session of the outcome's year, else of the year before.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any


@dataclass(slots=True)
class OutcomeRow:
    code: str
    committee: str
    day: date
    kind: str  # OutcomeKind value
    title: str
    authors: str | None = None
    session: tuple[int | None, int] | None = None
    document_number: str | None = None
    source: str | None = None
    stage: str | None = None  # OutcomeStage value
    adoption: str | None = None
    at: datetime | None = None
    place: Any = None
