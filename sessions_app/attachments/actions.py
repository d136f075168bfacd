"""Keeping a file and withdrawing it. Nothing is deleted; nothing of the uploader's name reaches the disk."""

import hashlib
from datetime import datetime

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import models, transaction

from roster.accounts.models import User
from roster.audit.actions import record
from roster.audit.moves import Refused
from roster.committees.models import Committee
from sessions_app.attachments import rules
from sessions_app.attachments.models import Attachment, AttachmentKind


def attach(
    subject: models.Model, *, committee: Committee, kind: str, upload: UploadedFile, by: User, at: datetime
) -> Attachment:
    """Keep `upload` for `subject`. Type and size by settings, checked by content; restricted material is refused.

    The same file for the same thing twice is one.
    """
    name = rules.clean_name(upload.name or "")
    wrong = rules.refusals(
        name, upload.size or 0, upload, allowed=settings.UPLOAD_TYPES, most=settings.UPLOAD_MAX_BYTES
    )
    if getattr(subject, "release_type", "") == "RESTRICTED":
        wrong = ["限定范围传达的资料只登记篇目，不得上传正文。"]
    if kind not in AttachmentKind.values:
        wrong.append("请选择附件类别。")
    if wrong:
        raise Refused(wrong)
    digest = hashlib.sha256()
    for chunk in upload.chunks():
        digest.update(chunk)
    upload.seek(0)
    row = Attachment(
        committee=committee, subject_type=subject._meta.model_name, subject_id=subject.pk, kind=kind, name=name,
        content_type=rules.TYPES[rules.SAME.get(ending := name.rsplit(".", 1)[-1].lower(), ending)],
        size=upload.size, sha256=digest.hexdigest(), uploaded_by=by, uploaded_at=at,
    )  # fmt: skip
    with transaction.atomic():
        # One at a time for a committee, so that a double click keeps one.
        Committee.objects.select_for_update(of=("self",), no_key=True).get(pk=committee.pk)
        twin: Attachment | None = Attachment.objects.about(subject).filter(sha256=row.sha256, kind=kind).first()
        if twin is not None:
            return twin
        row.file.save(name, upload, save=False)
        try:
            row.save()
            record(row, verb="attach", by=by, at=at, data={
                "name": name, "size": row.size, "sha256": row.sha256, "subject": f"{row.subject_type} {row.subject_id}",
            })  # fmt: skip
        except BaseException:
            row.file.storage.delete(row.file.name)
            raise
    return row


@transaction.atomic
def withdraw(attachment: Attachment, *, reason: str, by: User, at: datetime) -> Attachment:
    """It is no longer offered; the row, the file and its hash stay."""
    row: Attachment = Attachment.objects.select_for_update(of=("self",)).get(pk=attachment.pk)
    if row.withdrawn_at is not None:
        return row
    if not reason.strip():
        raise Refused("请写明撤下附件的理由。")
    row.withdrawn_at, row.withdrawn_reason = at, reason.strip()[:200]
    row.save(update_fields=["withdrawn_at", "withdrawn_reason"])
    record(row, verb="withdraw", by=by, at=at, reason=row.withdrawn_reason)
    return row
