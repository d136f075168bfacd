"""`manage.py backup DIR`: database, files and a manifest with hashes, into a directory that does not exist yet."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from config import backup


class Command(BaseCommand):
    help = "备份数据库和附件，连同带散列的清单 (back up database and files)"
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("directory", type=Path, help="还不存在的目录，如 /var/backups/zhixing/2026-11-20")
        parser.add_argument("--json", action="store_true", help="给程序看的格式")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            outcome = backup.back_up(options["directory"], at=timezone.localtime())
        except backup.CannotBackUp as error:
            if options["json"]:
                self.stdout.write(json.dumps({"well": False, "says": str(error)}, ensure_ascii=False))
                sys.exit(1)
            raise CommandError(str(error)) from None
        manifest, parts = outcome.manifest, outcome.manifest["parts"]
        size = sum(part["size"] for part in parts.values())
        if options["json"]:
            told = {
                "well": outcome.well, "faults": outcome.faults, "directory": str(options["directory"]), "bytes": size,
                "files": len(parts) - 1, "rows": sum(manifest["rows"].values()), "note": outcome.note, "seal": manifest["seal"],
            }  # fmt: skip
            self.stdout.write(json.dumps(told, ensure_ascii=False))
        else:
            self.stdout.write(
                f"已备份到 {options['directory']}：{len(manifest['rows'])} 张表 {sum(manifest['rows'].values()):,} 行，"
                f"{len(parts) - 1:,} 个文件，共 {size / 2**20:,.1f} MB。\n"
                f"封印 {manifest['seal']}（请另抄一处，恢复时核对）。\n登录状态不在备份里，恢复后都要重新登录。"
            )
            if outcome.note:
                self.stdout.write(outcome.note)
            for fault in outcome.faults:
                self.stderr.write(fault)
        if not outcome.well:
            sys.exit(1)
