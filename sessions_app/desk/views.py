"""Doors of the desk: the home of each role, what waits for a decision, my study, the one page of a session."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from roster import outside
from roster.accounts.doors import any_login, attempt, permission
from roster.accounts.roles import Permission, Role
from roster.audit.history import history_of
from sessions_app.desk import homes
from sessions_app.desk.approvals import WORDS, approval_count, kinds, waiting_for
from sessions_app.desk.contents import READ, content_of
from sessions_app.desk.decisions import DECIDE
from sessions_app.desk.dossier import dossier_of
from sessions_app.desk.strip import stations_of
from sessions_app.desk.todos import todos_of
from sessions_app.sessions.models import StudySession

P = Permission
# Where a role's day begins; a secretary's is the work bench itself.
HOME_OF = {
    Role.HEAD: "dashboard", Role.REVIEWER: "dashboard", Role.LEADER: "approvals", Role.DEPUTY: "approvals",
    Role.ACTING: "approvals",
    Role.MEMBER: "my_study", Role.ADMIN: "account_list", Role.SECURITY: "grant_list", Role.AUDITOR: "audit_list",
}  # fmt: skip
DECIDING = tuple(dict.fromkeys(waiting.permission for waiting in kinds().values()))


@any_login
def home(request: HttpRequest) -> HttpResponse:
    """The first page of the acting role."""
    acting = request.user.acting
    if acting is not None and acting.role == Role.OBSERVER and (visits := homes.my_visits(request.user)):
        return render(request, "desk/observer.html", {"visits": visits})
    if acting is None or acting.role == Role.OBSERVER:
        return render(request, "desk/nothing.html")
    if acting.role != Role.SECRETARY:
        return redirect(HOME_OF[acting.role])
    return bench(request, acting.committee_id)


def bench(request: HttpRequest, committee_id: int) -> HttpResponse:
    """The secretary's 工作台."""
    session = homes.current_session(committee_id)
    year = request.today.year
    _, figures = homes.three_figures(committee_id, year)
    context = {
        "todos": todos_of(request.user, request.today),
        "session": session,
        "stations": stations_of(session, request.user) if session else [],
        "months": homes.twelve_months(committee_id, request.today),
        "figures": figures,
        "year": year,
        "committee_label": request.user.acting.committee_label,
    }
    return render(request, "desk/bench.html", context)


@permission(*DECIDING)
def approvals(request: HttpRequest) -> HttpResponse:
    """待我审批 as cards; beneath it, for a leader, the three figures of the committee."""
    cards = [_card(kind, waiting, row) for kind, waiting, row in waiting_for(request.user)]
    acting = request.user.acting
    figures: list[dict[str, Any]] = []
    session = None
    if acting and acting.role in (Role.LEADER, Role.DEPUTY, Role.ACTING):
        _, figures = homes.three_figures(acting.committee_id, request.today.year)
        session = homes.current_session(acting.committee_id)
    stations = stations_of(session, request.user) if session else []
    context = {"cards": cards, "figures": figures, "session": session, "stations": stations, "acting": acting, "total": approval_count(request.user),
               "year": request.today.year}  # fmt: skip
    return render(request, "desk/approvals.html", context)


def _card(kind: str, waiting: Any, row: Any) -> dict[str, Any]:
    card = waiting.card(row)
    why_word, changed_word = WORDS[kind]
    return {
        "why_word": why_word, "changed_word": changed_word,
        "content_url": reverse("approval_content", args=[kind, row.pk]) if kind in READ else "",
        "id": f"{kind}-{row.pk}", "what": card.what, "url": card.url, "why": card.why, "changed": card.changed,
        "sender": card.sender, "sentence": card.sentence, "version": row.version, "reasons": waiting.reasons,
        "two_tap": waiting.two_tap,
        "approve_url": reverse("decide", args=[kind, row.pk, "approve"]) if waiting.two_tap else "",
        "return_url": reverse("decide", args=[kind, row.pk, "return"]) if waiting.two_tap else "",
    }  # fmt: skip


@permission(*DECIDING)
@require_GET
def approval_content(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """The whole of what waits, for the card that is opened."""
    waiting = kinds().get(kind)
    if waiting is None or kind not in READ:
        raise Http404
    row = get_object_or_404(waiting.model.objects.open_to(request.user, waiting.permission), pk=pk)
    return render(request, "desk/content.html", {"parts": content_of(kind, row)})


@permission(*DECIDING)
@require_POST
def decide(request: HttpRequest, kind: str, pk: int, answer: str) -> HttpResponse:
    """Yes or no to one waiting thing, by that kind's own action; a card's htmx request gets a line back."""
    waiting = kinds().get(kind)
    if waiting is None or kind not in DECIDE or answer not in ("approve", "return"):
        raise Http404
    request.user.using = waiting.permission
    row = get_object_or_404(waiting.model.objects.open_to(request.user, waiting.permission), pk=pk)
    yes = answer == "approve"
    note = request.POST.get("reason", "").strip()
    if not yes and not note:
        messages.error(request, "退回须写明理由，请在“退回”框内填写一句话。")
        return redirect("approvals")
    sent = request.POST.get("version", "")
    version = outside.whole(sent)
    done = attempt(request, lambda: DECIDE[kind](row, yes, note, version, request.user, request.now))
    card = waiting.card(row)
    if request.htmx:
        told = {"card": card, "yes": yes, "done": done is not None, "waiting": approval_count(request.user)}
        return render(request, "desk/decided.html", told)
    if done is not None:
        messages.success(request, f"{'已同意' if yes else '已退回'}：{card.what}。")
    return redirect("approvals")


@permission(P.MY_STUDY)
def my_study(request: HttpRequest) -> HttpResponse:
    """我的学习: each committee by itself, never a summed rate."""
    mine = homes.my_study(request.user, request.today)
    return render(request, "desk/my_study.html", {"mine": mine, "year": request.today.year})


@permission(P.SESSION_READ)
def session(request: HttpRequest, pk: int) -> HttpResponse:
    """One session = one page: the strip and every step on it."""
    row = get_object_or_404(
        StudySession.objects.open_to(request.user, P.SESSION_READ).select_related("committee", "chair", "recorder"),
        pk=pk,
    )
    found = dossier_of(row, request.user, request.today)
    context = {
        "session": row, "d": found, "stations": stations_of(row, request.user),
        "events": history_of(row) if found.may["read_roll"] else [],
    }  # fmt: skip
    return render(request, "desk/session.html", context)
