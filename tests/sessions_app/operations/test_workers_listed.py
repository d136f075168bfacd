"""A real worker, with the flags of deploy/Procfile, says which version it runs; stopped in order, it takes its name away."""

import signal
from pathlib import Path

import pytest
from django.conf import settings

from sessions_app.operations import broker
from tests.sessions_app.jobs.workers import end, until, worker

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.slow]


def test_a_worker_lists_itself(tmp_path: Path) -> None:
    with broker.client() as client:
        client.delete(broker.WORKERS)
    procfile = (settings.BASE_DIR / "deploy" / "Procfile").read_text()
    assert "--without-gossip --without-mingle" in procfile and "--without-heartbeat" not in procfile
    with worker(tmp_path, beat=False) as process:
        until(lambda: broker.look().workers)
        (listed,) = broker.look().workers
        assert listed.version == settings.PROGRAM_VERSION
        assert listed.name.endswith(f"/{process.pid}")
        end(process, signal.SIGTERM)
        assert broker.look().workers == ()
