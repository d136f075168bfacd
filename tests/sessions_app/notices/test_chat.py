"""Chat robots through the child process, against a web server on loopback that answers well, badly, slowly, without end."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as installed

from sessions_app.jobs.work import moment
from sessions_app.notices import chat
from sessions_app.notices.chat import ChatSender, ask, text_of
from sessions_app.notices.delivery import Drained, drain
from sessions_app.notices.mail import MailSender
from sessions_app.notices.models import ChatTarget, Delivery, DeliveryStage, Notice
from sessions_app.notices.rules import key_faults, masked_key, masked_mail, without_addresses
from sessions_app.notices.tasks import deliver
from tests import build
from tests.sessions_app.notices.sinks import ChatSink, chat_sink, drops, endless, free_port, mail_sink, says, silent

Stage = DeliveryStage
KEYS = {
    "WECOM": "693a91f6-7abc-4bc4-97a0-0ec2adfa5aaa", "DINGTALK": "f0a9" * 16, "FEISHU": "1d7a3c0e-5b2f-4c1d-9e8a-0f6b7c8d9e0a",
}  # fmt: skip


@pytest.fixture
def sink(settings: Any) -> Iterator[ChatSink]:
    with chat_sink() as (sink, base):
        settings.CHAT_URLS = dict.fromkeys(KEYS, base)
        settings.CHAT_HOSTS, settings.CHAT_PLAIN, settings.CHAT_SECONDS = ["127.0.0.1"], True, 10
        settings.BASE_URL = "https://zhixing.example"
        yield sink


def target(provider: str = "WECOM", *, secret: str = "") -> ChatTarget:
    return ChatTarget.objects.create(
        committee=build.committee(), provider=provider, token=KEYS[provider], secret=secret
    )


def posted(robot: ChatTarget, **more: Any) -> Delivery:
    line = {"kind": "学习记录未提交", "what": "2 件", "left": "最早的已逾期 3 个工作日", "url": "/behind/"}
    words = {"title": "月提醒：2 项待办", "lines": [line], "url": "/behind/"} | more
    notice = Notice.objects.create(
        committee=robot.committee, rhythm="MONTHLY", period="2026-03", created_at=build.AT, **words
    )
    return Delivery.objects.create(notice=notice, channel="CHAT", address=str(robot.pk), next_try_at=build.AT)


def shift() -> Drained:
    return drain("CHAT", seconds=30, sender=ChatSender())


def again() -> Drained:
    Delivery.objects.filter(stage=Stage.WAITING).update(next_try_at=moment())
    return shift()


# ------------------------------------------------------------------------------------------------- what arrives


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("provider", "path"),
    [
        ("WECOM", f"/cgi-bin/webhook/send?key={KEYS['WECOM']}"),
        ("DINGTALK", f"/robot/send?access_token={KEYS['DINGTALK']}"),
        ("FEISHU", f"/open-apis/bot/v2/hook/{KEYS['FEISHU']}/"),
    ],
)
def test_a_message_reaches_each_providers_robot(sink: ChatSink, provider: str, path: str) -> None:
    row = posted(target(provider, secret="SEC0123456789" if provider == "DINGTALK" else ""))
    assert shift() == Drained(sent=1)
    (said_path, body), text = sink.calls[0], json.dumps(sink.calls[0][1], ensure_ascii=False)
    assert said_path.startswith(path) and ("sign=" in said_path) == (provider == "DINGTALK"), said_path
    for words in (
        "【知行】月提醒：2 项待办",
        "- 【学习记录未提交】2 件，最早的已逾期 3 个工作日",
        "查看：https://zhixing.example/behind/",
    ):
        assert words in text, body
    row.refresh_from_db()
    assert (row.stage, row.error) == (Stage.SENT, "")


@pytest.mark.django_db
def test_a_long_message_is_cut_at_a_line_and_says_how_many_are_left() -> None:
    lines = [{"kind": "学习记录未提交", "what": f"第{n}件" + "长" * 40, "left": ""} for n in range(40)]
    text = text_of(Notice(title="月提醒", lines=lines, more=5), uncertain=True)
    assert len(text.encode()) <= 2000 and text.startswith("（这条消息可能重复")
    shown = text.count("- 【")
    assert 5 < shown < 40 and f"另有 {45 - shown} 项。" in text
    assert len(text_of(Notice(title="长" * 120, lead="长" * 3000), uncertain=False).encode()) <= 2000


# ------------------------------------------------------------------------------------------ what goes wrong, and how


@pytest.mark.django_db
def test_500_is_tried_again_and_200_ends_it(sink: ChatSink) -> None:
    sink.answers = [says(b"boom", 500), says({"errcode": 0})]
    row = posted(target())
    assert shift() == Drained(failed=1)
    row.refresh_from_db()
    assert (row.stage, row.uncertain, row.error) == (Stage.WAITING, False, "工作群服务器答复 500。")
    assert row.next_try_at > moment() + timedelta(seconds=40)
    assert again() == Drained(sent=1)
    assert len(sink.calls) == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("answer", "stage", "words"),
    [
        (says(b"", 404), Stage.FAILED, "工作群服务器答复 404。"),
        (says(b"", 429), Stage.WAITING, "工作群服务器答复 429。"),
        (says({"errcode": 93000, "errmsg": "invalid key"}), Stage.FAILED, "机器人拒收（代码 93000）"),
        (says({"errcode": 45009}), Stage.WAITING, "工作群服务器繁忙（代码 45009）。"),
        (says(b"<html>welcome</html>"), Stage.FAILED, "答复无法识别"),
        (silent, Stage.WAITING, "没有等到工作群服务器的答复"),
    ],
)  # fmt: skip
def test_each_answer_is_for_good_for_now_or_unknown(sink: ChatSink, answer: Any, stage: str, words: str) -> None:
    sink.answers = [answer]
    row = posted(target())
    assert shift() == Drained(failed=1)
    row.refresh_from_db()
    assert row.stage == stage and words in row.error, row.error
    assert row.uncertain == (answer is silent)
    assert KEYS["WECOM"] not in row.error


@pytest.mark.django_db
@pytest.mark.parametrize("answer", [endless, drops], ids=["endless", "drop by drop"])
def test_an_answer_without_end_is_cut_off_and_counts_as_lost(sink: ChatSink, settings: Any, answer: Any) -> None:
    settings.CHAT_SECONDS = 4
    sink.answers = [answer]
    row = posted(target())
    began = time.monotonic()
    assert shift() == Drained(failed=1)
    assert time.monotonic() - began < 8
    row.refresh_from_db()
    assert (row.stage, row.uncertain) == (Stage.WAITING, True), row.error
    sink.answers = [says({"errcode": 0})]
    assert again() == Drained(sent=1)
    assert "这条消息可能重复" in sink.calls[-1][1]["text"]["content"]


@pytest.mark.django_db
def test_a_redirect_is_not_followed(sink: ChatSink) -> None:
    with chat_sink() as (elsewhere, base):
        sink.answers = [says(b"", 307, Location=f"{base}/x")]
        row = posted(target())
        shift()
        assert elsewhere.calls == [] and len(sink.calls) == 1
    row.refresh_from_db()
    assert row.stage == Stage.FAILED and "没有跟随" in row.error


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("base", "hosts", "private", "plain", "words"),
    [
        ("{sink}", ["qyapi.weixin.qq.com"], [], True, "不在允许的主机之内"),
        ("{sink}", ["127.0.0.1"], [], False, "指向内部地址"),
        ("{sink}", ["127.0.0.1"], ["127.0.0.1"], False, "指向内部地址"),
        ("http://localhost:{port}", ["localhost"], ["localhost"], False, "指向内部地址"),
        ("http://[::ffff:127.0.0.1]:{port}", ["::ffff:127.0.0.1"], [], False, "指向内部地址"),
        ("http://10.255.255.1", ["10.255.255.1"], [], False, "指向内部地址"),
        ("http://169.254.169.254", ["169.254.169.254"], ["169.254.169.254"], True, "指向内部地址"),
        ("http://0.0.0.0:{port}", ["0.0.0.0"], ["0.0.0.0"], True, "指向内部地址"),  # noqa: S104
    ],
)  # fmt: skip
def test_no_connection_to_a_host_not_allowed_nor_to_an_inner_address(
    sink: ChatSink, settings: Any, base: str, hosts: list[str], private: list[str], plain: bool, words: str
) -> None:
    port = sink.server_address[1]
    settings.CHAT_URLS = {"WECOM": base.format(sink=f"http://127.0.0.1:{port}", port=port)}
    settings.CHAT_HOSTS, settings.CHAT_PRIVATE_HOSTS, settings.CHAT_PLAIN = hosts, private, plain
    answer = ask(target(), "x")
    assert answer["outcome"] == "never" and words in answer["why"], answer
    assert sink.calls == []


def test_inside_the_child_nothing_gets_round_the_guard() -> None:
    """Code that connects by itself, by name or by number, is refused by the same guard."""
    tries = """
import socket
from sessions_app.notices import chat_child as child
child.Guard({"hosts": ["allowed.example"], "private_hosts": [], "plain": True}, lambda words: None).stand()
def tried(act):
    try:
        act()
    except child.NotAllowed as no:
        print("refused")
    else:
        print("came through")
tried(lambda: socket.create_connection(("elsewhere.example", 80)))
tried(lambda: socket.socket().connect(("127.0.0.1", 9)))
tried(lambda: socket.socket().connect_ex(("127.0.0.1", 9)))
tried(lambda: socket.socket(socket.AF_UNIX).connect("/run/x"))
"""
    done = subprocess.run(
        [sys.executable, "-c", tries], cwd=installed.BASE_DIR, env=chat.environment(), capture_output=True, text=True,
        check=False, timeout=30,
    )  # fmt: skip
    assert done.stdout.split("\n")[:4] == ["refused"] * 4, done


@pytest.mark.django_db
def test_the_child_has_no_secret_in_its_environment(monkeypatch: Any) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy")
    assert set(chat.environment()) == {"HOME", "LANG", "MALLOC_ARENA_MAX", "PYTHONDONTWRITEBYTECODE"}


@pytest.mark.django_db
def test_one_provider_away_does_not_keep_the_other_and_spends_one_attempt(sink: ChatSink, settings: Any) -> None:
    settings.CHAT_URLS = settings.CHAT_URLS | {"WECOM": f"http://127.0.0.1:{free_port()}"}
    away = [posted(target()), posted(target())]
    here = posted(target("FEISHU"))
    told = shift()
    assert (told.sent, told.failed, told.waiting, told.away) == (1, 1, 1, "连不上工作群服务器。")
    for row in (*away, here):
        row.refresh_from_db()
    assert [row.attempts for row in away] == [1, 0] and here.stage == Stage.SENT
    assert not away[0].uncertain


@pytest.mark.django_db
def test_a_target_that_was_switched_off_is_said(sink: ChatSink) -> None:
    robot = target()
    row = posted(robot)
    ChatTarget.objects.update(is_active=False)
    deliver("CHAT")
    row.refresh_from_db()
    assert row.stage == Stage.FAILED and "已停用" in row.error and sink.calls == []


@pytest.mark.django_db
def test_a_chat_server_that_hangs_does_not_keep_the_mail(sink: ChatSink, settings: Any) -> None:
    sink.answers = [drops]
    settings.CHAT_SECONDS = 3
    robot = target()
    posted(robot)
    notice = Notice.objects.create(
        committee=robot.committee, rhythm="URGENT", period="x", title="x", created_at=build.AT
    )
    Delivery.objects.create(notice=notice, channel="MAIL", address="a@zhixing.example", next_try_at=build.AT)
    with mail_sink() as (mail, port):
        settings.MAIL_HOST, settings.MAIL_PORT, settings.MAIL_SECURITY = "127.0.0.1", port, "none"
        settings.MAIL_FROM = "zhixing@zhixing.example"
        assert drain("MAIL", seconds=5, sender=MailSender()) == Drained(sent=1)
        assert len(mail.letters) == 1
    assert shift().failed == 1


# ------------------------------------------------------------------------------------------------- what is kept


def test_only_a_robots_key_is_taken_for_one() -> None:
    for provider, key in KEYS.items():
        assert key_faults(provider, key, "") == {}
    whole = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=" + KEYS["WECOM"]
    assert "不填整个地址" in key_faults("WECOM", whole, "")["token"]
    for wrong in ("", "short", KEYS["WECOM"] + "/../x", KEYS["WECOM"] + "\n", "evil.example"):
        assert "token" in key_faults("WECOM", wrong, ""), wrong
        assert "token" in key_faults("DINGTALK", wrong, ""), wrong
    assert set(key_faults("FEISHU", KEYS["FEISHU"], "SEC0123456789")) == {"secret"}
    assert set(key_faults("DINGTALK", KEYS["DINGTALK"], "S?")) == {"secret"}
    assert key_faults("DINGTALK", KEYS["DINGTALK"], "SEC0123456789") == {}


def test_addresses_and_keys_are_shown_masked() -> None:
    assert masked_mail("zhang.san@zhixing.example") == "z***@zhixing.example"
    assert masked_mail("nothing") == "***"
    assert masked_key(KEYS["WECOM"]) == "……5aaa" and masked_key("short") == "……"
    assert (
        without_addresses("550 <a.b@x.example>\r\n unknown a.b@x.example")
        == "550 <a***@x.example> unknown a***@x.example"
    )
