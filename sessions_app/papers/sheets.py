"""From frozen facts to an Excel file: the tables of the paper as it is printed, each on a sheet of its own."""

from __future__ import annotations

import hashlib
import io
import re
import zlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import lxml.html
import xlsxwriter
from django.conf import settings
from django.template.loader import render_to_string
from lxml.html import HtmlElement

from sessions_app.papers import rules, typeset, word, zipped
from sessions_app.papers.models import PaperKind

Facts = Mapping[str, Any]
LISTS = (
    PaperKind.FINDINGS, PaperKind.RECTIFICATION, PaperKind.OUTCOMES, PaperKind.SCORES, PaperKind.LEARNING,
    PaperKind.MEMBERS,
)  # fmt: skip
NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,4})?")
PERCENT = re.compile(r"(-?\d+(?:\.\d+)?)%")
MOST_ROWS = 20000


def has_sheet(kind: str) -> bool:
    """Kinds that are lists, where they have a PDF."""
    return kind in LISTS and kind in typeset.SINGLE


def xlsx(kind: str, facts: Facts) -> bytes:
    """The same facts and edition give the same bytes. Texts stay texts: none of them is ever a formula."""
    page = lxml.html.fromstring(_html(kind, facts))
    wide = "is-wide" in (page.find("body").get("class") or "")
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    day = datetime.fromisoformat(word.moment_of(facts)).replace(tzinfo=None)
    book.set_properties({"title": facts["title"][:250], "author": "知行", "created": day, "comments": ""})
    plain = {"font_name": "宋体", "font_size": 11, "text_wrap": True, "valign": "vcenter"}
    styles = {
        "title": book.add_format({**plain, "bold": True, "font_size": 16, "align": "center", "text_wrap": False}),
        "note": book.add_format({**plain}),
        "head": book.add_format({**plain, "bold": True, "align": "center", "border": 1, "bg_color": "#EEF2F6"}),
        "cell": book.add_format({**plain, "border": 1}),
        "middle": book.add_format({**plain, "border": 1, "align": "center"}),
        "share": book.add_format({**plain, "border": 1, "align": "center", "num_format": "0.0%"}),
    }
    tables = list(page.iter("table"))
    notes = [
        words
        for each in page.iter("p")
        if (words := text_of(each)) and not any(True for _ in each.iterancestors("table"))
    ]
    for index, table in enumerate(tables or [None], start=1):
        sheet = book.add_worksheet("清单" if index == 1 else f"表{index}")
        _fill(sheet, table, facts["title"], notes if index == 1 else [], styles, wide)
    book.close()
    return zipped.same(out.getvalue())


def _html(kind: str, facts: Facts) -> str:
    return render_to_string(typeset.SINGLE[kind], {"facts": facts, "title": facts["title"], "draft": None})


def _fill(
    sheet: Any, table: HtmlElement | None, title: str, notes: list[str], styles: Mapping[str, Any], wide: bool
) -> None:
    sheet.set_paper(9)
    if wide:
        sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&C— &P —")
    rows = list(_rows(table)) if table is not None else []
    columns = max((sum(span for _, span, _ in row) for row, _ in rows), default=1)
    for column, width in enumerate(_widths(table, columns)):
        sheet.set_column(column, column, width)
    _across(sheet, 0, columns, title, styles["title"])
    sheet.set_row(0, 26)
    at = 1
    for words in notes:
        _across(sheet, at, columns, words, styles["note"])
        at += 1
    heads = sum(is_head for _, is_head in rows)
    if heads:
        sheet.repeat_rows(at, at + heads - 1)
        sheet.freeze_panes(at + heads, 0)
    down: dict[int, int] = {}
    for row, is_head in rows:
        column = 0
        for words, span, style in row:
            while down.get(column, 0) > 0:
                column += 1
            _put(sheet, at, column, span, words, styles["head" if is_head else style], styles)
            column += span
        at += 1


def _across(sheet: Any, row: int, columns: int, words: str, style: Any) -> None:
    if columns > 1:
        sheet.merge_range(row, 0, row, columns - 1, "", style)
    sheet.write_string(row, 0, words, style)


def _put(sheet: Any, row: int, column: int, span: int, words: str, style: Any, styles: Mapping[str, Any]) -> None:
    if span > 1:
        sheet.merge_range(row, column, row, column + span - 1, "", style)
    share = PERCENT.fullmatch(words)
    if share and style is not styles["head"]:
        sheet.write_number(row, column, float(share[1]) / 100, styles["share"])
    elif NUMBER.fullmatch(words) and style is not styles["head"]:
        sheet.write_number(row, column, float(words), style)
    elif words:
        sheet.write_string(row, column, words, style)
    else:
        sheet.write_blank(row, column, None, style)


def _rows(table: HtmlElement) -> Iterator[tuple[list[tuple[str, int, str]], bool]]:
    """Each row's cells (words, columns wide, style), and whether it is a head."""
    for index, row in enumerate(table.iter("tr")):
        if index >= MOST_ROWS:
            return
        cells = [
            (
                text_of(cell), int(cell.get("colspan", 1)),
                "middle" if cell.tag == "th" or "n" in (cell.get("class") or "").split() else "cell",
            )
            for cell in row if cell.tag in ("td", "th")
        ]  # fmt: skip
        yield cells, row.getparent().tag == "thead"


def _widths(table: HtmlElement | None, columns: int) -> list[float]:
    """Widths of the print template, a letter of Excel being about 1.9 mm."""
    found = []
    for col in table.iter("col") if table is not None else []:
        match = re.search(r"width:\s*([\d.]+)mm", col.get("style") or "")
        found.append(max(6.0, round(float(match[1]) / 1.9, 1)) if match else 12.0)
    return found[:columns] + [max(12.0, 60.0 / columns)] * (columns - len(found))


def text_of(element: HtmlElement) -> str:
    """The words of a paragraph or cell; a line break stays one."""
    whole = re.sub(r"(?<!\s)\s*\n\s*", "", element.text or "")
    for child in element:
        whole += "\n" if child.tag == "br" else text_of(child)
        if child.tag in ("p", "div") and child.getnext() is not None:
            whole += "\n"
        whole += re.sub(r"(?<!\s)\s*\n\s*", "", child.tail or "")
    return whole.strip(" \n")


def edition(kind: str) -> str:
    """SHA-256 of the print templates and everything that makes the file."""
    base = Path(settings.BASE_DIR)
    sources = [
        *sorted((base / "templates/papers/print").glob("*.html")), base / "sessions_app/papers/sheets.py",
        base / "sessions_app/papers/zipped.py", base / "sessions_app/templatetags/papers.py",
    ]  # fmt: skip
    hashes = [hashlib.sha256(path.read_bytes()).hexdigest() for path in sources]
    versions = {name: version(name) for name in ("xlsxwriter", "lxml", "django")}
    return rules.fingerprint(kind, hashes, versions, zlib.ZLIB_RUNTIME_VERSION)
