"""ImportRun: one uploaded workbook, its preview, and what its import made (so that it can be undone)."""

import secrets
from typing import Any

from django.db import models

from roster.accounts.models import User
from roster.committees.models import Committee, ScopedQuerySet
from sessions_app.jobs.models import Job


class ImportStage(models.TextChoices):
    UPLOADED = "UPLOADED", "已上传"
    PREVIEWED = "PREVIEWED", "已预览"
    COMMITTED = "COMMITTED", "已导入"
    UNDONE = "UNDONE", "已撤销"
    FAILED = "FAILED", "读不出"


def import_path(instance: "ImportRun", filename: str) -> str:
    return f"imports/{secrets.token_hex(16)}.xlsx"


class ImportRun(models.Model):
    committee = models.ForeignKey(Committee, on_delete=models.PROTECT, related_name="imports")
    file = models.FileField(upload_to=import_path, max_length=120)
    name = models.CharField("文件名", max_length=200)
    sha256 = models.CharField(max_length=64)
    stage = models.CharField("状态", max_length=10, choices=ImportStage, default=ImportStage.UPLOADED)
    report = models.JSONField("结果", default=dict)
    made = models.JSONField(default=dict, help_text="{model: [ids]} created, for undo")
    error = models.TextField(blank=True)
    answers = models.JSONField(default=dict, help_text="what a list of units leaves open, as it was answered")
    uploaded_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField("上传时间")
    committed_at = models.DateTimeField("导入时间", null=True, blank=True)
    job = models.ForeignKey(Job, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    objects: Any = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "导入"
        verbose_name_plural = "导入"
        ordering = ["-uploaded_at"]

    def __str__(self) -> str:
        return self.name
