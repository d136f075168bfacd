"""A reset of one of the three, of a head, or of somebody who reaches farther takes two people, and neither gets in alone."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from roster.accounts import actions, reset_actions
from roster.accounts.models import PasswordReset, ResetStage, User
from roster.accounts.roles import Role
from roster.audit.models import AuditEvent
from roster.audit.moves import Refused
from roster.people.models import GroupRole
from sessions_app.notices.models import Notice
from tests import build
from tests.roster.conftest import Tree

pytestmark = pytest.mark.django_db
NEW = "Renmin-2026-dahuitang"
Enter = Callable[[User], Client]


def of_roster(kind: str, tree: Tree, where: str) -> User:
    row = build.secretary if kind == "secretary" else build.member
    given = {"role": GroupRole.LEADER} if kind == "leader" else {}
    return build.account(row(getattr(tree, where), **given).person)


OWNERS: dict[str, tuple[Callable[[Tree], User], bool, bool]] = {
    # who: (made, takes two for the city's administrator, for the county's)
    "admin of the city": (lambda tree: build.granted(Role.ADMIN, tree.city), True, True),
    "security of the city": (lambda tree: build.granted(Role.SECURITY, tree.city), True, True),
    "auditor of the county": (lambda tree: build.granted(Role.AUDITOR, tree.county), True, True),
    "head of the city": (lambda tree: build.granted(Role.HEAD, tree.city), True, True),
    "head of the county": (lambda tree: build.granted(Role.HEAD, tree.county), True, True),
    "reviewer of the city": (lambda tree: build.granted(Role.REVIEWER, tree.city), False, True),
    "reviewer of the county": (lambda tree: build.granted(Role.REVIEWER, tree.county), False, False),
    "leader of the city": (lambda tree: of_roster("leader", tree, "city"), False, True),
    "secretary of another county": (lambda tree: of_roster("secretary", tree, "other"), False, True),
    "secretary of the county": (lambda tree: of_roster("secretary", tree, "county"), False, False),
    "member of a township": (lambda tree: of_roster("member", tree, "township"), False, False),
    "nobody yet": (lambda tree: build.account(), False, False),
}


@pytest.mark.parametrize("level", ["city", "county"])
@pytest.mark.parametrize("who", OWNERS)
def test_who_takes_two(tree: Tree, who: str, level: str) -> None:
    made, of_city, of_county = OWNERS[who]
    owner, by = made(tree), build.granted(Role.ADMIN, getattr(tree, level))
    if of_city if level == "city" else of_county:
        with pytest.raises(Refused, match="第二人同意"):
            reset_actions.reset_password(owner, by=by, at=build.AT)
        owner.refresh_from_db()
        assert owner.check_password(build.PASSWORD)
    else:
        secret = reset_actions.reset_password(owner, by=by, at=build.AT)
        owner.refresh_from_db()
        assert owner.check_password(secret) and owner.must_change_password
        assert Notice.objects.filter(person=owner.person, title="您的密码被重置").count() == 1


def test_a_role_to_come_counts_and_one_gone_does_not(tree: Tree, admin: User) -> None:
    owner = build.account()
    row = owner.grants.create(role=Role.AUDITOR, committee=tree.city, since=build.DAY.replace(day=30))
    assert reset_actions.takes_two(owner, by=admin, at=build.AT)
    row.since, row.until = build.SINCE, build.DAY.replace(day=19)
    row.save()
    assert not reset_actions.takes_two(owner, by=admin, at=build.AT)


def log_in(name: str, word: str) -> Client:
    client = Client()
    client.post("/account/login/", {"login": name, "password": word})
    return client


def test_two_people_and_the_owner_by_the_pages(
    tree: Tree, admin: User, security: User, auditor: User, enter: Enter
) -> None:
    old = log_in(auditor.username, build.PASSWORD)
    assert old.get("/account/profile/").status_code == 200
    page = enter(admin).get(reverse("account", args=[auditor.pk])).content.decode()
    assert reverse("reset_ask", args=[auditor.pk]) in page
    assert f'action="{reverse("account_reset", args=[auditor.pk])}"' not in page
    told = enter(admin).post(reverse("reset_ask", args=[auditor.pk]), {"reason": "本人忘记密码"})
    code = told.context["code"]
    assert old.get("/account/profile/").status_code == 200, "nothing changes before the second has agreed"
    assert Notice.objects.filter(person=auditor.person, title="有人申请重置您的密码").exists()
    row = PasswordReset.objects.get()
    assert row.user.display_name in enter(security).get(reverse("reset_list")).content.decode()
    assert enter(admin).get(reverse("reset_list")).status_code == 404
    done = enter(security).post(reverse("reset_agree", args=[row.pk]), {"version": row.version})
    secret = done.context["secret"]
    assert code not in done.content.decode()
    assert old.get("/account/profile/").status_code == 302, "logged out everywhere"
    assert Notice.objects.filter(person=auditor.person, title="您的密码被重置").exists()
    assert neither_alone(auditor, code, secret)
    own = log_in(auditor.username, secret)
    typed = {"oldpassword": secret, "password1": NEW, "password2": NEW, "code": code}
    assert own.post("/account/password/change/", typed).status_code == 302
    auditor.refresh_from_db()
    assert auditor.check_password(NEW) and not auditor.must_change_password
    row.refresh_from_db()
    assert row.used_at == build.AT
    verbs = list(AuditEvent.objects.about(auditor).order_by("id").values_list("verb", flat=True))
    assert [verb for verb in verbs if "密码" in verb] == ["申请重置密码", "同意重置密码", "修改密码"]
    assert code not in str([event.content() for event in AuditEvent.objects.all()])


def neither_alone(owner: User, code: str, secret: str) -> bool:
    """The first has the code and no password; the second logs in and can do nothing, nor choose a password."""
    assert log_in(owner.username, code).get("/account/profile/").status_code == 302
    second = log_in(owner.username, secret)
    assert second.get("/audit/").status_code in (302, 404)
    assert second.get("/backstage/").status_code == 302
    for guess in ("", "x", secret):
        cache.clear()  # the page itself allows five tries a minute
        typed = {"oldpassword": secret, "password1": NEW, "password2": NEW, "code": guess}
        assert second.post("/account/password/change/", typed).status_code == 200
    cache.clear()
    owner.refresh_from_db()
    return owner.check_password(secret)


def asked(owner: User, by: User) -> PasswordReset:
    return reset_actions.ask(owner, reason="忘记密码", by=by, at=build.AT)[0]


def test_the_second_is_another_of_that_reach_and_never_the_owner(tree: Tree, admin: User, security: User) -> None:
    row = asked(security, admin)
    with pytest.raises(Refused, match="自己账号"):
        reset_actions.agree(row, version=row.version, by=security, at=build.AT)
    county = build.granted(Role.SECURITY, tree.county)
    with pytest.raises(Refused, match="上级安全管理员"):
        reset_actions.agree(row, version=row.version, by=county, at=build.AT)
    with pytest.raises(Refused, match="申请人不能自己同意"):
        reset_actions.agree(row, version=row.version, by=admin, at=build.AT)
    row.refresh_from_db()
    assert row.stage == ResetStage.ASKED


def test_asking_needs_a_reason_once_and_never_for_oneself(tree: Tree, admin: User, auditor: User) -> None:
    with pytest.raises(Refused, match="原因"):
        reset_actions.ask(auditor, reason=" ", by=admin, at=build.AT)
    asked(auditor, admin)
    with pytest.raises(Refused, match="已有一项"):
        asked(auditor, admin)
    with pytest.raises(Refused, match="自己的密码"):
        asked(admin, admin)


def test_refused_it_changes_nothing_and_can_be_asked_again(
    tree: Tree, admin: User, security: User, auditor: User, enter: Enter
) -> None:
    row = asked(auditor, admin)
    address = reverse("reset_refuse", args=[row.pk])
    enter(security).post(address, {"version": row.version, "reason": "本人没有要求"})
    row.refresh_from_db()
    assert row.stage == ResetStage.REFUSED and row.decided_by == security
    auditor.refresh_from_db()
    assert auditor.check_password(build.PASSWORD)
    assert asked(auditor, admin).stage == ResetStage.ASKED


def test_the_database_wants_two(tree: Tree, admin: User, auditor: User) -> None:
    row = asked(auditor, admin)
    for change in ({"decided_by": admin}, {"decided_by": auditor}, {"decided_by": None}):
        with pytest.raises(IntegrityError, match="password_reset"), transaction.atomic():
            PasswordReset.objects.filter(pk=row.pk).update(stage=ResetStage.DONE, **change)


def test_an_ordinary_reset_asks_for_no_code(tree: Tree, admin: User, keeper: User, still: Any) -> None:
    secret = reset_actions.reset_password(keeper, by=admin, at=build.AT)
    client = log_in(keeper.username, secret)
    assert 'name="code"' not in client.get("/account/password/change/").content.decode()
    typed = {"oldpassword": secret, "password1": NEW, "password2": NEW}
    assert client.post("/account/password/change/", typed).status_code == 302


@pytest.mark.parametrize("command", ["changepassword", "createsuperuser"])
def test_no_command_goes_round_it(command: str, admin: User) -> None:
    with pytest.raises(CommandError, match="create_first_admin"):
        call_command(command, admin.username)
    admin.refresh_from_db()
    assert admin.check_password(build.PASSWORD)


def test_another_administrator_made_on_the_server_is_told_to_the_three(
    tree: Tree, security: User, auditor: User, still: Any
) -> None:
    call_command("create_first_admin", "newadmin", "新管理员", "--again")
    told = Notice.objects.filter(title="命令新建了系统管理员")
    assert set(told.values_list("person_id", flat=True)) == {security.person_id, auditor.person_id}


def test_an_account_is_not_opened_for_more_than_one_reaches(tree: Tree, admin: User) -> None:
    """Its first password is told to whoever opens it."""
    county = build.granted(Role.ADMIN, tree.county)
    who = build.member(tree.county).person
    build.member(tree.city, who, role=GroupRole.LEADER)
    with pytest.raises(Refused, match="管理范围以外"):
        actions.create_account(person=who, username="wider", by=county, at=build.AT)
    assert actions.create_account(person=who, username="wider", by=admin, at=build.AT)[0].must_change_password
