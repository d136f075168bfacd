"""Settings of workers that remind: every line of the beat table ticks each second, a dead claim is noticed after three."""

from tests.sessions_app.jobs.worker_settings import *  # noqa: F403
from tests.sessions_app.jobs.worker_settings import EVERY_SECOND

CELERY_BEAT_SCHEDULE = EVERY_SECOND
DELIVERY_RECLAIM_SECONDS = 3
