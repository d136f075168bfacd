"""Checks every chain of the record and names the broken link; exit code 0 only when all hold."""

import json
import re
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from roster.audit.verify import Broken, Head, kept_heads, missing, walk

LINE = re.compile(r"链 (\d{1,18})：(\d{1,18}) 条，([0-9a-f]{64})")


def read_heads(path: str) -> list[Head]:
    """Heads as `--heads` printed them, in words or with --json; CommandError when the file holds none."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"读不了 {path}：{error}") from None
    try:
        rows = json.loads(text)["heads"] if text.lstrip().startswith("{") else LINE.findall(text)
        heads = [Head(int(row["chain"]), int(row["seq"]), row["hash"]) for row in map(_named, rows)]
    except (ValueError, KeyError, TypeError):
        heads = []
    if not heads:
        raise CommandError(f"{path} 里没有链尾。请用 manage.py audit_verify --heads 的输出，一字不改地保存。")
    return heads


def _named(row: Any) -> dict[str, Any]:
    return row if isinstance(row, dict) else dict(zip(("chain", "seq", "hash"), row, strict=True))


class Command(BaseCommand):
    help = "核对操作日志的散列链，指出断在哪一条 (verify the hash chains of the audit log)"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="for machines")
        parser.add_argument(
            "--against", metavar="FILE", help="heads kept elsewhere: a file with what `audit_verify --heads` printed"
        )
        parser.add_argument("--heads", action="store_true", help="print the head of every chain, to be kept elsewhere")

    def handle(self, *args: Any, **options: Any) -> None:
        found = list(walk())
        known = [*kept_heads().values(), *(read_heads(options["against"]) if options["against"] else ())]
        broken = [row for row in found if isinstance(row, Broken)]
        said = {(row.chain, row.seq) for row in broken}
        broken += [row for row in missing(dict.fromkeys(known)) if (row.chain, row.seq) not in said]
        heads = [row for row in found if isinstance(row, Head)]
        if options["json"]:
            told: dict[str, Any] = {"chains": len(found), "events": sum(row.seq for row in heads), "broken": [
                {"chain": row.chain, "seq": row.seq, "event": row.event_id, "reason": row.reason} for row in broken
            ]}  # fmt: skip
            if options["heads"]:
                told["heads"] = [{"chain": row.chain, "seq": row.seq, "hash": row.hash} for row in heads]
            self.stdout.write(json.dumps(told, ensure_ascii=False))
        else:
            if options["heads"]:
                for row in heads:
                    self.stdout.write(f"链 {row.chain}：{row.seq} 条，{row.hash}")
            for fault in broken:
                self.stdout.write(
                    f"链 {fault.chain} 第 {fault.seq} 条（编号 {fault.event_id or '无'}）：{fault.reason}"
                )
            self.stdout.write(f"共 {len(found)} 条链，{len(broken)} 条断开。")
        if broken:
            raise CommandError("操作日志的散列链已断开，请保留现场并报告审计员。")
