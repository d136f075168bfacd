"""The door of coverage: who has not been visited, by year, team and area; every number opens its list."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from roster import outside
from roster.accounts.doors import permission
from roster.accounts.listing import page_of
from roster.accounts.roles import Permission
from roster.accounts.sheets import workbook
from roster.audit.actions import record
from roster.committees.models import Committee
from sessions_app.policies import parameters
from sessions_app.visits import coverage as reading
from sessions_app.visits.forms import CoverageFilter
from sessions_app.visits.views import sheet_answer

P = Permission
HEADS = ["编码", "单位", "范围", "包片组", "最近旁听", "相隔月数", "旁听年度"]


def _department(request: HttpRequest) -> Committee:
    """The one asked for among those over which a grant stands, else the highest."""
    own = Committee.objects.filter(path__in=request.user.reach(P.DASHBOARD_READ).paths).order_by("path")
    asked = request.GET.get("department", "")
    found = own.filter(pk=outside.key(asked)).first() if outside.key(asked) else own.first()
    if found is None:
        raise Http404
    return found


@permission(P.DASHBOARD_READ)
@require_GET
def coverage(request: HttpRequest) -> HttpResponse:
    department = _department(request)
    found = reading.rows(department, on=request.today)
    teams = sorted({(str(row.team_id), row.team) for row in found if row.team_id}, key=lambda one: int(one[0]))
    parents = [row.committee.pk for row in found if row.area == row.committee]
    form = CoverageFilter(
        request.GET, teams=[*teams, ("none", "没有包片")],
        places=Committee.objects.filter(pk__in=parents, children__isnull=False).distinct().in_order(),
    )  # fmt: skip
    wanted: dict[str, Any] = form.cleaned_data if form.is_valid() else {}
    usual = int(parameters.value("visit_coverage_months", department, request.today))
    months = wanted.get("months") or usual
    since = reading.months_back(request.today, months)
    rows = reading.chosen(found, since=since, wanted=wanted)
    rows.sort(key=lambda row: (row.last_on is not None, row.last_on or request.today))
    if request.GET.get("format") == "xlsx":
        return _sheet(request, department, rows)
    kept = {"months": months, "department": department.pk}

    def opens(**more: Any) -> str:
        return f"?{urlencode({**kept, **more})}#list"

    seen = sum(row.seen_since(since) for row in found)
    context = {
        "department": department, "form": form, "page_obj": page_of(request, rows), "months": months, "shown": len(rows),
        "figures": [
            {"label": "单位", "value": len(found), "unit": "家", "url": opens()},
            {"label": f"{months} 个月内已旁听", "value": seen, "unit": "家", "url": opens(state="seen")},
            {"label": "覆盖率", "value": f"{seen / len(found):.1%}" if found else None, "url": opens(state="seen"),
             "note": f"{seen} / {len(found)}"},
            {"label": f"{months} 个月内未旁听", "value": len(found) - seen, "unit": "家", "url": opens(state="unseen"),
             "tone": "behind" if seen < len(found) else ""},
            {"label": "从未旁听", "value": sum(row.last_on is None for row in found), "unit": "家",
             "url": opens(state="never")},
        ],
        "years": [
            {**line, "seen_url": opens(year=line["year"]),
             "until_url": opens(first=request.today.year - reading.YEARS + 1, until=line["year"])}
            for line in reading.by_year(found, request.today)
        ],
        "tables": [
            ("按包片组", "包片组", [_line(one, opens, {"team": one.key}) for one in reading.by_team(found, since)]),
            ("按范围", "范围", [
                _line(one, opens, {"alone": "on"} if one.key == "alone" else {"under": one.key})
                for one in reading.by_area(found, since)
            ]),
        ],
        "filtered": any(wanted.get(name) for name in form.fields if name != "months"), "since": since,
    }  # fmt: skip
    if not form.is_valid():
        messages.error(request, "筛选条件有误，已按全部显示。")
    return render(request, "visits/coverage.html", context)


def _line(one: reading.Count, opens: Any, named: dict[str, str]) -> dict[str, Any]:
    return {
        "count": one, "total_url": opens(**named), "seen_url": opens(state="seen", **named),
        "unseen_url": opens(state="unseen", **named),
    }  # fmt: skip


def _sheet(request: HttpRequest, department: Committee, rows: list[reading.Row]) -> HttpResponse:
    lines = [
        [
            row.committee.code, row.committee.name, str(row.area), row.team, row.last_on or "从未旁听",
            "" if row.months is None else row.months, row.year_words,
        ]
        for row in rows
    ]  # fmt: skip
    record(
        department, verb="export", by=request.user, at=request.now,
        data={"list": "旁听覆盖", "query": request.GET.urlencode()[:500]},
    )  # fmt: skip
    return sheet_answer("旁听覆盖", workbook("旁听覆盖", HEADS, lines, note=f"{department.name}，截至 {request.today}"))
