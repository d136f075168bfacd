"""Accounts and grants: one a person, roles dated, the three administrators apart, nobody for himself."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import IntegrityError, transaction
from django.test import Client

from roster.accounts import actions, reset_actions
from roster.accounts.models import Grant, User
from roster.accounts.roles import Permission, Role
from roster.audit.models import AuditEvent
from roster.audit.moves import Refused, Stale
from roster.committees.models import Committee
from tests import build
from tests.roster.conftest import Tree

pytestmark = pytest.mark.django_db
TOMORROW = build.DAY + timedelta(days=1)


def give(user: User, role: Role, where: Committee, by: User, **given: object) -> Grant:
    words = {"since": build.DAY} | given
    return actions.grant(user=user, role=role, committee=where, by=by, at=build.AT, **words)  # type: ignore[arg-type]


def test_one_account_a_person_with_a_random_password_to_be_changed(tree: Tree, admin: User) -> None:
    who = build.person("张三")
    user, secret = actions.create_account(person=who, username="zhangsan", by=admin, at=build.AT)
    assert user.check_password(secret) and user.must_change_password and user.password_changed_at == build.AT
    assert secret not in str(AuditEvent.objects.about(user).get().content())
    with pytest.raises(Refused) as refusal:
        actions.create_account(person=who, username="ZhangSan", by=admin, at=build.AT)
    assert len(refusal.value.reasons) == 2
    with pytest.raises(Refused) as weak:
        actions.create_account(person=build.person(), username="甲", password="short", by=admin, at=build.AT)
    assert len(weak.value.reasons) >= 3
    given, _ = actions.create_account(
        person=build.person(), username="demo1", password=build.PASSWORD, by=admin, at=build.AT
    )
    assert not given.must_change_password


def test_reset_and_disable_end_every_session(tree: Tree, admin: User, keeper: User, still: None) -> None:
    client = Client()
    client.post("/account/login/", {"login": keeper.username, "password": build.PASSWORD})
    assert client.get("/committees/").status_code == 200 and Session.objects.count() == 1
    secret = reset_actions.reset_password(keeper, by=admin, at=build.AT)
    keeper.refresh_from_db()
    assert keeper.check_password(secret) and keeper.must_change_password
    assert Session.objects.count() == 0 and client.get("/committees/").status_code == 302
    client.post("/account/login/", {"login": keeper.username, "password": secret})
    assert client.get("/account/profile/").status_code == 200
    actions.set_active(keeper, active=False, reason="调离", by=admin, at=build.AT)
    assert client.get("/account/profile/").status_code == 302


def test_disabling_says_why_and_is_never_for_oneself(tree: Tree, admin: User, keeper: User) -> None:
    with pytest.raises(Refused, match="停用原因"):
        actions.set_active(keeper, active=False, by=admin, at=build.AT)
    with pytest.raises(Refused, match="已是启用状态"):
        actions.set_active(keeper, active=True, by=admin, at=build.AT)
    for act in (
        lambda: actions.set_active(admin, active=False, reason="x", by=admin, at=build.AT),
        lambda: reset_actions.reset_password(admin, by=admin, at=build.AT),
    ):
        with pytest.raises(Refused, match="自己的"):
            act()


def test_a_grant_holds_over_the_subtree_from_its_day_until_its_day(tree: Tree, security: User) -> None:
    user = build.account()
    give(user, Role.REVIEWER, tree.county, security, since=TOMORROW, until=TOMORROW)

    def open_on(day: date) -> set[str]:
        return set(Committee.objects.open_to(user.act(on=day), Permission.PERIOD_EDIT).values_list("code", flat=True))

    assert open_on(build.DAY) == set() and open_on(TOMORROW) == {"X001", "Z001"}
    assert open_on(TOMORROW + timedelta(days=1)) == set()


def test_grants_are_refused_to_oneself_twice_and_for_roles_of_the_roster(tree: Tree, security: User) -> None:
    with pytest.raises(Refused, match="不能给自己授权"):
        give(security, Role.HEAD, tree.city, security)
    user = build.account()
    give(user, Role.HEAD, tree.city, security)
    with pytest.raises(Refused, match="不需要再授一次"):
        give(user, Role.HEAD, tree.city, security)
    with pytest.raises(Refused, match="由名册决定"):
        give(user, Role.SECRETARY, tree.city, security)
    with pytest.raises(Refused, match="早于"):
        give(user, Role.REVIEWER, tree.city, security, since=date(2020, 1, 1))


def test_the_three_exclude_each_other_and_content(tree: Tree, security: User, keeper: User) -> None:
    user = build.account()
    give(user, Role.ADMIN, tree.city, security, until=build.DAY)
    with pytest.raises(Refused, match="三员分立"):
        give(user, Role.AUDITOR, tree.city, security)
    with pytest.raises(Refused, match="三员不接触业务内容"):
        give(user, Role.REVIEWER, tree.city, security)
    with pytest.raises(Refused, match="三员不接触业务内容.*学习秘书"):
        give(keeper, Role.ADMIN, tree.city, security)
    give(user, Role.AUDITOR, tree.city, security, since=TOMORROW)  # one after the other is allowed


def test_the_database_keeps_the_three_apart_too(tree: Tree, security: User) -> None:
    user = build.account()
    give(user, Role.ADMIN, tree.city, security)
    with pytest.raises(IntegrityError, match="grant_three_separated"), transaction.atomic():
        Grant.objects.create(user=user, role=Role.AUDITOR, committee=tree.city, since=build.DAY)
    with pytest.raises(IntegrityError, match="grant_never_to_oneself"), transaction.atomic():
        Grant.objects.create(user=security, role=Role.HEAD, committee=tree.city, since=build.DAY, granted_by=security)


def test_ending_a_grant_acts_on_the_next_request(tree: Tree, security: User, reviewer: User, enter: Callable) -> None:
    client = enter(reviewer)
    assert client.get("/periods/").status_code == 200
    row = reviewer.grants.get()
    actions.end_grant(row, until=build.DAY - timedelta(days=1), version=1, by=security, at=build.AT)
    assert client.get("/periods/").status_code == 404
    with pytest.raises(Refused, match="应更早"):
        actions.end_grant(row, until=build.DAY, version=2, by=security, at=build.AT)
    with pytest.raises(Stale):
        actions.end_grant(row, until=build.DAY, version=1, by=security, at=build.AT)
    with pytest.raises(Refused, match="自己的角色"):
        actions.end_grant(security.grants.get(), until=build.DAY, version=1, by=security, at=build.AT)


def test_account_pages(tree: Tree, admin: User, enter: Callable) -> None:
    who = build.person("张三")
    client = enter(admin)
    answer = client.post("/accounts/new/", {"person": who.pk, "username": "zhangsan"})
    assert answer.status_code == 200 and "no-store" in answer["Cache-Control"]
    user = User.objects.get(username="zhangsan")
    assert user.check_password(answer.context["secret"]) and answer.context["secret"] in answer.content.decode()
    assert client.post("/accounts/new/", {"person": who.pk, "username": "zhangsan"}).status_code == 422
    assert client.post(f"/accounts/{user.pk}/disable/", {}).status_code == 302
    user.refresh_from_db()
    assert user.is_active, "no reason was given"
    client.post(f"/accounts/{user.pk}/disable/", {"reason": "调离"})
    client.post(f"/accounts/{user.pk}/enable/")
    user.refresh_from_db()
    assert user.is_active
    reset = client.post(f"/accounts/{user.pk}/reset/")
    user.refresh_from_db()
    assert user.check_password(reset.context["secret"])
    assert client.get(f"/accounts/{user.pk}/reset/").status_code == 405
    verbs = AuditEvent.objects.about(user).order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["新建账号", "停用账号", "启用账号", "重置密码"]


def test_grant_pages(tree: Tree, security: User, enter: Callable) -> None:
    user = build.account(build.person("张三"))
    client = enter(security)
    given = {"user": user.pk, "role": "REVIEWER", "committee": tree.county.pk, "since": "2026-03-20"}
    assert client.post("/grants/new/", given).status_code == 302
    refused = client.post("/grants/new/", given | {"role": "ADMIN"})
    assert refused.status_code == 422 and "三员不接触业务内容" in refused.content.decode()
    himself = client.post("/grants/new/", given | {"user": security.pk})
    assert "不能给自己授权" in himself.content.decode()
    row = user.grants.get()
    assert client.post(f"/grants/{row.pk}/end/", {"version": 1, "until": "2026-03-20"}).status_code == 302
    row.refresh_from_db()
    assert row.until == build.DAY and row.granted_by == security


def test_a_countys_administrator_sees_its_accounts_only(tree: Tree, enter: Callable) -> None:
    local = build.granted(Role.ADMIN, tree.county)
    mine = build.account(build.member(tree.township).person)
    other = build.account(build.member(tree.other).person)
    page = enter(local).get("/accounts/")
    shown = {row.pk for row in page.context["page_obj"]}
    assert mine.pk in shown and other.pk not in shown
    assert enter(local).get(f"/accounts/{other.pk}/").status_code == 404


def test_the_role_one_acts_in_is_chosen_among_those_held(tree: Tree, enter: Callable) -> None:
    who = build.person("双任")
    build.secretary(tree.county, who)
    build.member(tree.other, who, role="LEADER")
    client = enter(build.account(who))
    wanted = f"LEADER:{tree.other.pk}"
    assert client.post(f"/account/role/?to={wanted}").status_code == 302
    assert client.session["acting"] == wanted
    client.post(f"/account/role/?to=ADMIN:{tree.city.pk}")
    assert client.session["acting"] == wanted
    assert client.get("/account/role/").status_code == 405


def test_own_profile_shows_roles_and_takes_contact(tree: Tree, keeper: User, enter: Callable) -> None:
    client = enter(keeper)
    assert "学习秘书" in client.get("/account/profile/").content.decode()
    assert client.post("/account/profile/", {"version": 1, "phone": "13800000000", "email": ""}).status_code == 302
    assert client.post("/account/profile/", {"version": 2, "phone": "1", "email": "x"}).status_code == 422
    keeper.person.refresh_from_db()
    assert keeper.person.phone == "13800000000"
