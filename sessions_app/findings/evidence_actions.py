"""佐证材料: filed and withdrawn while it is being put right. New evidence voids an application that stands on the old."""

from datetime import datetime
from typing import Any

from django.db import transaction

from roster.accounts.models import User
from roster.audit.actions import Actor
from roster.audit.moves import Refused
from sessions_app.attachments import actions as attachments
from sessions_app.attachments.models import AttachmentKind
from sessions_app.findings import rules
from sessions_app.findings.ground import lock, tell
from sessions_app.findings.models import Evidence, Finding, FindingStage
from sessions_app.findings.proof import live_evidence
from sessions_app.findings.rules import MOVES


def _void(row: Finding, why: str, *, by: Actor, at: datetime) -> None:
    """The application was made on other evidence: it counts no longer, and the reviewer need not look at it."""
    if row.stage != FindingStage.SUBMITTED:
        return
    before, row.stage = row.stage, MOVES.target(row.stage, "void")
    row.evidence_print, row.submitted_on = "", None
    tell(row, "void", before=before, reason=why, by=by, at=at)


@transaction.atomic
def file_evidence(
    finding: Finding, *, text: str, document_number: str = "", upload: Any = None, by: User, at: datetime
) -> Evidence:
    """Words, with a document number or a file where there is one. The same again by the same person is one."""
    row = lock(finding)
    text, number = text.strip(), document_number.strip()
    words = f"{text}（文号：{number}）" if text and number else text or (f"文号：{number}" if number else "")
    wrong = rules.stage_refusals(row.stage, rules.EVIDENCE_STAGES, "增加佐证材料")
    if not words and upload is None:
        wrong.append("请写明佐证内容，或填文号，或上传文件。")
    if len(words) > 300:
        wrong.append("佐证说明请控制在 300 字以内。")
    if wrong:
        raise Refused(wrong)
    file = None
    if upload is not None:
        file = attachments.attach(
            row, committee=row.committee, kind=AttachmentKind.EVIDENCE, upload=upload, by=by, at=at
        )
    words = words or (file.name if file else "")
    twin = live_evidence(row).filter(text=words, attachment=file, filed_by_id=by.person_id).first()
    if twin is not None:
        return twin
    made = Evidence.objects.create(finding=row, text=words, attachment=file, filed_by_id=by.person_id, filed_at=at)
    tell(
        row, "file_evidence", reason=words, by=by, at=at,
        data={"evidence": made.pk, "sha256": file.sha256 if file else ""},
    )  # fmt: skip
    _void(row, f"申请之后又增加佐证：{words}", by=by, at=at)
    row.save_changed()
    return made


@transaction.atomic
def withdraw_evidence(evidence: Evidence, *, reason: str, by: User, at: datetime) -> Evidence:
    """It no longer counts; the row, its file and who filed it stay in the record."""
    row = lock(evidence.finding)
    mine: Evidence = Evidence.objects.select_related("attachment").get(pk=evidence.pk)
    if mine.withdrawn_at is not None:
        return mine
    wrong = rules.stage_refusals(row.stage, rules.EVIDENCE_STAGES, "撤回佐证材料")
    if not reason.strip():
        wrong.append("请写明撤回的理由。")
    if wrong:
        raise Refused(wrong)
    mine.withdrawn_at = at
    mine.save(update_fields=["withdrawn_at"])
    shared = mine.attachment_id and live_evidence(row).filter(attachment_id=mine.attachment_id).exists()
    if mine.attachment and not shared:
        attachments.withdraw(mine.attachment, reason=reason, by=by, at=at)
    tell(row, "withdraw_evidence", reason=reason.strip(), by=by, at=at, data={"evidence": mine.pk, "text": mine.text})
    _void(row, f"申请之后撤回佐证：{mine.text}", by=by, at=at)
    row.save_changed()
    return mine
