"""The doors of the queue. Each may be knocked at 0 to n times, at once or apart: the rows decide."""

from __future__ import annotations

import time

import redis
import structlog
from celery import shared_task
from django.conf import settings
from django.utils import timezone

from roster.accounts import draft_actions
from roster.audit import actions
from roster.audit.actions import SystemActor
from sessions_app.jobs import work
from sessions_app.jobs.knock import knock
from sessions_app.jobs.switches import is_on

logger = structlog.get_logger(__name__)
SHIFT_SECONDS = 45  # then another job has its turn; far below the time limit of a task


@shared_task(name="jobs.run")
def run(job_id: int) -> None:
    """Work on the job's steps; whoever comes second finds nothing to do."""
    if work.drain(job_id, SHIFT_SECONDS):
        knock(job_id)


@shared_task(name="jobs.reconcile")
def reconcile() -> None:
    """Work whose worker died, or whose message was lost, goes on."""
    if not is_on("jobs.reconcile"):
        return
    for job_id in work.reconcile() or []:
        knock(job_id)


@shared_task(name="drafts.clear")
def clear_drafts() -> None:
    """What was typed and not saved lives a week."""
    if is_on("drafts.clear"):
        draft_actions.clear(timezone.localtime(settings.CLOCK or timezone.now()))


@shared_task(name="audit.keep_heads")
def keep_heads() -> None:
    """Once a day the record writes down how far each of its chains reaches."""
    actions.keep_heads(by=SystemActor("定时任务"), at=timezone.localtime(settings.CLOCK or timezone.now()))


@shared_task(name="health.beat_tick")
def beat_tick() -> None:
    """Beat lives and a worker hears it: /readyz looks at this."""
    client = redis.Redis.from_url(
        settings.CACHES["default"]["LOCATION"],
        socket_connect_timeout=2,
        socket_timeout=2,
    )
    with client:
        client.set(settings.BEAT_KEY, int(time.time()))
