"""导入工作簿 (Import a workbook): preview, or with --commit the import."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from roster.audit.actions import SystemActor
from roster.audit.moves import Refused
from sessions_app.workbooks.commit import commit
from sessions_app.workbooks.preview import open_book, plan
from sessions_app.workbooks.reader import BadWorkbook
from sessions_app.workbooks.rules import Unreadable, read_choice, read_date
from sessions_app.workbooks.sheets import KINDS, LEVELS
from sessions_app.workbooks.units import Answer

ANSWER = "请用 --units-kind、--units-level、--units-parent、--units-since 说明各单位的类型、层级、上级编码和起始日期。"


def _answer(options: dict[str, Any]) -> Answer | None:
    """What the options say about a list of units; None when they say nothing."""
    given = [options[f"units_{name}"] for name in ("kind", "level", "parent", "since")]
    if not any(given):
        return None
    if not all(given):
        raise Refused(f"说得不全，{ANSWER}")
    kind, level, parent, since = given
    try:
        return Answer(read_choice(kind, KINDS), read_choice(level, LEVELS), parent.strip(), read_date(since))
    except Unreadable as error:
        raise Refused(f"{'、'.join(given)}：{error}") from None


class Command(BaseCommand):
    help = "预览或导入工作簿 (preview a workbook; --commit imports it). 退出码 0：没有未导入的行。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="工作簿 .xlsx (workbook)")
        parser.add_argument("--commit", action="store_true", help="写入 (write; without it only a preview)")
        parser.add_argument("--units-kind", help="名单里各单位的类型：党委、党组、党工委、机关 (of a list of units)")
        parser.add_argument("--units-level", help="名单里各单位的层级：市级、县级、乡镇 (their level)")
        parser.add_argument("--units-parent", help="名单里各单位的上级编码 (code of their superior)")
        parser.add_argument("--units-since", help="名单里各单位从哪天起，如 2026-01-01 (their first day)")
        parser.add_argument("--json", action="store_true", help="输出 JSON (machine-readable)")

    def handle(self, *args: Any, **options: Any) -> None:
        at = timezone.localtime(settings.CLOCK or timezone.now())
        report: dict[str, Any] = {
            "created": 0, "updated": 0, "unchanged": 0, "rejected": [], "unread": [], "warnings": [],
        }  # fmt: skip
        error = ""
        try:
            answer = _answer(options)
            book = open_book(options["file"])
            if options["commit"]:
                made, _ = commit(book, by=SystemActor("导入"), at=at, answer=answer)
            else:
                made = plan(book, at=at, answer=answer)
            report = made.report()
            if not book.sheets and not book.lists:
                error = report["notes"][-1]
            elif report["questions"]:
                error = f"工作表“{report['questions'][0]['sheet']}”是单位名单，{ANSWER}"
        except FileNotFoundError:
            error = f"没有这个文件：{options['file']}"
        except BadWorkbook as bad:
            error = str(bad)
        except Refused as refusal:
            error = "；".join(refusal.reasons)
        if error:
            report["error"] = error
        report["committed"] = bool(options["commit"]) and not error
        if options["json"]:
            self.stdout.write(json.dumps(report, ensure_ascii=False))
        else:
            self._say(report)
        if error:
            raise CommandError(error, returncode=1)
        if report["rejected"]:
            raise CommandError(f"有 {len(report['rejected'])} 行没有导入，见上。", returncode=1)

    def _say(self, report: dict[str, Any]) -> None:
        verb = "已导入" if report["committed"] else "预览"
        self.stdout.write(f"{verb}：新增 {report['created']}，修改 {report['updated']}，未变 {report['unchanged']}，"
                          f"未导入 {len(report['rejected'])}")  # fmt: skip
        for name, counts in report.get("by_sheet", {}).items():
            self.stdout.write(f"  {name}：新增 {counts['created']}，修改 {counts['updated']}，未变 {counts['unchanged']}，"
                              f"未导入 {counts['rejected']}")  # fmt: skip
        for row in report["rejected"]:
            self.stdout.write(f"  {row['reason']}")
        for row in report.get("warnings", []):
            self.stdout.write(f"  {row['sheet']} 第 {row['row']} 行（提示）：{row['reason']}")
        for one in report["unread"]:
            hint = f"；是不是“{one['offer']}”？" if one["offer"] else ""
            self.stdout.write(f"  {one['sheet']}：没有读“{one['column']}”列{hint}")
        for note in report.get("notes", []):
            self.stdout.write(f"  {note}")
