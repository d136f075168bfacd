"""No stage without its act: the stage of every thing of the demo, and of an imported base, is rebuilt from its events."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import models

from roster.audit.models import AuditEvent
from roster.audit.moves import Moves
from sessions_app.attendance.rules import LEAVE_MOVES, MAKE_UP_MOVES
from sessions_app.corrections.rules import MOVES as CORRECTION_MOVES
from sessions_app.guidance.rules import MOVES as PROMPT_MOVES
from sessions_app.minutes.rules import MOVES as MINUTES_MOVES
from sessions_app.outcomes.rules import MOVES as OUTCOME_MOVES
from sessions_app.plans.rules import MOVES as PLAN_MOVES
from sessions_app.sessions.rules import FILING_MOVES, INVITE_MOVES, SPEECH_MOVES
from sessions_app.sessions.rules import MOVES as SESSION_MOVES
from tests.sessions_app.workbooks.making import reasons, sheets, take

pytestmark = pytest.mark.django_db
TABLES: dict[str, Moves] = {
    "studyplan": PLAN_MOVES, "studysession": SESSION_MOVES, "speech": SPEECH_MOVES, "speakerfiling": FILING_MOVES,
    "participation": INVITE_MOVES, "leaverequest": LEAVE_MOVES, "makeupstudy": MAKE_UP_MOVES, "minutes": MINUTES_MOVES,
    "outcome": OUTCOME_MOVES, "correction": CORRECTION_MOVES, "studyprompt": PROMPT_MOVES,
}  # fmt: skip
# How a thing begins: the stages its first event may give, by hand and by workbook.
BEGINS = {
    "studyplan": {"DRAFT"}, "studysession": {"PREPARING"}, "speech": {"DUE"}, "speakerfiling": {"PENDING"},
    "participation": {"INVITED"}, "leaverequest": {"ASKED", "AGREED"}, "makeupstudy": {"DUE"}, "minutes": {"DRAFT"},
    "outcome": {"REGISTERED"}, "correction": {"ASKED"}, "studyprompt": {"DRAFT"},
}  # fmt: skip
# A year that is over is filed away by the import itself, which says so: 补录, 由工作簿导入.
BY_IMPORT = {"studyplan": {"FILED"}, "studysession": {"ARCHIVED"}, "speech": {"APPROVED"}}


def staged() -> Iterator[tuple[type[models.Model], str, Any]]:
    for model in apps.get_models():
        for field in model._meta.fields:
            if field.name in ("stage", "state") and field.choices:
                yield model, field.name, field


def is_over(row: Any, event: AuditEvent) -> bool:
    year = getattr(row, "year", None) or (row.participation.day if hasattr(row, "participation") else row.day).year
    return bool(event.data.get("intake")) and year < event.at.year


def wrongs(model: type[models.Model], name: str, field: Any) -> list[str]:
    """What of this table no act gave."""
    kind = str(model._meta.model_name)
    values = {str(label): str(value) for value, label in field.choices} | {str(v): str(v) for v, _ in field.choices}
    events: dict[int, list[AuditEvent]] = defaultdict(list)
    for event in AuditEvent.objects.filter(subject_type=kind).order_by("pk"):
        events[event.subject_id].append(event)
    found = []
    for row in model._base_manager.all():
        last = "ACCEPTED" if kind == "participation" and row.is_host else ""  # the host takes part by making it
        for event in events[row.pk]:
            after = values.get(event.after, "")
            if after and (last == "" or after != last):
                found += _judge(kind, row, event, last, values.get(event.before, ""), after)
                last = after
        if last != getattr(row, name):
            found.append(f"{kind} {row.pk}: {getattr(row, name)}, the acts give {last or 'nothing'}")
    return found


def _judge(kind: str, row: Any, event: AuditEvent, last: str, before: str, after: str) -> list[str]:
    told = f"{kind} {row.pk}: {event.verb} {before} -> {after}"
    if last and before != last:
        return [f"{told}, but it stood at {last}"]
    table = TABLES.get(kind)
    if table is None or "correction" in event.data:
        return []
    if not last:
        fits = after in BEGINS[kind] or after in BY_IMPORT.get(kind, set()) and is_over(row, event)
        return [] if fits else [f"{told}: it begins there without an act"]
    move = table.moves.get("reopen" if (kind, event.verb) == ("makeupstudy", "open") else event.verb)
    fits = move is not None and last in move.sources and (after == move.target or kind == "correction")
    return [] if fits else [f"{told}: no such move"]


def test_every_stage_of_the_demo_was_given_by_an_act(demo) -> None:
    found = [line for model, name, field in staged() for line in wrongs(model, name, field)]
    assert found == [], "\n".join(found[:40])


def test_every_stage_of_an_imported_base_was_given_by_an_act() -> None:
    rows = sheets()
    rows["学习场次"] += [
        ["W01", 2026, 1, "2026-02-12", "", "", "", "", "今年的", "研讨交流学", "", "", "已召开", ""],
        ["W01", 2026, 2, "2026-03-20", "", "", "", "", "今天的", "研讨交流学", "", "", "已召开", ""],
        ["W01", 2026, 3, "2026-04-20", "", "", "", "", "以后的", "研讨交流学", "", "", "已召开", ""],
        ["W01", 2026, 4, "2026-02-20", "", "", "", "", "取消的", "研讨交流学", "", "", "取消", ""],
    ]
    rows["年度计划"] += [["W01", 2026, 1, 1, 3, "今年专题", 1, "", "", ""]]
    rows["考勤"] += [["W01", 2026, 1, "R1", "请假", "公务", "2026-02-20"], ["W01", 2026, 1, "R2", "缺席", "", ""]]
    rows["发言"] += [["W01", 2026, 1, "R3", "重点", "谈体会"]]
    assert reasons(take(rows)) == []
    found = [line for model, name, field in staged() for line in wrongs(model, name, field)]
    assert found == [], "\n".join(found)


def test_a_stage_without_an_act_is_found() -> None:
    from sessions_app.sessions.models import StudySession

    take(sheets())
    StudySession.objects.filter(stage="CANCELLED").update(stage="HELD")
    assert [line for model, name, field in staged() for line in wrongs(model, name, field)]
