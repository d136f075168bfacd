"""Celery: a broker that knocks, no result backend. What is to be done stands in `Job` rows; a task may run 0 to n times."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

from celery import Celery

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
