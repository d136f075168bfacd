"""Celery: a broker that knocks, no result backend. What is to be done stands in `Job` rows; a task may run 0 to n times."""

from __future__ import annotations

import os
import time
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog
from celery import Celery
from celery.signals import heartbeat_sent, worker_ready, worker_shutdown

from config.version import VERSION
from sessions_app.operations import broker

logger = structlog.get_logger(__name__)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

# a container or the demo may run it as root; messages are JSON, so nothing in them runs
warnings.filterwarnings("ignore", message="You're running the worker with superuser privileges")

app = Celery("zhixing")
app.config_from_object("django.conf:settings", namespace="CELERY")


def rooms_with_tasks() -> list[str]:
    """`sessions_app.jobs`, ... : every room that has a tasks.py."""
    root = Path(__file__).resolve().parent.parent
    return [f"{path.parent.parent.name}.{path.parent.name}" for path in sorted(root.glob("*_app/*/tasks.py"))]


app.autodiscover_tasks(rooms_with_tasks, related_name="tasks")


# ------------------------------------------------------------------------------- workers, for the page of operations
SAID_EVERY = 30  # seconds; Celery's heart beats every two
said_at = -float(SAID_EVERY)


def say_alive(**given: Any) -> None:
    """From the heart of the worker's main process, with its version; Redis away is no reason to stop working."""
    global said_at
    if time.monotonic() - said_at < SAID_EVERY:
        return
    said_at = time.monotonic()
    try:
        broker.lives(broker.own_name(), VERSION)
    except Exception as error:
        logger.warning("worker_not_listed", error=str(error)[:200])


def say_gone(**given: Any) -> None:
    with suppress(Exception):
        broker.leaves(broker.own_name())


worker_ready.connect(say_alive)
heartbeat_sent.connect(say_alive)
worker_shutdown.connect(say_gone)
