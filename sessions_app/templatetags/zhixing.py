"""How dates, rates and unknowns are printed on screen and paper, and the chain strip as a tag."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import template

from roster.accounts import stale
from roster.accounts.models import User
from roster.audit.actions import SHANGHAI
from roster.audit.models import AuditEvent
from sessions_app.desk.strip import stations_of
from sessions_app.facts.rules import percent
from sessions_app.sessions.models import StudySession

register = template.Library()
UNKNOWN = "待补"
WEEKDAYS = "一二三四五六日"


@register.filter
def day(value: date | None) -> str:
    """3月5日 周四; 待补 when there is none."""
    if value is None or value == "":
        return UNKNOWN
    return f"{value.month}月{value.day}日 周{WEEKDAYS[value.weekday()]}"


@register.filter
def short_day(value: date | None, today: date) -> str:
    """3月5日 in the year of `today`, 2025年3月5日 in another: for lists that go over several years."""
    if value is None:
        return UNKNOWN
    return f"{value.month}月{value.day}日" if value.year == today.year else full_day(value)


@register.filter
def full_day(value: date | None) -> str:
    """2026年3月5日."""
    return f"{value.year}年{value.month}月{value.day}日" if value else UNKNOWN


@register.filter
def moment(value: datetime | None) -> str:
    """3月5日 10:32, in Shanghai."""
    if value is None:
        return UNKNOWN
    local = value.astimezone(SHANGHAI)
    return f"{local.month}月{local.day}日 {local:%H:%M}"


@register.filter
def rate(value: Decimal | float | None) -> str:
    """A share between 0 and 1 as 77.8%; 待补 when nothing was expected."""
    return UNKNOWN if value is None else percent(Decimal(str(value))) or UNKNOWN


@register.filter
def known(value: Any) -> Any:
    return UNKNOWN if value is None or value == "" else value


@register.filter
def plain(value: Decimal | float | int | None) -> str:
    """36, 35.5: no trailing zeros."""
    if value is None:
        return UNKNOWN
    return f"{value:.4f}".rstrip("0").rstrip(".")


@register.filter
def hand(event: AuditEvent | None, user: User) -> str:
    """Who did it; one's own other window is called so."""
    return stale.hand(event, user)


@register.inclusion_tag("components/chain.html")
def chain_strip(study_session: StudySession, user: User, current: str = "") -> dict[str, Any]:
    """The strip of a session with its present states; `current` names the station the page stands at."""
    return {"stations": stations_of(study_session, user, current=current)}
