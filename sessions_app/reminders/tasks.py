"""The door of the run: beat knocks every ten minutes of the day. 0 to n times, at once or apart: the rows decide."""

from __future__ import annotations

import structlog
from celery import shared_task
from django.conf import settings
from django.utils import timezone

from roster.audit.actions import SystemActor
from sessions_app.jobs.switches import is_on
from sessions_app.notices.models import Channel
from sessions_app.notices.tasks import EXPIRES, deliver
from sessions_app.reminders import actions

logger = structlog.get_logger(__name__)
CLOCKWORK = SystemActor("定时任务")


@shared_task(name="reminders.send_due")
def send_due() -> None:
    """Find what is due and tell who was not told; then wake those who send mail and chat."""
    if not is_on("reminders.send_due"):
        return
    told = actions.send_due(at=timezone.localtime(settings.CLOCK or timezone.now()), by=CLOCKWORK)
    if not told.sent:
        return
    logger.info("reminded", found=told.found, sent=told.sent, by_rhythm=told.by_rhythm)
    for channel in Channel.values:
        try:
            deliver.apply_async(args=[channel], expires=EXPIRES)
        except Exception as error:  # the broker is away: beat knocks in a minute
            logger.warning("broker_away", channel=channel, error=str(error)[:200])
