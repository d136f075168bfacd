"""What a visit asks the rooms above about the findings raised from it. Filled by `sessions_app/hooks.py`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Raised:
    """A finding raised from the visit, as the reader may see it."""

    number: str
    text: str
    stage: str
    tone: str
    url: str
    item_id: int | None
    item: str


# Why a visit may not be closed yet, in sentences; by its id.
before_closing: list[Callable[[int], Sequence[str]]] = []
# The findings of a visit that a user may read, in the order of their numbers.
raised_from: list[Callable[[int, Any], Sequence[Raised]]] = []


def against_closing(visit_id: int) -> list[str]:
    return [sentence for ask in before_closing for sentence in ask(visit_id)]


def findings_of(visit_id: int, user: Any) -> list[Raised]:
    return [row for ask in raised_from for row in ask(visit_id, user)]
