"""Who is told what in a run, as drafts of notices: over values read before, without a query of its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from django.urls import reverse

from sessions_app.notices.actions import Draft
from sessions_app.notices.models import Rhythm
from sessions_app.reminders import compose
from sessions_app.reminders.compose import SHOWN, Behind, Clock, Line
from sessions_app.reminders.models import Audience
from sessions_app.reminders.recipients import Heard, Roles
from sessions_app.reminders.rounds import Quarter, Year
from sessions_app.reminders.rules import Kind, Period
from sessions_app.reminders.world import Due, World, page


@dataclass
class Telling:
    """A draft, and the reminders it leaves: (place in the list of due things, period, audience)."""

    draft: Draft
    reminders: list[tuple[int, str, str]] = field(default_factory=list)


@dataclass
class Hall:
    """What a run works on: what is due, its rows, and who hears it."""

    world: World
    dues: Sequence[Due]
    items: Sequence[int]
    roles: Roles
    heard: Sequence[Heard]
    home: str = field(default_factory=lambda: reverse("home"))

    @cached_property
    def clock(self) -> Clock:
        return Clock(self.world.day, self.world.calendar)

    @cached_property
    def by_person(self) -> dict[int, dict[int, str]]:
        """For each person the due things he hears (place -> as what), nearest deadline first."""
        found: dict[int, dict[int, str]] = defaultdict(dict)
        for heard in sorted(self.heard, key=lambda one: (self.dues[one.index].due_on, self.items[one.index])):
            found[heard.person_id].setdefault(heard.index, heard.audience)
        return found

    @cached_property
    def by_committee(self) -> dict[int, list[int]]:
        """Committee -> what is due there, nearest deadline first."""
        found: dict[int, list[int]] = defaultdict(list)
        for index in sorted(range(len(self.dues)), key=lambda one: (self.dues[one].due_on, self.items[one])):
            found[self.dues[index].committee_id].append(index)
        return found

    @cached_property
    def seats(self) -> dict[int, set[int]]:
        """Person -> committees he keeps or leads."""
        found: dict[int, set[int]] = defaultdict(set)
        for heads in (self.roles.secretaries, self.roles.leaders):
            for committee_id, persons in heads.items():
                if committee_id in self.world.committees:
                    for person_id in persons:
                        found[person_id].add(committee_id)
        return found

    @cached_property
    def secretaries(self) -> dict[int, list[int]]:
        """Person -> active committees whose secretary he is, or stands in for, in the order of their paths."""
        found: dict[int, list[int]] = defaultdict(list)
        for committee_id in self.in_order(self.world.committees):
            for person_id in self.roles.secretaries.get(committee_id, ()):
                found[person_id].append(committee_id)
        return found

    def in_order(self, committee_ids: Iterable[int]) -> list[int]:
        return sorted(committee_ids, key=lambda pk: self.world.committees[pk].path)

    def name(self, committee_id: int) -> str:
        return str(self.world.committees[committee_id])

    def lines(self, person_id: int, heard: Mapping[int, str]) -> list[Line]:
        """The first lines of these due things; the committee is named unless it can only be the person's one."""
        own = len(self.seats.get(person_id, ())) < 2 and set(heard.values()) <= {Audience.SECRETARY, Audience.LEADER}
        return [
            compose.due_line(
                self.dues[index], self.items[index], "" if own else self.name(self.dues[index].committee_id),
                self.world.rules[self.dues[index].committee_id]["behind_working_days"], self.clock,
            )
            for index in list(heard)[:SHOWN]
        ]  # fmt: skip


# ----------------------------------------------------------------------------------------------------- digests


def digest(
    hall: Hall, rhythm: Rhythm, period: Period, rhythms: Mapping[int, str], *, chats: Sequence[int]
) -> list[Telling]:
    """Of the persons of this rhythm (monthly unless chosen otherwise) each who has something to hear, and the groups."""
    behind = _behind(hall)
    people = sorted({*hall.by_person, *behind})
    told = [
        _digest_of(hall, person_id, rhythm, period, behind.get(person_id, []))
        for person_id in people
        if rhythms.get(person_id, Rhythm.MONTHLY) == rhythm
    ]
    return told + _chat_digests(hall, rhythm, period, chats)


def _digest_of(hall: Hall, person_id: int, rhythm: Rhythm, period: Period, behind: Sequence[Behind]) -> Telling:
    heard = hall.by_person.get(person_id, {})
    dues = [hall.dues[index] for index in heard]
    url = reverse("behind_list") if behind else hall.home
    lines = hall.lines(person_id, heard) + [
        compose.behind_line(row, hall.clock, url) for row in compose.worst_first(behind)[:SHOWN]
    ]
    draft = Draft(
        rhythm, period.key, compose.digest_title(rhythm, dues, len(behind), hall.world.day), person_id=person_id,
        lead=compose.digest_lead(dues, len(behind)), lines=lines, more=len(dues) + len(behind) - len(lines),
        url=url,
    )  # fmt: skip
    key = f"{rhythm.value}:{period.key}"
    return Telling(draft, [(index, key, audience) for index, audience in heard.items()])


def _behind(hall: Hall) -> dict[int, list[Behind]]:
    """For each reviewer the committees of his subtrees that have something overdue."""
    late: dict[int, list[date]] = defaultdict(list)
    for one in hall.dues:
        if one.due_on < hall.world.day:
            late[one.committee_id].append(one.due_on)
    found: dict[int, list[Behind]] = defaultdict(list)
    for committee_id, days in late.items():
        row = Behind(hall.name(committee_id), len(days), min(days))
        for person_id in hall.roles.reviewers_above(committee_id):
            found[person_id].append(row)
    return found


def _chat_digests(hall: Hall, rhythm: Rhythm, period: Period, chats: Sequence[int]) -> list[Telling]:
    found = []
    for committee_id in chats:
        if dues := [hall.dues[index] for index in hall.by_committee.get(committee_id, ())]:
            title = compose.chat_title(rhythm, len(dues), sum(one.due_on < hall.world.day for one in dues))
            lines = compose.chat_lines(one.kind.value for one in dues)
            draft = Draft(
                rhythm, period.key, title, committee_id=committee_id, lead="请学习秘书登录查看。", lines=lines
            )
            found.append(Telling(draft))
    return found


def urgent(hall: Hall, person_id: int, rows: Sequence[tuple[Heard, str]]) -> Telling:
    """What a person is told at once: things that just appeared, and things long overdue in another's hands."""
    heard = {one.index: one.audience for one, _ in rows}
    heard = {index: audience for index, audience in hall.by_person[person_id].items() if index in heard}
    late = {one.index for one, _ in rows if one.escalated}
    told = [index for index in heard if index not in late]
    names = list(dict.fromkeys(hall.name(hall.dues[index].committee_id) for index in late))
    dues = [hall.dues[index] for index in (told or heard)]
    draft = Draft(
        Rhythm.URGENT, hall.world.day.isoformat(),
        compose.urgent_title(dues, names, hall.world.day, escalated=not told), person_id=person_id,
        lead=compose.urgent_lead(told=bool(told), escalated=bool(late)), lines=hall.lines(person_id, heard),
        more=max(0, len(heard) - SHOWN), url=hall.home,
    )  # fmt: skip
    return Telling(draft, [(one.index, period, one.audience) for one, period in rows])


# ----------------------------------------------------------------------------------------------------- quarter


def quarter(hall: Hall, held: Quarter, period: Period, *, chats: Sequence[int]) -> list[Telling]:
    """季安排: to each secretary and leader what is prompted and planned for the quarter, by committee."""
    plan = page("plan")
    prompt = page("prompt") if held.prompts else plan
    title = compose.quarter_title(held.year, held.quarter)
    found = []
    for person_id, seats in sorted(hall.seats.items()):
        committees = hall.in_order(seats)
        lines: list[Line] = []
        prompts = items = 0
        for committee_id in committees:
            name = hall.name(committee_id) if len(committees) > 1 else ""
            told, planned = held.prompts_for(hall.world.committees[committee_id].path), held.items.get(committee_id, [])
            url = plan(held.plans[committee_id]) if committee_id in held.plans else reverse("plan_list")
            lines += [compose.prompt_line(words, name, prompt(pk)) for pk, words in told]
            lines += [compose.plan_line(topic, month, name, url) for topic, month in planned]
            if not planned:
                lines.append(compose.no_plan_line(name, url))
            prompts, items = prompts + len(told), items + len(planned)
        draft = Draft(
            Rhythm.QUARTERLY, period.key, title, person_id=person_id, lead=compose.quarter_lead(prompts, items),
            lines=lines[:SHOWN], more=max(0, len(lines) - SHOWN), url=hall.home,
        )  # fmt: skip
        found.append(Telling(draft))
    for committee_id in chats:
        prompts = len(held.prompts_for(hall.world.committees[committee_id].path))
        items = len(held.items.get(committee_id, []))
        if prompts or items:
            lines = [compose.line("学习提示", f"{prompts} 份"), compose.line("计划安排", f"{items} 项")]
            lead = compose.quarter_lead(prompts, items)
            found.append(
                Telling(Draft(Rhythm.QUARTERLY, period.key, title, committee_id=committee_id, lead=lead, lines=lines))
            )
    return found


# -------------------------------------------------------------------------------------------------------- year


def _missing(hall: Hall, year: Year, committee_id: int, name: str, wanted: Callable[[Due], bool]) -> list[Line]:
    """What a committee's year lacks: due things, sessions not archived, outcomes."""
    heard = [index for index in hall.by_committee.get(committee_id, ()) if wanted(hall.dues[index])]
    behind = hall.world.rules[committee_id]["behind_working_days"]
    lines = [compose.due_line(hall.dues[index], hall.items[index], name, behind, hall.clock) for index in heard]
    # The thing PERIOD_CLOSING says the same of the same sessions.
    said = any(hall.dues[index].kind == Kind.PERIOD_CLOSING for index in heard)
    if committee_id in year.unarchived and not said:
        lines.append(compose.unarchived_line(year.year, year.unarchived[committee_id], name, reverse("session_list")))
    if committee_id not in year.outcomes:
        lines.append(compose.no_outcome_line(year.year, name, reverse("outcome_list")))
    return lines


def year_open(hall: Hall, year: Year, period: Period) -> list[Telling]:
    """年考核准备: to each secretary what the year still lacks, or that everything is there."""
    found = []
    for person_id, committees in sorted(hall.secretaries.items()):
        lines: list[Line] = []
        missing = 0
        for committee_id in committees:
            name = hall.name(committee_id) if len(committees) > 1 else ""
            lacks = _missing(hall, year, committee_id, name, lambda one: True)
            lines += lacks or [compose.complete_line(name, hall.home)]
            missing += len(lacks)
        title, lead = compose.year_open_words(year.year, missing)
        found.append(_year_telling(hall, Rhythm.YEAR_OPEN, period, person_id, title, lead, lines))
    return found


def year_close(hall: Hall, year: Year, period: Period, closes: date) -> list[Telling]:
    """年度收尾: only to secretaries of committees that were here in the year, which is still open and lacks something."""
    last = date(year.year, 12, 31)
    known = hall.world.known(year.year)
    found = []
    for person_id, seats in sorted(hall.secretaries.items()):
        lines: list[Line] = []
        for committee_id in seats:
            if committee_id in known and hall.world.open(committee_id, last):
                name = hall.name(committee_id) if len(seats) > 1 else ""
                lines += _missing(hall, year, committee_id, name, year.concerns)
        if lines:
            title, lead = compose.year_close_words(year.year, len(lines), closes)
            found.append(_year_telling(hall, Rhythm.YEAR_CLOSE, period, person_id, title, lead, lines))
    return found


def _year_telling(
    hall: Hall, rhythm: Rhythm, period: Period, person_id: int, title: str, lead: str, lines: list[Line]
) -> Telling:
    draft = Draft(
        rhythm, period.key, title, person_id=person_id, lead=lead, lines=lines[:SHOWN], more=max(0, len(lines) - SHOWN),
        url=hall.home,
    )  # fmt: skip
    return Telling(draft)
