"""Who hears of what: the only place where a lower room is told about a higher one. Called once, by `ready()`."""

from roster.people import consequences as membership
from sessions_app.attendance import consequences as roll
from sessions_app.attendance.actions import CountOnMembership
from sessions_app.minutes.actions import MinutesFollowRoll


def connect() -> None:
    membership.listeners[:] = [CountOnMembership()]
    roll.listeners[:] = [MinutesFollowRoll()]
