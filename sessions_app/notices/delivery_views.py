"""Doors of the delivery log: what went out, when, how, and why not. Never what it said."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from roster import outside
from roster.accounts.doors import attempt, permission
from roster.accounts.listing import ordered, page_of
from roster.accounts.roles import Permission
from roster.accounts.sheets import workbook
from roster.audit.actions import SHANGHAI, record
from roster.committees.models import Committee
from roster.people.models import Person
from sessions_app.notices import actions
from sessions_app.notices.access import deliveries_open_to
from sessions_app.notices.forms import DeliveryFilter
from sessions_app.notices.models import Channel, ChatTarget, Delivery, DeliveryStage
from sessions_app.notices.rules import masked_mail

P = Permission
TONES = {
    DeliveryStage.WAITING: "near", DeliveryStage.SENDING: "near", DeliveryStage.SENT: "ok",
    DeliveryStage.FAILED: "overdue", DeliveryStage.DROPPED: "muted",
}  # fmt: skip
SORTS = {"when": ("-id",), "stage": ("stage", "-id"), "attempts": ("-attempts", "-id")}
EXPORTED = 20_000  # rows, the newest
AT_ONCE = 200  # sent again by one press
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _found(request: HttpRequest) -> tuple[DeliveryFilter, Any]:
    """The filter, of the address or of a button that carries it, and the rows it leaves."""
    form = DeliveryFilter(request.POST or request.GET)
    form.is_valid()  # a filter that is not well written counts as not given; its field says so
    given = form.cleaned_data
    rows = deliveries_open_to(request.user, P.DELIVERY_READ).select_related("notice__person", "notice__committee")
    if given.get("q"):
        people = Person.objects.search(given["q"]).values("pk")
        committees = Committee.objects.search(given["q"]).values("pk")
        rows = rows.filter(Q(notice__person__in=people) | Q(notice__committee__in=committees))
    for name, field in (("stage", "stage"), ("channel", "channel"), ("rhythm", "notice__rhythm")):
        if given.get(name):
            rows = rows.filter(**{field: given[name]})
    if given.get("double"):
        rows = rows.filter(uncertain=given["double"] == "yes")
    if given.get("first"):
        rows = rows.filter(notice__created_at__date__gte=given["first"])
    if given.get("last"):
        rows = rows.filter(notice__created_at__date__lte=given["last"])
    return form, rows


def _dressed(rows: Any) -> list[Delivery]:
    """Each row with `whom`, `where` (masked) and `tone`; one query for all chat groups."""
    rows = list(rows)
    ids = {outside.key(row.address) for row in rows if row.channel == Channel.CHAT}
    robots = {str(robot.pk): robot.get_provider_display() for robot in ChatTarget.objects.filter(pk__in=ids)}
    for row in rows:
        row.whom = str(row.notice.person or row.notice.committee)
        row.where = (
            robots.get(row.address, "工作群") if row.channel == Channel.CHAT else masked_mail(row.address)
        )  # fmt: skip
        row.tone = TONES[DeliveryStage(row.stage)]
    return rows


@permission(P.DELIVERY_READ)
@require_safe
def delivery_list(request: HttpRequest) -> HttpResponse:
    form, rows = _found(request)
    rows, sort = ordered(request, rows, SORTS, "when")
    if request.GET.get("format") == "xlsx":
        return _export(request, rows)
    page = page_of(request, rows)
    page.object_list = _dressed(page.object_list)
    context = {
        "form": form, "page_obj": page, "sort": sort, "mailing": bool(settings.MAIL_HOST),
        "filtered": any(request.GET.get(name) for name in form.fields),
        "failed_only": form.cleaned_data.get("stage") == DeliveryStage.FAILED,
        "hidden": [{"name": name, "value": request.GET[name]} for name in form.fields if request.GET.get(name)],
    }  # fmt: skip
    return render(request, "notices/deliveries.html", context)


HEADS = ("编号", "收件人", "地址", "渠道", "类别", "期间", "提醒时间", "状态", "次数", "发送时间", "可能重复", "原因")


def _export(request: HttpRequest, rows: Any) -> HttpResponse:
    """The rows found, as a workbook; the record keeps who took which."""
    lines = [
        (
            row.pk, row.whom, row.where, row.get_channel_display(), row.notice.get_rhythm_display(), row.notice.period,
            _moment(row.notice.created_at), row.get_stage_display(), row.attempts, _moment(row.sent_at),
            "是" if row.uncertain else "", row.error,
        )
        for row in _dressed(rows[:EXPORTED])
    ]  # fmt: skip
    top = next(iter(request.user.holds_with(P.DELIVERY_READ))).committee_id
    record(
        Committee.objects.get(pk=top), verb="export", by=request.user, at=request.now, chain=top,
        data={"list": "发送记录", "query": request.GET.urlencode()[:500]},
    )  # fmt: skip
    answer = HttpResponse(workbook("发送记录", HEADS, lines, note=f"截至 {request.today}"), content_type=XLSX)
    answer["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote('发送记录')}.xlsx"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def _moment(at: Any) -> str:
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" if at else ""


@permission(P.DELIVERY_READ)
@require_POST
def delivery_resend(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(deliveries_open_to(request.user, P.DELIVERY_READ), pk=pk)
    if attempt(request, lambda: actions.resend(row, by=request.user, at=request.now)):
        messages.success(request, "已排队重发，一分钟内发出。")
    back = request.POST.get("back", "")
    if not back.startswith("/deliveries/") or not url_has_allowed_host_and_scheme(back, None):
        return redirect("delivery_list")
    return redirect(back)


@permission(P.DELIVERY_READ)
@require_POST
def delivery_resend_all(request: HttpRequest) -> HttpResponse:
    """After a long outage: what failed among the rows found, the oldest first; what cannot be sent again says why."""
    _, rows = _found(request)
    failed = rows.filter(stage=DeliveryStage.FAILED).order_by("id")[:AT_ONCE]
    done, refused = actions.resend_many(list(failed), by=request.user, at=request.now)
    if done:
        messages.success(request, f"{done} 次发送已排队重发。")
    for reason, times in refused.items():
        messages.error(request, f"{times} 次没有重发：{reason}")
    if not done and not refused:
        messages.info(request, "没有失败的发送。")
    return redirect("delivery_list")
