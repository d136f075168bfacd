"""`manage.py prepare_demo`: what bin/demo needs before it starts, in one process because every start of Django costs."""

from __future__ import annotations

import hashlib
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand

from sessions_app.operations import probes


class Command(BaseCommand):
    help = "为 bin/demo 准备：数据库结构、演示数据（库为空时）、静态文件（有变化时），最后打印地址和账号"
    requires_system_checks: list[str] = []  # they load every page, which gunicorn does anyway

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", default="8000", help="要打印的端口")

    def handle(self, *args: Any, **options: Any) -> None:
        if not probes.migrations().well:
            call_command("migrate", interactive=False, verbosity=0)
        if "load_demo" in get_commands():
            call_command("load_demo", if_empty=True, stdout=self.stdout)
        self._collect()
        self.stdout.write(f"\n知行 已启动：http://localhost:{options['port']}/    （Ctrl-C 停止）")
        if "demo_logins" in get_commands():
            call_command("demo_logins", stdout=self.stdout)
        self.stdout.write("")

    def _collect(self) -> None:
        mark = Path(settings.STATIC_ROOT) / ".state"
        files = [path for path in (settings.BASE_DIR / "static").rglob("*") if path.is_file()]
        files += [settings.BASE_DIR / "package-lock.json", settings.BASE_DIR / "config" / "settings.py"]
        facts = [f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in sorted(files)]
        state = hashlib.sha256("\n".join(facts).encode()).hexdigest()
        if not mark.exists() or mark.read_text() != state:
            call_command("collectstatic", interactive=False, clear=True, verbosity=0)
            mark.write_text(state)
