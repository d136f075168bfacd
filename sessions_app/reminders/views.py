"""Doors of the reminders: who is behind, by committee and item by item."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from roster.accounts.doors import permission
from roster.accounts.listing import ordered, page_of
from roster.accounts.roles import Permission
from roster.accounts.sheets import workbook
from roster.audit.actions import record
from roster.committees.models import Committee
from sessions_app.policies.rules import TONE_WORDS, Tone
from sessions_app.reminders import behind
from sessions_app.reminders.forms import BehindForm

P = Permission
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
COMMITTEE_HEADS = ("委员会", "逾期", "紧迫", "临近", "合计", "最早逾期", "提醒函", "未撤销")
ITEM_HEADS = ("委员会", "事项", "类别", "期限", "缓急", "剩余", "已告知", "升级告知")


@permission(P.REMINDER_READ)
@require_safe
def behind_list(request: HttpRequest) -> HttpResponse:
    """Open due items of the subtree: figures that open their lists, then by committee or item by item."""
    day = request.today
    form = BehindForm(request.GET, committees=behind.tops(request.user, P.REMINDER_READ, request.GET.get("under", "")))
    asked = form.asked()
    working = behind.days_round(day)
    found = behind.rows(request.user, P.REMINDER_READ, asked, day, working)
    by_item = request.GET.get("by") == "item"
    if by_item:
        shown = found.filter(tone=asked.tone) if asked.tone else found
        shown, sort = ordered(request, shown.select_related("committee"), behind.ITEM_SORTS, "due")
    else:
        shown, sort = ordered(request, behind.by_committee(found, asked.tone), behind.COMMITTEE_SORTS, "-overdue")
    at = behind.as_of(day, working)
    if request.GET.get("format") == "xlsx":
        return _workbook(request, shown, by_item, f"{at.words}{_narrowed(form)}", working)
    page = page_of(request, shown)
    context = {
        "form": form, "figures": _figures(request, behind.figures(found)), "page_obj": page, "sort": sort,
        "by_item": by_item, "as_of": at, "filtered": any(request.GET.get(name) for name in form.fields),
        "kept": [{"name": name, "value": request.GET[name]} for name in ("by", "per") if request.GET.get(name)],
        "tabs": [
            {"label": label, "url": _address(request, by=by, sort="", page=""), "here": by_item == bool(by)}
            for label, by in (("按委员会", ""), ("按事项", "item"))
        ],
        "lines": _lines(request, page, working) if by_item else _committees(request, page),
    }  # fmt: skip
    return render(request, "reminders/behind.html", context)


def _own(request: HttpRequest) -> list[int]:
    return [hold.committee_id for hold in request.user.holds_with(P.REMINDER_READ)]


def _address(request: HttpRequest, **changed: str) -> str:
    """This page with some of its words changed; an empty one is left out."""
    query = request.GET.copy()
    for name, value in changed.items():
        query[name] = value
    for name in [name for name in query if not query[name]]:
        del query[name]
    return f"{reverse('behind_list')}?{query.urlencode()}"


def _figures(request: HttpRequest, counted: dict[str, int]) -> list[dict[str, Any]]:
    def figure(label: str, key: str, unit: str, by: str, tone: Tone) -> dict[str, Any]:
        url = _address(request, by=by, tone=tone.value, sort="", page="", format="")
        return {"label": label, "value": counted[key], "unit": unit, "url": url}

    return [
        figure("有逾期的委员会", "committees", "家", "", Tone.OVERDUE),
        figure("逾期事项", Tone.OVERDUE.value, "项", "item", Tone.OVERDUE),
        figure("紧迫", Tone.BEHIND.value, "项", "item", Tone.BEHIND),
        figure("临近", Tone.NEAR.value, "项", "item", Tone.NEAR),
    ]


def _name(row: dict[str, Any]) -> str:
    return row["committee__short_name"] or row["committee__name"]


def _committees(request: HttpRequest, page: Any) -> list[dict[str, Any]]:
    letters = behind.letters_of([row["committee_id"] for row in page])
    writable = request.user.reach(P.LETTER_ISSUE).paths
    return [
        {
            **row, "name": _name(row), "letters": letters.get(row["committee_id"], (0, 0)),
            "items_url": _address(request, by="item", under=str(row["committee_id"]), only="on", sort="", page=""),
            "may_write": any(row["committee__path"].startswith(path) and row["committee__path"] != path for path in writable),
        }
        for row in page
    ]  # fmt: skip


def _lines(request: HttpRequest, page: Any, working: Any) -> list[dict[str, Any]]:
    return [
        {
            "line": line,
            "opens": behind.opens(request.user, line.item.url),
            "word": line.left if line.tone == Tone.OVERDUE else f"{TONE_WORDS[Tone(line.tone)]}，{line.left}",
        }
        for line in behind.lines(list(page), request.today, working)
    ]


def _narrowed(form: BehindForm) -> str:
    """The filters in words, for the head of an exported list."""
    asked = form.asked()
    kinds, tones = dict(form.fields["kind"].choices), dict(form.fields["tone"].choices)
    under = f"{asked.under or ''}{'本级' if asked.alone else ''}"
    words = [under, kinds.get(asked.kind, ""), tones.get(asked.tone, ""), asked.text]
    chosen = [
        word for word, given in zip(words, (asked.under, asked.kind, asked.tone, asked.text), strict=True) if given
    ]
    return "，只列：" + "、".join(chosen) if chosen else ""


def _workbook(request: HttpRequest, shown: Any, by_item: bool, note: str, working: Any) -> HttpResponse:
    """Exactly what is listed, all pages of it; the record keeps who took it."""
    if by_item:
        title, heads = "到期事项", ITEM_HEADS
        sheet = (
            (
                str(line.item.committee), line.item.what, line.item.kind_label, line.item.due_on,
                TONE_WORDS[Tone(line.tone)], line.left, line.told_words, line.escalated,
            )
            for line in behind.in_chunks(shown, request.today, working)
        )  # fmt: skip
    else:
        title, heads = "各单位到期事项", COMMITTEE_HEADS
        rows = list(shown)
        letters = behind.letters_of([row["committee_id"] for row in rows])
        sheet = (
            (
                _name(row), row["overdue"], row["behind"], row["near"], row["total"], row["oldest"] or "",
                *letters.get(row["committee_id"], (0, 0)),
            )
            for row in rows
        )  # fmt: skip
    here = Committee.objects.get(pk=_own(request)[0])
    content = workbook(title, heads, sheet, note=f"{here}，{note}")
    told = {"list": title, "query": request.GET.urlencode()[:500]}
    record(here, verb="export", by=request.user, at=request.now, data=told, chain=here.pk)
    answer = HttpResponse(content, content_type=XLSX)
    answer["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(title)}.xlsx"
    return answer
