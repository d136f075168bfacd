"""Study sessions as plain values: life cycles, late entry, parts, clashes of time, what a plan of a session lacks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

from roster.audit.moves import Move, Moves

MOVES = Moves(
    thing="学习场次",
    labels={
        "PREPARING": "筹备", "SUBMITTED": "待审定", "APPROVED": "已审定", "HELD": "已召开", "ARCHIVED": "已归档",
        "CANCELLED": "已取消",
    },
    moves=[
        Move("submit", "提交审定", ("PREPARING",), "SUBMITTED"),
        Move("send_back", "退回", ("SUBMITTED",), "PREPARING"),
        Move("approve", "审定", ("SUBMITTED",), "APPROVED"),
        # A change to what was approved (or waits for it) takes the approval back.
        Move("void", "改动方案", ("SUBMITTED", "APPROVED"), "PREPARING"),
        Move("hold", "记为已召开", ("APPROVED",), "HELD"),
        # Entered after its day (补录): there is nothing left to approve beforehand.
        Move("hold_late", "记为已召开（补录）", ("PREPARING", "SUBMITTED", "APPROVED"), "HELD"),
        Move("archive", "归档", ("HELD",), "ARCHIVED"),
        # By an agreed correction alone: a session that should not be there keeps its number and counts nowhere.
        Move("strike_out", "划去", ("HELD", "ARCHIVED"), "CANCELLED"),
        Move("cancel", "取消", ("PREPARING", "SUBMITTED", "APPROVED"), "CANCELLED"),
    ],
)  # fmt: skip
BEFORE_STAGES = ("PREPARING", "SUBMITTED", "APPROVED")
# What really happened may differ from the plan: between the meeting and the archive these follow the facts.
WRITABLE_STAGES = (*BEFORE_STAGES, "HELD")
SPEECH_MOVES = Moves(
    thing="发言",
    labels={"DUE": "待交", "SUBMITTED": "待审", "APPROVED": "通过", "RETURNED": "退改"},
    moves=[
        Move("submit", "提交", ("DUE", "RETURNED"), "SUBMITTED"),
        Move("approve", "审核通过", ("SUBMITTED",), "APPROVED"),
        Move("return", "退改", ("SUBMITTED",), "RETURNED"),
    ],
)
FILING_MOVES = Moves(
    thing="外请报告备案",
    labels={"PENDING": "待审", "APPROVED": "已备案", "REFUSED": "不同意"},
    moves=[
        Move("approve", "同意备案", ("PENDING",), "APPROVED"),
        Move("refuse", "不同意", ("PENDING",), "REFUSED"),
    ],
)
INVITE_MOVES = Moves(
    thing="联组学习邀请",
    labels={"INVITED": "待接受", "ACCEPTED": "参加", "DECLINED": "谢绝"},
    moves=[
        Move("accept", "接受", ("INVITED",), "ACCEPTED"),
        Move("decline", "谢绝", ("INVITED",), "DECLINED"),
        Move("invite", "再次邀请", ("DECLINED",), "INVITED"),
        # By the host, when no answer comes: nobody's silence keeps a session from being filed away.
        Move("withdraw", "撤回邀请", ("INVITED",), "DECLINED"),
    ],
)
DEFAULT_AGENDA = (
    ("LEAD_READING", "领学规定篇目"),
    ("KEYNOTE", "重点发言"),
    ("DISCUSSION", "交流研讨"),
    ("SUMMARY", "主持人总结讲话"),
)
WEEKDAYS = "一二三四五六日"
QUARTER_WORDS = {1: "第一季度", 2: "第二季度", 3: "第三季度", 4: "第四季度"}


@dataclass(frozen=True)
class Part:
    """A half or whole day: `days` is 0.5 or 1 (more for a class that counts several days in one part)."""

    day: date
    starts_at: time | None = None
    ends_at: time | None = None
    days: Decimal = Decimal(1)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Part":
        days = values.get("days")
        return cls(
            values["day"],
            values.get("starts_at"),
            values.get("ends_at"),
            Decimal(1) if days is None else Decimal(str(days)),
        )


def quarter_of(day: date) -> int:
    return (day.month + 2) // 3


def day_words(day: date) -> str:
    return f"{day.month}月{day.day}日 周{WEEKDAYS[day.weekday()]}"


def late_days(last_day: date, entered_on: date) -> int:
    """补录天数: calendar days from the last day of the session to its entry; 0 when entered in time."""
    return max(0, (entered_on - last_day).days)


def late_reason(days: int, reason: str, grace: int) -> str:
    """What the ledger prints beside the days: what was typed, or, within the grace, how soon it was entered."""
    if days and not reason.strip() and days <= grace:
        return f"会后 {days} 天录入（{grace} 天内免写事由）"
    return reason.strip() if days else ""


def late_problems(last_day: date, entered_on: date, reason: str, grace: int) -> list[str]:
    days = (entered_on - last_day).days
    if days > grace and not reason.strip():
        return [f"这场学习在 {days} 天前（{day_words(last_day)}）召开，属于补录，请填写补录事由。"]
    return []


def part_problems(parts: Sequence[Part]) -> list[str]:
    """What is wrong with the parts of a session; `parts` in the order typed."""
    if not parts:
        return ["至少要有一个学习时段。"]
    wrong = []
    for place, part in enumerate(parts, start=1):
        if part.starts_at and part.ends_at and part.ends_at <= part.starts_at:
            wrong.append(f"第 {place} 个时段：结束时间应晚于开始时间。")
        if not Decimal(0) < part.days < Decimal(100):
            wrong.append(f"第 {place} 个时段：天数应大于 0，半天填 0.5。")
        if part.day < parts[0].day:
            wrong.append(f"第 {place} 个时段在首日之前，请按日期先后填写。")
    for (place, one), (other, two) in _pairs(parts):
        if one.day == two.day and clash(one, two) and (one.starts_at or two.starts_at or one.days + two.days > 1):
            wrong.append(f"第 {place} 个和第 {other} 个时段时间重叠，请核对。")
    return wrong


def _pairs(parts: Sequence[Part]) -> Iterable[tuple[tuple[int, Part], tuple[int, Part]]]:
    for place, one in enumerate(parts, start=1):
        for other, two in enumerate(parts[place:], start=place + 1):
            yield (place, one), (other, two)


def clash(one: Part, two: Part) -> bool:
    """Whether nobody can attend both: the same day and, where both times are known, a shared minute."""
    if one.day != two.day:
        return False
    if not (one.starts_at and two.starts_at):
        return True
    return one.starts_at < (two.ends_at or time.max) and two.starts_at < (one.ends_at or time.max)


def shifted(parts: Sequence[Part], new_first: date) -> list[Part]:
    """The same parts, the first on `new_first`, the distances kept."""
    step: timedelta = new_first - parts[0].day
    return [Part(part.day + step, part.starts_at, part.ends_at, part.days) for part in parts]


def total_days(parts: Iterable[Part]) -> Decimal:
    return sum((part.days for part in parts), Decimal(0))


def head_problems(values: Mapping[str, Any]) -> list[str]:
    wrong = []
    if not str(values.get("topic") or "").strip():
        wrong.append("缺少学习主题，请填写。")
    for field, label, longest in (
        ("topic", "学习主题", 200), ("place", "地点", 100), ("contact", "联系人", 60), ("leave_rule", "请假规定", 200),
    ):  # fmt: skip
        if len(str(values.get(field) or "")) > longest:
            wrong.append(f"{label}超过 {longest} 字，请缩短。")
    return wrong


def row_problems(rows: Sequence[Mapping[str, Any]], field: str, word: str, label: str, longest: int) -> list[str]:
    """Agenda, materials, extras: each row needs its text."""
    wrong = []
    for place, row in enumerate(rows, start=1):
        text = str(row.get(field) or "").strip()
        if not text:
            wrong.append(f"{word}第 {place} 行：缺少{label}。")
        elif len(text) > longest:
            wrong.append(f"{word}第 {place} 行：{label}超过 {longest} 字，请缩短。")
    return wrong


def submit_problems(*, place: str, chair: bool, contact: str, agenda: int, materials: int) -> list[str]:
    """What a session plan lacks before it goes to the leader (domain 3.4), all at once."""
    wrong = []
    if not place.strip():
        wrong.append("缺少地点，请填写。")
    if not chair:
        wrong.append("缺少主持人，请选择。")
    if not contact.strip():
        wrong.append("缺少联系人，请填写。")
    if not agenda:
        wrong.append("缺少议程，请至少写一项。")
    if not materials:
        wrong.append("缺少学习资料，请至少列一篇。")
    return wrong


def speech_problems(*, kind: str, title: str, text: str, link_to_work: str) -> list[str]:
    """What a speech text lacks before review (domain 3.6)."""
    wrong = []
    if not title.strip():
        wrong.append("缺少发言题目，请填写。")
    if not text.strip():
        wrong.append("缺少发言提纲或全文，请填写。")
    if kind == "KEYNOTE" and not link_to_work.strip():
        wrong.append("重点发言请写明联系实际或分管工作的内容。")
    return wrong


def too_few(quarter: int, year: int, left: int, minimum: int) -> list[str]:
    """SESSION_TOO_FEW, in words: the rule asks for group study at least once a quarter."""
    if left >= minimum:
        return []
    return [f"{year} 年第 {quarter} 季度只剩 {left} 场集体学习，少于规定的 {minimum} 场，请另行安排。"]


def free_number(taken: Iterable[int]) -> int:
    """The next number of a committee-year; cancelled sessions keep theirs, so it is the highest plus one."""
    return max(taken, default=0) + 1
