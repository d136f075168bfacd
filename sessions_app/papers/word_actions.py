"""A department's own Word templates: put to use after they were looked through, taken out of use. Never changed."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.db.models import Max

from roster.accounts.models import User
from roster.audit.actions import record
from roster.audit.moves import Refused
from roster.committees.models import Committee
from sessions_app.papers import word, word_rules
from sessions_app.papers.models import PaperKind, WordTemplate

SAME_TIME = "同一种文书刚刚有人上传过模板。请刷新后核对，再上传。"


def upload(kind: str, *, committee: Committee, content: bytes, note: str, by: User, at: datetime) -> WordTemplate:
    """A new edition, in use at once for papers of `committee` and below. Refused with every reason, each with its place."""
    if not word.has_word(kind):
        raise Refused("这种文书没有 Word 格式，不用模板。")
    reasons = word_rules.package_reasons(content) or word.template_reasons(kind, content)
    if reasons:
        raise Refused(reasons)
    digest = hashlib.sha256(content).hexdigest()
    mine = WordTemplate.objects.filter(committee=committee, kind=kind)
    last = mine.in_use().order_by("-number").first()
    if last is not None and last.sha256 == digest:
        raise Refused(f"这份文件和现用的第{last.number}版完全相同，没有上传。")
    number = (mine.aggregate(last=Max("number"))["last"] or 0) + 1
    row = WordTemplate(
        committee=committee, kind=kind, number=number, sha256=digest, note=note.strip(), uploaded_by_id=by.pk, uploaded_at=at
    )  # fmt: skip
    try:
        with transaction.atomic():
            row.file.save("template.docx", ContentFile(content), save=False)
            row.save(force_insert=True)
            record(
                row,
                verb="upload",
                by=by,
                at=at,
                reason=row.note,
                data={"kind": kind, "number": number, "sha256": digest},
            )
    except IntegrityError:
        raise Refused(SAME_TIME) from None
    return row


@transaction.atomic
def withdraw(template: WordTemplate, *, by: User, at: datetime) -> WordTemplate:
    """Out of use: the edition before it is used again, the built-in one where there is none. The file is kept."""
    row: WordTemplate = WordTemplate.objects.select_for_update(of=("self",)).get(pk=template.pk)
    if row.withdrawn_at is not None:
        raise Refused(f"{PaperKind(row.kind).label}第{row.number}版已经停用。")
    row.withdrawn_by_id, row.withdrawn_at = by.pk, at
    row.save(update_fields=["withdrawn_by", "withdrawn_at"])
    record(row, verb="withdraw", by=by, at=at, data={"kind": row.kind, "number": row.number})
    return row
