"""The score sheet: the default of 100 points, what may be submitted, the band of a total, what a share suggests. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

BEFORE, AT, AFTER = "BEFORE", "AT", "AFTER"
WHOLE = Decimal(100)
HALF = Decimal("0.5")
SHEET_NAME = "列席旁听评分表"
# (part, what is scored, full marks, what the system can say of it: a key of EVIDENCE, "" is the observer's own judgement)
SHEET: tuple[tuple[str, str, str, str], ...] = (
    (BEFORE, "年度学习计划经本单位审定并按时备案", "8", "plan"),
    (BEFORE, "学习方案完整，学习资料按时发送", "8", "session_plan"),
    (BEFORE, "重点发言有提纲并经审核", "8", "speeches"),
    (BEFORE, "外请报告已备案，调研题目已确定", "6", "filings"),
    (AT, "出席情况", "10", "attendance"),
    (AT, "主题聚焦，内容紧扣计划专题", "10", "topic"),
    (AT, "重点发言质量（联系实际、联系分管工作）", "15", ""),
    (AT, "互动研讨和主持人总结", "10", ""),
    (AFTER, "学习记录和档案完整", "10", "minutes"),
    (AFTER, "学习成果和议定事项落实", "10", "outcomes"),
    (AFTER, "以往问题整改销号", "5", "findings"),
)
BANDS: tuple[tuple[str, str], ...] = (("90", "好"), ("80", "较好"), ("60", "一般"), ("0", "较差"))
EVIDENCE: Mapping[str, str] = {
    "plan": "年度计划审定和备案", "session_plan": "学习方案和资料发送", "speeches": "发言提纲审核", "filings": "外请备案和调研题目",
    "attendance": "出席率", "topic": "议程与计划专题", "minutes": "学习记录和归档", "outcomes": "成果和议定事项", "findings": "以往问题销号",
}  # fmt: skip
# 会前对接审核: (key, what is looked at, the evidence beside it)
CHECKS: tuple[tuple[str, str, str], ...] = (
    ("plan", "年度学习计划已审定、已备案", "plan"),
    ("session_plan", "学习方案已审定，时间、地点、主持人和议程齐全", "session_plan"),
    ("materials", "学习资料已按时报送", "materials"),
    ("speeches", "重点发言提纲已准备并经审核", "speeches"),
    ("filings", "外请报告人已备案", "filings"),
    ("findings", "以往问题的整改情况", "findings"),
)


@dataclass(frozen=True)
class Line:
    """What is written for one item. `points` None: not scored yet."""

    number: int
    text: str
    most: Decimal
    points: Decimal | None
    reason: str = ""


def suggest(most: Decimal, share: Decimal | None) -> Decimal | None:
    """A share of full marks in half points; None where the system has nothing to say."""
    if share is None:
        return None
    return (most * share / HALF).quantize(Decimal(1), ROUND_HALF_UP) * HALF


def total(lines: Iterable[Line]) -> Decimal:
    """Of what is scored so far."""
    return sum((line.points for line in lines if line.points is not None), Decimal(0))


def band(points: Decimal | None, bands: Iterable[tuple[Decimal, str]]) -> str:
    """The word of the highest band reached; "" where there is none, or nothing is scored."""
    reached = [] if points is None else [row for row in bands if points >= row[0]]
    return max(reached)[1] if reached else ""


def out_of_range(lines: Iterable[Line]) -> list[str]:
    """What may not even be kept as a draft."""
    return [
        f"第 {line.number} 项“{line.text}”应在 0 到 {plain(line.most)} 分之间。"
        for line in lines
        if line.points is not None and not 0 <= line.points <= line.most
    ]


def unfinished(lines: Sequence[Line]) -> list[str]:
    """All that keeps a sheet from being submitted: every item scored, and a reason wherever full marks are not given."""
    missing = [line for line in lines if line.points is None]
    silent = [line for line in lines if line.points is not None and line.points < line.most and not line.reason.strip()]
    found = out_of_range(lines)
    found += [f"第 {line.number} 项“{line.text}”还没有评分。" for line in missing]
    found += [
        f"第 {line.number} 项“{line.text}”给了 {plain(line.points)} 分（满分 {plain(line.most)}），请写明扣分理由。"
        for line in silent
    ]
    return found


def sheet_problems(items: Sequence[tuple[str, str, Decimal, str]], bands: Sequence[tuple[Decimal, str]]) -> list[str]:
    """What keeps a sheet (items as in SHEET, bands) from being used."""
    found = []
    points = sum((row[2] for row in items), Decimal(0))
    if points != WHOLE:
        found.append(f"各项满分合计应为 100 分，现在是 {plain(points)} 分。")
    found += [f"“{row[1]}”的满分应大于 0。" for row in items if row[2] <= 0]
    if any(row[3] and row[3] not in EVIDENCE for row in items):
        found.append("依据只能从列出的几种里选。")
    least = [row[0] for row in bands]
    if len(set(least)) != len(least):
        found.append("各等次的起点分不能相同。")
    if Decimal(0) not in least:
        found.append("最低一个等次应从 0 分起。")
    if any(not 0 <= one <= WHOLE for one in least):
        found.append("等次的起点分应在 0 到 100 之间。")
    return found


def plain(points: Decimal | None) -> str:
    """8, 7.5: no trailing zeros; "" for None. What a field of the form holds."""
    return "" if points is None else f"{points.normalize():f}"
