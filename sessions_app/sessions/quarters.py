"""A committee's year by quarters: how many sessions and days, held and to come."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from sessions_app.sessions.models import COUNTED_FORMS, TOOK_PLACE, Participation, ParticipationState, SessionStage
from sessions_app.sessions.rules import quarter_of


@dataclass
class Quarter:
    """`sessions` and `days` hold what took place and what is still to come; cancelled ones are counted apart."""

    quarter: int
    minimum: int = 1
    is_ahead: bool = False
    held: int = 0
    held_days: Decimal = Decimal(0)
    planned: int = 0
    planned_days: Decimal = Decimal(0)
    cancelled: int = 0
    rows: list[Participation] = field(default_factory=list)

    @property
    def sessions(self) -> int:
        return self.held + self.planned

    @property
    def days(self) -> Decimal:
        return self.held_days + self.planned_days

    @property
    def too_few(self) -> bool:
        return self.sessions < self.minimum


def quarters(committee_id: int, year: int, *, minimum: int = 1, today: date | None = None) -> list[Quarter]:
    """Four of them, one query; `today` says which are still ahead. A guest's joint sessions count as its own; 第一议题 counts nowhere."""
    found = {number: Quarter(number, minimum) for number in range(1, 5)}
    for quarter in found.values():
        quarter.is_ahead = today is not None and (year, quarter.quarter) > (today.year, quarter_of(today))
    rows = (
        Participation.objects.filter(committee_id=committee_id, year=year, state=ParticipationState.ACCEPTED)
        .filter(study_session__form__in=COUNTED_FORMS)
        .select_related("study_session")
        .order_by("day", "number")
    )
    for row in rows:
        quarter = found[quarter_of(row.day)]
        quarter.rows.append(row)
        if row.study_session.stage == SessionStage.CANCELLED:
            quarter.cancelled += 1
        elif row.study_session.stage in TOOK_PLACE:
            quarter.held += 1
            quarter.held_days += row.days
        else:
            quarter.planned += 1
            quarter.planned_days += row.days
    return list(found.values())


def left_in_quarter(committee_id: int, year: int, quarter: int) -> int:
    """Sessions of the quarter that took place or are still to come."""
    counts: dict[int, int] = defaultdict(int)
    rows = Participation.objects.filter(
        committee_id=committee_id, year=year, state=ParticipationState.ACCEPTED, study_session__form__in=COUNTED_FORMS
    ).exclude(study_session__stage=SessionStage.CANCELLED)
    for day in rows.values_list("day", flat=True):
        counts[quarter_of(day)] += 1
    return counts[quarter]
