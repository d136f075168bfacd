"""Loads the published holidays into the working calendar; days set by hand stay."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from roster.audit.actions import SHANGHAI, SystemActor
from sessions_app.policies.actions import seed_working_days


class Command(BaseCommand):
    help = "导入放假安排到工作日历，人工调整过的日期不动 (seed the working calendar)"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("years", nargs="*", type=int, help="年度；不写是去年、今年、明年")
        parser.add_argument("--json", action="store_true", help="for machines")

    def handle(self, *args: Any, **options: Any) -> None:
        at = timezone.now().astimezone(SHANGHAI)
        years = options["years"] or [at.year - 1, at.year, at.year + 1]
        unknown = seed_working_days(years, by=SystemActor("导入工作日历"), at=at)
        if options["json"]:
            self.stdout.write(json.dumps({"seeded": sorted(set(years) - set(unknown)), "unknown": unknown}))
            return
        done = "、".join(str(year) for year in sorted(set(years) - set(unknown)))
        self.stdout.write(f"已导入：{done or '无'}。" + "".join(f"{year} 年尚未公布。" for year in unknown))
