"""Which accounts a user may see, and whose record he may change: those of the people of his committees (ADR 0051)."""

from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from roster.accounts.models import Grant, User, UserReach
from roster.committees.models import ScopedQuerySet
from roster.people.models import Membership, Person, StudySecretary

ROSTER = (Membership, StudySecretary)


def _held(rows: QuerySet[Any]) -> Exists:
    return Exists(rows.filter(person=OuterRef("pk")))


def _from_root(reach: UserReach) -> bool:
    return any(path.count("/") == 1 for path in reach.paths)


def records_kept_by(user: User, permission: str, day: date) -> QuerySet[Person]:
    """Whose name, phone and mail the user may change. The one rule for page, form and workbook.

    The person holds a confirmed term of `day` in reach, and nothing of now or later (term or granted role) outside it.
    Past and future terms give nothing. A secretary does not change an account holder who ever belonged elsewhere.
    """
    reach = user.reach(permission)
    if _from_root(reach):
        return Person.objects.all()
    here = ScopedQuerySet.scope(reach, "committee", "person")
    mine, elsewhere, ever = Q(pk__in=[]), Q(pk__in=[]), Q(pk__in=[])
    for model in ROSTER:
        mine |= Q(_held(model.objects.in_office(day).filter(here)))
        elsewhere |= Q(_held(model.objects.during(day, None).exclude(here)))
        ever |= Q(_held(model.objects.exclude(here)))
    wider = Grant.objects.during(day, None).exclude(_below(reach)).filter(user__person=OuterRef("pk"))
    rows = Person.objects.filter(mine).exclude(elsewhere).exclude(Q(Exists(wider)))
    return rows if reach.paths else rows.exclude(Q(user__isnull=False) & ever)


def _below(reach: UserReach) -> Q:
    found = Q(pk__in=[])
    for path in reach.paths:
        found |= Q(committee__path__startswith=path)
    return found


def _moved_away(reach: UserReach, day: date) -> Q:
    """Whoever holds terms of now or later elsewhere and none of today here."""
    here = ScopedQuerySet.scope(reach, "committee", "person")
    mine, elsewhere = Q(pk__in=[]), Q(pk__in=[])
    for model in ROSTER:
        mine |= Q(_held(model.objects.on(day).filter(here)))
        elsewhere |= Q(_held(model.objects.during(day, None).exclude(here)))
    return elsewhere & ~mine


def accounts_open_to(user: User, permission: str) -> QuerySet[User]:
    reach = user.reach(permission)
    if _from_root(reach):
        return User.objects.all()
    assert user.today is not None  # `reach` has asked for it
    mine = Person.objects.open_to(user, permission).exclude(_moved_away(reach, user.today)).values("pk")
    granted = Q()
    for path in reach.paths:
        granted |= Q(grants__committee__path__startswith=path)
    rows = User.objects.filter(Q(person__in=mine) | granted) if granted else User.objects.filter(person__in=mine)
    return rows.distinct()


def search_accounts(rows: QuerySet[User], text: str) -> QuerySet[User]:
    """By user name, name, code or pinyin initials."""
    return rows.filter(Q(username__icontains=text) | Q(person__in=Person.objects.search(text).values("pk")))
