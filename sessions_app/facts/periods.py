"""The time a figure speaks of: a year, one of its quarters, one of its months."""

from calendar import monthrange
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

FIRST_YEAR, LAST_YEAR = 1921, 2200


@dataclass(frozen=True)
class Span:
    """Days `first` to `last`, both included. `quarter` and `month` say which part of `year` it is, if a part."""

    first: date
    last: date
    year: int
    quarter: int | None = None
    month: int | None = None
    is_cut: bool = False  # ends early to be compared: the same days of an earlier period, see `same_days`

    @property
    def label(self) -> str:
        """2026年, 2026年第二季度, 2026年5月; of one that is cut off 2025年（至11月30日）."""
        return f"{self.name}（至{self.last.month}月{self.last.day}日）" if self.is_cut else self.name

    @property
    def name(self) -> str:
        if self.month:
            return f"{self.year}年{self.month}月"
        if self.quarter:
            return f"{self.year}年第{'一二三四'[self.quarter - 1]}季度"
        return f"{self.year}年"

    def runs_on(self, today: date) -> bool:
        """It has begun and its last day is still to come."""
        return self.first <= today < self.last

    @property
    def months(self) -> range:
        return range(self.first.month, self.last.month + 1)

    def until(self, today: date | None = None) -> date:
        """The day that what is due is judged by: the period's last, but never one after `today`, where that is given."""
        return min(self.last, today) if today else self.last

    def query(self) -> dict[str, Any]:
        """The same period as the parameters of an address."""
        parts: dict[str, Any] = {"year": self.year, "quarter": self.quarter, "month": self.month}
        parts["cut"] = self.last.isoformat() if self.is_cut else None
        return {name: value for name, value in parts.items() if value}


def span(year: int, quarter: int | None = None, month: int | None = None) -> Span:
    """A month (1 to 12) is narrower than a quarter (1 to 4) and wins; ValueError says what is out of range."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(f"年度应在 {FIRST_YEAR} 到 {LAST_YEAR} 之间，不是 {year}。")
    if quarter is not None and quarter not in range(1, 5):
        raise ValueError(f"季度应为 1 到 4，不是 {quarter}。")
    if month is not None and month not in range(1, 13):
        raise ValueError(f"月份应为 1 到 12，不是 {month}。")
    if month:
        of = (month + 2) // 3
        if quarter and quarter != of:
            raise ValueError(f"{month}月不在第{quarter}季度内，请只给季度或只给月份。")
        return Span(date(year, month, 1), date(year, month, monthrange(year, month)[1]), year, None, month)
    if quarter:
        last = quarter * 3
        return Span(date(year, last - 2, 1), date(year, last, monthrange(year, last)[1]), year, quarter)
    return Span(date(year, 1, 1), date(year, 12, 31), year)


def before(now: Span) -> Span:
    """The period of the same length just before: last year, last quarter, last month."""
    if now.month:
        return span(now.year, month=now.month - 1) if now.month > 1 else span(now.year - 1, month=12)
    if now.quarter:
        return span(now.year, now.quarter - 1) if now.quarter > 1 else span(now.year - 1, 4)
    return span(now.year - 1)


def cut(whole: Span, last: date) -> Span:
    """The period up to a day of it; the whole where the day is not in it."""
    return replace(whole, last=last, is_cut=True) if whole.first <= last < whole.last else whole


def same_days(past: Span, now: Span, today: date) -> Span:
    """As much of an earlier period as has passed of `now`: eleven months are never put beside twelve.

    The month and the day within it count, so 30 November stands beside 30 August of the quarter before. A period that
    is over, or has not begun, is compared with the whole.
    """
    if not now.runs_on(today):
        return past
    month = past.first.month + today.month - now.first.month
    day = min(today.day, monthrange(past.first.year, month)[1])
    return cut(past, date(past.first.year, month, day))
