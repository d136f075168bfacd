"""Doors of the dashboards: the overview, the table of committees, and the list behind every number."""

from dataclasses import fields, replace
from datetime import date
from typing import Any
from urllib.parse import quote

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from roster import outside
from roster.accounts.doors import permission
from roster.accounts.roles import Permission
from roster.accounts.sheets import workbook
from roster.audit.actions import record
from sessions_app.dashboards import overview, ranks
from sessions_app.dashboards.access import Place, place
from sessions_app.dashboards.exceptions import (
    KINDS,
    OTHERS,
    Found,
    below_target,
    exception_listing,
    exceptions,
    situation,
)
from sessions_app.dashboards.forms import PeriodForm, tops
from sessions_app.facts import counted
from sessions_app.facts.appraisal_drill import FURTHER, listing
from sessions_app.facts.drill import MAKERS, Listing, Narrow
from sessions_app.facts.figures import KINDS as OUTCOME_KINDS
from sessions_app.facts.figures import MODES, Figures, for_committee, for_scope
from sessions_app.facts.periods import Span, before, same_days
from sessions_app.facts.rules import percent
from sessions_app.facts.supervision import AGES, STEPS, Part
from sessions_app.facts.tables import RANKED_BY
from sessions_app.findings.models import FindingStage
from sessions_app.plans.models import ContentCategory
from sessions_app.reminders.behind import overdue_in

SIZES = (20, 50, 100)
HEAT_ROWS = 150
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
P = Permission


def asked(request: HttpRequest, permission_name: str) -> tuple[Place, PeriodForm, Span]:
    home = place(request.user, permission_name)
    here = place(request.user, permission_name, request.GET.get("committee", ""), alone=bool(request.GET.get("only")))
    choices = tops(request.user, permission_name, home.committee) | tops(request.user, permission_name, here.committee)
    form = PeriodForm(request.GET, today=request.today, committees=choices.distinct(), top=here.committee)
    form.is_valid()
    return here, form, form.span()


def figures_of(here: Place, period: Span, today: date) -> Figures:
    if here.whole:
        return for_scope(here.path, period, today=today)
    return for_committee(here.committee.pk, period, today=today)


@permission(P.DASHBOARD_READ)
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """Figures, what is behind, heat table, tables and charts of a subtree for a year, a quarter or a month."""
    here, form, period = asked(request, P.DASHBOARD_READ)
    links = overview.Links(here, period)
    figures = figures_of(here, period, request.today)
    at = situation(here.scope, here.committee, period, request.today)
    committees = counted.committees(here.scope, period).in_order()
    rows = ranks.rows_of(committees, period)
    last = same_days(before(period), period, request.today)
    below = below_target({row.committee_id: row.figures for row in rows}, at.rules["attendance_target"])
    held = exception_listing("committees_held", at).rows.count()
    page = Paginator(committees, HEAT_ROWS).get_page(request.GET.get("page"))
    return render(
        request,
        "dashboards/dashboard.html",
        {
            "place": here,
            "form": form,
            "period": period,
            "figures": overview.headline(figures, figures_of(here, last, request.today), links, held, at.rules, last),
            "found": [
                *_overdue(request, here),
                *((one, links.to(one.key)) for one in exceptions(at, below=len(below))),
            ],
            "heat": overview.heat_rows(page.object_list, links, request.today),
            "months": [f"{month}月" for month in range(1, 13)],
            "legend": overview.LEGEND,
            "page_obj": page,
            "blocks": [
                overview.month_block(links),
                overview.trend_block(links, request.today),
                overview.outcome_block(figures, links),
                overview.mode_block(figures, links),
                overview.category_block(links),
                overview.quarter_block(links),
            ],
            "behind": ranks.lines(ranks.last(rows, 10), links),
            "records": overview.record_facts(figures, links),
            "supervision_url": f"{reverse('dashboard_supervision')}?{query_of(here, period)}",
            "table_url": f"{reverse('dashboard_committees')}?{query_of(here, period)}",
        },
    )


def _overdue(request: HttpRequest, here: Place) -> list[tuple[Found, str]]:
    """What is overdue today, whatever the period shown; opens the list of who is behind."""
    if not request.user.may(P.REMINDER_READ):
        return []
    committees, items = overdue_in(here.scope.where("committee"), request.today)
    if not items:
        return []
    url = f"{reverse('behind_list')}?under={here.committee.pk}&tone=overdue{'' if here.whole else '&only=on'}"
    return [(Found("overdue", committees, f"{committees} 家有逾期事项，共 {items} 项", "overdue", ""), url)]


def query_of(here: Place, period: Span) -> str:
    parts = {**period.query(), "committee": here.committee.pk, "only": "" if here.whole else "1"}
    return "&".join(f"{name}={value}" for name, value in parts.items() if value)


@permission(P.DASHBOARD_READ)
@require_safe
def committee_table(request: HttpRequest) -> HttpResponse:
    """Every committee of the subtree with its figures: sorted, paginated, exported as shown."""
    here, form, period = asked(request, P.DASHBOARD_READ)
    links = overview.Links(here, period)
    sort = request.GET.get("sort") if request.GET.get("sort", "").lstrip("-") in ranks.SORTS else "place"
    rows = ranks.sorted_rows(ranks.rows_of(counted.committees(here.scope, period).in_order(), period), sort)
    if request.GET.get("format") == "xlsx":
        title = f"{period.label}各单位学习情况"
        note = f"{here.committee.name}，截至 {request.today}。{RANKED_BY}"
        content = workbook("各单位学习情况", ranks.HEADS, ranks.sheet_rows(rows), note=f"{title}。{note}")
        return download(request, here, title, content)
    page = Paginator(rows, _size(request)).get_page(request.GET.get("page"))
    return render(
        request,
        "dashboards/committees.html",
        {
            "place": here,
            "form": form,
            "period": period,
            "page_obj": page,
            "lines": ranks.lines(page.object_list, links),
            "columns": ranks.columns(sort),
            "ranked_by": RANKED_BY,
            "back": f"{reverse('dashboard')}?{query_of(here, period)}",
        },
    )


@permission(P.FACTS_READ, P.DASHBOARD_READ)
@require_safe
def drill(request: HttpRequest) -> HttpResponse:
    """The rows a number counts: any key of `facts`, any measure of an assessment, any exception of the overview."""
    here, form, period = asked(request, P.FACTS_READ)
    period = _until(request, period)
    found = _listing(request, here, period)
    total = found.total()
    order = request.GET.get("sort") if request.GET.get("sort") in found.orders else next(iter(found.orders), "")
    rows = found.rows.order_by(*found.orders[order]) if order else found.rows
    words = percent(total) or "待补" if found.key.endswith("_rate") else f"{total} {found.unit}"
    narrowed = _narrowed(request)
    title = f"{found.label}：{words}"
    if request.GET.get("format") == "xlsx":
        lines = (found.line(row) for row in rows)
        sheet = [[line.committee, line.title, line.day or "", line.note, line.amount] for line in lines]
        note = f"{here.committee.name}，{period.label}{narrowed}，{title}"
        heads = ("委员会", "名称", "日期", "说明", "数量")
        return download(request, here, f"{period.label}{found.label}", workbook(found.label, heads, sheet, note=note))
    page = Paginator(rows, _size(request)).get_page(request.GET.get("page"))
    context = {
        "place": here, "form": form, "period": period, "found": found, "title": title, "narrowed": narrowed,
        "page_obj": page, "lines": [found.line(row) for row in page.object_list], "total": total, "words": words,
        "hidden": [{"name": name, "value": request.GET[name]} for name in HIDDEN if request.GET.get(name)],
        "order": order, "dated": "-day" in found.orders, "back": _back(request, here, period),
    }  # fmt: skip
    return render(request, "dashboards/drill.html", context)


PART = tuple(item.name for item in fields(Part))
HIDDEN = ("key", "only", "until", "cut", "mode", "category", "kind", "sort", "per", *PART)


def _cut_off(request: HttpRequest) -> date | None:
    """The day up to which an assessment counted, where the address names one."""
    return outside.day(request.GET.get("until"))


def _until(request: HttpRequest, period: Span) -> Span:
    day = _cut_off(request)
    return replace(period, last=day) if day and period.first <= day < period.last else period


def _part(request: HttpRequest) -> Part:
    """The part of visits or findings that the address names; what is no value of a filter is left out."""
    given: dict[str, Any] = {}
    for item in fields(Part):
        value = request.GET.get(item.name, "")
        if isinstance(item.default, str):
            given[item.name] = value
        elif isinstance(item.default, bool):
            given[item.name] = bool(value)
        elif (number := outside.whole(value)) is not None:
            given[item.name] = number
    return Part(**given)


def _listing(request: HttpRequest, here: Place, period: Span) -> Listing:
    key = request.GET.get("key", "")
    if key in MAKERS or key in FURTHER:
        category = request.GET.get("category", "")
        narrow = Narrow(
            mode=request.GET.get("mode", ""),
            category=outside.whole(category, most=99),
            kind=request.GET.get("kind", ""),
            today=min(request.today, _cut_off(request) or request.today),
            viewer=request.user,
            part=_part(request),
        )
        return listing(key, here.scope, period, narrow)
    if key in KINDS or key in OTHERS:
        return exception_listing(key, situation(here.scope, here.committee, period, request.today))
    raise Http404


def _narrowed(request: HttpRequest) -> str:
    mode, kind, category = (request.GET.get(name, "") for name in ("mode", "kind", "category"))
    categories = {str(one.value): str(one.label) for one in ContentCategory}
    day = _cut_off(request)
    words = [f"截至 {day}" if day else ""]
    words += [MODES.get(mode, ""), OUTCOME_KINDS.get(kind, ""), categories.get(category, "")]
    part = _part(request)
    stages = {**dict(FindingStage.choices), "under-way": "未销号"}
    words += [str(stages.get(part.stage, "")), STEPS[part.step][0] if part.step in STEPS else ""]
    words += [
        AGES[part.age][0] if part.age in AGES else "",
        "重复发生" if part.recurs else "",
        "逾期" if part.late else "",
    ]
    words += ["只有一名旁听人看过" if part.alone else ""]
    words += ["其中一部分" if part.department or part.team or part.observer or part.type else ""]
    return "".join(f" · {word}" for word in words if word)


def _back(request: HttpRequest, here: Place, period: Span) -> str:
    if request.user.may(P.DASHBOARD_READ):
        return f"{reverse('dashboard')}?{query_of(here, period)}"
    return ""


def _size(request: HttpRequest) -> int:
    per = request.GET.get("per", "")
    size = outside.whole(per)
    return size if size in SIZES else SIZES[0]


def download(request: HttpRequest, here: Place, name: str, content: bytes) -> HttpResponse:
    """The record keeps who took which list."""
    told = {"list": name, "query": request.GET.urlencode()[:500]}
    record(here.committee, verb="export", by=request.user, at=request.now, data=told, chain=here.committee.pk)
    response = HttpResponse(content, content_type=XLSX)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}.xlsx"
    response["X-Content-Type-Options"] = "nosniff"
    return response
