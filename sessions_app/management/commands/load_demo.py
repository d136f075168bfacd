"""`manage.py load_demo`: the demo year, through actions and intake only."""

from time import monotonic
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from roster.committees.models import Committee
from sessions_app.demo.load import load_demo


class Command(BaseCommand):
    help = "装载演示数据：115 个委员会、3,000 人、两年学习。库里已有委员会时拒绝，--if-empty 时静静跳过。"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--if-empty", action="store_true", help="库里已有数据时什么也不做")
        parser.add_argument("--small", action="store_true", help="小样本：一个县、四个机关")

    def handle(self, *args: Any, **options: Any) -> None:
        if Committee.objects.exists():
            if options["if_empty"]:
                return
            raise CommandError("库里已有委员会，演示数据只装入空库。请换一个空库，或用 bin/demo --fresh 重新开始。")
        begun = monotonic()
        load_demo(
            at=timezone.localtime(settings.CLOCK or timezone.now()), small=options["small"], say=self.stdout.write
        )
        self.stdout.write(f"演示数据装载完毕，用时 {monotonic() - begun:.0f} 秒。")
