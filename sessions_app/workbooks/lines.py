"""Several things in one cell, a line each, its parts divided by ｜: agenda, readings, guests, parts of a day. Pure."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sessions_app.sessions.intake import AgendaRow, ExtraRow, PartRow, ReadingRow
from sessions_app.sessions.models import AgendaKind, ReleaseType
from sessions_app.workbooks import rules
from sessions_app.workbooks.rules import Unreadable

BAR = "｜"
MOST = 120
KINDS = {label: value for value, label in AgendaKind.choices}
RELEASES = {label: value for value, label in ReleaseType.choices}
OUTSIDE = "外请报告人"


def _lines(value: Any, most: int) -> list[list[str]]:
    lines = [line.strip() for line in rules.plain(value).split("\n") if line.strip()]
    if len(lines) > MOST:
        raise Unreadable(f"超过 {MOST} 行，请删减。")
    found = [[part.strip() for part in re.split(r"[｜|]", line)] for line in lines]
    for parts in found:
        if len(parts) > most:
            raise Unreadable(f"“{BAR.join(parts)[:40]}”的“｜”多了，最多分成 {most} 段，请核对。")
    return [parts + [""] * (most - len(parts)) for parts in found]


def _short(text: str, longest: int) -> str:
    if not text:
        raise Unreadable("有一行没有写内容，请补上或删去。")
    if len(text) > longest:
        raise Unreadable(f"“{text[:20]}…”超过 {longest} 字，请缩短。")
    return text


def read_readings(value: Any) -> list[ReadingRow]:
    """篇目｜发布方式｜发送日期; a title alone is the usual line."""
    return [
        ReadingRow(
            _short(title, 200), rules.read_choice(how, RELEASES) if how else ReleaseType.FULL_TEXT,
            rules.read_date(sent) if sent else None,
        )
        for title, how, sent in _lines(value, 3)
    ]  # fmt: skip


def read_agenda(value: Any) -> list[AgendaRow]:
    """环节｜内容｜负责人｜分钟."""
    return [
        AgendaRow(
            rules.read_choice(kind, KINDS), _short(content, 300), who or None,
            rules.read_whole(minutes.removesuffix("分钟").removesuffix("分"), 1, 999) if minutes else None,
        )
        for kind, content, who, minutes in _lines(value, 4)
    ]  # fmt: skip


def read_extras(value: Any) -> list[ExtraRow]:
    """姓名｜单位及职务｜外请报告人."""
    return [
        ExtraRow(_short(name, 60), _short(post, 100) if post else "", bool(outside))
        for name, post, outside in _lines(value, 3)
    ]


def read_parts(value: Any, epoch: datetime) -> list[PartRow]:
    """日期｜开始｜结束｜天数."""
    return [
        PartRow(
            rules.read_date(day, epoch), rules.read_time(starts) if starts else None,
            rules.read_time(ends) if ends else None, rules.read_days(days) if days else Decimal(1),
        )
        for day, starts, ends, days in _lines(value, 4)
    ]  # fmt: skip


def _joined(lines: Iterable[Sequence[Any]]) -> str:
    return "\n".join(BAR.join(str(part or "") for part in line).rstrip(BAR) for line in lines)


def said_readings(rows: Iterable[Any]) -> str:
    full = ReleaseType.FULL_TEXT
    return _joined(
        (r.title, "" if r.release_type == full and not r.sent_on else r.get_release_type_display(), r.sent_on)
        for r in rows
    )


def said_agenda(rows: Iterable[Any]) -> str:
    return _joined(
        (r.get_kind_display(), r.content, r.lead_reader.code if r.lead_reader else "", r.minutes) for r in rows
    )


def said_extras(rows: Iterable[Any]) -> str:
    return _joined((r.name, r.post, OUTSIDE if r.is_outside_speaker else "") for r in rows)


def said_parts(rows: Iterable[Any]) -> str:
    def clock(at: Any) -> str:
        return f"{at:%H:%M}" if at else ""

    return _joined((r.day, clock(r.starts_at), clock(r.ends_at), f"{r.days.normalize():f}") for r in rows)
