"""延期: the unit asks with a reason, the department answers; both dates are kept."""

from datetime import date, datetime

from django.db import transaction

from roster.audit.actions import Actor, record
from roster.audit.moves import Refused
from sessions_app.findings import rules
from sessions_app.findings.ground import day_of, lock, tell
from sessions_app.findings.hands import unit_hands
from sessions_app.findings.models import UNDER_WAY, Extension, ExtensionStage, Finding


@transaction.atomic
def ask(
    finding: Finding, *, new_due_on: date, reason: str, version: int | None = None, by: Actor, at: datetime
) -> Extension:
    """One at a time; asked for again while the same is waiting, it is that one."""
    row = lock(finding, version)
    waiting: Extension | None = row.extensions.filter(stage=ExtensionStage.ASKED).first()
    if waiting and waiting.new_due_on == new_due_on and waiting.reason == reason.strip():
        return waiting
    wrong = rules.stage_refusals(row.stage, rules.EXTENSION_STAGES, "申请延期")
    if waiting:
        wrong.append("已有一份延期申请在等答复，请等它答复后再申请。")
    if not reason.strip():
        wrong.append("请写明延期的理由。")
    if row.due_on and new_due_on <= row.due_on:
        wrong.append(f"申请的时限须晚于现在的时限（{row.due_on.month}月{row.due_on.day}日）。")
    if new_due_on <= day_of(at):
        wrong.append("申请的时限须在今天之后。")
    if wrong:
        raise Refused(wrong)
    made: Extension = Extension.objects.create(
        finding=row, old_due_on=row.due_on, new_due_on=new_due_on, reason=reason.strip()[:200], asked_by_id=by.person_id,
        asked_at=at,
    )  # fmt: skip
    row.save_changed()
    dates = {"finding": row.pk, "due_on": [str(made.old_due_on), str(new_due_on)]}
    record(made, verb="ask", after=made.stage, reason=made.reason, by=by, at=at, data=dates)
    return made


@transaction.atomic
def decide(
    extension: Extension, *, agree: bool, note: str = "", version: int | None = None, by: Actor, at: datetime
) -> Extension:
    """Agreed, the finding's date moves; the first one stays beside it."""
    row = lock(extension.finding)
    mine: Extension = Extension.objects.lock(extension.pk, version)
    wrong = []
    if mine.stage != ExtensionStage.ASKED:
        wrong.append(f"这份延期申请已经答复：{mine.get_stage_display()}。")
    wrong += rules.stage_refusals(row.stage, UNDER_WAY, "答复延期")
    wrong += rules.own_decision(by.person_id, unit_hands(row), "答复延期")
    if not agree and not note.strip():
        wrong.append("不同意延期请写明理由。")
    if wrong:
        raise Refused(wrong)
    mine.stage = ExtensionStage.AGREED if agree else ExtensionStage.REFUSED
    mine.decided_by_id, mine.decided_at, mine.note = by.person_id, at, note.strip()[:200]
    mine.save_changed()
    dates = {"due_on": [str(mine.old_due_on), str(mine.new_due_on)]}
    record(
        mine, verb="agree" if agree else "refuse", before=ExtensionStage.ASKED, after=mine.stage, reason=mine.note, by=by,
        at=at, data=dates,
    )  # fmt: skip
    if agree:
        row.due_on = mine.new_due_on
        row.save_changed()
        tell(row, "extend", by=by, at=at, data=dates)
    return mine
