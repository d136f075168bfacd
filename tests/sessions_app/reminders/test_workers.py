"""Real workers and beats after three days of silence over a month's end: each of 166 secretaries gets one digest."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest
import redis

from roster.people.models import Person
from sessions_app.notices.models import Delivery, DeliveryStage, Notice
from sessions_app.reminders import actions
from sessions_app.reminders.models import Reminder, Round
from tests import build
from tests.sessions_app.jobs.conftest import _refusing_again, committed  # noqa: F401 (fixtures)
from tests.sessions_app.jobs.workers import until, worker
from tests.sessions_app.notices.sinks import MailSink, mail_sink
from tests.sessions_app.reminders.told import BY

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.slow]
SECRETARIES = 166
LAST_RUN = date(2026, 1, 30)  # a Friday; the workers come back on Wednesday, 4 February
CLOCK = "2026-02-04T09:00"
PERIOD = "2026-02"


@pytest.fixture
def secretaries(settings: object) -> list[Person]:
    """One a committee, each with an address; no plan of the year is filed. The last run was on a Friday."""
    root = build.committee()
    people = [build.secretary(build.committee(parent=root)).person for _ in range(SECRETARIES)]
    for number, who in enumerate(people):
        who.email = f"secretary{number}@zhixing.example"
        who.save()
    actions.send_due(at=build.at(LAST_RUN, 9), by=BY)
    assert Notice.objects.filter(rhythm="MONTHLY").count() == SECRETARIES and not Delivery.objects.exists()
    return people


@pytest.fixture
def sink() -> Iterator[tuple[MailSink, dict[str, str]]]:
    """A mail server, and what tells the workers of it and of the day."""
    with mail_sink() as (sink, port):
        told = {
            "ZHIXING_MAIL_HOST": "127.0.0.1", "ZHIXING_MAIL_PORT": str(port), "ZHIXING_MAIL_SECURITY": "none",
            "ZHIXING_MAIL_FROM": "知行 <zhixing@zhixing.example>", "ZHIXING_CLOCK": CLOCK,
            "DJANGO_SETTINGS_MODULE": "tests.sessions_app.reminders.worker_settings",
        }  # fmt: skip
        yield sink, told


@contextmanager
def two_workers(tmp: Path, **more: str) -> Iterator[None]:
    """Two workers, each with a beat of its own, started at once."""
    with worker(tmp, "-n", "one@%h", **more), worker(tmp, "-n", "two@%h", **more):
        yield


def sent() -> int:
    return Delivery.objects.filter(stage=DeliveryStage.SENT).count()


def check_told_once(secretaries: list[Person]) -> None:
    rows = Notice.objects.filter(rhythm="MONTHLY", period=PERIOD)
    assert sorted(rows.values_list("person_id", flat=True)) == sorted(who.pk for who in secretaries)
    assert Round.objects.filter(rhythm="MONTHLY", period=PERIOD).count() == 1
    assert Reminder.objects.filter(period=f"MONTHLY:{PERIOD}").count() == SECRETARIES
    assert not Notice.objects.exclude(rhythm__in=["MONTHLY", "QUARTERLY"]).exists()


def test_after_three_days_two_workers_and_two_beats_tell_each_secretary_once(
    secretaries: list[Person], sink: tuple[MailSink, dict[str, str]], tmp_path: Path
) -> None:
    letters, told = sink
    with two_workers(tmp_path, **told):
        until(lambda: sent() == SECRETARIES, 120)
        time.sleep(4)  # more ticks of both beats
    check_told_once(secretaries)
    assert Counter(str(letter["To"]) for letter in letters.letters) == Counter(who.email for who in secretaries)
    assert all("月提醒：1 项待办，已逾期" in str(letter["Subject"]) for letter in letters.letters)


@contextmanager
def own_redis() -> Iterator[tuple[str, Path]]:
    """A Redis that may be killed; its address, and the directory it is started in again."""
    place = Path("/tmp") / f"zx-told-{os.getpid()}"
    place.mkdir(mode=0o700)
    try:
        yield f"unix://{place}/redis.sock?db=0", place
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def running(place: Path) -> Iterator[None]:
    server = subprocess.Popen(
        [shutil.which("redis-server") or "redis-server", "--port", "0", "--unixsocket", f"{place}/redis.sock", "--save", "",
         "--dir", str(place)],
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield
    finally:
        server.kill()
        server.wait(10)


def test_with_redis_cut_off_and_started_anew_in_between_still_once(
    secretaries: list[Person], sink: tuple[MailSink, dict[str, str]], tmp_path: Path
) -> None:
    """The run is in the database; Redis only knocks. A letter under way when its worker was stopped comes again, marked."""
    letters, told = sink
    letters.before = 0.1
    with own_redis() as (address, place):
        told["REDIS_URL"] = address
        with running(place):
            client = redis.Redis.from_url(address)
            until(lambda: _answers(client), 20)
            with two_workers(tmp_path, **told):
                until(lambda: sent() >= 15, 120)
                for connected in client.client_list():
                    if connected["cmd"] != "client|list":
                        client.client_kill_filter(_id=connected["id"])
                until(lambda: sent() >= 60, 120)
                client.shutdown(nosave=True)
                time.sleep(1)
                with running(place):
                    until(lambda: sent() == SECRETARIES, 180)
                    time.sleep(4)
    check_told_once(secretaries)
    times = Counter(str(letter["To"]) for letter in letters.letters)
    assert set(times) == {who.email for who in secretaries} and set(times.values()) <= {1, 2}
    marked = [str(letter["To"]) for letter in letters.letters if letter["X-Zhixing-Possible-Duplicate"]]
    assert {who for who, count in times.items() if count == 2} <= set(marked)
    print(f"arrived twice, marked: {sum(times.values()) - SECRETARIES} of {SECRETARIES}")


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False
