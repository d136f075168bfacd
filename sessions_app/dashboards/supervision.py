"""督导总览: coverage by team and area, scores by observer, the findings' funnel, their age, what recurs. All counted."""

from datetime import date
from typing import Any

from sessions_app.dashboards.overview import Block, Links, chart
from sessions_app.facts import supervision
from sessions_app.facts.drill import address
from sessions_app.facts.figures import Figures
from sessions_app.facts.periods import Span
from sessions_app.facts.rules import percent
from sessions_app.facts.supervision import AGES, STEPS
from sessions_app.findings.models import COUNTED, FindingStage

CHARTED = 20  # bars at most; the table has all


def _row(label: str, *cells: tuple[Any, str]) -> dict[str, Any]:
    return {"label": label, "cells": [{"text": text, "url": url} for text, url in cells]}


def headline(now: Figures, links: Links, alone: int) -> list[dict[str, Any]]:
    """Six figures; each opens the list it counts."""
    visited = percent(supervision.rate(now.committees_visited, now.committees))
    return [
        {"label": "列席旁听", "value": now.visits, "unit": "次", "url": links.to("visits")},
        {"label": "已旁听", "value": now.committees_visited, "unit": f" / {now.committees} 家", "url": links.to("committees_visited"),
         "note": f"覆盖率 {visited}" if visited else ""},
        {"label": "只有一名旁听人看过", "value": alone, "unit": "家", "url": links.to("committees_visited", alone=1)},
        {"label": "问题", "value": now.findings, "unit": "项", "url": links.to("findings")},
        {"label": "已销号", "value": now.findings_closed, "unit": "项", "url": links.to("findings_closed"),
         "note": f"销号率 {percent(now.closing_rate)}" if now.findings else ""},
        {"label": "超期未销号", "value": now.findings_overdue, "unit": "项", "url": links.to("findings_overdue"),
         "note": f"{links.period.label}发现的", "tone": "overdue" if now.findings_overdue else ""},
    ]  # fmt: skip


def team_block(links: Links) -> Block:
    """The teams of the place's own department."""
    rows, bars, opens = [], [], []
    for one in supervision.teams(links.place.scope, links.period, links.place.committee.pk):
        url = links.to("visits", team=one.team_id)
        bars.append((one.name, one.visits))
        opens.append(url)
        rows.append(
            _row(one.name, (one.visits, url), (one.committees, ""), ("未评" if one.score is None else one.score, ""))
        )
    drawn = chart("bars", bars[:CHARTED], opens[:CHARTED], unit="次", label="各旁听组旁听次数")
    return Block("旁听覆盖（按旁听组）", ("旁听组", "旁听", "单位", "平均评分"), rows, drawn)


def area_block(links: Links) -> Block:
    rows, bars, opens = [], [], []
    for part, standing, seen in supervision.areas(links.place.committee, links.period):
        url = address("committees_visited", links.period, committee=part.pk)
        bars.append((str(part), seen))
        opens.append(url)
        share = percent(supervision.rate(seen, standing)) or "–"
        every = address("committees", links.period, committee=part.pk)
        rows.append(_row(str(part), (standing, every), (seen, url), (share, "")))
    drawn = chart("bars", bars[:CHARTED], opens[:CHARTED], unit="家", label="各范围已旁听单位")
    return Block("旁听覆盖（按范围）", ("范围", "单位", "已旁听", "覆盖率"), rows, drawn)


def observer_block(links: Links) -> Block:
    """Who scores high, who low, and how far apart; of the place's own department."""
    department = links.place.committee.pk
    rows, bars, opens = [], [], []
    for one in supervision.observers(links.place.scope, links.period, department):
        url = links.to("visits", observer=one.person_id, department=department)
        bars.append((one.name, float(one.mean or 0)))
        opens.append(url)
        spread = (one.most - one.least, "")
        rows.append(_row(one.name, (one.visits, url), (one.mean, ""), (one.least, ""), (one.most, ""), spread))
    drawn = chart("bars", bars[:CHARTED], opens[:CHARTED], unit="分", label="各旁听人平均评分")
    return Block("评分（按旁听人）", ("旁听人", "评分表", "平均", "最低", "最高", "相差"), rows, drawn)


def funnel_block(found: dict[str, int], links: Links) -> Block:
    rows, bars, opens = [], [], []
    for key, (label, _) in STEPS.items():
        url = links.to("findings", step=key)
        number = found[f"step_{key}"]
        bars.append((label, number))
        opens.append(url)
        share = percent(supervision.rate(number, found["step_confirmed"])) or "–"
        rows.append(_row(label, (number, url), (share, "")))
    drawn = chart("bars", bars, opens, unit="项", label="问题走到哪一步")
    return Block("问题走到哪一步", ("步骤", "问题", "占已确认"), rows, drawn, "长期坚持的计入“措施已认可”，不算销号。")


def stage_block(found: dict[str, int], links: Links) -> Block:
    rows = [
        _row(str(FindingStage(stage).label), (found[f"stage_{stage}"], links.to("findings", stage=stage))) for stage in COUNTED
    ]  # fmt: skip
    return Block("问题现在的状态", ("状态", "问题"), rows)


def age_block(found: dict[str, int], links: Links) -> Block:
    rows, bars, opens = [], [], []
    for key, (label, _, _) in AGES.items():
        url = links.to("findings", age=key)
        bars.append((label, found[f"age_{key}"]))
        opens.append(url)
        rows.append(
            _row(label, (found[f"age_{key}"], url), (found[f"late_{key}"], links.to("findings", age=key, late=1)))
        )
    drawn = chart("columns", bars, opens, unit="项", label="未销号问题发现至今")
    return Block("未销号问题发现至今", ("时长", "未销号", "其中逾期"), rows, drawn)


def type_block(links: Links) -> Block:
    rows, bars, opens = [], [], []
    for one in supervision.types(links.place.scope, links.period):
        again = links.to("findings", type=one.type_id, recurs=1)
        bars.append((one.name, one.recurring))
        opens.append(again)
        rows.append(_row(
            one.name, (one.findings, links.to("findings", type=one.type_id)), (one.recurring, again),
            (one.closed, links.to("findings", type=one.type_id, step="closed")),
        ))  # fmt: skip
    drawn = chart("bars", bars[:CHARTED], opens[:CHARTED], unit="项", label="各类问题重复发生")
    return Block("重复发生（按类别）", ("类别", "问题", "重复发生", "已销号"), rows, drawn)


def department_blocks(links: Links, today: date) -> list[Block]:
    """Rounds and findings by the department that runs them: of those below, these figures are all that is seen."""
    place: tuple[Any, Span] = (links.place.scope, links.period)
    visits = [
        _row(one.name, (one.visits, links.to("visits", department=one.department_id)), (one.committees, ""),
             ("未评" if one.score is None else one.score, ""))
        for one in supervision.visits_by_department(*place)
    ]  # fmt: skip
    findings = []
    for one in supervision.findings_by_department(*place, today):
        mine = {"department": one.department_id}
        findings.append(_row(
            one.name, (one.findings, links.to("findings", **mine)),
            (one.under_way, links.to("findings", stage="under-way", **mine)),
            (one.overdue, links.to("findings", late=1, **mine)),
            (one.long_term, links.to("findings", stage=FindingStage.LONG_TERM.value, **mine)),
            (one.closed, links.to("findings", step="closed", **mine)), (percent(one.share), ""),
        ))  # fmt: skip
    return [
        Block("旁听（按组织单位）", ("组织单位", "旁听", "单位", "平均评分"), visits),
        Block("问题（按督办单位）", ("督办单位", "问题", "未销号", "逾期", "长期坚持", "已销号", "销号率"), findings),
    ]
