"""What the actions of a run stand on: locks in one order, lines by sheet, editions kept, totals and places worked out.

Locks are always taken in this order: the assessment, its sheets by id, then an objection or a request.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Max, Model

from roster.audit.actions import SHANGHAI, Actor
from roster.audit.moves import Refused
from roster.people.models import StudySecretary
from sessions_app.assessment import inputs as inputs_of
from sessions_app.assessment import moves, rules
from sessions_app.assessment.models import Assessment, AssessmentSheet, SheetEdition, SheetLine
from sessions_app.assessment.rules import Key, SchemeSpec

CENT = Decimal("0.01")
NAMED = 5  # how many units a refusal names before it says 等
BATCH = 2000
FIGURES = (
    "system_total", "self_total", "verified_total", "bonus", "total", "converted", "rank", "grade",
)  # fmt: skip


def day_of(at: datetime) -> date:
    return at.astimezone(SHANGHAI).date()


def lock_run(pk: int, version: int | None = None) -> Assessment:
    """The assessment, locked; Stale when it is no longer at `version`."""
    row: Assessment = Assessment.objects.select_related("scheme", "committee").lock(pk, version)
    return row


def lock_sheet(sheet: AssessmentSheet, verb: str, version: int | None = None) -> AssessmentSheet:
    """The sheet's assessment and then the sheet; Refused when `verb` is not for the stage of the run."""
    run = lock_run(sheet.assessment_id)
    row: AssessmentSheet = AssessmentSheet.objects.select_related("committee").lock(sheet.pk, version)
    if wrong := moves.refusal(run.stage, verb):
        raise Refused(wrong)
    row.assessment = run
    return row


def sheets_of(run: Assessment, *, lock: bool = True) -> list[AssessmentSheet]:
    """All of them, by id; official order is the reader's business."""
    rows = AssessmentSheet.objects.filter(assessment=run).select_related("committee").order_by("pk")
    return list(rows.select_for_update(of=("self",)) if lock else rows)


def lines_of(sheets: Iterable[AssessmentSheet]) -> dict[int, list[SheetLine]]:
    """{sheet id: its lines in the order of the scheme}, one query."""
    found: dict[int, list[SheetLine]] = defaultdict(list)
    rows = SheetLine.objects.filter(sheet__in=[sheet.pk for sheet in sheets]).select_related("item__indicator")
    for line in rows.order_by("sheet_id", "item__indicator__order", "item__order"):
        found[line.sheet_id].append(line)
    return found


def save_lines(lines: Iterable[SheetLine], *fields: str) -> None:
    """Many at once: one document with all of them, joined to the rows there. Cheaper by far than a parameter a value."""
    rows = [{"id": line.pk, **{name: getattr(line, name) for name in fields}} for line in lines]
    wanted = ", ".join(f"{name} = said.{name}" for name in fields)
    table = SheetLine._meta.db_table
    for at in range(0, len(rows), BATCH):
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {table} SET {wanted} FROM {_said(SheetLine, 'id', *fields)} WHERE {table}.id = said.id",  # noqa: S608  names of columns only
                [_document(rows[at : at + BATCH])],
            )


def _said(model: type[Model], *names: str) -> str:
    """The rows of one JSON document as a table `said`, with the columns of a model."""
    fields = [model._meta.get_field(name) for name in names]
    columns = ", ".join(f"{field.column} {field.rel_db_type(connection)}" for field in fields)  # type: ignore[union-attr]
    return f"jsonb_to_recordset(%s::jsonb) AS said({columns})"


def _document(rows: list[dict[str, Any]]) -> str:
    return json.dumps(rows, ensure_ascii=False, default=str)


def save_sheets(sheets: Iterable[AssessmentSheet], *fields: str) -> None:
    """Many at once, each at its next version."""
    rows = list(sheets)
    for row in rows:
        row.version += 1
    if rows:
        AssessmentSheet.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["id"], update_fields=["version", *fields], batch_size=BATCH
        )


def scores(lines: Iterable[SheetLine], field: str) -> dict[Key, Decimal | None]:
    """{item: score} of a column: system, self_score, verified."""
    return {line.item_id: getattr(line, field) for line in lines}


def some(names: Iterable[Any]) -> str:
    """甲、乙、丙等 7 家."""
    known = [str(name) for name in names]
    return "、".join(known[:NAMED]) + (f"等 {len(known)} 家" if len(known) > NAMED else "")


# -------------------------------------------------------------------------------------------------- who may not


def is_same(by: Actor, other: Any) -> bool:
    """The same account, or another account of the same person."""
    return other is not None and (
        by.pk == other.pk or (by.person_id is not None and by.person_id == other.person_id)
    )  # fmt: skip


def own_unit(by: Actor, committee_id: int, day: date) -> bool:
    """Whether the actor keeps the books of that unit: nobody weighs his own."""
    if by.person_id is None:
        return False
    rows = StudySecretary.objects.on(day).filter(committee_id=committee_id, person_id=by.person_id)
    return bool(rows.exists())


# ------------------------------------------------------------------------------------------------- shapes of points


def points_wrong(name: str, score: Decimal | None, most: Decimal) -> str:
    """A sentence when a score is outside 0 to the maximum or finer than a cent, else empty."""
    if score is None:
        return ""
    if not score.is_finite() or not 0 <= score <= most:
        return f"“{name}”的得分应在 0 到 {rules.said(most)} 之间。"
    return "" if score == score.quantize(CENT) else f"“{name}”的得分最多两位小数。"


# ---------------------------------------------------------------------------------------------- editions and places


def content(sheet: AssessmentSheet, lines: Iterable[SheetLine]) -> dict[str, Any]:
    """What a sheet says now, as plain JSON."""

    def said(value: Any) -> Any:
        return f"{value:.2f}" if isinstance(value, Decimal) else value

    return {
        "facts": sheet.facts,
        "lines": [
            {
                "item": line.item_id, "indicator": line.item.indicator.name, "name": line.item.name,
                "max": said(line.item.max), "system": said(line.system), "raw": said(line.raw),
                "words": line.working.get("words", ""), "counts": line.counts, "self": said(line.self_score),
                "self_note": line.self_note, "verified": said(line.verified), "reason": line.reason,
            }
            for line in lines
        ],
        "self_note": sheet.self_note,
        "totals": {name: said(getattr(sheet, name)) for name in FIGURES},
    }  # fmt: skip


def keep(
    run: Assessment, sheets: Iterable[AssessmentSheet], lines: Mapping[int, list[SheetLine]], *, verb: str, by: Actor,
    at: datetime,
) -> None:  # fmt: skip
    """One more edition of each of these sheets. Two queries."""
    rows = list(sheets)
    numbers = dict(
        SheetEdition.objects.filter(sheet__in=[sheet.pk for sheet in rows])
        .order_by().values_list("sheet_id").annotate(last=Max("number"))
    )  # fmt: skip
    made = []
    for sheet in rows:
        said = content(sheet, lines.get(sheet.pk, ()))
        made.append(
            {
                "sheet_id": sheet.pk, "number": numbers.get(sheet.pk, 0) + 1, "verb": verb, "scheme_id": run.scheme_id,
                "content": said, "fingerprint": inputs_of.fingerprint(said), "by_id": by.pk, "at": at.isoformat(),
            }
        )  # fmt: skip
    names = ("sheet", "number", "verb", "scheme", "content", "fingerprint", "by", "at")
    columns = ", ".join(SheetEdition._meta.get_field(name).column for name in names)
    for start in range(0, len(made), BATCH):
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {SheetEdition._meta.db_table} ({columns}) SELECT {columns} FROM {_said(SheetEdition, *names)}",  # noqa: S608
                [_document(made[start : start + BATCH])],
            )


def place(run: Assessment, spec: SchemeSpec, sheets: list[AssessmentSheet]) -> list[AssessmentSheet]:
    """Totals, conversion, grade and rank of all sheets and the run's median, set on the rows; the sheets that changed."""
    before = {sheet.pk: tuple(getattr(sheet, name) for name in FIGURES) for sheet in sheets}
    for sheet in sheets:
        sheet.total = rules.with_bonus(sheet.verified_total, sheet.bonus, spec.bonus_cap)
        sheet.converted = rules.converted(sheet.total, spec.weight)
        sheet.grade = rules.grade(spec.bands, sheet.total)
    totals = {sheet.pk: sheet.total for sheet in sheets}
    ranks = rules.ranks(totals)
    for sheet in sheets:
        sheet.rank = ranks[sheet.pk]
    run.median = rules.median(totals)
    return [sheet for sheet in sheets if before[sheet.pk] != tuple(getattr(sheet, name) for name in FIGURES)]
