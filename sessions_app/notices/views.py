"""Doors of what a person reads: his inbox, one notice, how many wait, how he wants to be told."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from roster.accounts.doors import any_login, attempt, poll, public
from roster.accounts.listing import page_of
from roster.accounts.roles import Permission
from roster.accounts.stale import overtaken
from sessions_app.notices import choosing, consequences, reading
from sessions_app.notices.forms import InboxFilter, PreferenceForm
from sessions_app.notices.models import Notice, Preference

STOP_POLLING = 286  # htmx puts the answer in its place and asks no more


# ---------------------------------------------------------------------------------------------------------- inbox


@any_login
@require_GET
def notice_list(request: HttpRequest) -> HttpResponse:
    """One's own notices, newest first."""
    form = InboxFilter(request.GET)
    wanted = form.cleaned_data if form.is_valid() else {}
    rows = Notice.objects.of(request.user.person_id)
    if wanted.get("rhythm"):
        rows = rows.filter(rhythm=wanted["rhythm"])
    if wanted.get("state"):
        rows = rows.filter(read_at__isnull=wanted["state"] == "unread")
    page = page_of(request, rows)
    context = {
        "form": form, "page_obj": page, "filtered": any(wanted.values()),
        "rows": [{"notice": notice, "things": len(notice.lines) + notice.more} for notice in page],
    }  # fmt: skip
    return render(request, "notices/list.html", context)


def _own(request: HttpRequest, pk: int) -> Notice:
    return get_object_or_404(Notice.objects.of(request.user.person_id), pk=pk)


@any_login
@require_GET
def notice(request: HttpRequest, pk: int) -> HttpResponse:
    """As it was told, and which of it is done by now."""
    row = _own(request, pk)
    told = [line.get("item") for line in row.lines]
    done = consequences.met_of(told)
    lines = [line | {"done": item in done} for line, item in zip(row.lines, told, strict=True)]
    # Lines about nothing that is due (what the plan says, who is behind) are neither open nor done.
    things = {item for item in told if item}
    context = {"notice": row, "lines": lines, "things": len(things), "open": len(things - done)}
    return render(request, "notices/notice.html", context)


@any_login
@require_POST
def notice_read(request: HttpRequest, pk: int) -> HttpResponse:
    """Sent by the page itself when it has been opened, or by its button."""
    row = _own(request, pk)
    reading.mark_read(row, at=request.now)
    if not request.htmx:
        return redirect("notice_list")
    return HttpResponse(render_to_string("notices/read.html", {"count": _unread(request)}))


@any_login
@require_POST
def notice_read_all(request: HttpRequest) -> HttpResponse:
    count = reading.mark_all_read(request.user.person_id, at=request.now)
    messages.success(request, f"{count} 条提醒已标为已读。" if count else "没有未读的提醒。")
    return redirect("notice_list")


def _unread(request: HttpRequest) -> int:
    return Notice.objects.of(request.user.person_id).unread().count()


@poll
@public
@never_cache
@require_GET
def notice_count(request: HttpRequest) -> HttpResponse:
    """The number in the top bar, asked for by every open page once a minute. Who has gone is told so, and no more.

    Open without log-in, so that a session that ended in between answers with a word instead of the log-in page.
    """
    if not request.user.is_authenticated:
        return HttpResponse(render_to_string("notices/counts.html", {"count": None}), status=STOP_POLLING)
    return HttpResponse(render_to_string("notices/counts.html", {"count": _unread(request)}))


# ----------------------------------------------------------------------------------------------------- preference


@any_login
@require_http_methods(["GET", "POST"])
def preference(request: HttpRequest) -> HttpResponse:
    person = request.user.person
    if request.method == "POST" and person is None:
        raise Http404
    row = Preference.objects.filter(person=person).first() if person else None
    form = PreferenceForm(request.POST or None, initial=_chosen(row))
    conflict: dict[str, Any] | None = None
    if request.method == "POST" and form.is_valid():
        act = lambda: choosing.choose(person, **form.cleaned_data, by=request.user, at=request.now)
        if attempt(request, act, form):
            messages.success(request, "已保存，下一次提醒按新的设置。")
            return redirect("preference")
        row = Preference.objects.filter(person=person).first()
        conflict = overtaken(form, row, request.user) if row else None
    context = {
        "form": form, "person": person, "conflict": conflict, "at_once": consequences.at_once,
        "mailing": bool(settings.MAIL_HOST), "may_subscribe": request.user.may(Permission.SESSION_READ),
    }  # fmt: skip
    return render(request, "notices/preference.html", context, status=422 if request.method == "POST" else 200)


def _chosen(row: Preference | None) -> dict[str, Any]:
    kept = row or Preference()
    return {"rhythm": kept.rhythm, "by_mail": kept.by_mail, "version": row.version if row else choosing.NO_ROW}
