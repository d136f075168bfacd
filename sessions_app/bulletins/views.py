"""Doors of bulletins: the list, a new one, its page, the workshop in which it is written, its steps, a working copy."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from roster import outside
from roster.accounts.doors import attempt, filled, permission, say
from roster.accounts.listing import ordered, page_of
from roster.accounts.roles import Permission
from roster.accounts.stale import last_hand
from roster.audit.actions import record
from roster.audit.history import history_of
from roster.audit.moves import Refused, Stale
from roster.committees.models import Committee
from sessions_app.bulletins import access, actions, blocks, page, plain, rules
from sessions_app.bulletins.forms import (
    BulletinFilter,
    BulletinForm,
    BulletinNewForm,
    CardFormSet,
    MoveForm,
    SessionPick,
)
from sessions_app.bulletins.models import AnnexKind, Bulletin, BulletinReceipt, BulletinStage
from sessions_app.bulletins.moves import WRITABLE
from sessions_app.facts import counted
from sessions_app.facts.periods import span
from sessions_app.facts.scope import subtree
from sessions_app.papers import rules as paper_rules
from sessions_app.papers import typeset
from sessions_app.papers.models import PaperKind
from sessions_app.papers.pdf import PaperFailed
from sessions_app.sessions.models import StudySession

P = Permission
SORTS = {"issue": ("year", "issue", "pk"), "title": ("title", "-pk"), "signed": ("signed_at", "pk")}
RELATED = ("committee", "compiled_by", "checked_by", "signed_by", "paper")
OFFERED = 30  # sessions offered for a card at a time; a search narrows them


def _open(request: HttpRequest, pk: int, needed: Permission) -> Bulletin:
    rows = Bulletin.objects.open_to(request.user, needed)
    found: Bulletin = get_object_or_404(rows.select_related(*RELATED), pk=pk)
    return found


# ------------------------------------------------------------------------------------------------------- the list
@permission(P.BULLETIN_READ)
@require_GET
def bulletin_list(request: HttpRequest) -> HttpResponse:
    """The department's own at every stage; for those below, what was issued to them."""
    mine = Bulletin.objects.open_to(request.user, P.BULLETIN_READ)
    years = sorted(set(mine.order_by().values_list("year", flat=True)), reverse=True)
    form = BulletinFilter(request.GET, years=years)
    given = form.cleaned_data if form.is_valid() else {}
    rows = mine.filter(**{name: given[name] for name in ("year", "stage") if given.get(name)})
    if given.get("quarter") is not None:
        rows = rows.filter(quarter=given["quarter"])
    if text := given.get("q"):
        number = text.strip("号").split("〕")[-1]
        rows = rows.filter(Q(title__icontains=text) | Q(document_number=outside.key(number)))
    rows = access.with_counts(rows.select_related("committee").defer("body", "facts"))
    rows, sort = ordered(request, rows, SORTS, "-issue")
    found = page_of(request, rows)
    own = request.user.reach(P.BULLETIN_RECEIPT).committee_ids
    received = set(
        BulletinReceipt.objects.filter(bulletin__in=list(found), committee__in=own).values_list("bulletin", flat=True)
    )
    for row in found:
        row.tone, row.period = page.TONES[row.stage], rules.period_words(row.year, row.quarter)
        row.number = (
            rules.document_words(row.mark, row.document_year, row.document_number) if row.document_number else ""
        )
        row.mine_received = row.pk in received
    context = {
        "form": form, "page_obj": found, "sort": sort, "filtered": any(given.get(name) not in (None, "") for name in given),
        "may_edit": request.user.may(P.BULLETIN_EDIT), "receives": bool(own),
    }  # fmt: skip
    return render(request, "bulletins/list.html", context)


@permission(P.BULLETIN_EDIT)
@require_http_methods(["GET", "POST"])
def bulletin_new(request: HttpRequest) -> HttpResponse:
    committees = access.departments(request.user, request.today)
    years = [request.today.year, request.today.year - 1]
    if request.method == "POST":
        form = BulletinNewForm(request.POST, committees=committees, years=years)
        if form.is_valid():
            made = attempt(request, lambda: actions.create(**form.cleaned_data, by=request.user, at=request.now), form)
            if made:
                messages.success(request, f"已建立{made}，提纲已备好。先写文字，或者先冻结数据再引用数字，都可以。")
                return redirect("bulletin_edit", pk=made.pk)
        return render(request, "bulletins/new.html", {"form": form}, status=422)
    last = (request.today.month - 1) // 3  # the quarter that is over; in the first, the year before
    initial = {
        "form_token": str(uuid.uuid4()), "year": request.today.year if last else request.today.year - 1, "quarter": last or 4,
    }  # fmt: skip
    form = BulletinNewForm(committees=committees, years=years, initial=initial)
    return render(request, "bulletins/new.html", {"form": form, "none": not committees.exists()})


# --------------------------------------------------------------------------------------------------- one bulletin
@permission(P.BULLETIN_READ)
@require_GET
def bulletin(request: HttpRequest, pk: int) -> HttpResponse:
    """How it reads: for those below what was issued, for the department the copy as it stands, with its steps."""
    row = _open(request, pk, P.BULLETIN_READ)
    inside = row.committee.path in request.user.reach(P.BULLETIN_READ).paths
    shown = page.reading(row, request.now)
    counts = page.numbers(row, row.body, request.now) if inside and row.stage != BulletinStage.ISSUED else {}
    seats = list(access.with_receipt(access.seats(request.user, row), row))
    context = {
        "bulletin": row, "facts": shown, "lines": page.runs_of(shown["body"]), "tone": page.TONES[row.stage],
        "period": rules.period_words(row.year, row.quarter), "inside": inside, "hands": page.hands(row), "counts": counts,
        "steps": page.steps(row, request.user, len(counts.get("mismatches", ()))), "seats": seats,
        "to_receive": [seat for seat in seats if not seat.received],
        "writable": inside and row.stage in WRITABLE and request.user.may(P.BULLETIN_EDIT),
        "errata": list(row.paper.errata.all()) if row.paper_id else [], "events": history_of(row) if inside else [],
    }  # fmt: skip
    if inside and row.stage == BulletinStage.ISSUED:
        context["asked"] = access.receivers(row).count()
        context["received"] = row.receipts.count()
    return render(request, "bulletins/bulletin.html", context)


# --------------------------------------------------------------------------------------------------- the workshop
def _cards(row: Bulletin) -> list[dict[str, Any]]:
    return [
        {
            "session": card.study_session_id, "committee": card.committee_id, "unit": str(card.committee), "mode": card.mode,
            "title": card.title, "text": card.text,
        }
        for card in row.cards.select_related("committee")
    ]  # fmt: skip


def _initial(row: Bulletin) -> dict[str, Any]:
    names = ("version", "title", "mark", "to", "copies", "body")
    annexes = list(row.annexes.values_list("kind", flat=True))
    return {name: getattr(row, name) for name in names} | {"annexes": annexes, "text": plain.to_plain(row.body)}


def _picked(request: HttpRequest, row: Bulletin) -> list[dict[str, Any]]:
    """`?card=`: a session picked without script becomes one more card, not kept yet."""
    asked = request.GET.get("card", "")
    if not asked:
        return []
    session = _sessions(row).filter(pk=outside.key(asked)).first()
    if session is None:
        return []
    return [
        {"session": session.pk, "committee": session.committee_id, "unit": str(session.committee), "mode": session.mode}
    ]


def _sessions(row: Bulletin) -> Any:
    """Sessions of the period that count, hosted in the department's subtree."""
    parts = counted.participations(subtree(row.committee.path), span(row.year, row.quarter or None))
    hosted = parts.filter(is_host=True).order_by().values("study_session_id")
    return StudySession.objects.filter(pk__in=hosted).select_related("committee").order_by("-day", "-pk")


def _workshop(
    request: HttpRequest, row: Bulletin, form: BulletinForm, cards: Any, *, status: int = 200, **more: Any
) -> HttpResponse:
    html = form["body"].value() or ""
    counts = page.numbers(row, html, request.now)
    context = {
        "bulletin": row, "form": form, "cards": cards, "counts": counts, "hands": page.hands(row),
        "tone": page.TONES[row.stage], "period": rules.period_words(row.year, row.quarter),
        "steps": page.steps(row, request.user, len(counts["mismatches"])), "figures": page.figure_lines(row.facts),
        "units": page.units(row.facts), "drawn": blocks.drawn(row.facts) if row.facts else {}, "blocks": blocks.NAMES,
        "corrections": (row.facts or {}).get("corrections", []), "practices": (row.facts or {}).get("practices", []),
        "returned": row.return_reason, **more,
    }  # fmt: skip
    return render(request, "bulletins/edit.html", context, status=status)


@permission(P.BULLETIN_EDIT)
@require_http_methods(["GET", "POST"])
def bulletin_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Where it is written. POST is the whole form, with or without script; the editor saves by `bulletin_save`."""
    row = _open(request, pk, P.BULLETIN_EDIT)
    if request.method == "GET":
        if row.stage not in WRITABLE:
            messages.info(request, f"学情通报现在是“{row.get_stage_display()}”，正文不能修改。")
            return redirect(row)
        cards = CardFormSet(initial=[*_cards(row), *_picked(request, row)], prefix="cards")
        cards.extra = 0
        return _workshop(request, row, BulletinForm(initial=_initial(row)), cards)
    form, cards = BulletinForm(request.POST), CardFormSet(request.POST, prefix="cards")
    if not (form.is_valid() & cards.is_valid()):
        return _workshop(request, row, form, cards, status=422)
    try:
        saved = actions.save(row, **_values(form, cards, row), by=request.user, at=request.now)
    except Stale as stale:
        fresh = _open(request, pk, P.BULLETIN_EDIT)
        form.data = form.data.copy()
        form.data["version"] = str(stale.current_version)
        return _workshop(request, fresh, form, cards, conflict=_conflict(fresh, form, cards, request.user), status=409)
    except Refused as refusal:
        return _workshop(request, row, form, cards, refused=refusal.reasons, status=422)
    messages.success(request, "已保存。")
    for note in saved.notes:
        messages.warning(request, note)
    return redirect("bulletin_edit", pk=pk)


def _values(form: BulletinForm, cards: Any, row: Bulletin) -> dict[str, Any]:
    given = form.cleaned_data
    body = given["body"] if given["rich"] else plain.typed_over(given["text"], given["body"], blocks.NAMES)
    kept = [one.cleaned_data for one in cards.forms if one.cleaned_data and not one.cleaned_data.get("DELETE")]
    return {
        **{name: given[name] for name in ("title", "to", "copies", "mark", "version")}, "body": body,
        "annexes": [kind for kind in AnnexKind.values if kind in given["annexes"]],
        "cards": [
            {
                "mode": one["mode"], "committee": one["committee"], "study_session": one["session"],
                "title": one["title"], "text": one["text"],
            }
            for one in kept
        ],
    }  # fmt: skip


def _conflict(row: Bulletin, form: BulletinForm, cards: Any, user: Any) -> dict[str, Any]:
    """Both texts of every field that differs, and who saved meanwhile; `name` is the field's, `raw` what is kept."""
    found = []
    kept = _initial(row)
    rich = bool(form.data.get("rich"))
    for name, label in (("title", "标题"), ("mark", "发文代字"), ("to", "主送"), ("copies", "抄送")):
        if form.data.get(name, "") != kept[name]:
            found.append(
                {"name": name, "label": label, "mine": form.data.get(name, ""), "saved": kept[name], "raw": kept[name]}
            )
    body = "body" if rich else "text"
    mine = plain.to_plain(form.data.get("body", "")) if rich else form.data.get("text", "").replace("\r\n", "\n")
    if mine != kept["text"]:
        found.append({"name": body, "label": "正文", "mine": mine, "saved": kept["text"], "raw": kept[body]})
    ticked = form.data.getlist("annexes")
    if sorted(ticked) != sorted(kept["annexes"]):
        words = dict(AnnexKind.choices)
        found.append({
            "name": "annexes", "label": "附件", "mine": "、".join(words.get(one, one) for one in ticked),
            "saved": "、".join(words[one] for one in kept["annexes"]),
            "raw": [one if one in kept["annexes"] else "" for one in AnnexKind.values],
        })  # fmt: skip
    theirs = _cards(row)
    for place, one in enumerate(cards.forms):
        other = theirs[place] if place < len(theirs) else {}
        for name, label in (("title", "做法标题"), ("text", "做法")):
            typed, saved = one[name].value() or "", other.get(name, "")
            if typed.replace("\r\n", "\n") != saved:
                found.append(
                    {
                        "name": one.add_prefix(name),
                        "label": f"{label} {place + 1}",
                        "mine": typed,
                        "saved": saved,
                        "raw": saved,
                    }
                )
    return {"fields": found, **last_hand(row, user)}


@permission(P.BULLETIN_EDIT)
@require_POST
def bulletin_save(request: HttpRequest, pk: int) -> JsonResponse:
    """The editor's own saving every ten seconds and on Ctrl+S."""
    row = _open(request, pk, P.BULLETIN_EDIT)
    form, cards = BulletinForm(request.POST), CardFormSet(request.POST, prefix="cards")
    if not (form.is_valid() & cards.is_valid()):
        wrong = dict(form.errors) | {
            one.add_prefix(name): errors for one in cards for name, errors in one.errors.items()
        }
        return JsonResponse({"errors": wrong or {"__all__": cards.non_form_errors()}}, status=422)
    try:
        saved = actions.save(row, **_values(form, cards, row), by=request.user, at=request.now)
    except Stale as stale:
        told = _conflict(_open(request, pk, P.BULLETIN_EDIT), form, cards, request.user)
        if not told["fields"]:  # equal texts are no conflict
            return JsonResponse({"at": f"{request.now:%H:%M}", "version": stale.current_version})
        kept = {one["name"]: one["raw"] for one in told["fields"]}
        answer = {"version": stale.current_version, "by": told["by"], "at": told["at"], "saved": kept}
        return JsonResponse(answer, status=409)
    except Refused as refusal:
        return JsonResponse({"errors": {"__all__": refusal.reasons}}, status=422)
    return JsonResponse({"at": f"{request.now:%H:%M}", "version": saved.bulletin.version})


@permission(P.BULLETIN_EDIT)
@require_POST
def bulletin_check_prose(request: HttpRequest, pk: int) -> HttpResponse:
    """The numbers of the text as it stands in the editor, against the snapshot: a fragment, nothing is kept."""
    row = _open(request, pk, P.BULLETIN_EDIT)
    html = request.POST.get("body", "")[: rules.BODY_LIMIT]
    return render(request, "bulletins/numbers.html", {"counts": page.numbers(row, html, request.now)})


@permission(P.BULLETIN_EDIT)
@require_GET
def bulletin_figures(request: HttpRequest, pk: int) -> HttpResponse:
    """Figures of the snapshot to put in: of the whole or one committee, of this period or the one before. A fragment."""
    row = _open(request, pk, P.BULLETIN_EDIT)
    before = request.GET.get("when") == "before"
    of = "" if before else request.GET.get("of", "")
    return render(request, "bulletins/figures.html", {"figures": page.figure_lines(row.facts, of, before)})


@permission(P.BULLETIN_EDIT)
@require_GET
def bulletin_cards(request: HttpRequest, pk: int) -> HttpResponse:
    """Sessions of the period a card may be made from; a fragment for the workshop, a page without script."""
    row = _open(request, pk, P.BULLETIN_EDIT)
    form = SessionPick(request.GET)
    given = form.cleaned_data if form.is_valid() else {}
    rows = _sessions(row)
    if given.get("mode"):
        rows = rows.filter(mode=given["mode"])
    if text := given.get("q"):
        rows = rows.filter(Q(topic__icontains=text) | Q(committee__in=Committee.objects.search(text)))
    found = list(rows[: OFFERED + 1])
    context = {
        "bulletin": row,
        "form": form,
        "sessions": found[:OFFERED],
        "more": len(found) > OFFERED,
        "most": OFFERED,
    }
    return render(request, "bulletins/sources.html" if request.htmx else "bulletins/cards.html", context)


# ------------------------------------------------------------------------------------------------------- its steps
@permission(P.BULLETIN_EDIT, P.BULLETIN_CHECK, P.BULLETIN_SIGN)
@require_POST
def bulletin_move(request: HttpRequest, pk: int) -> HttpResponse:
    """One step of its life; who may take it stands in `page.NEEDS`, who took part is asked by the action."""
    row = get_object_or_404(access.in_hand(request.user).select_related("committee"), pk=pk)
    do = request.POST.get("do", "")
    needed = page.needed(do, row.stage)
    if needed is None or not Bulletin.objects.open_to(request.user, needed).filter(pk=pk).exists():
        say(request, ["这一步不由您办理。" if needed else "没有这一步，请回到页面上点按钮。"])
        return redirect(row)
    request.user.using = needed
    form = MoveForm(request.POST)
    if filled(request, form) and attempt(request, lambda: _step(request, row, do, form.cleaned_data)):
        messages.success(request, page.DONE[do])
        if do in ("freeze", "thaw", "take_back"):
            return redirect("bulletin_edit", pk=pk)
        return redirect(row)
    if needed == P.BULLETIN_EDIT and row.stage in WRITABLE:
        return redirect("bulletin_edit", pk=pk)
    return redirect(row)


def _step(request: HttpRequest, row: Bulletin, do: str, given: dict[str, Any]) -> Any:
    known = {"version": given["version"], "by": request.user, "at": request.now}
    if do == "submit":
        return actions.submit(row, accept_mismatches=bool(given["reason"].strip()), reason=given["reason"], **known)
    if do in ("thaw", "take_back", "send_back"):
        return getattr(actions, do)(row, reason=given["reason"], **known)
    return getattr(actions, do)(row, **known)


@permission(P.BULLETIN_EDIT, P.BULLETIN_CHECK, P.BULLETIN_SIGN)
@require_GET
def bulletin_print(request: HttpRequest, pk: int) -> HttpResponse:
    """打印样稿: the paper as it would be issued, with a mark on every page; kept nowhere."""
    row = get_object_or_404(access.in_hand(request.user).select_related(*RELATED), pk=pk)
    if row.facts is None:
        say(request, ["数据还没有冻结，图表和数字排不出来。请先冻结数据，再打印样稿。"])
        return redirect(row)
    facts = blocks.paper(row, at=request.now)
    try:
        made = typeset.single(
            PaperKind.BULLETIN, facts, draft={"who": request.user.display_name, "at": request.now.isoformat()}
        )
    except PaperFailed as error:
        say(request, [error.sentence])
        return redirect(row)
    record(row, verb="print", by=request.user, at=request.now)
    answer = HttpResponse(made.pdf, content_type="application/pdf")
    name = paper_rules.file_name(facts["title"], draft=True)
    answer["Content-Disposition"] = content_disposition_header("download" in request.GET, name)
    return answer
