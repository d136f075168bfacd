"""What became of a plan item: the sessions that closed it, and whether its time is over. Shared by page and paper."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from sessions_app.facts.periods import span
from sessions_app.sessions.models import Participation

STATE_WORDS = {"done": "已完成", "late": "到期未学", "open": "未到期"}


def item_state(*, held: bool, quarter: int, year: int, today: date) -> str:
    """A plan item is done, or its quarter is over without it, or there is time yet: a key of STATE_WORDS."""
    if held:
        return "done"
    return "late" if span(year, quarter).last < today else "open"


def sessions_of(items: Iterable[Any], year: int) -> dict[tuple[int, int], list[Participation]]:
    """(committee, serial) of plan items: the counted sessions that closed them, by day. One query."""
    rows = Participation.objects.counted().filter(
        plan_item__plan__committee_id__in={item.plan.committee_id for item in items}, plan_item__plan__year=year
    )
    found: dict[tuple[int, int], list[Participation]] = {}
    for row in rows.select_related("study_session", "plan_item__plan").order_by("day", "pk"):
        found.setdefault((row.plan_item.plan.committee_id, row.plan_item.serial), []).append(row)
    return found
