"""Doors of the machine room: how the programs do, and the switches of the beat table."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from roster.accounts.doors import attempt, filled, permission
from roster.accounts.roles import Permission
from roster.audit.actions import SHANGHAI
from sessions_app.jobs import actions
from sessions_app.jobs.beat import ROWS
from sessions_app.jobs.work import moment
from sessions_app.operations import broker, overview, probes
from sessions_app.operations.forms import SwitchForm

P = Permission


@permission(P.HEALTH_READ)
@require_GET
def health_page(request: HttpRequest) -> HttpResponse:
    """By the machines' clock: how long a program is silent has nothing to do with the day a demo stands at."""
    now = moment().astimezone(SHANGHAI)
    state = broker.look()
    answers = probes.page(state, settings.PROGRAM_VERSION)
    context = {
        "now": now, "version": settings.PROGRAM_VERSION, "answers": answers,
        "wrong": [answer for answer in answers if not answer.well],
        "substituted": any(answer.substituted for answer in answers), "state": state, "figures": _figures(request, state, now),
        "lines": overview.beat_lines(), "rounds": overview.last_rounds(), "may_switch": request.user.may(P.BEAT_EDIT),
        "deliveries_url": _deliveries(request),
    }  # fmt: skip
    return render(request, "operations/health.html", context)


def _deliveries(request: HttpRequest) -> str:
    """The log of deliveries, for who may read it."""
    return reverse("delivery_list") if request.user.may(P.DELIVERY_READ) else ""


def _figures(request: HttpRequest, state: broker.Broker, now: Any) -> list[dict[str, Any]]:
    jobs = overview.job_counts(now)
    log = _deliveries(request)
    failed = probes.failed_lately()
    oldest = probes.oldest_undelivered()
    waited = f"最早的等了 {probes.lasting(max(0, int((now - oldest).total_seconds())))}" if oldest else ""
    return [
        {"label": "排队的消息", "value": "查不到" if state.error else state.queue},
        {"label": "进行中的任务", "value": jobs["running"], "note": f"另有 {jobs['waiting']} 项排队"},
        {"label": "今天失败的任务", "value": jobs["failed"], "tone": "overdue" if jobs["failed"] else "muted"},
        {"label": "待发送的提醒", "value": overview.under_way(), "note": waited},
        {"label": f"{probes.FAILED_DAYS} 天内发送失败", "value": failed, "note": "去看原因、重发" if failed and log else "",
         "tone": "overdue" if failed else "muted", "url": f"{log}?stage=FAILED" if log else ""},
    ]  # fmt: skip


@permission(P.BEAT_EDIT)
@require_POST
def beat_switch(request: HttpRequest) -> HttpResponse:
    form = SwitchForm(request.POST)
    if filled(request, form):
        given = form.cleaned_data
        if attempt(request, lambda: actions.switch(**given, by=request.user, at=request.now)):
            messages.success(
                request, f"“{ROWS[given['name']].label}”已{'启用' if given['is_on'] else '停用，处理完请记得启用'}。"
            )
    return redirect("health_page")
