"""The one door of search: it reads, and keeps nothing of what was asked."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from roster import outside
from roster.accounts.doors import permission
from sessions_app.search import rules
from sessions_app.search.forms import SearchForm
from sessions_app.search.reader import COUNTED, Found, find
from sessions_app.search.sources import BY_KEY, SOURCES, Source

FIRST = 3  # of each kind, where all kinds are shown
A_PAGE = 20
DEEPEST = 25  # pages; who has not found it by then needs a year or another word
YEARS_BACK = 9


@permission(*dict.fromkeys(source.permission for source in SOURCES))
@require_GET
def search(request: HttpRequest) -> HttpResponse:
    mine = [source for source in SOURCES if request.user.may(source.permission)]
    kinds = [(source.key, source.label) for source in mine]
    years = list(range(request.today.year + 1, request.today.year - YEARS_BACK, -1))
    form = SearchForm(request.GET, kinds=kinds, years=years)
    form.is_valid()
    given = form.cleaned_data
    typed, year = given.get("q", ""), given.get("year")
    asked = rules.question(typed)
    context: dict[str, Any] = {"form": form, "typed": typed, "problem": asked.problem, "groups": [], "kinds": kinds}
    if asked.index and (chosen := BY_KEY.get(given.get("kind") or "")):
        page = _page(request)
        begin = (page - 1) * A_PAGE
        most = max(COUNTED, begin + A_PAGE) + 1
        found = find(chosen, request.user, asked, year=year, begin=begin, size=A_PAGE, most=most)
        context["groups"] = [_group(chosen, found, asked)]
        context |= {
            "chosen": chosen, "page": page, "earlier": page - 1,
            "later": page + 1 if found.counted > begin + A_PAGE and page < DEEPEST else 0,
            "deepest": page == DEEPEST and found.counted > begin + A_PAGE,
        }  # fmt: skip
    elif asked.index:
        answers = [
            (each, find(each, request.user, asked, year=year, begin=0, size=FIRST, most=COUNTED + 1)) for each in mine
        ]
        context["groups"] = [_group(each, found, asked) for each, found in answers if found.counted]
    context["shown"] = sum(len(group["hits"]) for group in context["groups"])
    return render(request, "search/search.html", context)


def _page(request: HttpRequest) -> int:
    asked = request.GET.get("page", "")
    return min(max(outside.whole(asked) or 1, 1), DEEPEST)


def _group(source: Source, found: Found, asked: rules.Question) -> dict[str, Any]:
    hits = []
    for row in found.rows:
        shown = source.show(row)
        hits.append({
            "title": rules.marked(shown.title, asked.terms), "snippet": rules.snippet(shown.text, asked.terms),
            "committee": shown.committee, "when": shown.when, "url": shown.url, "note": shown.note,
        })  # fmt: skip
    return {
        "key": source.key, "label": source.label, "hits": hits,
        "count": f"{COUNTED}+" if found.counted > COUNTED else str(found.counted),
        "more": found.counted > len(found.rows),
    }  # fmt: skip
