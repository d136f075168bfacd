"""What the tests of the run say often: a due thing made by hand, a run over such things on a day, and what it told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from roster.audit.actions import SystemActor
from roster.committees.models import Committee
from roster.people.models import Person
from sessions_app.notices.models import Notice
from sessions_app.reminders import actions, due
from sessions_app.reminders.models import Reminder
from sessions_app.reminders.rules import Kind
from tests import build

BY = SystemActor("测试")


def owed(
    where: Committee, kind: Kind = Kind.PLAN_DUE, *, on: date, subject: str = "", what: str = "", to: tuple[str, ...] = (),
    tell: str = "", person: Person | None = None,
) -> due.Due:  # fmt: skip
    subject = subject or f"{kind.lower()}:{where.pk}"
    return due.Due(
        kind,
        subject,
        where.pk,
        on,
        what or f"{where}的{kind.value}",
        "/plans/",
        person.pk if person else None,
        to,
        tell,
    )


def run(day: date, found: Sequence[due.Due] = (), hour: int = 9) -> actions.Told:
    """One run as of `day` over things made by hand."""
    return actions.run(found, due.load(day), at=build.at(day, hour), by=BY)


def told(who: Person, rhythm: str = "") -> list[Notice]:
    """The person's notices, oldest first."""
    rows = Notice.objects.filter(person=who).order_by("pk")
    return list(rows.filter(rhythm=rhythm) if rhythm else rows)


def periods(who: Person) -> list[str]:
    return list(Reminder.objects.filter(person=who).order_by("pk").values_list("period", flat=True))
