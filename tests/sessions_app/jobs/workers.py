"""Real Celery workers on the tests' own database and Redis, and patience."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.db import connection

from sessions_app.jobs.models import Job

COMMAND = [
    "-A", "config", "worker", "--concurrency", "2", "--loglevel", "WARNING", "--without-gossip", "--without-mingle",
    "-I", "tests.sessions_app.jobs.worker_kinds",
]  # fmt: skip


def environment(tmp: Path, **more: str) -> dict[str, str]:
    said = connection.settings_dict
    user = said["USER"] + (f":{quote(said['PASSWORD'])}" if said["PASSWORD"] else "")
    return {
        **os.environ,
        "DATABASE_URL": f"postgresql://{user}@{quote(said['HOST'] or 'localhost', safe='')}:{said['PORT'] or 5432}/{said['NAME']}",
        "DJANGO_SETTINGS_MODULE": "tests.sessions_app.jobs.worker_settings",
        "ZHIXING_DATABASE_POOL": "false",
        "PYTHONPATH": str(settings.BASE_DIR),
        "TEST_MEDIA": str(tmp),
        **more,
    }


class Worker:
    """A worker forked from the nursery, in a session of its own."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._open = os.pidfd_open(pid)

    def wait(self, seconds: float) -> None:
        """Until it is gone; raises AssertionError when it is still there after so many seconds."""
        with select.epoll() as gone:
            gone.register(self._open, select.EPOLLIN)
            assert gone.poll(seconds), f"the worker {self.pid} does not end"


@cache
def nursery() -> subprocess.Popen[bytes]:
    """One for each process of the tests; it ends with it, as its input is closed."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.sessions_app.jobs.nursery"],
        cwd=settings.BASE_DIR,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


@contextmanager
def worker(tmp: Path, *words: str, beat: bool = True, **more: str) -> Iterator[Worker]:
    command = [*COMMAND, *words]
    if beat:
        command += ["-B", "-s", str(tmp / f"beat-{time.monotonic_ns()}")]
    wanted = {
        "argv": command,
        "environment": environment(tmp, **more),
        "log": str(tmp / f"worker-{time.monotonic_ns()}.log"),
    }
    forks = nursery()
    assert forks.stdin and forks.stdout
    forks.stdin.write(json.dumps(wanted).encode() + b"\n")
    forks.stdin.flush()
    process = Worker(int(forks.stdout.readline()))
    try:
        yield process
    finally:
        end(process)


def end(process: Worker, sign: int = signal.SIGKILL) -> None:
    """The worker and its children, by their own process group."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, sign)
    process.wait(20)


def until(true: Callable[[], object], seconds: float = 60) -> None:
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.1)


def ended(job: Job) -> bool:
    job.refresh_from_db()
    return job.stage not in ("QUEUED", "RUNNING")
