"""The door of the queue for mail and chat. It may be knocked at 0 to n times, at once or apart: the rows decide."""

from __future__ import annotations

import structlog
from celery import shared_task
from django.conf import settings

from sessions_app.jobs.switches import is_on
from sessions_app.notices.chat import ChatSender
from sessions_app.notices.delivery import Sender, drain
from sessions_app.notices.mail import MailSender
from sessions_app.notices.models import Channel

logger = structlog.get_logger(__name__)
SHIFT_SECONDS = 45  # beat comes every minute; far below the time limit of a task
EXPIRES = 55


@shared_task(name="notices.deliver")
def deliver(channel: str) -> None:
    """Send what the channel ("MAIL", "CHAT") has due; whoever comes second takes what is left."""
    if not is_on(f"notices.deliver.{channel.lower()}"):
        return
    if channel == Channel.MAIL and not settings.MAIL_HOST:
        return
    sender: Sender = MailSender() if channel == Channel.MAIL else ChatSender()
    told = drain(channel, seconds=SHIFT_SECONDS, sender=sender)
    if told.sent or told.failed or told.dropped:
        logger.info("delivered", channel=channel, sent=told.sent, failed=told.failed, dropped=told.dropped)
    if told.waiting and not told.away:
        try:
            deliver.apply_async(args=[channel], expires=EXPIRES)
        except Exception as error:  # the broker is away: beat knocks in a minute
            logger.warning("broker_away", channel=channel, error=str(error)[:200])
