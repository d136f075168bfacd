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


ACTING_MOST = timedelta(days=366)


def acting_reasons(name: str, term: Term, belongs: Iterable[Term], *, today: date, leads: bool, own: bool) -> list[str]:
    """Why somebody cannot be made to act for the leader; `belongs` are his confirmed memberships of the group."""
    reasons = ["不能授权给自己，请由组长或上级宣传部门授权。"] if own else []
    if term.until is None or term.until < term.since:
        return [*reasons, "结束日期不能早于起始日期。"]
    if term.since < today:
        reasons.append("起始日期不能早于今天：授权之前的审批不能补授权。")
    if term.until - term.since > ACTING_MOST:
        reasons.append("一次最多授权一年；时间更长的，到期再授，或按任命改名册。")
    if leads:
        reasons.append(f"{name}这段时间本来就是组长，不用授权。")
    covered = any(one.since <= term.since and (one.until is None or one.until >= term.until) for one in belongs)
    if not covered:
        reasons.append(f"{name}不是这段时间里的中心组成员，请选副组长或成员，或改日期。")
    return reasons


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
