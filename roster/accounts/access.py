"""Which accounts a user may see: those of the people of his committees; all of them from the root."""

from django.db.models import Q, QuerySet

from roster.accounts.models import User
from roster.people.models import Person


def accounts_open_to(user: User, permission: str) -> QuerySet[User]:
    reach = user.reach(permission)
    if any(path.count("/") == 1 for path in reach.paths):
        return User.objects.all()
    mine = Person.objects.open_to(user, permission).values("pk")
    granted = Q()
    for path in reach.paths:
        granted |= Q(grants__committee__path__startswith=path)
    rows = User.objects.filter(Q(person__in=mine) | granted) if granted else User.objects.filter(person__in=mine)
    return rows.distinct()


def search_accounts(rows: QuerySet[User], text: str) -> QuerySet[User]:
    """By user name, name, code or pinyin initials."""
    return rows.filter(Q(username__icontains=text) | Q(person__in=Person.objects.search(text).values("pk")))
