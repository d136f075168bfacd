"""约谈, pure: who lies in the lowest group of a year, the life cycle of an interview, what its record must say."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import ceil

from roster.audit.moves import Move, Moves

MOVES = Moves(
    thing="这次约谈",
    labels={"SUGGESTED": "建议", "CONFIRMED": "已确认", "HELD": "已约谈", "DROPPED": "不约谈"},
    moves=[
        Move("confirm", "确认", ("SUGGESTED",), "CONFIRMED"),
        Move("drop", "决定不约谈", ("SUGGESTED", "CONFIRMED"), "DROPPED"),
        Move("hold", "登记记录", ("CONFIRMED",), "HELD"),
    ],
)
MOST_COMMITMENTS = 20


def group_size(share: Decimal, ranked: int) -> int:
    """How many the lowest group has: the share of those ranked, rounded up, at least one; none of none."""
    return max(1, ceil(Fraction(str(share)) * ranked)) if ranked else 0


def lowest(ranks: Mapping[int, int], size: int) -> frozenset[int]:
    """Of {unit: rank} those below whom fewer than `size` stand: a tie across the line takes all who share it.

    Where all share the first rank nobody is low. Without ties this is rank > of - size, see `is_low`.
    """
    worst_first = sorted(ranks.values(), reverse=True)
    # how many stand strictly below a rank: the place of its first occurrence, counted from the bottom
    below = {rank: place for place, rank in reversed(list(enumerate(worst_first)))}
    return frozenset(unit for unit, rank in ranks.items() if rank > 1 and below[rank] < size)


def is_low(rank: int, of: int, share: Decimal) -> bool:
    """For a result of which only the rank and the number of units is known."""
    return rank > of - group_size(share, of)


def move_refusals(stage: str, verb: str) -> list[str]:
    """Like `MOVES.target`, but as a reason among others: a refusal says everything at once."""
    if MOVES.may(stage, verb):
        return []
    move = MOVES.moves[verb]
    where = "、".join(MOVES.labels[source] for source in move.sources)
    return [f"这次约谈现在是“{MOVES.labels[stage]}”，不能{move.label}；只有“{where}”时可以。请刷新页面核对。"]


def record_refusals(
    *, held_on: date, today: date, place: str, record: str, leads: bool, unit: str, sat_for: bool, kept_by: bool, same: bool,
    commitments: Sequence[tuple[str, date | None]],
) -> list[str]:  # fmt: skip
    """Why a record cannot be kept. `leads`: the interviewee led the unit that day; `sat_for`, `kept_by`: interviewer and recorder are of the department."""
    found = []
    if held_on > today:
        found.append("约谈日期不能晚于今天；还没有谈的，谈完再登记。")
    if not place.strip():
        found.append("请填写约谈地点。")
    if not record.strip():
        found.append("请填写约谈记录。")
    if not leads:
        day = f"{held_on.year}年{held_on.month}月{held_on.day}日"
        found.append(f"被约谈人须是{unit}{day}在任的组长（当日没有组长的，为副组长），请核对人员和日期。")
    if not sat_for:
        found.append("约谈人须是约谈单位的成员、部领导或审核人。")
    if not kept_by:
        found.append("记录人须是约谈单位的成员、学习秘书、部领导或审核人。")
    if same:
        found.append("约谈人和被约谈人不能是同一人。")
    if len(commitments) > MOST_COMMITMENTS:
        found.append(f"承诺事项最多 {MOST_COMMITMENTS} 条，请合并后再填。")
    for number, (text, due_on) in enumerate(commitments, 1):
        if not text.strip():
            found.append(f"第 {number} 条承诺没有写内容。")
        elif len(text.strip()) > 300:
            found.append(f"第 {number} 条承诺超过 300 字，请精简。")
        if due_on is None:
            found.append(f"第 {number} 条承诺没有写时限。")
        elif due_on < held_on:
            found.append(f"第 {number} 条承诺的时限早于约谈日期，请核对。")
    return found
