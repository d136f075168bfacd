"""导出工作簿 (Export a workbook): the same sheets that import reads."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from roster.committees.models import Committee
from sessions_app.workbooks.export import Wanted, export


class Command(BaseCommand):
    help = "导出工作簿 (export): 再导入时什么也不会改变 (importing it changes nothing)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("out", type=Path, help="写到这里 .xlsx (where to)")
        parser.add_argument("--committee", metavar="CODE", help="只导出这个委员会 (only this committee)")
        parser.add_argument("--year", type=int, help="计划、场次、成果等只导出这一年 (only this year)")
        parser.add_argument("--json", action="store_true", help="输出 JSON (machine-readable)")

    def handle(self, *args: Any, **options: Any) -> None:
        committees = None
        if options["committee"]:
            committees = Committee.objects.filter(code=options["committee"])
            if not committees.exists():
                raise CommandError(f"没有编码为“{options['committee']}”的委员会，请核对编码。", returncode=1)
        wanted = Wanted(
            committees=committees,
            year=options["year"],
            today=timezone.localtime(settings.CLOCK or timezone.now()).date(),
        )
        try:
            counts = export(options["out"], wanted)
        except OSError as error:
            raise CommandError(f"写不了 {options['out']}：{error.strerror}", returncode=1) from error
        if options["json"]:
            self.stdout.write(json.dumps({"file": str(options["out"]), "rows": counts}, ensure_ascii=False))
        else:
            rows = "，".join(f"{name} {count} 行" for name, count in counts.items())
            self.stdout.write(f"已导出到 {options['out']}：{rows}。")
