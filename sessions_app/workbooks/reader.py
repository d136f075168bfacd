"""Opens a workbook somebody sent: under caps, without trusting a byte of it. Rows come out as plain values.

What is refused is refused before anything is built from it: the archive is weighed and its parts are skimmed as bytes
first. Formulas are never evaluated; what Excel stored as their value is read.
"""

import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any
from xml.etree.ElementTree import ParseError, iterparse

from openpyxl import load_workbook
from openpyxl.worksheet._read_only import ReadOnlyWorksheet
from openpyxl.worksheet._reader import CELL_TAG, FORMULA_TAG, MERGE_TAG, ROW_TAG, WorkSheetParser

from sessions_app.workbooks.rules import NoValue

MAX_ENTRIES = 400
MAX_UNPACKED = 150 * 1024 * 1024
MAX_RATIO = 300  # of a part above 1 MB; office files stay below 60
MAX_TAGS = 6_000_000
MAX_CELLS = 1_500_000
MAX_ROWS = 200_000
MAX_COLUMNS = 200
MAX_SHEETS = 60
MAX_TEXT = 32_767
MAX_MERGED = 20_000
MERGED_TAG = MERGE_TAG.removesuffix("s")  # one range inside the list of them
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")  # how the format writes a character XML cannot hold
OLE = b"\xd0\xcf\x11\xe0"


class BadWorkbook(ValueError):
    """The file is not read; the message says why and what to do."""


@dataclass
class SheetRows:
    """One sheet: (row number as Excel shows it, {column from 1: value}), blank rows left out."""

    title: str
    rows: list[tuple[int, dict[int, Any]]] = field(default_factory=list)
    epoch: datetime | None = None
    merged: list[str] = field(default_factory=list)  # ranges as the file names them: A1:C3


class _Parser(WorkSheetParser):
    """Knows a formula without a value from an empty cell, and looks at nothing but rows."""

    row_counter: int
    merged: list[str]

    def rows(self) -> Iterator[tuple[int, dict[int, Any]]]:
        inside, self.merged = 0, []
        for event, element in iterparse(self.source, events=("start", "end")):  # noqa: S314  skimmed: no declarations
            if element.tag == ROW_TAG:
                inside += 1 if event == "start" else -1
                if event == "end":
                    yield self._row(element)
                    element.clear()
            elif event == "end" and not inside:
                if element.tag == MERGED_TAG and len(self.merged) < MAX_MERGED:
                    self.merged.append(str(element.get("ref"))[:40])
                element.clear()
            if element.tag == MERGE_TAG and event == "end":
                return

    def _row(self, element: Any) -> tuple[int, dict[int, Any]]:
        number = element.get("r")
        self.row_counter = int(float(number)) if number else self.row_counter + 1
        self.col_counter = 0
        cells = {}
        for child in element:
            if child.tag != CELL_TAG:
                continue
            cell = self.parse_cell(child)
            value = cell["value"]
            if cell["column"] > MAX_COLUMNS:
                continue
            if value is None:
                if child.find(FORMULA_TAG) is None:
                    continue
                value = NoValue(
                    "=" + (child.findtext(FORMULA_TAG) or ""),
                    "是没有计算结果的公式，请在 Excel 中打开并保存一次，或改成数值。",
                )
            elif cell["data_type"] == "e":
                value = NoValue(str(value), "公式出错，请改正公式或直接填写内容。")
            elif isinstance(value, str):
                value = (
                    ESCAPED.sub(lambda found: chr(int(found[1], 16)), value[:MAX_TEXT])
                    if "_x" in value
                    else value[:MAX_TEXT]
                )
            cells[cell["column"]] = value
        return self.row_counter, cells


def _refuse_archive(archive: zipfile.ZipFile) -> None:
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise BadWorkbook(
            f"文件内部有 {len(entries)} 个部件，不像正常的工作簿，未予读取。请把内容复制到新建的工作簿再导入。"
        )
    if any(entry.flag_bits & 1 for entry in entries):
        raise BadWorkbook("文件有密码，请先去掉密码再导入。")
    if sum(entry.file_size for entry in entries) > MAX_UNPACKED:
        raise BadWorkbook("文件解开后过大，未予读取。请只保留要导入的工作表，或分成几个文件。")
    for entry in entries:
        if entry.file_size > 1024 * 1024 and entry.file_size > MAX_RATIO * max(entry.compress_size, 1):
            raise BadWorkbook("文件压缩得异常，不像正常的工作簿，未予读取。请把内容复制到新建的工作簿再导入。")


def _skim(archive: zipfile.ZipFile) -> None:
    """Every XML part once, as bytes: no declarations of types, no flood of rows, cells or tags."""
    unpacked = tags = rows = cells = 0
    for entry in archive.infolist():
        if not entry.filename.lower().endswith((".xml", ".rels", ".vml")):
            continue
        last = b""
        sheet_rows = 0
        with archive.open(entry) as part:
            while chunk := part.read(1024 * 1024):
                if not last and (chunk[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in chunk[:64]):
                    raise BadWorkbook(
                        "文件的编码不是工作簿通用的编码，未予读取。请用 Excel 或 WPS 另存为 .xlsx 再导入。"
                    )
                seen = last + chunk
                if b"<!DOCTYPE" in seen or b"<!ENTITY" in seen or b"<!doctype" in seen:
                    raise BadWorkbook(
                        "文件里有不该有的声明，可能被改动过，未予读取。请把内容复制到新建的工作簿再导入。"
                    )
                unpacked += len(chunk)
                tags += chunk.count(b"<")
                found = chunk.count(b"<row") + chunk.count(b":row ")
                rows, sheet_rows = rows + found, sheet_rows + found
                cells += chunk.count(b"<c ") + chunk.count(b"<c>") + chunk.count(b":c ") + chunk.count(b"<c/>")
                if unpacked > MAX_UNPACKED:
                    raise BadWorkbook("文件解开后过大，未予读取。请只保留要导入的工作表，或分成几个文件。")
                if rows > MAX_ROWS:
                    raise BadWorkbook(f"工作表超过 {MAX_ROWS} 行，未予读取。请删去末尾的空行，或分成几个文件。")
                if cells > MAX_CELLS or tags > MAX_TAGS:
                    raise BadWorkbook("工作表的单元格过多，未予读取。请删去无用的行、列和工作表，或分成几个文件。")
                last = chunk[-16:]


def read(source: Path | IO[bytes], wanted: Any = lambda title: True) -> list[SheetRows]:
    """All rows of the sheets whose title `wanted` accepts, in the order of the file. BadWorkbook in words."""
    try:
        return _read(source, wanted)
    except (BadWorkbook, FileNotFoundError):
        raise
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, NotImplementedError):
        raise BadWorkbook("文件损坏或不是 Excel 工作簿，请用 Excel 或 WPS 打开后另存为 .xlsx 再导入。") from None
    except (
        ParseError,
        KeyError,
        ValueError,
        TypeError,
        IndexError,
        AttributeError,
        OverflowError,
        RecursionError,
        AssertionError,
    ):
        raise BadWorkbook("工作簿的内容读不出，可能已损坏。请用 Excel 或 WPS 打开后另存为 .xlsx 再导入。") from None


def _read(source: Path | IO[bytes], wanted: Any) -> list[SheetRows]:
    if isinstance(source, Path):
        with source.open("rb") as file:
            return _read(file, wanted)
    head = source.read(8)
    source.seek(0)
    if head[:4] == OLE:
        raise BadWorkbook("这是旧版 .xls 文件或有密码的文件，请去掉密码并另存为 .xlsx 再导入。")
    if head[:2] != b"PK":
        raise BadWorkbook("这不是 Excel 工作簿，请上传 .xlsx 文件。")
    with zipfile.ZipFile(source) as archive:
        _refuse_archive(archive)
        _skim(archive)
    source.seek(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of styles and extensions we do not use
        book = load_workbook(source, read_only=True, data_only=True, keep_links=False)
        try:
            if len(book.worksheets) > MAX_SHEETS:
                raise BadWorkbook(f"工作表超过 {MAX_SHEETS} 张，未予读取。请只保留要导入的工作表。")
            return [_sheet(sheet, book) for sheet in book.worksheets if wanted(sheet.title)]
        finally:
            book.close()


def _sheet(sheet: ReadOnlyWorksheet, book: Any) -> SheetRows:
    found = SheetRows(sheet.title, epoch=book.epoch)
    with sheet._get_source() as part:
        parser = _Parser(
            part, sheet._shared_strings, data_only=True, epoch=book.epoch, date_formats=book._date_formats,
            timedelta_formats=book._timedelta_formats,
        )  # fmt: skip
        for number, cells in parser.rows():
            if any(value not in (None, "") for value in cells.values()):
                found.rows.append((number, cells))
        found.merged = parser.merged
    return found
