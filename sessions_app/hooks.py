"""Who hears of what: the only place where a lower room is told about a higher one. Called once, by `ready()`."""

from roster.people import consequences as membership
from sessions_app.attendance.actions import CountOnMembership


def connect() -> None:
    membership.listeners[:] = [CountOnMembership()]
