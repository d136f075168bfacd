"""What the department sees first: figures with target and last period, heat table, tables and their charts."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from sessions_app.dashboards.access import Place
from sessions_app.facts import tables
from sessions_app.facts.drill import address
from sessions_app.facts.figures import KINDS, MODES, Figures, by_month
from sessions_app.facts.periods import Span, span
from sessions_app.facts.rules import percent, rate, short
from sessions_app.papers import charts
from sessions_app.policies.rules import is_below, shown

NO_DATA = "无数据"
QUARTER_WORDS = ("第一季度", "第二季度", "第三季度", "第四季度")
LEGEND = [
    {"shade": 0, "sign": "0", "label": "没有"}, {"shade": 1, "sign": "1", "label": "1 场"},
    {"shade": 2, "sign": "2", "label": "2 场"}, {"shade": 3, "sign": "3", "label": "3 场"},
    {"shade": 4, "sign": "4", "label": "4 场及以上"}, {"tone": "overdue", "sign": "缺", "label": "整个季度没有学习"},
    {"tone": "future", "sign": "–", "label": "还没到"},
]  # fmt: skip


@dataclass(frozen=True)
class Links:
    """Addresses of the lists, all for one place and period."""

    place: Place
    period: Span

    def to(self, key: str, period: Span | None = None, *, committee: int | None = None, **narrow: Any) -> str:
        alone = "1" if committee or not self.place.whole else ""
        top = committee or self.place.committee.pk
        return address(key, period or self.period, committee=top, only=alone, **narrow)


def _before(last: Figures, value: int, unit: str) -> str:
    """What the period before counted; nothing entered there at all is not the same as nothing done."""
    empty = not (last.sessions or last.planned_items or last.outcomes)
    return NO_DATA if empty else f"{value} {unit}"


def headline(
    now: Figures, last: Figures, links: Links, held: int, rules: dict[str, Any], past: Span
) -> list[dict[str, Any]]:
    """Seven figures; each opens the list it counts. `past` is the period that `last` counts."""
    word = f"上期（至{past.last.month}月{past.last.day}日）" if past.is_cut else "上期"
    return [{**one, "before_word": word} for one in _headline(now, last, links, held, rules)]


def _headline(now: Figures, last: Figures, links: Links, held: int, rules: dict[str, Any]) -> list[dict[str, Any]]:
    target = rules["attendance_target"]

    def met(value: Decimal | None) -> dict[str, str]:
        if value is None:
            return {}
        good = not is_below(value, target)
        return {"note": "达到目标" if good else "低于目标", "tone": "ok" if good else "behind"}

    aim = shown("attendance_target", target)
    completion = percent(now.completion_rate)
    return [
        {"label": "集体学习", "value": now.sessions, "unit": "场", "before": _before(last, last.sessions, "场"),
         "note": f"{now.committee_sessions} 委员会场次", "url": links.to("sessions")},
        {"label": "已组织学习", "value": held, "unit": f" / {now.committees} 家", "target": f"{now.committees} 家",
         "url": links.to("committees_held")},
        {"label": "出席率", "value": percent(now.presence_rate), "target": aim, "before": percent(last.presence_rate) or NO_DATA,
         "url": links.to("presence_rate"), **met(now.presence_rate)},
        {"label": "参学率", "value": percent(now.participation_rate), "before": percent(last.participation_rate) or NO_DATA,
         "note": f"补学 {short(now.made_up)} 人次", "url": links.to("participation_rate")},
        {"label": "计划完成", "value": now.completed_items, "unit": f" / {now.planned_items} 项",
         "target": f"{now.planned_items} 项", "before": percent(last.completion_rate) or NO_DATA,
         "note": f"完成率 {completion}" if completion else "", "url": links.to("completed_items")},
        {"label": "学习成果", "value": now.outcomes, "unit": "项", "before": _before(last, last.outcomes, "项"),
         "url": links.to("outcomes_by_kind")},
        {"label": "转化成的政策文件", "value": now.policies_from_proposals, "unit": "项",
         "before": _before(last, last.policies_from_proposals, "项"), "note": f"来自 {now.proposals_converted} 项对策建议",
         "url": links.to("policies_from_proposals")},
    ]  # fmt: skip


def heat_rows(committees: QuerySet, links: Links, today: date) -> list[dict[str, Any]]:
    """Committees x months of the period's year. Every cell opens the sessions it counts; four queries."""
    year = links.period.year
    cells = by_month(committees, year)
    return [_heat_row(row, cells, links, year, today) for row in committees]


def _heat_row(row: Any, cells: dict[tuple[int, int], Any], links: Links, year: int, today: date) -> dict[str, Any]:
    made = []
    for month in range(1, 13):
        period = span(year, month=month)
        number = cells[row.pk, month].sessions
        quarter = span(year, (month + 2) // 3)
        missed = (
            quarter.last < today
            and row.since <= quarter.first
            and (row.until is None or row.until >= quarter.last)
            and not any(cells[row.pk, one].sessions for one in quarter.months)
        )
        cell: dict[str, Any] = {
            "text": "" if missed else number, "shade": min(number, 4),
            "url": links.to("committee_sessions", period, committee=row.pk),
        }  # fmt: skip
        words = f"{row} {month}月 {number} 场"
        if period.first > today and not number:
            cell |= {"text": "", "tone": "future", "sign": "–"}
            words += "，还没到"
        elif missed:
            cell |= {"tone": "overdue", "sign": "缺"}
            words += "，整个季度没有学习"
        cell["label"] = words
        made.append(cell)
    total = sum(cells[row.pk, month].sessions for month in range(1, 13))
    return {
        "label": str(row),
        "url": links.to("committee_sessions", span(year), committee=row.pk),
        "cells": made,
        "total": total,
    }


@dataclass(frozen=True)
class Block:
    """A small table with its chart: the same numbers twice, each row opens its list."""

    title: str
    heads: tuple[str, ...]
    rows: list[dict[str, Any]]
    chart: str = ""
    note: str = ""


def chart(shape: str, rows: list[tuple[str, float | int]], links: list[str], *, unit: str, label: str) -> str:
    if not any(value for _, value in rows):
        return ""
    draw = charts.columns if shape == "columns" else charts.bars
    return draw(rows, unit=unit, label=label, links=links)


def month_block(links: Links) -> Block:
    """Sessions and both rates, month by month; two queries."""
    rows, bars, opens = [], [], []
    for one in tables.months(links.place.scope, links.period):
        period = span(links.period.year, month=one.month)
        url = links.to("sessions", period)
        bars.append((f"{one.month}月", one.sessions))
        opens.append(url)
        rows.append({
            "label": f"{one.month}月",
            "cells": [
                {"text": one.sessions, "url": url}, {"text": one.committee_sessions, "url": links.to("committee_sessions", period)},
                {"text": percent(one.attended.presence_rate), "url": links.to("presence_rate", period)},
                {"text": percent(one.attended.participation_rate), "url": links.to("participation_rate", period)},
            ],
        })  # fmt: skip
    drawn = chart("columns", bars, opens, unit="场", label="各月集体学习场次")
    return Block("各月场次和参学", ("月份", "场次", "委员会场次", "出席率", "参学率"), rows, drawn)


def trend_block(links: Links, today: date) -> Block:
    """The period beside the same days of the two years before; fifteen queries."""
    rows, bars, opens = [], [], []
    for one in tables.years(links.place.scope, links.period, today=today):
        if not (
            one.committee_sessions or one.planned_items or one.outcomes
        ):  # nothing entered is not the same as nothing done
            rows.append({"label": one.period.label, "cells": [{"text": NO_DATA}, *({"text": "–"} for _ in range(4))]})
            continue
        url = links.to("sessions", one.period)
        bars.append((one.period.label, one.sessions))
        opens.append(url)
        share = percent(rate(one.completed_items, one.planned_items))
        rows.append({
            "label": one.period.label,
            "cells": [
                {"text": one.sessions, "url": url},
                {"text": percent(one.attended.presence_rate), "url": links.to("presence_rate", one.period)},
                {"text": percent(one.attended.participation_rate), "url": links.to("participation_rate", one.period)},
                {"text": share, "url": links.to("completed_items", one.period)},
                {"text": one.outcomes, "url": links.to("outcomes_by_kind", one.period)},
            ],
        })  # fmt: skip
    drawn = chart("columns", bars, opens, unit="场", label="近三年集体学习场次")
    running = links.period.runs_on(today)
    note = f"本期未满，往年也只算到{today.month}月{today.day}日。" if running else ""
    return Block("近三年同期", ("期间", "场次", "出席率", "参学率", "计划完成率", "成果"), rows, drawn, note)


def quarter_block(links: Links) -> Block:
    """Plan fulfilment by quarter; four queries."""
    rows = []
    for one in tables.quarters(links.place.scope, links.period):
        period = links.period if links.period.month else span(links.period.year, one.quarter)
        rows.append({
            "label": QUARTER_WORDS[one.quarter - 1],
            "cells": [
                {"text": one.planned_items, "url": links.to("planned_items", period)},
                {"text": one.completed_items, "url": links.to("completed_items", period)},
                {"text": one.sessions, "url": links.to("sessions", period)},
                {"text": short(one.days), "url": links.to("days", period)},
            ],
        })  # fmt: skip
    return Block("计划完成情况", ("季度", "计划专题", "已完成", "场次", "天数"), rows)


def mode_block(figures: Figures, links: Links) -> Block:
    """Balance of the six modes."""
    rows, bars, opens = [], [], []
    for value, label in MODES.items():
        number = figures.sessions_by_mode[label]
        url = links.to("sessions_by_mode", mode=value)
        share = percent(Decimal(number) / figures.sessions) if figures.sessions else None
        bars.append((label, number))
        opens.append(url)
        rows.append({"label": label, "cells": [{"text": number, "url": url}, {"text": share or "–"}]})
    unused = [label for label, number in bars if not number]
    note = f"还没有用过：{'、'.join(unused)}。" if unused and figures.sessions else ""
    return Block(
        "六学联动",
        ("学习方式", "场次", "占比"),
        rows,
        chart("bars", bars, opens, unit="场", label="各学习方式场次"),
        note,
    )


def category_block(links: Links) -> Block:
    """Content coverage: planned against held; three queries."""
    rows, missing = [], []
    for one in tables.categories(links.place.scope, links.period):
        rows.append({
            "label": f"{one.category}. {one.label}",
            "cells": [
                {"text": one.planned_items, "url": links.to("planned_items", category=one.category)},
                {"text": one.completed_items, "url": links.to("completed_items", category=one.category)},
                {"text": one.sessions, "url": links.to("sessions_by_category", category=one.category)},
            ],
        })  # fmt: skip
        missing += [one.label] if one.is_missing else []
    note = f"已列入计划、尚未学习：{'、'.join(missing)}。" if missing else ""
    return Block("内容覆盖", ("内容类别", "计划专题", "已完成", "已学场次"), rows, note=note)


def outcome_block(figures: Figures, links: Links) -> Block:
    rows, bars, opens = [], [], []
    for value, label in KINDS.items():
        number = figures.outcomes_by_kind[label]
        url = links.to("outcomes_by_kind", kind=value)
        bars.append((label, number))
        opens.append(url)
        rows.append({"label": label, "cells": [{"text": number, "url": url}]})
    rows.append({"label": "已转化的对策建议", "cells": [
        {"text": figures.proposals_converted, "url": links.to("proposals_converted")}]})  # fmt: skip
    rows.append({"label": "由此形成的政策文件", "cells": [
        {"text": figures.policies_from_proposals, "url": links.to("policies_from_proposals")}]})  # fmt: skip
    drawn = chart("bars", bars, opens, unit="项", label="各类学习成果")
    return Block("成果和转化", ("类型", "数量"), rows, drawn)


def record_facts(figures: Figures, links: Links) -> list[dict[str, Any]]:
    """The quieter figures, in one small list."""
    keys = (
        ("members", "中心组成员", "人"), ("secretaries", "学习秘书", "人"), ("days", "学习天数", "天"),
        ("expected", "应到", "人次"), ("present", "出席", "人次"), ("on_leave", "请假", "人次"),
        ("absent", "缺席", "人次"), ("unmarked", "未记考勤", "人次"), ("made_up", "补学", "人次"),
        ("speeches", "发言", "人次"), ("late_entries", "补录", "场"), ("corrections", "更正", "项"),
        ("visits", "列席旁听", "次"), ("committees_visited", "已旁听", "家"), ("findings", "问题", "项"),
        ("findings_closed", "已销号", "项"), ("findings_overdue", "超期未销号", "项"),
    )  # fmt: skip
    return [
        {"label": label, "value": f"{short(getattr(figures, key))} {unit}", "url": links.to(key)}
        for key, label, unit in keys
    ]
