"""PostgreSQL away or started anew: said in words and at once, and back by itself."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from config import away
from tests import snapshots


def served(dsn: str, tmp: Path) -> tuple[subprocess.Popen[bytes], str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "DATABASE_URL": dsn, "ZHIXING_VAR": str(tmp), "ZHIXING_DATABASE_POOL": "true"}
    with (tmp / "web.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "config.wsgi", "--threads", "4", "--bind", f"127.0.0.1:{port}"],
            cwd=settings.BASE_DIR,
            env=environment,
            stdout=log,
            stderr=log,
        )
    return process, f"http://127.0.0.1:{port}"


def asked(address: str) -> tuple[int, dict[str, str], str]:
    try:
        with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310
            return answer.status, dict(answer.headers), answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read().decode()


def until_served(address: str) -> None:
    ends = time.monotonic() + 60
    while True:
        try:
            assert asked(f"{address}/healthz")[0] == 200
            return
        except OSError:
            assert time.monotonic() < ends, "the web server does not answer"
            time.sleep(0.2)


@pytest.fixture
def site(django_db_setup: None, django_db_blocker: object, tmp_path: Path) -> Iterator[tuple[str, str, str]]:
    """Address, name of its database and the place of the server; the pool is on, as in production."""
    said = connection.settings_dict
    user = said["USER"] + (f":{quote(said['PASSWORD'])}" if said["PASSWORD"] else "")
    place = f"postgresql://{user}@{quote(said['HOST'] or 'localhost', safe='')}:{said['PORT'] or 5432}"
    name = f"test_zx_away_{os.getpid()}"
    with django_db_blocker.unblock():
        snapshots.copy(name, snapshots.migrated())
        connection.close()
    process, address = served(f"{place}/{name}", tmp_path)
    try:
        until_served(address)
        yield address, name, place
    finally:
        process.terminate()
        process.wait(20)
        with django_db_blocker.unblock():
            snapshots.drop(name)


PAGE = "/account/login/"
COOKIE = "sessionid=abcdefghijklmnopqrstuvwxyz012345"


class Staying(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: object) -> None:
        return None


OPENER = urllib.request.build_opener(Staying)


def clicked(address: str) -> int:
    """A page that asks for somebody's session, and so for the database; where it leads to is not asked for."""
    request = urllib.request.Request(address + "/search/", headers={"Cookie": COOKIE})  # noqa: S310
    try:
        return OPENER.open(request, timeout=30).status
    except urllib.error.HTTPError as error:
        return error.code


def test_a_restart_while_nobody_clicks_costs_nobody_an_error(site: tuple[str, str, str]) -> None:
    """Eight connections stand in the pool; the server ends them all, as a restart does."""
    address, name, place = site
    with ThreadPoolExecutor(8) as threads, psycopg.connect(f"{place}/postgres", autocommit=True) as admin:
        for _ in range(6):
            assert set(threads.map(clicked, [address] * 16)) == {302}
        held = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
        assert admin.execute(held, [name]).fetchone()[0] >= 3
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        assert [clicked(address) for _ in range(6)] == [302] * 6
        assert set(threads.map(clicked, [address] * 16)) == {302}


def test_while_it_is_away_the_page_says_so_and_it_comes_back(site: tuple[str, str, str]) -> None:
    address, name, place = site
    page = address + "/search/"  # asks for the session, and so for the database
    assert asked(address + PAGE)[0] == 200
    with psycopg.connect(f"{place}/postgres", autocommit=True) as admin:
        admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        cookie = urllib.request.Request(page, headers={"Cookie": COOKIE})  # noqa: S310
        with pytest.raises(urllib.error.HTTPError) as failed:
            urllib.request.urlopen(cookie, timeout=30)  # noqa: S310
        assert failed.value.code == 503
        assert failed.value.headers["Retry-After"] == str(away.RETRY_SECONDS)
        assert "数据库暂时连不上" in failed.value.read().decode()
        assert asked(address + "/healthz")[0] == 200
        began = time.monotonic()
        assert asked(address + "/readyz")[0] == 503
        told = time.monotonic() - began
        admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    assert told < 2 * settings.DATABASE_SECONDS, "one wait for the database, not one for each probe"
    ends = time.monotonic() + 10
    while True:
        try:
            urllib.request.urlopen(cookie, timeout=30).read()  # noqa: S310
            return
        except urllib.error.HTTPError as error:
            assert error.code == 503 and time.monotonic() < ends
            time.sleep(0.3)


def test_a_refusal_of_the_database_is_no_absence() -> None:
    assert not away.is_away(psycopg.errors.UniqueViolation("twice"))
    assert not away.is_away(psycopg.errors.QueryCanceled("too long"))
    assert not away.is_away(ValueError("ours"))
    assert not away.is_away(psycopg.InterfaceError("the cursor is closed"))
    try:
        try:
            raise psycopg.OperationalError("connection refused")
        except psycopg.OperationalError:
            raise ValueError("ours") from None
    except ValueError as ours:
        assert not away.is_away(ours)
    assert away.is_away(psycopg.InterfaceError("the connection is closed"))
    assert away.is_away(psycopg.OperationalError("connection refused"))
    assert away.is_away(psycopg.errors.AdminShutdown("bye"))
