"""Many plan items at once; their plans come with them (import, demo).

    take_in(rows, by=, at=)

Without `stage` a plan of a past year comes in as FILED and a plan of this year or later as DRAFT. `stage`, `aim`,
`requirements`, `approving_meeting`, `approved_on`, `filed_on`, `submitted_by`, `approved_by` belong to the plan and are read
from the first row of each committee and year.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any


@dataclass(slots=True)
class PlanItemRow:
    committee: str
    year: int
    serial: int
    quarter: int
    topic: str
    category: int
    month: int | None = None
    mode: str | None = None  # StudyMode value
    speakers: str | None = None
    expected_outcome: str | None = None
    materials: str | None = None
    chair: str | None = None
    department: str | None = None
    research_topic: str | None = None
    note: str | None = None
    # of the plan
    stage: str | None = None  # PlanStage value
    aim: str | None = None
    requirements: str | None = None
    approving_meeting: str | None = None
    approved_on: date | None = None
    filed_on: date | None = None
    submitted_by: str | None = None  # person codes
    approved_by: str | None = None
    at: datetime | None = None
    place: Any = None
