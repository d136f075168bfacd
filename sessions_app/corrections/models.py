"""Correction: a change to a locked record, with reason and evidence, agreed by the leader."""

from typing import Any, Self

from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from roster.accounts.roles import Permission
from roster.audit.models import Versioned
from roster.committees.models import Committee, ScopedQuerySet, Viewer
from roster.people.models import Person
from sessions_app.sessions.models import StudySession


class CorrectionStage(models.TextChoices):
    ASKED = "ASKED", "申请"
    LEADER_AGREED = "LEADER_AGREED", "待宣传部同意"
    AGREED = "AGREED", "同意"
    REFUSED = "REFUSED", "不同意"


class CorrectionKind(models.TextChoices):
    ATTENDANCE = "ATTENDANCE", "考勤"
    MINUTES = "MINUTES", "学习记录"


class CorrectionQuerySet(ScopedQuerySet):
    def open_to(self, user: Viewer, permission: str) -> Self:
        """Reading: every committee that took part, for the record is one. Asking and deciding: its own committee."""
        if permission == Permission.ROLL_READ:
            return self.filter(study_session__in=StudySession.objects.open_to(user, permission))
        return super().open_to(user, permission)


class Correction(Versioned):
    """`before` and `after` hold what stood and what shall stand; applied only on agreement.

    ATTENDANCE: {"marks": [{"part": id, "person": id, "name": str, "status": str, "reason": str, "late": bool, "early": bool}]}
    MINUTES: {"sections": [{"section": id, "label": str, "text": str}], "discussion": str, "summary": str} (only what changes)
    """

    committee = models.ForeignKey(Committee, on_delete=models.PROTECT, related_name="corrections")
    study_session = models.ForeignKey(StudySession, on_delete=models.PROTECT, related_name="corrections")
    number = models.PositiveSmallIntegerField("更正序号", help_text="本场次第几次更正")
    kind = models.CharField("对象", max_length=12, choices=CorrectionKind)
    stage = models.CharField("状态", max_length=14, choices=CorrectionStage, default=CorrectionStage.ASKED)
    before = models.JSONField("更正前")
    after = models.JSONField("更正后")
    reason = models.CharField("更正理由", max_length=300)
    evidence = models.CharField("依据", max_length=300)
    asked_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField("申请时间")
    decided_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField("同意时间", null=True, blank=True)
    countersigned_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    applied_on = models.DateField("生效日期", null=True, blank=True)
    note = models.CharField("意见", max_length=300, blank=True)

    objects: Any = CorrectionQuerySet.as_manager()

    class Meta:
        verbose_name = "更正"
        verbose_name_plural = "更正"
        ordering = ["-asked_at"]
        constraints = [
            models.UniqueConstraint(fields=["study_session", "number"], name="correction_number"),
            models.CheckConstraint(condition=~Q(reason="") & ~Q(evidence=""), name="correction_reason_and_evidence"),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("asked_by")), name="correction_not_self_decided"
            ),
            models.CheckConstraint(
                condition=~Q(stage="AGREED") | Q(applied_on__isnull=False), name="correction_agreed_applied"
            ),
        ]
        indexes = [models.Index(fields=["committee", "applied_on"], name="correction_applied")]

    def __str__(self) -> str:
        return f"{self.study_session} 更正{self.number}"

    def get_absolute_url(self) -> str:
        return reverse("correction", args=[self.pk])
