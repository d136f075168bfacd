"""`manage.py doctor`: what /readyz says, in words, with the cure for what is wrong."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from sessions_app.operations import probes


class Command(BaseCommand):
    help = "检查系统需要的东西是否齐全，并说明怎么修好（/readyz 的文字版）"
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="给程序看的格式")

    def handle(self, *args: Any, **options: Any) -> None:
        answers = probes.doctor()
        well = all(answer.well for answer in answers)
        if options["json"]:
            self.stdout.write(json.dumps([asdict(answer) for answer in answers], ensure_ascii=False, indent=1))
        else:
            kind = "自带的 PostgreSQL 和 Redis" if settings.EMBEDDED else "环境变量给出的数据库"
            self.stdout.write(f"{settings.SITE_NAME}：{kind}，数据目录 {settings.VAR}")
            for answer in answers:
                self.stdout.write(f"{answer.word}  {answer.title}：{answer.says}")
                if answer.word != "正常" and answer.cure:
                    self.stdout.write(f"      怎么办：{answer.cure}")
            if not settings.HTTPS:
                self.stdout.write(
                    "说明  现场评分：没有 https，手机断网后不能重新打开评分表（本机 localhost 除外），其余不受影响"
                )
            short = "能用，有的以别的代替，见上。" if any(answer.substituted for answer in answers) else "一切正常。"
            self.stdout.write(short if well else "有异常，请按上面的提示处理。")
        if not well:
            sys.exit(1)
