"""From the rows of a sheet to the rows an intake takes: headings found, cells read, every fault of a row at once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from roster.audit.taking import Fault
from roster.committees.intake import CommitteeRow
from roster.committees.models import CommitteeKind, CommitteeLevel
from roster.corps.intake import ExpertRow
from roster.corps.rules import split_fields
from roster.people.intake import MembershipRow, PersonRow, SecretaryRow
from roster.people.models import GroupRole
from sessions_app.attendance.intake import MarkRow
from sessions_app.attendance.models import Attendance
from sessions_app.outcomes.intake import OutcomeRow
from sessions_app.outcomes.models import OutcomeKind
from sessions_app.plans.intake import PlanItemRow
from sessions_app.plans.models import ContentCategory, StudyMode
from sessions_app.sessions.intake import SessionRow, SpeechRow
from sessions_app.sessions.models import SpeechKind
from sessions_app.workbooks import rules
from sessions_app.workbooks.reader import SheetRows
from sessions_app.workbooks.rules import EXTRA_HEADINGS, NOTHING, SHEETS, SYNONYMS, NoValue, Sheet, Unreadable

HEADING_ROWS = 30
MISSING = "不能为空，请补填。"


def words(choices: Any, **more: Any) -> dict[str, Any]:
    return {label: value for value, label in choices.choices} | more


KINDS = words(CommitteeKind)
LEVELS = words(CommitteeLevel, 市=CommitteeLevel.CITY, 县=CommitteeLevel.COUNTY, 区县=CommitteeLevel.COUNTY,
               县区=CommitteeLevel.COUNTY, 乡镇级=CommitteeLevel.TOWNSHIP)  # fmt: skip
ROLES = words(GroupRole)
MODES = words(StudyMode)
CATEGORIES = {label: value for value, label in ContentCategory.choices}
HELD = {"已召开": False, "取消": True, "已取消": True}
STATUSES = words(Attendance, 视频=Attendance.VIDEO)
SPEECHES = words(SpeechKind, 重点发言=SpeechKind.KEYNOTE, 交流发言=SpeechKind.DISCUSSION, 书面发言=SpeechKind.WRITTEN)
OUTCOMES = words(OutcomeKind)
YEARS = (2000, 2100)


@dataclass
class Parsed:
    """One row as it stands in the sheet, and what was made of it. `key` names it for rows that hang on it."""

    number: int
    cells: Mapping[str, Any]
    row: Any = None
    faults: list[Fault] = field(default_factory=list)
    key: Any = None

    def texts(self) -> dict[str, str]:
        """The cells as they stand, as texts."""
        return {heading: rules.plain(value) for heading, value in self.cells.items()}


class Cells:
    """The cells of one row by heading; each reader returns the value and keeps the fault."""

    def __init__(self, sheet: Sheet, number: int, cells: Mapping[str, Any], epoch: datetime) -> None:
        self.sheet, self.number, self.cells, self.epoch = sheet, number, cells, epoch
        self.required = set(sheet.required)
        self.faults: list[Fault] = []

    @property
    def place(self) -> tuple[str, int]:
        return self.sheet.name, self.number

    def fault(self, column: str, reason: str) -> None:
        self.faults.append(Fault(column, rules.plain(self.cells.get(column)), reason))

    def read(self, column: str, how: Callable[[Any], Any], default: Any = None) -> Any:
        value = self.cells.get(column)
        if isinstance(value, NoValue):
            self.faults.append(Fault(column, value.shown, f"“{column}”{value.reason}"))
            return None
        if value is None or rules.plain(value) == "":
            if column in self.required:
                self.faults.append(Fault(column, "", f"“{column}”{MISSING}"))
            return default
        if column not in self.required and isinstance(value, str) and value.strip() in NOTHING:
            return default
        try:
            return how(value)
        except Unreadable as error:
            self.faults.append(Fault(column, rules.plain(value), f"“{column}”{error}"))
            return None

    def text(self, column: str, longest: int, how: Callable[[Any], str] = rules.plain) -> Any:
        def limited(value: Any) -> str:
            text = how(value)
            if len(text) > longest:
                raise Unreadable(f"超过 {longest} 字，请缩短。")
            return text

        return self.read(column, limited)

    def code(self, column: str, longest: int = 20) -> Any:
        return self.text(column, longest, rules.squeezed)

    def name(self, column: str, longest: int) -> Any:
        return self.text(column, longest, rules.name_text)

    def day(self, column: str) -> date | None:
        def sane(value: Any) -> date:
            day = rules.read_date(value, self.epoch)
            if not 1900 <= day.year <= 2100:
                raise Unreadable("年份不对，请核对日期。")
            return day

        return self.read(column, sane)

    def time(self, column: str) -> time | None:
        return self.read(column, rules.read_time)

    def whole(self, column: str, least: int, most: int) -> Any:
        return self.read(column, lambda value: rules.read_whole(value, least, most))

    def choice(self, column: str, choices: dict[str, Any]) -> Any:
        return self.read(column, lambda value: rules.read_choice(value, choices))


def committee(c: Cells) -> tuple[Any, Any]:
    code = c.code("编码")
    return CommitteeRow(
        code=code, name=c.name("名称", 80), kind=c.choice("类型", KINDS), short_name=c.name("简称", 40),
        level=c.choice("层级", LEVELS), parent=c.code("上级编码"), sort_order=c.whole("排序", 0, 99_999_999),
        since=c.day("启用日期"), until=c.day("停用日期"), place=c.place,
    ), code  # fmt: skip


def person(c: Cells) -> tuple[Any, Any]:
    code = c.code("人员编码")
    return PersonRow(
        code=code, name=c.name("姓名", 60), phone=c.code("手机"), email=c.read("邮箱", rules.read_email), place=c.place
    ), code


def membership(c: Cells) -> tuple[Any, Any]:
    return MembershipRow(
        committee=c.code("委员会编码"), person=c.code("人员编码"), group_role=c.choice("组内职务", ROLES),
        since=c.day("起始日期"), until=c.day("结束日期"), post=c.text("党政职务", 80), rank=c.whole("排名", 0, 32_000),
        place=c.place,
    ), None  # fmt: skip


def secretary(c: Cells) -> tuple[Any, Any]:
    return SecretaryRow(
        committee=c.code("委员会编码"),
        person=c.code("人员编码"),
        since=c.day("起始日期"),
        until=c.day("结束日期"),
        place=c.place,
    ), None


def expert(c: Cells) -> tuple[Any, Any]:
    return ExpertRow(
        person=c.code("人员编码"), unit=c.name("工作单位", 80),
        fields=c.read("研究领域", lambda value: split_fields(rules.plain(value))), since=c.day("起始日期"),
        until=c.day("结束日期"), place=c.place,
    ), None  # fmt: skip


def category(value: Any) -> int:
    """1 to 9, or the words, or both: 1.指导思想与重要讲话."""
    text = rules.squeezed(value)
    if text in CATEGORIES:
        return CATEGORIES[text]
    if len(text) > 2 and text[0].isdigit() and not text[1].isdigit():
        text = text[0]
    try:
        return rules.read_whole(text, 1, 9)
    except Unreadable:
        raise Unreadable("应为 1 到 9（九类学习内容），请核对。") from None


def plan_item(c: Cells) -> tuple[Any, Any]:
    row = PlanItemRow(
        committee=c.code("委员会编码"), year=c.whole("年度", *YEARS), serial=c.whole("序号", 1, 999),
        quarter=c.whole("季度", 1, 4), month=c.whole("月份", 1, 12), topic=c.text("专题", 200),
        category=c.read("内容类别", category), mode=c.choice("学习方式", MODES), speakers=c.text("重点发言人", 200),
        expected_outcome=c.text("预期成果", 200), place=c.place,
    )  # fmt: skip
    if row.month and row.quarter and (row.month + 2) // 3 != row.quarter:
        c.fault("月份", f"{row.month} 月不在第 {row.quarter} 季度，请核对季度和月份。")
    return row, (row.committee, row.year, row.serial)


def session(c: Cells) -> tuple[Any, Any]:
    row = SessionRow(
        committee=c.code("委员会编码"), year=c.whole("年度", *YEARS), number=c.whole("期次", 1, 999), day=c.day("日期"),
        starts_at=c.time("开始时间"), ends_at=c.time("结束时间"), days=c.read("天数", rules.read_days),
        place_name=c.text("地点", 100), topic=c.text("主题", 200), mode=c.choice("学习方式", MODES),
        chair=c.name("主持人", 60), plan_serial=c.whole("计划序号", 1, 999), cancelled=c.choice("状态", HELD),
        late_reason=c.text("补录事由", 300), place=c.place,
    )  # fmt: skip
    if row.day and row.year and row.day.year != row.year:
        c.fault("日期", f"日期 {row.day} 不在 {row.year} 年度内，请核对年度和日期。")
    if row.starts_at and row.ends_at and row.ends_at <= row.starts_at:
        c.fault("结束时间", "结束时间早于开始时间，请核对。")
    return row, (row.committee, row.year, row.number)


def mark(c: Cells) -> tuple[Any, Any]:
    return MarkRow(
        committee=c.code("委员会编码"), year=c.whole("年度", *YEARS), number=c.whole("期次", 1, 999), person=c.code("人员编码"),
        status=c.choice("状态", STATUSES), reason=c.text("事由", 200), made_up_on=c.day("补学确认日期"),
        part=c.whole("时段", 1, 99), place=c.place,
    ), None  # fmt: skip


def speech(c: Cells) -> tuple[Any, Any]:
    return SpeechRow(
        committee=c.code("委员会编码"), year=c.whole("年度", *YEARS), number=c.whole("期次", 1, 999), person=c.code("人员编码"),
        kind=c.choice("类型", SPEECHES), title=c.text("题目", 200), place=c.place,
    ), None  # fmt: skip


def outcome(c: Cells) -> tuple[Any, Any]:
    code = c.code("成果编码", 30)
    return OutcomeRow(
        code=code, committee=c.code("委员会编码"), day=c.day("日期"), kind=c.choice("类型", OUTCOMES), title=c.text("名称", 200),
        authors=c.text("作者", 200), session=c.read("来源期次", rules.read_session), document_number=c.text("文号", 80),
        source=c.code("来源成果编码", 30), place=c.place,
    ), code  # fmt: skip


PARSERS: dict[str, Callable[[Cells], tuple[Any, Any]]] = {
    "委员会": committee, "人员": person, "成员": membership, "学习秘书": secretary, "专家": expert, "年度计划": plan_item, "学习场次": session,
    "考勤": mark, "发言": speech, "成果": outcome,
}  # fmt: skip


@dataclass
class ParsedSheet:
    sheet: Sheet
    rows: list[Parsed] = field(default_factory=list)
    headings: dict[int, str] = field(default_factory=dict)  # column number -> heading
    heading_row: int = 0
    extra: list[str] = field(default_factory=list)  # headings nobody asked for


@dataclass
class Book:
    """A workbook read: sheets by name, and what there is to say about the rest."""

    sheets: dict[str, ParsedSheet] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def sheet_name(title: str) -> str | None:
    """The sheet a title means: 人员, ' 人 员 ', 人员表, 2.人员; None when it is none of ours."""
    bare = rules.squeezed(title).lstrip("0123456789.、-_")
    for text in (bare, bare.removesuffix("表"), bare.removesuffix("名单"), bare.removesuffix("信息")):
        if text in SHEETS:
            return text
    return None


def parse(found: Sequence[SheetRows]) -> Book:
    """Every sheet we know, read cell by cell. Sheets may stand in any order and have anything above their heading."""
    book = Book()
    for raw in found:
        name = sheet_name(raw.title)
        if name is None:
            if raw.rows:
                book.notes.append(f"工作表“{raw.title}”不在导入范围内，没有读取。")
        elif name in book.sheets:
            book.notes.append(f"工作表“{raw.title}”重复，只读取第一张“{name}”。")
        else:
            book.sheets[name] = _parse_sheet(SHEETS[name], raw)
    if not book.sheets:
        book.notes.append(f"没有找到要导入的工作表。工作表应命名为：{'、'.join(SHEETS)}。")
    return book


def _find_heading(sheet: Sheet, raw: SheetRows) -> tuple[int, dict[int, str], list[str]] | None:
    """(index into rows, headings by column, unknown headings): the row that names most of the columns."""
    known = {column.heading for column in sheet.columns} | set(EXTRA_HEADINGS.get(sheet.name, ()))
    synonyms = SYNONYMS.get(sheet.name, {})
    best: tuple[int, dict[int, str], list[str]] | None = None
    for index, (_, cells) in enumerate(raw.rows[:HEADING_ROWS]):
        headings: dict[int, str] = {}
        extra = []
        for column, value in sorted(cells.items()):
            text = rules.heading_text(value) if isinstance(value, str) else ""
            text = synonyms.get(text, text)
            if text in known and text not in headings.values():
                headings[column] = text
            elif text:
                extra.append(text)
        if len(headings) >= 2 and (best is None or len(headings) > len(best[1])):
            best = index, headings, extra
    return best


def _parse_sheet(sheet: Sheet, raw: SheetRows) -> ParsedSheet:
    parsed = ParsedSheet(sheet)
    heading = _find_heading(sheet, raw)
    if heading is None:
        if raw.rows:
            labels = "、".join(column.label for column in sheet.columns)
            fault = Fault("", "", f"没有找到表头，请按模板写明各列：{labels}。")
            parsed.rows.append(Parsed(raw.rows[0][0], {}, faults=[fault]))
        return parsed
    start, parsed.headings, parsed.extra = heading
    parsed.heading_row = raw.rows[start][0]
    missing = [name for name in sheet.required if name not in parsed.headings.values()]
    if missing:
        fault = Fault(missing[0], "", f"表头缺少必需的列：{'、'.join(missing)}，整张表没有读取，请补上后再导入。")
        parsed.rows.append(Parsed(parsed.heading_row, {}, faults=[fault]))
        return parsed
    parser, epoch = PARSERS[sheet.name], raw.epoch or rules.WINDOWS_EPOCH
    for number, cells in raw.rows[start + 1 :]:
        named = {text: cells.get(column) for column, text in parsed.headings.items()}
        if all(value is None or rules.plain(value) == "" for value in named.values()):
            continue
        if _repeats_heading(named, SYNONYMS.get(sheet.name, {})):
            continue
        reader = Cells(sheet, number, named, epoch)
        row, key = parser(reader)
        parsed.rows.append(Parsed(number, named, None if reader.faults else row, reader.faults, key))
    return parsed


def _repeats_heading(named: Mapping[str, Any], synonyms: Mapping[str, str]) -> bool:
    """A head printed again on the next page, or a row of hints under it."""
    filled = {text: value for text, value in named.items() if isinstance(value, str) and value.strip()}
    heads = {text: rules.heading_text(value) for text, value in filled.items()}
    return bool(heads) and all(synonyms.get(head, head) == text for text, head in heads.items())


def half(value: Decimal | None) -> str:
    return f"{value.normalize():f}" if value is not None else ""
