"""A real site for the journeys: its own database with the small demo, a web server, a worker, and Chromium before it.

The clock stands at NOW. Nothing of Django runs in the test's process: what a journey knows, it sees on a page, hears
from a command, or asks PostgreSQL.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import psycopg
import pytest
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response, sync_playwright

from tests import snapshots

ROOT = Path(settings.BASE_DIR)
NOW = "2026-03-20T10:00"
PASSWORD = "Zhixing-demo-2026"
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip


class Site:
    """Where it stands, and its database."""

    def __init__(self, dsn: str, environment: dict[str, str], logs: Path) -> None:
        self.dsn, self.environment, self.logs = dsn, environment, logs
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"

    def manage(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-W", "error", "manage.py", *words], cwd=ROOT, env=self.environment, capture_output=True,
            text=True, timeout=600, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{words}: {done.stdout[-2000:]}{done.stderr[-4000:]}"
        return done.stdout

    def facts(self, *words: str) -> dict[str, Any]:
        return json.loads(self.manage("facts", "--json", *words))

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.dsn) as connection:
            return connection.execute(sql, values).fetchall()

    def one(self, sql: str, *values: object) -> Any:
        return self.rows(sql, *values)[0][0]

    @contextmanager
    def running(self, name: str, *command: str) -> Iterator[None]:
        with (self.logs / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            try:
                yield
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGTERM)
                try:
                    process.wait(15)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None) -> Iterator[Site]:
    with copied_site(tmp_path_factory.mktemp("site"), f"test_zx_site_{os.getpid()}") as it:
        yield it


@contextmanager
def copied_site(logs: Path, name: str) -> Iterator[Site]:
    """A copy of the loaded snapshot with files of its own, served; dropped at the end."""
    said = settings.DATABASES["default"]
    user = said["USER"] + (f":{quote(said['PASSWORD'])}" if said["PASSWORD"] else "")
    place = f"postgresql://{user}@{quote(said['HOST'] or 'localhost', safe='')}:{said['PORT'] or 5432}"
    environment = {
        **os.environ,
        "ZHIXING_VAR": str(logs / "var"),
        "ZHIXING_CLOCK": NOW,
        "ZHIXING_LOG_LEVEL": "WARNING",
        "PYTHONPATH": str(ROOT),
    }
    it = Site(f"{place}/{name}", {**environment, "DATABASE_URL": f"{place}/{name}"}, logs)
    _aside(lambda: snapshots.copy(name, loaded(place, environment)))
    shutil.copytree(_files(), logs / "var" / "media", dirs_exist_ok=True)
    try:
        with it.running("web", "gunicorn", "config.wsgi", "--threads", "6", "--bind", f"127.0.0.1:{it.port}"):
            _answer(f"{it.address}/healthz")
            yield it
    finally:
        _aside(lambda: snapshots.drop(name))


def _aside(act: Callable[[], Any]) -> None:
    """In a thread of its own: Django refuses its connection where Playwright's loop is already running."""
    with ThreadPoolExecutor(1) as hand:
        hand.submit(act).result()


def _files() -> Path:
    """The files that belong to the snapshot."""
    return Path(os.environ["ZHIXING_VAR"]) / "site_media"


def loaded(place: str, environment: dict[str, str]) -> str:
    """The name of the snapshot with the small demo, loaded by the commands a site is loaded by."""
    of = snapshots.migrated()

    def make(name: str) -> None:
        snapshots.copy(name, of)
        var = _files().parent / "site_making"
        shutil.rmtree(var, ignore_errors=True)
        shutil.rmtree(_files(), ignore_errors=True)
        (var / "media").mkdir(parents=True)
        told = {**environment, "DATABASE_URL": f"{place}/{name}", "ZHIXING_VAR": str(var)}
        Site(f"{place}/{name}", told, var).manage("load_demo", "--small")
        (var / "media").rename(_files())

    return snapshots.made_once("site", snapshots.of_code(NOW), make)


def _answer(address: str) -> None:
    ends = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(address, timeout=5).read()  # noqa: S310
            return
        except OSError:
            assert time.monotonic() < ends, "the web server does not answer"
            time.sleep(0.2)


@pytest.fixture(scope="session")
def worker(site: Site) -> Iterator[None]:
    """A Celery worker with its beat, as in bin/demo."""
    beat = site.logs / "beat"
    with site.running(
        "worker",
        "celery",
        "-A",
        "config",
        "worker",
        "--concurrency",
        "1",
        "--loglevel",
        "WARNING",
        "-B",
        "-s",
        str(beat),
    ):
        yield


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class Watch:
    """Listens to every page of a context: policy violations, console errors, foreign hosts, failures of the server."""

    def __init__(self, host: str) -> None:
        self.host, self.found = host, []
        self.allowed: list[str] = []  # regular expressions of what the journey means to provoke

    def over(self, context: BrowserContext) -> None:
        context.add_init_script(
            "addEventListener('securitypolicyviolation', e => console.error('CSP ' + e.violatedDirective + ' ' + e.blockedURI))"
        )
        context.on("console", self._console)
        context.on("weberror", lambda error: self.found.append(f"script: {error.error}"))
        context.on("request", self._request)
        context.on("response", self._response)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.found.append(f"console: {message.text} at {message.location.get('url')}")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob", "about") and parts.netloc != self.host:
            self.found.append(f"foreign host: {request.url}")

    def _response(self, response: Response) -> None:
        if response.status >= 500:
            self.found.append(f"{response.status}: {response.request.method} {response.url}")

    def wrong(self) -> list[str]:
        return [line for line in self.found if not any(re.search(pattern, line) for pattern in self.allowed)]


@pytest.fixture
def watch(site: Site) -> Iterator[Watch]:
    """Every journey fails for what its pages complained of."""
    it = Watch(urlsplit(site.address).netloc)
    yield it
    assert it.wrong() == []


@pytest.fixture
def visit(site: Site, chromium: Browser, watch: Watch) -> Iterator[Callable[..., Page]]:
    """`visit("mishu")`: a fresh window, logged in as that user of the demo; `visit(None)`: nobody yet."""
    contexts = []

    def open_window(username: str | None, *, size: dict[str, int] = DESK, **more: Any) -> Page:
        context = chromium.new_context(
            base_url=site.address,
            viewport=size,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            accept_downloads=True,
            **more,
        )
        context.set_default_timeout(20_000)
        watch.over(context)
        contexts.append(context)
        page = context.new_page()
        if username:
            log_in(page, username)
        return page

    yield open_window
    for context in contexts:
        context.close()


def log_in(page: Page, username: str) -> None:
    page.goto("/account/login/")
    page.get_by_label("用户名").fill(username)
    page.get_by_label("密码", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url(lambda url: "/account/login/" not in url)
