"""The real log-in page: throttled, recorded; passwords that expire; sessions that end; the second factor."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from roster.accounts import actions, reset_actions
from roster.accounts.models import User
from roster.accounts.rules import FIRST_PASSWORD_LIVES
from roster.audit.models import AuditEvent
from tests import build
from tests.roster.conftest import Tree

pytestmark = pytest.mark.django_db
NEW = "Xin-mima-2026-yunzhou"


def log_in(client: Client, username: str, password: str = build.PASSWORD) -> Any:
    return client.post("/account/login/", {"login": username, "password": password})


def verbs(user: User) -> list[str]:
    return list(AuditEvent.objects.about(user).order_by("pk").values_list("verb", flat=True))


def test_log_in_and_out_are_recorded(keeper: User, still: None) -> None:
    client = Client(REMOTE_ADDR="10.1.2.3")
    assert log_in(client, keeper.username).status_code == 302
    assert client.get("/committees/").status_code == 200
    client.post("/account/logout/")
    assert client.get("/committees/").status_code == 302
    first, last = AuditEvent.objects.about(keeper).order_by("pk")
    assert (first.verb, last.verb, first.address, first.actor) == ("登录", "退出", "10.1.2.3", keeper)
    assert "学习秘书" in first.actor_role


def test_five_failures_lock_the_name_from_that_address_for_a_while(keeper: User, still: None) -> None:
    client = Client()
    for _ in range(4):
        assert log_in(client, keeper.username, "wrong").status_code == 200
    assert log_in(client, keeper.username, "wrong").status_code == 429
    locked = log_in(client, keeper.username)
    assert locked.status_code == 429 and "暂停 15 分钟" in locked.content.decode()
    assert verbs(keeper)[:4] == ["登录失败"] * 4 and "登录被锁定" in verbs(keeper) and "登录" not in verbs(keeper)
    elsewhere = Client(REMOTE_ADDR="10.9.9.9")
    assert log_in(elsewhere, keeper.username).status_code == 302, (
        "a hundred users behind one proxy are not locked by one"
    )


def test_a_reset_unlocks(keeper: User, admin: User, still: None) -> None:
    client = Client()
    for _ in range(6):
        log_in(client, keeper.username, "wrong")
    secret = reset_actions.reset_password(keeper, by=admin, at=build.AT)
    assert log_in(client, keeper.username, secret).status_code == 302


def test_what_was_typed_as_an_unknown_name_is_not_kept(db: None, still: None) -> None:
    log_in(Client(), "my-Secret-1", "wrong")
    event = AuditEvent.objects.get(verb="登录失败")
    assert "my-Secret-1" not in str(event.content()) and event.subject_label == "（不存在的账号）"


def test_a_disabled_account_does_not_enter(keeper: User, admin: User, still: None) -> None:
    actions.set_active(keeper, active=False, reason="调离", by=admin, at=build.AT)
    assert log_in(Client(), keeper.username).status_code == 200
    assert AuditEvent.objects.get(verb="登录失败").reason == "账号已停用"


def test_a_first_password_expires_unused(keeper: User, admin: User, settings: Any) -> None:
    secret = reset_actions.reset_password(keeper, by=admin, at=build.AT)
    settings.CLOCK = build.AT + FIRST_PASSWORD_LIVES + timedelta(minutes=1)
    client = Client()
    answer = client.post("/account/login/", {"login": keeper.username, "password": secret}, follow=True)
    assert "初始密码已过 72 小时" in answer.content.decode()
    assert client.get("/committees/").status_code == 302 and verbs(keeper)[-1] == "登录被拒绝"


def test_a_first_password_is_changed_before_anything_else(keeper: User, admin: User, still: None) -> None:
    secret = reset_actions.reset_password(keeper, by=admin, at=build.AT)
    client = Client()
    log_in(client, keeper.username, secret)
    assert client.get("/committees/")["Location"] == "/account/password/change/"
    change(client, secret, NEW)
    keeper.refresh_from_db()
    assert not keeper.must_change_password and keeper.password_changed_at == build.AT
    assert client.get("/committees/").status_code == 200, "one's own session stays"
    assert verbs(keeper)[-1] == "修改密码"


def change(client: Client, old: str, new: str) -> Any:
    return client.post("/account/password/change/", {"oldpassword": old, "password1": new, "password2": new})


def test_none_of_the_last_five_passwords_comes_back(keeper: User, still: None) -> None:
    client = Client()
    log_in(client, keeper.username)
    words = [build.PASSWORD, *(f"{NEW}-{number}" for number in range(5))]
    same = change(client, words[0], words[0])
    assert same.status_code == 200 and "最近 5 次" in same.content.decode()
    for old, new in zip(words, words[1:], strict=False):
        cache.clear()  # the page itself allows five tries a minute
        assert change(client, old, new).status_code == 302
        assert "最近 5 次" in change(client, new, old).content.decode()
    cache.clear()
    assert change(client, words[-1], words[0]).status_code == 302, "the sixth last may come back"
    keeper.refresh_from_db()
    assert len(keeper.old_passwords) == 5


@pytest.mark.parametrize(("weak", "why"), [("abcdefghijkl", "三类"), ("Ab1-", "10"), ("password1234", "三类")])
def test_weak_passwords_are_refused(weak: str, why: str, keeper: User, still: None) -> None:
    client = Client()
    log_in(client, keeper.username)
    answer = change(client, build.PASSWORD, weak)
    assert answer.status_code == 200 and why in answer.content.decode()


def test_a_password_is_changed_every_ninety_days(keeper: User, settings: Any) -> None:
    User.objects.filter(pk=keeper.pk).update(password_changed_at=build.AT)
    settings.CLOCK = build.AT + timedelta(days=90)
    client = Client()
    log_in(client, keeper.username)
    assert client.get("/committees/")["Location"] == "/account/password/change/"


def test_idle_sessions_end_and_a_sign_of_life_keeps_them(keeper: User, settings: Any) -> None:
    settings.CLOCK = build.AT
    client = Client()
    log_in(client, keeper.username)
    client.get("/committees/")
    settings.CLOCK = build.AT + timedelta(minutes=29)
    assert client.post("/account/keep-alive/").status_code == 204
    settings.CLOCK = build.AT + timedelta(minutes=58)
    assert client.get("/committees/").status_code == 200
    settings.CLOCK = build.AT + timedelta(minutes=89)
    ended = client.get("/committees/")
    assert ended.status_code == 302 and ended["Location"].startswith("/account/login/?next=")


def test_no_session_lives_longer_than_twelve_hours(keeper: User, settings: Any) -> None:
    settings.CLOCK = build.AT
    client = Client()
    log_in(client, keeper.username)
    for minutes in range(0, 12 * 60 + 1, 20):
        settings.CLOCK = build.AT + timedelta(minutes=minutes)
        assert client.get("/committees/").status_code == 200
    settings.CLOCK = build.AT + timedelta(hours=12, minutes=1)
    assert client.get("/committees/").status_code == 302


def test_the_three_administrators_set_up_a_second_factor_first(
    admin: User, keeper: User, enter: Callable, settings: Any
) -> None:
    settings.REQUIRE_ADMIN_MFA = True
    assert enter(admin).get("/committees/")["Location"] == "/account/2fa/totp/activate/"
    assert enter(keeper).get("/committees/").status_code == 200
    assert enter(admin).get("/account/profile/").status_code == 200


def test_nobody_signs_himself_up(db: None, still: None) -> None:
    assert Client().get("/account/signup/").status_code == 404


def test_the_backstage_shows_and_changes_nothing(tree: Tree, admin: User, keeper: User, enter: Callable) -> None:
    User.objects.filter(pk__in=[admin.pk, keeper.pk]).update(is_staff=True)
    client = enter(admin)
    place = f"/backstage/roster/committee/{tree.county.pk}/change/"
    assert client.get("/backstage/roster/committee/").status_code == 200
    page = client.get(place).content.decode()
    assert 'name="_save"' not in page
    assert client.post(place, {"name": "改名"}).status_code == 403
    assert client.get("/backstage/roster/committee/add/").status_code == 404
    assert enter(keeper).get("/backstage/roster/committee/").status_code == 403


def test_switching_the_role_and_ending_other_sessions_stand_in_the_record(tree: Tree, still: None) -> None:
    keeper = build.account(build.secretary(tree.county).person)
    build.member(tree.county, keeper.person)
    here, there = Client(), Client()
    for client in (here, there):
        log_in(client, keeper.username)
    here.post("/account/role/", {"to": f"MEMBER:{tree.county.pk}"})
    event = AuditEvent.objects.get(verb="切换身份")
    assert (event.before, event.after) == ("学习秘书（清河县委）", "中心组成员（清河县委）")
    here.post("/account/role/", {"to": "ADMIN:1"})
    assert AuditEvent.objects.filter(verb="切换身份").count() == 1
    here.get("/account/sessions/")
    assert here.post("/account/sessions/").status_code == 302
    assert AuditEvent.objects.get(verb="退出其他设备").data == {"sessions": 1}
    assert there.get("/committees/").status_code == 302 and here.get("/committees/").status_code == 200
