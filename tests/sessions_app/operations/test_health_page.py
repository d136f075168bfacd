"""The health page: what it says when all is well, when something is wrong, and when Redis is away; the switches."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import redis
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config import celery
from roster.accounts.roles import Role
from roster.audit.models import AuditEvent
from sessions_app.jobs.beat import BEAT
from sessions_app.jobs.models import BeatSwitch, Job, JobStage
from sessions_app.jobs.work import moment
from sessions_app.notices.models import Channel, Delivery, DeliveryStage, Notice, Rhythm
from sessions_app.operations import broker, overview, probes
from sessions_app.reminders.models import Round
from tests import build

pytestmark = pytest.mark.django_db
MAIL = "notices.deliver.mail"


def elsewhere(address: str) -> Any:
    return override_settings(CACHES={"default": settings.CACHES["default"] | {"LOCATION": address}})


@pytest.fixture
def queue() -> Iterator[redis.Redis]:
    """Redis with nothing of the machine in it."""
    names = (settings.BEAT_KEY, broker.WORKERS, "zhixing:celery")
    with broker.client() as client:
        client.delete(*names)
        yield client
        client.delete(*names)


@pytest.fixture
def admin() -> Client:
    client = Client()
    client.force_login(build.granted(Role.ADMIN, build.committee("中共云州市委")))
    return client


def page(client: Client) -> str:
    answer = client.get(reverse("health_page"))
    assert answer.status_code == 200
    return answer.content.decode()


def delivery(stage: str, *, minutes: int = 0) -> Delivery:
    at = moment() - timedelta(minutes=minutes)
    notice = Notice.objects.create(
        person=build.person(), rhythm=Rhythm.URGENT, period="now", title="请补录学习记录", created_at=at
    )
    return Delivery.objects.create(
        notice=notice, channel=Channel.MAIL, address="a@example.org", stage=stage, next_try_at=at
    )


def well(client: redis.Redis) -> None:
    client.set(settings.BEAT_KEY, int(time.time()))
    broker.lives("server/12", settings.PROGRAM_VERSION)


def test_all_is_well(admin: Client, queue: redis.Redis) -> None:
    well(queue)
    queue.rpush("zhixing:celery", "a message", "another")
    Round.objects.create(rhythm=Rhythm.MONTHLY, period="2026-03", opened_on=build.DAY, done_at=build.AT, notices=166)
    text = page(admin)
    assert ("能用，有代替" if probes.fonts().substituted else "一切正常") in text and "要处理的" not in text
    assert "Redis" in text and "2 条消息在排队" in text
    assert "server/12" in text and settings.PROGRAM_VERSION in text
    assert "月提醒" in text and "2026年3月" in text and "166" in text
    assert all(row.label in text and row.words in text for row in BEAT)


def test_fonts_that_stand_in_for_the_official_ones_are_no_plain_yes(
    admin: Client, queue: redis.Redis, settings
) -> None:
    """Asked for a font nobody has beside one that is there: it works, and the page and the command say by what."""
    well(queue)
    there = next(iter(settings.PAPER_FONTS.values()))[-1]
    settings.PAPER_FONTS = {**settings.PAPER_FONTS, "title": ["云州小标宋", there]}
    answer = probes.fonts()
    assert answer.well and answer.substituted and answer.word == "有代替"
    assert f"云州小标宋 以 {there} 代替" in answer.says and answer.cure
    text = page(admin)
    assert "能用，有代替" in text and "一切正常" not in text


def test_empty_tables_and_no_programs_are_said_in_words(admin: Client, queue: redis.Redis) -> None:
    text = page(admin)
    assert "有异常" in text
    assert "还没有跳动过" in text and "启动 worker 和 beat" in text
    assert "五分钟内没有后台程序报到" in text
    assert "还没有按月、按季提醒过" in text


def test_what_is_late_or_failed_stands_on_top_with_its_cure(admin: Client, queue: redis.Redis) -> None:
    well(queue)
    delivery(DeliveryStage.WAITING, minutes=185)
    delivery(DeliveryStage.SENDING, minutes=10)
    delivery(DeliveryStage.FAILED, minutes=60)
    delivery(DeliveryStage.FAILED, minutes=60 * 24 * 8)
    now = moment()
    home = build.committee()
    for stage, finished in ((JobStage.RUNNING, None), (JobStage.QUEUED, None), (JobStage.FAILED, now),
                            (JobStage.FAILED, now - timedelta(days=2))):  # fmt: skip
        Job.objects.create(
            kind="x", key=f"{stage}{finished}", label="x", committee=home, stage=stage, created_at=now,
            finished_at=finished,
        )  # fmt: skip
    text = page(admin)
    assert "最早的一条已等了 3 小时 5 分钟" in text
    assert "7 天内有 1 条提醒没有发出去" in text
    assert f"{reverse('delivery_list')}?stage=FAILED" in text
    assert overview.under_way() == 2
    assert overview.job_counts(now) == {"running": 1, "waiting": 1, "failed": 1}


def test_the_number_of_queries_does_not_grow(admin: Client, queue: redis.Redis) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            page(admin)
        return len(seen)

    page(admin)
    delivery(DeliveryStage.WAITING)
    BeatSwitch.objects.create(name="jobs.reconcile", is_on=False)
    before = queries()
    for number in range(30):
        delivery(DeliveryStage.FAILED)
        Round.objects.create(
            rhythm=Rhythm.DAILY, period=str(number), opened_on=build.DAY, done_at=build.AT + timedelta(days=number)
        )
    for row in BEAT[2:]:
        BeatSwitch.objects.create(name=row.name, is_on=False)
    assert queries() == before


def test_redis_away_is_said_and_costs_no_more_than_two_seconds(admin: Client) -> None:
    with socket.socket() as mute:  # takes the connection and says nothing
        mute.bind(("127.0.0.1", 0))
        mute.listen(8)
        for address in (f"redis://127.0.0.1:{mute.getsockname()[1]}/0", "redis://127.0.0.1:1/0"):
            with elsewhere(address):
                started = time.monotonic()
                text = page(admin)
                assert time.monotonic() - started < broker.SECONDS + 1.5
            assert "消息队列" in text and "连不上" in text
            assert "查不到后台程序" in text
            assert all(row.label in text for row in BEAT)


def test_workers_are_heard_listed_and_forgotten(queue: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    broker.lives("server/1", "0.0.9")
    broker.lives("server/2", "0.1.0")
    old = json.dumps({"version": "0.0.1", "at": int(time.time()) - broker.FORGOTTEN - 5})
    queue.hset(broker.WORKERS, "gone/9", old)
    state = broker.look()
    assert [(worker.name, worker.version) for worker in state.workers] == [("server/1", "0.0.9"), ("server/2", "0.1.0")]
    assert "还在运行别的版本：0.0.9" in probes.workers(state, "0.1.0").says
    broker.leaves("server/1")
    broker.lives("server/2", "0.1.0")
    assert set(queue.hkeys(broker.WORKERS)) == {b"server/2"}
    assert 0 < queue.ttl(broker.WORKERS) <= broker.FORGOTTEN
    assert probes.workers(broker.look(), "0.1.0").well


def test_a_worker_says_that_it_lives_twice_a_minute_and_goes_on_when_it_cannot(
    queue: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(celery, "said_at", -100.0)
    celery.say_alive(sender=None)
    assert [worker.name for worker in broker.look().workers] == [broker.own_name()]
    queue.delete(broker.WORKERS)
    celery.say_alive(sender=None)
    assert broker.look().workers == ()
    celery.say_gone(sender=None)
    with elsewhere("redis://127.0.0.1:1/0"):
        monkeypatch.setattr(celery, "said_at", -100.0)
        celery.say_alive(sender=None)
        celery.say_gone(sender=None)


def test_a_line_is_switched_off_and_on_again(admin: Client, queue: redis.Redis) -> None:
    well(queue)
    switch = reverse("beat_switch")
    answer = admin.post(switch, {"name": MAIL, "is_on": "0", "version": 0, "reason": "邮件服务器检修"}, follow=True)
    text = answer.content.decode()
    assert "“发送邮件”已停用" in text and "停用：邮件服务器检修" in text
    assert "停用中：发送邮件" in text
    row = BeatSwitch.objects.get(name=MAIL)
    assert not row.is_on and AuditEvent.objects.about(row).count() == 1
    text = admin.post(switch, {"name": MAIL, "is_on": "1", "version": row.version}, follow=True).content.decode()
    assert "“发送邮件”已启用" in text and "停用中" not in text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": "health.beat_tick", "is_on": "0", "version": 0}, "不能停用"),
        ({"name": "no.such", "is_on": "0", "version": 0}, "定时任务："),
        ({"name": MAIL, "is_on": "0", "version": 7}, "已被他人改动"),
        ({"name": MAIL, "is_on": "1", "version": 0}, "现在就是启用状态"),
        ({}, "页面已过期"),
    ],
)
def test_what_may_not_be_switched_is_said(admin: Client, queue: redis.Redis, given: dict[str, Any], said: str) -> None:
    text = admin.post(reverse("beat_switch"), given, follow=True).content.decode()
    assert said in text
    assert not BeatSwitch.objects.exists()


def test_beat_silent_is_said_since_when(queue: redis.Redis) -> None:
    queue.set(settings.BEAT_KEY, int(time.time()) - 3 * 3600 - 60)
    answer = probes.beat(broker.look())
    assert not answer.well
    assert answer.says.startswith("自 ") and answer.says.endswith("起没有跳动，已有 3 小时 1 分钟")


def told() -> dict[str, dict[str, Any]]:
    said = StringIO()
    try:
        call_command("doctor", "--json", stdout=said)
    except SystemExit as ended:
        assert ended.code == 1
    return {answer["name"]: answer for answer in json.loads(said.getvalue())}


def test_doctor_tells_of_letters_that_do_not_go_out(queue: redis.Redis, client: Client) -> None:
    well(queue)
    answers = told()
    assert all(answer["well"] for answer in answers.values())
    assert "只进站内收件箱" in answers["mail"]["says"]
    delivery(DeliveryStage.WAITING, minutes=61)
    delivery(DeliveryStage.FAILED)
    BeatSwitch.objects.create(name=MAIL, is_on=False)
    with override_settings(MAIL_HOST="mail.example.org"):
        answers = told()
    assert "mail.example.org" in answers["mail"]["says"] and answers["mail"]["well"]
    for name, words in (("undelivered", "1 小时 1 分钟"), ("failed_deliveries", "1 条"), ("switches", "发送邮件")):
        assert not answers[name]["well"] and words in answers[name]["says"] and answers[name]["cure"]
    # a letter that is late is no reason to take the page away from everybody
    assert client.get("/readyz").json()["ready"] is True


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 秒"),
        (59, "59 秒"),
        (60, "1 分钟"),
        (3600, "1 小时"),
        (3660, "1 小时 1 分钟"),
        (86400, "1 天"),
        (90000, "1 天 1 小时"),
    ],
)
def test_how_long_in_words(seconds: int, words: str) -> None:
    assert probes.lasting(seconds) == words
