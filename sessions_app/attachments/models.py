"""Attachment: a file kept for something, under a random name, with its hash."""

import secrets
from typing import Any, Self

from django.db import models
from django.db.models import Q

from roster.accounts.models import User
from roster.accounts.roles import Permission
from roster.committees.models import Committee, ScopedQuerySet


class AttachmentKind(models.TextChoices):
    SIGN_IN_SCAN = "SIGN_IN_SCAN", "签到表扫描件"
    MATERIAL = "MATERIAL", "学习资料"
    SPEECH_TEXT = "SPEECH_TEXT", "发言材料"
    MINUTES_SCAN = "MINUTES_SCAN", "学习记录签字件"
    LEAVE_SLIP = "LEAVE_SLIP", "请假条"
    MAKE_UP = "MAKE_UP", "补学材料"
    OUTCOME = "OUTCOME", "成果材料"
    EVIDENCE = "EVIDENCE", "佐证材料"
    OTHER = "OTHER", "其他"


def random_path(instance: "Attachment", filename: str) -> str:
    """Two folder levels of random hex; nothing of the uploader's name reaches the disk."""
    token = secrets.token_hex(16)
    return f"attachments/{token[:2]}/{token}"


# Which permission lets a kind be read. A member who reaches only his own rows reads what he uploaded himself.
READING: dict[str, Permission] = {
    AttachmentKind.SIGN_IN_SCAN: Permission.ROLL_READ,
    AttachmentKind.MATERIAL: Permission.SESSION_READ,
    AttachmentKind.SPEECH_TEXT: Permission.MINUTES_READ,
    AttachmentKind.MINUTES_SCAN: Permission.MINUTES_READ,
    AttachmentKind.LEAVE_SLIP: Permission.ROLL_READ,
    AttachmentKind.MAKE_UP: Permission.ROLL_READ,
    AttachmentKind.OUTCOME: Permission.OUTCOME_READ,
    AttachmentKind.EVIDENCE: Permission.ROLL_READ,
    AttachmentKind.OTHER: Permission.ROLL_READ,
}


class AttachmentQuerySet(ScopedQuerySet):
    def about(self, subject: models.Model) -> Self:
        """Those still offered for one thing, oldest first."""
        rows = self.filter(subject_type=subject._meta.model_name, subject_id=subject.pk, withdrawn_at=None)
        return rows.order_by("pk")

    def readable_by(self, user: User) -> Self:
        """By kind: each has its own permission, over the committee it was kept for; one's own uploads always."""
        found = Q(uploaded_by=user)
        for kind, permission in READING.items():
            found |= Q(kind=kind) & self.scope(user.reach(permission))
        return self.filter(found)


class Attachment(models.Model):
    """`subject_type`/`subject_id` name what it belongs to (e.g. "studysession", 12). Withdrawn, never deleted."""

    committee = models.ForeignKey(Committee, on_delete=models.PROTECT, related_name="attachments")
    subject_type = models.CharField(max_length=40)
    subject_id = models.BigIntegerField()
    kind = models.CharField("类别", max_length=16, choices=AttachmentKind, default=AttachmentKind.OTHER)
    file = models.FileField("文件", upload_to=random_path, max_length=120)
    name = models.CharField("文件名", max_length=200)
    content_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField("大小")
    sha256 = models.CharField(max_length=64)
    uploaded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField("上传时间")
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_reason = models.CharField(max_length=200, blank=True)

    objects: Any = AttachmentQuerySet.as_manager()

    class Meta:
        verbose_name = "附件"
        verbose_name_plural = "附件"
        ordering = ["id"]
        indexes = [models.Index(fields=["subject_type", "subject_id"], name="attachment_subject")]

    def __str__(self) -> str:
        return self.name
