"""The ledger (整改台账): which findings a filter names, in which order, how a row reads on the page and in the sheet."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet

from roster import outside
from roster.accounts.sheets import workbook
from roster.committees.models import Committee
from sessions_app.findings.models import COUNTED, UNDER_WAY, Finding, FindingStage, Source
from sessions_app.policies import calendar, parameters
from sessions_app.policies.rules import DEADLINE_RULES, deadline

TONES: Mapping[str, str] = {
    FindingStage.RAISED: "near", FindingStage.OPEN: "behind", FindingStage.IN_PROGRESS: "near",
    FindingStage.SUBMITTED: "near", FindingStage.RETURNED: "behind", FindingStage.CLOSED: "ok",
    FindingStage.DISMISSED: "muted", FindingStage.LONG_TERM: "muted",
}  # fmt: skip
SORTS = {
    "number": ("-year", "source", "-serial", "-id"),
    "due": ("due_on", "id"),
    "found": ("-found_on", "-id"),
    "committee": ("committee__level_order", "committee__sort_order", "committee__code", "-id"),
    "type": ("type__order", "type_id", "-id"),
    "returns": ("-return_count", "-id"),
}
GROUPS = {"under-way": UNDER_WAY, "counted": COUNTED}
HEADS = (
    "编号", "单位", "问题表述", "来源", "类别", "共性", "上次同类", "发现日期", "发现人", "督办单位", "整改措施", "责任领导", "责任人",
    "整改时限", "原定时限", "状态", "逾期", "退回次数", "重开次数", "申请销号日期", "复核人", "复核意见", "销号日期",
)  # fmt: skip


def overdue(today: date) -> Q:
    return Q(stage__in=UNDER_WAY, due_on__lt=today)


def narrowed(rows: QuerySet, given: Mapping[str, Any], today: date) -> QuerySet:
    """The findings the filters of the address name."""
    stage = given.get("stage")
    if stage:
        rows = rows.filter(stage__in=GROUPS.get(stage, [stage]))
    for name in ("year", "source", "type"):
        if given.get(name):
            rows = rows.filter(**{name: given[name]})
    if given.get("overdue"):
        rows = rows.filter(overdue(today))
    if given.get("systemic"):
        rows = rows.filter(is_systemic=True)
    if given.get("recurs"):
        rows = rows.filter(recurs__isnull=False)
    if given.get("under"):
        rows = rows.filter(committee__path__startswith=given["under"].path)
    if text := given.get("q"):
        named = Q(text__icontains=text) | Q(committee__in=Committee.objects.search(text))
        named |= Q(owner__name__contains=text) | Q(accountable_leader__name__contains=text) | Q(basis__icontains=text)
        rows = rows.filter(named | _numbered(text))
    return rows


NUMBER = re.compile(r"(?P<mark>.*?)(?P<year>[0-9]{4})-(?P<source>[^-]+)-(?P<serial>[0-9]{1,6})")


def _numbered(text: str) -> Q:
    """云州市委2026-旁听-017 as it is printed, the same without the department, or its last figure alone."""
    if full := NUMBER.fullmatch(text.strip()):
        label = full["source"]
        sources = [source.value for source in Source if str(source.label) == label]
        found = Q(year=int(full["year"]), source__in=sources, serial=int(full["serial"]))
        return found & Q(mark=full["mark"]) if full["mark"] else found
    last = text.strip().rsplit("-", 1)[-1]
    serial = outside.whole(last, most=999_999)
    return Q(pk__in=[]) if serial is None else Q(serial=serial)


def with_names(rows: QuerySet) -> QuerySet:
    return rows.select_related(
        "committee", "department", "type", "owner", "accountable_leader", "recurs", "found_by", "closed_by"
    )


def lines(rows: Iterable[Finding], today: date) -> list[dict[str, Any]]:
    """Each with its stage as tone and word, and how long is left; two queries for any number."""
    found = list(rows)
    days = [row.due_on for row in found if row.due_on]
    working = calendar.load(min([today, *days]), max([today, *days]) + timedelta(days=1))
    rules = parameters.values(DEADLINE_RULES, [row.committee for row in found], today)
    return [_line(row, today, working, rules[row.committee_id]) for row in found]


def _line(row: Finding, today: date, working: Any, rules: Mapping[str, Any]) -> dict[str, Any]:
    left, tone = "", "muted"
    if row.due_on and row.stage in UNDER_WAY:
        left, tone = deadline(row.due_on, today, working, rules)
    word = "措施待认可" if row.stage == FindingStage.OPEN and row.is_planned else row.get_stage_display()
    return {
        "finding": row, "stage": {"tone": TONES[row.stage], "word": word}, "left": left, "tone": tone,
        "late": tone == "overdue",
    }  # fmt: skip


def counts(rows: QuerySet) -> dict[str, int]:
    """How many stand in each stage, nought where none; one query."""
    found = dict.fromkeys(FindingStage.values, 0)
    found.update(dict(rows.order_by().values_list("stage").annotate(Count("pk"))))
    return found


def below(paths: Iterable[str], today: date) -> list[dict[str, Any]]:
    """Of every department strictly below: figures alone."""
    inside = Q(pk__in=[])
    for path in paths:
        inside |= Q(department__path__startswith=path) & ~Q(department__path__in=paths)
    rows = Finding.objects.filter(inside).order_by("department__level_order", "department__sort_order", "department_id")
    return list(
        rows.values("department_id", "department__name").annotate(
            total=Count("pk", filter=Q(stage__in=COUNTED)), under_way=Count("pk", filter=Q(stage__in=UNDER_WAY)),
            late=Count("pk", filter=overdue(today)), closed=Count("pk", filter=Q(stage=FindingStage.CLOSED)),
            long_term=Count("pk", filter=Q(stage=FindingStage.LONG_TERM)),
        )
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------------------ sheet
def sheet(rows: QuerySet, today: date, *, note: str) -> bytes:
    """Every finding of the filter, in its order."""
    found = with_names(rows).prefetch_related("measures")
    return workbook("整改台账", HEADS, (_cells(row, today) for row in found), note=note)


def _cells(row: Finding, today: date) -> Sequence[Any]:
    late = row.stage in UNDER_WAY and row.due_on is not None and row.due_on < today
    return (
        row.number, row.committee.name, row.text, row.get_source_display(), row.type.name, "是" if row.is_systemic else "",
        row.recurs.number if row.recurs else "", row.found_on, row.found_by.name if row.found_by else "",
        row.department.name, "\n".join(measure.text for measure in row.measures.all()),
        row.accountable_leader.name if row.accountable_leader else "", row.owner.name if row.owner else "",
        row.due_on or "", row.first_due_on or "", row.get_stage_display(), "是" if late else "", row.return_count,
        row.reopened_count, row.submitted_on or "", row.closed_by.name if row.closed_by else "", row.close_note,
        row.closed_on or "",
    )  # fmt: skip
