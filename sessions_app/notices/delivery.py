"""Who sends a delivery: claims by token, one at a time; sent outside any transaction; marked while the claim is ours.

The rows decide. At most twice: a delivery whose first send may have arrived is marked `uncertain` and sent once more.
"""

from __future__ import annotations

import random
import secrets
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q

from sessions_app.jobs.work import moment
from sessions_app.notices.consequences import why_drop
from sessions_app.notices.models import Delivery, DeliveryStage
from sessions_app.notices.rules import (
    MAX_ATTEMPTS,
    AnswerLost,
    NeverWill,
    NotSent,
    Unreachable,
    wait_seconds,
    without_addresses,
)

logger = structlog.get_logger(__name__)
DIED = "发送时系统中断，不知是否送到。"
DIED_TWICE = "两次发送都在途中中断，可能已经送到；确认没有收到再重发。"
LOST_TWICE = "两次发送都没有得到答复，可能已经送到；确认没有收到再重发。"


class Sender(AbstractContextManager[Any], Protocol):
    """One channel's way out, open over a drain. `send` returns when the message was taken; else one of `rules`' four."""

    def send(self, delivery: Delivery) -> None: ...


@dataclass
class Drained:
    """What a shift did. `failed`: for good or to be tried again; `waiting`: due now and not sent; `away`: why it ended."""

    sent: int = 0
    failed: int = 0
    dropped: int = 0
    waiting: int = 0
    away: str = ""


def reclaim_after() -> timedelta:
    """A claim older than this belongs to a process that died."""
    return timedelta(seconds=float(settings.DELIVERY_RECLAIM_SECONDS))


def due(channel: str, now: datetime) -> Q:
    """Deliveries of the channel that somebody may take up now."""
    waits = Q(stage=DeliveryStage.WAITING, next_try_at__lte=now)
    return Q(channel=channel) & (waits | Q(stage=DeliveryStage.SENDING, claimed_at__lt=now - reclaim_after()))


@transaction.atomic
def claim(channel: str, avoid: frozenset[str] = frozenset()) -> Delivery | None:
    """The next delivery, ours from now on; None when none is due. Two processes never hold the same claim.

    One whose sender died under way for the second time is not begun again: it comes back FAILED.
    """
    now = moment()
    rows = Delivery.objects.filter(due(channel, now)).exclude(address__in=avoid).order_by("next_try_at", "pk")
    row = rows.select_for_update(skip_locked=True, of=("self",)).first()
    if row is None:
        return None
    died = row.stage == DeliveryStage.SENDING
    if died and row.uncertain:
        row.stage, row.claim, row.error = DeliveryStage.FAILED, "", DIED_TWICE
    else:
        row.stage, row.claim, row.attempts = DeliveryStage.SENDING, secrets.token_hex(16), row.attempts + 1
        row.claimed_at, row.uncertain = now, row.uncertain or died
        row.error = DIED if died else row.error
    row.save(update_fields=["stage", "claim", "attempts", "claimed_at", "uncertain", "error"])
    return row


def mark(claimed: Delivery, stage: str, error: str = "", **more: Any) -> bool:
    """Say how it went; False when the claim was lost meanwhile, and then nothing is said."""
    mine = Delivery.objects.filter(pk=claimed.pk, claim=claimed.claim, stage=DeliveryStage.SENDING)
    return bool(mine.update(stage=stage, error=without_addresses(error)[:300], claim="", **more))


def again(claimed: Delivery, why: str, **more: Any) -> None:
    """Back to the waiting ones, later each time; failed after so many."""
    if claimed.attempts >= MAX_ATTEMPTS:
        mark(claimed, DeliveryStage.FAILED, f"试了 {claimed.attempts} 次没有送出：{why}", **more)
        return
    later = timedelta(seconds=wait_seconds(claimed.attempts, random.uniform(-1, 1)))  # noqa: S311 (no secret)
    mark(claimed, DeliveryStage.WAITING, why, next_try_at=moment() + later, **more)


def work(claimed: Delivery, sender: Sender, told: Drained) -> Unreachable | None:
    """Send one claimed delivery and say in its row how it went; what is returned says whom not to try in this shift."""
    reason = why_drop(claimed.notice)
    if reason:
        mark(claimed, DeliveryStage.DROPPED, reason)
        told.dropped += 1
        return None
    try:
        sender.send(claimed)
    except NotSent as error:
        told.failed += 1
        again(claimed, error.why)
        return error if isinstance(error, Unreachable) else None
    except NeverWill as error:
        told.failed += 1
        mark(claimed, DeliveryStage.FAILED, error.why)
    except AnswerLost as error:
        told.failed += 1
        if claimed.uncertain:
            mark(claimed, DeliveryStage.FAILED, f"{LOST_TWICE}{error.why}")
        else:
            again(claimed, error.why, uncertain=True)
    except Exception as error:
        # Where it stood nobody knows, so it counts as possibly sent.
        logger.warning("delivery_failed", delivery=claimed.pk, exc_info=True)
        told.failed += 1
        words = f"程序出错（{type(error).__name__}），已记入日志，请联系管理员。"
        if claimed.uncertain:
            mark(claimed, DeliveryStage.FAILED, words)
        else:
            again(claimed, words, uncertain=True)
    else:
        mark(claimed, DeliveryStage.SENT, sent_at=moment())
        told.sent += 1
    return None


def drain(channel: str, *, seconds: float, sender: Sender) -> Drained:
    """Send what is due, one at a time, for about so long. A server that is away ends the shift for what goes there."""
    told, until = Drained(), time.monotonic() + seconds
    avoid: frozenset[str] = frozenset()
    with sender:
        while time.monotonic() < until:
            claimed = claim(channel, avoid)
            if claimed is None:
                break
            if claimed.stage == DeliveryStage.FAILED:
                told.failed += 1
                continue
            away = work(claimed, sender, told)
            if away is not None:
                told.away = away.why
                if away.addresses is None:
                    break
                avoid |= away.addresses
    told.waiting = Delivery.objects.filter(due(channel, moment())).count()
    return told
