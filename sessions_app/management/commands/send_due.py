"""`manage.py send_due`: one run of the reminders, now or as of another day, and what it sent."""

import json
import sys
from argparse import ArgumentTypeError
from datetime import date, datetime, time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from roster.audit.actions import SHANGHAI, SystemActor
from sessions_app.jobs.switches import is_on
from sessions_app.notices.chat import ChatSender
from sessions_app.notices.delivery import Drained, Sender, drain
from sessions_app.notices.mail import MailSender
from sessions_app.notices.models import Channel, ChatTarget, Notice, Rhythm
from sessions_app.reminders import actions
from sessions_app.reminders.actions import Told
from sessions_app.reminders.rules import KINDS, Kind

SECONDS = 60
LISTED = 50


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError("日期应写成 2026-03-02 的样子 (YYYY-MM-DD)") from None


class Command(BaseCommand):
    help = "查找到期事项并提醒，每人每期只提醒一次；随后发送邮件和工作群消息，至多一分钟 (one run of the reminders)"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--today", type=_day, metavar="DATE", help="按这一天上午九点的情况运行 (as of 9:00 of a day)"
        )
        parser.add_argument("--json", action="store_true", dest="as_json", help="给程序读 (for machines)")

    def handle(self, *args: Any, **options: Any) -> None:
        day = options["today"]
        now = timezone.localtime(settings.CLOCK or timezone.now())
        at = datetime.combine(day, time(9), SHANGHAI) if day else now
        told = actions.send_due(at=at, by=SystemActor("命令行"))
        delivered = Drained() if told.busy else _deliver()
        if options["as_json"]:
            self.stdout.write(json.dumps(_answer(told, delivered, at), ensure_ascii=False, indent=2))
        else:
            self.stdout.write("\n".join(_lines(told, delivered, at)))
        if told.busy or delivered.failed or delivered.away:
            sys.exit(1)


def _deliver() -> Drained:
    """Both channels, where there is one and its line of the beat table is on."""
    ways: list[tuple[str, Sender]] = []
    if settings.MAIL_HOST and is_on("notices.deliver.mail"):
        ways.append((Channel.MAIL, MailSender()))
    if ChatTarget.objects.filter(is_active=True).exists() and is_on("notices.deliver.chat"):
        ways.append((Channel.CHAT, ChatSender()))
    found = Drained()
    for channel, sender in ways:
        one = drain(channel, seconds=SECONDS / len(ways), sender=sender)
        found.sent, found.failed = found.sent + one.sent, found.failed + one.failed
        found.dropped, found.waiting = found.dropped + one.dropped, found.waiting + one.waiting
        found.away = found.away or one.away
    return found


def _answer(told: Told, delivered: Drained, at: datetime) -> dict[str, Any]:
    """`found` due things (`by_kind`), `sent` notices (`by_rhythm`), `skipped` things told nobody in this run; then
    messages by mail and chat: `delivered`, `failed`, `dropped`, `waiting`, and why sending ended early, `away`."""
    return {
        "today": at.date().isoformat(), "busy": told.busy, "found": told.found, "sent": told.sent,
        "failed": delivered.failed, "skipped": told.skipped, "by_kind": told.by_kind, "by_rhythm": told.by_rhythm,
        "delivered": delivered.sent, "dropped": delivered.dropped, "waiting": delivered.waiting,
        "away": delivered.away,
    }  # fmt: skip


def _lines(told: Told, delivered: Drained, at: datetime) -> list[str]:
    if told.busy:
        return ["另一次提醒正在进行，这次没有运行；请稍后再试。"]
    kinds = "，".join(f"{KINDS[Kind(kind)].label} {count} 项" for kind, count in told.by_kind.items())
    rhythms = "，".join(f"{Rhythm(rhythm).label} {count} 条" for rhythm, count in told.by_rhythm.items())
    lines = [
        f"{at.date():%Y-%m-%d}：到期事项 {told.found} 项" + (f"（{kinds}）。" if kinds else "。"),
        f"发出提醒 {told.sent} 条" + (f"（{rhythms}）" if rhythms else "")
        + f"；{told.skipped} 项本次没有提醒：已经提醒过，或等到下一期一并提醒。",
    ]  # fmt: skip
    rows = Notice.objects.filter(pk__in=told.notices[:LISTED]).select_related("person", "committee").order_by("pk")
    lines += [f"  {row.person or f'{row.committee}工作群'}：{row.title.removesuffix('。')}" for row in rows]
    if len(told.notices) > LISTED:
        lines.append(f"  另有 {len(told.notices) - LISTED} 条。")
    if delivered != Drained():
        lines.append(
            f"邮件和工作群：送出 {delivered.sent} 条，失败 {delivered.failed} 条，不再发送 {delivered.dropped} 条，"
            f"待发送 {delivered.waiting} 条。{delivered.away}"
        )
    return lines
