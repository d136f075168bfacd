"""The import itself: planned again on what stands now, written in one transaction, one import at a time."""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction

from roster.audit.actions import Actor
from roster.audit.moves import Refused
from roster.audit.taking import EVERYWHERE, Journal, Scope
from sessions_app.workbooks.preview import Plan, plan
from sessions_app.workbooks.sheets import Book
from sessions_app.workbooks.units import Answer

IMPORT_LOCK = 727_020
CHANGED_MEANWHILE = "导入时有人改动了同样的内容，什么也没有写入。请重新预览后再导入。"


def lock() -> None:
    """Two imports never run into each other; released with the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [IMPORT_LOCK])


def commit(
    book: Book, *, by: Actor, at: datetime, scope: Scope = EVERYWHERE, answer: Answer | None = None
) -> tuple[Plan, Journal]:
    """Write what `plan` accepts; all of it or nothing. Rejected rows are left out and said in the plan's report."""
    try:
        with transaction.atomic():
            lock()
            made, journal = plan(book, at=at, scope=scope, answer=answer), Journal()
            write(made, journal, by=by, at=at)
            return made, journal
    except IntegrityError as error:
        raise Refused(CHANGED_MEANWHILE) from error


def write(made: Plan, journal: Journal, *, by: Actor, at: datetime) -> None:
    registers: list[Any] = made.registers
    for register in registers:
        register.write(journal, by=by, at=at)
    journal.record(by=by)
