"""What every finder of due things stands on: a Due, and the World it is judged in, as of the end of a day."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache, cached_property
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from roster.audit.actions import SHANGHAI
from sessions_app.plans.models import StudyPlan
from sessions_app.policies.models import PeriodStage
from sessions_app.policies.periods import Gate, load_gate
from sessions_app.policies.rules import WorkingDays, quarter_of
from sessions_app.reminders.rules import Kind
from sessions_app.sessions.models import Participation

OLDEST = timedelta(days=366)  # a session before that is history: nobody is reminded of it


@dataclass(frozen=True, slots=True)
class Due:
    """One thing that is due. `to` overrides the kind's own audience; `tell`: a new value makes an urgent one told again.

    `department_id`: whose reviewers hear of it, where these are not the nearest above the committee.
    """

    kind: Kind
    subject: str
    committee_id: int
    due_on: date
    what: str
    url: str
    person_id: int | None = None
    to: tuple[str, ...] = ()
    tell: str = ""
    department_id: int | None = None


@dataclass(frozen=True)
class World:
    """What every finder is judged by, read once: `committees` active on the day by id, `rules` by committee id and key.

    `whole`: all committees of the day are here, so that no query needs to name them.
    """

    day: date
    calendar: WorkingDays
    committees: Mapping[int, Any]
    rules: Mapping[int, Mapping[str, Any]]
    whole: bool

    @cached_property
    def end(self) -> datetime:
        """24:00 of the day: what is stamped at or after it has not happened yet."""
        return datetime.combine(self.day + timedelta(days=1), time(), SHANGHAI)

    def within(self, rows: QuerySet, field: str = "committee_id") -> QuerySet:
        """The rows of these committees; of all when `whole`: who takes them asks `committees` for the id."""
        return rows if self.whole else rows.filter(**{f"{field}__in": list(self.committees)})

    @cached_property
    def after(self) -> Callable[[date, int], date]:
        """`calendar.add`, each pair reckoned once."""
        return cache(self.calendar.add)

    def near_until(self, working_days: int) -> date:
        """The last day to which there are that many working days or fewer: `is_near` of a day is not being after it."""
        return self.after(self.day, working_days + 1) - timedelta(days=1)

    @cached_property
    def gate(self) -> Gate:
        return load_gate(self.day.year - 2, self.day.year + 1)

    def stage(self, committee_id: int, day: date) -> PeriodStage:
        """Of the period of that day: what lies in a period no longer open cannot be done any more."""
        return self._stage(committee_id, day.year, quarter_of(day)) if self.gate.shut else PeriodStage.OPEN

    @cached_property
    def _stage(self) -> Callable[[int, int, int], PeriodStage]:
        @cache
        def found(committee_id: int, year: int, quarter: int) -> PeriodStage:
            return self.gate.stage(self.committees[committee_id].path, date(year, quarter * 3, 1))

        return found

    def open(self, committee_id: int, day: date) -> bool:
        """One of the committees here, and its period of that day is open. A thing of a year is asked at 31 December."""
        return committee_id in self.committees and self.stage(committee_id, day) == PeriodStage.OPEN

    @cached_property
    def known(self) -> Callable[[int], frozenset[int]]:
        """Of a year: the committees with a plan of it, or a part in a session of it. The others were not here yet."""

        @cache
        def found(year: int) -> frozenset[int]:
            both = [self.within(model.objects.filter(year=year)).order_by() for model in (StudyPlan, Participation)]
            return frozenset(pk for rows in both for pk in rows.values_list("committee_id", flat=True).distinct())

        return found


Finder = Callable[[World], Iterator[Due]]


def page(name: str) -> Callable[[int], str]:
    """`reverse(name, args=[pk])` for many: the address is looked up once."""
    head, tail = reverse(name, args=[0]).split("/0/")
    return lambda pk: f"{head}/{pk}/{tail}"


def short_day(day: date) -> str:
    return f"{day.month}月{day.day}日"


def short(text: str, length: int = 40) -> str:
    """A topic that fits into a line."""
    return text if len(text) <= length else f"{text[: length - 1]}…"
