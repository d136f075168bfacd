"""Words and hashes of papers over plain values: dates, titles, fingerprints. No ORM, no clock."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

UNKNOWN = "待补"
PROSE = {"practices": "主要做法", "problems": "存在问题", "next": "下一步打算"}
MEMBER_ORDER = ("组长", "副组长", "成员")
UNSAFE = re.compile(r'[\\/:*?"<>|\x00-\x1f]+')


def canonical(values: Any) -> str:
    return json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)


def fingerprint(*values: Any) -> str:
    """SHA-256 of what a rendered piece depends on: its facts and its edition."""
    return hashlib.sha256(canonical(values).encode()).hexdigest()


def day_words(value: str | date | None) -> str:
    """2026年3月5日, no zero before a digit, from a date or its ISO text."""
    if not value:
        return UNKNOWN
    day = date.fromisoformat(value[:10]) if isinstance(value, str) else value
    return f"{day.year}年{day.month}月{day.day}日"


def short_day(value: str | date | None) -> str:
    """3月5日."""
    words = day_words(value)
    return words.split("年", 1)[-1]


def days_words(first: str, last: str) -> str:
    """3月5日, 3月5日至7日, 3月30日至4月1日."""
    begin, end = date.fromisoformat(first), date.fromisoformat(last or first)
    if begin >= end:
        return short_day(begin)
    return f"{short_day(begin)}至{end.day}日" if begin.month == end.month else f"{short_day(begin)}至{short_day(end)}"


def moment_words(value: str | datetime | None) -> str:
    """2026年3月5日 10:30."""
    if not value:
        return UNKNOWN
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return f"{day_words(moment.date())} {moment:%H:%M}"


def percent(value: Decimal | float | None) -> str:
    """A share between 0 and 1 with one decimal; 待补 when nothing was expected."""
    if value is None:
        return UNKNOWN
    return f"{(Decimal(str(value)) * 100).quantize(Decimal('0.1'), ROUND_HALF_UP)}%"


def number(value: float | int | None) -> str:
    """36, 35.5, 6766.7: one decimal at most, half up, no trailing zero. The one place where a paper rounds a count."""
    if value is None:
        return UNKNOWN
    tenths = Decimal(str(value)).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return str(int(tenths)) if tenths == int(tenths) else str(tenths)


SHARED = ("expected", "present", "on_leave", "absent", "unmarked", "made_up")


def has_shares(figures: Mapping[str, Any]) -> bool:
    """Whether a count of heads is no whole number: who is away for one part of a study of several parts counts in part."""
    return any(float(figures.get(key) or 0) % 1 for key in SHARED)


def table_numbers(facts: Mapping[str, Any]) -> dict[str, int]:
    """The number of each table that the report really has, 1, 2, 3 without gaps."""
    held = facts["figures"]["committee_sessions"]
    if facts["part"] == "whole":
        shown = {
            "levels": True, "quarters": held, "categories": held, "ranking": True,
            "conversions": facts["outcome_count"] and facts["conversions"], "visits": facts.get("visits"),
            "findings": facts.get("findings"), "weighed": (facts.get("weighed") or {}).get("rows"),
        }  # fmt: skip
    else:
        shown = {
            "changes": facts["changes"], "sessions": held, "quarters": held, "categories": held,
            "members": facts["members"], "outcomes": facts["outcomes"], "visits": facts.get("visits"),
            "findings": facts.get("findings"),
        }  # fmt: skip
    return {name: index for index, name in enumerate((name for name, there in shown.items() if there), start=1)}


def annual_title(name: str, year: int, *, whole: bool) -> str:
    """The subtree's edition says so."""
    return f"{name}{year}年度理论学习中心组学习情况{'总' if whole else ''}报告"


def session_title(name: str, year: int, number_: int) -> str:
    return f"{name}理论学习中心组{year}年第{number_}次集体学习" if number_ else f"{name}理论学习中心组集体学习"


def department(name: str, kind: str) -> str:
    """Who signs for a sender: 中共云州市委员会 signs as 中共云州市委宣传部; a body that is no party committee by its name."""
    if kind != "PARTY_COMMITTEE":
        return name
    return f"{name.removesuffix('员会')}宣传部" if name.endswith(("委员会", "委")) else name


def file_name(title: str, *, number_: int = 1, draft: bool = False) -> str:
    """A name any file system takes, at most 80 characters before .pdf."""
    safe = UNSAFE.sub("_", title).strip(" .")[:80] or "文书"
    mark = "（工作稿）" if draft else f"（第{number_}次印发）" if number_ > 1 else ""
    return f"{safe}{mark}.pdf"


def clean_prose(prose: Mapping[str, Any] | None) -> dict[str, str]:
    """Only the known chapters, trimmed, empty ones left out."""
    return {key: str((prose or {}).get(key, "")).strip() for key in PROSE if str((prose or {}).get(key, "")).strip()}
