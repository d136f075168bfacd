"""Who works on a step: the registry of handlers, claims by token, the heartbeat, and the end of a job, once."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet

from roster.audit.actions import SystemActor, record
from roster.audit.moves import Refused
from sessions_app.jobs.models import LIVE, Job, JobStage, JobStep
from sessions_app.jobs.rules import MAX_ATTEMPTS, failure_words, is_poison

logger = structlog.get_logger(__name__)
MACHINE = SystemActor("后台任务")
RECONCILER_LOCK = 727_010

Save = Callable[[Job], None]


class Handler(Protocol):
    """What a kind of job does. `step` may run 0 to n times; what it returns is run once, in the transaction
    that marks the step done, with the job locked, and only while the claim is still ours. `finish` runs in the
    transaction that ends the job."""

    def step(self, job: Job, step: JobStep) -> Save | None: ...

    def finish(self, job: Job) -> None: ...


handlers: dict[str, Handler] = {}


@dataclass(frozen=True)
class Claim:
    step: JobStep
    token: str


def moment() -> datetime:
    """Now, by the database's clock: one for all workers, whatever the hour on their machines."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


def reclaim_after() -> float:
    """Seconds without a heartbeat after which a claim counts as dead."""
    return float(settings.JOB_RECLAIM_SECONDS)


def waiting(job_id: int) -> QuerySet[JobStep]:
    """Steps that may begin now: queued, and everything of a lower order is done. What was lost with a worker comes last,
    so that the next worker to die does not take the same step with it."""
    before = JobStep.objects.filter(job=OuterRef("job"), order__lt=OuterRef("order")).exclude(stage=JobStage.DONE)
    return (
        JobStep.objects.filter(job_id=job_id, stage=JobStage.QUEUED)
        .exclude(Exists(before))
        .order_by("order", "attempts", "id")
    )


@transaction.atomic
def claim(job_id: int) -> Claim | None:
    """The next step, ours from now on; None when there is nothing to begin. Two workers never get the same."""
    if not Job.objects.filter(pk=job_id, stage__in=LIVE).exists():
        return None
    step = waiting(job_id).select_for_update(skip_locked=True, of=("self",)).first()
    if step is None:
        return None
    now = moment()
    step.stage, step.attempts, step.claimed_at, step.claim = (
        JobStage.RUNNING, step.attempts + 1, now, secrets.token_hex(16),
    )  # fmt: skip
    step.save(update_fields=["stage", "attempts", "claimed_at", "claim"])
    Job.objects.filter(pk=job_id, stage=JobStage.QUEUED).update(stage=JobStage.RUNNING)
    Job.objects.filter(pk=job_id, started_at__isnull=True).update(started_at=now)
    return Claim(step, step.claim)


@contextmanager
def heartbeat(claimed: Claim) -> Iterator[None]:
    """Keeps `claimed_at` fresh from a thread of its own while the step is worked on."""
    ended = threading.Event()

    def beat() -> None:
        try:
            while not ended.wait(reclaim_after() / 6):
                mine = JobStep.objects.filter(pk=claimed.step.pk, claim=claimed.token, stage=JobStage.RUNNING)
                if not mine.update(claimed_at=moment()):
                    return
        except Exception:  # a heart that fails only loses the claim
            logger.warning("heartbeat_failed", step=claimed.step.pk, exc_info=True)
        finally:
            connection.close()

    thread = threading.Thread(target=beat, name=f"heartbeat-{claimed.step.pk}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(5)


def work(claimed: Claim) -> None:
    """Do one claimed step and say in the row how it went."""
    step = JobStep.objects.select_related("job", "job__committee", "job__created_by__person").get(pk=claimed.step.pk)
    try:
        handler = handlers.get(step.job.kind)
        if handler is None:
            raise Refused(f"没有会做“{step.job.kind}”的程序，请联系管理员。")
        with heartbeat(claimed):
            save = handler.step(step.job, step)
        done(claimed, save, handler)
    except Refused as refusal:
        missed(claimed, "；".join(refusal.reasons), for_good=True)
    except Exception as error:
        logger.warning(
            "job_step_failed",
            job=step.job_id,
            step=step.key,
            attempts=step.attempts,
            exc_info=True,
        )
        missed(claimed, sentence(error))


def sentence(error: Exception) -> str:
    """An error in words for the page; renderers bring their own sentence."""
    said = getattr(error, "sentence", "")
    return said or f"程序出错（{type(error).__name__}），已记入日志，请联系管理员。"


@transaction.atomic
def done(claimed: Claim, save: Save | None, handler: Handler) -> bool:
    """The step is done and its result saved, both or neither; False when the claim was lost or the job stopped."""
    job = Job.objects.select_for_update(of=("self",)).get(pk=claimed.step.job_id)
    mine = JobStep.objects.filter(pk=claimed.step.pk, claim=claimed.token, stage=JobStage.RUNNING)
    if job.stage not in LIVE:
        mine.update(stage=JobStage.CANCELLED, claim="")
        return False
    if not mine.update(stage=JobStage.DONE, finished_at=moment(), error="", claim=""):
        return False
    if save is not None:
        save(job)
    settle(job, handler)
    return True


@transaction.atomic
def missed(claimed: Claim, why: str, *, for_good: bool = False) -> None:
    """The step failed: queued again, or given up after the third time (at once where trying again cannot help)."""
    job = Job.objects.select_for_update(of=("self",)).get(pk=claimed.step.job_id)
    step = JobStep.objects.filter(pk=claimed.step.pk, claim=claimed.token, stage=JobStage.RUNNING).first()
    if step is None:
        return
    _release(step, why, for_good=for_good)
    settle(job, handlers.get(job.kind))


def _release(step: JobStep, why: str, *, for_good: bool = False) -> None:
    given_up = for_good or is_poison(step.attempts)
    step.stage = JobStage.FAILED if given_up else JobStage.QUEUED
    step.error, step.claim = why, ""
    step.finished_at = moment() if given_up else None
    step.save(update_fields=["stage", "error", "claim", "finished_at"])


def settle(job: Job, handler: Handler | None) -> None:
    """Count, and end the job when nothing is left to do. Needs the job locked; ends it once."""
    stages = list(JobStep.objects.filter(job=job).values_list("stage", flat=True))
    job.done = stages.count(JobStage.DONE)
    if job.stage in LIVE:
        if job.done == len(stages):
            job.stage, job.finished_at, job.error = JobStage.DONE, moment(), ""
            if handler is not None:
                handler.finish(job)
        elif JobStage.RUNNING not in stages and not waiting(job.pk).exists():
            failed = JobStep.objects.filter(job=job, stage=JobStage.FAILED).order_by("order", "id")
            words = [(step.arguments.get("label", step.key), step.error) for step in failed]
            job.stage, job.finished_at, job.error = (
                JobStage.FAILED,
                moment(),
                failure_words(words),
            )
        if job.stage not in LIVE:
            record(job, verb="finish" if job.stage == JobStage.DONE else "fail", by=MACHINE, at=job.finished_at,
                   before=JobStage.RUNNING, after=job.stage, reason=job.error)  # fmt: skip
    job.save(update_fields=["done", "stage", "finished_at", "error", "result"])


def drain(job_id: int, seconds: float) -> bool:
    """Work on the job's steps one at a time for about so long; True when steps may still wait."""
    until = time.monotonic() + seconds
    while True:
        claimed = claim(job_id)
        if claimed is None:
            return False
        work(claimed)
        if time.monotonic() >= until:
            return waiting(job_id).exists()


def reconcile() -> list[int] | None:
    """Frees the steps of dead workers; the ids of the jobs that wait for a worker. None: somebody else does it now."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [RECONCILER_LOCK])
            if not cursor.fetchone()[0]:
                return None
        dead = moment() - timedelta(seconds=reclaim_after())
        orphaned = JobStep.objects.filter(stage=JobStage.RUNNING, claimed_at__lt=dead)
        for job_id in sorted(set(orphaned.values_list("job_id", flat=True))):
            _free(job_id, orphaned)
        return [
            job.pk
            for job in Job.objects.filter(stage__in=LIVE).order_by("created_at", "pk")
            if waiting(job.pk).exists()
        ]


def _free(job_id: int, orphaned: QuerySet[JobStep]) -> None:
    job = Job.objects.select_for_update(of=("self",)).get(pk=job_id)
    for step in orphaned.filter(job=job).select_for_update(of=("self",)):
        if job.stage in LIVE:
            _release(
                step,
                f"做这一份的进程中断了 {step.attempts} 次（共试 {MAX_ATTEMPTS} 次）。",
            )
        else:
            step.stage, step.claim = JobStage.CANCELLED, ""
            step.save(update_fields=["stage", "claim"])
    settle(job, handlers.get(job.kind))
