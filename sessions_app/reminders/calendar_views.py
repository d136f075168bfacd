"""Doors of the calendar: the page where it is subscribed to, a new address, and the feed itself."""

from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST, require_safe

from roster.accounts.doors import attempt, filled, permission, public
from roster.accounts.models import User
from roster.accounts.roles import Permission
from roster.audit.forms import VersionForm
from sessions_app.policies import calendar
from sessions_app.policies.rules import WorkingDays, left_words
from sessions_app.reminders import feed as reader
from sessions_app.reminders import keys
from sessions_app.reminders.models import FeedKey

P = Permission
SHOWN_DAYS = 60
NAME = "知行学习日历"
TONES = {reader.CONFIRMED: "ok", reader.TENTATIVE: "near", reader.CANCELLED: "muted"}


@permission(P.SESSION_READ)
@never_cache
@require_GET
def feed(request: HttpRequest) -> HttpResponse:
    """What the calendar holds in the coming weeks, and how to have it on one's own telephone."""
    user = request.user
    key = FeedKey.objects.filter(person_id=user.person_id).first() if user.person_id else None
    ends = request.today + timedelta(days=SHOWN_DAYS)
    found = reader.entries(user, day=request.today, stamp=request.now) if user.person_id else []
    shown = [entry for entry in found if _shown(entry, request.today, ends)]
    days = calendar.load(min([request.today, *(entry.day for entry in shown)]), ends)
    rows = [_row(entry, request.today, days) for entry in shown]
    path = reverse("feed_ics", args=[key.person_id, keys.token(key)]) if key else ""
    address = request.build_absolute_uri(path) if key else ""
    context = {
        "rows": rows, "key": key, "address": address, "subscribe": f"webcal://{address.partition('://')[2]}" if key else "",
        "person": user.person, "days": SHOWN_DAYS, "version": key.version if key else keys.NO_ROW,
    }  # fmt: skip
    return render(request, "reminders/feed.html", context)


def _shown(entry: reader.Entry, today: date, ends: date) -> bool:
    """What is to come, and what should have been done before today."""
    return entry.day <= ends and (entry.day >= today or entry.is_deadline)


def _row(entry: reader.Entry, today: date, days: WorkingDays) -> dict[str, Any]:
    late = entry.is_deadline and entry.day < today
    return {
        "entry": entry, "word": left_words(entry.day, today, days) if entry.is_deadline else entry.word,
        "tone": "overdue" if late else "near" if entry.is_deadline else TONES[entry.status],
    }  # fmt: skip


@permission(P.SESSION_READ)
@require_POST
def feed_renew(request: HttpRequest) -> HttpResponse:
    """The first address, or another one in the place of one that too many people know."""
    person = request.user.person
    if person is None:
        raise Http404
    form = VersionForm(request.POST)
    if filled(request, form):
        version = form.cleaned_data["version"]
        key = attempt(request, lambda: keys.renew(person, version=version, by=request.user, at=request.now))
        if key:
            old = "旧地址已失效，请在日历里改用新地址。" if version else "请按下面的办法订阅。"
            messages.success(request, f"地址已生成。{old}")
    return redirect("feed")


@public
@require_safe
def feed_ics(request: HttpRequest, person: int, token: str) -> HttpResponse:
    """The calendar for who knows the address. 404 for a wrong or old one, and for whom nothing is open today."""
    key = FeedKey.objects.filter(person_id=person).first()
    user = User.objects.filter(person_id=person, is_active=True).select_related("person").first()
    if key is None or user is None or not keys.fits(key, token):
        raise Http404
    user.act(on=request.today, at=request.now)
    if not user.may(P.SESSION_READ):
        raise Http404
    found = reader.entries(user, day=request.today, stamp=key.made_at)
    answer = HttpResponse(
        reader.as_ics(found, name=NAME, absolute=request.build_absolute_uri),
        content_type="text/calendar; charset=utf-8",
    )
    answer["Cache-Control"] = "private"
    answer["Content-Disposition"] = 'inline; filename="zhixing.ics"'
    answer["X-Robots-Tag"] = "noindex"
    return answer
