"""Kinds of jobs only tests know; workers of tests load them with `-I`."""

import os
import time
from pathlib import Path

from roster.audit.actions import SystemActor, record
from sessions_app.jobs import work
from sessions_app.jobs.models import Job, JobStep

BY = SystemActor("测试")


class Slow:
    """Writes when each step began (and in which process), takes its time, and counts in the saved result."""

    def step(self, job: Job, step: JobStep) -> work.Save:
        with Path(job.arguments["log"]).open("a") as log:
            log.write(f"{step.key} {os.getpid()}\n")
        time.sleep(job.arguments.get("seconds", 0))
        if step.arguments.get("poison"):
            raise RuntimeError("boom")

        def save(job: Job) -> None:
            job.result = {**job.result, step.key: job.result.get(step.key, 0) + 1}
            record(job, verb="test-step", by=BY, at=work.moment(), reason=step.key)

        return save

    def finish(self, job: Job) -> None:
        job.result = {**job.result, "finished": job.result.get("finished", 0) + 1}


class Deadly(Slow):
    """Takes the whole process with it, every time."""

    def step(self, job: Job, step: JobStep) -> work.Save:
        os.kill(os.getpid(), 9)
        raise AssertionError


work.handlers["slow"] = Slow()
work.handlers["deadly"] = Deadly()
