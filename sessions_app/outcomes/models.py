"""Outcome: a result of study, and what was made of it (`derived_from`)."""

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from roster.audit.models import Versioned
from roster.committees.models import Committee, ScopedQuerySet
from sessions_app.sessions.models import StudySession


class OutcomeKind(models.TextChoices):
    ESSAY = "ESSAY", "心得体会"
    ARTICLE = "ARTICLE", "理论文章"
    RESEARCH_REPORT = "RESEARCH_REPORT", "调研报告"
    PROPOSAL = "PROPOSAL", "对策建议"
    POLICY = "POLICY", "政策文件"
    REGULATION = "REGULATION", "制度"
    PROBLEM_SOLVED = "PROBLEM_SOLVED", "解决问题"


class OutcomeStage(models.TextChoices):
    REGISTERED = "REGISTERED", "已登记"
    ADOPTED = "ADOPTED", "已采纳"
    CONVERTED = "CONVERTED", "已转化"
    NOT_ADOPTED = "NOT_ADOPTED", "未采纳"


class Outcome(Versioned):
    """A conversion (`derived_from`) needs a document number or a file. Counted ones are never deleted."""

    code = models.CharField("成果编码", max_length=30, unique=True)
    committee = models.ForeignKey(Committee, verbose_name="委员会", on_delete=models.PROTECT, related_name="outcomes")
    day = models.DateField("日期")
    kind = models.CharField("类型", max_length=16, choices=OutcomeKind)
    title = models.CharField("名称", max_length=200)
    authors = models.CharField("作者", max_length=200, blank=True)
    study_session = models.ForeignKey(
        StudySession, verbose_name="来源场次", null=True, blank=True, on_delete=models.PROTECT, related_name="outcomes"
    )
    document_number = models.CharField("文号", max_length=80, blank=True)
    derived_from = models.ForeignKey(
        "self", verbose_name="来源成果", null=True, blank=True, on_delete=models.PROTECT, related_name="derived"
    )
    stage = models.CharField("状态", max_length=12, choices=OutcomeStage, default=OutcomeStage.REGISTERED)
    adoption = models.CharField("采用或批示", max_length=300, blank=True)
    withdrawn_reason = models.CharField("撤销事由", max_length=200, blank=True)
    is_withdrawn = models.BooleanField("已撤销", default=False)
    entered_at = models.DateTimeField("录入时间")

    objects: Any = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "成果"
        verbose_name_plural = "成果"
        ordering = ["-day", "-id"]
        constraints = [
            models.CheckConstraint(condition=~Q(derived_from=F("id")), name="outcome_not_from_itself"),
            models.CheckConstraint(
                condition=Q(is_withdrawn=False) | ~Q(withdrawn_reason=""), name="outcome_withdrawn_why"
            ),
        ]
        indexes = [
            models.Index(fields=["committee", "day"], name="outcome_committee_day"),
            models.Index(fields=["kind", "day"], name="outcome_kind_day"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}《{self.title}》"

    def get_absolute_url(self) -> str:
        return reverse("outcome", args=[self.pk])
