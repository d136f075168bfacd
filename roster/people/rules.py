"""Pure rules of people and their terms."""

import re
import unicodedata
from collections.abc import Container, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from roster.committees.rules import meet, span_said

# Ways to write the dot between the parts of a name: offices use whatever their keyboard offers.
DOTS = "·•‧∙⋅・･●．᛫"
_ONE_DOT = str.maketrans(dict.fromkeys(DOTS, "·"))
PHONE = re.compile(r"1\d{10}|0\d{2,3}-?\d{7,8}(-\d{1,6})?")


@dataclass(frozen=True)
class Term:
    """A period, ends included; `until` None is open."""

    since: date
    until: date | None


def same_name(name: str) -> str:
    """The name as it is compared: one dot for all dots, no spaces, full-width letters as plain ones, no case."""
    plain = unicodedata.normalize("NFKC", name.translate(_ONE_DOT))
    return "".join(plain.split()).casefold()


def name_pattern(text: str) -> str:
    """A regular expression for a name that holds `text`, whichever dot either of them is written with."""
    dots = f"[{DOTS}]"
    return "".join(dots if letter in DOTS else re.escape(letter) for letter in text)


def needs_another(*, own: bool, from_above: bool, leading: bool) -> bool:
    """Whether a term waits for somebody else's yes.

    Nobody gives himself a role; leader, deputy and secretary come from above or are confirmed by another person.
    """
    return own or (leading and not from_above)


def gives_more(before: tuple[str, Term], after: tuple[str, Term], today: date, *, leading: Container[str]) -> bool:
    """Whether a change of a term (role, period) opens something that was not open before."""
    (old_role, old), (role, term) = before, after
    if role != old_role and role in leading:
        return True
    longer = old.until is not None and (term.until is None or term.until > old.until)
    return longer or (old.since > today and term.since < old.since)


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
