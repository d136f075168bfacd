"""Which value of a local rule holds for a committee on a day: the nearest one up the path, else the default."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any

from roster.committees.models import Committee
from sessions_app.policies.models import PolicyParameter
from sessions_app.policies.rules import KEYS, ancestors, nearest


def value(key: str, committee: Committee, on: date) -> Any:
    """One query. The type is the key's (int, float, `"01-31"`, bool). KeyError for a key that does not exist."""
    return values([key], [committee], on)[committee.pk][key]


def values(keys: Iterable[str], committees: Iterable[Committee], on: date) -> dict[int, dict[str, Any]]:
    """{committee id: {key: value}}, in one query for any number of committees."""
    rules = {key: KEYS[key] for key in keys}
    paths = {committee.pk: committee.path for committee in committees}
    ids = {ancestor for path in paths.values() for ancestor in ancestors(path)}
    set_values: dict[str, dict[int, Any]] = defaultdict(dict)
    rows = PolicyParameter.objects.on(on).filter(key__in=rules, committee_id__in=ids).order_by("since")
    for key, committee_id, found in rows.values_list("key", "committee_id", "value"):
        set_values[key][committee_id] = found
    result: dict[int, dict[str, Any]] = {}
    for pk, path in paths.items():
        result[pk] = {}
        for key, rule in rules.items():
            found = nearest(path, set_values[key])
            result[pk][key] = rule.default if found is None else found[1]
    return result
