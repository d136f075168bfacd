"""What Redis knows of the machine: beat's last tick, how many messages wait, which workers live. One look, bounded.

Workers write themselves into a hash (config/celery.py, so nothing here may need Django's models); who says nothing
for five minutes is forgotten.
"""

from __future__ import annotations

import json
import os
import socket
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import redis
from django.conf import settings

SECONDS = 2  # one look takes no longer, and a worker that cannot say it lives goes on working
WORKERS = "zhixing:workers"
FORGOTTEN = 300
QUEUE = "celery"  # Celery's own name of its queue


@dataclass(frozen=True)
class Worker:
    name: str  # host/pid
    version: str
    heard_at: datetime
    silent: int  # seconds


@dataclass(frozen=True)
class Broker:
    """`error` is not empty when Redis did not answer; then nothing else is known."""

    error: str = ""
    version: str = ""
    now: datetime | None = None
    beat_at: datetime | None = None
    queue: int = 0
    workers: tuple[Worker, ...] = ()

    @property
    def beat_silent(self) -> int | None:
        """Seconds since beat's last tick went through a worker; None when it never did."""
        return max(0, int((self.now - self.beat_at).total_seconds())) if self.now and self.beat_at else None


def look() -> Broker:
    """The state now; in one round trip, so a Redis that says nothing costs two seconds and not two a question."""
    prefix = settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"]
    try:
        with client() as redis_client:
            pipe = redis_client.pipeline(transaction=False)
            pipe.info("server").time().get(settings.BEAT_KEY).llen(prefix + QUEUE).hgetall(WORKERS)
            server, (seconds, _), beat, queue, workers = pipe.execute()
            return Broker(
                version=server["redis_version"], now=_moment(seconds), beat_at=_moment(float(beat)) if beat else None,
                queue=queue, workers=tuple(_workers(workers, seconds)),
            )  # fmt: skip
    except Exception as error:  # away, wrong address, another kind of key: whatever it is, it is said
        return Broker(error=short(error))


def _workers(said: dict[bytes, bytes], now: int) -> list[Worker]:
    found = []
    for name, text in sorted(said.items()):
        row = json.loads(text)
        if now - row["at"] <= FORGOTTEN:
            silent = max(0, now - row["at"])
            found.append(Worker(name.decode(), row["version"], _moment(row["at"]), silent))
    return found


def own_name() -> str:
    return f"{socket.gethostname()}/{os.getpid()}"


def lives(name: str, version: str) -> None:
    """A worker says that it lives. Redis errors are the caller's."""
    with client() as redis_client:
        now = redis_client.time()[0]
        silent = [
            other
            for other, text in redis_client.hgetall(WORKERS).items()
            if now - json.loads(text)["at"] > FORGOTTEN and other != name.encode()
        ]
        pipe = redis_client.pipeline(transaction=False)
        pipe.hset(WORKERS, name, json.dumps({"version": version, "at": now}))
        pipe.expire(WORKERS, FORGOTTEN)
        if silent:
            pipe.hdel(WORKERS, *silent)
        pipe.execute()


def leaves(name: str) -> None:
    with client() as redis_client:
        redis_client.hdel(WORKERS, name)


def client() -> redis.Redis:
    address = settings.CACHES["default"]["LOCATION"]
    return redis.Redis.from_url(address, socket_connect_timeout=SECONDS, socket_timeout=SECONDS)


def short(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, ZoneInfo(settings.TIME_ZONE))
