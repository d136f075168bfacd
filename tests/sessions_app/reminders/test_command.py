"""`manage.py send_due`: what it prints, for people and for machines; as of another day; its exit code; what it delivers."""

from __future__ import annotations

import json
import threading
from datetime import date
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from roster.committees.models import Committee
from sessions_app.jobs.models import BeatSwitch
from sessions_app.notices.models import Delivery, Notice
from sessions_app.plans.models import StudyPlan
from sessions_app.reminders import actions, tasks
from sessions_app.reminders.models import DueItem, Round
from tests import build
from tests.sessions_app.jobs.conftest import _refusing_again, committed  # noqa: F401 (fixtures)
from tests.sessions_app.notices.sinks import free_port, mail_sink

JANUARY = "2026-01-06"


@pytest.fixture
def here(db: None, settings: Any) -> Committee:
    """A committee without a plan; its secretary has an address."""
    settings.CLOCK = build.at(date(2026, 1, 20))
    settings.BASE_URL = "https://zhixing.example"
    row = build.committee("云州市发改委党组")
    who = build.secretary(row, build.person("李秘书")).person
    who.email = "li@zhixing.example"
    who.save()
    return row


def said(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    call_command("send_due", "--json", *words)
    return json.loads(capsys.readouterr().out)


def test_for_machines(here: Committee, capsys: pytest.CaptureFixture[str]) -> None:
    first = said(capsys, "--today", JANUARY)
    assert first == {
        "today": JANUARY, "busy": False, "found": 1, "sent": 2, "failed": 0, "skipped": 0, "by_kind": {"PLAN_DUE": 1},
        "by_rhythm": {"MONTHLY": 1, "QUARTERLY": 1}, "delivered": 0, "dropped": 0, "waiting": 0, "away": "",
    }  # fmt: skip
    again = said(capsys, "--today", JANUARY)
    assert (again["found"], again["sent"], again["skipped"]) == (1, 0, 1)
    assert set(Notice.objects.values_list("created_at", flat=True)) == {build.at(date(2026, 1, 6), 9)}


def test_for_people(here: Committee, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("send_due")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "2026-01-20：到期事项 1 项（年度计划未备案 1 项）。"
    assert lines[1].startswith("发出提醒 2 条（月提醒 1 条，季安排 1 条）；0 项本次没有提醒")
    assert "  李秘书：月提醒：1 项待办，最近的 1月31日到期" in lines


def test_what_is_done_is_found_no_more(here: Committee, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "--today", JANUARY)["found"] == 1
    StudyPlan.objects.create(
        committee=here, year=2026, stage="FILED", filed_on=date(2026, 1, 8), approved_on=date(2026, 1, 8),
        approving_meeting="党组会",
    )  # fmt: skip
    assert said(capsys, "--today", "2026-01-09")["found"] == 0
    assert DueItem.objects.get().met_on == date(2026, 1, 9)


def test_a_day_that_is_none_is_said_in_words(here: Committee) -> None:
    with pytest.raises(CommandError, match="2026-03-02 的样子"):
        call_command("send_due", "--today", "明天")


def test_what_is_posted_is_mailed_at_once(here: Committee, settings: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with mail_sink() as (sink, port):
        settings.MAIL_HOST, settings.MAIL_PORT, settings.MAIL_SECURITY = "127.0.0.1", port, "none"
        answer = said(capsys, "--today", JANUARY)
        assert (answer["delivered"], answer["failed"], answer["waiting"]) == (2, 0, 0)
        assert {str(letter["To"]) for letter in sink.letters} == {"li@zhixing.example"}
        assert any("月提醒：1 项待办" in str(letter["Subject"]) for letter in sink.letters)
        BeatSwitch.objects.create(name="notices.deliver.mail", is_on=False)
        assert said(capsys, "--today", "2026-02-02")["delivered"] == 0
        assert len(sink.letters) == 2, "what is switched off stays off"


def test_what_could_not_be_sent_is_said_and_makes_the_command_fail(
    here: Committee, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.MAIL_HOST, settings.MAIL_PORT, settings.MAIL_SECURITY = "127.0.0.1", free_port(), "none"
    with pytest.raises(SystemExit) as ended:
        call_command("send_due", "--json", "--today", JANUARY)
    answer = json.loads(capsys.readouterr().out)
    assert ended.value.code == 1 and answer["sent"] == 2 and (answer["failed"] or answer["away"])
    assert Notice.objects.count() == 2 and not Delivery.objects.filter(stage="SENT").exists()


def test_while_another_run_is_under_way_the_command_says_so(
    committed: None,  # noqa: F811
    settings: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    held, over = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            assert actions._alone()
            held.set()
            over.wait(30)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        assert held.wait(10)
        with pytest.raises(SystemExit) as ended:
            call_command("send_due", "--today", JANUARY)
        assert ended.value.code == 1 and "另一次提醒正在进行" in capsys.readouterr().out
        assert not Round.objects.exists()
    finally:
        over.set()
        thread.join(10)


def test_the_task_does_nothing_while_its_line_is_off(here: Committee) -> None:
    switch = BeatSwitch.objects.create(name="reminders.send_due", is_on=False)
    tasks.send_due()
    assert not Notice.objects.exists()
    switch.delete()
    tasks.send_due()
    assert Notice.objects.filter(created_at=build.at(date(2026, 1, 20))).exists()
