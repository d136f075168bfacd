"""The one page of a finding: facts, what is missing and who is next, and which moves this user may make now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from roster.accounts.models import User
from roster.accounts.roles import Permission
from sessions_app.findings import rules
from sessions_app.findings.closing_actions import close_reasons
from sessions_app.findings.hands import unit_hands
from sessions_app.findings.models import UNDER_WAY, Extension, ExtensionStage, Finding, FindingStage
from sessions_app.policies import calendar, parameters
from sessions_app.policies.rules import DEADLINE_RULES, deadline

P = Permission
S = FindingStage


@dataclass(frozen=True)
class Moves:
    """What the user may do with it now; `no_close`: why not close, though the stage would allow it."""

    verbs: frozenset[str]
    no_close: tuple[str, ...] = ()

    def __contains__(self, verb: str) -> bool:
        return verb in self.verbs


def moves_of(row: Finding, user: User, extension: Extension | None) -> Moves:
    """By scope, stage and person; the same that the actions ask again."""
    rows = Finding.objects.filter(pk=row.pk)
    rectifies, confirms, closes = (
        user.may(name) and rows.open_to(user, name).exists()
        for name in (P.FINDING_RECTIFY, P.FINDING_CONFIRM, P.FINDING_CLOSE)
    )
    found: set[str] = set()
    no_close: tuple[str, ...] = ()
    if rectifies:
        found |= _unit_moves(row, extension)
    if confirms:
        own = bool(rules.own_decision(user.person_id, unit_hands(row), ""))
        found |= _department_moves(row, extension, own=own)
    if closes and row.stage == S.SUBMITTED:
        no_close = tuple(close_reasons(row, user.person_id))
        if not no_close:
            found.add("close")
    if closes and row.stage == S.CLOSED:
        found.add("reopen")
    return Moves(frozenset(found), no_close)


def _unit_moves(row: Finding, extension: Extension | None) -> set[str]:
    found = set()
    if row.stage == S.OPEN:
        found.add("plan")
    if row.stage in rules.PROGRESS_STAGES:
        found.add("progress")
    if row.stage in rules.EVIDENCE_STAGES:
        found.add("evidence")
    if row.stage in rules.EXTENSION_STAGES and extension is None:
        found.add("extension")
    found |= {verb for verb in ("submit", "withdraw") if rules.MOVES.may(row.stage, verb)}
    return found


def _department_moves(row: Finding, extension: Extension | None, *, own: bool) -> set[str]:
    found = {verb for verb in ("confirm", "dismiss", "return", "resume") if rules.MOVES.may(row.stage, verb)}
    if row.stage == S.OPEN and row.is_planned:
        found.add("return_plan")
        if not own:
            found.add("agree")
    if not own and rules.MOVES.may(row.stage, "keep_up") and extension is None:
        found.add("keep_up")
    if not own and extension is not None and row.stage in UNDER_WAY:
        found.add("decide")
    return found


def asked_of(row: Finding) -> Extension | None:
    asked: Extension | None = row.extensions.filter(stage=ExtensionStage.ASKED).select_related("asked_by").first()
    return asked


NEXT = {
    S.RAISED: "{department}确认是否成立",
    S.OPEN: "{unit}报整改措施、责任领导、责任人和时限",
    S.IN_PROGRESS: "{unit}整改，提交佐证后申请销号",
    S.RETURNED: "{unit}按退回意见整改后重新申请",
    S.SUBMITTED: "{department}复核：由没有参与整改的人销号，或退回",
    S.LONG_TERM: "{unit}按节点坚持",
    S.CLOSED: "已办结；回头看发现反弹时可以重开",
    S.DISMISSED: "不再办理",
}


def next_hand(row: Finding, asked: Extension | None = None) -> str:
    """Who acts next, in words."""
    if asked is not None and row.stage in UNDER_WAY:
        return (
            f"{row.department}答复延期申请；{NEXT[S(row.stage)].format(unit=row.committee, department=row.department)}"
        )
    if row.stage == S.OPEN and row.is_planned:
        return f"{row.department}认可整改措施，或退回"
    return NEXT[S(row.stage)].format(unit=row.committee, department=row.department)


def missing(row: Finding, evidence: int) -> list[dict[str, Any]]:
    """What it needs until it can be closed; the steps of what is kept up."""
    if row.stage == S.DISMISSED:
        return []
    if row.stage == S.LONG_TERM:
        return [{"word": step.text, "done": step.done_on is not None} for step in row.milestones.all()]
    agreed = row.stage not in (S.RAISED, S.OPEN)
    return [
        {"word": "问题确认", "done": row.stage != S.RAISED},
        {"word": "整改措施和责任人", "done": agreed or row.is_planned, "url": "#plan"},
        {"word": "措施得到认可", "done": agreed},
        {"word": f"佐证材料（{evidence} 份）" if evidence else "佐证材料", "done": evidence > 0, "url": "#evidence"},
        {"word": "申请销号", "done": row.stage in (S.SUBMITTED, S.CLOSED)},
        {"word": "复核销号（未参与整改的人）", "done": row.stage == S.CLOSED},
    ]


def due(row: Finding, today: date) -> dict[str, str] | None:
    """The deadline with what is left, while it runs."""
    if row.due_on is None:
        return None
    words = {"date": f"{row.due_on.year}年{row.due_on.month}月{row.due_on.day}日", "left": "", "tone": "muted"}
    if row.stage in UNDER_WAY:
        working = calendar.load(min(today, row.due_on), max(today, row.due_on) + timedelta(days=1))
        values = parameters.values(DEADLINE_RULES, [row.committee], today)[row.committee_id]
        words["left"], words["tone"] = deadline(row.due_on, today, working, values)
    return words
