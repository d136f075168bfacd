"""Settings of the workers that tests start: dead claims are noticed after three seconds, beat ticks every second.

Tests of jobs hear nothing of reminders; who wants the whole table takes EVERY_SECOND.
"""

from datetime import timedelta

from config.settings import *  # noqa: F403
from config.settings import CELERY_BEAT_SCHEDULE

JOB_RECLAIM_SECONDS = 3
EVERY_SECOND = {
    name: {**entry, "schedule": timedelta(seconds=1), "options": {"expires": 5}}
    for name, entry in CELERY_BEAT_SCHEDULE.items()
}
CELERY_BEAT_SCHEDULE = {name: EVERY_SECOND[name] for name in ("jobs.reconcile", "health.beat_tick")}
