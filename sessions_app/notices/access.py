"""Which deliveries somebody may see: to people of the committees in reach, and to these committees' chat groups."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from roster.accounts.models import User
from roster.committees.models import ScopedQuerySet
from roster.people.models import Person
from sessions_app.notices.models import Delivery


def deliveries_open_to(user: User, permission: str) -> Any:
    reach = user.reach(permission)
    chats = Q(notice__person=None) & ScopedQuerySet.scope(reach, "notice__committee")
    if any(path.count("/") == 1 for path in reach.paths):  # from a root: everybody
        return Delivery.objects.filter(Q(notice__person__isnull=False) | chats)
    people = Person.objects.open_to(user, permission).values("pk")
    return Delivery.objects.filter(Q(notice__person__in=people) | chats)
