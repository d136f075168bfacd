"""Kinds of things that fall due, and when a rhythm's period opens. Pure, over plain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from sessions_app.policies.rules import WorkingDays, day_in_year, quarter_of


class Kind(StrEnum):
    PLAN_DUE = "PLAN_DUE"
    MONTH_EMPTY = "MONTH_EMPTY"
    SESSION_TOO_FEW = "SESSION_TOO_FEW"
    SESSION_PLAN_DUE = "SESSION_PLAN_DUE"
    MINUTES_DUE = "MINUTES_DUE"
    MAKEUP_DUE = "MAKEUP_DUE"
    LEAVE_WAITING = "LEAVE_WAITING"
    APPROVAL_WAITING = "APPROVAL_WAITING"
    PROMPT_UNRECEIPTED = "PROMPT_UNRECEIPTED"
    REPORT_DUE = "REPORT_DUE"
    PERIOD_CLOSING = "PERIOD_CLOSING"
    FINDING_PLAN_DUE = "FINDING_PLAN_DUE"
    RECTIFICATION_DUE = "RECTIFICATION_DUE"
    FINDING_REVIEW = "FINDING_REVIEW"
    VISIT_NOTICE = "VISIT_NOTICE"
    VISIT_SCORE = "VISIT_SCORE"
    FEEDBACK_DUE = "FEEDBACK_DUE"
    FEEDBACK_WAITING = "FEEDBACK_WAITING"
    FEEDBACK_RECEIPT_DUE = "FEEDBACK_RECEIPT_DUE"
    FEEDBACK_REPLY_DUE = "FEEDBACK_REPLY_DUE"
    SELF_SCORE_DUE = "SELF_SCORE_DUE"
    VERIFY_WAITING = "VERIFY_WAITING"
    SHEET_PUBLISHED = "SHEET_PUBLISHED"
    OBJECTION_WAITING = "OBJECTION_WAITING"
    INTERVIEW_DUE = "INTERVIEW_DUE"
    BULLETIN_WAITING = "BULLETIN_WAITING"
    BULLETIN_UNRECEIPTED = "BULLETIN_UNRECEIPTED"


@dataclass(frozen=True)
class KindRow:
    """One line of the table a non-programmer can read. `to`: the audience told first (see models.Audience), by name.

    `urgent`: told at once when it appears, and again in the digests while it lasts; the others wait for the digest.
    `escalates`: once overdue for long enough, also told to the leader, then to the department (local rules say when).
    """

    label: str
    verb: str
    to: tuple[str, ...]
    urgent: bool = False
    escalates: bool = True


SECRETARY, LEADER, REVIEWER, PERSON = "SECRETARY", "LEADER", "REVIEWER", "PERSON"
KINDS: Mapping[Kind, KindRow] = {
    Kind.PLAN_DUE: KindRow("年度计划未备案", "报备", (SECRETARY,)),
    Kind.MONTH_EMPTY: KindRow("当月未学习", "安排", (SECRETARY,)),
    Kind.SESSION_TOO_FEW: KindRow("季度学习不足", "安排", (SECRETARY,), urgent=True),
    Kind.SESSION_PLAN_DUE: KindRow("学习方案未审定", "报审", (SECRETARY,), urgent=True, escalates=False),
    Kind.MINUTES_DUE: KindRow("学习记录未提交", "填写", (SECRETARY,)),
    Kind.MAKEUP_DUE: KindRow("补学未完成", "补学", (PERSON, SECRETARY), escalates=False),
    Kind.LEAVE_WAITING: KindRow("请假待批", "审批", (LEADER,), urgent=True, escalates=False),
    Kind.APPROVAL_WAITING: KindRow("久待审批", "审批", (LEADER,), urgent=True, escalates=False),
    Kind.PROMPT_UNRECEIPTED: KindRow("学习提示未签收", "签收", (SECRETARY,), urgent=True),
    Kind.REPORT_DUE: KindRow("年度报告未印发", "印发", (SECRETARY,)),
    Kind.PERIOD_CLOSING: KindRow("年度即将截止", "归档", (SECRETARY,), escalates=False),
    Kind.FINDING_PLAN_DUE: KindRow("整改措施未报", "报送", (SECRETARY,)),
    Kind.RECTIFICATION_DUE: KindRow("问题整改到期", "整改", (PERSON, SECRETARY)),
    Kind.FINDING_REVIEW: KindRow("问题待审核", "审核", (REVIEWER,), urgent=True, escalates=False),
    Kind.VISIT_NOTICE: KindRow("旁听未通知单位", "通知", (REVIEWER,), urgent=True, escalates=False),
    Kind.VISIT_SCORE: KindRow("旁听评分未提交", "评分", (PERSON,), urgent=True, escalates=False),
    Kind.FEEDBACK_DUE: KindRow("旁听反馈未提交", "填写", (PERSON,), urgent=True, escalates=False),
    Kind.FEEDBACK_WAITING: KindRow("旁听反馈待审核", "审核", (REVIEWER,), urgent=True, escalates=False),
    Kind.FEEDBACK_RECEIPT_DUE: KindRow("反馈意见未签收", "签收", (SECRETARY,), urgent=True),
    Kind.FEEDBACK_REPLY_DUE: KindRow("反馈意见未回复", "回复", (SECRETARY,)),
    Kind.SELF_SCORE_DUE: KindRow("考核自评未提交", "自评", (SECRETARY,)),
    Kind.VERIFY_WAITING: KindRow("考核待复核", "复核", (REVIEWER,), escalates=False),
    Kind.SHEET_PUBLISHED: KindRow("考核结果公示中", "查看", (SECRETARY, LEADER), urgent=True, escalates=False),
    Kind.OBJECTION_WAITING: KindRow("考核申诉待复议", "复议", (REVIEWER,), urgent=True, escalates=False),
    Kind.INTERVIEW_DUE: KindRow("约谈待进行", "约谈", (REVIEWER,), escalates=False),
    Kind.BULLETIN_WAITING: KindRow("学情通报待核稿", "核稿", (REVIEWER,), urgent=True, escalates=False),
    Kind.BULLETIN_UNRECEIPTED: KindRow("学情通报未签收", "签收", (SECRETARY,), urgent=True),
}


# ------------------------------------------------------------------------------------------------------ rhythms


@dataclass(frozen=True)
class Period:
    """A rhythm's period: its key, and the first day it may be told."""

    key: str
    opens_on: date


def first_working_day(day: date, calendar: WorkingDays) -> date:
    """`day` itself, or the first working day after it."""
    return day if day in calendar else calendar.add(day, 1)


def month_period(on: date, calendar: WorkingDays) -> Period:
    """The month, 2026-10, opening on its first working day."""
    return Period(f"{on:%Y-%m}", first_working_day(on.replace(day=1), calendar))


def week_period(on: date, calendar: WorkingDays) -> Period:
    """The ISO week, 2026-W40, opening on its first working day; a week without one opens after its Sunday, so never."""
    monday = on - timedelta(days=on.weekday())
    year, week, _ = on.isocalendar()
    return Period(f"{year}-W{week:02d}", first_working_day(monday, calendar))


def day_period(on: date, calendar: WorkingDays) -> Period:
    """The day, 2026-10-09, where it is a working day; a day off is opened by the next one, so never."""
    return Period(on.isoformat(), first_working_day(on, calendar))


def quarter_period(on: date, calendar: WorkingDays) -> Period:
    """The quarter, 2026-Q4, opening on its first working day."""
    quarter = quarter_of(on)
    return Period(f"{on.year}-Q{quarter}", first_working_day(date(on.year, quarter * 3 - 2, 1), calendar))


def period_words(key: str) -> str:
    """What a period's key says to people: 2026年10月, 2026年第40周, 2026年10月9日, 2026年第四季度, 2026年."""
    year, _, part = key.partition("-")
    if not part:
        return f"{year}年"
    if part[0] == "W":
        return f"{year}年第{int(part[1:])}周"
    if part[0] == "Q":
        return f"{year}年第{'一二三四'[int(part[1:]) - 1]}季度"
    return f"{year}年" + "".join(f"{int(number)}{unit}" for number, unit in zip(part.split("-"), "月日", strict=False))


def year_open_period(on: date, calendar: WorkingDays, opens: str) -> Period:
    """The year, 2026, opening on the first working day on or after `opens` ("12-01") in it; never when none is left."""
    return Period(str(on.year), first_working_day(day_in_year(opens, on.year), calendar))


def year_close_period(on: date, calendar: WorkingDays, closes: str, notice: int) -> Period:
    """The year that closes next, 2025 in January 2026: opening `notice` working days before `closes` of the year after."""
    day = day_in_year(closes, on.year)
    if day < on:
        day = day_in_year(closes, on.year + 1)
    opens, left = day, notice
    while left > 0 or opens not in calendar:
        left -= opens in calendar
        opens -= timedelta(days=1)
    return Period(str(day.year - 1), opens)
