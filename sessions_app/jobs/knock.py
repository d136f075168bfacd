"""Telling a worker that a job waits. The row is the truth: a knock nobody hears costs half a minute, not the work."""

from __future__ import annotations

import structlog
from celery import current_app  # noqa: TID251 (beside tasks.py the one that speaks to the queue)

logger = structlog.get_logger(__name__)
EXPIRES = 120  # seconds; the reconciler knocks again
RUN = "jobs.run"


def knock(job_id: int, times: int = 1) -> bool:
    """Publish `times` messages; False when the broker is away."""
    try:
        for _ in range(times):
            current_app.send_task(RUN, args=[job_id], expires=EXPIRES, ignore_result=True)
    except Exception as error:
        # Redis away: kombu, redis and the socket each have their own word for it, none of them matters here.
        logger.warning("broker_away", job=job_id, error=str(error)[:200])
        return False
    return True
