"""Whose figures: a subtree, one committee, or each of many. One condition that fits every table."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db.models import Q, QuerySet


@dataclass(frozen=True)
class Scope:
    """`where(field)` narrows a table; `field` leads from its row to the Committee, "" is Committee itself."""

    where: Callable[[str], Q]


def subtree(path: str) -> Scope:
    """The committee of `path` and all below it; "" is everything."""

    def where(field: str) -> Q:
        dot = f"{field}__" if field else ""
        return Q(**{f"{dot}path__startswith": path}) if path else Q()

    return Scope(where)


def these(committees: QuerySet | Iterable[int]) -> Scope:
    """The committees of a queryset, or of ids: each for itself, not what is below it."""
    wanted = committees.values("pk") if isinstance(committees, QuerySet) else list(committees)

    def where(field: str) -> Q:
        return Q(**{f"{field or 'pk'}__in": wanted})

    return Scope(where)


def only(committee_id: int) -> Scope:
    """One committee, without those below it."""

    def where(field: str) -> Q:
        return Q(**{field or "pk": committee_id})

    return Scope(where)
