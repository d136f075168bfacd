"""The keys of local rules with their defaults, and the pure counting of working days and periods."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any


class ValueType(StrEnum):
    COUNT = "COUNT"
    RATE = "RATE"
    DAY_OF_YEAR = "DAY_OF_YEAR"
    SWITCH = "SWITCH"


@dataclass(frozen=True)
class Key:
    """One local rule. `default` holds where nobody set a value; `source` says where the default comes from."""

    key: str
    label: str
    type: ValueType
    default: Any
    unit: str
    source: str
    hint: str = ""
    least: float = 0
    most: float = 366


RULE = "《中国共产党党委（党组）理论学习中心组学习规则》"
PRACTICE = "各地通行做法，可按本地规定修改"
RATE_HINT = "百分数，如 95 或 95%"
LOWEST_HINT = "百分数，10 即末 10%，至少 1 家"
LENGTH = "《整治形式主义为基层减负若干规定》"
_ALL = (
    Key("sessions_per_quarter", "每季度集体学习研讨不少于", ValueType.COUNT, 1, "次", RULE),
    Key("days_per_year", "每年集体学习不少于", ValueType.COUNT, 0, "天", PRACTICE, "0 表示不考核"),
    Key("speeches_per_member_year", "每名成员每年重点发言不少于", ValueType.COUNT, 1, "次", PRACTICE, "0 表示不考核"),
    Key("reports_per_year", "每名成员每年调研报告或理论文章不少于", ValueType.COUNT, 1, "篇", PRACTICE, "0 表示不考核"),
    Key("speech_quota_per_session", "每场集体学习重点发言不少于", ValueType.COUNT, 2, "人", PRACTICE, "0 表示不考核"),
    Key("attendance_target", "出席率目标", ValueType.RATE, Decimal("0.9"), "", PRACTICE, RATE_HINT, 0, 1),
    Key("make_up_due_working_days", "补学期限", ValueType.COUNT, 15, "个工作日", PRACTICE, "自学习当日起算", 1),
    Key("minutes_due_working_days", "学习记录完成期限", ValueType.COUNT, 5, "个工作日", PRACTICE, "自学习当日起算", 1),
    Key("plan_due_day", "年度学习计划备案截止日", ValueType.DAY_OF_YEAR, "01-31", "", PRACTICE, "月-日，如 01-31"),
    Key(
        "late_entry_grace_days", "补录免写事由的天数", ValueType.COUNT, 7, "天", PRACTICE, "学习后几天内录入不用写事由"
    ),
    Key("year_close_day", "年度截止日（次年）", ValueType.DAY_OF_YEAR, "01-31", "", PRACTICE, "月-日，如 01-31"),
    Key("sessions_per_month", "每月集体学习不少于", ValueType.COUNT, 0, "次", PRACTICE, "0 表示不按月考核"),
    Key("month_check_day", "当月未学习从几日起提醒", ValueType.COUNT, 20, "日", PRACTICE, "1 到 28", 1, 28),
    Key("quarter_first_check_day", "季度学习不足第一次提醒", ValueType.COUNT, 60, "天", PRACTICE, "季度第几天", 1, 90),
    Key("quarter_second_check_day", "季度学习不足第二次提醒", ValueType.COUNT, 80, "天", PRACTICE, "季度第几天", 1, 90),
    Key(
        "session_plan_notice_working_days",
        "学习方案提前审定",
        ValueType.COUNT,
        3,
        "个工作日",
        PRACTICE,
        "学习日前几个工作日起提醒",
    ),
    Key("approval_wait_working_days", "审批最长等待", ValueType.COUNT, 3, "个工作日", PRACTICE, "超过即提醒审批人", 1),
    Key(
        "prompt_receipt_working_days", "学习提示签收期限", ValueType.COUNT, 5, "个工作日", PRACTICE, "自发布当日起算", 1
    ),
    Key("report_due_day", "上年度学习情况报告截止日", ValueType.DAY_OF_YEAR, "01-31", "", PRACTICE, "月-日，如 01-31"),
    Key(
        "year_close_notice_working_days",
        "年度截止前提醒",
        ValueType.COUNT,
        10,
        "个工作日",
        PRACTICE,
        "截止日前几个工作日起提醒",
        1,
    ),
    Key("year_review_open_day", "年考核准备开始日", ValueType.DAY_OF_YEAR, "12-01", "", PRACTICE, "月-日，如 12-01"),
    Key(
        "near_working_days", "临近（蓝色）提醒提前", ValueType.COUNT, 5, "个工作日", PRACTICE, "期限前几个工作日起提醒"
    ),
    Key("behind_working_days", "紧迫（黄色）提前", ValueType.COUNT, 2, "个工作日", PRACTICE, "剩余不超过几个工作日"),
    Key("escalate_leader_working_days", "逾期多久告知组长", ValueType.COUNT, 5, "个工作日", PRACTICE, "0 表示不告知"),
    Key(
        "escalate_reviewer_working_days",
        "逾期多久告知宣传部",
        ValueType.COUNT,
        10,
        "个工作日",
        PRACTICE,
        "0 表示不告知",
    ),
    Key("visit_notice_working_days", "列席旁听提前通知", ValueType.COUNT, 2, "个工作日", PRACTICE, "", 0),
    Key("visit_feedback_working_days", "旁听反馈期限", ValueType.COUNT, 5, "个工作日", PRACTICE, "", 1),
    Key(
        "visit_pack_working_days", "旁听前报送材料提前", ValueType.COUNT, 5, "个工作日", PRACTICE, "学习日前几个工作日"
    ),
    Key("visit_window_before_days", "旁听人员可看材料提前", ValueType.COUNT, 14, "天", PRACTICE, "学习日前几天起"),
    Key("visit_window_after_days", "旁听人员可看材料延后", ValueType.COUNT, 30, "天", PRACTICE, "学习日后几天止"),
    Key("visit_repeat_years", "同一旁听组几年内不重复", ValueType.COUNT, 2, "年", PRACTICE, "0 表示不限制", 0, 10),
    Key(
        "feedback_receipt_working_days",
        "反馈意见签收期限",
        ValueType.COUNT,
        3,
        "个工作日",
        PRACTICE,
        "自发出当日起算",
        1,
    ),
    Key(
        "feedback_reply_working_days",
        "反馈意见答复期限",
        ValueType.COUNT,
        10,
        "个工作日",
        PRACTICE,
        "自发出当日起算",
        1,
    ),
    Key("finding_plan_working_days", "整改措施报送期限", ValueType.COUNT, 5, "个工作日", PRACTICE, "自确认当日起算", 1),
    Key("finding_recurrence_months", "同类问题算重复发生", ValueType.COUNT, 12, "个月", PRACTICE, "几个月以内", 1, 60),
    Key("self_score_working_days", "考核自评期限", ValueType.COUNT, 10, "个工作日", PRACTICE, "自发起自评当日起算", 1),
    Key("objection_working_days", "考核结果申诉期限", ValueType.COUNT, 5, "个工作日", PRACTICE, "自公示当日起算", 1),
    Key("interview_years", "连续几年排名靠后列入约谈建议", ValueType.COUNT, 2, "年", PRACTICE, "", 1, 5),
    Key("interview_lowest_share", "排名靠后的比例", ValueType.RATE, Decimal("0.1"), "", PRACTICE, LOWEST_HINT, 0, 1),
    Key(
        "bulletin_receipt_working_days",
        "学情通报签收期限",
        ValueType.COUNT,
        5,
        "个工作日",
        PRACTICE,
        "自签发当日起算",
        1,
    ),
    Key("bulletin_length", "季度学情通报字数上限", ValueType.COUNT, 4000, "字", LENGTH, "只提醒，不拦截", 500, 20000),
    Key(
        "bulletin_length_year",
        "年度学情通报字数上限",
        ValueType.COUNT,
        5000,
        "字",
        LENGTH,
        "只提醒，不拦截",
        500,
        20000,
    ),
    Key(
        "red_head",
        "公文加红头",
        ValueType.SWITCH,
        False,
        "",
        "《党政机关公文格式》（GB/T 9704-2012）",
        "正式印发时才开",
    ),
    Key("visit_coverage_months", "列席旁听覆盖周期", ValueType.COUNT, 12, "个月", PRACTICE, "", 1),
)
KEYS: Mapping[str, Key] = {key.key: key for key in _ALL}
# How the pages put them: every key stands in one group.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "集体学习": (
        "sessions_per_quarter", "sessions_per_month", "days_per_year", "speeches_per_member_year",
        "speech_quota_per_session", "reports_per_year", "attendance_target",
    ),
    "期限": (
        "plan_due_day", "session_plan_notice_working_days", "minutes_due_working_days", "make_up_due_working_days",
        "approval_wait_working_days", "prompt_receipt_working_days", "late_entry_grace_days", "report_due_day",
        "year_close_day",
    ),
    "提醒": (
        "near_working_days", "behind_working_days", "escalate_leader_working_days", "escalate_reviewer_working_days",
        "month_check_day", "quarter_first_check_day", "quarter_second_check_day", "year_review_open_day",
        "year_close_notice_working_days",
    ),
    "考核和通报": (
        "self_score_working_days", "objection_working_days", "interview_years", "interview_lowest_share",
        "bulletin_receipt_working_days", "bulletin_length", "bulletin_length_year", "red_head",
    ),
    "列席旁听和整改": tuple(key.key for key in _ALL if key.key.startswith(("visit_", "feedback_", "finding_"))),
}  # fmt: skip
DAY_OF_YEAR = re.compile(r"(\d{2})-(\d{2})")


def read_value(key: str, text: str) -> Any:
    """What was typed, as the value to keep; ValueError with a Chinese sentence when it does not fit."""
    rule = KEYS[key]
    text = text.strip()
    match rule.type:
        case ValueType.COUNT:
            if not re.fullmatch(r"\d{1,4}", text) or not rule.least <= int(text) <= rule.most:
                raise ValueError(f"“{rule.label}”应为 {rule.least:g} 到 {rule.most:g} 之间的整数。")
            return int(text)
        case ValueType.RATE:
            return _read_rate(rule, text)
        case ValueType.DAY_OF_YEAR:
            found = DAY_OF_YEAR.fullmatch(text)
            try:
                if not found:
                    raise ValueError
                date(2023, int(found[1]), int(found[2]))
            except ValueError:
                raise ValueError(f"“{rule.label}”应写成 月-日，如 01-31。") from None
            return text
        case ValueType.SWITCH:
            if text not in ("是", "否"):
                raise ValueError(f"“{rule.label}”应为 是 或 否。")
            return text == "是"


PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,4})?)\s*([%％]?)")


def _read_rate(rule: Key, text: str) -> Decimal:
    """95, 95%, 90.0% and 0.95 are the same kind of thing; what could be either (1, 1.2) is asked about."""
    found = PERCENT.fullmatch(text)
    if found is None:
        raise ValueError(f"“{rule.label}”应为百分数，如 95 或 95%。")
    number = Decimal(found[1])
    if not found[2] and 1 <= number < 2:
        raise ValueError(f"“{rule.label}”应写明百分号：{number:f}% 还是 {(number * 100).normalize():f}%。")
    share = number / 100 if found[2] or number >= 2 else number
    if not rule.least <= share <= rule.most:
        raise ValueError(f"“{rule.label}”应在 {rule.least * 100:g}% 到 {rule.most * 100:g}% 之间。")
    if share != share.quantize(Decimal("0.0001")):
        raise ValueError(f"“{rule.label}”应为百分数，最多两位小数，如 92.25%。")
    return share.quantize(Decimal("0.0001"))


def typed(key: str, value: Any) -> Any:
    """A value as it was kept, in the type of its key: a rate is always a Decimal, whatever the row holds."""
    return Decimal(str(value)) if KEYS[key].type == ValueType.RATE else value


def kept(key: str, value: Any) -> Any:
    """A value as JSON keeps it: a rate as text, so that it comes back as it went in."""
    return f"{typed(key, value):f}" if KEYS[key].type == ValueType.RATE else value


def is_below(value: Decimal | None, target: Decimal) -> bool:
    """Whether a rate misses its target: the one place where a rate decides.

    Exactly at the target is not below it; nothing expected, or no target set (0), misses nothing. Both are Decimals:
    0.9 as a float is a little more than nine tenths.
    """
    if not isinstance(target, Decimal) or not isinstance(value, Decimal | None):
        raise TypeError("rates and targets are Decimals")
    return value is not None and value < target


def percent(value: Decimal) -> str:
    """90.0%, 92.25%: one decimal, and the second where it is not nothing."""
    exact = (value * 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
    short = exact.quantize(Decimal("0.1"), ROUND_HALF_UP)
    return f"{short if short == exact else exact}%"


def shown(key: str, value: Any) -> str:
    """A value in words: 15 个工作日, 90%, 1月31日."""
    rule = KEYS[key]
    if rule.type == ValueType.RATE:
        return percent(typed(key, value))
    if rule.type == ValueType.DAY_OF_YEAR:
        month, day = str(value).split("-")
        return f"{int(month)}月{int(day)}日"
    if rule.type == ValueType.SWITCH:
        return "是" if value else "否"
    return f"{value} {rule.unit}".strip()


def day_in_year(value: str, year: int) -> date:
    """`"01-31"` in a year; the 29th of February falls on the 28th where there is none."""
    month, day = (int(part) for part in value.split("-"))
    try:
        return date(year, month, day)
    except ValueError:
        return date(year, month, 28)


@dataclass(frozen=True)
class WorkingDays:
    """Working days by the published calendar as corrected here; where nothing is known, Monday to Friday."""

    known: Mapping[date, bool]
    unknown_years: frozenset[int]

    def __contains__(self, day: date) -> bool:
        return self.known.get(day, day.weekday() < 5)

    def add(self, day: date, count: int) -> date:
        """The working day `count` working days after `day` (which itself does not count); `count` 0 or more."""
        while count > 0:
            day += timedelta(days=1)
            count -= day in self
        return day

    def between(self, first: date, last: date) -> int:
        """Working days after `first` up to `last`, included; negative when `last` lies before: how many have passed."""
        if last < first:
            return -self.between(last, first)
        return sum(first + timedelta(days=step) in self for step in range(1, (last - first).days + 1))

    def warning(self) -> str:
        """A sentence when some year asked for is not in the calendar yet, else empty."""
        if not self.unknown_years:
            return ""
        years = "、".join(str(year) for year in sorted(self.unknown_years))
        return f"{years} 年的放假安排尚未录入，暂按周一至周五为工作日计算。"


class Tone(StrEnum):
    """Blue, yellow, red; the values are the tones of the page parts."""

    NEAR = "near"
    BEHIND = "behind"
    OVERDUE = "overdue"


TONE_WORDS: Mapping[Tone, str] = {Tone.NEAR: "临近", Tone.BEHIND: "紧迫", Tone.OVERDUE: "逾期"}


def tone(due_on: date, on: date, calendar: WorkingDays, *, behind_days: int) -> Tone:
    """Red past the day, yellow with `behind_days` working days left or fewer, else blue."""
    if due_on < on:
        return Tone.OVERDUE
    return Tone.BEHIND if calendar.between(on, due_on) <= behind_days else Tone.NEAR


def is_near(due_on: date, on: date, calendar: WorkingDays, *, near_days: int) -> bool:
    """Whether a deadline is close enough to be told: `near_days` working days left or fewer, or past."""
    return due_on < on or calendar.between(on, due_on) <= near_days


def left_words(due_on: date, on: date, calendar: WorkingDays) -> str:
    """还剩 n 个工作日, 今天到期, 逾期 n 个工作日 (逾期 when only days off have passed since)."""
    if due_on == on:
        return "今天到期"
    count = calendar.between(on, due_on)
    if due_on > on:
        return f"还剩 {count} 个工作日" if count else "期限前没有工作日了"
    return f"逾期 {-count} 个工作日" if count else "已逾期"


DEADLINE_RULES = ("near_working_days", "behind_working_days")


def deadline(due_on: date, on: date, calendar: WorkingDays, rules: Mapping[str, Any]) -> tuple[str, str]:
    """(words, tone) of a deadline by the local rules of its committee (`DEADLINE_RULES`); muted while it is not near."""
    words = left_words(due_on, on, calendar)
    if not is_near(due_on, on, calendar, near_days=rules["near_working_days"]):
        return words, "muted"
    return words, tone(due_on, on, calendar, behind_days=rules["behind_working_days"]).value


def quarter_of(day: date) -> int:
    return (day.month + 2) // 3


def period_last_day(year: int, quarter: int) -> date:
    """The last day of a quarter, of the year when `quarter` is 0."""
    if quarter in (0, 4):
        return date(year, 12, 31)
    return date(year, quarter * 3 + 1, 1) - timedelta(days=1)


def ancestors(path: str) -> tuple[int, ...]:
    """Ids from the root down to the committee itself, of `0000001/0000042/`."""
    return tuple(int(part) for part in path.split("/") if part)


def nearest(path: str, by_committee: Mapping[int, Any]) -> tuple[int, Any] | None:
    """The value set closest up the path, with the committee that set it; None when nobody did."""
    for committee_id in reversed(ancestors(path)):
        if committee_id in by_committee:
            return committee_id, by_committee[committee_id]
    return None
