"""Every registered task may run 0 to n times, at once or apart: twice and in parallel it leaves the state that once leaves.

The other five of the six: concurrent edits (rooms' own race tests), access (test_access.py), hostile files
(workbooks, papers), upgrade and restore (config), the crawl under the policy (journeys).
"""

import threading
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from django.db import connection

from config.celery import app
from roster.accounts.roles import Role
from roster.audit.actions import SystemActor
from roster.audit.models import AuditEvent
from roster.people.models import GroupRole
from sessions_app.jobs import tasks, work
from sessions_app.jobs.models import Job, JobStage, JobStep
from sessions_app.notices.models import Notice
from sessions_app.papers import actions as papers
from sessions_app.papers import handlers
from sessions_app.papers.models import IssuedPaper
from sessions_app.reminders.models import DueItem, Reminder, Round
from tests import build

BY = SystemActor("测试")
YEAR = 2025


@pytest.fixture
def swept(django_db_setup: None, django_db_blocker: Any, transactional_db: None) -> Iterator[None]:
    """Committed rows, which threads see; append-only tables let themselves be emptied after the test only."""

    def truncation(word: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE tgname LIKE '%no_truncate'")
            for table, trigger in cursor.fetchall():
                cursor.execute(f"ALTER TABLE {table} {word} TRIGGER {trigger}")

    truncation("ENABLE")
    yield
    truncation("DISABLE")


@pytest.fixture
def annual_job(swept: None, settings: Any, tmp_path: Any) -> Job:
    """The year's report of one committee, asked for and not yet begun."""
    handlers.register()
    place = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}}
    settings.STORAGES = {**settings.STORAGES, "default": place}
    settings.CLOCK = build.AT
    committee = build.committee("云州市发改委党组", since=date(2020, 1, 1))
    build.member(committee, role=GroupRole.LEADER, rank=1, since=date(2024, 1, 1))
    build.granted(Role.REVIEWER, committee)
    return papers.start_annual(committee, YEAR, whole=False, by=BY, at=build.AT)


def at_once(act: Callable[[], object], times: int = 3) -> None:
    """`act` in several threads, each with a connection of its own; what one raises is raised here."""
    raised: list[BaseException] = []
    gate = threading.Barrier(times)

    def go() -> None:
        try:
            gate.wait(10)
            act()
        except BaseException as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=go) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    if raised:
        raise raised[0]


def state() -> dict[str, Any]:
    """What the tasks may change, but for hashes and moments."""
    return {
        "jobs": list(Job.objects.order_by("pk").values_list("kind", "key", "stage", "total", "done", "error")),
        "steps": list(JobStep.objects.order_by("pk").values_list("key", "stage", "attempts")),
        "papers": list(IssuedPaper.objects.order_by("pk").values_list("kind", "year", "number", "sha256")),
        "events": sorted(AuditEvent.objects.values_list("verb", "subject_type")),
        "due": sorted(DueItem.objects.values_list("kind", "subject", "found_on", "due_on")),
        "told": sorted(Notice.objects.values_list("person__name", "rhythm", "period", "title")),
        "reminders": sorted(Reminder.objects.values_list("person__name", "item__subject", "period")),
        "rounds": sorted(Round.objects.values_list("rhythm", "period", "notices")),
    }


ARGUMENTS: dict[str, Callable[[Job], tuple[object, ...]]] = {
    "jobs.run": lambda job: (job.pk,),
    "jobs.reconcile": lambda job: (),
    "health.beat_tick": lambda job: (),
    "drafts.clear": lambda job: (),
    "audit.keep_heads": lambda job: (),
    "reminders.send_due": lambda job: (),
    "notices.deliver": lambda job: ("CHAT",),  # with letters on their way: test_delivery.py
}


def ours() -> dict[str, Any]:
    app.loader.import_default_modules()
    return {name: task for name, task in app.tasks.items() if not name.startswith("celery.")}


def test_every_task_stands_here() -> None:
    assert set(ours()) == set(ARGUMENTS)


@pytest.mark.parametrize("name", sorted(ARGUMENTS))
def test_a_task_run_twice_and_in_parallel_leaves_what_once_leaves(name: str, annual_job: Job) -> None:
    task, arguments = ours()[name], ARGUMENTS[name](annual_job)
    at_once(lambda: task(*arguments))
    first = state()
    task(*arguments)
    at_once(lambda: task(*arguments))
    assert state() == first
    if name == "jobs.run":
        assert [stage for _, _, stage, *_ in first["jobs"]] == [JobStage.DONE]
        assert len(first["papers"]) == 1
        assert {attempts for _, _, attempts in first["steps"]} == {1}
    if name == "reminders.send_due":
        assert first["due"] and first["reminders"]
        assert {rhythm for _, rhythm, _, _ in first["told"]} == {"MONTHLY", "QUARTERLY"}


def test_the_comparison_notices_work_done_twice(annual_job: Job) -> None:
    """Negative control: with the claim of a step forgotten, the second run is told from the first."""
    tasks.run(annual_job.pk)
    first = state()
    JobStep.objects.update(stage=JobStage.QUEUED, claim="")
    Job.objects.update(stage=JobStage.QUEUED)
    work.drain(annual_job.pk, 60)
    assert state() != first
