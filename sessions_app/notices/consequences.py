"""What the rooms above say about a notice: before it is sent by mail or chat, and when it is read. `hooks.py` connects them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sessions_app.notices.models import Notice

# Each returns a Chinese reason to send it no more ("事项均已办结"), or "".
still_wanted: list[Callable[[Notice], str]] = []
# Of the things with these ids (`item` of a notice's lines), those that are done by now.
met: list[Callable[[Iterable[int]], set[int]]] = []
# Words of the kinds of things that are told at once, whatever a person chose.
at_once: list[str] = []


def why_drop(notice: Notice) -> str:
    return next((reason for asks in still_wanted if (reason := asks(notice))), "")


def met_of(items: Iterable[int | None]) -> set[int]:
    """Which of the things told are done by now; lines about no thing of ours (None) are never."""
    wanted = [item for item in items if item]
    return set().union(*(ask(wanted) for ask in met)) if wanted else set()
