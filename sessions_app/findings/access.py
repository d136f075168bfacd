"""Which department a finding belongs to: the one that confirms and closes it."""

from datetime import date

from roster.accounts.models import Grant, User
from roster.accounts.roles import Permission, Role
from roster.committees.models import Committee


def department_of(user: User, committee: Committee) -> int | None:
    """Of the user's own departments the nearest over `committee`; None when he reviews nothing over it."""
    above = [hold for hold in user.holds_with(Permission.FINDING_CONFIRM) if committee.path.startswith(hold.path)]
    return max(above, key=lambda hold: len(hold.path)).committee_id if above else None


def department_over(committee: Committee, on: date) -> int:
    """Whom a unit's self-check goes to: the nearest committee above it with a reviewer that day, else the root."""
    line = [int(part) for part in committee.path.split("/") if part]
    above = line[:-1] or line
    granted = Grant.objects.on(on).filter(role=Role.REVIEWER, user__is_active=True, committee_id__in=above)
    reviewed = set(granted.values_list("committee_id", flat=True))
    return next((pk for pk in reversed(above) if pk in reviewed), line[0])
