"""Pure rules of accounts: who may be given which role, and how long a first password lives."""

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from roster.accounts.roles import ROLES, SEPARATED, Role
from roster.committees.rules import meet, span_said

FIRST_PASSWORD_LIVES = timedelta(hours=72)
# Without letters and digits that are mistaken for each other on paper (0 O o, 1 l I).
ALPHABETS = ("abcdefghijkmnpqrstuvwxyz", "ABCDEFGHJKLMNPQRSTUVWXYZ", "23456789", "-+=@#%")
USERNAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{2,29}")


@dataclass(frozen=True)
class Held:
    """A role over a committee, dated, ends included."""

    role: Role
    committee_id: int
    where: str
    since: date
    until: date | None


def new_password(choose: Callable[[str], str], length: int = 14) -> str:
    """A random password with all four classes; `choose` picks one letter of a string (secrets.choice)."""
    letters = [choose(alphabet) for alphabet in ALPHABETS]
    return "".join([*letters, *(choose("".join(ALPHABETS[:3])) for _ in range(length - len(letters)))])


def first_password_expired(must_change: bool, changed_at: datetime | None, now: datetime) -> bool:
    """A password somebody else knows (made at creation or reset) is good for 72 hours only."""
    return must_change and changed_at is not None and now - changed_at > FIRST_PASSWORD_LIVES


def needs_second(held: Iterable[tuple[Role, str]], reach: Collection[str]) -> bool:
    """Whether a reset takes a second person: one of the three or a head, or somebody who reaches farther than the resetter.

    `held`: the owner's roles of now and later with the path of their committee; `reach`: the resetter's subtrees.
    """
    return any(
        role in SEPARATED or role == Role.HEAD or not any(path.startswith(top) for top in reach) for role, path in held
    )


def username_reasons(username: str) -> list[str]:
    if USERNAME.fullmatch(username):
        return []
    return ["登录名用 3 至 30 位字母、数字、点、横线或下划线，以字母或数字开头。"]


def grant_reasons(wanted: Held, held: Iterable[Held], *, to_himself: bool, name: str) -> list[str]:
    """三员分立 and no twice: `held` are the roles the account has at any time, those from the roster included."""
    reasons = ["不能给自己授权，请由另一名安全管理员办理。"] if to_himself else []
    label = ROLES[wanted.role].label
    for other in held:
        if not meet(wanted.since, wanted.until, other.since, other.until):
            continue
        span = span_said(other.since, other.until)
        if other.role == wanted.role and other.committee_id == wanted.committee_id:
            reasons.append(f"{name}在{other.where}已有{label}角色（{span}），不需要再授一次。")
        elif wanted.role in SEPARATED and other.role in SEPARATED and other.role != wanted.role:
            reasons.append(
                f"三员分立：{name}已是{ROLES[other.role].label}（{span}），不能同时任{label}。请先结束原角色。"
            )
        elif wanted.role in SEPARATED and other.role == wanted.role:
            reasons.append(f"{name}已是{other.where}的{label}（{span}），一个账号只担任一处。请先结束原角色。")
        elif (wanted.role in SEPARATED) != (other.role in SEPARATED):
            reasons.append(
                f"三员不接触业务内容：{name}已是{other.where}的{ROLES[other.role].label}（{span}），不能同时任{label}。"
            )
    return reasons
