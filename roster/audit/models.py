"""AuditEvent: one row a move, never changed; and Versioned, the guard against stale saves."""

from typing import Any, Self

from django.conf import settings
from django.db import models

from roster.audit.moves import Stale


class AuditEventQuerySet(models.QuerySet["AuditEvent"]):
    def about(self, subject: models.Model) -> Self:
        return self.filter(subject_type=subject._meta.model_name, subject_id=subject.pk)

    def in_order(self) -> Self:
        return self.order_by("chain", "seq")


class AuditEvent(models.Model):
    """Who did what to which thing. UPDATE, DELETE and TRUNCATE are refused by triggers (migration 0002)."""

    chain = models.BigIntegerField("链", help_text="委员会编号;0 为全局")
    seq = models.BigIntegerField("链内序号")
    at = models.DateTimeField("时间")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name="账号", null=True, on_delete=models.PROTECT, related_name="+"
    )
    actor_name = models.CharField("经手人", max_length=60)
    actor_role = models.CharField("当时身份", max_length=60, blank=True)
    address = models.GenericIPAddressField("来源地址", null=True)
    request_id = models.CharField("请求编号", max_length=40, blank=True)
    verb = models.CharField("动作", max_length=40)
    subject_type = models.CharField("对象类型", max_length=40)
    subject_id = models.BigIntegerField("对象编号", null=True)
    subject_label = models.CharField("对象", max_length=200)
    before = models.CharField("原状态", max_length=40, blank=True)
    after = models.CharField("新状态", max_length=40, blank=True)
    reason = models.TextField("事由", blank=True)
    data = models.JSONField("细目", default=dict)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        verbose_name = "操作日志"
        verbose_name_plural = "操作日志"
        ordering = ["-at", "-id"]
        constraints = [models.UniqueConstraint(fields=["chain", "seq"], name="audit_one_row_per_place_in_chain")]
        indexes = [
            models.Index(fields=["subject_type", "subject_id", "at"], name="audit_subject"),
            models.Index(fields=["at"], name="audit_at"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_name} {self.verb} {self.subject_label}"

    def content(self) -> dict[str, Any]:
        """What the hash covers."""
        return {
            "chain": self.chain, "seq": self.seq, "at": self.at.isoformat(), "actor": self.actor_id,
            "actor_name": self.actor_name, "actor_role": self.actor_role, "address": self.address or "",
            "request_id": self.request_id, "verb": self.verb, "subject_type": self.subject_type,
            "subject_id": self.subject_id, "subject_label": self.subject_label, "before": self.before,
            "after": self.after, "reason": self.reason, "data": self.data,
        }  # fmt: skip


class VersionedQuerySet(models.QuerySet[Any]):
    def lock(self, pk: int, version: int | None = None) -> Any:
        """The row, locked for this transaction; Stale when it is no longer at `version`."""
        row = self.select_for_update(of=("self",)).get(pk=pk)
        if version is not None and row.version != version:
            raise Stale(row.version)
        return row


class Versioned(models.Model):
    """A row edited by forms: each save raises `version`, each form carries the one it started from."""

    version = models.PositiveIntegerField("版本", default=1, editable=False)

    class Meta:
        abstract = True

    def save_changed(self) -> None:
        """Save a row obtained by `lock`; its next reader sees the next version."""
        self.version += 1
        self.save()
