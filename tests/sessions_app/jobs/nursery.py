"""A process with the libraries already imported, from which the workers of the tests are forked.

A worker takes five seconds to begin, four of them for libraries that are the same for every worker. Nothing that knows the
settings is imported here: each worker reads its own environment, after it was forked.

It reads one JSON object a line ({"argv": [...], "environment": {...}, "log": path}) and answers with a process number a line.
"""

import gc
import json
import os
import signal
import sys
from importlib import import_module

LIBRARIES = (
    "celery.apps.worker", "celery.bin.celery", "celery.concurrency.prefork", "celery.loaders.app",
    "django.contrib.postgres.fields", "django.db.backends.postgresql.base", "django.forms", "django_structlog", "docx", "docxtpl",
    "icalendar", "kombu.transport.redis", "nh3", "openpyxl", "ortools.sat.python.cp_model", "pikepdf", "pypdf", "pypinyin",
    "psycopg", "redis", "structlog", "xlsxwriter",
)  # fmt: skip


def main() -> None:
    for name in LIBRARIES:
        import_module(name)
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody here waits for a worker: the kernel takes it away
    for line in sys.stdin:
        wanted = json.loads(line)
        pid = os.fork()
        if pid == 0:
            become(**wanted)
        print(pid, flush=True)


def become(argv: list[str], environment: dict[str, str], log: str) -> None:
    """Be the command `python -m celery ARGV` in a session of its own; never returns."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(written, stream)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.environ.clear()
    os.environ.update(environment)
    sys.path.insert(0, environment["PYTHONPATH"])
    sys.argv = ["celery", *argv]
    from celery.__main__ import main as celery

    try:
        sys.exit(celery())
    except SystemExit as ended:
        os._exit(ended.code if isinstance(ended.code, int) else 1)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        os._exit(1)


if __name__ == "__main__":
    main()
