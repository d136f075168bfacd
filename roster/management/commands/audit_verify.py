"""Checks every chain of the record and names the broken link; exit code 0 only when all hold."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from roster.audit.verify import Broken, Head, walk


class Command(BaseCommand):
    help = "核对操作日志的散列链，指出断在哪一条 (verify the hash chains of the audit log)"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="for machines")
        parser.add_argument("--heads", action="store_true", help="print the head of every chain, to be kept elsewhere")

    def handle(self, *args: Any, **options: Any) -> None:
        found = list(walk())
        broken = [row for row in found if isinstance(row, Broken)]
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
