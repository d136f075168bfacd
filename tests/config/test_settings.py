"""Settings: every error at once, nothing unlisted, safe when it is a real installation."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PRODUCTION = {
    "DATABASE_URL": "postgresql://zhixing@localhost/zhixing",
    "REDIS_URL": "redis://localhost:6379/0",
    "ZHIXING_HOSTS": "zhixing.example",
    "ZHIXING_SECRET_KEY": "k9" * 20 + "abcdefghijklmnopqrstuvwxyz",
}


def run(words: list[str], settings: dict[str, str], tmp_path: Path) -> subprocess.CompletedProcess:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("ZHIXING_", "DATABASE_", "REDIS_"))
    }
    return subprocess.run(
        [sys.executable, *words],
        cwd=PROJECT,
        env=kept | {"ZHIXING_VAR": str(tmp_path)} | settings,
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_wrong_setting_is_reported_at_once(tmp_path: Path) -> None:
    wrong = {
        "DATABASE_URL": "mysql://somewhere/else",
        "REDIS_URL": "memcached://x",
        "ZHIXING_HTTPS": "perhaps",
        "ZHIXING_UPLOAD_MAX_MB": "ten",
        "ZHIXING_PROXY_COUNT": "-1",
        "ZHIXING_LOG_LEVEL": "LOUD",
        "ZHIXING_CLOCK": "yesterday",
        "ZHIXING_SECRET_KEY": "short",
    }
    done = run(["manage.py", "check"], wrong, tmp_path)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    for name in [*wrong, "ZHIXING_HOSTS"]:
        assert f"  {name}: " in done.stderr, name
    assert "要写一个整数" in done.stderr and "要写 true 或 false" in done.stderr


def test_production_has_no_still_clock(tmp_path: Path) -> None:
    done = run(["manage.py", "check"], PRODUCTION | {"ZHIXING_CLOCK": "2026-11-20T09:30"}, tmp_path)
    assert done.returncode == 1 and "ZHIXING_CLOCK" in done.stderr


def test_django_has_nothing_to_say_against_the_deployment(tmp_path: Path) -> None:
    done = run(["manage.py", "check", "--deploy", "--fail-level", "WARNING"], PRODUCTION, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout + done.stderr


def read_settings() -> set[str]:
    texts = [path.read_text() for path in (PROJECT / "config").rglob("*.py")]
    return set(re.findall(r'"(ZHIXING_[A-Z_]+|DATABASE_URL|REDIS_URL)"', "\n".join(texts)))


def test_the_example_lists_every_setting_and_no_other() -> None:
    listed = set(re.findall(r"^([A-Z_]+)=", (PROJECT / ".env.example").read_text(), re.MULTILINE))
    assert listed == read_settings() | {"POSTGRES_PASSWORD"}  # docker-compose.yml's own


def test_nobody_else_reads_the_environment() -> None:
    reading = [
        str(path.relative_to(PROJECT))
        for app in ("roster", "sessions_app")
        for path in (PROJECT / app).rglob("*.py")
        if re.search(r"environ\[|environ\.get\(|getenv\(", path.read_text())
    ]
    assert reading == ["sessions_app/papers/pdf.py"]  # hands PATH and HOME to its child


def test_the_example_is_accepted_once_the_key_is_filled_in(tmp_path: Path) -> None:
    lines = (PROJECT / ".env.example").read_text().splitlines()
    example = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    filled = example | {"ZHIXING_SECRET_KEY": PRODUCTION["ZHIXING_SECRET_KEY"], "ZHIXING_VAR": str(tmp_path)}
    done = run(["manage.py", "check"], filled, tmp_path)
    assert done.returncode == 0, done.stderr
