"""Doors of letters: the list, writing one with its preview, one letter, withdrawing it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any

from django.contrib import messages
from django.db.models import Count, Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from roster import outside
from roster.accounts.doors import attempt, filled, permission
from roster.accounts.listing import ordered, page_of
from roster.accounts.roles import Permission
from roster.audit.history import history_of
from roster.committees.models import Committee
from sessions_app.letters import actions, draft, rules
from sessions_app.letters.forms import LetterFilter, LetterForm, WithdrawForm
from sessions_app.letters.models import LetterLine, LetterStage, ReminderLetter
from sessions_app.notices.models import Notice, Rhythm
from sessions_app.papers.models import IssuedPaper
from sessions_app.policies import parameters
from sessions_app.policies.rules import TONE_WORDS, left_words, tone
from sessions_app.reminders.behind import RULE, days_round, opens, tops
from sessions_app.reminders.models import DueItem

P = Permission
SORTS = {
    "number": ("year", "number", "id"),
    "issued": ("issued_at", "id"),
    "answer": ("answer_by", "id"),
    "committee": ("committee__level_order", "committee__sort_order", "committee__code", "-id"),
}


@permission(P.LETTER_READ)
@require_GET
def letter_list(request: HttpRequest) -> HttpResponse:
    """Letters to one's own committee, or to those of the subtree."""
    mine = ReminderLetter.objects.open_to(request.user, P.LETTER_READ)
    years = sorted(mine.order_by().values_list("year", flat=True).distinct(), reverse=True)
    asked = request.GET.get("under", "")
    form = LetterFilter(request.GET, years=years, committees=tops(request.user, P.LETTER_READ, asked))
    wide = bool(request.user.reach(P.LETTER_READ).paths)
    if not wide:
        del form.fields["under"]
    given = form.cleaned_data if form.is_valid() else {}
    rows = mine.filter(**{name: given[name] for name in ("year", "stage") if given.get(name)})
    if given.get("under"):
        rows = rows.filter(committee__path__startswith=given["under"].path)
    if text := given.get("q"):
        named = LetterLine.objects.filter(letter=OuterRef("pk"), what__icontains=text)
        rows = rows.filter(Q(committee__in=Committee.objects.search(text)) | Exists(named))
    rows = rows.select_related("committee", "sender")
    rows = rows.annotate(size=Count("lines"), left=Count("lines", filter=Q(lines__item__met_on__isnull=True)))
    rows, sort = ordered(request, rows, SORTS, "-number")
    page = page_of(request, rows)
    context = {
        "form": form, "page_obj": page, "sort": sort, "wide": wide, "lines": _lines(page, request.today),
        "filtered": any(request.GET.get(name) for name in form.fields), "may_issue": request.user.may(P.LETTER_ISSUE),
    }  # fmt: skip
    return render(request, "letters/list.html", context)


def _lines(page: Any, today: date) -> list[dict[str, Any]]:
    """Each letter with its stage as a tone and word, and how long is left while it stands."""
    working = days_round(today)
    values = parameters.values([RULE], [row.committee for row in page], today)
    return [
        {
            "letter": row,
            "stage": _stage(row),
            "left": left_words(row.answer_by, today, working) if row.stage == LetterStage.ISSUED else "",
            "tone": tone(row.answer_by, today, working, behind_days=values[row.committee_id][RULE]).value,
        }
        for row in page
    ]


def _stage(row: ReminderLetter) -> dict[str, str]:
    if row.stage == LetterStage.ISSUED:
        return {"tone": "near", "word": "已发出"}
    if row.withdraw_reason == rules.DONE:
        return {"tone": "ok", "word": "已撤销（办结）"}
    return {"tone": "muted", "word": "已撤销"}


# -------------------------------------------------------------------------------------------------------- writing


def _addressee(request: HttpRequest, named: str) -> Committee:
    return get_object_or_404(Committee.objects.open_to(request.user, P.LETTER_ISSUE), pk=outside.key(named))


def _open_items(committee: Committee, today: date) -> list[dict[str, Any]]:
    """The open things of a committee with tone and words, and the letter that names each already; three queries."""
    items = list(DueItem.objects.open().filter(committee=committee).order_by("due_on", "id"))
    working = draft.days_round(items, today)
    behind = parameters.value(RULE, committee, today)
    lines = LetterLine.objects.filter(item__in=items, letter__stage=LetterStage.ISSUED).select_related("letter")
    named = {line.item_id: line.letter for line in lines.order_by("letter_id")}
    rows = []
    for item in items:
        shade = tone(item.due_on, today, working, behind_days=behind)
        rows.append(
            {"item": item, "tone": shade.value, "word": TONE_WORDS[shade], "letter": named.get(item.pk),
             "left": left_words(item.due_on, today, working)}
        )  # fmt: skip
    return rows


def _choices(rows: list[dict[str, Any]]) -> list[tuple[int, str]]:
    return [(row["item"].pk, row["item"].what) for row in rows]


@permission(P.LETTER_ISSUE)
@require_http_methods(["GET", "POST"])
def letter_new(request: HttpRequest) -> HttpResponse:
    """Write to a committee that is behind; what is overdue and in no standing letter is chosen beforehand."""
    named = (request.POST if request.method == "POST" else request.GET).get("committee", "")
    if not named:
        messages.info(request, "请先选择发给哪个委员会。")
        return redirect("behind_list")
    committee = _addressee(request, named)
    if draft.sender_of(request.user, committee) is None:
        messages.error(request, rules.NOT_BELOW)
        return redirect("behind_list")
    rows = _open_items(committee, request.today)
    if request.method == "POST":
        form = LetterForm(request.POST, items=_choices(rows))
        letter = None
        if form.is_valid():
            letter = attempt(
                request,
                lambda: actions.issue(committee, **form.cleaned_data, by=request.user, at=request.now),
                form,
            )
        if letter:
            told = draft.readers(committee, request.today).words
            told = f"{told}会在收件里看到" if told else "这个委员会没有学习秘书和组长，请另行送达"
            messages.success(request, f"已发出{letter}，文书已印发。{told}。")
            return redirect(letter)
        status = 422
    else:
        late = [row["item"].pk for row in rows if row["tone"] == "overdue" and not row["letter"]]
        form = LetterForm(
            items=_choices(rows),
            initial={
                "items": late[: rules.MOST_LINES], "demand": next(iter(rules.DEMANDS.values())),
                "answer_by": draft.answer_day(request.today), "form_token": str(uuid.uuid4()),
            },
        )  # fmt: skip
        status = 200
    chosen = {str(value) for value in form["items"].value() or ()}
    for row in rows:
        row["chosen"] = str(row["item"].pk) in chosen
    context = {
        "form": form, "committee": committee, "rows": rows, "demands": rules.DEMANDS,
        "told": draft.readers(committee, request.today).words, "facts": _preview(request, committee, form, rows),
    }  # fmt: skip
    return render(request, "letters/new.html", context, status=status)


@permission(P.LETTER_ISSUE)
@require_POST
def letter_preview(request: HttpRequest) -> HttpResponse:
    """The letter as it would read, while it is being written: a fragment, nothing is kept."""
    committee = _addressee(request, request.POST.get("committee", ""))
    if draft.sender_of(request.user, committee) is None:
        return HttpResponse(rules.NOT_BELOW, status=422)
    rows = _open_items(committee, request.today)
    form = LetterForm(request.POST, items=_choices(rows))
    form.is_valid()
    return render(request, "letters/sheet.html", {"facts": _preview(request, committee, form, rows)})


def _preview(
    request: HttpRequest, committee: Committee, form: LetterForm, rows: list[dict[str, Any]]
) -> Mapping[str, Any]:
    """What stands in the form, as far as it is filled in."""
    chosen = {str(value) for value in form["items"].value() or ()}
    if form.is_bound:
        answer_by = form.cleaned_data.get("answer_by") or draft.answer_day(request.today)
    else:
        answer_by = form.initial["answer_by"]
    sender = Committee.objects.get(pk=draft.sender_of(request.user, committee))
    return draft.facts(
        committee, sender, [row["item"] for row in rows if str(row["item"].pk) in chosen],
        demand=form["demand"].value() or "", answer_by=answer_by, day=request.today, number=None,
        contact=request.user.display_name if request.user.person_id else "",
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------------ one letter


@permission(P.LETTER_READ)
@require_GET
def letter(request: HttpRequest, pk: int) -> HttpResponse:
    rows = ReminderLetter.objects.open_to(request.user, P.LETTER_READ)
    row = get_object_or_404(rows.select_related("committee", "sender", "issued_by", "paper"), pk=pk)
    stands = row.stage == LetterStage.ISSUED
    lines = list(row.lines.select_related("item").order_by("order"))
    working = draft.days_round([line.item for line in lines], request.today)
    shown = [
        {
            "what": line.what, "kind": line.item.kind_label, "due": line.due_on, "met": line.item.met_on,
            "url": line.item.url if not line.item.met_on and opens(request.user, line.item.url) else "",
            "left": left_words(line.item.due_on, request.today, working),
        }
        for line in lines
    ]  # fmt: skip
    readable = row.paper_id and IssuedPaper.objects.open_to(request.user, P.PAPER_READ).filter(pk=row.paper_id).exists()
    told = Notice.objects.filter(rhythm=Rhythm.LETTER, period=f"letter:{row.pk}").select_related("person")
    context = {
        "letter": row, "stage": _stage(row), "stands": stands, "lines": shown, "paper": row.paper if readable else None,
        "left": left_words(row.answer_by, request.today, draft.days_round([], request.today)) if stands else "",
        "told": told.order_by("person_id", "id").distinct("person_id"), "events": history_of(row),
        "withdraws": stands and ReminderLetter.objects.open_to(request.user, P.LETTER_ISSUE).filter(pk=pk).exists(),
        "open": sum(line["met"] is None for line in shown),
    }  # fmt: skip
    return render(request, "letters/letter.html", context)


@permission(P.LETTER_ISSUE)
@require_POST
def letter_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(ReminderLetter.objects.open_to(request.user, P.LETTER_ISSUE), pk=pk)
    form = WithdrawForm(request.POST)
    if filled(request, form) and attempt(
        request, lambda: actions.withdraw(row, **form.cleaned_data, by=request.user, at=request.now)
    ):
        messages.success(request, f"已撤销{row}；已印发的文书不变。")
    return redirect(row)
