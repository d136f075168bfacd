"""Many counts in one query: what the top bar and the homes need on every page."""

from collections.abc import Mapping

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet


def counts_of(querysets: Mapping[str, QuerySet]) -> dict[str, int]:
    """How many rows each queryset has, by its key; one query for all."""
    found = dict.fromkeys(querysets, 0)
    pieces, parameters, keys = [], [], []
    for key, rows in querysets.items():
        try:
            sql, values = rows.order_by().values("pk").query.sql_with_params()
        except EmptyResultSet:
            continue
        # The text is the ORM's own, its values stay parameters.
        pieces.append(f"(SELECT COUNT(*) FROM ({sql}) AS piece_{len(pieces)})")  # noqa: S608
        parameters += values
        keys.append(key)
    if pieces:
        with connection.cursor() as cursor:
            cursor.execute("SELECT " + ", ".join(pieces), parameters)
            found.update(zip(keys, cursor.fetchone(), strict=True))
    return found
