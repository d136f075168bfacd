"""The delivery log and the chat robots' pages: who sees what, masked, filtered, sent again, never the content."""

from io import BytesIO
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from roster.accounts.models import User
from roster.accounts.roles import Role
from roster.audit.models import AuditEvent
from roster.audit.moves import Refused, Stale
from roster.committees.models import Committee
from sessions_app.notices import actions, robots
from sessions_app.notices.models import ChatTarget, Delivery, DeliveryStage, Notice
from tests import build

pytestmark = pytest.mark.django_db
KEY = "693a91f6-7abc-4bc4-97a0-0ec2adfa5aaa"
OTHER = "aaaa91f6-7abc-4bc4-97a0-0ec2adfa5bbb"


@pytest.fixture(autouse=True)
def _still(settings: Any) -> None:
    settings.CLOCK = build.AT


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


def sent(where: Committee, *, stage: str = "FAILED", name: str = "", channel: str = "MAIL", **more: Any) -> Delivery:
    """A notice of a member of `where` (or to its group), and how it went."""
    if channel == "CHAT":
        robot, _ = ChatTarget.objects.get_or_create(committee=where, defaults={"provider": "WECOM", "token": KEY})
        whom, address = {"committee": where}, str(robot.pk)
    else:
        person = build.member(where, build.person(name)).person
        person.email = f"zhang{person.pk}@zhixing.example"
        person.save()
        whom, address = {"person": person}, person.email
    notice = Notice.objects.create(
        rhythm="URGENT", period="x", title="秘密标题", lines=[{"what": "秘密事项"}], created_at=build.AT, **whom
    )
    return Delivery.objects.create(
        notice=notice, channel=channel, address=address, stage=stage, next_try_at=build.AT, attempts=3,
        sent_at=build.AT if stage == "SENT" else None, error="邮件服务器拒收：550" if stage == "FAILED" else "", **more,
    )  # fmt: skip


def test_the_log_shows_how_it_went_masked_and_nothing_of_what_was_said() -> None:
    where = build.committee("甲单位党组")
    sent(where, name="张三")
    sent(where, name="李四", stage="SENT", uncertain=True)
    sent(where, channel="CHAT", stage="WAITING")
    text = client_of(build.granted(Role.ADMIN, where)).get(reverse("delivery_list")).text
    for words in (
        "张三",
        "z***@zhixing.example",
        "邮件服务器拒收：550",
        "可能重复",
        "企业微信",
        "即时提醒",
        "甲单位党组",
    ):
        assert words in text, words
    assert "秘密" not in text and "zhang" not in text and KEY not in text
    assert text.count("重发<span") == 1


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", {"张三", "李四", "甲单位党组"}), ("stage=SENT", {"李四"}), ("channel=CHAT", {"甲单位党组"}), ("q=zs", {"张三"}),
        ("q=甲单位", {"甲单位党组"}), ("double=yes", {"李四"}), ("rhythm=MONTHLY", set()), ("first=2026-03-21", set()),
        ("first=2026-03-20&last=2026-03-20&stage=FAILED", {"张三"}), ("stage=NONSENSE", {"张三", "李四", "甲单位党组"}),
    ],
)  # fmt: skip
def test_the_log_is_filtered_by_its_address_and_exported_as_filtered(query: str, names: set[str]) -> None:
    where = build.committee("甲单位党组")
    zhang = sent(where, name="张三").notice.person
    zhang.pinyin = "zhangsan zs"
    zhang.save()
    sent(where, name="李四", stage="SENT", uncertain=True)
    sent(where, channel="CHAT", stage="WAITING")
    client = client_of(build.granted(Role.ADMIN, where))
    page = client.get(f"{reverse('delivery_list')}?{query}").context["page_obj"]
    assert {row.whom for row in page.object_list} == names
    answer = client.get(f"{reverse('delivery_list')}?{query}&format=xlsx")
    sheet = openpyxl.load_workbook(BytesIO(answer.content)).active
    rows = list(sheet.iter_rows(min_row=5, values_only=True))
    assert {row[1] for row in rows} == names
    assert not any("秘密" in str(cell) or "zhang" in str(cell) for row in rows for cell in row)
    assert AuditEvent.objects.filter(verb="export", subject_id=where.pk).count() == 1


def test_the_log_reaches_the_subtree_and_no_further() -> None:
    root = build.committee()
    own, other = build.committee(parent=root), build.committee(parent=root)
    mine, theirs = sent(own), sent(other)
    chat = sent(other, channel="CHAT")
    client = client_of(build.granted(Role.ADMIN, own))
    assert [row.pk for row in client.get(reverse("delivery_list")).context["page_obj"].object_list] == [mine.pk]
    for row in (theirs, chat):
        assert client.post(reverse("delivery_resend", args=[row.pk])).status_code == 404
    assert client_of(build.secretary_of(own)).get(reverse("delivery_list")).status_code == 404
    all_of_them = client_of(build.granted(Role.ADMIN, root)).get(reverse("delivery_list")).context["page_obj"]
    assert len(all_of_them.object_list) == 3


def test_as_many_queries_for_thirty_rows_as_for_one() -> None:
    counts = {}
    for size in (1, 30):
        where = build.committee()
        for n in range(size):
            sent(where, stage="SENT" if n % 2 else "FAILED")
            sent(build.committee(parent=where), channel="CHAT")
        for role, name in ((Role.ADMIN, "delivery_list"), (Role.ADMIN, "chat_list")):
            client = client_of(build.granted(role, where))
            client.get(reverse(name))
            with CaptureQueriesContext(connection) as seen:
                assert client.get(reverse(name) + "?per=100").status_code == 200
            counts.setdefault(name, set()).add(len(seen))
    assert all(len(found) == 1 for found in counts.values()), counts


def test_what_failed_is_sent_again_to_the_address_of_today_and_the_record_knows() -> None:
    where = build.committee()
    row = sent(where, uncertain=True)
    person = row.notice.person
    person.email = "new@zhixing.example"
    person.save()
    admin = build.granted(Role.ADMIN, where)
    back = "/deliveries/?stage=FAILED"
    answer = client_of(admin).post(reverse("delivery_resend", args=[row.pk]), {"back": back})
    assert (answer.status_code, answer["Location"]) == (302, back)
    row.refresh_from_db()
    assert (row.stage, row.attempts, row.error, row.address) == (DeliveryStage.WAITING, 0, "", "new@zhixing.example")
    assert row.uncertain, "it may have arrived, whoever sends it again"
    event = AuditEvent.objects.get(verb="resend")
    assert (event.before, event.after, event.actor_id) == ("FAILED", "WAITING", admin.pk)
    again = client_of(admin).post(
        reverse("delivery_resend", args=[row.pk]), {"back": "//elsewhere.example/"}, follow=True
    )
    assert again.redirect_chain[0][0] == reverse("delivery_list") and "不能重发" in again.text


def test_nothing_is_sent_again_without_an_address_or_a_robot() -> None:
    where = build.committee()
    mail, chat = sent(where), sent(where, channel="CHAT")
    mail.notice.person.email = ""
    mail.notice.person.save()
    ChatTarget.objects.update(is_active=False)
    by = build.granted(Role.ADMIN, where)
    for row, words in ((mail, "没有邮箱"), (chat, "已停用")):
        with pytest.raises(Refused, match=words):
            actions.resend(row, by=by, at=build.AT)
    with pytest.raises(Refused, match="已发送"):
        actions.resend(sent(where, stage="SENT"), by=by, at=build.AT)
    assert not AuditEvent.objects.filter(verb="resend").exists()


def test_all_that_failed_among_the_rows_found_is_sent_again_and_the_rest_says_why() -> None:
    root = build.committee()
    own, other = build.committee(parent=root), build.committee(parent=root)
    good, silent, not_found, foreign = sent(own), sent(own), sent(own, channel="CHAT"), sent(other)
    fine = sent(own, stage="SENT")
    silent.notice.person.email = ""
    silent.notice.person.save()
    client = client_of(build.granted(Role.ADMIN, own))
    listed = client.get(reverse("delivery_list") + "?stage=FAILED&channel=MAIL").text
    assert "全部重发" in listed and "全部重发" not in client.get(reverse("delivery_list")).text
    answer = client.post(reverse("delivery_resend_all"), {"stage": "FAILED", "channel": "MAIL"}, follow=True)
    assert "1 次发送已排队重发" in answer.text and "1 次没有重发：收件人没有邮箱" in answer.text
    stages = {row.pk: Delivery.objects.get(pk=row.pk).stage for row in (good, silent, not_found, foreign, fine)}
    assert list(stages.values()) == ["WAITING", "FAILED", "FAILED", "FAILED", "SENT"]
    assert AuditEvent.objects.filter(verb="resend").count() == 1


# ------------------------------------------------------------------------------------------------- chat robots


def typed(**more: Any) -> dict[str, Any]:
    return {"provider": "WECOM", "key": KEY, "sign": "", "is_active": "on", "version": 0} | more


def test_a_secretary_keeps_his_committees_robot_and_the_key_is_never_shown_again() -> None:
    where = build.committee("甲单位党组")
    client = client_of(build.secretary_of(where))
    url = reverse("chat_edit", args=[where.pk])
    assert client.post(url, typed()).status_code == 302
    row = ChatTarget.objects.get()
    assert (row.committee, row.token, row.is_active) == (where, KEY, True)
    for page in (client.get(url), client.get(reverse("chat_list"))):
        assert KEY not in page.text and "……5aaa" in page.text
    wrong = client.post(url, typed(key=OTHER, sign="not for wecom", version=row.version))
    assert wrong.status_code == 422 and OTHER not in wrong.text and "只有钉钉用加签密钥" in wrong.text
    assert client.post(url, typed(key="", is_active="", version=row.version)).status_code == 302
    row.refresh_from_db()
    assert (row.token, row.is_active) == (KEY, False)
    events = AuditEvent.objects.filter(subject_type="chattarget")
    assert [event.verb for event in events.order_by("pk")] == ["create", "edit"]
    assert KEY not in str([event.content() for event in events])


def test_a_form_that_was_overtaken_keeps_nothing_and_shows_no_key() -> None:
    where = build.committee()
    client, url = client_of(build.secretary_of(where)), reverse("chat_edit", args=[where.pk])
    client.post(url, typed())
    late = client.post(url, typed(key=OTHER, provider="FEISHU"))
    assert late.status_code == 422 and "已被他人改动" in late.text
    assert KEY not in late.text and OTHER not in late.text
    assert ChatTarget.objects.get().token == KEY
    assert f'name="version" value="{ChatTarget.objects.get().version}"' in late.text


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"key": ""}, "请填写机器人密钥"), ({"key": "https://evil.example/?key=" + KEY}, "只填密钥，不填整个地址"),
        ({"provider": "DINGTALK"}, "密钥的写法不对"), ({"provider": "ELSE"}, "ELSE"),
    ],
)  # fmt: skip
def test_only_a_key_is_kept(more: dict[str, str], words: str) -> None:
    where = build.committee()
    answer = client_of(build.secretary_of(where)).post(reverse("chat_edit", args=[where.pk]), typed(**more))
    assert answer.status_code == 422 and words in answer.text
    assert not ChatTarget.objects.exists()


def test_another_platform_needs_another_key_and_the_same_again_leaves_no_event() -> None:
    where = build.committee()
    by = build.secretary_of(where)
    words = {"provider": "WECOM", "key": KEY, "sign": "", "is_active": True, "by": by, "at": build.AT}
    row = robots.keep(where, **words, version=0)
    for wrong, said in (
        ({"provider": "FEISHU"}, "请填写机器人密钥"),
        ({"sign": "SEC0123456789"}, "把机器人密钥也填一遍"),
    ):
        with pytest.raises(Refused, match=said):
            robots.keep(where, **words | {"key": ""} | wrong, version=row.version)
    with pytest.raises(Stale):
        robots.keep(where, **words, version=0)
    robots.keep(where, **words | {"key": ""}, version=row.version)
    assert AuditEvent.objects.filter(subject_type="chattarget").count() == 1


def test_the_list_of_groups_is_searched_and_filtered() -> None:
    root = build.committee("云州市委")
    with_one, without = build.committee("甲单位党组", parent=root), build.committee("乙单位党组", parent=root)
    ChatTarget.objects.create(committee=with_one, provider="FEISHU", token=KEY)
    client = client_of(build.granted(Role.ADMIN, root))
    found = {
        query: {row.name for row in client.get(f"{reverse('chat_list')}?{query}").context["page_obj"]}
        for query in ("", "state=on", "state=off", "state=none", "q=乙单位")
    }
    assert found[""] == {"云州市委", "甲单位党组", "乙单位党组"}
    assert found["state=on"] == {"甲单位党组"} and found["state=off"] == set()
    assert found["state=none"] == {"云州市委", without.name} and found["q=乙单位"] == {without.name}
