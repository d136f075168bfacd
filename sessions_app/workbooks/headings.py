"""Which row is the heading, which column is which; what is not read is named, with the heading it may have meant."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

from sessions_app.workbooks import rules
from sessions_app.workbooks.carry import Row, column_letters
from sessions_app.workbooks.rules import SYNONYMS, Sheet

HEADING_ROWS = 30
NEAR = 0.5
LONGEST = 40
# Words of the offices for a heading of ours: offered, never taken without being asked.
MEANT = {
    "起始日期": ("任职日期", "任命日期", "任职时间", "开始日期", "到任日期", "起"),
    "结束日期": ("离任日期", "免职日期", "卸任日期", "离职日期", "终止日期", "截止日期", "任期截止", "离任时间", "免职时间", "止"),
    "组内职务": ("中心组职务", "学习组职务", "组内身份", "中心组内职务"),
    "党政职务": ("职务", "现任职务", "行政职务", "职务名称"),
    "排名": ("排序", "序号", "次序"),
    "手机": ("电话", "联系电话", "手机号", "手机号码", "移动电话", "联系方式"),
    "邮箱": ("电子邮箱", "电子邮件", "邮件", "E-mail", "Email"),
    "姓名": ("名字", "人员", "人员姓名", "成员", "成员姓名", "联络员"),
    "人员编码": ("工号", "编号", "人员编号", "人员代码", "姓名"),
    "委员会编码": ("单位编码", "单位代码", "组织编码", "委员会编号", "单位", "单位名称", "委员会", "委员会名称"),
    "编码": ("代码", "单位编码", "单位代码", "序号"),
    "名称": ("单位名称", "单位", "委员会名称", "党组名称", "全称", "题目", "成果名称"),
    "简称": ("单位简称",),
    "类型": ("类别", "组织类型", "成果类型", "性质", "发言类型", "发言形式"),
    "上级编码": ("上级", "上级单位", "主管单位", "上级委员会"),
    "启用日期": ("成立日期", "设立日期", "成立时间"),
    "停用日期": ("撤销日期", "撤销时间"),
    "专题": ("学习专题", "学习主题", "主题", "学习内容", "题目", "专题名称", "学习题目"),
    "内容类别": ("类别", "学习类别", "内容分类", "专题类别"),
    "学习方式": ("方式", "学习形式", "形式"),
    "重点发言人": ("发言人", "中心发言人", "主讲人", "重点发言"),
    "预期成果": ("成果", "成果形式", "预计成果"),
    "学习篇目": ("必读篇目", "学习资料", "学习材料", "篇目", "书目", "学习书目"),
    "责任部门": ("责任单位", "牵头部门", "承办部门", "责任科室", "牵头科室"),
    "调研题目": ("调研课题", "调研主题"),
    "备注": ("说明", "附注"),
    "主持人": ("主持", "会议主持"),
    "期次": ("次数", "场次", "第几次", "序号"),
    "日期": ("时间", "学习时间", "学习日期", "召开日期", "会议时间", "完成日期"),
    "主题": ("学习主题", "专题", "学习内容", "题目", "学习专题"),
    "地点": ("学习地点", "会议地点", "场所"),
    "天数": ("学习天数",),
    "计划序号": ("对应计划", "计划项"),
    "状态": ("出席情况", "到会情况", "考勤", "考勤情况", "召开情况"),
    "事由": ("请假事由", "缺席原因", "请假原因", "原因"),
    "补学确认日期": ("补学日期", "补学时间"),
    "题目": ("发言题目", "发言主题", "名称"),
    "作者": ("撰写人", "执笔人", "署名"),
    "文号": ("发文字号", "文件号"),
    "来源期次": ("对应场次", "学习期次"),
    "月份": ("时间", "学习时间", "时间安排", "月"),
    "季度": ("季", "时间"),
    "序号": ("编号", "项次", "次序"),
    "工作单位": ("单位", "所在单位"),
    "研究领域": ("专业", "专长", "研究方向"),
}  # fmt: skip
# Columns that stand in for a missing one: the reader looks the name up, where it is one alone.
IN_PLACE = {
    "委员会编码": ("委员会", "委员会名称", "单位名称", "单位", "党委(党组)"),
    "人员编码": ("姓名", "人员", "人员姓名", "成员姓名"),
}
YEAR = re.compile(r"(?<!\d)(20\d\d)年")


@dataclass
class Heading:
    """Where the heading stands and what its columns are."""

    index: int  # into the rows
    columns: dict[int, str] = field(default_factory=dict)  # column number -> heading of ours
    unread: list[tuple[str, str]] = field(default_factory=list)  # (as typed, the heading it may mean or "")
    in_place: list[tuple[str, str]] = field(default_factory=list)  # (as typed, of ours)


def known_of(sheet: Sheet) -> dict[str, str]:
    """Every way to write a heading of this sheet → the heading."""
    ours = {column.heading: column.heading for column in (*sheet.columns, *sheet.more)}
    return ours | dict(SYNONYMS.get(sheet.name, {}))


def offer(text: str, free: Sequence[str], *, alike: bool = True) -> str:
    """The heading not yet in the sheet that `text` may mean; "" when none is near.

    `alike`: also by the look of the word, which costs more.
    """
    for heading in free:
        if text in MEANT.get(heading, ()):
            return heading
    if not alike:
        return ""
    short = text[:LONGEST]
    near = [(SequenceMatcher(None, short, heading).ratio(), heading) for heading in free]
    best = max(near, default=(0.0, ""))
    return best[1] if best[0] >= NEAR else ""


def offer_sheet(title: str) -> str:
    """The sheet of ours that a title may mean; "" when none is near."""
    bare = rules.squeezed(title)[:LONGEST]
    inside = [name for name in rules.SHEETS if name in bare]
    near = [(SequenceMatcher(None, bare, name).ratio(), name) for name in rules.SHEETS]
    best = max(near)
    return inside[0] if len(inside) == 1 else best[1] if best[0] >= NEAR else ""


def find(sheet: Sheet, rows: Sequence[Row]) -> Heading | None:
    """The row that names most of the columns. None when no row names two of them, known or nearly so."""
    known, best, most = known_of(sheet), None, 1
    for index, (_, cells) in enumerate(rows[:HEADING_ROWS]):
        found = _row(sheet, index, cells, known, alike=False)
        near = sum(1 for _, meant in found.unread if meant)
        weight = 2 * len(found.columns) + near
        if found.columns and len(found.columns) + near >= 2 and weight > most:
            best, most = found, weight
    if best is not None:
        # The look of words is compared for the one row that is the heading.
        best = _row(sheet, best.index, rows[best.index][1], known, alike=True)
        name_loose_columns(best, rows)
    return best


def _row(sheet: Sheet, index: int, cells: Mapping[int, Any], known: Mapping[str, str], *, alike: bool) -> Heading:
    found, others = Heading(index), []
    for column, value in sorted(cells.items()):
        typed = rules.heading_text(value) if isinstance(value, str) else ""
        ours = known.get(typed)
        if ours and ours not in found.columns.values():
            found.columns[column] = ours
        elif typed:
            others.append((column, typed))
    taken = set(found.columns.values())
    for ours, names in IN_PLACE.items():
        if ours in sheet.required and ours not in taken:
            stand_in = next((other for other in others if other[1] in names), None)
            if stand_in and found.columns:
                found.columns[stand_in[0]] = ours
                found.in_place.append((stand_in[1], ours))
                others.remove(stand_in)
    free = [column.heading for column in (*sheet.columns, *sheet.more)]
    free = [heading for heading in free if heading not in found.columns.values()]
    for _, typed in others:
        meant = offer(typed, free, alike=alike)
        found.unread.append((typed, meant))
        if meant:
            free.remove(meant)
    return found


def name_loose_columns(heading: Heading, rows: Sequence[Row]) -> None:
    """A column with cells and without a heading is named by its letter."""
    head = rows[heading.index][1]
    named = {column for column, value in head.items() if isinstance(value, str) and rules.heading_text(value)}
    loose = {
        column
        for _, cells in rows[heading.index + 1 :]
        for column, value in cells.items()
        if column not in named and value not in (None, "")
    }
    heading.unread += [(f"{column_letters(column)} 列（没有表头）", "") for column in sorted(loose)]


def year_said(title: str, rows: Sequence[Row]) -> int | None:
    """The one year that the sheet's name and the rows above its heading speak of; None when none or several."""
    texts = [title, *(value for _, cells in rows for value in cells.values() if isinstance(value, str))]
    years = {int(year) for text in texts for year in YEAR.findall(rules.squeezed(text[:200]))}
    return years.pop() if len(years) == 1 else None
