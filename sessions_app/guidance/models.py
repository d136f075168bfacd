"""StudyPrompt with its topics and reading list; what each committee did with it: receipt and mappings."""

from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.urls import reverse

from roster.accounts.roles import Permission
from roster.audit.models import Versioned
from roster.committees.models import Committee, ScopedQuerySet, Viewer
from roster.people.models import Person
from sessions_app.plans.models import PlanItem
from sessions_app.policies.rules import ancestors
from sessions_app.sessions.models import ReleaseType, StudySession


class Department(models.TextChoices):
    """The four that make up the coordination group."""

    OFFICE = "OFFICE", "办公室"
    PROPAGANDA = "PROPAGANDA", "宣传部"
    ORGANISATION = "ORGANISATION", "组织部"
    POLICY_RESEARCH = "POLICY_RESEARCH", "政策研究室"


class PromptStage(models.TextChoices):
    DRAFT = "DRAFT", "草稿"
    PUBLISHED = "PUBLISHED", "已发布"
    CLOSED = "CLOSED", "已结束"


class StudyPromptQuerySet(ScopedQuerySet):
    def open_to(self, user: Viewer, permission: str) -> Self:
        """Changing: the department's own subtree. Reading: also what was published from above to a committee in reach."""
        reach = user.reach(permission)
        own = ScopedQuerySet.scope(reach)
        if permission not in (Permission.PROMPT_READ, Permission.PROMPT_RECEIPT):
            return self.filter(own)
        ids = reach.committee_ids | reach.self_committee_ids
        paths = set(Committee.objects.filter(pk__in=ids).values_list("path", flat=True)) | set(reach.paths)
        above = {pk for path in paths for pk in ancestors(path)}
        told = Q(committee_id__in=above) & ~Q(stage=PromptStage.DRAFT)
        if permission == Permission.PROMPT_RECEIPT:
            return self.filter(told)
        drafts = Q(pk__in=[])
        for path in sorted(reach.paths):
            drafts |= Q(committee__path__startswith=path)
        return self.filter(told | drafts)


class StudyPrompt(Versioned):
    """学习提示 of a quarter. `committee` is the root of the subtree it is published to (the city, a county)."""

    committee = models.ForeignKey(Committee, verbose_name="范围", on_delete=models.PROTECT, related_name="prompts")
    year = models.PositiveSmallIntegerField("年度")
    quarter = models.PositiveSmallIntegerField("季度")
    title = models.CharField("标题", max_length=120)
    focus = models.TextField("研讨重点", blank=True)
    outcomes = models.TextField("成果转化", blank=True)
    consulted = ArrayField(
        models.CharField(max_length=20, choices=Department), verbose_name="会商部门", default=list, blank=True
    )
    stage = models.CharField("状态", max_length=10, choices=PromptStage, default=PromptStage.DRAFT)
    drafted_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    published_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    published_at = models.DateTimeField("发布时间", null=True, blank=True)
    closed_at = models.DateTimeField("结束时间", null=True, blank=True)
    form_token = models.CharField(max_length=36, null=True, blank=True, unique=True, editable=False)

    objects: Any = StudyPromptQuerySet.as_manager()

    class Meta:
        verbose_name = "学习提示"
        verbose_name_plural = "学习提示"
        ordering = ["-year", "-quarter", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(quarter__range=(1, 4)), name="prompt_quarter"),
            models.CheckConstraint(
                condition=Q(stage="DRAFT", published_at__isnull=True)
                | ~Q(stage="DRAFT") & Q(published_at__isnull=False),
                name="prompt_published_when",
            ),
        ]
        indexes = [models.Index(fields=["committee", "year", "quarter"], name="prompt_committee_quarter")]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("prompt", args=[self.pk])


class PromptTopic(models.Model):
    """One 学习主题 of a prompt: a column of the matrix topic x committee."""

    prompt = models.ForeignKey(StudyPrompt, on_delete=models.CASCADE, related_name="topics")
    order = models.PositiveSmallIntegerField("顺序", default=1)
    text = models.CharField("学习主题", max_length=200)

    class Meta:
        verbose_name = "学习主题"
        verbose_name_plural = "学习主题"
        ordering = ["prompt", "order"]
        constraints = [models.UniqueConstraint(fields=["prompt", "order"], name="prompt_topic_order")]

    def __str__(self) -> str:
        return self.text


class PromptReading(models.Model):
    """One item of the reading list. RESTRICTED: the title only, its text is never uploaded."""

    prompt = models.ForeignKey(StudyPrompt, on_delete=models.CASCADE, related_name="readings")
    order = models.PositiveSmallIntegerField("顺序", default=1)
    title = models.CharField("篇目", max_length=200)
    release_type = models.CharField("发布方式", max_length=12, choices=ReleaseType, default=ReleaseType.FULL_TEXT)

    class Meta:
        verbose_name = "学习篇目"
        verbose_name_plural = "学习篇目"
        ordering = ["prompt", "order"]
        constraints = [models.UniqueConstraint(fields=["prompt", "order"], name="prompt_reading_order")]

    def __str__(self) -> str:
        return self.title


class PromptReceipt(models.Model):
    """A committee received a prompt: 未收 has no row. Never taken back."""

    prompt = models.ForeignKey(StudyPrompt, on_delete=models.PROTECT, related_name="receipts")
    committee = models.ForeignKey(Committee, on_delete=models.PROTECT, related_name="prompt_receipts")
    received_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    received_at = models.DateTimeField("签收时间")

    objects: Any = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "学习提示签收"
        verbose_name_plural = "学习提示签收"
        ordering = ["prompt", "committee"]
        constraints = [models.UniqueConstraint(fields=["prompt", "committee"], name="prompt_receipt_once")]

    def __str__(self) -> str:
        return f"{self.committee} 签收 {self.prompt}"


class PromptMapping(models.Model):
    """已落实: a committee takes up a topic in a plan item, or in a session. One a topic and committee, replaced by its action."""

    topic = models.ForeignKey(PromptTopic, on_delete=models.PROTECT, related_name="mappings")
    committee = models.ForeignKey(Committee, on_delete=models.PROTECT, related_name="prompt_mappings")
    plan_item = models.ForeignKey(PlanItem, null=True, blank=True, on_delete=models.PROTECT, related_name="prompts")
    study_session = models.ForeignKey(
        StudySession, null=True, blank=True, on_delete=models.PROTECT, related_name="prompts"
    )
    mapped_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    mapped_at = models.DateTimeField("落实时间")

    objects: Any = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "学习提示落实"
        verbose_name_plural = "学习提示落实"
        ordering = ["topic", "committee"]
        constraints = [
            models.UniqueConstraint(fields=["topic", "committee"], name="prompt_mapping_once"),
            models.CheckConstraint(
                condition=Q(plan_item__isnull=False, study_session__isnull=True)
                | Q(plan_item__isnull=True, study_session__isnull=False),
                name="prompt_mapping_to_one_thing",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.committee}：{self.topic}"
