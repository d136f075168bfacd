"""Real workers, killed in the middle: nothing is lost, nothing doubled, and the work goes on by itself."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from roster.audit.actions import SystemActor
from roster.audit.models import AuditEvent
from sessions_app.jobs import actions
from sessions_app.jobs.models import Job, JobStage, JobStep
from tests import build
from tests.sessions_app.jobs.workers import end, ended, environment, until, worker

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.slow]
BY = SystemActor("测试")
STEPS = 6


def begin(tmp_path: Path, *, kind: str = "slow", seconds: float = 0.5, steps: int = STEPS) -> Job:
    return actions.start(
        kind, key="k", label="测试任务", committee=build.committee(), steps=[(f"s{n}", {}) for n in range(steps)],
        arguments={"log": str(tmp_path / "log"), "seconds": seconds}, by=BY, at=build.AT,
    )  # fmt: skip


def begun(tmp_path: Path) -> list[str]:
    log = tmp_path / "log"
    return log.read_text().splitlines() if log.exists() else []


def check_once(job: Job) -> None:
    assert job.stage == JobStage.DONE, job.error
    assert job.result == {**{f"s{n}": 1 for n in range(STEPS)}, "finished": 1}
    events = AuditEvent.objects.filter(subject_type="job", subject_id=job.pk)
    assert events.filter(verb="test-step").count() == STEPS and events.filter(verb="finish").count() == 1


def test_a_worker_killed_in_the_middle_loses_and_doubles_nothing(tmp_path: Path) -> None:
    job = begin(tmp_path)
    with worker(tmp_path) as first:
        until(lambda: len(begun(tmp_path)) >= 2)
        end(first)
    job.refresh_from_db()
    assert job.stage == JobStage.RUNNING and JobStep.objects.filter(job=job, stage=JobStage.RUNNING).exists()
    with worker(tmp_path):
        until(lambda: ended(job), 90)
    check_once(job)
    assert len(begun(tmp_path)) > STEPS, "the steps under way began again"


def test_a_pool_child_killed_in_the_middle_loses_and_doubles_nothing(tmp_path: Path) -> None:
    job = begin(tmp_path)
    with worker(tmp_path):
        until(lambda: len(begun(tmp_path)) >= 2)
        os.kill(int(begun(tmp_path)[-1].split()[1]), signal.SIGKILL)
        until(lambda: ended(job), 90)
    check_once(job)


def test_a_step_that_kills_its_worker_is_given_up_after_three_times(tmp_path: Path) -> None:
    job = begin(tmp_path, kind="deadly", steps=1)
    with worker(tmp_path):
        until(lambda: ended(job), 120)
    assert job.stage == JobStage.FAILED and "中断" in job.error
    assert JobStep.objects.get(job=job).attempts == 3


def test_two_beats_and_two_workers_do_one_job_once(tmp_path: Path) -> None:
    job = begin(tmp_path)
    with worker(tmp_path, "-n", "one@%h"), worker(tmp_path, "-n", "two@%h"):
        until(lambda: ended(job), 90)
        time.sleep(2.5)  # more ticks
    job.refresh_from_db()
    check_once(job)
    assert len(begun(tmp_path)) == STEPS


def test_while_redis_is_away_the_row_stands_and_the_work_follows_when_it_is_back(tmp_path: Path) -> None:
    committee = build.committee()
    place = Path("/tmp") / f"zx-redis-{os.getpid()}"
    place.mkdir(mode=0o700)
    address = f"unix://{place}/redis.sock?db=0"
    script = f"""
import django; django.setup()
import time
from roster.audit.actions import SystemActor
from roster.committees.models import Committee
from sessions_app.jobs import actions
from tests.build import AT
began = time.monotonic()
actions.start("slow", key="k", label="x", committee=Committee.objects.get(pk={committee.pk}), steps=[("s0", {{}})],
              arguments={{"log": {str(tmp_path / "log")!r}}}, by=SystemActor("测试"), at=AT)
print(time.monotonic() - began)
"""
    server = None
    try:
        run = subprocess.run([sys.executable, "-c", script], env=environment(tmp_path, REDIS_URL=address), check=True,
                             capture_output=True, text=True, timeout=60)  # fmt: skip
        assert float(run.stdout.split()[-1]) < 5, "the page does not wait for a broker that is away"
        job = Job.objects.get()
        assert job.stage == JobStage.QUEUED
        server = subprocess.Popen(
            [shutil.which("redis-server") or "redis-server", "--port", "0", "--unixsocket", f"{place}/redis.sock",
             "--save", "", "--dir", str(place)],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        with worker(tmp_path, REDIS_URL=address):
            until(lambda: ended(job), 90)
        assert job.stage == JobStage.DONE
    finally:
        if server:
            server.kill()
            server.wait(10)
        shutil.rmtree(place, ignore_errors=True)
