"""Many new rows at once by COPY, several times as quick as INSERT for a province's worth of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import Enum
from typing import Any

from django.db import connection, models


def copy_in(rows: Sequence[Any]) -> Sequence[Any]:
    """Insert new rows, all of one model; each has its id afterwards, taken from the sequence in their order.

    Two queries. No conflict is passed over: a broken constraint raises, as an INSERT would.
    """
    if not rows:
        return rows
    meta = type(rows[0])._meta
    fields = [(field.attname, isinstance(field, models.JSONField)) for field in meta.concrete_fields]
    columns = ", ".join(f'"{field.column}"' for field in meta.concrete_fields)
    with connection.cursor() as cursor, connection.wrap_database_errors:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [meta.db_table, len(rows)]
        )
        for row, (pk,) in zip(rows, cursor.fetchall(), strict=True):
            row.pk = pk
        with cursor.copy(f'COPY "{meta.db_table}" ({columns}) FROM STDIN') as copy:
            for row in rows:
                copy.write_row([_plain(getattr(row, name), is_json) for name, is_json in fields])
    for row in rows:
        row._state.adding, row._state.db = False, connection.alias
    return rows


def _plain(value: Any, is_json: bool) -> Any:
    if isinstance(value, Enum):
        return value.value
    return json.dumps(value, ensure_ascii=False) if is_json else value
