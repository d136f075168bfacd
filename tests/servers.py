"""Real PostgreSQL and Redis for the tests, and settings that do not depend on whose machine it is.

Imported by tests/conftest.py first of all, and starts Django.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import django

from config import embedded

PROJECT = Path(__file__).resolve().parent.parent
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
NUMBER = int(WORKER.removeprefix("gw")) + 1 if WORKER else 0

for name in [name for name in os.environ if name.startswith("ZHIXING_")]:
    if name not in {"ZHIXING_VAR", "ZHIXING_TEST_VAR", "ZHIXING_TEST_HELD", "ZHIXING_TEST_LONG"}:
        del os.environ[name]
own = os.environ.get("ZHIXING_TEST_VAR") or os.environ.get("ZHIXING_VAR") or PROJECT / "var" / "test"
os.environ.update(
    ZHIXING_VAR=str(own),
    ZHIXING_EMBEDDED_FAST="1",
    ZHIXING_DATABASE_POOL="false",  # a test's database is created and dropped; live servers have threads of their own
    ZHIXING_STATIC_MANIFEST="false",  # static files straight from their places, no collectstatic
    ZHIXING_LOG_LEVEL="ERROR",
    ZHIXING_HTTPS="false",
    ZHIXING_DEMO="true",
    ZHIXING_HOSTS="localhost,127.0.0.1,testserver",
    ZHIXING_SECRET_KEY="a key for tests, and for nothing else than tests, long enough",
)
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"

if not os.environ.get("DATABASE_URL"):
    try:
        os.environ["DATABASE_URL"] = embedded.attach("postgres")
    except embedded.CannotStart as error:
        sys.exit(str(error))
if not os.environ.get("REDIS_URL"):
    try:
        os.environ["REDIS_URL"] = embedded.attach("redis")
    except embedded.CannotStart as error:
        sys.exit(str(error))
# One database of Redis for each xdist worker; a worker inherits the address from the process that started it.
os.environ["REDIS_URL"] = re.sub(r"\?db=\d+$", f"?db={NUMBER}", os.environ["REDIS_URL"])

django.setup()  # so that conftest.py and the tests may import models at their top
