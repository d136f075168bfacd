"""manage.py facts: the figures of a year, a quarter or a month, the same that pages and papers print."""

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from roster.committees.models import Committee
from sessions_app.facts.figures import LABELS, Figures, for_committee, for_scope
from sessions_app.facts.periods import Span, span
from sessions_app.facts.rules import percent


class Command(BaseCommand):
    help = "年度、季度、月份的全部数字 (figures of a period)：整棵树，或一个委员会及其下级。"
    requires_system_checks = ()  # it only reads, and programs call it often

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--year", type=int, required=True, help="年度 (year)")
        parser.add_argument("--quarter", type=int, help="季度 1-4 (quarter)")
        parser.add_argument("--month", type=int, help="月份 1-12 (month)")
        parser.add_argument(
            "--committee", metavar="CODE", help="委员会编码：该委员会及其下级 (the committee and all below it)"
        )
        parser.add_argument("--only", action="store_true", help="只算该委员会本身 (without those below it)")
        parser.add_argument("--json", action="store_true", dest="as_json", help="给程序读 (for machines)")

    def handle(self, **options: Any) -> None:
        try:
            period = span(options["year"], options["quarter"], options["month"])
        except ValueError as error:
            raise CommandError(str(error)) from error
        code = options["committee"]
        if options["only"] and not code:
            raise CommandError("--only 要与 --committee 一起用。")
        today = timezone.localtime(settings.CLOCK or timezone.now()).date()
        if code:
            committee = Committee.objects.filter(code=code).first()
            if committee is None:
                raise CommandError(f"没有编码为“{code}”的委员会，请核对编码。")
            one, path = committee.pk, committee.path
            figures = (
                for_committee(one, period, today=today) if options["only"] else for_scope(path, period, today=today)
            )
            scope = {"committee": committee.code, "name": committee.name, "subtree": not options["only"]}
        else:
            figures = for_scope("", period, today=today)
            scope = {"committee": None, "name": "全部", "subtree": True}
        if options["as_json"]:
            answer = {"scope": scope, **_said(period), **_values(figures)}
            self.stdout.write(json.dumps(answer, ensure_ascii=False, indent=2))
        else:
            self.stdout.write(f"{scope['name']}  {period.label}（{period.first} 至 {period.last}）")
            for line in _lines(figures):
                self.stdout.write(line)


def _values(figures: Figures) -> dict[str, Any]:
    """As the keys are defined: a rate is null only when nothing was expected; pages print 待补 while nobody is marked."""
    values = figures.as_json()
    unknown = ("presence_rate", "participation_rate") if figures.expected else ()
    return values | {key: 0.0 for key in unknown if values[key] is None}


def _said(period: Span) -> dict[str, Any]:
    return {
        "year": period.year, "quarter": period.quarter, "month": period.month,
        "first": period.first.isoformat(), "last": period.last.isoformat(),
    }  # fmt: skip


def _lines(figures: Figures) -> list[str]:
    lines = []
    for key, (label, unit) in LABELS.items():
        value = getattr(figures, key)
        if key.endswith("_rate"):
            value = percent(value) or "待补"
        if isinstance(value, dict):
            value = "，".join(f"{name} {number}" for name, number in value.items() if number) or "无"
            unit = ""
        lines.append(f"{label}（{key}）：{value}{f' {unit}' if unit else ''}")
    return lines
