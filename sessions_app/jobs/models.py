"""Job and JobStep: long work as rows. A task may run 0 to n times; only the row says what is done."""

from typing import Any

from django.db import models
from django.db.models import Q

from roster.accounts.models import User
from roster.audit.models import Versioned, VersionedQuerySet
from roster.committees.models import Committee, ScopedQuerySet
from sessions_app.jobs.beat import ROWS


class JobStage(models.TextChoices):
    QUEUED = "QUEUED", "排队中"
    RUNNING = "RUNNING", "进行中"
    DONE = "DONE", "已完成"
    FAILED = "FAILED", "失败"
    CANCELLED = "CANCELLED", "已取消"


LIVE = [JobStage.QUEUED, JobStage.RUNNING]


class Job(models.Model):
    """`key` is unique among live jobs: a double click finds the job that runs already."""

    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=120)
    label = models.CharField("任务", max_length=120)
    committee = models.ForeignKey(Committee, on_delete=models.PROTECT, related_name="jobs")
    arguments = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    stage = models.CharField("状态", max_length=10, choices=JobStage, default=JobStage.QUEUED)
    total = models.PositiveIntegerField("总数", default=0)
    done = models.PositiveIntegerField("完成", default=0)
    error = models.TextField("错误", blank=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField("提交时间")
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects: Any = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "任务"
        verbose_name_plural = "任务"
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["key"],
                condition=Q(stage__in=["QUEUED", "RUNNING"]),
                name="job_one_live_a_key",
            )
        ]

    def __str__(self) -> str:
        return self.label


class JobStep(models.Model):
    """One piece of a job, claimed by a worker with SKIP LOCKED; `attempts` stop at 3 (poison)."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="steps")
    key = models.CharField(max_length=120)
    order = models.PositiveIntegerField(default=0)
    arguments = models.JSONField(default=dict)
    stage = models.CharField(max_length=10, choices=JobStage, default=JobStage.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    claimed_at = models.DateTimeField(null=True, blank=True)
    claim = models.CharField(max_length=32, blank=True, help_text="random token of the claiming worker")
    finished_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["order", "id"]
        constraints = [models.UniqueConstraint(fields=["job", "key"], name="job_step_once")]
        indexes = [
            models.Index(fields=["job", "stage", "order"], name="job_step_open"),
            models.Index(
                fields=["claimed_at"],
                condition=Q(stage="RUNNING"),
                name="job_step_running",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.job} {self.key}"


class BeatSwitch(Versioned):
    """Whether a line of the beat table is on; without a row it is. See `jobs/beat.py`."""

    name = models.CharField("任务", max_length=60, unique=True)
    is_on = models.BooleanField("启用", default=True)

    objects: Any = VersionedQuerySet.as_manager()

    class Meta:
        verbose_name = "定时任务开关"
        verbose_name_plural = "定时任务开关"

    def __str__(self) -> str:
        return ROWS[self.name].label if self.name in ROWS else self.name
