"""What the papers of the year's weighing say, read once and frozen as plain JSON: 考核评分表, 约谈记录, and the one page
for the leader in charge (工作情况汇报)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from roster.audit.actions import SHANGHAI
from roster.committees.models import Committee
from sessions_app.assessment.models import (
    AssessmentSheet,
    AssessmentStage,
    BonusRequest,
    InterviewStage,
    LeaderInterview,
    Objection,
    ObjectionStage,
)
from sessions_app.facts import figures
from sessions_app.facts.figures import LABELS, Figures
from sessions_app.facts.periods import Span, before, same_days, span
from sessions_app.papers import frozen, frozen_people, rules
from sessions_app.papers.models import PaperKind
from sessions_app.policies import parameters
from sessions_app.policies.rules import is_below, shown

Facts = dict[str, Any]
TOLD = (AssessmentStage.PUBLIC, AssessmentStage.FINAL)  # from here on a unit reads what was found


def _points(value: Decimal | None) -> str:
    """86.5, 7: as many decimals as it has, two at most; empty (待补) when nobody knows."""
    return "" if value is None else f"{value.quantize(Decimal('0.01')):f}".rstrip("0").rstrip(".")


def _on(moment: Any) -> str:
    return moment.astimezone(SHANGHAI).date().isoformat() if moment else ""


# --------------------------------------------------------------------------------------------------------- scores


def scores(sheet: AssessmentSheet, *, told: bool = True) -> Facts:
    """考核评分表 of one committee: item by item what the system reckoned, what it gave itself, what was verified and why.

    `told` False: verified scores and totals are left out (待补), as the unit may read them only once they are published.
    The rank is never on it: a unit sees itself and the median. Four queries.
    """
    run = sheet.assessment
    scheme = run.scheme
    name = sheet.committee.name_on(run.as_of)
    lines = {line.item_id: line for line in sheet.lines.all()}
    indicators = []
    for indicator in scheme.indicators.prefetch_related("items"):
        items = []
        for item in indicator.items.all():
            line = lines.get(item.pk)
            clamped = line is not None and line.raw is not None and line.raw != line.system
            items.append({
                "name": item.name, "max": _points(item.max), "basis": item.basis,
                "system": _points(line.system) if line else "", "raw": _points(line.raw) if line and clamped else "",
                "self": _points(line.self_score) if line else "", "self_note": line.self_note if line else "",
                "verified": _points(line.verified) if line and told else "", "reason": line.reason if line and told else "",
            })  # fmt: skip
        indicators.append({"name": indicator.name, "weight": _points(indicator.weight), "items": items})
    bonuses = BonusRequest.objects.filter(sheet=sheet, granted__isnull=False).order_by("asked_at", "id")
    objection = Objection.objects.filter(sheet=sheet).first() if told else None
    decided = objection is not None and objection.stage != ObjectionStage.ASKED
    return {
        "title": f"{name}{run.year}年度理论学习中心组学习考核评分表", "committee": {"code": sheet.committee.code, "name": name},
        "year": run.year, "department": run.committee.name_on(run.as_of), "departments": [run.committee.path],
        "scheme": str(scheme), "source": scheme.source, "as_of": run.as_of.isoformat(), "stage": run.stage,
        "state": run.get_stage_display(), "indicators": indicators,
        "system_total": _points(sheet.system_total), "self_total": _points(sheet.self_total),
        "verified_total": _points(sheet.verified_total) if told else "", "bonus": _points(sheet.bonus) if told else "",
        "bonus_cap": _points(scheme.bonus_cap), "total": _points(sheet.total) if told else "",
        "weight": _points(scheme.weight), "converted": _points(sheet.converted) if told else "",
        "median": _points(run.median) if told else "", "grade": sheet.grade if told else "",
        "self_note": sheet.self_note,
        "bonuses": [
            {"reason": row.reason, "asked": _points(row.points), "granted": _points(row.granted), "decision": row.decision}
            for row in (bonuses if told else [])
        ],
        "objection": {
            "reason": objection.reason, "state": objection.get_stage_display(), "decision": objection.decision,
            "on": _on(objection.decided_at),
        } if objection is not None and decided else None,
        "self_on": _on(sheet.self_at), "verified_on": _on(sheet.verified_at) if told else "",
        "self_by": str(sheet.self_by or ""), "verified_by": str(sheet.verified_by or "") if told else "",
        "published_on": run.published_on.isoformat() if run.published_on else "", "final_on": _on(run.finalised_at),
    }  # fmt: skip


# ------------------------------------------------------------------------------------------------------ interview


def interview(row: LeaderInterview) -> Facts:
    """约谈记录: why, who with whom, what was said, what was promised by when."""
    day = row.held_on or row.suggested_at.astimezone(SHANGHAI).date()
    name = row.committee.name_on(day)
    return {
        "title": f"关于{name}理论学习中心组学习的约谈记录", "committee": {"code": row.committee.code, "name": name},
        "year": row.year, "unit": name, "departments": [row.department.path], "stage": row.stage,
        **frozen.letterhead(row.department, day, imprint=False),
        "results": [
            {
                "year": one.get("year"), "rank": one.get("rank"), "of": one.get("of"), "score": one.get("score"),
                "source": one.get("source", ""),
            }
            for one in row.results
        ],
        "reason": row.reason, "day": row.held_on.isoformat() if row.held_on else "", "place": row.place,
        "interviewer": row.interviewer.name if row.interviewer else "",
        "interviewee": row.interviewee.name if row.interviewee else "",
        "recorder": row.recorder.name if row.recorder else "", "record": row.record,
        "commitments": [
            {"text": one.text, "due": one.due_on.isoformat() if one.due_on else "", "finding": one.finding.number if one.finding else ""}
            for one in row.commitments.select_related("finding").order_by("order")
        ],
        "sender": rules.department(row.department.name_on(day), row.department.kind),
        "on": row.held_on.isoformat() if row.held_on else "",
    }  # fmt: skip


# ------------------------------------------------------------------------------------------------------- briefing

SHOWN, LETTERS = 5, 45  # names in a sentence, and their letters together; the rest are counted: it is one page
BRIEF = (
    "committee_sessions", "presence_rate", "participation_rate", "completion_rate", "outcomes", "visits", "closing_rate",
)  # fmt: skip
MORE_LABELS = {
    "completion_rate": ("计划完成率", ""),
    "outcomes": ("学习成果", "项"),
    "closing_rate": ("问题销号率", ""),
}


def _some(names: Iterable[str]) -> str:
    """甲、乙、丙等9家; all of them when they are few and short."""
    each = list(names)
    shown: list[str] = []
    for name in each[:SHOWN]:
        if len("、".join([*shown, name])) > LETTERS:
            break
        shown.append(name)
    words = "、".join(shown)
    return f"{words}等{len(each)}家" if 0 < len(shown) < len(each) else f"{words}{len(each)}家"


def briefing(committee: Committee, year: int, *, today: date, quarter: int | None = None) -> Facts:
    """工作情况汇报: seven figures of a department's subtree beside the period before, what is behind in words, and what is
    asked of the leader. From the same facts as every page."""
    period = span(year, quarter)
    last = same_days(before(period), period, today)
    until = period.until(today)
    rows = Committee.objects.under(committee).active_in(period.first, period.last).in_order()
    names = {row.pk: row.name_on(until) for row in rows.prefetch_related("names")}
    each = figures.for_each(rows, period, today=today)
    now = figures.for_scope(committee.path, period, today=today)
    then = figures.for_scope(committee.path, last, today=last.last)
    target = parameters.value("attendance_target", committee, until)
    late = _late(each, names, target)
    name = committee.name_on(until)
    return {
        "title": f"{period.label}理论学习中心组学习工作情况汇报", "committee": {"code": committee.code, "name": name},
        "year": year, "quarter": quarter or 0, "period": period.label, "before": last.label, "until": until.isoformat(),
        "running": today <= period.last, "sender": rules.department(name, committee.kind), "on": today.isoformat(),
        "committees": now.committees, "members": now.members,
        "rows": [
            {
                "key": key, "label": _label(key)[0], "unit": _label(key)[1], "now": _value(now, key), "then": _value(then, key),
            }
            for key in BRIEF
        ],
        "behind": late, "asks": _asks(committee, late, now, period),
    }  # fmt: skip


def _label(key: str) -> tuple[str, str]:
    return MORE_LABELS.get(key) or LABELS[key]


def _value(found: Figures, key: str) -> float | int | None:
    value = getattr(found, key)
    return None if value is None else float(value) if isinstance(value, Decimal) else value


def _late(each: Mapping[int, Figures], names: Mapping[int, str], target: Decimal) -> list[Facts]:
    """What is behind, in words; each with its key and count, so that nothing is said twice."""
    idle = [names[pk] for pk, one in each.items() if not one.committee_sessions]
    planless = [names[pk] for pk, one in each.items() if not one.planned_items]
    low = [names[pk] for pk, one in each.items() if is_below(one.presence_rate, target)]
    overdue = {names[pk]: one.findings_overdue for pk, one in each.items() if one.findings_overdue}
    found = []
    if idle:
        found.append(("idle", len(idle), f"没有开展集体学习的：{_some(idle)}。"))
    if planless:
        found.append(("planless", len(planless), f"没有审定的年度计划专题的：{_some(planless)}。"))
    if low:
        found.append(("low", len(low), f"出席率低于{shown('attendance_target', target)}的：{_some(low)}。"))
    if overdue:
        found.append((
            "overdue", sum(overdue.values()), f"超期未销号的问题{sum(overdue.values())}项，涉及{_some(overdue)}。"
        ))  # fmt: skip
    return [{"key": key, "number": number, "words": words} for key, number, words in found]


def _asks(committee: Committee, late: list[Facts], now: Figures, period: Span) -> list[str]:
    """What only the leader can do about it."""
    waiting = LeaderInterview.objects.filter(department=committee, stage=InterviewStage.SUGGESTED).count()
    said = {one["key"]: one["number"] for one in late}
    asks = []
    if waiting:
        asks.append(f"约谈建议{waiting}件，请确认是否约谈。")
    if "idle" in said:
        asks.append(f"{said['idle']}家在{period.label}没有开展集体学习，请过问，并同意发提醒函。")
    if "overdue" in said:
        asks.append(f"超期未销号的问题{said['overdue']}项，请督促责任领导限期整改。")
    return asks


def not_yet(kind: str, facts: Mapping[str, Any]) -> str:
    """Why a paper of a session, a person, an assessment cannot be issued now, while a working copy of it can be printed; empty when it can."""
    if kind == PaperKind.SUMMARY and not facts["approved_on"]:
        return frozen.NOT_SIGNED
    if kind == PaperKind.SCORES and facts["stage"] not in TOLD:
        return "考核还没有公示，不能印发评分表；可以打印工作稿。"
    if kind == PaperKind.INTERVIEW and facts["stage"] != InterviewStage.HELD:
        return "还没有约谈，不能印发约谈记录。"
    return frozen_people.not_yet(kind, facts)
