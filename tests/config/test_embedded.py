"""The servers of our own: shared while anybody needs them, gone when nobody does, whatever ended them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from config import embedded

EMBEDDED = Path(embedded.__file__)
HOLD = "echo held; cat"  # until its input is closed


def environment(var: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    return kept | {"ZHIXING_VAR": str(var), "ZHIXING_EMBEDDED_FAST": "1"}


def hold(var: Path, *command: str) -> subprocess.Popen:
    words = command or ("sh", "-c", HOLD)
    return subprocess.Popen(
        [sys.executable, "-P", str(EMBEDDED), "exec", *words],
        env=environment(var),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def held(process: subprocess.Popen) -> subprocess.Popen:
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def let_go(process: subprocess.Popen) -> None:
    process.communicate()


def servers(var: Path) -> list[psutil.Process]:
    """Everything that runs below this var/: postgres, redis-server, their keepers."""
    found = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
            ours = process.name() in {"postgres", "redis-server"} or "keep" in words
            if ours and str(var) in " ".join(words):
                found.append(process)
        except psutil.Error:
            continue
    return found


def gone(var: Path, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not servers(var):
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def var(tmp_path: Path):
    place = tmp_path / "var"
    yield place
    for process in servers(place):  # only when a test failed
        process.kill()


def test_two_processes_share_one_server_and_the_last_one_out_stops_it(var: Path) -> None:
    first = held(hold(var))
    pid = (var / "pg18" / "postmaster.pid").read_text().split()[0]
    began = time.monotonic()
    second = held(hold(var))
    attached = time.monotonic() - began
    assert (var / "pg18" / "postmaster.pid").read_text().split()[0] == pid
    let_go(first)
    time.sleep(0.3)
    assert (var / "pg18" / "postmaster.pid").exists(), "the second still needs it"
    let_go(second)
    assert gone(var)
    assert attached < 2  # 0.1 s on a machine that has nothing else to do


@pytest.mark.parametrize("blow", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_holder_leaves_nothing_behind(var: Path, blow: signal.Signals) -> None:
    process = held(hold(var, "sh", "-c", "echo held; exec sleep 60"))
    assert servers(var)
    process.send_signal(blow)
    process.communicate()
    assert gone(var)


def test_data_outlive_the_server_and_a_killed_keeper_is_no_obstacle(var: Path) -> None:
    query = "import psycopg, sys; from config import embedded; c = psycopg.connect(embedded.attach('postgres'));"
    write = query + "c.execute('create table kept (n int)'); c.commit()"
    read = query + "print(c.execute('select count(*) from kept').fetchone()[0])"
    subprocess.run([sys.executable, "-c", write], env=environment(var), check=True)
    assert gone(var)

    holder = held(hold(var))
    for process in servers(var):
        if "keep" in process.cmdline():
            process.kill()
    let_go(holder)
    answer = subprocess.run(
        [sys.executable, "-c", read], env=environment(var), check=True, capture_output=True, text=True
    )
    assert answer.stdout.strip() == "0"
    assert gone(var)


def test_a_server_that_died_comes_back(var: Path) -> None:
    holder = held(hold(var))
    [redis] = [process for process in servers(var) if process.name() == "redis-server"]
    redis.kill()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if any(process.name() == "redis-server" for process in servers(var)):
            break
        time.sleep(0.05)
    else:
        pytest.fail("no redis-server came back")
    let_go(holder)
    assert gone(var)


def test_a_long_path_gets_a_short_socket(tmp_path: Path) -> None:
    var = tmp_path / ("x" * 60) / ("y" * 60)
    place = embedded.socket_directory(var, "postgres")
    assert len(str(place / ".s.PGSQL.5432")) <= embedded.LONGEST_SOCKET
    assert embedded.socket_directory(var, "postgres") == place != embedded.socket_directory(var / "z", "postgres")


def test_a_place_that_cannot_be_written_is_said_in_a_sentence(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a directory")
    done = subprocess.run(
        [sys.executable, "-P", str(EMBEDDED), "exec", "true"],
        env=environment(blocked),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "ZHIXING_VAR" in done.stderr
    assert "Traceback" not in done.stderr
