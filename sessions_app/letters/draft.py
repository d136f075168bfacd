"""What a letter says: who signs, who reads, the things it names in the words of the day. Frozen when it is issued."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from roster.accounts.models import Hold
from roster.accounts.roles import Permission
from roster.audit.actions import Actor
from roster.committees.models import Committee
from roster.people.models import GroupRole, Membership, Person, StudySecretary
from sessions_app.letters import rules
from sessions_app.papers.frozen import letterhead
from sessions_app.papers.rules import department
from sessions_app.policies import calendar
from sessions_app.policies.rules import WorkingDays, left_words
from sessions_app.reminders.models import DueItem


def sender_of(by: Actor, committee: Committee) -> int | None:
    """The committee in whose name the writer may write to `committee`: of his grants the nearest above it.

    None without one: a department writes to those below its committee, not to the committee it serves.
    """
    holds: list[Hold] = list(by.holds_with(Permission.LETTER_ISSUE)) if hasattr(by, "holds_with") else []
    above = [hold for hold in holds if committee.path.startswith(hold.path) and committee.path != hold.path]
    return max(above, key=lambda hold: len(hold.path)).committee_id if above else None


@dataclass(frozen=True)
class Readers:
    """Who is told of a letter: the secretaries and the leaders of the day (deputies where there is no leader)."""

    secretaries: tuple[Person, ...]
    leaders: tuple[Person, ...]

    @property
    def ids(self) -> list[int]:
        return list(dict.fromkeys(person.pk for person in (*self.secretaries, *self.leaders)))

    @property
    def words(self) -> str:
        """学习秘书王五，组长张三; empty when nobody is there to be told."""
        groups = (("学习秘书", self.secretaries), ("组长", self.leaders))
        return "，".join(f"{word}{'、'.join(person.name for person in people)}" for word, people in groups if people)


def readers(committee: Committee, day: date) -> Readers:
    secretaries = StudySecretary.objects.filter(committee=committee).in_office(day).select_related("person")
    heads = Membership.objects.filter(committee=committee, group_role__in=[GroupRole.LEADER, GroupRole.DEPUTY])
    rows = list(heads.in_office(day).select_related("person").order_by("rank", "id"))
    leaders = [row for row in rows if row.group_role == GroupRole.LEADER] or rows
    return Readers(
        tuple(row.person for row in secretaries.order_by("since", "id")), tuple(row.person for row in leaders)
    )


def days_round(items: Sequence[DueItem], day: date) -> WorkingDays:
    """The calendar from the oldest deadline to a month after the last; one query."""
    due = [item.due_on for item in items] or [day]
    return calendar.load(min(day, *due), max(day, *due) + timedelta(days=30))


def answer_day(day: date) -> date:
    """By when an answer is asked for unless something else is typed."""
    return calendar.add_working_days(day, rules.ANSWER_WORKING_DAYS)


def facts(
    committee: Committee, sender: Committee, items: Sequence[DueItem], *, demand: str, answer_by: date, day: date,
    number: int | None, contact: str,
) -> Mapping[str, Any]:  # fmt: skip
    """Everything the paper prints, as JSON. `number` None: not given yet (the preview)."""
    working = days_round(items, day)
    return {
        "title": f"提醒函{rules.number_words(day.year, number)}" if number else "提醒函",
        "number": rules.number_words(day.year, number) if number else f"〔{day.year}〕　号",
        "year": day.year,
        "committee": {"id": committee.pk, "code": committee.code, "name": committee.name_on(day)},
        "to": f"{committee.name_on(day)}理论学习中心组",
        "sender": department(sender.name_on(day), sender.kind),
        "items": [
            {
                "kind": item.kind_label, "what": item.what, "due": item.due_on.isoformat(),
                "left": left_words(item.due_on, day, working).replace(" ", ""),
            }
            for item in items
        ],
        "demand": demand.strip(),
        "answer_by": answer_by.isoformat(),
        "on": day.isoformat(),
        "contact": contact,
        **letterhead(sender, day, number=rules.number_words(day.year, number) if number else "", imprint=False),
    }  # fmt: skip
