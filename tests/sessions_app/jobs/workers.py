"""Real Celery workers on the tests' own database and Redis, and patience."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.db import connection

from sessions_app.jobs.models import Job


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


@contextmanager
def worker(tmp: Path, *words: str, beat: bool = True, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "celery", "-A", "config", "worker", "--concurrency", "2", "--loglevel", "WARNING",
               "--without-gossip", "--without-mingle", "-I", "tests.sessions_app.jobs.worker_kinds", *words]  # fmt: skip
    if beat:
        command += ["-B", "-s", str(tmp / f"beat-{time.monotonic_ns()}")]
    log = (tmp / f"worker-{time.monotonic_ns()}.log").open("wb")
    process = subprocess.Popen(
        command, env=environment(tmp, **more), cwd=settings.BASE_DIR, stdout=log, stderr=log, start_new_session=True
    )
    try:
        yield process
    finally:
        end(process)
        log.close()


def end(process: subprocess.Popen[bytes], sign: int = signal.SIGKILL) -> None:
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
