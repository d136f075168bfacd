"""Pure rules of people and their terms."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from roster.committees.rules import meet, span_said

PHONE = re.compile(r"1\d{10}|0\d{2,3}-?\d{7,8}(-\d{1,6})?")


@dataclass(frozen=True)
class Term:
    """A period, ends included; `until` None is open."""

    since: date
    until: date | None


def phone_reasons(phone: str) -> list[str]:
    if phone and not PHONE.fullmatch(phone):
        return ["手机号码应为 11 位数字，座机写成 0555-1234567；没有可以不填。"]
    return []


def overlap_reasons(name: str, where: str, wanted: Term, held: Iterable[Term], *, what: str = "任期") -> list[str]:
    """One sentence for each term already there that shares a day with the wanted one."""
    return [
        f"{name}在{where}的{what}（{span_said(term.since, term.until)}）与所填日期重叠，请先结束原{what}或改日期。"
        for term in held
        if meet(wanted.since, wanted.until, term.since, term.until)
    ]


def changed_span(before: Term | None, after: Term | None) -> tuple[date, date | None] | None:
    """First and last day on which belonging differs between two terms (None: no term); None when nothing differs."""
    if before == after:
        return None
    if before is None or after is None:
        only = before or after
        assert only is not None
        return only.since, only.until
    if before.since == after.since:
        ends = [end for end in (before.until, after.until) if end is not None]
        return min(ends) + timedelta(days=1), (None if len(ends) < 2 else max(ends))
    last = None if before.until is None or after.until is None else max(before.until, after.until)
    if before.until == after.until:
        last = max(before.since, after.since) - timedelta(days=1)
    return min(before.since, after.since), last
