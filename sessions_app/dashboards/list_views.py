"""Doors of the three lists: 学习清单, 问题清单, 整改清单 of a committee or all below it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from roster.accounts.doors import permission
from roster.accounts.listing import page_of
from roster.accounts.roles import Permission
from roster.accounts.sheets import workbook
from roster.committees.models import Committee
from sessions_app.dashboards import overview
from sessions_app.dashboards.access import Place
from sessions_app.dashboards.exceptions import exception_listing, situation
from sessions_app.dashboards.lists import LISTS, ThreeList
from sessions_app.dashboards.views import asked, download, query_of
from sessions_app.facts.drill import Narrow, listing
from sessions_app.facts.periods import Span

P = Permission


@permission(P.FACTS_READ)
@require_safe
def list_learning(request: HttpRequest) -> HttpResponse:
    return _list(request, "learning")


@permission(P.FACTS_READ)
@require_safe
def list_findings(request: HttpRequest) -> HttpResponse:
    return _list(request, "findings")


@permission(P.FACTS_READ)
@require_safe
def list_rectification(request: HttpRequest) -> HttpResponse:
    return _list(request, "rectification")


def _list(request: HttpRequest, key: str) -> HttpResponse:
    here, form, period = asked(request, P.FACTS_READ)
    found = LISTS[key](here, period, request.today, request.user)
    if request.GET.get("format") == "xlsx":
        lines = [[cell.text for cell in cells] for cells in found.cells(list(found.rows))]
        note = f"{here.committee.name}{'及以下各单位' if here.whole else ''}，{period.label}，共 {len(lines)} {found.unit}，截至 {request.today}"
        content = workbook(found.title, found.heads, lines, note=note)
        return download(request, here, f"{period.label}{found.title}", content)
    page = page_of(request, found.rows)
    own = "" if here.whole else "&only=1"
    context = {
        "place": here, "form": form, "period": period, "found": found, "page_obj": page,
        "lines": [
            [
                {"label": label, "cell": cell, "is_head": at == found.head}
                for at, (label, cell) in enumerate(zip(found.heads, cells, strict=True))
            ]
            for cells in found.cells(list(page))
        ],
        "figures": _figures(request, here, period, found), "hidden": [{"name": "only", "value": "1"}] if request.GET.get("only") else [],
        "tabs": [
            {"label": label, "url": f"{reverse(f'list_{name}')}?{query_of(here, period)}", "here": name == key}
            for name, label in (("learning", "学习清单"), ("findings", "问题清单"), ("rectification", "整改清单"))
        ],
        "print_url": f"{reverse('paper_print', args=[found.paper, here.committee.pk])}?year={period.year}{own}",
        "issue_url": _issue(request, here, found.paper, f"?year={period.year}{own}"),
        "notice": _notice(request, here) if key == "rectification" else {},
    }  # fmt: skip
    return render(request, "dashboards/three_list.html", context)


def _figures(request: HttpRequest, here: Place, period: Span, found: ThreeList) -> list[dict[str, object]]:
    """The figures of `facts` that this list spells out; each opens its own list."""
    links = overview.Links(here, period)
    shown = []
    for key in found.keys:
        if key == "items_behind":
            one = exception_listing(key, situation(here.scope, here.committee, period, request.today))
        else:
            one = listing(key, here.scope, period, Narrow(today=request.today, viewer=request.user))
        shown.append({"label": one.label, "value": one.total(), "unit": one.unit, "url": links.to(key)})
    return shown


def _issue(request: HttpRequest, here: Place, kind: str, query: str) -> str:
    if not Committee.objects.open_to(request.user, P.PAPER_ISSUE).filter(pk=here.committee.pk).exists():
        return ""
    return reverse("paper_issue", args=[kind, here.committee.pk]) + query


def _notice(request: HttpRequest, here: Place) -> dict[str, str]:
    """整改通知 to the one unit on the page, by whom it may be sent."""
    if here.whole and Committee.objects.filter(parent=here.committee).exists():
        return {}
    if not Committee.objects.open_to(request.user, P.FINDING_CONFIRM).filter(pk=here.committee.pk).exists():
        return {}
    kind = ["rect-notice", here.committee.pk]
    return {"print": reverse("paper_print", args=kind), "issue": reverse("paper_issue", args=kind)}
