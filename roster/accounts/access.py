"""Which accounts a user may see, and whose record he may change: those of the people of his committees (ADR 0051)."""

from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from roster.accounts.models import Grant, PasswordReset, ResetStage, User, UserReach
from roster.accounts.roles import Permission, Role
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


def mergeable(user: User, permission: str) -> QuerySet[Person]:
    """Whoever belongs, and ever belonged, inside the subtrees alone: who merges stands above both."""
    reach = user.reach(permission)
    if _from_root(reach):
        return Person.objects.all()
    here = ScopedQuerySet.scope(reach, "committee", "person")
    inside, outside = Q(pk__in=[]), Q(pk__in=[])
    for model in ROSTER:
        inside |= Q(_held(model.objects.filter(here)))
        outside |= Q(_held(model.objects.exclude(here)))
    return Person.objects.filter(inside).exclude(outside)


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


def reach_of(owner: User, day: date) -> list[tuple[Role, str]]:
    """Every role of now or later with the path of its committee: granted ones and those of the roster."""
    grants = Grant.objects.filter(user=owner).during(day, None).values_list("role", "committee__path")
    found = [(Role(role), path) for role, path in grants]
    return found + (belonging_of(owner.person_id, day) if owner.person_id else [])


def belonging_of(person_id: int, day: date) -> list[tuple[Role, str]]:
    """The same of the roster alone: what an account of this person would open."""
    kept = StudySecretary.objects.filter(person=person_id).during(day, None)
    found = [(Role.SECRETARY, path) for path in kept.values_list("committee__path", flat=True)]
    member = Membership.objects.filter(person=person_id).during(day, None)
    return found + [(Role(role), path) for role, path in member.values_list("group_role", "committee__path")]


def may_second(user: User, owner: User, day: date) -> bool:
    """Whether `user` is security administrator over everything `owner` reaches (somewhere, if he reaches nothing)."""
    paths = user.reach(Permission.GRANT_EDIT).paths
    held = reach_of(owner, day)
    return bool(paths) and all(any(path.startswith(top) for top in paths) for _, path in held)


def resets_open_to(user: User, day: date) -> list[PasswordReset]:
    """Those that wait for a second person and that this user may decide. Few wait at any time."""
    rows = PasswordReset.objects.filter(stage=ResetStage.ASKED).exclude(user=user.pk).exclude(asked_by=user.pk)
    rows = rows.select_related("user__person", "asked_by__person")
    return [row for row in rows[:200] if may_second(user, row.user, day)]


def search_accounts(rows: QuerySet[User], text: str) -> QuerySet[User]:
    """By user name, name, code or pinyin initials."""
    return rows.filter(Q(username__icontains=text) | Q(person__in=Person.objects.search(text).values("pk")))
