"""The beat table: every line has its task, is on unless somebody switched it off, and off means nothing is done."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings as configured

from config.celery import app
from roster.accounts.roles import Role
from roster.audit.models import AuditEvent
from roster.audit.moves import Refused, Stale
from sessions_app.jobs import actions, tasks
from sessions_app.jobs.beat import BEAT, ROWS
from sessions_app.jobs.models import BeatSwitch, Job, JobStage, JobStep
from sessions_app.jobs.switches import is_on
from sessions_app.notices.delivery import Drained
from tests import build

pytestmark = pytest.mark.django_db
NAME = "notices.deliver.mail"


@pytest.fixture
def admin() -> Any:
    return build.granted(Role.ADMIN, build.committee("中共云州市委"))


def switch(by: Any, *, on: bool, version: int, name: str = NAME, reason: str = "") -> BeatSwitch:
    return actions.switch(name, is_on=on, version=version, reason=reason, by=by, at=build.AT)


def test_every_line_is_on_until_somebody_switches_it_off(admin: Any, django_assert_num_queries: Any) -> None:
    assert all(is_on(row.name) for row in BEAT)
    row = switch(admin, on=False, version=0, reason="邮件服务器检修")
    with django_assert_num_queries(1):
        assert not is_on(NAME)
    assert is_on("notices.deliver.chat")
    event = AuditEvent.objects.about(row).get()
    assert (event.verb, event.before, event.after, event.reason) == ("switch_off", "启用", "停用", "邮件服务器检修")
    assert event.subject_label == "发送邮件"
    switch(admin, on=True, version=row.version)
    assert is_on(NAME)
    assert AuditEvent.objects.about(row).count() == 2


def test_an_old_page_does_not_switch(admin: Any) -> None:
    row = switch(admin, on=False, version=0)
    switch(admin, on=True, version=row.version)
    for version in (0, row.version):
        with pytest.raises(Stale):
            switch(admin, on=False, version=version)
    assert is_on(NAME)


def test_refusals_are_said(admin: Any) -> None:
    with pytest.raises(Refused, match="没有这项定时任务"):
        switch(admin, on=False, version=0, name="no.such")
    with pytest.raises(Refused, match="不能停用"):
        switch(admin, on=False, version=0, name="health.beat_tick")
    with pytest.raises(Refused, match="现在就是启用状态"):
        switch(admin, on=True, version=0)
    assert not BeatSwitch.objects.exists()


def test_an_essential_line_is_on_whatever_stands_in_the_table() -> None:
    BeatSwitch.objects.create(name="health.beat_tick", is_on=False)
    assert is_on("health.beat_tick")


def test_a_misspelled_line_is_noticed() -> None:
    with pytest.raises(KeyError):
        is_on("notices.deliver.MAIL")


def test_beat_runs_the_table() -> None:
    scheduled = configured.CELERY_BEAT_SCHEDULE
    assert set(scheduled) == set(ROWS)
    for row in BEAT:
        entry = scheduled[row.name]
        assert (entry["task"], tuple(entry["args"])) == (row.task, row.arguments)
        assert entry["options"]["expires"] == row.expires
        assert row.stops and row.label and row.words


def test_reminders_are_looked_for_every_ten_minutes_of_the_working_day() -> None:
    schedule = configured.CELERY_BEAT_SCHEDULE["reminders.send_due"]["schedule"]
    assert schedule.hour == set(range(8, 18))
    assert schedule.minute == {0, 10, 20, 30, 40, 50}
    assert ROWS["reminders.send_due"].words == "每天 8:00—17:50，每 10 分钟一次"
    assert ROWS[NAME].words == "每分钟一次"
    assert ROWS[NAME].every == timedelta(minutes=1)


def test_every_line_has_its_task() -> None:
    app.loader.import_default_modules()
    assert {row.task for row in BEAT} - set(app.tasks) == set()


# What each line's task calls to do its work, and what that answers when there was nothing to do.
WORK: dict[str, tuple[str, Any]] = {
    "jobs.reconcile": ("sessions_app.jobs.work.reconcile", []),
    "drafts.clear": ("sessions_app.jobs.tasks.draft_actions.clear", 0),
    "reminders.send_due": ("sessions_app.reminders.actions.send_due", SimpleNamespace(sent=0)),
    "notices.deliver.mail": ("sessions_app.notices.tasks.drain", Drained()),
    "notices.deliver.chat": ("sessions_app.notices.tasks.drain", Drained()),
}


def test_every_line_that_may_be_switched_off_is_tried() -> None:
    assert set(WORK) == {row.name for row in BEAT if not row.essential}


@pytest.mark.parametrize("name", sorted(WORK))
def test_a_line_switched_off_does_nothing(
    name: str, admin: Any, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """As beat calls it, with the arguments of its line; and on again it works."""
    settings.MAIL_HOST = "mail.example.org"
    worked: list[str] = []
    where, answer = WORK[name]

    def works(*args: Any, **given: Any) -> Any:
        worked.append(name)
        return answer

    monkeypatch.setattr(where, works)
    app.loader.import_default_modules()
    task = app.tasks[ROWS[name].task]
    row = switch(admin, on=False, version=0, name=name)
    task(*ROWS[name].arguments)
    assert worked == []
    others = [other for other in ROWS if other != name]
    assert all(is_on(other) for other in others)
    switch(admin, on=True, version=row.version, name=name)
    task(*ROWS[name].arguments)
    assert worked == [name]


def test_a_job_waits_while_its_line_is_off(monkeypatch: pytest.MonkeyPatch, admin: Any) -> None:
    knocked: list[int] = []
    monkeypatch.setattr(tasks, "knock", knocked.append)
    job = Job.objects.create(kind="x", key="x", label="x", committee=build.committee(), total=1, created_at=build.AT)
    JobStep.objects.create(job=job, key="1", stage=JobStage.QUEUED)
    row = switch(admin, on=False, version=0, name="jobs.reconcile")
    tasks.reconcile()
    assert knocked == []
    switch(admin, on=True, version=row.version, name="jobs.reconcile")
    tasks.reconcile()
    assert knocked == [job.pk]
