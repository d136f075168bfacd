"""Bonus asked for and granted up to the cap; an objection once a sheet, decided by another reviewer, and the places anew."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum

from roster.audit.actions import Actor, record
from roster.audit.moves import Refused
from sessions_app.assessment import ground, rules
from sessions_app.assessment.models import (
    AssessmentSheet,
    BonusRequest,
    Objection,
    ObjectionStage,
    SheetLine,
)
from sessions_app.assessment.moves import OBJECTION_MOVES
from sessions_app.assessment.specs import spec_of

MOST_BONUS = Decimal(100)
LONGEST = 500
OWN = "您是这家单位的学习秘书，请由其他人办理。"


@transaction.atomic
def ask_bonus(
    sheet: AssessmentSheet, *, points: Decimal, reason: str, by: Actor, at: datetime
) -> BonusRequest:  # fmt: skip
    """The unit asks, until the results are published. The same request sent twice is one."""
    row = ground.lock_sheet(sheet, "ask_bonus")
    cap, reason = row.assessment.scheme.bonus_cap, reason.strip()
    waiting = BonusRequest.objects.filter(sheet=row, points=points, reason=reason, decided_at__isnull=True)
    if (same := waiting.first()) is not None:
        return same  # type: ignore[no-any-return]
    wrong = []
    if not cap:
        wrong.append("本考核办法没有加分。")
    if not points.is_finite() or not 0 < points <= MOST_BONUS or points != points.quantize(ground.CENT):
        wrong.append(f"申请加分应大于 0、不超过 {MOST_BONUS}，最多两位小数。")
    if not reason or len(reason) > LONGEST:
        wrong.append(f"请写明加分事由，最多 {LONGEST} 字。")
    if wrong:
        raise Refused(wrong)
    request: BonusRequest = BonusRequest.objects.create(
        sheet=row, reason=reason, points=points, asked_by_id=by.pk, asked_at=at
    )
    data = {"points": str(points), "sheet": row.pk}
    record(request, verb="ask", by=by, at=at, reason=reason, data=data, chain=row.committee_id)
    return request


@transaction.atomic
def decide_bonus(
    request: BonusRequest, *, granted: Decimal, decision: str = "", by: Actor, at: datetime
) -> BonusRequest:
    """Granted in whole, in part with a reason, or not at all. All of a sheet together count up to the scheme's cap."""
    sheet = ground.lock_sheet(AssessmentSheet.objects.get(pk=request.sheet_id), "decide_bonus")
    row: BonusRequest = BonusRequest.objects.select_related("asked_by").lock(request.pk)
    if row.decided_at is not None:
        raise Refused("这件加分申请已经核定，请刷新页面核对。")
    wrong = []
    if not granted.is_finite() or not 0 <= granted <= row.points or granted != granted.quantize(ground.CENT):
        wrong.append(f"核定加分应在 0 到申请的 {rules.said(row.points)} 之间，最多两位小数。")
    elif granted < row.points and not decision.strip():
        wrong.append("核定加分少于申请，请写明理由。")
    if len(decision.strip()) > LONGEST:
        wrong.append(f"核定意见最多 {LONGEST} 字。")
    if ground.own_unit(by, sheet.committee_id, ground.day_of(at)) or ground.is_same(by, row.asked_by):
        wrong.append(OWN)
    if wrong:
        raise Refused(wrong)
    row.granted, row.decision, row.decided_by_id, row.decided_at = granted, decision.strip(), by.pk, at
    row.save()
    total = BonusRequest.objects.filter(sheet=sheet).aggregate(total=Sum("granted"))["total"] or Decimal(0)
    before, sheet.bonus = sheet.bonus, min(sheet.assessment.scheme.bonus_cap, total)
    if sheet.bonus != before:
        sheet.save_changed()
        ground.keep(sheet.assessment, [sheet], ground.lines_of([sheet]), verb="decide_bonus", by=by, at=at)
    data = {"points": str(row.points), "granted": str(granted), "bonus": str(sheet.bonus), "sheet": sheet.pk}
    record(row, verb="decide", by=by, at=at, reason=row.decision, data=data, chain=sheet.committee_id)
    return row


@transaction.atomic
def object_to(sheet: AssessmentSheet, *, reason: str, by: Actor, at: datetime) -> Objection:
    """Once a sheet, until the last day of the term, that day included."""
    row = ground.lock_sheet(sheet, "object_to")
    reason = reason.strip()
    made: Objection | None = Objection.objects.filter(sheet=row).first()
    if made is not None and made.reason == reason and made.asked_by_id == by.pk:
        return made
    wrong = []
    if made is not None:
        wrong.append("每张评分表只能申诉一次，这张已经申诉过。")
    until = row.assessment.objection_until
    if until is not None and ground.day_of(at) > until:
        wrong.append(f"申诉截止 {until}，已经过了。")
    if not reason:
        wrong.append("请写明申诉理由，最好指出是哪一项。")
    if wrong:
        raise Refused(wrong)
    objection: Objection = Objection.objects.create(sheet=row, reason=reason, asked_by_id=by.pk, asked_at=at)
    record(
        objection, verb="ask", after=objection.stage, by=by, at=at, reason=reason, data={"sheet": row.pk},
        chain=row.committee_id,
    )  # fmt: skip
    return objection


@transaction.atomic
def decide_objection(
    objection: Objection, *, changes: Mapping[int, tuple[Decimal, str]], decision: str, version: int | None = None,
    by: Actor, at: datetime,
) -> Objection:  # fmt: skip
    """Upheld, or scores changed with a reason each; then every total and place of the run is worked out anew.

    Another person than the one who verified the sheet, the one who objected, or a secretary of the unit.
    """
    sheet = ground.lock_sheet(AssessmentSheet.objects.get(pk=objection.sheet_id), "decide_objection")
    run = sheet.assessment
    row: Objection = Objection.objects.select_related("asked_by").lock(objection.pk, version)
    before, stage = row.stage, OBJECTION_MOVES.target(row.stage, "change" if changes else "uphold")
    lines = ground.lines_of([sheet])[sheet.pk]
    wrong = []
    if ground.is_same(by, sheet.verified_by):
        wrong.append("这张评分表由您复核，复议须由另一位复核人办理。")
    if ground.own_unit(by, sheet.committee_id, ground.day_of(at)) or ground.is_same(by, row.asked_by):
        wrong.append(OWN)
    if not decision.strip():
        wrong.append("请写明复议意见。")
    wrong += _change_refusals(lines, changes)
    if wrong:
        raise Refused(wrong)
    row.stage, row.decision, row.decided_by_id, row.decided_at = stage, decision.strip(), by.pk, at
    row.save_changed()
    moved = []
    if stage == ObjectionStage.CHANGED:
        moved = _change(sheet, lines, changes)
        ground.keep(run, moved, ground.lines_of(moved), verb="decide_objection", by=by, at=at)
    data = {"sheet": sheet.pk, "changes": len(changes), "places": len(moved), "objection": stage}
    record(
        row, verb="decide", before=before, after=stage, by=by, at=at, reason=row.decision, data=data,
        chain=sheet.committee_id,
    )  # fmt: skip
    return row


def _change_refusals(lines: list[SheetLine], changes: Mapping[int, tuple[Decimal, str]]) -> list[str]:
    known = {line.pk: line for line in lines}
    found = ["提交的评分项不是这张评分表的，请刷新页面。"] if set(changes) - set(known) else []
    for pk, (score, reason) in changes.items():
        line = known.get(pk)
        if line is None:
            continue
        name = line.item.name
        if words := ground.points_wrong(name, score, line.item.max):
            found.append(words)
        elif score == line.verified:
            found.append(f"“{name}”的得分没有变化，请去掉或改成别的分数。")
        if not reason.strip() or len(reason.strip()) > LONGEST:
            found.append(f"“{name}”改分请写明理由，最多 {LONGEST} 字。")
    return found


def _change(
    sheet: AssessmentSheet, lines: list[SheetLine], changes: Mapping[int, tuple[Decimal, str]]
) -> list[AssessmentSheet]:
    """Write the scores, and every total and place that moved with them."""
    run = sheet.assessment
    changed = [line for line in lines if line.pk in changes]
    for line in changed:
        score, reason = changes[line.pk]
        line.verified, line.reason = score, reason.strip()
    ground.save_lines(changed, "verified", "reason")
    spec = spec_of(run.scheme)
    sheets = ground.sheets_of(run)
    mine = next(one for one in sheets if one.pk == sheet.pk)
    mine.verified_total = rules.total(spec, ground.scores(lines, "verified"))
    moved = ground.place(run, spec, sheets)
    if mine not in moved:
        moved.append(mine)
    ground.save_sheets(moved, "verified_total", "total", "converted", "rank", "grade")
    run.save_changed()
    return moved
