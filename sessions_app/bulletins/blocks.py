"""Named tables and charts of a bulletin, as plain data from its frozen facts: page, PDF and Word draw the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.template.loader import render_to_string

from roster.audit.actions import SHANGHAI
from sessions_app.bulletins import markup, rules
from sessions_app.bulletins.models import AnnexKind, Bulletin
from sessions_app.papers.frozen import letterhead
from sessions_app.papers.rules import day_words, department, number, percent
from sessions_app.plans.models import StudyMode

Facts = Mapping[str, Any]
Block = dict[str, Any]


def _table(caption: str, columns: list[tuple[str, int, str]], rows: list[list[str]], **more: Any) -> Block:
    """`columns`: (heading, width in mm of 156, "n" centred or "" left). `total`: the last row is the sum."""
    return {
        "kind": "table", "caption": caption, "rows": rows,
        "columns": [{"name": name, "width": width, "look": look} for name, width, look in columns], **more,
    }  # fmt: skip


def _chart(caption: str, shape: str, unit: str, rows: list[tuple[str, Any]]) -> Block:
    return {"kind": "chart", "caption": caption, "shape": shape, "unit": unit, "rows": [list(row) for row in rows]}


def _whole(facts: Facts) -> Block:
    f = facts["figures"]
    pairs = [
        ("党委（党组）", f"{f['committees']}家"), ("中心组成员", f"{f['members']}人"), ("学习秘书", f"{f['secretaries']}人"),
        ("集体学习", f"{f['sessions']}场"), ("委员会场次", f"{f['committee_sessions']}场次"), ("学习天数", f"{number(f['days'])}天"),
        ("应到", f"{number(f['expected'])}人次"), ("出席", f"{number(f['present'])}人次"), ("请假", f"{number(f['on_leave'])}人次"),
        ("缺席", f"{number(f['absent'])}人次"), ("补学", f"{number(f['made_up'])}人次"), ("出席率", percent(f["presence_rate"])),
        ("参学率", percent(f["participation_rate"])), ("发言", f"{f['speeches']}人次"), ("学习成果", f"{f['outcomes']}项"),
        ("列席旁听", f"{f['visits']}次"), ("发现问题", f"{f['findings']}项"), ("已销号", f"{f['findings_closed']}项"),
    ]  # fmt: skip
    rows = [[text for pair in pairs[at : at + 3] for text in pair] for at in range(0, len(pairs), 3)]
    columns = [("项目", 29, ""), ("数量", 23, "n")] * 3
    return _table(f"{facts['label']}总体情况", columns, rows)


def _each(facts: Facts) -> Block:
    columns = [
        ("序号", 10, "n"), ("单位", 50, ""), ("场次", 15, "n"), ("天数", 13, "n"), ("应到", 17, "n"), ("出席率", 17, "n"),
        ("参学率", 17, "n"), ("成果", 17, "n"),
    ]  # fmt: skip
    rows = []
    for place, unit in enumerate(facts["committees"], start=1):
        f = unit["figures"]
        rows.append([
            str(place), unit["name"], str(f["committee_sessions"]), number(f["days"]), number(f["expected"]),
            percent(f["presence_rate"]), percent(f["participation_rate"]), str(f["outcomes"]),
        ])  # fmt: skip
    note = "" if facts["each"] == "all" else "下级单位较多，本表列本级和直属下级。"
    return _table("各委员会学习情况", columns, rows, note=note)


def _months(facts: Facts) -> Block:
    rows = [(f"{row['month']}月", row["sessions"]) for row in facts["months"]]
    return _chart("各月集体学习场数", "columns", "场", rows)


def _modes(facts: Facts) -> Block:
    return _chart("六学联动各方式场数", "bars", "场", [(row["label"], row["number"]) for row in facts["modes"]])


COMPARED = (
    ("committee_sessions", "委员会场次"), ("days", "学习天数"), ("presence_rate", "出席率"), ("participation_rate", "参学率"),
    ("speeches", "发言人次"), ("outcomes", "学习成果"), ("policies_from_proposals", "转化成政策文件"), ("visits", "列席旁听"),
    ("findings", "发现问题"), ("findings_closed", "已销号"),
)  # fmt: skip


def _compared(facts: Facts) -> Block:
    before = facts["previous"]
    rows = []
    for key, label in COMPARED:
        now, was = facts["figures"].get(key), before["figures"].get(key)
        said = percent if key.endswith("_rate") else number
        rows.append([label, said(was), said(now), _change(now, was, rate=key.endswith("_rate"))])
    columns = [("项目", 48, ""), (before["label"], 36, "n"), (facts["label"], 36, "n"), ("增减", 36, "n")]
    note = f"本期未满，上期数只算到{day_words(before['last'])}。" if before.get("cut") else ""
    note += "上期数按现有记录重新统计，含印发后的更正。" if facts["corrections"] else ""
    return _table("与上期比较", columns, rows, note=note)


def _change(now: Any, was: Any, *, rate: bool) -> str:
    if now is None or was is None:
        return "—"
    if rate:
        points = _points(now) - _points(was)
        return f"{points:+.1f}个百分点" if points else "持平"
    change = Decimal(str(now)) - Decimal(str(was))
    return ("+" if change > 0 else "-") + number(float(abs(change))) if change else "持平"


def _points(rate: Any) -> Decimal:
    """A rate in percent as it prints, so that the difference is that of the two printed numbers."""
    return (Decimal(str(rate)) * 100).quantize(Decimal("0.1"), ROUND_HALF_UP)


def _findings(facts: Facts) -> Block:
    columns = [
        ("编号", 29, "n"), ("单位", 37, ""), ("类别", 29, ""), ("整改时限", 31, "n"), ("状态", 30, "n"),
    ]  # fmt: skip
    rows = [
        [
            row["number"],
            row["committee"],
            row["kind"],
            day_words(row["due_on"]) if row["due_on"] else "未定",
            row["stage"] + "（逾期）" * row["late"],
        ]
        for row in facts["findings"]
    ]
    return _table("未销号问题清单", columns, rows, empty="没有未销号的问题。", note=_more(facts["findings_more"], "项"))


def _corrections(facts: Facts) -> Block:
    columns = [("序号", 10, "n"), ("单位", 40, ""), ("场次", 42, ""), ("更正内容", 42, ""), ("涉及的通报", 22, "n")]
    rows = [
        [
            str(place),
            row["committee"],
            f"{row['session']}（{day_words(row['day'])}）",
            row["what"],
            "、".join(row["issues"]),
        ]
        for place, row in enumerate(facts["corrections"], start=1)
    ]
    said = f"以往各期印发后更正{len(rows)}项，原通报的数据不变。" if rows else ""
    return _table("更正事项", columns, rows, empty="以往各期印发后没有更正。", note=said)


def _more(count: int, unit: str) -> str:
    return f"另有{count}{unit}未列。" if count else ""


MADE: Mapping[str, Callable[[Facts], Block]] = {
    "总体情况表": _whole, "各委员会学习情况表": _each, "各月集体学习图": _months, "六学联动图": _modes, "与上期比较表": _compared,
    "未销号问题清单": _findings, "更正事项": _corrections,
}  # fmt: skip
NAMES = tuple(MADE)
OF_ANNEX = {
    AnnexKind.ATTENDANCE: "各委员会学习情况表", AnnexKind.FINDINGS: "未销号问题清单", AnnexKind.CORRECTIONS: "更正事项",
}  # fmt: skip


def block(name: str, facts: Facts) -> Block:
    """One block as plain data; KeyError for a name that does not exist."""
    return MADE[name](facts)


def html(name: str, facts: Facts) -> str:
    """One block for a page. The paper draws the same data from its own frozen facts."""
    return render_to_string(
        "papers/print/bulletin_block.html", {"block": block(name, facts), "name": name, "on_page": True}
    )


def drawn(facts: Facts) -> dict[str, str]:
    """All of them for a page, by name, in the order they are offered."""
    return {name: html(name, facts) for name in NAMES}


# ------------------------------------------------------------------------------------------------- the whole paper
def body(text: str, facts: Facts) -> list[dict[str, Any]]:
    """The lines of a clean body as plain data: {"tag", "kind", "number", "runs": [...]} or {"tag": "figure", "block"}."""
    found: list[dict[str, Any]] = []
    for line in markup.lines(text):
        if line.tag == "figure":
            found.append({"tag": "figure", "name": line.block, "block": block(line.block, facts)})
            continue
        runs = [{"text": run.text, "bold": run.bold, "italic": run.italic} for run in line.runs]
        found.append({"tag": line.tag, "kind": line.kind, "number": line.number, "runs": runs, "text": line.text})
    return found


def paper(bulletin: Bulletin, *, at: datetime) -> dict[str, Any]:
    """Everything the printed bulletin says, as JSON; what is not signed yet has empty places for number and day."""
    facts: Facts = bulletin.facts or {}
    day = at.astimezone(SHANGHAI).date()
    unit = bulletin.committee
    name = unit.name_on(day)
    signed = bulletin.signed_at.astimezone(SHANGHAI).date() if bulletin.signed_at else None
    number_ = rules.document_words(bulletin.mark, bulletin.document_year or day.year, bulletin.document_number)
    sender = department(name, unit.kind)
    return {
        "title": bulletin.title, "committee": {"code": unit.code, "name": name}, "sender": sender,
        "year": bulletin.year, "quarter": bulletin.quarter, "label": rules.period_words(bulletin.year, bulletin.quarter),
        "issue": bulletin.issue, "issue_words": rules.issue_words(bulletin.year, bulletin.issue), "number": number_,
        "to": bulletin.to.rstrip("：:"), "copies": bulletin.copies, "on": signed.isoformat() if signed else "",
        "as_of": bulletin.as_of.astimezone(SHANGHAI).isoformat() if bulletin.as_of else "",
        "body": body(bulletin.body, facts), "annexes": _annexes(bulletin, facts, day),
        "compiled_by": bulletin.compiled_by.name, "checked_by": bulletin.checked_by.name if bulletin.checked_by else "",
        "signed_by": bulletin.signed_by.name if bulletin.signed_by else "",
        "figures": facts.get("figures", {}), "receivers": facts.get("receivers", 0),
        **letterhead(unit, day, number=number_, copies=bulletin.copies, on=signed, name=sender),
    }  # fmt: skip


def _annexes(bulletin: Bulletin, facts: Facts, day: date) -> list[dict[str, Any]]:
    """The cards first, where there are any, then the chosen tables."""
    cards = bulletin.cards.select_related("committee", "study_session").prefetch_related("committee__names")
    told = [
        {
            "mode": str(StudyMode(card.mode).label), "unit": card.committee.name_on(day), "title": card.title,
            "text": card.text, "day": card.study_session.day.isoformat() if card.study_session else "",
            "source": card.study_session.topic if card.study_session else "",
        }
        for card in cards
    ]  # fmt: skip
    found: list[dict[str, Any]] = [{"title": "创新做法", "cards": told}] if told else []
    found += [
        {"title": str(row), "block": block(OF_ANNEX[AnnexKind(row.kind)], facts)} for row in bulletin.annexes.all()
    ]
    return [{"number": place, **annex} for place, annex in enumerate(found, start=1)]
