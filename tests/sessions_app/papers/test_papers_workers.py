"""A job of annual reports on real workers: a killed PDF child, a killed worker; each report issued exactly once."""

import os
import random
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from django.db.models import F, Max

from roster.audit.actions import SystemActor
from sessions_app.jobs.models import Job, JobStage, JobStep
from sessions_app.papers import actions
from sessions_app.papers.models import IssuedPaper, PaperSection
from tests import build
from tests.sessions_app.jobs.workers import end, ended, until, worker

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.slow]
BY = SystemActor("测试")
BELOW = 8
KILLED_BELOW = 40


def presses(worker_pid: int) -> list[int]:
    """The PDF children of a worker's processes, alive."""
    run = subprocess.run(["ps", "-eo", "pid,ppid,stat,args"], capture_output=True, text=True, check=True)
    rows = [line.split(None, 3) for line in run.stdout.splitlines()[1:]]
    ours = {str(worker_pid)}
    for _ in range(3):
        ours |= {row[0] for row in rows if row[1] in ours}
    return [int(row[0]) for row in rows if row[0] in ours and "pdf_child" in row[3] and not row[2].startswith("Z")]


def begin() -> Job:
    city = build.committee("测试市委")
    for number in range(BELOW - 1):
        build.group(build.committee(f"测试第{number + 1}党组", parent=city), 3)
    return actions.start_annual(city, 2026, whole=True, own=True, by=BY, at=build.AT)


def test_a_report_killed_ten_times_at_random_moments_ends_complete_and_once(tmp_path: Path) -> None:
    """The same step killed three times is another matter: it is given up, and the page says so (jobs)."""
    city = build.committee("测试市委")
    for number in range(KILLED_BELOW - 1):
        build.group(build.committee(f"测试第{number + 1}党组", parent=city), 3)
    job = actions.start_annual(city, 2026, whole=True, own=True, by=BY, at=build.AT)
    steps, kills, chance = JobStep.objects.filter(job=job), 0, random.Random(9704)
    while kills < 10:
        with worker(tmp_path) as process:
            until(lambda: steps.filter(stage=JobStage.RUNNING, claimed_at__gt=F("job__created_at")).exists(), 60)
            time.sleep(chance.uniform(0, 1.5))
            end(process)
        kills += 1
        assert not ended(job), f"done before the kill number {kills}: there must be more to do"
        assert (steps.aggregate(most=Max("attempts"))["most"] or 0) < 3
    with worker(tmp_path):
        until(lambda: ended(job), 180)
    check(job, KILLED_BELOW)


def check(job: Job, below: int = BELOW) -> None:
    assert job.stage == JobStage.DONE, job.error
    assert IssuedPaper.objects.filter(job=job).count() == IssuedPaper.objects.count() == below + 1
    assert PaperSection.objects.count() == below + 1
    assert set(IssuedPaper.objects.values_list("number", flat=True)) == {1}
    for paper in IssuedPaper.objects.all():
        with paper.file.open("rb") as file:
            assert file.read().startswith(b"%PDF-")


def test_a_killed_child_and_a_killed_worker_lose_and_double_nothing(tmp_path: Path) -> None:
    job = begin()
    with worker(tmp_path) as first:
        until(lambda: PaperSection.objects.count() >= 1, 90)
        for pid in presses(first.pid)[:1]:
            os.kill(pid, signal.SIGKILL)
        until(lambda: PaperSection.objects.count() >= 3, 90)
        end(first)
    assert not ended(job)
    with worker(tmp_path) as second:
        until(lambda: ended(job), 180)
        for pid in presses(second.pid):
            assert _megabytes(pid) < 500
    check(job)


def test_a_worker_stays_small(tmp_path: Path) -> None:
    job = begin()
    with worker(tmp_path) as process:
        until(lambda: ended(job), 180)
        run = subprocess.run(["ps", "-eo", "pid,ppid,rss"], capture_output=True, text=True, check=True)
        rows: list[Any] = [line.split() for line in run.stdout.splitlines()[1:]]
        pool = [int(row[2]) // 1024 for row in rows if row[1] == str(process.pid)]
        assert pool and max(pool) < 500, pool
    check(job)


def _megabytes(pid: int) -> int:
    said = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in said.splitlines() if line.startswith("VmHWM")).split()[1]) // 1024
