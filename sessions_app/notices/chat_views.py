"""Doors of the chat robots: which committees have one, and the form that keeps one. A kept key is never shown."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from roster.accounts.doors import attempt, permission
from roster.accounts.listing import page_of
from roster.accounts.roles import Permission
from roster.accounts.stale import overtaken
from roster.committees.models import Committee
from sessions_app.notices import robots
from sessions_app.notices.forms import ChatFilter, ChatForm
from sessions_app.notices.models import ChatTarget
from sessions_app.notices.rules import KEY_WORDS, masked_key

P = Permission
STATES = {
    "on": Q(chat_target__is_active=True),
    "off": Q(chat_target__is_active=False),
    "none": Q(chat_target=None),
}


@permission(P.CHAT_EDIT)
@require_safe
def chat_list(request: HttpRequest) -> HttpResponse:
    form = ChatFilter(request.GET)
    given = form.cleaned_data if form.is_valid() else {}
    rows = Committee.objects.open_to(request.user, P.CHAT_EDIT).active_on(request.today).select_related("chat_target")
    if given.get("q"):
        rows = rows.search(given["q"])
    if given.get("state"):
        rows = rows.filter(STATES[given["state"]])
    page = page_of(request, rows.in_order())
    for row in page:
        row.robot = getattr(row, "chat_target", None)
        row.key = masked_key(row.robot.token) if row.robot else ""
    filtered = any(request.GET.get(name) for name in form.fields)
    return render(request, "notices/chats.html", {"form": form, "page_obj": page, "filtered": filtered})


@permission(P.CHAT_EDIT)
@require_http_methods(["GET", "POST"])
def chat_edit(request: HttpRequest, pk: int) -> HttpResponse:
    committee = get_object_or_404(Committee.objects.open_to(request.user, P.CHAT_EDIT), pk=pk)
    row = ChatTarget.objects.filter(committee=committee).first()
    kept = row or ChatTarget(provider="WECOM")
    initial = {"provider": kept.provider, "is_active": kept.is_active, "version": row.version if row else robots.NO_ROW}
    form = ChatForm(request.POST or None, initial=initial)
    conflict: dict[str, Any] | None = None
    if request.method == "POST" and form.is_valid():
        act = lambda: robots.keep(committee, **form.cleaned_data, by=request.user, at=request.now)
        if attempt(request, act, form):
            messages.success(request, "工作群已保存，下一次月提醒、季安排会发到群里。")
            return redirect("chat_list")
        row = ChatTarget.objects.filter(committee=committee).first()
        conflict = overtaken(form, row, request.user) if row else None
    context = {
        "form": form, "committee": committee, "row": row, "conflict": conflict, "hints": list(KEY_WORDS.values()),
        "key": masked_key(row.token) if row else "",
    }  # fmt: skip
    return render(request, "notices/chat.html", context, status=422 if request.method == "POST" else 200)
