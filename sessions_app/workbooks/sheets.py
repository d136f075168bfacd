"""From the rows of a sheet to the rows an intake takes: headings found, cells read, every fault of a row at once."""

import re
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
from sessions_app.sessions.models import Form, SpeechKind
from sessions_app.workbooks import headings, lines, office, rules
from sessions_app.workbooks.carry import carried
from sessions_app.workbooks.reader import SheetRows
from sessions_app.workbooks.rules import NOTHING, SHEETS, SYNONYMS, NoValue, Sheet, Unreadable

MISSING = "不能为空，请补填。"


def words(choices: Any, **more: Any) -> dict[str, Any]:
    return {label: value for value, label in choices.choices} | more


KINDS = words(CommitteeKind)
LEVELS = words(CommitteeLevel, 市=CommitteeLevel.CITY, 县=CommitteeLevel.COUNTY, 区县=CommitteeLevel.COUNTY,
               县区=CommitteeLevel.COUNTY, 乡镇级=CommitteeLevel.TOWNSHIP)  # fmt: skip
ROLES = words(GroupRole)
MODES = words(StudyMode)
CATEGORIES = {label: value for value, label in ContentCategory.choices}
FORMS = words(Form)
HELD = {"已召开": False, "取消": True, "已取消": True}
STATUSES = words(Attendance, 视频=Attendance.VIDEO)
SPEECHES = words(SpeechKind, 重点发言=SpeechKind.KEYNOTE, 交流发言=SpeechKind.DISCUSSION, 书面发言=SpeechKind.WRITTEN)
OUTCOMES = words(OutcomeKind)
YEARS = (2000, 2100)
HAN = re.compile(r"[\u3400-\u9fff]")
GUIDE, CODES = "填写说明", "编码表"  # of our own template
WHOLE_SHEET = "整张表"


@dataclass
class Parsed:
    """One row as it stands in the sheet, and what was made of it. `key` names it for rows that hang on it."""

    number: int
    cells: Mapping[str, Any]
    row: Any = None
    faults: list[Fault] = field(default_factory=list)
    key: Any = None
    warnings: list[Fault] = field(default_factory=list)
    tried: Any = None  # the row as far as it could be read, for what else is wrong with it

    def texts(self) -> dict[str, str]:
        """The cells as they stand, as texts."""
        return {heading: rules.plain(value) for heading, value in self.cells.items()}


class Cells:
    """The cells of one row by heading; each reader returns the value and keeps the fault."""

    def __init__(
        self, sheet: Sheet, number: int, cells: Mapping[str, Any], epoch: datetime, year: int | None = None
    ) -> None:
        self.sheet, self.number, self.cells, self.epoch, self.year = sheet, number, cells, epoch, year
        self.required = set(sheet.required) - set(LENIENT.get(sheet.name, ()))
        self.faults: list[Fault] = []
        self.warnings: list[Fault] = []

    @property
    def place(self) -> tuple[str, int]:
        return self.sheet.name, self.number

    def fault(self, column: str, reason: str) -> None:
        self.faults.append(Fault(column, rules.plain(self.cells.get(column)), reason))

    def warn(self, column: str, reason: str) -> None:
        self.warnings.append(Fault(column, rules.plain(self.cells.get(column)), reason))

    def loosely(self, column: str, how: Callable[[Any], tuple[Any, str]]) -> Any:
        """As `read`, with a reader that also says what it guessed."""
        value, said = self.read(column, how) or (None, "")
        if said:
            self.warn(column, said)
        return value

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

    def who(self, column: str) -> Any:
        """A code, or names as they are written: 张三、李四."""

        def read(value: Any) -> str:
            text = rules.plain(value)
            return " ".join(text.split()) if HAN.search(text) else rules.squeezed(text)

        return self.text(column, 400 if HAN.search(rules.plain(self.cells.get(column))) else 20, read)

    def unit(self, column: str = "委员会编码") -> Any:
        """A code, or the committee's name."""
        return self.text(column, 80 if HAN.search(rules.plain(self.cells.get(column))) else 20, rules.squeezed)

    def name(self, column: str, longest: int) -> Any:
        return self.text(column, longest, rules.name_text)

    def day(self, column: str, year: int | None = None) -> date | None:
        def sane(value: Any) -> date:
            day = office.read_day(value, self.epoch, year)
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
        since=c.day("启用日期"), until=c.day("停用日期"), by_reference=c.read("参照执行", rules.read_yes), place=c.place,
    ), code  # fmt: skip


def person(c: Cells) -> tuple[Any, Any]:
    code = c.code("人员编码")
    return PersonRow(
        code=code, name=c.name("姓名", 60), phone=c.code("手机"), email=c.read("邮箱", rules.read_email), place=c.place
    ), code


def membership(c: Cells) -> tuple[Any, Any]:
    return MembershipRow(
        committee=c.unit(), person=c.who("人员编码"), group_role=c.choice("组内职务", ROLES),
        since=c.day("起始日期"), until=c.day("结束日期"), post=c.text("党政职务", 80), rank=c.whole("排名", 0, 32_000),
        primary_responsible=c.read("第一责任人", rules.read_yes), end_reason=c.text("变动原因", 80),
        place=c.place,
    ), None  # fmt: skip


def secretary(c: Cells) -> tuple[Any, Any]:
    return SecretaryRow(
        committee=c.unit(),
        person=c.who("人员编码"),
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


def _months(c: Cells, quarter: int | None) -> tuple[int | None, int | None]:
    """(month, quarter): a month without a quarter gives it; one outside of its quarter is a fault."""
    typed = rules.squeezed(c.cells.get("季度"))
    span = c.loosely("月份", office.read_months)
    if span is None:
        return None, quarter
    first, last = span
    follows = (first + 2) // 3
    if quarter is None and "季度" not in {fault.column for fault in c.faults} or typed in office.HALVES:
        half = typed not in office.HALVES or (first > 6) == (typed == "下半年")
        quarter, c.warnings = (follows if half else quarter), [w for w in c.warnings if w.column != "季度"]
        if follows != (last + 2) // 3:
            c.warn("月份", f"这段时间跨季度，先放在第 {follows} 季度；请核对。")
    if quarter and not follows <= quarter <= (last + 2) // 3:
        said = f"{first} 月" if first == last else f"{first} 至 {last} 月"
        c.fault("月份", f"{said}不在第 {quarter} 季度，请核对季度和月份。")
    return (first if first == last else None), quarter


def plan_item(c: Cells) -> tuple[Any, Any]:
    quarter = c.loosely("季度", office.read_quarter)
    month, quarter = _months(c, quarter)
    category = c.loosely("内容类别", lambda value: office.read_categories(value, CATEGORIES))
    columns = {fault.column for fault in c.faults}
    if quarter is None and not columns & {"季度", "月份"}:
        c.fault("季度", f"“季度”{MISSING}写了月份的，季度可以不写。")
    if category is None and "内容类别" not in columns:
        c.warn("内容类别", "没有写内容类别，先空着；提交审定前请补上。")
    row = PlanItemRow(
        committee=c.unit(), year=c.whole("年度", *YEARS), serial=c.whole("序号", 1, 999), quarter=quarter,
        month=month, topic=c.text("专题", 200), category=category,
        mode=c.loosely("学习方式", lambda value: office.read_way(value, MODES, needed=False)),
        speakers=c.text("重点发言人", 200), expected_outcome=c.text("预期成果", 200), materials=c.text("学习篇目", 4000),
        chair=c.name("主持人", 60), department=c.text("责任部门", 60), research_topic=c.text("调研题目", 200),
        note=c.text("备注", 200), aim=c.text("学习目标", 20_000), requirements=c.text("学习要求", 20_000), place=c.place,
    )  # fmt: skip
    return row, (row.committee, row.year, row.serial)


def session(c: Cells) -> tuple[Any, Any]:
    year = c.whole("年度", *YEARS)
    row = SessionRow(
        committee=c.unit(), year=year, number=c.whole("期次", 1, 999), day=c.day("日期", year),
        starts_at=c.time("开始时间"), ends_at=c.time("结束时间"), days=c.read("天数", rules.read_days),
        place_name=c.text("地点", 100), topic=c.text("主题", 200),
        mode=c.loosely("学习方式", lambda value: office.read_way(value, MODES, needed=True)),
        chair=c.name("主持人", 60), plan_serial=c.whole("计划序号", 1, 999), cancelled=c.choice("状态", HELD),
        late_reason=c.text("补录事由", 300), form=c.choice("学习形式", FORMS),
        category=c.loosely("内容类别", lambda value: office.read_categories(value, CATEGORIES)),
        recorder_name=c.name("记录人", 60), contact=c.text("联系人", 60), self_study=c.text("会前自学要求", 20_000),
        leave_rule=c.text("请假规定", 200), is_expanded=c.read("扩大学习", rules.read_yes),
        readings=c.read("学习篇目", lines.read_readings), agenda=c.read("议程", lines.read_agenda) or [],
        extras=c.read("列席人员", lines.read_extras),
        parts=c.read("各时段", lambda value: lines.read_parts(value, c.epoch)) or [], place=c.place,
    )  # fmt: skip
    if row.day and row.year and row.day.year != row.year:
        c.fault("日期", f"日期 {row.day} 不在 {row.year} 年度内，请核对年度和日期。")
    if row.starts_at and row.ends_at and row.ends_at <= row.starts_at:
        c.fault("结束时间", "结束时间早于开始时间，请核对。")
    return row, (row.committee, row.year, row.number)


def mark(c: Cells) -> tuple[Any, Any]:
    year = c.whole("年度", *YEARS)
    return MarkRow(
        committee=c.unit(), year=year, number=c.whole("期次", 1, 999), person=c.who("人员编码"),
        status=c.choice("状态", STATUSES), reason=c.text("事由", 200), made_up_on=c.day("补学确认日期", year),
        part=c.whole("时段", 1, 99), is_late=c.read("迟到", rules.read_yes), left_early=c.read("早退", rules.read_yes),
        done_on=c.day("补学日期", year), make_up_method=c.text("补学方式", 60), make_up_content=c.text("补学内容", 5000),
        reflection=c.text("学习体会", 20_000), place=c.place,
    ), None  # fmt: skip


def speech(c: Cells) -> tuple[Any, Any]:
    return SpeechRow(
        committee=c.unit(), year=c.whole("年度", *YEARS), number=c.whole("期次", 1, 999), person=c.who("人员编码"),
        kind=c.choice("类型", SPEECHES), title=c.text("题目", 200), text=c.text("提纲或全文", 32_000), link_to_work=c.text("联系实际", 32_000),
        proposal=c.text("对策建议", 32_000), place=c.place,
    ), None  # fmt: skip


def outcome(c: Cells) -> tuple[Any, Any]:
    code = c.code("成果编码", 30)
    return OutcomeRow(
        code=code, committee=c.unit(), day=c.day("日期", c.year), kind=c.choice("类型", OUTCOMES), title=c.text("名称", 200),
        authors=c.text("作者", 200), session=c.read("来源期次", rules.read_session), document_number=c.text("文号", 80),
        source=c.code("来源成果编码", 30), place=c.place,
    ), code  # fmt: skip


PARSERS: dict[str, Callable[[Cells], tuple[Any, Any]]] = {
    "委员会": committee, "人员": person, "成员": membership, "学习秘书": secretary, "专家": expert, "年度计划": plan_item, "学习场次": session,
    "考勤": mark, "发言": speech, "成果": outcome,
}  # fmt: skip


# Required by the heading, yet a row comes in without: the quarter follows from the month, a category waits.
LENIENT = {"年度计划": ("季度", "内容类别")}


@dataclass
class ParsedSheet:
    """A sheet read: rows of data, and every row and column that is none, with its reason."""

    sheet: Sheet
    title: str = ""
    rows: list[Parsed] = field(default_factory=list)
    headings: dict[int, str] = field(default_factory=dict)  # column number -> heading
    heading_row: int = 0
    unread: list[dict[str, str]] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)
    skipped: list[dict[str, Any]] = field(default_factory=list)

    def leave(self, column: str, offer: str = "") -> None:
        self.unread.append({"sheet": self.sheet.name, "column": column, "offer": offer})

    def skip(self, row: int, reason: str, value: str = "", *, tell: bool = False) -> None:
        """A row that is no data. `tell`: somebody may have meant it, so the page says it too."""
        said = {"sheet": self.sheet.name, "row": row, "column": "", "value": value[:200], "reason": reason}
        self.skipped.append(said)
        if tell:
            self.warnings.append(said)

    def warn(self, column: str, reason: str, value: str = "") -> None:
        said = {"sheet": self.sheet.name, "row": self.heading_row, "column": column, "value": value, "reason": reason}
        self.warnings.append(said)


@dataclass
class Book:
    """A workbook read: sheets by name, and what there is to say about the rest."""

    sheets: dict[str, ParsedSheet] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    unread: list[dict[str, str]] = field(default_factory=list)  # of sheets that are none of ours
    lists: list[Any] = field(default_factory=list)  # of units as published: units.UnitList


def sheet_name(title: str) -> str | None:
    """The sheet a title means: 人员, ' 人 员 ', 人员表, 2.人员; None when it is none of ours."""
    bare = rules.squeezed(title).lstrip("0123456789.、-_")
    for text in (bare, bare.removesuffix("表"), bare.removesuffix("名单"), bare.removesuffix("信息")):
        if text in SHEETS:
            return text
    return None


def parse(found: Sequence[SheetRows], as_list: Callable[[SheetRows], Any] = lambda raw: None) -> Book:
    """Every sheet we know, read cell by cell. Sheets may stand in any order and have anything above their heading.

    `as_list` reads a sheet that is none of ours as a list of units, or gives None.
    """
    book = Book()
    for raw in found:
        name = sheet_name(raw.title)
        if name is None and raw.title not in (GUIDE, CODES) and (units := as_list(raw)):
            book.lists.append(units)
            book.unread += units.unread
        elif name is None:
            if raw.rows and raw.title not in (GUIDE, CODES):
                book.notes.append(f"工作表“{raw.title}”不在导入范围内，没有读取。")
                book.unread.append(
                    {"sheet": raw.title, "column": WHOLE_SHEET, "offer": headings.offer_sheet(raw.title)}
                )
        elif name in book.sheets:
            book.notes.append(f"工作表“{raw.title}”重复，只读取第一张“{name}”。")
            book.unread.append({"sheet": raw.title, "column": WHOLE_SHEET, "offer": ""})
        else:
            book.sheets[name] = _parse_sheet(SHEETS[name], raw)
    if not book.sheets and not book.lists:
        book.notes.append(f"没有找到要导入的工作表。工作表应命名为：{'、'.join(SHEETS)}。")
    return book


def _no_heading(parsed: ParsedSheet, raw: SheetRows) -> ParsedSheet:
    if raw.rows:
        labels = "、".join(column.label for column in parsed.sheet.columns)
        fault = Fault("", "", f"没有找到表头，请按模板写明各列：{labels}。")
        parsed.rows.append(Parsed(raw.rows[0][0], {}, faults=[fault]))
        for number, _ in raw.rows[1:]:
            parsed.skip(number, "没有找到表头，没有读取。")
    return parsed


def _missing(parsed: ParsedSheet, year: int | None) -> list[str]:
    """Required columns that are not there and that nothing stands in for."""
    there = set(parsed.headings.values())
    missing = [name for name in parsed.sheet.required if name not in there]
    if "年度" in missing and year:
        parsed.warn("年度", f"表里没有“年度”列，按表名写的 {year} 年读。", str(year))
        missing.remove("年度")
    for name in LENIENT.get(parsed.sheet.name, ()):
        if name in missing and (name != "季度" or "月份" in there):
            how = "按月份定季度" if name == "季度" else "各行先空着，提交审定前请补上"
            parsed.warn(name, f"表里没有“{name}”列，{how}。")
            missing.remove(name)
    return missing


def _parse_sheet(sheet: Sheet, raw: SheetRows) -> ParsedSheet:
    parsed = ParsedSheet(sheet, raw.title)
    rows = carried(raw.rows, raw.merged) if raw.merged else raw.rows
    heading = headings.find(sheet, rows)
    if heading is None:
        return _no_heading(parsed, raw)
    start, parsed.headings = heading.index, heading.columns
    parsed.heading_row = rows[start][0]
    for number, cells in raw.rows[:start]:
        parsed.skip(number, "表头以上的标题行，没有读取。", _said(cells))
    for typed, meant in heading.unread:
        parsed.leave(typed, meant)
    for typed, ours in heading.in_place:
        parsed.warn(ours, f"没有“{ours}”列，按“{typed}”列认；认不准的行会说明。", typed)
    year = headings.year_said(raw.title, rows[:start])
    missing = _missing(parsed, year)
    if missing:
        fault = Fault(missing[0], "", _missing_said(parsed, missing))
        parsed.rows.append(Parsed(parsed.heading_row, {}, faults=[fault]))
        for number, cells in raw.rows[start + 1 :]:
            parsed.skip(number, "表头缺少必需的列，没有读取。", _said(cells))
        return parsed
    for (number, cells), (_, own) in zip(rows[start + 1 :], raw.rows[start + 1 :], strict=True):
        _take(parsed, number, cells, own, raw.epoch or rules.WINDOWS_EPOCH, year)
    return parsed


def _missing_said(parsed: ParsedSheet, missing: list[str]) -> str:
    said = f"表头缺少必需的列：{'、'.join(missing)}，整张表没有读取，请补上后再导入。"
    near = [f"“{row['column']}”像是“{row['offer']}”" for row in parsed.unread if row["offer"] in missing]
    return said + (f"{'，'.join(near)}，是的话请把表头改过来。" if near else "")


def _said(cells: Mapping[int, Any]) -> str:
    return " ".join(text for _, value in sorted(cells.items()) if (text := rules.plain(value)))[:200]


def _take(
    parsed: ParsedSheet, number: int, cells: Mapping[int, Any], own: Mapping[int, Any], epoch: datetime,
    year: int | None,
) -> None:  # fmt: skip
    """One row under the heading: data, or skipped with its reason."""
    sheet = parsed.sheet
    named = {text: cells.get(column) for column, text in parsed.headings.items()}
    filled = [(column, value) for column, value in sorted(own.items()) if rules.plain(value)]
    leftmost = bool(filled) and filled[0][0] <= min(parsed.headings)
    if all(value is None or rules.plain(value) == "" for value in named.values()):
        if filled:
            parsed.skip(number, "要读的列都空着，没有读取。", _said(own), tell=True)
        return
    if _repeats_heading(named, SYNONYMS.get(sheet.name, {})):
        parsed.skip(number, "重复的表头，没有读取。")
        return
    if reason := office.why_skipped([value for _, value in filled], leftmost=leftmost):
        parsed.skip(number, reason, _said(own), tell=not reason.startswith(office.SAMPLE))
        return
    if year and "年度" in sheet.required and "年度" not in named:
        named["年度"] = year
    reader = Cells(sheet, number, named, epoch, year)
    row, key = PARSERS[sheet.name](reader)
    taken = None if reader.faults else row
    parsed.rows.append(Parsed(number, named, taken, reader.faults, key, reader.warnings, row))


def _repeats_heading(named: Mapping[str, Any], synonyms: Mapping[str, str]) -> bool:
    """A head printed again on the next page, or a row of hints under it."""
    filled = {text: value for text, value in named.items() if isinstance(value, str) and value.strip()}
    heads = {text: rules.heading_text(value) for text, value in filled.items()}
    return bool(heads) and all(synonyms.get(head, head) == text for text, head in heads.items())


def half(value: Decimal | None) -> str:
    return f"{value.normalize():f}" if value is not None else ""
