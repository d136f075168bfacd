"""What a roll adds up to, and why a mark, a leave or a make-up is refused: plain values only."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from roster.audit.moves import Move, Moves

PRESENT, VIDEO, ON_LEAVE, ABSENT = "PRESENT", "VIDEO", "ON_LEAVE", "ABSENT"
STATUSES = (PRESENT, VIDEO, ON_LEAVE, ABSENT)
HERE = frozenset({PRESENT, VIDEO})
AWAY = frozenset({ON_LEAVE, ABSENT})
FOUR_PLACES = Decimal("0.0001")

LEAVE_MOVES = Moves(
    thing="这份请假",
    labels={"ASKED": "申请", "AGREED": "同意", "REFUSED": "不同意", "WITHDRAWN": "撤回"},
    moves=[
        Move("agree", "同意", ("ASKED",), "AGREED"),
        Move("refuse", "不同意", ("ASKED",), "REFUSED"),
        Move("withdraw", "撤回", ("ASKED", "AGREED"), "WITHDRAWN"),
        # The session's own: what was agreed for one day is not agreed for another.
        Move("ask_again", "改期后重新待批", ("AGREED",), "ASKED"),
        Move("lapse", "改期后失效", ("AGREED",), "WITHDRAWN"),
    ],
)
MAKE_UP_MOVES = Moves(
    thing="这项补学",
    labels={"DUE": "待补", "SUBMITTED": "已交", "CONFIRMED": "已确认", "RETURNED": "退回", "VOID": "已撤销"},
    moves=[
        Move("submit", "提交", ("DUE", "RETURNED", "SUBMITTED"), "SUBMITTED"),
        Move("confirm", "确认", ("SUBMITTED",), "CONFIRMED"),
        Move("return", "退回", ("SUBMITTED",), "RETURNED"),
        # The roll's own: the absence turned out to be none, or came back.
        Move("void", "撤销", ("DUE", "SUBMITTED", "RETURNED", "CONFIRMED"), "VOID"),
        Move("reopen", "重新安排", ("VOID", "CONFIRMED"), "DUE"),
    ],
)


@dataclass(frozen=True)
class Counts:
    """Member-parts of one roll. `present` includes `video`; present + on_leave + absent + unmarked = expected."""

    expected: int = 0
    present: int = 0
    video: int = 0
    on_leave: int = 0
    absent: int = 0
    unmarked: int = 0
    made_up: int = 0

    @property
    def presence_rate(self) -> Decimal | None:
        return presence_rate(self.present, self.expected) if self.is_known else None

    @property
    def participation_rate(self) -> Decimal | None:
        return participation_rate(self.present, self.made_up, self.expected) if self.is_known else None

    @property
    def is_known(self) -> bool:
        """Somebody was marked: while nobody is, a rate is unknown and not 0."""
        return self.unmarked < self.expected


def count(marks: Iterable[tuple[str | None, bool]]) -> Counts:
    """Counts of (status or None for 未记, made up?), one pair for each member valid on a part's day."""
    pairs = list(marks)
    statuses = [status for status, _ in pairs]
    return Counts(
        expected=len(pairs),
        present=sum(status in HERE for status in statuses),
        video=statuses.count(VIDEO),
        on_leave=statuses.count(ON_LEAVE),
        absent=statuses.count(ABSENT),
        unmarked=statuses.count(None),
        made_up=sum(made_up for status, made_up in pairs if status in AWAY),
    )


def share(part: Fraction | int, whole: Fraction | int) -> Decimal | None:
    """part / whole between 0 and 1, 4 decimals, halves up; None when nothing was expected."""
    if not whole:
        return None
    ratio = Fraction(part) / Fraction(whole)
    return (Decimal(ratio.numerator) / Decimal(ratio.denominator)).quantize(FOUR_PLACES, ROUND_HALF_UP)


def presence_rate(present: Fraction | int, expected: Fraction | int) -> Decimal | None:
    """出席率: present, by video too, of those expected. Leave stays in the denominator (domain.md 2.5)."""
    return share(present, expected)


def participation_rate(present: Fraction | int, made_up: Fraction | int, expected: Fraction | int) -> Decimal | None:
    """参学率: present or with a confirmed make-up, of those expected."""
    return share(Fraction(present) + Fraction(made_up), expected)


def members(marks: int, part_count: int) -> Fraction:
    """Member-parts as members: a part of a session of several weighs its share (domain.md 7, scenario 5.3)."""
    return Fraction(marks, part_count)


@dataclass(frozen=True)
class Mark:
    """A mark as it was typed."""

    part: int
    person: int
    status: str
    late: bool = False
    early: bool = False
    reason: str = ""

    @property
    def value(self) -> tuple[str, bool, bool, str]:
        return (self.status, self.late, self.early, self.reason)


def said(day: date) -> str:
    return f"{day.month}月{day.day}日"


def mark_refusals(
    marks: Sequence[Mark], *, parts: Mapping[int, date], valid: Mapping[int, Mapping[int, str]],
    names: Mapping[int, str], today: date,
) -> list[str]:  # fmt: skip
    """Everything wrong with these marks. `valid`: part -> {person: name} of the members of that part's day."""
    reasons: list[str] = []
    seen: set[tuple[int, int]] = set()
    early: set[int] = set()
    for mark in marks:
        name = names.get(mark.person, f"人员 {mark.person}")
        if mark.part not in parts:
            reasons.append(f"{name}：所填时段不属于本场学习，请刷新页面后重填。")
            continue
        day = parts[mark.part]
        if day > today and mark.part not in early:
            early.add(mark.part)
            reasons.append(f"{said(day)}还没有到，到当天才能记考勤。")
        if (mark.part, mark.person) in seen:
            reasons.append(f"{name}在{said(day)}记了两次，请只留一次。")
        seen.add((mark.part, mark.person))
        if mark.person not in valid[mark.part]:
            reasons.append(f"{name}{said(day)}不是本委员会成员，不能记入考勤，请核对任期起止日期。")
        if mark.status not in STATUSES:
            reasons.append(f"{name}的考勤“{mark.status}”不在出席、视频参会、请假、缺席之中，请重选。")
        elif mark.status in AWAY and not mark.reason:
            word = "请假" if mark.status == ON_LEAVE else "缺席"
            reasons.append(f"{name}{word}没有事由，请填写。")
        if mark.status in AWAY and (mark.late or mark.early):
            reasons.append(f"{name}没有到场，不能再记迟到或早退。")
        if len(mark.reason) > 200:
            reasons.append(f"{name}的事由超过 200 字，请压缩。")
    return reasons


def make_up_next(stage: str | None, missed_before: int, away: int) -> str | None:
    """The stage of a make-up after the roll says `away` parts missed: its new stage, or None for no make-up at all.

    Absent from the roll: nothing to make up. A confirmed make-up that now covers too little starts again.
    """
    if stage is None:
        return "DUE" if away else None
    if not away:
        return "VOID"
    if stage == "VOID" or (stage == "CONFIRMED" and away > missed_before):
        return "DUE"
    return stage


def has_started(day: date, starts_at: time | None, *, took_place: bool, now: datetime) -> bool:
    """Whether a session or part has begun. Without a starting time the whole day counts as before."""
    if took_place or now.date() > day:
        return True
    return now.date() == day and starts_at is not None and now.time() >= starts_at


def make_up_refusals(*, done_on: date | None, session_day: date, today: date, method: str, content: str) -> list[str]:
    reasons = []
    if done_on is None:
        reasons.append("请填写补学日期。")
    elif done_on < session_day:
        reasons.append(f"补学日期早于学习日期（{said(session_day)}），请核对。")
    elif done_on > today:
        reasons.append("补学日期还没有到，请在补学之后登记。")
    if not method.strip():
        reasons.append("请填写补学方式，如 自学、专题辅导录像。")
    if not content.strip():
        reasons.append("请填写补学内容。")
    return reasons
