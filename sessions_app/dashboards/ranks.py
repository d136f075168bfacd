"""The committees of a subtree side by side: rank, sort, lines for the page and for the workbook."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from roster.accounts.sheets import Percent
from roster.committees.models import CommitteeLevel
from sessions_app.dashboards.overview import Links
from sessions_app.facts.periods import Span
from sessions_app.facts.rules import percent, short
from sessions_app.facts.tables import CommitteeRow, ranking

HEADS = (
    "名次", "编码", "委员会", "场次", "天数", "应到人次", "出席率", "参学率", "计划专题", "已完成", "发言", "成果", "政策转化", "补录", "层级",
)  # fmt: skip
LEVELS = list(CommitteeLevel.values)
SORTS: dict[str, tuple[str, Any]] = {
    "committee": ("委员会", None),
    "place": ("名次", lambda row: (LEVELS.index(row.level), row.place or 10**6)),
    "sessions": ("场次", lambda row: row.figures.committee_sessions),
    "days": ("天数", lambda row: row.figures.days),
    "presence": ("出席率", lambda row: _known(row.figures.presence_rate)),
    "participation": ("参学率", lambda row: _known(row.figures.participation_rate)),
    "completion": ("计划完成", lambda row: _known(row.figures.completion_rate)),
    "speeches": ("发言", lambda row: row.figures.speeches),
    "outcomes": ("成果", lambda row: row.figures.outcomes),
    "policies": ("政策转化", lambda row: row.figures.policies_from_proposals),
}


def level_words(row: CommitteeRow) -> str:
    return str(CommitteeLevel(row.level).label)


def _known(value: Decimal | None) -> Decimal:
    return Decimal(-1) if value is None else value


def rows_of(committees: QuerySet, period: Span) -> list[CommitteeRow]:
    return ranking(committees, period)


def last(rows: Sequence[CommitteeRow], number: int) -> list[CommitteeRow]:
    """The ones with the lowest 参学率, the lowest first; those of whom nothing is known are not among them."""
    ranked = [row for row in rows if row.place is not None]
    lowest = sorted(ranked, key=lambda row: _known(row.figures.participation_rate))
    return lowest[:number] if len(ranked) > 1 else []


def sorted_rows(rows: list[CommitteeRow], sort: str) -> list[CommitteeRow]:
    """`sort` is a name of SORTS, with - for the largest first. Equals keep the order of the ranking."""
    key = SORTS[sort.lstrip("-")][1] or (lambda row: row.path)
    return sorted(rows, key=key, reverse=sort.startswith("-"))


def columns(sort: str) -> list[dict[str, str]]:
    """Heads of the page's table; a click sorts by the column, the best first, a second click turns it round."""
    heads = []
    for name, (label, _) in SORTS.items():
        upward = name in ("place", "committee")
        first, second = (name, f"-{name}") if upward else (f"-{name}", name)
        direction = "" if sort.lstrip("-") != name else ("descending" if sort.startswith("-") else "ascending")
        heads.append({"label": label, "next": second if sort == first else first, "direction": direction})
    return heads


def lines(rows: Iterable[CommitteeRow], links: Links) -> list[dict[str, Any]]:
    """One dict a committee, every number with the list it opens."""
    return [_line(row, links) for row in rows]


def _line(row: CommitteeRow, links: Links) -> dict[str, Any]:
    one = row.figures
    figures: list[tuple[str, str, Any]] = [
        ("场次", "committee_sessions", one.committee_sessions),
        ("天数", "days", short(one.days)),
        ("出席率", "presence_rate", percent(one.presence_rate)),
        ("参学率", "participation_rate", percent(one.participation_rate)),
        ("计划完成", "completed_items", f"{one.completed_items} / {one.planned_items}"),
        ("发言", "speeches", one.speeches),
        ("成果", "outcomes_by_kind", one.outcomes),
        ("政策转化", "policies_from_proposals", one.policies_from_proposals),
    ]
    return {
        "place": row.place,
        "level": level_words(row),
        "name": row.name,
        "committee_id": row.committee_id,
        "cells": [
            {"label": label, "text": text, "url": links.to(key, committee=row.committee_id)}
            for label, key, text in figures
        ],
    }


def sheet_rows(rows: Iterable[CommitteeRow]) -> Iterable[list[Any]]:
    for row in rows:
        one = row.figures
        yield [
            row.place if row.place is not None else "", row.code, row.name, one.committee_sessions, one.days, one.expected,
            _percent(one.presence_rate), _percent(one.participation_rate), one.planned_items, one.completed_items,
            one.speeches, one.outcomes, one.policies_from_proposals, one.late_entries, level_words(row),
        ]  # fmt: skip


def _percent(value: Decimal | None) -> Percent | None:
    return None if value is None else Percent(value)
