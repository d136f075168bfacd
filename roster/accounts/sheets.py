"""Lists as workbooks: text is always written as text, and a leading = + - @ starts no formula in any office suite."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

import xlsxwriter

RISKY = ("=", "+", "-", "@", "\t", "\r")


def safe(text: str) -> str:
    """Neutralised by an apostrophe, as the other exports do."""
    return f"'{text}" if text.startswith(RISKY) else text


def workbook(title: str, heads: Sequence[str], rows: Iterable[Sequence[Any]], *, note: str = "") -> bytes:
    """One sheet: title, note, heads, rows. Decimals between 0 and 1 given as `Percent` print as 77.8%."""
    buffer = BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet(title[:31])
    bold = book.add_format({"bold": True})
    head = book.add_format({"bold": True, "bottom": 1, "bg_color": "#f5f6f8", "text_wrap": True})
    day = book.add_format({"num_format": "yyyy-mm-dd", "align": "left"})
    share = book.add_format({"num_format": "0.0%"})
    sheet.write_string(0, 0, safe(title), bold)
    sheet.write_string(1, 0, safe(note))
    for column, text in enumerate(heads):
        sheet.write_string(3, column, safe(text), head)
        sheet.set_column(column, column, 30 if column in (1, 2) else 14)
    for line, row in enumerate(rows, start=4):
        for column, value in enumerate(row):
            match value:
                case None:
                    sheet.write_string(line, column, "待补")
                case Percent():
                    sheet.write_number(line, column, float(value), share)
                case int() | float() | Decimal():
                    sheet.write_number(line, column, float(value))
                case date():
                    sheet.write_datetime(line, column, value, day)
                case _:
                    sheet.write_string(line, column, safe(str(value)))
    sheet.freeze_panes(4, 0)
    sheet.repeat_rows(3)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    book.close()
    return buffer.getvalue()


class Percent(Decimal):
    """A rate that the sheet shows as a percentage."""
