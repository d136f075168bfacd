"""The frame round every page: health, headers, throttling, the visitor's address, life without Redis."""

from __future__ import annotations

import json
import time
from io import StringIO

import pytest
import redis
from django.conf import settings
from django.core.cache import caches
from django.core.management import call_command
from django.test import Client, RequestFactory, override_settings

from config import celery, clock
from config.proxy import ProxyMiddleware
from sessions_app.operations import broker as redis_side
from sessions_app.operations import probes

NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture
def broker():
    with redis.Redis.from_url(settings.CACHES["default"]["LOCATION"]) as client:
        client.delete(settings.BEAT_KEY)
        yield client
        client.delete(settings.BEAT_KEY)


@pytest.mark.django_db
def test_healthz_answers_anybody(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok")


@pytest.mark.django_db
def test_readyz_waits_for_beat(client: Client, broker: redis.Redis) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {
        "ready": False,
        "database": True,
        "migrations": True,
        "broker": True,
        "beat": False,
        "storage": True,
        "fonts": True,
    }
    broker.set(settings.BEAT_KEY, int(time.time()))
    answer = client.get("/readyz")
    assert answer.status_code == 200, answer.json()
    broker.set(settings.BEAT_KEY, int(time.time()) - 2 * probes.BEAT_SECONDS)
    assert client.get("/readyz").json()["beat"] is False


@pytest.mark.django_db
def test_doctor_says_the_same_in_words_with_the_cure(broker: redis.Redis) -> None:
    said = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("doctor", stdout=said)
    assert ended.value.code == 1
    assert "异常  定时任务" in said.getvalue()
    assert "怎么办：启动 worker 和 beat" in said.getvalue()

    broker.set(settings.BEAT_KEY, int(time.time()))
    said = StringIO()
    call_command("doctor", "--json", stdout=said)
    assert {answer["name"] for answer in json.loads(said.getvalue()) if answer["well"]} >= {"database", "pdf", "fonts"}


def test_doctor_names_what_is_missing() -> None:
    with override_settings(PAPER_FONTS={"title": ["没有这种字体"]}):
        answer = probes.fonts()
    assert not answer.well and "没有这种字体" in answer.says
    with override_settings(CACHES={"default": settings.CACHES["default"] | {"LOCATION": NOWHERE}}):
        assert "连不上" in probes.broker(redis_side.look()).says


@pytest.mark.django_db
def test_every_answer_carries_the_strict_policy(client: Client) -> None:
    answer = client.get("/account/login/")
    assert answer.status_code == 200
    policy = dict(part.strip().split(" ", 1) for part in answer["Content-Security-Policy"].split(";"))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
        "worker-src": "'self'",  # the score sheet's own, which opens it without network
    }
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"


@pytest.mark.django_db
def test_five_failures_lock_this_user_from_this_address_only(client: Client) -> None:
    def try_as(name: str, address: str) -> int:
        answer = client.post("/account/login/", {"login": name, "password": "wrong"}, REMOTE_ADDR=address)
        return answer.status_code

    assert [try_as("zhangsan", "10.0.0.1") for _ in range(4)] == [200] * 4
    assert try_as("zhangsan", "10.0.0.1") == 429
    assert try_as("zhangsan", "10.0.0.1") == 429
    assert try_as("lisi", "10.0.0.1") == 200, "others behind the same proxy go on"
    assert try_as("zhangsan", "10.0.0.2") == 200


@pytest.mark.parametrize(
    ("proxies", "header", "seen"),
    [
        (0, "9.9.9.9", "127.0.0.1"),
        (1, "9.9.9.9, 10.1.1.1", "10.1.1.1"),
        (2, "9.9.9.9, 10.1.1.1", "9.9.9.9"),
        (1, "", ""),
        (1, "<script>", ""),
        (3, "9.9.9.9, 10.1.1.1", "127.0.0.1"),
    ],
)
def test_only_trusted_proxies_say_who_calls(proxies: int, header: str, seen: str) -> None:
    request = RequestFactory().get("/", headers={"X-Forwarded-For": header})
    with override_settings(PROXY_COUNT=proxies):
        ProxyMiddleware(lambda request: request)(request)
    assert request.META["REMOTE_ADDR"] == seen


def test_the_clock_is_in_shanghai() -> None:
    assert str(clock.now().tzinfo) == "Asia/Shanghai"


def test_a_cache_that_is_away_is_an_empty_cache() -> None:
    with override_settings(CACHES={"default": settings.CACHES["default"] | {"LOCATION": NOWHERE}}):
        away = caches["default"]
        away.set("a", 1)
        assert away.get("a", 7) == 7
        assert away.get_many(["a"]) == {}
        assert away.get_or_set("a", 5) == 5


def test_a_broker_that_is_away_does_not_hold_up_a_page() -> None:
    app = celery.app
    began = time.monotonic()
    with (
        pytest.raises(Exception, match="refused|Connection|connect"),
        app.connection_for_write(NOWHERE) as connection,
    ):
        app.send_task("jobs.reconcile", connection=connection)
    assert time.monotonic() - began < 3


def test_tasks_of_every_room_are_found() -> None:
    assert "sessions_app.jobs" in celery.rooms_with_tasks()
    celery.app.loader.import_default_modules()
    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        assert entry["task"] in celery.app.tasks
