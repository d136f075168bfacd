#!/usr/bin/env python
"""Every command of the project; without DATABASE_URL and REDIS_URL it brings its own servers."""

import os
import signal
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # a tidy end, so that servers stop too
    try:
        from django.core.management import execute_from_command_line
    except ImportError:
        sys.exit("没有 Django：请运行 bin/setup，再用 .venv/bin/python manage.py。 (No Django: run bin/setup.)")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
