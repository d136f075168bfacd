"""Django's own command, closed: it would go round the record, the second person and the word to the owner (ADR 0052)."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser


class Command(BaseCommand):
    help = "不使用 (closed, see docs/decisions/0052)"
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("anything", nargs="*")

    def handle(self, *args: Any, **options: Any) -> None:
        raise CommandError("没有超级用户：管理员由 create_first_admin 建立，此后由安全管理员在“授权”页面办理。")
