"""Many attendance marks at once, with the make-up study that follows from them (import, demo).

    take_in(rows, by=, at=, archived_too=True)

A row is one member's mark in a committee's session: for every part, or for the one `part` (1, 2, ...) it names.
A member without a row stays unmarked. Away without a reason is kept with the words "导入时未注明事由".
`made_up_on` confirms the make-up study of that day. `make_up`: "auto" opens one that is still in time, "always" opens one
for every absence (the roll's own rule), "never" only takes confirmed ones.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any


@dataclass(slots=True)
class MarkRow:
    committee: str
    year: int
    number: int
    person: str
    status: str  # Attendance value
    reason: str | None = None
    made_up_on: date | None = None
    part: int | None = None
    is_late: bool | None = None
    left_early: bool | None = None
    make_up: str = "auto"
    confirmed_by: str | None = None  # person code
    make_up_content: str | None = None
    at: datetime | None = None
    place: Any = None
