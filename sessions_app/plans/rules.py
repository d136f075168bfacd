"""Year plans as plain values: the life cycle, what an item needs, what is missing, how late a filing is."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Protocol

from roster.audit.moves import Move, Moves

MOVES = Moves(
    thing="年度学习计划",
    labels={"DRAFT": "草稿", "SUBMITTED": "待审定", "RETURNED": "退回", "APPROVED": "已审定", "FILED": "已备案"},
    moves=[
        Move("submit", "提交审定", ("DRAFT", "RETURNED"), "SUBMITTED"),
        Move("send_back", "退回", ("SUBMITTED",), "RETURNED"),
        Move("approve", "审定", ("SUBMITTED",), "APPROVED"),
        Move("file", "备案", ("APPROVED",), "FILED"),
    ],
)
OPEN_STAGES = ("DRAFT", "RETURNED")
SETTLED_STAGES = ("APPROVED", "FILED")
QUARTER_WORDS = {1: "第一季度", 2: "第二季度", 3: "第三季度", 4: "第四季度"}
ITEM_FIELDS = (
    "quarter", "month", "topic", "category", "mode", "materials", "speakers", "chair", "department", "research_topic",
    "expected_outcome", "note",
)  # fmt: skip
TEXT_LIMITS = {
    "topic": ("专题", 200), "speakers": ("重点发言人", 200), "chair": ("主持人", 60), "department": ("责任部门", 60),
    "research_topic": ("调研题目", 200), "expected_outcome": ("预期成果", 200), "note": ("备注", 200),
}  # fmt: skip


class HasQuarter(Protocol):
    @property
    def quarter(self) -> int: ...


class HasSpeakers(Protocol):
    @property
    def speakers(self) -> str: ...


def quarter_of(day: date) -> int:
    return (day.month + 2) // 3


def due_on(year: int, month: int = 1, day: int = 31) -> date:
    """The day a year's plan must be filed with the superior departments; local rules move it (domain 2.8)."""
    return date(year, month, day)


def days_late(filed_on: date | None, year: int, due: date | None = None) -> int:
    """Calendar days after the due day; 0 when on time or not yet filed."""
    return max(0, (filed_on - (due or due_on(year))).days) if filed_on else 0


def empty_quarters(items: Iterable[HasQuarter], first: int = 1) -> list[int]:
    """Quarters from `first` on (a committee set up in June owes nothing before) without a topic."""
    planned = {item.quarter for item in items}
    return [quarter for quarter in range(first, 5) if quarter not in planned]


def quarter_warnings(items: Iterable[HasQuarter], first: int = 1) -> list[str]:
    return [f"{QUARTER_WORDS[quarter]}未安排集体学习" for quarter in empty_quarters(items, first)]


def names_in(text: str) -> list[str]:
    """Names as offices write them: 张三、李四 or with commas, spaces and line breaks; each once, in order."""
    for mark in "，,；;／/\n\r\t　 ":
        text = text.replace(mark, "、")
    return list(dict.fromkeys(name for name in (part.strip() for part in text.split("、")) if name))


def silent_members(members: Sequence[str], items: Iterable[HasSpeakers], least: int = 1) -> list[str]:
    """Members whom fewer items name as a key speaker than `speeches_per_member_year` asks for (domain 2.6)."""
    named = Counter(name for item in items for name in names_in(item.speakers))
    return [name for name in members if named[name] < least]


def speaker_warnings(members: Sequence[str], items: Iterable[HasSpeakers], least: int = 1) -> list[str]:
    """`least` 0: the local rule asks for nothing."""
    silent = silent_members(members, items, least)
    if not silent:
        return []
    shown = "、".join(silent[:8]) + ("等" if len(silent) > 8 else "")
    what = "全年未安排重点发言" if least == 1 else "全年安排的重点发言不足"
    return [f"{shown} {len(silent)} 人{what}（每人每年至少 {least} 次）"]


def with_quarter(item: Mapping[str, Any]) -> dict[str, Any]:
    """The item with its quarter: where only the month is chosen, the quarter follows from it."""
    month = item.get("month")
    return {**item, "quarter": item.get("quarter") or ((month + 2) // 3 if month else None)}


def item_problems(item: Mapping[str, Any], place: str, *, category_may_wait: bool = False) -> list[str]:
    """Everything wrong with one typed item, each in a sentence that starts with `place`."""
    wrong = []
    if not str(item.get("topic") or "").strip():
        wrong.append(f"{place}：缺少专题，请填写。")
    quarter, month = item.get("quarter"), item.get("month")
    if quarter not in (1, 2, 3, 4):
        wrong.append(f"{place}：季度应为 1 至 4，请选择。")
    elif month and (month + 2) // 3 != quarter:
        wrong.append(f"{place}：{month} 月不在{QUARTER_WORDS[quarter]}，请核对季度和月份。")
    category = item.get("category")
    if category not in range(1, 10) and not (category is None and category_may_wait):
        wrong.append(f"{place}：缺少内容类别，请从九类中选择。")
    for field, (label, longest) in TEXT_LIMITS.items():
        if len(str(item.get(field) or "")) > longest:
            wrong.append(f"{place}：{label}超过 {longest} 字，请缩短。")
    return wrong


def settle_serials(given: Sequence[int | None], present: Iterable[int], last: int) -> tuple[list[int], list[str]]:
    """The serial of each item in order, and what is wrong.

    A serial names a topic through all editions of the year and is never given again: `present` are those of the
    edition, `last` is the highest ever given in the year. New items (None) get the next ones.
    """
    known = set(present)
    wrong, seen, serials = [], set(), []
    highest = max([last, *known, *(serial for serial in given if serial)], default=0)
    for serial in given:
        if serial is None:
            highest += 1
            serial = highest
        elif serial in seen:
            wrong.append(f"序号 {serial} 出现两次，请保留一个。")
        elif serial < 1:
            wrong.append(f"序号 {serial} 不对，应为正整数。")
        elif serial not in known and serial <= last:
            wrong.append(f"序号 {serial} 以前用过，不能再用；请留空由系统编号。")
        seen.add(serial)
        serials.append(serial)
    return serials, wrong


def submit_problems(items: Sequence[HasQuarter], first: int = 1, quarter_minimum: int = 1) -> list[str]:
    """What keeps a plan from being submitted, all at once."""
    if not items:
        return ["计划还没有专题，请至少安排一项。"]
    if quarter_minimum < 1:
        return []
    return [f"{words}，请补上后再提交。" for words in quarter_warnings(items, first)]


def category_problems(items: Iterable[tuple[int, int | None]]) -> list[str]:
    """(serial, category) of each topic: none is submitted without one of the nine."""
    return [f"第 {serial} 项还没有内容类别，请补上后再提交。" for serial, category in items if not category]


def settle_problems(meeting: str, met_on: date | None, today: date) -> list[str]:
    """What an approval lacks: the meeting of the committee and its day."""
    wrong = []
    if not meeting.strip():
        wrong.append("缺少审定会议，请填写会议名称，如“党组第3次会议”。")
    if met_on is None:
        wrong.append("缺少审定日期，请填写会议召开的日期。")
    elif met_on > today:
        wrong.append(f"审定日期 {met_on:%Y-%m-%d} 还没有到，请核对。")
    return wrong
