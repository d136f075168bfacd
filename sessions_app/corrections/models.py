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
    SESSION_DAY = "SESSION_DAY", "日期时段"
    STRIKE_OUT = "STRIKE_OUT", "划去场次"
    SPEECH = "SPEECH", "发言"
    MAKE_UP = "MAKE_UP", "补学"
    MEMBERSHIP = "MEMBERSHIP", "成员任期"
    OUTCOME = "OUTCOME", "成果"


class CorrectionQuerySet(ScopedQuerySet):
    def open_to(self, user: Viewer, permission: str) -> Self:
        """Reading: every committee that took part, for the record is one. Asking and deciding: its own committee."""
        if permission == Permission.ROLL_READ:
            sessions = StudySession.objects.open_to(user, permission).order_by()
            own = Q(study_session__isnull=True) & self.scope(user.reach(permission))
            return self.filter(own | Q(study_session__in=sessions))
        return super().open_to(user, permission)


class Correction(Versioned):
    """`before` and `after` hold what stood and what shall stand; applied only on agreement.

    ATTENDANCE: {"marks": [{"part": id, "person": id, "name": str, "status": str, "reason": str, "late": bool, "early": bool}]}
    The other kinds (corrections.kinds) hold the record's own values by name; an empty `before` is a record left out, an
    empty `after` one that should not be there. `day` is the day of the record, `about` what it is, in words.
    MINUTES: {"sections": [{"section": id, "label": str, "text": str}], "discussion": str, "summary": str} (only what changes)
    """

    committee = models.ForeignKey(Committee, on_delete=models.PROTECT, related_name="corrections")
    study_session = models.ForeignKey(
        StudySession, null=True, blank=True, on_delete=models.PROTECT, related_name="corrections"
    )
    subject_id = models.BigIntegerField(null=True, blank=True)
    day = models.DateField("所在日期")
    about = models.CharField("更正事项", max_length=200, blank=True, default="")
    number = models.PositiveSmallIntegerField("更正序号", help_text="本场次第几次更正；不属于场次的，本委员会第几次")
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
            models.UniqueConstraint(
                fields=["committee", "number"],
                condition=Q(study_session__isnull=True),
                name="correction_number_of_unit",
            ),
            models.CheckConstraint(
                condition=Q(study_session__isnull=False) | Q(kind__in=["MEMBERSHIP", "OUTCOME"]),
                name="correction_of_something",
            ),
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
        return f"{self.study_session or self.about} 更正{self.number}"[:200]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """What belongs to a session is of its day and its topic."""
        if self.study_session is not None and self.day is None:
            self.day, self.about = self.study_session.day, self.study_session.topic[:200]
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("correction", args=[self.pk])
