"""PolicyParameter (dated, scoped, with its source), WorkingDay (editable calendar), Period (open, closed, frozen)."""

from typing import Any

from django.db import models
from django.db.models import F, Q

from roster.accounts.models import User
from roster.audit.models import Versioned
from roster.committees.models import Committee, ScopedQuerySet
from roster.people.models import DatedQuerySet


class PolicyParameter(Versioned):
    """A local rule: `key` (see rules.KEYS) holds `value` for a committee and all below it, from a day."""

    key = models.CharField("参数", max_length=60)
    committee = models.ForeignKey(Committee, verbose_name="范围", on_delete=models.PROTECT, related_name="parameters")
    value = models.JSONField("值")
    since = models.DateField("生效日期")
    until = models.DateField("失效日期", null=True, blank=True)
    source = models.CharField("依据", max_length=200)

    objects: Any = DatedQuerySet.as_manager()

    class Meta:
        verbose_name = "政策参数"
        verbose_name_plural = "政策参数"
        ordering = ["key", "committee", "since"]
        constraints = [
            models.CheckConstraint(condition=Q(until__isnull=True) | Q(until__gte=F("since")), name="parameter_period"),
            models.UniqueConstraint(fields=["key", "committee", "since"], name="parameter_one_start"),
        ]

    def __str__(self) -> str:
        return self.key


class WorkingDay(Versioned):
    """What one calendar day is. Seeded from the published calendar; the administrator's word wins."""

    day = models.DateField("日期", unique=True)
    is_working = models.BooleanField("工作日")
    note = models.CharField("说明", max_length=60, blank=True)
    overridden = models.BooleanField("人工调整", default=False)

    class Meta:
        verbose_name = "工作日历"
        verbose_name_plural = "工作日历"
        ordering = ["day"]

    def __str__(self) -> str:
        return f"{self.day} {'工作日' if self.is_working else '休息日'}"


class PeriodStage(models.TextChoices):
    OPEN = "OPEN", "开放"
    CLOSED = "CLOSED", "截止"
    FROZEN = "FROZEN", "冻结"


class Period(Versioned):
    """A year (`quarter` 0) or a quarter of the committees under `committee`. No row means open."""

    committee = models.ForeignKey(Committee, verbose_name="范围", on_delete=models.PROTECT, related_name="periods")
    year = models.PositiveSmallIntegerField("年度")
    quarter = models.PositiveSmallIntegerField("季度", default=0)
    stage = models.CharField("状态", max_length=10, choices=PeriodStage, default=PeriodStage.OPEN)
    unfreeze_asked_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    unfreeze_reason = models.CharField(max_length=200, blank=True)

    objects: Any = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "期间"
        verbose_name_plural = "期间"
        ordering = ["-year", "-quarter"]
        constraints = [
            models.UniqueConstraint(fields=["committee", "year", "quarter"], name="period_once"),
            models.CheckConstraint(condition=Q(quarter__range=(0, 4)), name="period_quarter"),
        ]

    def __str__(self) -> str:
        return f"{self.year}年" + (f"第{self.quarter}季度" if self.quarter else "")
