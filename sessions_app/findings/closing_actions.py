"""申请销号, 退回, 销号, 回头看. Who closes took no other part; a close that is refused stays in the record."""

from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction

from roster.audit.actions import Actor
from roster.audit.moves import Refused, Stale
from sessions_app.findings import rules
from sessions_app.findings.ground import day_of, lock, tell
from sessions_app.findings.hands import took_part
from sessions_app.findings.models import ExtensionStage, Finding, FindingStage
from sessions_app.findings.proof import print_of
from sessions_app.findings.rules import MOVES, closer_reasons


@transaction.atomic
def submit(finding: Finding, *, version: int | None = None, by: Actor, at: datetime) -> Finding:
    """The unit says it is done, on the evidence that is filed now."""
    row = lock(finding, version)
    wrong = rules.move_refusals(row.stage, "submit")
    if by.person_id is None:
        wrong.append("申请销号须由有人员身份的同志办理，系统账号不能申请。")
    proof = print_of(row)
    if not proof:
        wrong.append("还没有佐证材料，不能申请销号；请先提交佐证（说明、文号或文件）。")
    if wrong:
        raise Refused(wrong)
    before, row.stage = row.stage, MOVES.target(row.stage, "submit")
    row.submitted_by_id, row.submitted_on, row.evidence_print = by.person_id, day_of(at), proof
    row.save_changed()
    tell(row, "submit", before=before, by=by, at=at, data={"evidence_print": proof})
    return row


@transaction.atomic
def withdraw(finding: Finding, *, reason: str = "", version: int | None = None, by: Actor, at: datetime) -> Finding:
    row = lock(finding, version)
    before, row.stage = row.stage, MOVES.target(row.stage, "withdraw")
    row.evidence_print, row.submitted_on = "", None
    row.save_changed()
    tell(row, "withdraw", before=before, reason=reason.strip(), by=by, at=at)
    return row


@transaction.atomic
def send_back(finding: Finding, *, note: str, version: int | None = None, by: Actor, at: datetime) -> Finding:
    """Not yet: back to the unit with a note, and counted."""
    row = lock(finding, version)
    wrong = rules.move_refusals(row.stage, "return")
    if not note.strip():
        wrong.append("请写明退回的意见。")
    if wrong:
        raise Refused(wrong)
    before, row.stage = row.stage, MOVES.target(row.stage, "return")
    row.return_note, row.evidence_print = note.strip()[:300], ""
    row.return_count += 1
    row.save_changed()
    tell(row, "return", before=before, reason=row.return_note, by=by, at=at, data={"times": row.return_count})
    return row


# ------------------------------------------------------------------------------------------------------------ close
def close_reasons(row: Finding, person_id: int | None) -> list[str]:
    """Everything that stands against this person closing it now."""
    wrong = rules.move_refusals(row.stage, "close")
    wrong += closer_reasons(person_id, took_part=took_part(row))
    proof = print_of(row)
    if not proof:
        wrong.append(rules.NO_EVIDENCE)
    elif row.stage == FindingStage.SUBMITTED and proof != row.evidence_print:
        wrong.append(rules.CHANGED_EVIDENCE)
    if row.extensions.filter(stage=ExtensionStage.ASKED).exists():
        wrong.append(rules.ASKS_EXTENSION)
    return wrong


def close(finding: Finding, *, note: str, version: int | None, by: Actor, at: datetime) -> Finding:
    """销号, on the evidence applied with, by somebody who took no other part. `version`: of the page he looked at.

    A refusal leaves an event of its own, which stays although the closing is taken back.
    """
    try:
        return _close(finding, note=note, version=version, by=by, at=at)
    except Stale:
        raise
    except Refused as refusal:
        keep_refusal(finding, refusal.reasons, by=by, at=at)
        raise


@transaction.atomic
def _close(finding: Finding, *, note: str, version: int | None, by: Actor, at: datetime) -> Finding:
    row = lock(finding, version)
    wrong = close_reasons(row, by.person_id)
    if version is None:
        wrong.append(rules.ONE_BY_ONE)
    if not note.strip():
        wrong.append("请写明复核意见。")
    if wrong:
        raise Refused(wrong)
    before, row.stage = row.stage, MOVES.target(row.stage, "close")
    row.closed_by_id, row.closed_on, row.close_note = by.person_id, day_of(at), note.strip()[:300]
    row.save_changed()
    tell(
        row, "close", before=before, reason=row.close_note, by=by, at=at,
        data={"closed_by": by.person_id, "evidence_print": row.evidence_print},
    )  # fmt: skip
    return row


@transaction.atomic
def keep_refusal(finding: Finding, reasons: Iterable[str], *, by: Actor, at: datetime) -> None:
    """Somebody tried to close it and might not: who, when, and why it was refused."""
    row = lock(finding)
    tell(row, "close_refused", reason="；".join(reasons), by=by, at=at)


def close_many(findings: Iterable[Finding], *, by: Actor, at: datetime) -> list[tuple[Finding, list[str]]]:
    """Never: each with every reason, first that it must be opened and looked at. Each refusal stays in the record."""
    refused = []
    for finding in findings:
        reasons = [rules.ONE_BY_ONE, *close_reasons(finding, by.person_id)]
        keep_refusal(finding, reasons, by=by, at=at)
        refused.append((finding, reasons))
    return refused


@transaction.atomic
def reopen(
    finding: Finding, *, reason: str, due_on: date, version: int | None = None, by: Actor, at: datetime
) -> Finding:
    """回头看: it came back. The closing stays in the record, whole; the next one will stand beside it."""
    row = lock(finding, version)
    wrong = rules.move_refusals(row.stage, "reopen")
    if not reason.strip():
        wrong.append("请写明回头看发现了什么。")
    if due_on <= day_of(at):
        wrong.append("新的整改时限须在今天之后。")
    if wrong:
        raise Refused(wrong)
    past = {
        "closed_by": row.closed_by_id, "closed_on": str(row.closed_on), "close_note": row.close_note,
        "evidence_print": row.evidence_print, "due_on": [str(row.due_on), str(due_on)],
    }  # fmt: skip
    before, row.stage = row.stage, MOVES.target(row.stage, "reopen")
    row.closed_by, row.closed_on, row.close_note, row.evidence_print = None, None, "", ""
    row.due_on, row.submitted_on = due_on, None
    row.reopened_count += 1
    row.save_changed()
    tell(row, "reopen", before=before, reason=reason.strip(), by=by, at=at, data=past)
    return row
