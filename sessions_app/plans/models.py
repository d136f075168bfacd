"""StudyPlan (one row an edition of a committee's year) and PlanItem (a topic in it)."""

from typing import Any, Self

from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.urls import reverse

from roster.audit.models import Versioned
from roster.committees.models import Committee, ScopedQuerySet
from roster.people.models import Person


class StudyMode(models.TextChoices):
    LEADER_LED = "LEADER_LED", "领导带头学"
    DISCUSSION = "DISCUSSION", "研讨交流学"
    FIELD = "FIELD", "实地调研学"
    TEACH_BACK = "TEACH_BACK", "以讲促干学"
    ON_SITE = "ON_SITE", "现场观摩学"
    HYBRID = "HYBRID", "线上线下同步学"


class ContentCategory(models.IntegerChoices):
    """The nine groups of study content of the Rule's chapter on content."""

    THEORY = 1, "指导思想与重要讲话"
    PARTY_RULES = 2, "党章党规党纪和党的基本知识"
    PARTY_LINE = 3, "党的路线方针政策和决议"
    LAW = 4, "国家法律法规"
    VALUES = 5, "社会主义核心价值观"
    HISTORY = 6, "党史、国史、世界史、社会主义发展史"
    KNOWLEDGE = 7, "履职所需各方面知识"
    REFORM = 8, "改革发展实践中的重点难点问题"
    SUPERIOR = 9, "党中央和上级党组织要求的其他内容"


class PlanStage(models.TextChoices):
    DRAFT = "DRAFT", "草稿"
    SUBMITTED = "SUBMITTED", "待审定"
    RETURNED = "RETURNED", "退回"
    APPROVED = "APPROVED", "已审定"
    FILED = "FILED", "已备案"


SETTLED = [PlanStage.APPROVED, PlanStage.FILED]


class StudyPlanQuerySet(ScopedQuerySet):
    def settled(self) -> Self:
        return self.filter(stage__in=SETTLED)

    def newest(self) -> Self:
        """The latest edition of each committee and year, whatever its stage."""
        newest = StudyPlan.objects.filter(committee=OuterRef("committee"), year=OuterRef("year")).order_by("-edition")
        return self.filter(pk=Subquery(newest.values("pk")[:1]))

    def in_force(self) -> Self:
        """The latest settled edition of each committee and year; while none is settled, the one being drafted."""
        same = StudyPlan.objects.filter(committee=OuterRef("committee"), year=OuterRef("year")).order_by("-edition")
        chosen = models.functions.Coalesce(
            Subquery(same.filter(stage__in=SETTLED).values("pk")[:1]), Subquery(same.values("pk")[:1])
        )
        return self.filter(pk=chosen)


class StudyPlan(Versioned):
    """One edition. Edition 1 is the year's plan; each later one is an amendment with its reason."""

    committee = models.ForeignKey(Committee, verbose_name="委员会", on_delete=models.PROTECT, related_name="plans")
    year = models.PositiveSmallIntegerField("年度")
    edition = models.PositiveSmallIntegerField("版次", default=1)
    stage = models.CharField("状态", max_length=10, choices=PlanStage, default=PlanStage.DRAFT)
    aim = models.TextField("学习目标", blank=True)
    requirements = models.TextField("学习要求", blank=True)
    amend_reason = models.CharField("调整理由", max_length=300, blank=True)
    return_note = models.CharField("退回意见", max_length=300, blank=True)
    approving_meeting = models.CharField("审定会议", max_length=100, blank=True)
    approved_on = models.DateField("审定日期", null=True, blank=True)
    approved_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    submitted_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    submitted_at = models.DateTimeField("提交时间", null=True, blank=True)
    filed_on = models.DateField("备案日期", null=True, blank=True)
    last_serial = models.PositiveSmallIntegerField(
        default=0, editable=False, help_text="the highest serial ever given in this year, removed ones included"
    )

    objects: Any = StudyPlanQuerySet.as_manager()

    class Meta:
        verbose_name = "年度学习计划"
        verbose_name_plural = "年度学习计划"
        ordering = ["-year", "committee", "-edition"]
        constraints = [
            models.UniqueConstraint(fields=["committee", "year", "edition"], name="plan_one_edition"),
            models.UniqueConstraint(
                fields=["committee", "year"],
                condition=Q(stage__in=["DRAFT", "SUBMITTED", "RETURNED"]),
                name="plan_one_open_edition",
            ),
            models.CheckConstraint(
                condition=Q(stage__in=["DRAFT", "SUBMITTED", "RETURNED"])
                | Q(approved_on__isnull=False) & ~Q(approving_meeting=""),
                name="plan_approved_where_and_when",
            ),
            models.CheckConstraint(condition=~Q(stage="FILED") | Q(filed_on__isnull=False), name="plan_filed_when"),
            models.CheckConstraint(condition=Q(edition=1) | ~Q(amend_reason=""), name="plan_amended_why"),
        ]
        indexes = [models.Index(fields=["year", "stage"], name="plan_year_stage")]

    def __str__(self) -> str:
        return f"{self.committee} {self.year}年度学习计划" + (
            f"（调整{self.edition - 1}次）" if self.edition > 1 else ""
        )

    def get_absolute_url(self) -> str:
        return reverse("plan", args=[self.pk])


class PlanItemQuerySet(ScopedQuerySet):
    scope_field = "plan__committee"


class PlanItem(models.Model):
    """A topic. `serial` (序号) names it through all editions of the year and is never given again."""

    plan = models.ForeignKey(StudyPlan, on_delete=models.CASCADE, related_name="items")
    serial = models.PositiveSmallIntegerField("序号")
    quarter = models.PositiveSmallIntegerField("季度")
    month = models.PositiveSmallIntegerField("月份", null=True, blank=True)
    topic = models.CharField("专题", max_length=200)
    # Empty only where a workbook did not say it: the page asks, and no plan is submitted without.
    category = models.PositiveSmallIntegerField("内容类别", choices=ContentCategory, null=True, blank=True)
    mode = models.CharField("学习方式", max_length=12, choices=StudyMode, blank=True)
    materials = models.TextField("学习篇目", blank=True)
    speakers = models.CharField("重点发言人", max_length=200, blank=True, help_text="姓名以、分隔")
    chair = models.CharField("主持人", max_length=60, blank=True)
    department = models.CharField("责任部门", max_length=60, blank=True)
    research_topic = models.CharField("调研题目", max_length=200, blank=True)
    expected_outcome = models.CharField("预期成果", max_length=200, blank=True)
    note = models.CharField("备注", max_length=200, blank=True)

    objects: Any = PlanItemQuerySet.as_manager()

    class Meta:
        verbose_name = "计划条目"
        verbose_name_plural = "计划条目"
        ordering = ["plan", "quarter", "serial"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "serial"], name="plan_item_serial"),
            models.CheckConstraint(condition=Q(quarter__range=(1, 4)), name="plan_item_quarter"),
            models.CheckConstraint(
                condition=Q(month__isnull=True)
                | Q(month__gte=models.F("quarter") * 3 - 2) & Q(month__lte=models.F("quarter") * 3),
                name="plan_item_month_in_quarter",
            ),
            models.CheckConstraint(condition=Q(category__range=(1, 9)), name="plan_item_category"),
        ]

    def get_category_display(self) -> str:
        return str(ContentCategory(self.category).label) if self.category else "未定"

    def __str__(self) -> str:
        return f"{self.serial}. {self.topic}"
