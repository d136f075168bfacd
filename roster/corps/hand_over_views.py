"""Doors of the corps: one secretary hands over to the next."""

from datetime import time
from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from roster import outside
from roster.accounts.doors import any_login, attempt, filled, permission
from roster.accounts.listing import page_of
from roster.accounts.models import User
from roster.accounts.roles import Permission
from roster.audit.actions import SHANGHAI
from roster.audit.history import history_of
from roster.corps import hand_over_actions
from roster.corps.consequences import open_things
from roster.corps.doorway import status_of
from roster.corps.forms import (
    CancelForm,
    HandOverForm,
)
from roster.corps.models import (
    HandOver,
    HandOverStage,
)
from roster.people.models import Person, StudySecretary

P = Permission
HAND_OVER_TONES = {HandOverStage.PREPARED: "behind", HandOverStage.SIGNED: "ok", HandOverStage.CANCELLED: "muted"}


def _hand_overs(request: HttpRequest) -> QuerySet[HandOver]:
    rows = HandOver.objects.open_to_or_for(request.user, P.HAND_OVER)
    return rows.select_related("committee", "giver__person", "receiver")


@any_login
@require_GET
def hand_over_list(request: HttpRequest) -> HttpResponse:
    """Those in reach, and those one is to receive: the receiver may hold no role yet."""
    page = page_of(request, _hand_overs(request).order_by("-prepared_at", "-pk"))
    for row in page:
        row.tone = HAND_OVER_TONES[row.stage]
    context = {"page_obj": page, "may_prepare": request.user.may(P.HAND_OVER)}
    return render(request, "corps/hand_overs.html", context)


def _grouped(things: Any) -> list[dict[str, Any]]:
    """Lines by kind, in the order found."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for thing in things:
        groups.setdefault(thing["group"], []).append(thing)
    return [{"name": name, "lines": lines} for name, lines in groups.items()]


def _open_now(committee_id: int, day: Any) -> list[dict[str, Any]]:
    return _grouped(thing.frozen() for thing in open_things(committee_id, day))


@permission(P.HAND_OVER)
@require_http_methods(["GET", "POST"])
def hand_over_new(request: HttpRequest) -> HttpResponse:
    """Who gives, who receives, until which minute; what is open stands beside it."""
    day = request.today
    givers = StudySecretary.objects.open_to(request.user, P.HAND_OVER).filter(Q(until__isnull=True) | Q(until__gte=day))
    givers = givers.filter(since__lte=day).select_related("person", "committee").order_by("committee__path", "pk")
    chosen = None
    word = request.GET.get("secretary", "")
    if word:
        chosen = get_object_or_404(givers, pk=outside.key(word))
    elif request.user.person_id:
        chosen = givers.filter(person=request.user.person_id).first()
    initial = {"giver": chosen.pk if chosen else None, "ends_on": day, "ends_time": time(18, 0)}
    form = HandOverForm(request.POST or None, givers=givers, people=Person.objects.all(), initial=initial)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        act = lambda: hand_over_actions.prepare(
            given["giver"], receiver=given["receiver"], ends_at=form.ends_at(), note=given["note"], by=request.user,
            at=request.now,
        )  # fmt: skip
        row = attempt(request, act, form)
        if row:
            messages.success(request, f"交接已准备好，请{row.receiver}本人登录签收。")
            if not User.objects.filter(person=row.receiver, is_active=True).exists():
                messages.warning(request, f"{row.receiver}还没有账号，请先请系统管理员开通，才能签收。")
            return redirect(row)
    groups = _open_now(chosen.committee_id, day) if chosen else []
    return render(
        request,
        "corps/hand_over_form.html",
        {"form": form, "chosen": chosen, "groups": groups},
        status=status_of(request),
    )


@any_login
@require_GET
def hand_over(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(_hand_overs(request), pk=pk)
    waits = row.stage == HandOverStage.PREPARED
    groups = _open_now(row.committee_id, request.today) if waits else _grouped(row.contents)
    reach = HandOver.objects.open_to(request.user, P.HAND_OVER).filter(pk=pk)
    context = {
        "row": row, "groups": groups, "waits": waits, "tone": HAND_OVER_TONES[row.stage], "events": history_of(row),
        "mine": waits and row.receiver_id == request.user.person_id, "may_cancel": waits and reach.exists(),
        "facts": [
            {"label": "委员会", "value": row.committee.name}, {"label": "移交人", "value": row.giver.person.name},
            {"label": "接收人", "value": row.receiver.name},
            {"label": "移交人权限截止", "value": f"{row.ends_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"},
            {"label": "准备", "value": f"{row.prepared_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"},
            {"label": "签收", "value": f"{row.signed_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" if row.signed_at else "—"},
        ],
    }  # fmt: skip
    return render(request, "corps/hand_over.html", context)


@any_login
@require_POST
def hand_over_sign(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(_hand_overs(request), pk=pk)
    word = request.POST.get("version", "")
    version = outside.key(word)
    done = attempt(request, lambda: hand_over_actions.sign(row, version=version, by=request.user, at=request.now))
    if done:
        messages.success(
            request, f"已签收。从 {done.ends_at.astimezone(SHANGHAI):%m月%d日} 起您是{done.committee}的学习秘书。"
        )
    return redirect(row)


@permission(P.HAND_OVER)
@require_POST
def hand_over_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(HandOver.objects.open_to(request.user, P.HAND_OVER), pk=pk)
    form = CancelForm(request.POST)
    if filled(request, form):
        act = lambda: hand_over_actions.cancel(row, **form.cleaned_data, by=request.user, at=request.now)
        if attempt(request, act):
            messages.success(request, "交接已取消。")
    return redirect(row)
