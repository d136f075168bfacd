"""Scheme (rules as data), Assessment (one run of it) with a sheet a committee, objections, bonus, 约谈."""

from typing import Any, Self

from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from roster.accounts.models import User
from roster.accounts.roles import Permission
from roster.audit.models import Versioned
from roster.committees.models import Committee, ScopedQuerySet, Viewer
from roster.people.models import Person
from sessions_app.findings.models import Finding


class SchemeStage(models.TextChoices):
    DRAFT = "DRAFT", "草稿"
    PUBLISHED = "PUBLISHED", "已发布"


class Subject(models.TextChoices):
    """Whom a scheme weighs. PERSON schemes are kept as examples and can be worked out; no run is made over people."""

    COMMITTEE = "COMMITTEE", "委员会"
    PERSON = "PERSON", "个人"


class SchemeQuerySet(ScopedQuerySet):
    """The department's own; a published one is read by all below it."""

    def open_to(self, user: Viewer, permission: str) -> Self:
        reach = user.reach(permission)
        own = Q(committee__path__in=reach.paths)
        if permission == Permission.ASSESS_READ:
            above = {int(part) for path in self._paths(reach) for part in path.split("/") if part}
            own |= Q(stage=SchemeStage.PUBLISHED, committee_id__in=above)
        return self.filter(own)

    @staticmethod
    def _paths(reach: Any) -> list[str]:
        mine = Committee.objects.filter(pk__in=reach.committee_ids).values_list("path", flat=True)
        return [*reach.paths, *mine]

    def published(self) -> Self:
        return self.filter(stage=SchemeStage.PUBLISHED)

    def in_force(self, department: Committee, year: int, on: Any) -> Self:
        """Editions of the year that hold on that day, the one that does first: an edition of June does not touch May."""
        rows = self.published().filter(committee=department, year=year, effective_from__lte=on)
        return rows.order_by("-effective_from", "-edition")


class Scheme(Versioned):
    """考核办法 of a department for a year; `edition` 2 changed in June holds from its `effective_from` on."""

    committee = models.ForeignKey(Committee, verbose_name="制定单位", on_delete=models.PROTECT, related_name="schemes")
    year = models.PositiveSmallIntegerField("年度")
    edition = models.PositiveSmallIntegerField("版次", default=1)
    title = models.CharField("名称", max_length=120)
    source = models.CharField("依据", max_length=200, blank=True)
    subject = models.CharField("考核对象", max_length=10, choices=Subject, default=Subject.COMMITTEE)
    weight = models.DecimalField("占年度考核权重（%）", max_digits=5, decimal_places=2, default=10)
    bonus_cap = models.DecimalField("加分上限", max_digits=5, decimal_places=2, default=0)
    bands = models.JSONField(
        "等次", default=list, blank=True, help_text='[{"label": "优秀", "at_least": "90"}], high first'
    )
    effective_from = models.DateField("生效日期")
    stage = models.CharField("状态", max_length=10, choices=SchemeStage, default=SchemeStage.DRAFT)
    copied_from = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    published_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    published_at = models.DateTimeField("发布时间", null=True, blank=True)
    form_token = models.CharField(max_length=36, null=True, blank=True, unique=True, editable=False)

    objects: Any = SchemeQuerySet.as_manager()

    class Meta:
        verbose_name = "考核办法"
        verbose_name_plural = "考核办法"
        ordering = ["-year", "-edition"]
        constraints = [
            models.UniqueConstraint(fields=["committee", "year", "edition"], name="scheme_edition"),
            models.CheckConstraint(
                condition=Q(published_by__isnull=True, published_at__isnull=True, stage="DRAFT")
                | Q(published_at__isnull=False, stage="PUBLISHED"),
                name="scheme_published_when",
            ),
            models.CheckConstraint(condition=Q(weight__range=(0, 100), bonus_cap__gte=0), name="scheme_weight"),
        ]

    def __str__(self) -> str:
        return f"{self.title}（第{self.edition}版）" if self.edition > 1 else self.title

    def get_absolute_url(self) -> str:
        return reverse("scheme", args=[self.pk])


class Indicator(models.Model):
    """指标 with its weight; the weights of a published scheme sum to 100."""

    scheme = models.ForeignKey(Scheme, on_delete=models.CASCADE, related_name="indicators")
    order = models.PositiveSmallIntegerField("序号")
    name = models.CharField("指标", max_length=60)
    weight = models.DecimalField("权重", max_digits=6, decimal_places=2)

    class Meta:
        verbose_name = "考核指标"
        verbose_name_plural = "考核指标"
        ordering = ["scheme", "order"]
        constraints = [
            models.UniqueConstraint(fields=["scheme", "order"], name="indicator_order"),
            models.CheckConstraint(condition=Q(weight__range=(0, 100)), name="indicator_weight"),
        ]

    def __str__(self) -> str:
        return self.name


class Primitive(models.TextChoices):
    """How an item is scored. What each keeps in `params`: rules.PARAMS."""

    MANUAL = "MANUAL", "人工评分"
    DEDUCT = "DEDUCT", "扣分"
    ADD = "ADD", "累加"
    PROPORTION = "PROPORTION", "按比例"
    TIERS = "TIERS", "分档"
    BINARY = "BINARY", "是否"
    RANK_TIERS = "RANK_TIERS", "名次分档"
    RANK_LINEAR = "RANK_LINEAR", "名次线性"
    MIN_MAX = "MIN_MAX", "极差标准化"
    OTHER = "OTHER", "引用其他考核"


class SchemeItem(models.Model):
    """评分项: its maximum, the primitive and what the primitive needs. A formula names keys of facts and nothing else."""

    indicator = models.ForeignKey(Indicator, on_delete=models.CASCADE, related_name="items")
    order = models.PositiveSmallIntegerField("序号")
    name = models.CharField("评分项", max_length=200)
    max = models.DecimalField("满分", max_digits=6, decimal_places=2)
    primitive = models.CharField("计分方式", max_length=12, choices=Primitive, default=Primitive.MANUAL)
    params = models.JSONField("计分参数", default=dict, blank=True)
    basis = models.CharField("考核依据", max_length=200, blank=True)

    class Meta:
        verbose_name = "评分项"
        verbose_name_plural = "评分项"
        ordering = ["indicator", "order"]
        constraints = [
            models.UniqueConstraint(fields=["indicator", "order"], name="scheme_item_order"),
            models.CheckConstraint(condition=Q(max__gt=0), name="scheme_item_max"),
        ]

    def __str__(self) -> str:
        return self.name


class AssessmentStage(models.TextChoices):
    RULES = "RULES", "规则发布"
    SELF = "SELF", "自评"
    REVIEW = "REVIEW", "复核"
    PUBLIC = "PUBLIC", "公示"
    FINAL = "FINAL", "定稿"


class DepartmentQuerySet(ScopedQuerySet):
    """Of the department itself: who stands over it sees its figures, not its work."""

    def open_to(self, user: Viewer, permission: str) -> Self:
        return self.filter(committee__path__in=user.reach(permission).paths)


class Assessment(Versioned):
    """One weighing of a year over all committees below a department. `as_of` decides which edition of the scheme holds."""

    committee = models.ForeignKey(
        Committee, verbose_name="考核单位", on_delete=models.PROTECT, related_name="assessments"
    )
    scheme = models.ForeignKey(Scheme, verbose_name="考核办法", on_delete=models.PROTECT, related_name="assessments")
    year = models.PositiveSmallIntegerField("年度")
    number = models.PositiveSmallIntegerField("第几次", default=1)
    as_of = models.DateField("数据截止")
    stage = models.CharField("状态", max_length=10, choices=AssessmentStage, default=AssessmentStage.RULES)
    self_due_on = models.DateField("自评截止", null=True, blank=True)
    computed_at = models.DateTimeField("核算时间", null=True, blank=True)
    fingerprint = models.CharField(max_length=64, blank=True, help_text="SHA-256 of rules, inputs and system scores")
    published_on = models.DateField("公示日期", null=True, blank=True)
    objection_until = models.DateField("申诉截止", null=True, blank=True)
    median = models.DecimalField("中位数", max_digits=7, decimal_places=2, null=True, blank=True)
    finalised_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    finalised_at = models.DateTimeField("定稿时间", null=True, blank=True)
    form_token = models.CharField(max_length=36, null=True, blank=True, unique=True, editable=False)

    objects: Any = DepartmentQuerySet.as_manager()

    class Meta:
        verbose_name = "考核"
        verbose_name_plural = "考核"
        ordering = ["-year", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["committee", "year", "number"], name="assessment_number"),
            models.CheckConstraint(
                condition=Q(finalised_at__isnull=False, stage="FINAL")
                | Q(finalised_at__isnull=True) & ~Q(stage="FINAL"),
                name="assessment_final_when",
            ),
            models.CheckConstraint(
                condition=Q(published_on__isnull=True, objection_until__isnull=True)
                | Q(published_on__isnull=False, objection_until__gte=F("published_on")),
                name="assessment_published_until",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.year}年度考核" + (f"（第{self.number}次）" if self.number > 1 else "")

    def get_absolute_url(self) -> str:
        return reverse("assessment", args=[self.pk])


class SheetQuerySet(ScopedQuerySet):
    """A unit's own sheet; the department's all. Above the department: figures only."""

    def open_to(self, user: Viewer, permission: str) -> Self:
        reach = user.reach(permission)
        own = Q(committee_id__in=reach.committee_ids)
        return self.filter(own | Q(assessment__committee__path__in=reach.paths))


class AssessmentSheet(Versioned):
    """A committee's sheet in an assessment: what it was weighed by (`facts`), and its totals. `None` prints 待补."""

    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="sheets")
    committee = models.ForeignKey(Committee, verbose_name="委员会", on_delete=models.PROTECT, related_name="sheets")
    facts = models.JSONField("取数", default=dict, help_text="the inputs of every formula, frozen with the computation")
    fingerprint = models.CharField(max_length=64, blank=True)
    self_note = models.TextField("自评说明", blank=True)
    self_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    self_at = models.DateTimeField("自评时间", null=True, blank=True)
    verified_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    verified_at = models.DateTimeField("复核时间", null=True, blank=True)
    system_total = models.DecimalField("系统核算", max_digits=7, decimal_places=2, null=True, blank=True)
    self_total = models.DecimalField("自评分", max_digits=7, decimal_places=2, null=True, blank=True)
    verified_total = models.DecimalField("复核分", max_digits=7, decimal_places=2, null=True, blank=True)
    bonus = models.DecimalField("加分", max_digits=5, decimal_places=2, default=0)
    total = models.DecimalField("总分", max_digits=7, decimal_places=2, null=True, blank=True)
    converted = models.DecimalField("折算分", max_digits=7, decimal_places=2, null=True, blank=True)
    rank = models.PositiveIntegerField("名次", null=True, blank=True, help_text="ties share one, the next is skipped")
    grade = models.CharField("等次", max_length=20, blank=True)

    objects: Any = SheetQuerySet.as_manager()

    class Meta:
        verbose_name = "考核评分表"
        verbose_name_plural = "考核评分表"
        ordering = ["assessment", "committee"]
        constraints = [
            models.UniqueConstraint(fields=["assessment", "committee"], name="sheet_once"),
            models.CheckConstraint(
                condition=Q(self_by__isnull=True, self_at__isnull=True)
                | Q(self_by__isnull=False, self_at__isnull=False),
                name="sheet_self_who_and_when",
            ),
            models.CheckConstraint(
                condition=Q(verified_by__isnull=True, verified_at__isnull=True)
                | Q(verified_by__isnull=False, verified_at__isnull=False),
                name="sheet_verified_who_and_when",
            ),
        ]
        indexes = [models.Index(fields=["assessment", "rank"], name="sheet_rank")]

    def __str__(self) -> str:
        return f"{self.committee} {self.assessment}"

    def get_absolute_url(self) -> str:
        return reverse("sheet", args=[self.pk])


class SheetLine(models.Model):
    """One item of a sheet. `raw`: before it was held between 0 and the maximum. `working`: the inputs, and the reckoning in words."""

    sheet = models.ForeignKey(AssessmentSheet, on_delete=models.CASCADE, related_name="lines")
    item = models.ForeignKey(SchemeItem, on_delete=models.PROTECT, related_name="+")
    system = models.DecimalField("系统分", max_digits=7, decimal_places=2, null=True, blank=True)
    raw = models.DecimalField("原始分", max_digits=8, decimal_places=2, null=True, blank=True)
    working = models.JSONField("计算过程", default=dict)
    counts = models.JSONField(
        "人工计数", default=dict, blank=True, help_text="of rules without a formula: {rule: number}"
    )
    self_score = models.DecimalField("自评分", max_digits=7, decimal_places=2, null=True, blank=True)
    self_note = models.CharField("自评理由", max_length=500, blank=True)
    verified = models.DecimalField("复核分", max_digits=7, decimal_places=2, null=True, blank=True)
    reason = models.CharField("复核理由", max_length=500, blank=True)

    class Meta:
        verbose_name = "评分"
        verbose_name_plural = "评分"
        ordering = ["sheet", "item__indicator__order", "item__order"]
        constraints = [
            models.UniqueConstraint(fields=["sheet", "item"], name="sheet_line_once"),
            models.CheckConstraint(
                condition=(Q(system__isnull=True) | Q(system__gte=0)) & (Q(verified__isnull=True) | Q(verified__gte=0))
                & (Q(self_score__isnull=True) | Q(self_score__gte=0)),
                name="sheet_line_not_below_zero",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.item}"


class SheetEdition(models.Model):
    """What a sheet said when it was computed, handed in, verified, published, decided, made final. Never changed (trigger)."""

    sheet = models.ForeignKey(AssessmentSheet, on_delete=models.PROTECT, related_name="editions")
    number = models.PositiveSmallIntegerField("版次")
    verb = models.CharField("因何", max_length=20)
    scheme = models.ForeignKey(Scheme, on_delete=models.PROTECT, related_name="+")
    content = models.JSONField("内容", help_text="facts, lines, totals")
    fingerprint = models.CharField(max_length=64)
    by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField("时间")

    class Meta:
        verbose_name = "评分表版次"
        verbose_name_plural = "评分表版次"
        ordering = ["sheet", "number"]
        constraints = [models.UniqueConstraint(fields=["sheet", "number"], name="sheet_edition_number")]

    def __str__(self) -> str:
        return f"第{self.number}版"


class ObjectionStage(models.TextChoices):
    ASKED = "ASKED", "待复议"
    UPHELD = "UPHELD", "维持"
    CHANGED = "CHANGED", "改分"


class OfSheetQuerySet(ScopedQuerySet):
    def open_to(self, user: Viewer, permission: str) -> Self:
        return self.filter(sheet__in=AssessmentSheet.objects.open_to(user, permission).order_by().values("pk"))


class Objection(Versioned):
    """申诉: once a sheet, within the term; decided by a reviewer who did not verify it."""

    sheet = models.OneToOneField(AssessmentSheet, on_delete=models.PROTECT, related_name="objection")
    reason = models.TextField("申诉理由")
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField("申诉时间")
    stage = models.CharField("状态", max_length=10, choices=ObjectionStage, default=ObjectionStage.ASKED)
    decision = models.TextField("复议意见", blank=True)
    decided_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField("复议时间", null=True, blank=True)

    objects: Any = OfSheetQuerySet.as_manager()

    class Meta:
        verbose_name = "申诉"
        verbose_name_plural = "申诉"
        constraints = [
            models.CheckConstraint(
                condition=Q(stage="ASKED", decided_by__isnull=True, decided_at__isnull=True)
                | ~Q(stage="ASKED") & ~Q(decision="") & Q(decided_by__isnull=False, decided_at__isnull=False),
                name="objection_decided_who_when_why",
            ),
        ]

    def __str__(self) -> str:
        return f"申诉：{self.sheet}"


class BonusRequest(models.Model):
    """加分申请: what is granted counts up to the scheme's cap, all requests of a sheet together."""

    sheet = models.ForeignKey(AssessmentSheet, on_delete=models.PROTECT, related_name="bonus_requests")
    reason = models.CharField("事由", max_length=500)
    points = models.DecimalField("申请加分", max_digits=5, decimal_places=2)
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField("申请时间")
    granted = models.DecimalField("核定加分", max_digits=5, decimal_places=2, null=True, blank=True)
    decision = models.CharField("核定意见", max_length=500, blank=True)
    decided_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField("核定时间", null=True, blank=True)

    objects: Any = OfSheetQuerySet.as_manager()

    class Meta:
        verbose_name = "加分申请"
        verbose_name_plural = "加分申请"
        ordering = ["sheet", "asked_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(granted__isnull=True, decided_by__isnull=True, decided_at__isnull=True)
                | Q(granted__gte=0, granted__lte=F("points"), decided_by__isnull=False, decided_at__isnull=False),
                name="bonus_decided_who_and_when",
            ),
            models.CheckConstraint(condition=Q(points__gt=0), name="bonus_points"),
        ]

    def __str__(self) -> str:
        return self.reason


class OtherResult(Versioned):
    """A result from elsewhere: another assessment an item refers to, or this one in years before the system was used."""

    committee = models.ForeignKey(
        Committee, verbose_name="委员会", on_delete=models.PROTECT, related_name="other_results"
    )
    year = models.PositiveSmallIntegerField("年度")
    name = models.CharField("考核名称", max_length=60)
    score = models.DecimalField("得分", max_digits=7, decimal_places=2, null=True, blank=True)
    out_of = models.DecimalField("满分", max_digits=7, decimal_places=2, default=100)
    rank = models.PositiveIntegerField("名次", null=True, blank=True)
    of = models.PositiveIntegerField("参评家数", null=True, blank=True)
    source = models.CharField("来源", max_length=200)
    entered_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    entered_at = models.DateTimeField("录入时间")

    objects: Any = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "其他考核结果"
        verbose_name_plural = "其他考核结果"
        ordering = ["-year", "name", "committee"]
        constraints = [
            models.UniqueConstraint(fields=["committee", "year", "name"], name="other_result_once"),
            models.CheckConstraint(condition=Q(out_of__gt=0), name="other_result_out_of"),
            models.CheckConstraint(
                condition=Q(rank__isnull=True, of__isnull=True) | Q(rank__gte=1, of__gte=F("rank")),
                name="other_result_rank_of",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.year}年{self.name}"


class InterviewStage(models.TextChoices):
    SUGGESTED = "SUGGESTED", "建议"
    CONFIRMED = "CONFIRMED", "已确认"
    HELD = "HELD", "已约谈"
    DROPPED = "DROPPED", "不约谈"


class InterviewQuerySet(ScopedQuerySet):
    """The department's own; the unit's leader once it was held."""

    def open_to(self, user: Viewer, permission: str) -> Self:
        reach = user.reach(permission)
        own = Q(department__path__in=reach.paths)
        if permission == Permission.INTERVIEW_READ:
            own |= Q(committee_id__in=reach.committee_ids, stage=InterviewStage.HELD)
        return self.filter(own)


class LeaderInterview(Versioned):
    """约谈 of the leader of a unit in the lowest group for years running. (`visits.Interview` is 访谈, another thing.)"""

    department = models.ForeignKey(Committee, verbose_name="约谈单位", on_delete=models.PROTECT, related_name="+")
    committee = models.ForeignKey(
        Committee, verbose_name="被约谈单位", on_delete=models.PROTECT, related_name="leader_interviews"
    )
    year = models.PositiveSmallIntegerField("年度")
    results = models.JSONField(
        "历年名次", default=list, help_text='[{"year", "rank", "of", "score", "source"}], old first'
    )
    reason = models.CharField("事由", max_length=300)
    stage = models.CharField("状态", max_length=10, choices=InterviewStage, default=InterviewStage.SUGGESTED)
    suggested_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    suggested_at = models.DateTimeField("建议时间")
    decision = models.CharField("决定说明", max_length=300, blank=True)
    decided_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField("决定时间", null=True, blank=True)
    held_on = models.DateField("约谈日期", null=True, blank=True)
    place = models.CharField("地点", max_length=80, blank=True)
    interviewer = models.ForeignKey(
        Person, verbose_name="约谈人", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    interviewee = models.ForeignKey(
        Person, verbose_name="被约谈人", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    recorder = models.ForeignKey(
        Person, verbose_name="记录人", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    record = models.TextField("约谈记录", blank=True)

    objects: Any = InterviewQuerySet.as_manager()

    class Meta:
        verbose_name = "约谈"
        verbose_name_plural = "约谈"
        ordering = ["-year", "committee"]
        constraints = [
            models.UniqueConstraint(fields=["department", "committee", "year"], name="interview_once_a_year"),
            models.CheckConstraint(
                condition=Q(stage="SUGGESTED", decided_by__isnull=True, decided_at__isnull=True)
                | ~Q(stage="SUGGESTED") & Q(decided_by__isnull=False, decided_at__isnull=False),
                name="interview_decided_who_and_when",
            ),
            models.CheckConstraint(
                condition=~Q(stage="HELD")
                | Q(held_on__isnull=False, interviewer__isnull=False, interviewee__isnull=False) & ~Q(record=""),
                name="interview_held_is_recorded",
            ),
            models.CheckConstraint(condition=~Q(stage="DROPPED") | ~Q(decision=""), name="interview_dropped_why"),
        ]

    def __str__(self) -> str:
        return f"{self.committee}{self.year}年约谈"

    def get_absolute_url(self) -> str:
        return reverse("interview", args=[self.pk])


class Commitment(models.Model):
    """What was promised at an interview; may become a finding of the unit."""

    interview = models.ForeignKey(LeaderInterview, on_delete=models.CASCADE, related_name="commitments")
    order = models.PositiveSmallIntegerField("序号")
    text = models.CharField("承诺事项", max_length=300)
    due_on = models.DateField("时限")
    finding = models.OneToOneField(Finding, null=True, blank=True, on_delete=models.PROTECT, related_name="commitment")

    class Meta:
        verbose_name = "承诺事项"
        verbose_name_plural = "承诺事项"
        ordering = ["interview", "order"]
        constraints = [models.UniqueConstraint(fields=["interview", "order"], name="commitment_order")]

    def __str__(self) -> str:
        return self.text
