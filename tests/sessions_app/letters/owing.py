"""Committees that owe something, and the department that writes to them."""

from datetime import date, timedelta
from itertools import count

from roster.committees.models import Committee
from sessions_app.reminders.models import DueItem
from sessions_app.reminders.rules import Kind
from tests import build

_serial = count(1)
OVERDUE, YELLOW, BLUE = build.DAY - timedelta(days=4), build.DAY + timedelta(days=3), build.DAY + timedelta(days=14)


def owes(
    where: Committee, due_on: date = OVERDUE, what: str = "", *, kind: str = Kind.PLAN_DUE, url: str = ""
) -> DueItem:
    """One open thing of a committee."""
    serial = next(_serial)
    return DueItem.objects.create(
        kind=kind, subject=f"test:{serial}", committee=where, due_on=due_on, what=what or f"第{serial}件事",
        found_on=build.DAY, url=url,
    )  # fmt: skip


def met(*items: DueItem, on: date = build.DAY) -> None:
    DueItem.objects.filter(pk__in=[item.pk for item in items]).update(met_on=on)
