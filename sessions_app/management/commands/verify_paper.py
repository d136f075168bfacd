"""manage.py verify_paper FILE: was it issued here, and does it come out of its frozen facts again, byte for byte?"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from sessions_app.papers.verify import verify


class Command(BaseCommand):
    help = "校验一份文书 (verify a paper)；与印发的一致时退出码为 0"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="PDF、Word 或 Excel 文件 (file)")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(options["file"])
        if not path.is_file():
            raise CommandError(f"没有这个文件：{path}")
        verdict = verify(path.read_bytes())
        if options["json"]:
            paper = verdict.paper.pk if verdict.paper else None
            said = {"well": verdict.well, "words": verdict.words, "paper": paper, "format": verdict.format}
            self.stdout.write(json.dumps(said, ensure_ascii=False))
        else:
            self.stdout.write(verdict.words)
        if not verdict.well:
            sys.exit(1)
