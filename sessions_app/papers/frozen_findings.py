"""The three lists on paper (学习清单, 问题清单, 整改台账) and the notice that asks one unit to put things right, frozen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.db.models import Count, Prefetch, QuerySet

from roster.committees.models import Committee
from sessions_app.facts import counted, figures
from sessions_app.facts.learned import STATE_WORDS, item_state, sessions_of
from sessions_app.facts.periods import Span, span
from sessions_app.facts.scope import Scope, only, subtree
from sessions_app.findings.models import UNDER_WAY, Evidence, Extension, ExtensionStage, Finding
from sessions_app.findings.proof import LIVE
from sessions_app.papers.frozen import QUARTER_WORDS, letterhead
from sessions_app.policies import calendar, parameters

Facts = dict[str, Any]


def _head(committee: Committee, year: int, today: date, what: str) -> Facts:
    day = min(span(year).last, max(today, span(year).first))
    name = committee.name_on(day)
    return {
        "title": f"{name}{year}年度{what}", "committee": {"code": committee.code, "name": name}, "year": year,
        "on": today.isoformat(),
    }  # fmt: skip


def _scope(committee: Committee, whole: bool) -> Scope:
    return subtree(committee.path) if whole else only(committee.pk)


def _day(value: date | None) -> str:
    return value.isoformat() if value else ""


# --------------------------------------------------------------------------------------------------- learning


def learning(committee: Committee, year: int, *, today: date, whole: bool = False, mine: Any = None) -> Facts:
    """学习清单: the items of the plans in force with the sessions that closed them."""
    period = span(year)
    place = "plan__committee__"
    rows = counted.plan_items(_scope(committee, whole), period).select_related("plan__committee").order_by(
        f"{place}level_order", f"{place}sort_order", f"{place}code", "quarter", "month", "serial"
    )  # fmt: skip
    items = list(rows)
    held = sessions_of(items, year)
    groups: list[Facts] = []
    for item in items:
        if not groups or groups[-1]["code"] != item.plan.committee.code:
            groups.append({"code": item.plan.committee.code, "name": str(item.plan.committee), "topics": []})
        done = held.get((item.plan.committee_id, item.serial), [])
        state = item_state(held=bool(done), quarter=item.quarter, year=year, today=today)
        groups[-1]["topics"].append({
            "serial": item.serial, "when": f"第{QUARTER_WORDS[item.quarter - 1]}季度" + (f"{item.month}月" if item.month else ""),
            "topic": item.topic, "category": item.get_category_display(),
            "sessions": [{"number": row.number, "day": row.day.isoformat()} for row in done], "state": STATE_WORDS[state],
        })  # fmt: skip
    found = _figures(committee, period, today, whole)
    return {
        **_head(committee, year, today, "学习清单"), "groups": groups, "planned": found.planned_items,
        "completed": found.completed_items,
        "late": sum(row["state"] == STATE_WORDS["late"] for group in groups for row in group["topics"]),
    }  # fmt: skip


def _figures(committee: Committee, period: Span, today: date, whole: bool) -> figures.Figures:
    if whole:
        return figures.for_scope(committee.path, period, today=today)
    return figures.for_committee(committee.pk, period, today=today)


# -------------------------------------------------------------------------------- findings and rectification


def _listed(committee: Committee, year: int, today: date, whole: bool, mine: Any, what: str) -> tuple[Facts, QuerySet]:
    """The head with the figures, and the rows whose words may stand in it: `mine`, all when None.

    What other departments work on is only counted, so that listed and counted together are the figure.
    """
    period = span(year)
    rows = counted.findings(_scope(committee, whole), period)
    shown = rows if mine is None else rows.filter(pk__in=mine.order_by().values("pk"))
    others = rows.exclude(pk__in=shown.values("pk")).values("department__name").annotate(
        findings=Count("pk"), closed=Count("pk", filter=counted.CLOSED)
    )  # fmt: skip
    found = _figures(committee, period, today, whole)
    departments = shown.values_list("department__path", flat=True).distinct()
    head = {
        **_head(committee, year, today, what), "findings": found.findings, "closed": found.findings_closed,
        "overdue": found.findings_overdue, "rate": None if found.closing_rate is None else float(found.closing_rate),
        "others": [
            {"name": row["department__name"], "findings": row["findings"], "closed": row["closed"]}
            for row in others.order_by("department__name")
        ],
        "departments": sorted(departments), "whole": whole,
    }  # fmt: skip
    rows = shown.select_related("committee", "type", "found_by", "accountable_leader", "owner", "closed_by", "recurs")
    return head, rows.order_by("year", "source", "serial", "pk")


def findings(committee: Committee, year: int, *, today: date, whole: bool = False, mine: Any = None) -> Facts:
    """问题清单: domain 3.8. Three queries besides the figures."""
    head, rows = _listed(committee, year, today, whole, mine, "问题清单")
    return {**head, "rows": [_finding(row) for row in rows]}


def _finding(row: Finding) -> Facts:
    return {
        "number": row.number, "source": row.get_source_display(), "committee": str(row.committee), "kind": row.type.name,
        "text": row.text, "basis": row.basis, "systemic": row.is_systemic, "recurs": row.recurs.number if row.recurs else "",
        "found_on": row.found_on.isoformat(), "found_by": row.found_by.name if row.found_by else "",
        "stage": row.get_stage_display(),
    }  # fmt: skip


def rectification(committee: Committee, year: int, *, today: date, whole: bool = False, mine: Any = None) -> Facts:
    """整改台账: domain 3.9. Seven queries besides the figures."""
    head, rows = _listed(committee, year, today, whole, mine, "整改台账")
    agreed = Prefetch("extensions", queryset=Extension.objects.filter(stage=ExtensionStage.AGREED).order_by("asked_at"))
    proof = Prefetch("evidence", queryset=Evidence.objects.filter(LIVE).order_by("id"))
    rows = rows.prefetch_related("measures", "progress", "milestones", proof, agreed)
    judged = span(year).until(today)
    return {**head, "rows": [_rectified(row, judged) for row in rows]}


def _rectified(row: Finding, judged: date) -> Facts:
    late = row.stage in UNDER_WAY and row.due_on is not None and row.due_on < judged
    return {
        **_finding(row), "measures": [one.text for one in row.measures.all()],
        "leader": row.accountable_leader.name if row.accountable_leader else "",
        "owner": row.owner.name if row.owner else "", "due_on": _day(row.due_on), "late": late,
        "extensions": [{"from": one.old_due_on.isoformat(), "to": one.new_due_on.isoformat()} for one in row.extensions.all()],
        "progress": [{"day": one.day.isoformat(), "text": one.text} for one in row.progress.all()],
        "milestones": [{"day": one.day.isoformat(), "text": one.text, "done": _day(one.done_on)} for one in row.milestones.all()],
        "evidence": [one.text for one in row.evidence.all()], "submitted_on": _day(row.submitted_on),
        "returns": row.return_count, "closer": row.closed_by.name if row.closed_by else "", "note": row.close_note,
        "closed_on": _day(row.closed_on),
    }  # fmt: skip


# ------------------------------------------------------------------------------------------------ the notice


def department_with_work(unit: Committee, mine: Any = None) -> Committee | None:
    """The department whose findings at the unit are under way, the nearest above it; of `mine` where given."""
    rows = Finding.objects.under_way().filter(committee=unit)
    rows = rows if mine is None else rows.filter(pk__in=mine.order_by().values("pk"))
    nearest = rows.select_related("department").order_by("-department__path").first()
    return nearest.department if nearest else None


def rect_notice(unit: Committee, year: int, *, today: date, mine: Any = None) -> Facts:
    """整改通知 to one unit: all that one department has confirmed there and not closed, whenever it was found."""
    department = department_with_work(unit, mine)
    name = unit.name_on(today)
    rows = Finding.objects.under_way().filter(committee=unit, department=department).select_related("type")
    days = int(parameters.value("finding_plan_working_days", unit, today))
    sender = department.name_on(today) if department else ""
    return {
        "title": f"关于{name}问题整改的通知", "committee": {"code": unit.code, "name": name}, "year": year, "to": name,
        "sender": sender, "on": today.isoformat(), "answer_by": calendar.add_working_days(today, days).isoformat(),
        "rows": [
            {
                "number": row.number, "kind": row.type.name, "text": row.text, "basis": row.basis, "due_on": _day(row.due_on),
                "stage": row.get_stage_display(), "planned": row.is_planned,
            }
            for row in rows.order_by("year", "source", "serial")
        ],
        "departments": [department.path] if department else [],
        **(letterhead(department, today, on=today, name=sender) if department else {}),
    }  # fmt: skip


NOTHING_OPEN = "这个单位没有未销号的问题，不用发整改通知。"
LISTS: dict[str, Callable[..., Facts]] = {"learning": learning, "findings": findings, "rectification": rectification}
