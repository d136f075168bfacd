"""The department's letters of the demo: one that stands, and in the large world another that was withdrawn."""

from datetime import datetime

from django.db.models import Count, Q

from roster.accounts.models import User
from roster.audit.actions import SHANGHAI
from roster.committees.models import Committee
from sessions_app.letters import actions
from sessions_app.letters.draft import answer_day
from sessions_app.letters.rules import DEMANDS
from sessions_app.reminders.models import DueItem


def send(*, at: datetime, small: bool) -> int:
    """Letters to the committees with most overdue, by the city's reviewer; how many. A letter takes a second: its paper."""
    day = at.astimezone(SHANGHAI).date()
    reviewer = User.objects.get(username="shenhe").act(on=day)
    overdue = Count("due_items", filter=Q(due_items__met_on__isnull=True, due_items__due_on__lt=day))
    worst = (
        Committee.objects.annotate(overdue=overdue)
        .filter(overdue__gt=0, parent__isnull=False)
        .order_by("-overdue", "path")
    )
    letters = []
    for committee in worst[: 1 if small else 2]:
        items = DueItem.objects.open().filter(committee=committee, due_on__lt=day).order_by("due_on", "id")
        letters.append(
            actions.issue(
                committee, items=list(items.values_list("pk", flat=True)[:6]), demand=DEMANDS["首次提醒"],
                answer_by=answer_day(day), by=reviewer, at=at,
            )
        )  # fmt: skip
    if len(letters) > 1:
        last = letters[-1]
        actions.withdraw(last, reason="电话核实：材料已报，正在补录", version=last.version, by=reviewer, at=at)
    return len(letters)
