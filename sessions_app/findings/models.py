"""Finding and what is done about it: measures, progress, evidence, extensions, milestones. ProblemType is data."""

from collections.abc import Iterable
from typing import Any, Self

from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from roster.accounts.roles import Permission
from roster.audit.models import Versioned, VersionedQuerySet
from roster.audit.moves import Refused
from roster.committees.models import Committee, ScopedQuerySet, Viewer
from roster.people.models import Person
from sessions_app.attachments.models import Attachment
from sessions_app.visits.models import ObservationVisit, Opening, ScoreItem


class ProblemType(Versioned):
    """The catalogue of problems: 学习形式单一, 主题不聚焦, 以会代学, 互动不够, 记录要素不全, 基层覆盖难 and what is added."""

    name = models.CharField("类别", max_length=40, unique=True)
    order = models.PositiveSmallIntegerField("顺序", default=100)
    is_active = models.BooleanField("启用", default=True)

    objects: Any = VersionedQuerySet.as_manager()

    class Meta:
        verbose_name = "问题类别"
        verbose_name_plural = "问题类别"
        ordering = ["order", "id"]

    def __str__(self) -> str:
        return self.name


class Source(models.TextChoices):
    VISIT = "VISIT", "旁听"
    INSPECTION = "INSPECTION", "巡察"
    ASSESSMENT = "ASSESSMENT", "考核"
    SELF_CHECK = "SELF_CHECK", "自查"


class FindingStage(models.TextChoices):
    RAISED = "RAISED", "待确认"
    OPEN = "OPEN", "待整改"
    IN_PROGRESS = "IN_PROGRESS", "整改中"
    SUBMITTED = "SUBMITTED", "申请销号"
    RETURNED = "RETURNED", "退回整改"
    CLOSED = "CLOSED", "已销号"
    DISMISSED = "DISMISSED", "不成立"
    LONG_TERM = "LONG_TERM", "长期坚持"


UNDER_WAY = [FindingStage.OPEN, FindingStage.IN_PROGRESS, FindingStage.SUBMITTED, FindingStage.RETURNED]
# What the rate counts: everything confirmed. 销号率 = CLOSED / all of these, LONG_TERM shown apart (domain.md 3.9).
COUNTED = [*UNDER_WAY, FindingStage.CLOSED, FindingStage.LONG_TERM]


class FindingQuerySet(ScopedQuerySet):
    def open_to(self, user: Viewer, permission: str) -> Self:
        """The department that raised it, the unit once it is confirmed (its own self-check at once).

        To read alone: whoever found it on a visit, its owner, and a department above that said why (`Opening`).
        """
        reach = user.reach(permission)
        known = Q(source=Source.SELF_CHECK) | ~Q(stage__in=[FindingStage.RAISED, FindingStage.DISMISSED])
        own = Q(committee_id__in=reach.committee_ids) & known
        if reach.paths:
            own |= Q(department__path__in=reach.paths)
        if permission == Permission.FINDING_READ:
            if reach.paths:
                own |= Q(pk__in=Opening.objects.of(user, "finding"))
                own |= self._from_above(reach.paths) & known
            if reach.person_id:
                own |= Q(found_by_id=reach.person_id, visit__isnull=False) | Q(owner_id=reach.person_id)
        return self.filter(own)

    @staticmethod
    def _from_above(paths: Iterable[str]) -> Q:
        """What a department further up found at the units of these: the county reads what the city found there."""
        found = Q(pk__in=[])
        for path in paths:
            steps = [step for step in path.split("/") if step]
            above = ["/".join(steps[:depth]) + "/" for depth in range(1, len(steps))]
            if above:
                found |= Q(committee__path__startswith=path, department__path__in=above)
        return found

    def update(self, **values: Any) -> int:
        """A stage is moved one finding at a time, by an action: never many at once."""
        if "stage" in values:
            raise Refused("问题的状态只能逐件办理，不能成批改写。")
        return super().update(**values)

    def counted(self) -> Self:
        return self.filter(stage__in=COUNTED)

    def under_way(self) -> Self:
        return self.filter(stage__in=UNDER_WAY)


def mark_of(department: Committee) -> str:
    """What stands before the numbers of a department; kept with each, so that a new name changes no number."""
    return (department.short_name or department.name)[:40]


class Finding(Versioned):
    """A problem of a committee, numbered a department and year: 云州市委2026-旁听-017. `department` is who confirms and closes."""

    committee = models.ForeignKey(Committee, verbose_name="单位", on_delete=models.PROTECT, related_name="findings")
    department = models.ForeignKey(Committee, verbose_name="督办单位", on_delete=models.PROTECT, related_name="+")
    source = models.CharField("来源", max_length=10, choices=Source)
    year = models.PositiveSmallIntegerField("年度")
    serial = models.PositiveIntegerField("序号")
    mark = models.CharField(
        "编号中的单位",
        max_length=40,
        blank=True,
        editable=False,
        help_text="short name of the department when it was numbered",
    )
    type = models.ForeignKey(ProblemType, verbose_name="类别", on_delete=models.PROTECT, related_name="findings")
    text = models.TextField("问题表述")
    basis = models.CharField("依据", max_length=300, blank=True)
    is_systemic = models.BooleanField("共性问题", default=False)
    found_on = models.DateField("发现日期")
    found_by = models.ForeignKey(Person, verbose_name="发现人", null=True, on_delete=models.PROTECT, related_name="+")
    visit = models.ForeignKey(
        ObservationVisit, null=True, blank=True, on_delete=models.PROTECT, related_name="findings"
    )
    score_item = models.ForeignKey(ScoreItem, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    recurs = models.ForeignKey(
        "self", verbose_name="上次同类问题", null=True, blank=True, on_delete=models.PROTECT, related_name="recurrences"
    )
    stage = models.CharField("状态", max_length=12, choices=FindingStage, default=FindingStage.RAISED)
    confirmed_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    confirmed_on = models.DateField("确认日期", null=True, blank=True)
    dismiss_reason = models.CharField("不成立理由", max_length=200, blank=True)
    accountable_leader = models.ForeignKey(
        Person, verbose_name="责任领导", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    owner = models.ForeignKey(
        Person, verbose_name="责任人", null=True, blank=True, on_delete=models.PROTECT, related_name="owned_findings"
    )
    due_on = models.DateField("整改时限", null=True, blank=True)
    first_due_on = models.DateField("原定时限", null=True, blank=True)
    submitted_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    submitted_on = models.DateField("申请销号日期", null=True, blank=True)
    evidence_print = models.CharField(max_length=64, blank=True, help_text="of the evidence the application stands on")
    return_count = models.PositiveSmallIntegerField("退回次数", default=0)
    return_note = models.CharField("退回意见", max_length=300, blank=True)
    closed_by = models.ForeignKey(
        Person, verbose_name="复核人", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    closed_on = models.DateField("销号日期", null=True, blank=True)
    close_note = models.CharField("复核意见", max_length=300, blank=True)
    reopened_count = models.PositiveSmallIntegerField("回头看重开次数", default=0)
    long_term_reason = models.CharField("长期坚持理由", max_length=200, blank=True)
    form_token = models.CharField(max_length=36, null=True, blank=True, unique=True, editable=False)

    objects: Any = FindingQuerySet.as_manager()

    class Meta:
        verbose_name = "问题"
        verbose_name_plural = "问题"
        ordering = ["-year", "-serial"]
        constraints = [
            models.UniqueConstraint(fields=["department", "year", "source", "serial"], name="finding_number"),
            models.CheckConstraint(
                condition=~Q(stage="CLOSED") | Q(closed_by__isnull=False, closed_on__isnull=False),
                name="finding_closed_by_and_on",
            ),
            models.CheckConstraint(
                condition=~Q(stage="CLOSED") | ~Q(evidence_print=""), name="finding_closed_on_evidence"
            ),
            models.CheckConstraint(
                condition=Q(closed_by__isnull=True)
                | (Q(owner__isnull=True) | ~Q(closed_by=F("owner")))
                & (Q(submitted_by__isnull=True) | ~Q(closed_by=F("submitted_by")))
                & (Q(accountable_leader__isnull=True) | ~Q(closed_by=F("accountable_leader"))),
                name="finding_closer_took_no_part",
            ),
            models.CheckConstraint(
                condition=~Q(stage__in=["IN_PROGRESS", "SUBMITTED", "RETURNED"])
                | Q(owner__isnull=False, accountable_leader__isnull=False, due_on__isnull=False),
                name="finding_planned",
            ),
            models.CheckConstraint(
                condition=~Q(stage="DISMISSED") | ~Q(dismiss_reason=""), name="finding_dismissed_why"
            ),
            models.CheckConstraint(
                condition=~Q(stage="LONG_TERM") | ~Q(long_term_reason=""), name="finding_long_term_why"
            ),
        ]
        indexes = [
            models.Index(fields=["department", "stage", "due_on"], name="finding_department_stage"),
            models.Index(fields=["committee", "type", "found_on"], name="finding_committee_type"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.text}"[:80]

    @property
    def number(self) -> str:
        """The department is part of it: a unit has findings of the city and of its county under one serial."""
        return f"{self.mark}{self.year}-{self.get_source_display()}-{self.serial:03d}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.mark = self.mark or mark_of(self.department)
        super().save(*args, **kwargs)

    @property
    def is_planned(self) -> bool:
        """The unit handed in measures that were not sent back."""
        return self.owner_id is not None and not self.return_note

    def get_absolute_url(self) -> str:
        return reverse("finding", args=[self.pk])


class Measure(models.Model):
    """整改措施: what will be done."""

    finding = models.ForeignKey(Finding, on_delete=models.CASCADE, related_name="measures")
    order = models.PositiveSmallIntegerField("顺序", default=1)
    text = models.CharField("措施", max_length=300)

    class Meta:
        verbose_name = "整改措施"
        verbose_name_plural = "整改措施"
        ordering = ["finding", "order"]
        constraints = [models.UniqueConstraint(fields=["finding", "order"], name="measure_order")]

    def __str__(self) -> str:
        return self.text


class Progress(models.Model):
    """进展, dated."""

    finding = models.ForeignKey(Finding, on_delete=models.CASCADE, related_name="progress")
    day = models.DateField("日期")
    text = models.CharField("进展", max_length=300)
    by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = "进展"
        verbose_name_plural = "进展"
        ordering = ["finding", "day", "id"]

    def __str__(self) -> str:
        return self.text


class Evidence(models.Model):
    """佐证材料: words, a document number, or a file, and who filed it. Withdrawn, never deleted."""

    finding = models.ForeignKey(Finding, on_delete=models.PROTECT, related_name="evidence")
    text = models.CharField("说明", max_length=300)
    attachment = models.ForeignKey(Attachment, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    filed_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    filed_at = models.DateTimeField("提交时间")
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "佐证材料"
        verbose_name_plural = "佐证材料"
        ordering = ["finding", "id"]

    def __str__(self) -> str:
        return self.text


class ExtensionStage(models.TextChoices):
    ASKED = "ASKED", "申请"
    AGREED = "AGREED", "同意"
    REFUSED = "REFUSED", "不同意"


class ExtensionQuerySet(ScopedQuerySet):
    scope_field = "finding__department"

    def open_to(self, user: Viewer, permission: str) -> Self:
        return self.filter(finding__in=Finding.objects.open_to(user, permission))


class Extension(Versioned):
    """延期: from which day to which, why; both dates are printed."""

    finding = models.ForeignKey(Finding, on_delete=models.PROTECT, related_name="extensions")
    old_due_on = models.DateField("原时限")
    new_due_on = models.DateField("申请时限")
    reason = models.CharField("理由", max_length=200)
    stage = models.CharField("状态", max_length=8, choices=ExtensionStage, default=ExtensionStage.ASKED)
    asked_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField("申请时间")
    decided_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField("审批时间", null=True, blank=True)
    note = models.CharField("意见", max_length=200, blank=True)

    objects: Any = ExtensionQuerySet.as_manager()

    class Meta:
        verbose_name = "延期"
        verbose_name_plural = "延期"
        ordering = ["-asked_at"]
        constraints = [
            models.UniqueConstraint(fields=["finding"], condition=Q(stage="ASKED"), name="extension_one_open"),
            models.CheckConstraint(condition=Q(new_due_on__gt=F("old_due_on")), name="extension_later"),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | Q(asked_by__isnull=True) | ~Q(decided_by=F("asked_by")),
                name="extension_not_self_decided",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="extension_why"),
        ]

    def __str__(self) -> str:
        return f"{self.finding} 延期"

    @property
    def committee_id(self) -> int:
        return self.finding.committee_id


class Milestone(models.Model):
    """A step of what is kept up for a long time (长期坚持)."""

    finding = models.ForeignKey(Finding, on_delete=models.CASCADE, related_name="milestones")
    day = models.DateField("节点日期")
    text = models.CharField("节点", max_length=200)
    done_on = models.DateField("完成日期", null=True, blank=True)

    class Meta:
        verbose_name = "长期坚持节点"
        verbose_name_plural = "长期坚持节点"
        ordering = ["finding", "day", "id"]

    def __str__(self) -> str:
        return self.text
