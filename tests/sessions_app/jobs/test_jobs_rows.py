"""Jobs as rows: one live job a key, claims, poison, cancel and retry, tasks run twice or at once."""

import threading
from pathlib import Path

import pytest
from celery import current_app
from django.db import connection

from roster.audit.actions import SystemActor
from roster.audit.models import AuditEvent
from roster.audit.moves import Refused
from sessions_app.jobs import actions, tasks, work
from sessions_app.jobs.models import Job, JobStage, JobStep
from sessions_app.jobs.rules import failure_words, remaining
from tests import build
from tests.sessions_app.jobs import worker_kinds  # noqa: F401 (registers the kinds)

BY = SystemActor("测试")


def begin(tmp_path: Path, *, steps: int = 3, key: str = "k", kind: str = "slow", **arguments: object) -> Job:
    return actions.start(
        kind, key=key, label="测试任务", committee=build.committee(), steps=[(f"s{n}", {}) for n in range(steps)],
        arguments={"log": str(tmp_path / "log"), **arguments}, by=BY, at=build.AT,
    )  # fmt: skip


@pytest.mark.django_db
def test_a_double_click_finds_the_live_job(tmp_path: Path) -> None:
    first = begin(tmp_path)
    assert begin(tmp_path) == first
    work.drain(first.pk, 60)
    assert begin(tmp_path) != first, "an ended job does not stand in the way of the next"


@pytest.mark.django_db
def test_steps_are_done_once_in_order_and_the_job_ends_once(tmp_path: Path) -> None:
    job = begin(tmp_path)
    assert work.drain(job.pk, 60) is False
    job.refresh_from_db()
    assert (job.stage, job.done, job.total) == (JobStage.DONE, 3, 3)
    assert job.result == {"s0": 1, "s1": 1, "s2": 1, "finished": 1}
    assert (tmp_path / "log").read_text().split()[::2] == ["s0", "s1", "s2"]
    assert AuditEvent.objects.filter(subject_type="job", subject_id=job.pk, verb="finish").count() == 1


@pytest.mark.django_db
def test_later_steps_wait_for_all_earlier_ones(tmp_path: Path) -> None:
    job = actions.start("slow", key="k", label="x", committee=build.committee(), by=BY, at=build.AT,
                        steps=[("last", {}, 2), ("first", {}, 0), ("second", {}, 1)],
                        arguments={"log": str(tmp_path / "log")})  # fmt: skip
    claimed = work.claim(job.pk)
    assert claimed is not None and claimed.step.key == "first"
    assert work.claim(job.pk) is None, "the rest waits while the first is worked on"
    work.work(claimed)
    work.drain(job.pk, 60)
    assert (tmp_path / "log").read_text().split()[::2] == ["first", "second", "last"]


@pytest.mark.django_db
def test_poison_stops_at_three_and_says_why_and_retry_takes_up_only_what_is_missing(tmp_path: Path) -> None:
    job = begin(tmp_path)
    JobStep.objects.filter(job=job, key="s1").update(arguments={"poison": True, "label": "市发改委党组"})
    work.drain(job.pk, 60)
    job.refresh_from_db()
    assert job.stage == JobStage.FAILED and job.done == 2
    assert "市发改委党组" in job.error and "程序出错" in job.error
    assert JobStep.objects.get(job=job, key="s1").attempts == 3
    JobStep.objects.filter(job=job, key="s1").update(arguments={})
    actions.retry(job, by=BY, at=build.AT)
    work.drain(job.pk, 60)
    job.refresh_from_db()
    assert job.stage == JobStage.DONE and job.error == ""
    assert job.result == {"s0": 1, "s1": 1, "s2": 1, "finished": 1}


@pytest.mark.django_db
def test_cancel_keeps_what_is_done_and_saves_nothing_more(tmp_path: Path) -> None:
    job = begin(tmp_path)
    first, second = work.claim(job.pk), work.claim(job.pk)
    assert first is not None and second is not None
    work.work(first)
    actions.cancel(job, by=BY, at=build.AT)
    work.work(second)
    job.refresh_from_db()
    assert (job.stage, job.done, job.result) == (JobStage.CANCELLED, 1, {"s0": 1})
    with pytest.raises(Refused, match="已取消"):
        actions.cancel(job, by=BY, at=build.AT)
    actions.retry(job, by=BY, at=build.AT)
    work.drain(job.pk, 60)
    job.refresh_from_db()
    assert job.stage == JobStage.DONE and job.result["finished"] == 1


@pytest.mark.django_db
def test_a_lost_claim_saves_nothing(tmp_path: Path) -> None:
    job = begin(tmp_path, steps=1)
    slow = work.claim(job.pk)
    assert slow is not None
    JobStep.objects.filter(pk=slow.step.pk).update(stage=JobStage.QUEUED, claim="")
    again = work.claim(job.pk)
    assert again is not None
    work.work(again)
    work.work(slow)
    job.refresh_from_db()
    assert job.result == {"s0": 1, "finished": 1}


@pytest.mark.django_db
def test_a_kind_nobody_knows_ends_in_words(tmp_path: Path) -> None:
    job = begin(tmp_path, kind="unknown", steps=1)
    work.drain(job.pk, 60)
    job.refresh_from_db()
    assert job.stage == JobStage.FAILED and "没有会做" in job.error


def test_progress_in_words() -> None:
    assert remaining(37, 115, 60) == "约 2 分钟"
    assert remaining(0, 115, 60) == "" and remaining(115, 115, 60) == ""
    assert remaining(114, 115, 60) == "不到 1 分钟"
    assert failure_words([("甲", "坏了")]) == "甲：坏了"
    assert "共 7 份" in failure_words([(str(n), "x") for n in range(7)])


# ------------------------------------------------------------- every task: twice, and at once, the same state


def test_every_task_of_the_room_is_in_the_test_below() -> None:
    """Those of other rooms stand in tests/test_six.py."""
    ours = {name for name in current_app.tasks if name.startswith(("jobs.", "health.", "drafts."))}
    assert ours == {"jobs.run", "jobs.reconcile", "health.beat_tick", "drafts.clear"}, (
        "a new task: give it a row in the test below"
    )


@pytest.mark.usefixtures("committed")
@pytest.mark.parametrize("name", ["jobs.run", "jobs.reconcile", "health.beat_tick", "drafts.clear"])
@pytest.mark.parametrize("at_once", [False, True])
def test_every_task_twice_or_at_once_leaves_the_same_state(name: str, at_once: bool, tmp_path: Path) -> None:
    job = begin(tmp_path, steps=6, seconds=0.05)
    dead = begin(tmp_path, steps=1, key="dead")
    claimed = work.claim(dead.pk)
    assert claimed is not None
    JobStep.objects.filter(pk=claimed.step.pk).update(claimed_at=build.AT)  # long ago
    task = {
        "jobs.run": lambda: tasks.run(job.pk),
        "jobs.reconcile": tasks.reconcile,
        "health.beat_tick": tasks.beat_tick,
        "drafts.clear": tasks.clear_drafts,
    }

    def go() -> None:
        try:
            task[name]()
        finally:
            if at_once:
                connection.close()

    if at_once:
        threads = [threading.Thread(target=go) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    else:
        go()
        go()
    job.refresh_from_db()
    dead.refresh_from_db()
    if name == "jobs.run":
        assert job.stage == JobStage.DONE and job.result == {**{f"s{n}": 1 for n in range(6)}, "finished": 1}
    if name == "jobs.reconcile":
        step = JobStep.objects.get(job=dead)
        assert (step.stage, step.attempts, step.claim) == (JobStage.QUEUED, 1, "")
        assert Job.objects.count() == 2 and job.stage == JobStage.QUEUED


@pytest.mark.usefixtures("committed")
def test_the_second_reconciler_steps_aside(tmp_path: Path) -> None:
    begin(tmp_path)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [work.RECONCILER_LOCK])
    said: list[object] = []

    def other() -> None:
        said.append(work.reconcile())
        connection.close()

    thread = threading.Thread(target=other)
    thread.start()
    thread.join(20)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s)", [work.RECONCILER_LOCK])
    assert said == [None]
    assert work.reconcile(), "with the lock free it finds the waiting job"
