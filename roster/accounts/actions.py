"""Every change to accounts and grants."""

import secrets
from datetime import date, datetime

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db import transaction

from roster.accounts.access import belonging_of
from roster.accounts.models import Grant, PasswordReset, ResetStage, User
from roster.accounts.roles import GRANTED, SEPARATED, Permission, Role
from roster.accounts.rules import Held, grant_reasons, needs_second, new_password, username_reasons
from roster.audit.actions import SHANGHAI, Actor, record, saying
from roster.audit.moves import Refused
from roster.committees.models import Committee
from roster.committees.rules import period_reasons, said, within_reasons
from roster.people.actions import merged_sentence
from roster.people.models import GroupRole, Person

USERNAME_TAKEN = "登录名已被使用，请换一个。"
WIDER = "此人还在您管理范围以外的单位任职，账号请由管得到这些单位的上级系统管理员开通。"
HAS_ACCOUNT = "此人已有账号，一人一号；忘记密码请用“重置密码”。"


def is_own(user: User, by: Actor) -> bool:
    return by.pk == user.pk or (by.person_id is not None and by.person_id == user.person_id)


@transaction.atomic
def create_account(
    *, person: Person, username: str, password: str | None = None, by: Actor, at: datetime
) -> tuple[User, str]:
    """The account and its password.

    A random one (none given) lives 72 hours and is changed at the first log-in; a given one (demo, migration) stands.
    """
    reasons = username_reasons(username)
    if User.objects.filter(username__iexact=username).exists():
        reasons.append(USERNAME_TAKEN)
    if User.objects.filter(person=person).exists():
        reasons.append(HAS_ACCOUNT)
    if person.merged_into_id is not None:
        reasons.append(merged_sentence(person))
    if isinstance(by, User):
        # Who opens the account is told its first password: it must not open more than he reaches.
        held = belonging_of(person.pk, at.astimezone(SHANGHAI).date())
        if needs_second(held, by.reach(Permission.ACCOUNT_EDIT).paths):
            reasons.append(WIDER)
    user = User(username=username, person=person, must_change_password=password is None, password_changed_at=at)
    if password is not None:
        reasons += _password_reasons(password, user)
    if reasons:
        raise Refused(reasons)
    secret = password if password is not None else new_password(secrets.choice)
    user.password = make_password(secret)
    with saying({"username": USERNAME_TAKEN, "person_id": HAS_ACCOUNT}):
        user.save()
    record(user, verb="新建账号", by=by, at=at, data={"username": username, "person": person.code})
    return user, secret


def _password_reasons(password: str, user: User) -> list[str]:
    try:
        validate_password(password, user)
    except ValidationError as error:
        return list(error.messages)
    return []


def set_password(row: User, password: str, *, must_change: bool, at: datetime) -> None:
    if row.has_usable_password():
        row.old_passwords = [*row.old_passwords, row.password][-settings.PASSWORD_HISTORY :]
    row.password = make_password(password)
    row.must_change_password, row.password_changed_at = must_change, at
    row.save(update_fields=["password", "old_passwords", "must_change_password", "password_changed_at"])


def end_sessions(user: User) -> None:
    """Log the account out everywhere."""
    rows = UserSession.objects.filter(user=user)
    Session.objects.filter(session_key__in=list(rows.values_list("session_key", flat=True))).delete()
    rows.delete()


@transaction.atomic
def change_own_password(user: User, password: str, *, by: Actor, at: datetime) -> None:
    """What the account's owner chose; the form has checked it against the rules, and a code where one is owed."""
    row = User.objects.select_for_update(of=("self",)).get(pk=user.pk)
    PasswordReset.objects.filter(user=row, stage=ResetStage.DONE, used_at=None).update(used_at=at)
    set_password(row, password, must_change=False, at=at)
    user.password, user.old_passwords = row.password, row.old_passwords
    user.must_change_password, user.password_changed_at = False, at
    record(row, verb="修改密码", by=by, at=at)


@transaction.atomic
def set_active(user: User, *, active: bool, reason: str = "", by: Actor, at: datetime) -> User:
    """Disabled: logged out everywhere, at once. Nothing the account did is touched."""
    row = User.objects.select_for_update(of=("self",)).get(pk=user.pk)
    reasons = []
    if is_own(row, by):
        reasons.append("不能停用或启用自己的账号。")
    if row.is_active == active:
        reasons.append("账号已是启用状态。" if active else "账号已是停用状态。")
    if active and row.person and (merged := merged_sentence(row.person)):
        reasons.append(merged)
    if not active and not reason.strip():
        reasons.append("请写明停用原因，如 调离、长期不用。")
    if reasons:
        raise Refused(reasons)
    row.is_active = active
    row.save(update_fields=["is_active"])
    if not active:
        end_sessions(row)
    before, after = ("停用", "启用") if active else ("启用", "停用")
    record(row, verb=f"{after}账号", by=by, at=at, before=before, after=after, reason=reason)
    return row


def roles_held(user: User) -> list[Held]:
    """Every role of the account at any time: granted ones and those that follow from the roster."""
    found = [
        Held(Role(row.role), row.committee_id, str(row.committee), row.since, row.until)
        for row in user.grants.select_related("committee")
    ]
    if user.person is not None:
        for keeper in user.person.secretaryships.select_related("committee"):
            found.append(Held(Role.SECRETARY, keeper.committee_id, str(keeper.committee), keeper.since, keeper.until))
        for member in user.person.memberships.select_related("committee"):
            role = Role.MEMBER if member.group_role == GroupRole.MEMBER else Role(member.group_role)
            found.append(Held(role, member.committee_id, str(member.committee), member.since, member.until))
    return found


@transaction.atomic
def grant(
    *, user: User, role: str, committee: Committee, since: date, until: date | None = None, by: Actor, at: datetime
) -> Grant:
    """A role over `committee` and all below it. Refused: to himself, twice, against the separation of the three."""
    User.objects.select_for_update(of=("self",)).get(pk=user.pk)
    wanted = Held(Role(role), committee.pk, str(committee), since, until)
    reasons = period_reasons(since, until)
    if wanted.role not in GRANTED:
        reasons.append("这个身份由名册决定，不用授权：请在委员会页面增加成员或学习秘书。")
    reasons += within_reasons(since, until, committee.since, committee.until, frame=f"“{committee}”")
    reasons += grant_reasons(wanted, roles_held(user), to_himself=is_own(user, by), name=str(user))
    if reasons:
        raise Refused(reasons)
    row = Grant(user=user, role=wanted.role.value, committee=committee, since=since, until=until, granted_by_id=by.pk)
    separated = f"三员分立：{user}刚刚被授予另一个管理角色，请刷新后核对。"
    with saying({"grant_three_separated": separated, "grant_never_to_oneself": "不能给自己授权。"}):
        row.save()
    record(row, verb="授予角色", by=by, at=at, after=row.get_role_display(), data=_grant_data(row))
    return row


@transaction.atomic
def end_grant(row: Grant, *, until: date, version: int, by: Actor, at: datetime) -> Grant:
    """`until` is the last day it acts; yesterday ends it at once."""
    row = Grant.objects.lock(row.pk, version)
    reasons = period_reasons(row.since, until)
    if is_own(row.user, by):
        reasons.append("不能结束自己的角色，请由另一名安全管理员办理。")
    if row.until is not None and row.until <= until:
        reasons.append(f"这个角色到 {said(row.until)} 已结束，新的结束日期应更早。")
    if reasons:
        raise Refused(reasons)
    row.until = until
    row.save_changed()
    record(row, verb="结束角色", by=by, at=at, before=row.get_role_display(), data=_grant_data(row))
    return row


def _grant_data(row: Grant) -> dict[str, str | None]:
    return {
        "user": row.user.username, "role": row.role, "since": row.since.isoformat(),
        "until": row.until.isoformat() if row.until else None,
    }  # fmt: skip


def separated(user: User) -> bool:
    """Whether the account holds one of the three administrators' roles today (after `act`)."""
    return any(hold.role in SEPARATED for hold in user.holds)
