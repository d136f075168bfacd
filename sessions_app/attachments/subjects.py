"""What files may be kept for: each room above adds its own kind of thing in `sessions_app/hooks.py`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, QuerySet

from roster.accounts.models import User
from roster.accounts.roles import Permission
from roster.committees.models import Committee


@dataclass(frozen=True)
class Subject:
    """`rows`: those of the kind the user may add to and take from; `committee`, `url`: of one of them."""

    permission: Permission
    rows: Callable[[User], QuerySet[Any]]
    committee: Callable[[Any], Committee]
    url: Callable[[Any], str]
    kinds: tuple[str, ...]
    # Why its files may not be taken back any more, as a sentence with the cure; "" while they may.
    kept: Callable[[Any], str] = lambda row: ""


SUBJECTS: dict[str, Subject] = {}


def editable(user: User, subject_type: str, pk: int) -> Model | None:
    """The thing, when the user may change its files, else None."""
    subject = SUBJECTS.get(subject_type)
    return subject.rows(user).filter(pk=pk).first() if subject else None
