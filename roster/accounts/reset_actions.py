"""Resetting somebody's password: alone where the resetter reaches as far, with a second person where he does not."""

import secrets
from datetime import date, datetime

from axes.utils import reset as unlock
from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction

from roster.accounts.access import may_second, reach_of
from roster.accounts.actions import end_sessions, is_own, set_password
from roster.accounts.consequences import tell
from roster.accounts.models import PasswordReset, ResetStage, User
from roster.accounts.roles import Permission
from roster.accounts.rules import needs_second, new_password
from roster.audit.actions import SHANGHAI, Actor, record, saying
from roster.audit.moves import Move, Moves, Refused

MOVES = Moves(
    thing="这项重置申请",
    labels=dict(ResetStage.choices),
    moves=[
        Move("agree", "同意重置", (ResetStage.ASKED,), ResetStage.DONE),
        Move("refuse", "不同意重置", (ResetStage.ASKED,), ResetStage.REFUSED),
    ],
)
OWN = "自己的密码请在“修改密码”里改。"
TWO = "此账号是三员、部领导，或管的范围比您的大：重置须由该范围的安全管理员作为第二人同意，请改用“申请重置密码”。"
ONE_OPEN = "这个账号已有一项重置申请在等第二人同意。"


def _day(at: datetime) -> date:
    return at.astimezone(SHANGHAI).date()


def takes_two(owner: User, *, by: Actor, at: datetime) -> bool:
    """Whether `by` may not reset alone. A command on the server (SystemActor) is asked for by whoever runs the server."""
    if not isinstance(by, User):
        return False
    return needs_second(reach_of(owner, _day(at)), by.reach(Permission.ACCOUNT_EDIT).paths)


@transaction.atomic
def reset_password(user: User, *, by: Actor, at: datetime) -> str:
    """A new random password, told once; everything open under the old one is logged out, and the owner is told."""
    row = User.objects.select_for_update(of=("self",)).get(pk=user.pk)
    if is_own(row, by):
        raise Refused(OWN)
    if takes_two(row, by=by, at=at):
        raise Refused(TWO)
    secret = _renew(row, at)
    record(row, verb="重置密码", by=by, at=at)
    _tell(
        row,
        "您的密码被重置",
        f"{by.display_name}重置了您的密码，原来登录的设备都已退出。不是您要求的，请马上告诉安全管理员。",
        at,
    )
    return secret


def _renew(row: User, at: datetime) -> str:
    secret = new_password(secrets.choice)
    set_password(row, secret, must_change=True, at=at)
    unlock(username=row.username)
    end_sessions(row)
    return secret


def _tell(row: User, title: str, lead: str, at: datetime) -> None:
    tell(row.person_id, title, lead, at)


@transaction.atomic
def ask(user: User, *, reason: str, by: Actor, at: datetime) -> tuple[PasswordReset, str]:
    """The first person's half: nothing changes yet. The code is told once, for the owner to choose his password with."""
    row = User.objects.select_for_update(of=("self",)).get(pk=user.pk)
    reasons = [OWN] if is_own(row, by) else []
    if not reason.strip():
        reasons.append("请写明重置的原因，如 本人忘记密码，已当面核实。")
    if PasswordReset.objects.filter(user=row, stage=ResetStage.ASKED).exists():
        reasons.append(ONE_OPEN)
    if reasons:
        raise Refused(reasons)
    code = new_password(secrets.choice, 12)
    asked = PasswordReset(
        user=row, reason=reason.strip()[:200], code=make_password(code), asked_by_id=by.pk, asked_at=at
    )  # fmt: skip
    with saying({"password_reset_one_open": ONE_OPEN, "password_reset_never_own": OWN}):
        asked.save()
    record(row, verb="申请重置密码", by=by, at=at, reason=asked.reason)
    lead = (
        f"{by.display_name}申请重置您的密码（{asked.reason}），须由安全管理员同意。不是您要求的，请马上告诉安全管理员。"
    )
    _tell(row, "有人申请重置您的密码", lead, at)
    return asked, code


def _locked(row: PasswordReset, version: int, by: User, at: datetime, move: str) -> PasswordReset:
    found: PasswordReset = PasswordReset.objects.lock(row.pk, version)
    found.stage = MOVES.target(found.stage, move)
    reasons = []
    if is_own(found.user, by):
        reasons.append("不能办理自己账号的重置，请由另一名安全管理员办理。")
    if by.pk == found.asked_by_id or is_own(found.asked_by, by):
        reasons.append("申请人不能自己同意，请由安全管理员作为第二人办理。")
    if not may_second(by, found.user, _day(at)):
        reasons.append("此账号的范围超出您的管理范围，请由上级安全管理员办理。")
    if reasons:
        raise Refused(reasons)
    found.decided_by, found.decided_at = by, at
    return found


@transaction.atomic
def agree(row: PasswordReset, *, version: int, by: User, at: datetime) -> tuple[PasswordReset, str]:
    """The second person's half: the password is renewed and told once. Without the first one's code it opens nothing."""
    found = _locked(row, version, by, at, "agree")
    owner = User.objects.select_for_update(of=("self",)).get(pk=found.user_id)
    secret = _renew(owner, at)
    found.save_changed()
    record(owner, verb="同意重置密码", by=by, at=at, reason=found.reason, data={"asked_by": found.asked_by.username})
    names = f"{found.asked_by.display_name}申请、{by.display_name}同意"
    _tell(owner, "您的密码被重置", f"{names}，重置了您的密码，原来登录的设备都已退出。", at)
    return found, secret


@transaction.atomic
def refuse(row: PasswordReset, *, version: int, reason: str, by: User, at: datetime) -> PasswordReset:
    found = _locked(row, version, by, at, "refuse")
    if not reason.strip():
        raise Refused("请写明不同意的原因。")
    found.save_changed()
    record(found.user, verb="不同意重置密码", by=by, at=at, reason=reason.strip())
    return found


def waiting_code(user: User) -> PasswordReset | None:
    """The reset whose code the owner must know to choose his password; None after an ordinary reset."""
    if not user.must_change_password:
        return None
    last = PasswordReset.objects.filter(user=user, stage=ResetStage.DONE, used_at=None).order_by("-decided_at").first()
    return last if last and last.decided_at == user.password_changed_at else None


def code_fits(row: PasswordReset, code: str) -> bool:
    return check_password(code.strip(), row.code)
