"""The question put to the database: which rows of one kind, within the asker's scope, hold every term; newest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import F
from django.db.models.expressions import RawSQL

from roster.accounts.models import User
from sessions_app.search.rules import Question
from sessions_app.search.sources import Source

COMMON = 3000  # a question that so many texts answer to is common: its newest answers are found by walking
WALKED = 4000  # of the newest rows in scope, walked at most
COUNTED = 99  # "99+" stands for more


@dataclass(frozen=True)
class Found:
    """Rows of one page, and how many there are at all, as far as was looked: `counted` stops at the limit asked for."""

    rows: list[Any]
    counted: int


def ids(source: Source, user: User, asked: Question, *, year: int | None, most: int) -> list[int]:
    """At most `most` keys, newest first, in one statement, which takes one of two ways.

    A rare question goes by the index; what it finds is put in order first, so that scope and wording are looked at
    only until there is enough. A common one (`probe`) would find half the house that way: the newest rows in scope are
    read as they are, one after the other. Only where these end without enough the index is asked after all.
    """
    newest = (F(source.order).desc(), F("pk").desc())
    mine = source.rows(user)
    model = mine.model
    every = model._default_manager.order_by().all()
    if year is not None:
        mine, every = mine.filter(**{source.year: year}), every.filter(**{source.year: year})
    table = model._meta.db_table
    walk, walk_values = _sql(mine.order_by(*newest)[:WALKED], source)
    dated, dated_values = _sql(every.filter(pk__in=RawSQL("SELECT id FROM matched", [])).order_by(*newest), source)
    scope, scope_values = _sql(mine.filter(pk=RawSQL("dated.id", [])).order_by(), source)
    words = source.words.format(t="t").replace("%", "%%")
    match = f"zhixing_bigrams({words}) @@ %s::tsquery"
    holds = " AND ".join([f"strpos(zhixing_plain({words}), %s) > 0"] * len(asked.terms))
    # The index alone decides on a question of one pair: then no text is opened.
    surely, surely_values = ("true", ()) if asked.exact else (holds, asked.terms)
    statement = f"""
WITH probe(n) AS MATERIALIZED (SELECT count(*) FROM (SELECT 1 FROM {table} t WHERE {match} LIMIT {COMMON}) x),
hits AS MATERIALIZED (
    SELECT newest.id, newest.at FROM ({walk}) newest(id, at) JOIN {table} t USING (id)
    WHERE (SELECT n FROM probe) = {COMMON} AND {holds} ORDER BY newest.at DESC, newest.id DESC LIMIT {most}
),
matched AS MATERIALIZED (
    SELECT t.id FROM {table} t WHERE {match} AND CASE WHEN (SELECT n FROM probe) < {COMMON} THEN true
    WHEN (SELECT count(*) FROM hits) = {most} THEN false ELSE (SELECT count(*) FROM ({walk}) w) = {WALKED} END
),
dated(id, at) AS MATERIALIZED ({dated}),
rest AS (
    SELECT dated.id, dated.at FROM dated JOIN {table} t USING (id) WHERE EXISTS ({scope}) AND {surely}
    ORDER BY dated.at DESC, dated.id DESC LIMIT {most}
)
SELECT id FROM (SELECT id, at FROM hits UNION SELECT id, at FROM rest) both_ways
ORDER BY at DESC, id DESC LIMIT {most}"""  # noqa: S608 (only our own words are joined; what was typed is a parameter)
    values = [
        asked.index, *walk_values, *asked.terms, asked.index, *walk_values, *dated_values, *scope_values, *surely_values,
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [row[0] for row in cursor.fetchall()]


def _sql(rows: Any, source: Source) -> tuple[str, tuple[Any, ...]]:
    statement, values = rows.values_list("pk", source.order).query.sql_with_params()
    return statement, values


def find(source: Source, user: User, asked: Question, *, year: int | None, begin: int, size: int, most: int) -> Found:
    """The rows from place `begin` on, `size` of them, of at most `most`: two queries."""
    keys = ids(source, user, asked, year=year, most=most)
    wanted = keys[begin : begin + size]
    rows = source.rows(user).model._default_manager.select_related(*source.related).defer(*source.leave_out)
    held = rows.in_bulk(wanted)
    return Found([held[key] for key in wanted if key in held], len(keys))
