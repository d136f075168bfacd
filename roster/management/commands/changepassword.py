"""Django's own command, closed: it would go round the record, the second person and the word to the owner (ADR 0052)."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser


class Command(BaseCommand):
    help = "不使用 (closed, see docs/decisions/0052)"
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("anything", nargs="*")

    def handle(self, *args: Any, **options: Any) -> None:
        raise CommandError(
            "口令不在命令行里改：请在“账号”页面重置，三员和部领导须两个人办。三员都失联时，用 create_first_admin --again 另建一个。"
        )
