"""What the inboxes hold: last year closed as the department would have, and the runs of the last three months gone through."""

from datetime import date, datetime, timedelta

from roster.accounts.models import User
from roster.audit.actions import Actor
from roster.committees.models import Committee
from sessions_app.demo.year import moment
from sessions_app.policies.actions import close_period
from sessions_app.policies.rules import WorkingDays
from sessions_app.reminders import rules
from sessions_app.reminders.actions import send_due

MONTHS = 3


def close_last_year(*, at: datetime) -> None:
    """On 2 February the city's reviewer closes the year before; not yet where that day is still to come."""
    day = date(at.year, 2, 2)
    if at.date() <= day:
        return
    reviewer = User.objects.get(username="shenhe").act(on=day)
    close_period(committee=Committee.objects.get(code="LC00"), year=at.year - 1, by=reviewer, at=moment(day, 15))


def mornings(today: date, calendar: WorkingDays) -> list[date]:
    """The first working days of the last months up to `today`, this one's included; a quarter opens on one of them."""
    found, month = [], today.replace(day=1)
    for _ in range(MONTHS):
        found.append(rules.month_period(month, calendar).opens_on)
        month = (month - timedelta(days=1)).replace(day=1)
    return [day for day in reversed(found) if day < today]


def tell(calendar: WorkingDays, *, by: Actor, at: datetime) -> int:
    """The runs of those mornings, then that of the moment itself; how many notices were posted."""
    moments = [moment(day, 9) for day in mornings(at.date(), calendar)] + [at]
    return sum(send_due(at=one, by=by).sent for one in moments)
