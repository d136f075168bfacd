"""Pure rules of the corps: when a course is passed, when a team holds, what a hand-over needs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from roster.audit.moves import Move, Moves
from roster.committees.rules import period_reasons, said, span_said
from roster.people.rules import Term

COURSE_MOVES = Moves(
    thing="培训班",
    labels={"OPEN": "进行中", "FINISHED": "已结业"},
    moves=[Move("finish", "结业", ("OPEN",), "FINISHED")],
)
HAND_OVER_MOVES = Moves(
    thing="这份交接",
    labels={"PREPARED": "待接收", "SIGNED": "已交接", "CANCELLED": "已取消"},
    moves=[Move("sign", "签收", ("PREPARED",), "SIGNED"), Move("cancel", "取消", ("PREPARED",), "CANCELLED")],
)
FIELD_LONGEST, FIELDS_MOST = 20, 10


@dataclass(frozen=True)
class Lesson:
    """A lesson as typed; `pk` names one that is there already."""

    topic: str
    day: date
    hours: Decimal
    lecturer: str = ""
    pk: int | None = None


def lesson_reasons(since: date, until: date, lessons: Sequence[Lesson]) -> list[str]:
    """Everything that is wrong with a course's days and lessons."""
    reasons = period_reasons(since, until)
    if not lessons:
        reasons.append("请至少填写一门课程。")
    for lesson in lessons:
        if not since <= lesson.day <= until:
            reasons.append(f"课程“{lesson.topic}”的日期 {said(lesson.day)} 不在培训班的起止日期内，请核对。")
        if lesson.hours <= 0:
            reasons.append(f"课程“{lesson.topic}”的学时应大于 0。")
    return reasons


def passed(attended: Decimal, offered: Decimal, share: Decimal) -> bool:
    """结业: the share of hours attended reaches the share asked for."""
    return offered > 0 and attended / offered >= share


def finish_reasons(today: date, days: Iterable[date], trainees: int) -> list[str]:
    days = list(days)
    reasons = []
    if not days:
        reasons.append("培训班还没有课程，不能结业；请先填写课程。")
    elif max(days) > today:
        reasons.append(f"最后一课在 {said(max(days))}，上完之后才能结业。")
    if not trainees:
        reasons.append("还没有学员，不能结业；请先报名。")
    return reasons


def split_fields(text: str) -> list[str]:
    """ "经济、党建,法治" to a list without doubles."""
    for sign in "，,；;/／\n 　":
        text = text.replace(sign, "、")
    return list(dict.fromkeys(word for part in text.split("、") if (word := part.strip())))


def field_reasons(fields: Sequence[str]) -> list[str]:
    reasons = [f"研究领域“{field}”超过 {FIELD_LONGEST} 字，请缩短。" for field in fields if len(field) > FIELD_LONGEST]
    if len(fields) > FIELDS_MOST:
        reasons.append(f"研究领域最多 {FIELDS_MOST} 项。")
    return reasons


def covers(frame: Term, since: date, until: date | None) -> bool:
    """Whether a period lies inside another; an open end only inside an open end."""
    if since < frame.since:
        return False
    return frame.until is None or (until is not None and until <= frame.until)


def member_reasons(name: str, term: Term, since: date, until: date | None) -> list[str]:
    """Somebody belongs to a team only while he is an expert of the pool."""
    if since < term.since or (term.until is not None and since > term.until):
        return [f"{name}的专家任期（{span_said(term.since, term.until)}）不含 {said(since)}，不能编入。"]
    return []


def team_reasons(leader: int | None, members: Iterable[int]) -> list[str]:
    members = list(members)
    reasons = []
    if leader is None:
        reasons.append("请指定一名组长。")
    if len(members) + (leader is not None and leader not in members) < 1:
        reasons.append("请至少选一名成员。")
    return reasons


def ends_before(day: date) -> date:
    return day - timedelta(days=1)
