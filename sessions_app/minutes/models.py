"""Minutes of a session (written by the host), its sections, and agreed actions."""

from typing import Any, Self

from django.db import models
from django.db.models import F, Q

from roster.accounts.roles import Permission
from roster.audit.models import Versioned
from roster.committees.models import ScopedQuerySet, Viewer
from roster.people.models import Person
from roster.people.signing import LEADER_OR_DEPUTY, signed
from sessions_app.sessions.models import AgendaItem, Speech, StudySession


class MinutesStage(models.TextChoices):
    DRAFT = "DRAFT", "草稿"
    SUBMITTED = "SUBMITTED", "待审签"
    APPROVED = "APPROVED", "已审签"
    RETURNED = "RETURNED", "退回"


class MinutesQuerySet(ScopedQuerySet):
    scope_field = "study_session__committee"

    def open_to(self, user: Viewer, permission: str) -> Self:
        if permission == Permission.MINUTES_READ:
            return self.filter(study_session__in=StudySession.objects.open_to(user, permission))
        return super().open_to(user, permission)


class Minutes(Versioned):
    """The record of one session. Attendance, agenda and speeches flow in and are never retyped."""

    study_session = models.OneToOneField(StudySession, on_delete=models.PROTECT, related_name="minutes")
    stage = models.CharField("状态", max_length=10, choices=MinutesStage, default=MinutesStage.DRAFT)
    discussion = models.TextField("交流发言摘要", blank=True)
    summary = models.TextField("主持人总结", blank=True)
    author = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    submitted_at = models.DateTimeField("提交时间", null=True, blank=True)
    approver = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField("审签时间", null=True, blank=True)
    approval_note = models.CharField("审签说明", max_length=200, blank=True, help_text="如:组长已变更,由现任组长审签")
    return_note = models.CharField("退回意见", max_length=300, blank=True)

    objects: Any = MinutesQuerySet.as_manager()

    class Meta:
        verbose_name = "学习记录"
        verbose_name_plural = "学习记录"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(approver__isnull=True) | Q(author__isnull=True) | ~Q(approver=F("author")),
                name="minutes_author_not_approver",
            ),
            models.CheckConstraint(
                condition=~Q(stage="APPROVED") | Q(approver__isnull=False, approved_at__isnull=False),
                name="minutes_approved_by_and_at",
            ),
        ]

    @property
    def signed_by(self) -> str:
        """The approver's name, with 代理 and the like behind it where he signed in the leader's place."""
        return signed(self.approver, self.study_session.committee_id, self.approved_at, by_right=LEADER_OR_DEPUTY)

    def __str__(self) -> str:
        return f"{self.study_session} 学习记录"

    @property
    def committee_id(self) -> int:
        return self.study_session.committee_id


class MinutesSection(models.Model):
    """The text under one agenda item, or the gist of one speech; 无 is an answer, empty is not."""

    minutes = models.ForeignKey(Minutes, on_delete=models.CASCADE, related_name="sections")
    agenda_item = models.ForeignKey(AgendaItem, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    speech = models.ForeignKey(Speech, null=True, blank=True, on_delete=models.PROTECT, related_name="gists")
    text = models.TextField("内容", blank=True)

    class Meta:
        verbose_name = "记录段落"
        verbose_name_plural = "记录段落"
        ordering = ["minutes", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(agenda_item__isnull=False, speech__isnull=True)
                | Q(agenda_item__isnull=True, speech__isnull=False),
                name="section_of_one_thing",
            ),
            models.UniqueConstraint(fields=["minutes", "agenda_item"], name="section_one_an_agenda_item"),
            models.UniqueConstraint(fields=["minutes", "speech"], name="section_one_a_speech"),
        ]

    def __str__(self) -> str:
        return self.text[:40]


class ActionItem(models.Model):
    """议定事项: what was agreed, by whom, until when."""

    minutes = models.ForeignKey(Minutes, on_delete=models.CASCADE, related_name="action_items")
    text = models.CharField("事项", max_length=300)
    owner = models.CharField("责任人", max_length=60, blank=True)
    due_on = models.DateField("完成时限", null=True, blank=True)

    class Meta:
        verbose_name = "议定事项"
        verbose_name_plural = "议定事项"
        ordering = ["minutes", "id"]

    def __str__(self) -> str:
        return self.text
