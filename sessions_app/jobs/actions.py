"""Long work asked for, stopped and taken up again; lines of the beat table switched. The queue is told after the row stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from roster.audit.actions import Actor, record, saying
from roster.audit.moves import Move, Moves, Refused, Stale
from roster.committees.models import Committee
from sessions_app.jobs.beat import ROWS
from sessions_app.jobs.knock import knock
from sessions_app.jobs.models import LIVE, BeatSwitch, Job, JobStage, JobStep

MOVES = Moves(
    thing="这项任务",
    labels=dict(JobStage.choices),
    moves=[
        Move("cancel", "停止", (JobStage.QUEUED, JobStage.RUNNING), JobStage.CANCELLED),
        Move("retry", "接着做", (JobStage.FAILED, JobStage.CANCELLED), JobStage.QUEUED),
    ],
)
PARALLEL = 4  # messages at the start; as many workers as there are take one each

Step = tuple[str, Mapping[str, Any]] | tuple[str, Mapping[str, Any], int]


def start(
    kind: str, *, key: str, label: str, committee: Committee, steps: Sequence[Step],
    arguments: Mapping[str, Any] | None = None, by: Actor, at: datetime,
) -> Job:  # fmt: skip
    """Ask for long work; the live job of the same `key` comes back when there is one.

    A step is (key, arguments) or (key, arguments, order): a step begins when all steps of a lower order are done.
    Returns when the rows stand, whether or not the broker can be reached.
    """
    if not steps:
        raise Refused("没有要做的内容。")
    live = Job.objects.filter(key=key, stage__in=LIVE).first()
    if live is not None:
        return live
    try:
        with transaction.atomic():
            job = Job.objects.create(
                kind=kind, key=key, label=label, committee=committee, arguments=dict(arguments or {}),
                total=len(steps), created_by_id=by.pk, created_at=at,
            )  # fmt: skip
            JobStep.objects.bulk_create(
                JobStep(
                    job=job,
                    key=step[0],
                    arguments=dict(step[1]),
                    order=step[2] if len(step) > 2 else 0,
                )
                for step in steps
            )
            record(
                job,
                verb="start",
                by=by,
                at=at,
                after=job.stage,
                data={"kind": kind, "steps": len(steps)},
            )
    except IntegrityError:
        # Somebody pressed the same button in this very moment.
        live = Job.objects.filter(key=key, stage__in=LIVE).first()
        if live is None:
            raise
        return live
    _knock_after_commit(job)
    return job


@transaction.atomic
def cancel(job: Job, *, by: Actor, at: datetime) -> Job:
    """Stop: waiting steps are dropped, running ones are not saved. What is already done stays."""
    job = Job.objects.select_for_update(of=("self",)).get(pk=job.pk)
    before = job.stage
    job.stage, job.finished_at = MOVES.target(job.stage, "cancel"), at
    job.steps.filter(stage=JobStage.QUEUED).update(stage=JobStage.CANCELLED)
    job.save(update_fields=["stage", "finished_at"])
    record(job, verb="cancel", by=by, at=at, before=before, after=job.stage)
    return job


def retry(job: Job, *, by: Actor, at: datetime) -> Job:
    """Take up what failed or was stopped; finished steps stay finished."""
    try:
        with transaction.atomic():
            job = Job.objects.select_for_update(of=("self",)).get(pk=job.pk)
            before = job.stage
            job.stage, job.finished_at, job.error = (
                MOVES.target(job.stage, "retry"),
                None,
                "",
            )
            job.save(update_fields=["stage", "finished_at", "error"])
            job.steps.exclude(stage=JobStage.DONE).update(
                stage=JobStage.QUEUED,
                attempts=0,
                claim="",
                claimed_at=None,
                finished_at=None,
                error="",
            )
            record(job, verb="retry", by=by, at=at, before=before, after=job.stage)
    except IntegrityError:
        raise Refused("同样的任务正在进行，不必再开一次。请到文书里查看进度。") from None
    _knock_after_commit(job)
    return job


def _knock_after_commit(job: Job) -> None:
    times = min(PARALLEL, job.steps.exclude(stage=JobStage.DONE).count())
    transaction.on_commit(lambda: knock(job.pk, max(1, times)), robust=True)


@transaction.atomic
def switch(name: str, *, is_on: bool, version: int, reason: str = "", by: Actor, at: datetime) -> BeatSwitch:
    """Switch a line of the beat table on or off. `version` is that of its row as seen, 0 when it had none yet."""
    if name not in ROWS:
        raise Refused("没有这项定时任务，请刷新页面核对。")
    if ROWS[name].essential and not is_on:
        raise Refused(f"“{ROWS[name].label}”不能停用。{ROWS[name].stops}")
    row = BeatSwitch.objects.select_for_update().filter(name=name).first() or BeatSwitch(name=name, version=0)
    if row.version != version:
        raise Stale(row.version)
    before = row.is_on
    if before == is_on:
        raise Refused(f"“{ROWS[name].label}”现在就是{_switched(is_on)}状态，不用再改。")
    row.is_on = is_on
    with saying({"name": "这项定时任务刚刚被他人改过，请刷新后核对。"}):
        row.save_changed()
    record(row, verb="switch_on" if is_on else "switch_off", by=by, at=at, before=_switched(before),
           after=_switched(is_on), reason=reason.strip())  # fmt: skip
    return row


def _switched(is_on: bool) -> str:
    return "启用" if is_on else "停用"
