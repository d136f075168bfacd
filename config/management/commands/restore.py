"""`manage.py restore DIR`: put a backup set back, after everything about it and about this place was found right."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config import backup


class Command(BaseCommand):
    help = "从备份恢复到空库，再升级到本版；损坏的备份和非空的库都拒绝 (restore a backup set)"
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("directory", type=Path, help="manage.py backup 做出的目录")
        parser.add_argument("--replace", action="store_true", help="现有数据全部换掉（先说明会丢失什么）")
        parser.add_argument("--check", action="store_true", help="只检查备份是否完好，不恢复")
        parser.add_argument("--json", action="store_true", help="给程序看的格式")

    def handle(self, *args: Any, **options: Any) -> None:
        said: list[str] = []
        say = said.append if options["json"] else self.stdout.write
        try:
            if options["check"]:
                outcome = backup.Outcome(backup.read_set(options["directory"]))
            else:
                outcome = backup.restore(options["directory"], replace=options["replace"], say=say)
        except backup.CannotBackUp as error:
            if options["json"]:
                self.stdout.write(json.dumps({"well": False, "says": str(error)}, ensure_ascii=False))
                sys.exit(1)
            raise CommandError(str(error)) from None
        manifest = outcome.manifest
        rows, files = sum(manifest["rows"].values()), len(manifest["parts"]) - 1
        if options["json"]:
            told = {
                "well": outcome.well, "faults": outcome.faults, "restored": not options["check"], "rows": rows,
                "files": files, "audit_chains": len(manifest["audit_heads"]), "migrated": outcome.migrated,
                "made_at": manifest["made_at"], "version": manifest["version"], "seal": manifest["seal"],
            }  # fmt: skip
            self.stdout.write(json.dumps(told, ensure_ascii=False))
        elif options["check"]:
            say(f"备份完好：{manifest['made_at']}，{manifest['version']} 版，{rows:,} 行，{files:,} 个文件。\n"
                f"封印 {manifest['seal']}。")  # fmt: skip
        else:
            climbed = f"已升级 {len(outcome.migrated)} 个迁移" if outcome.migrated else "结构与本版一致"
            say(
                f"已恢复 {manifest['made_at']} 的备份（{manifest['version']} 版）：{len(manifest['rows'])} 张表 {rows:,} 行、"
                f"{files:,} 个文件，逐项与清单相符；{climbed}。\n封印 {manifest['seal']}。"
            )
            if outcome.well:
                say(
                    f"操作日志 {len(manifest['audit_heads'])} 条链，链尾与清单相符，全部接得上。请运行 doctor，再启动服务。"
                )
            for fault in outcome.faults:
                self.stderr.write(fault)
        if not outcome.well:
            sys.exit(1)
