"""Many committees at once: judged in memory, written in bulk (import, demo).

    register = Committees(); register.load(codes); verdicts = register.judge(rows); register.write(journal, by=, at=)
    take_in(rows, by=, at=)  does all of it and refuses everything when one row is wrong.

`CommitteeRow.parent` is the superior's code. None or "" in an optional field means: leave as it is (new rows: default).
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any


@dataclass(slots=True)
class CommitteeRow:
    code: str
    name: str
    kind: str  # CommitteeKind value
    short_name: str | None = None
    level: str | None = None  # CommitteeLevel value; new and empty: the superior's
    parent: str | None = None  # code of the superior
    sort_order: int | None = None
    since: date | None = None
    until: date | None = None
    by_reference: bool | None = None
    at: datetime | None = None
    place: Any = None  # where the row stands, e.g. ("委员会", 4); handed back in the verdict
