"""Which value of a local rule holds for a committee on a day: the nearest one up the path, else the default."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from typing import Any

from roster.committees.models import Committee
from sessions_app.policies.models import PolicyParameter
from sessions_app.policies.rules import KEYS, ancestors, typed

NAMED = 1000  # for more committees the values set anywhere are fewer than the ids to name


def value(key: str, committee: Committee, on: date) -> Any:
    """One query. The type is the key's (int, Decimal, `"01-31"`, bool). KeyError for a key that does not exist."""
    return values([key], [committee], on)[committee.pk][key]


def values(keys: Iterable[str], committees: Iterable[Committee], on: date) -> dict[int, dict[str, Any]]:
    """{committee id: {key: value}}, in one query for any number of committees; each has a dict of its own."""
    defaults = {key: KEYS[key].default for key in keys}
    paths = {committee.pk: committee.path for committee in committees}
    ids = {int(part) for path in paths.values() for part in path.split("/") if part}
    rows = PolicyParameter.objects.on(on).filter(key__in=defaults).order_by("since")
    if len(ids) <= NAMED:
        rows = rows.filter(committee_id__in=ids)
    set_here: dict[int, dict[str, Any]] = defaultdict(dict)
    for key, committee_id, found in rows.values_list("key", "committee_id", "value"):
        set_here[committee_id][key] = typed(key, found)
    resolved: dict[str, dict[str, Any]] = {"": defaults}
    return {pk: dict(_resolve(path, set_here, resolved)) for pk, path in paths.items()}


def _resolve(path: str, set_here: Mapping[int, dict[str, Any]], resolved: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What holds at a path: what holds above it, and what the committee itself sets. Every path is worked out once."""
    if path not in resolved:
        head, _, own = path.rstrip("/").rpartition("/")
        above = _resolve(f"{head}/" if head else "", set_here, resolved)
        own_values = set_here.get(int(own))
        resolved[path] = above | own_values if own_values else above
    return resolved[path]


class Dated:
    """Every value of some keys through a stretch of days, read in one query: asked for a path and a day without another.

    For what is judged by the rule of its own day: a rule changed in June leaves May alone.
    """

    def __init__(self, keys: Iterable[str], first: date, last: date) -> None:
        self.keys = frozenset(keys)
        self._set: dict[tuple[str, int], list[tuple[date, date | None, Any]]] = defaultdict(list)
        rows = PolicyParameter.objects.during(first, last).filter(key__in=self.keys).order_by("since")
        for key, committee_id, since, until, found in rows.values_list(
            "key", "committee_id", "since", "until", "value"
        ):
            self._set[key, committee_id].append((since, until, typed(key, found)))
        self._of_chain = cache(self._find)

    def at(self, path: str, key: str, day: date) -> Any:
        """What holds for the committee of this path on that day: the nearest one up the path, else the default."""
        return self._of_chain(key, self.chain(path, key), day)

    def chain(self, path: str, key: str) -> tuple[int, ...]:
        """Who sets the key on the way up, the nearest first: equal chains have equal values on every day."""
        return tuple(pk for pk in reversed(ancestors(path)) if (key, pk) in self._set)

    def _find(self, key: str, chain: tuple[int, ...], day: date) -> Any:
        for committee_id in chain:
            for since, until, found in reversed(self._set[key, committee_id]):
                if since <= day and (until is None or until >= day):
                    return found
        return KEYS[key].default
