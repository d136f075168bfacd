"""Doors of long work: its page, its progress (asked every two seconds), stop and go on."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_GET, require_POST

from roster.accounts.doors import attempt, permission
from roster.accounts.listing import page_of
from roster.accounts.roles import Permission
from sessions_app.jobs import actions, work
from sessions_app.jobs.models import LIVE, Job, JobStage
from sessions_app.jobs.rules import remaining

STATES = {
    JobStage.QUEUED: "running", JobStage.RUNNING: "running", JobStage.DONE: "done", JobStage.FAILED: "failed",
    JobStage.CANCELLED: "cancelled",
}  # fmt: skip


def progress(job: Job, *, may_change: bool) -> dict[str, Any]:
    """The values of components/progress.html for one job."""
    # The first step reads the data for all others, so the speed is that of the steps after it.
    first = job.steps.filter(stage=JobStage.DONE).order_by("finished_at").first() if job.stage in LIVE else None
    seconds = (work.moment() - first.finished_at).total_seconds() if first else 0
    waiting = {JobStage.QUEUED: "等待后台处理", JobStage.RUNNING: "" if job.done else "正在读取数据"}.get(
        JobStage(job.stage), ""
    )
    return {
        "id": f"job-{job.pk}", "done": job.done, "total": job.total, "state": STATES[JobStage(job.stage)],
        "what": job.label, "unit": "份", "left": waiting or remaining(job.done - 1, job.total - 1, seconds),
        "error": job.error, "url": reverse("job_progress", args=[job.pk]),
        "result_url": _result(job), "result_label": "打开",
        "cancel_url": reverse("job_cancel", args=[job.pk]) if may_change else "",
        "retry_url": reverse("job_retry", args=[job.pk]) if may_change else "",
    }  # fmt: skip


def _result(job: Job) -> str:
    """Where the result stands: the job's kind says so in `result`, {"paper": id}; otherwise its own page."""
    try:
        return reverse("paper", args=[job.result["paper"]]) if job.result.get("paper") else ""
    except NoReverseMatch:
        return ""


def _open(request: HttpRequest, pk: int, needed: Permission) -> Job:
    return get_object_or_404(Job.objects.open_to(request.user, needed).select_related("committee"), pk=pk)


def _may_change(request: HttpRequest, job: Job) -> bool:
    return Job.objects.open_to(request.user, Permission.PAPER_ISSUE).filter(pk=job.pk).exists()


@permission(Permission.PAPER_READ)
@require_GET
def job_list(request: HttpRequest) -> HttpResponse:
    rows = Job.objects.open_to(request.user, Permission.PAPER_READ).select_related("committee", "created_by__person")
    return render(request, "jobs/list.html", {"page_obj": page_of(request, rows)})


@permission(Permission.PAPER_READ)
@require_GET
def job(request: HttpRequest, pk: int) -> HttpResponse:
    row = _open(request, pk, Permission.PAPER_READ)
    failed = row.steps.filter(stage=JobStage.FAILED)
    context = {"job": row, "bar": progress(row, may_change=_may_change(request, row)), "failed": failed}
    return render(request, "jobs/job.html", context)


@permission(Permission.PAPER_READ)
@require_GET
def job_progress(request: HttpRequest, pk: int) -> HttpResponse:
    row = _open(request, pk, Permission.PAPER_READ)
    return render(request, "jobs/progress.html", {"bar": progress(row, may_change=_may_change(request, row))})


@permission(Permission.PAPER_ISSUE)
@require_POST
def job_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    row = _open(request, pk, Permission.PAPER_ISSUE)
    attempt(request, lambda: actions.cancel(row, by=request.user, at=request.now))
    return redirect("job", pk=pk)


@permission(Permission.PAPER_ISSUE)
@require_POST
def job_retry(request: HttpRequest, pk: int) -> HttpResponse:
    row = _open(request, pk, Permission.PAPER_ISSUE)
    attempt(request, lambda: actions.retry(row, by=request.user, at=request.now))
    return redirect("job", pk=pk)
