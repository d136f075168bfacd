"""Doors of local rules, the working calendar and the periods."""

import calendar as months
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from roster import outside
from roster.accounts.doors import attempt, permission
from roster.accounts.listing import ordered, page_of
from roster.accounts.roles import Permission
from roster.accounts.stale import overtaken
from roster.committees.models import Committee
from sessions_app.policies import actions
from sessions_app.policies.calendar import load
from sessions_app.policies.forms import (
    EndParameterForm,
    NewPeriodForm,
    ParameterForm,
    PeriodFilter,
    ScopeForm,
    WorkingDayForm,
)
from sessions_app.policies.models import Period, PeriodStage, PolicyParameter, WorkingDay
from sessions_app.policies.rules import GROUPS, KEYS, ancestors, nearest, shown

P = Permission
PERIOD_SORTS = {
    "year": ("year", "quarter", "committee__level_order", "pk"),
    "committee": ("committee__pinyin", "-year"),
}
TONES = {PeriodStage.OPEN: "ok", PeriodStage.CLOSED: "near", PeriodStage.FROZEN: "muted"}


GROUPED = [KEYS[key] for keys in GROUPS.values() for key in keys]


def _status(request: HttpRequest) -> int:
    return 422 if request.method == "POST" else 200


# ----------------------------------------------------------------------------------------------------- parameters


@permission(P.PARAMETER_READ, P.PARAMETER_EDIT)
@require_GET
def parameter_list(request: HttpRequest) -> HttpResponse:
    """What holds for one committee on one day, and where each value comes from."""
    mine = Committee.objects.open_to(request.user, P.PARAMETER_READ).in_order()
    form = ScopeForm(request.GET)
    form.fields["committee"].queryset = mine
    given = form.cleaned_data if form.is_valid() else {}
    home = given.get("committee") or mine.first()
    day = given.get("on") or request.today
    rows = _in_force(request, home, day) if home else []
    context = {
        "form": ScopeForm(initial={"committee": home, "on": day}), "rows": rows, "home": home, "day": day,
        "may_edit": request.user.may(P.PARAMETER_EDIT),
    }  # fmt: skip
    context["form"].fields["committee"].queryset = mine
    return render(request, "policies/parameters.html", context)


def _in_force(request: HttpRequest, home: Committee, day: date) -> list[dict[str, Any]]:
    above = PolicyParameter.objects.filter(committee_id__in=ancestors(home.path)).select_related("committee")
    by_key: dict[str, dict[int, PolicyParameter]] = {}
    for row in above.on(day).order_by("since"):
        by_key.setdefault(row.key, {})[row.committee_id] = row
    editable = set(
        Committee.objects.open_to(request.user, P.PARAMETER_EDIT)
        .filter(pk__in=ancestors(home.path))
        .values_list("pk", flat=True)
    )
    found = []
    for group, keys in GROUPS.items():
        for name in keys:
            key = KEYS[name]
            hit = nearest(home.path, by_key.get(name, {}))
            row = hit[1] if hit else None
            found.append({
                "group": group, "key": key, "value": shown(name, row.value if row else key.default), "row": row,
                "source": row.source if row else key.source, "where": row.committee if row else None,
                "may_end": row is not None and row.committee_id in editable,
            })  # fmt: skip
    return found


@permission(P.PARAMETER_READ, P.PARAMETER_EDIT)
@require_GET
def parameter_history(request: HttpRequest) -> HttpResponse:
    """Every value ever set in reach, and those from above that hold there."""
    mine = Committee.objects.open_to(request.user, P.PARAMETER_READ)
    above = {pk for path in mine.values_list("path", flat=True)[:2000] for pk in ancestors(path)}
    rows = PolicyParameter.objects.filter(Q(committee__in=mine) | Q(committee__in=above)).select_related("committee")
    key = request.GET.get("key", "")
    if key in KEYS:
        rows = rows.filter(key=key)
    rows, sort = ordered(request, rows, {"since": ("-since", "key", "pk"), "key": ("key", "-since", "pk")}, "since")
    page = page_of(request, rows)
    context = {
        "page_obj": page, "sort": sort, "key": KEYS.get(key),
        "rows": [{"row": row, "label": KEYS[row.key].label, "value": shown(row.key, row.value)} for row in page],
    }  # fmt: skip
    return render(request, "policies/parameter_history.html", context)


@permission(P.PARAMETER_EDIT)
@require_http_methods(["GET", "POST"])
def parameter_new(request: HttpRequest) -> HttpResponse:
    initial = {"since": request.today, "key": request.GET.get("key"), "committee": request.GET.get("committee")}
    form = ParameterForm(request.POST or None, initial=initial)
    form.fields["committee"].queryset = (
        Committee.objects.open_to(request.user, P.PARAMETER_EDIT).active_on(request.today).in_order()
    )
    if request.method == "POST" and form.is_valid():
        row = attempt(
            request, lambda: actions.set_parameter(**form.cleaned_data, by=request.user, at=request.now), form
        )
        if row:
            messages.success(
                request, f"已设定“{KEYS[row.key].label}”：{shown(row.key, row.value)}，自 {row.since} 起。"
            )
            return redirect(f"{reverse('parameter_list')}?committee={row.committee_id}&on={row.since}")
    return render(
        request, "policies/parameter_form.html", {"form": form, "title": "设定参数", "go": "设定", "keys": GROUPED},
        status=_status(request),
    )  # fmt: skip


@permission(P.PARAMETER_EDIT)
@require_http_methods(["GET", "POST"])
def parameter_end(request: HttpRequest, pk: int) -> HttpResponse:
    rows = PolicyParameter.objects.open_to(request.user, P.PARAMETER_EDIT).select_related("committee")
    row = get_object_or_404(rows, pk=pk)
    form = EndParameterForm(request.POST or None, initial={"version": row.version, "until": request.today})
    conflict = None
    if request.method == "POST" and form.is_valid():
        if attempt(
            request, lambda: actions.end_parameter(row, **form.cleaned_data, by=request.user, at=request.now), form
        ):
            messages.success(request, "已结束。之后用上级的值，上级没有就用默认值。")
            return redirect(f"{reverse('parameter_list')}?committee={row.committee_id}")
        conflict = overtaken(form, row, request.user)
    title = f"结束“{KEYS[row.key].label}”的设定"
    note = f"{row.committee.name}，{shown(row.key, row.value)}，自 {row.since} 起"
    context = {"form": form, "title": title, "go": "结束", "note": note, "conflict": conflict}
    return render(request, "policies/parameter_form.html", context, status=_status(request))


# --------------------------------------------------------------------------------------------------- working days


def _year_of(request: HttpRequest, asked: str) -> int:
    return outside.whole(asked, least=2000, most=2100) or request.today.year


@permission(P.WORKDAY_EDIT)
@require_http_methods(["GET", "POST"])
def working_days(request: HttpRequest) -> HttpResponse:
    year = _year_of(request, request.GET.get("year", ""))
    form = WorkingDayForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        row = attempt(
            request, lambda: actions.set_working_day(**form.cleaned_data, by=request.user, at=request.now), form
        )
        if row:
            messages.success(request, f"{row.day} 已定为{'工作日' if row.is_working else '休息日'}。")
            return redirect(f"{reverse('working_days')}?year={row.day.year}")
    days = load(date(year, 1, 1), date(year, 12, 31))
    rows = {row.day: row for row in WorkingDay.objects.filter(day__year=year)}
    grid = [{"month": month, "weeks": [
        [_cell(day, month, day in days, rows.get(day)) for day in week]
        for week in months.Calendar().monthdatescalendar(year, month)
    ]} for month in range(1, 13)]  # fmt: skip
    context = {
        "year": year, "grid": grid, "form": form, "warning": days.warning(), "total": sum(
            date(year, 1, 1) + timedelta(days=step) in days for step in range((date(year + 1, 1, 1) - date(year, 1, 1)).days)
        ),
        "marked": [row for row in sorted(rows.values(), key=lambda row: row.day) if row.overridden or row.note],
    }  # fmt: skip
    return render(request, "policies/working_days.html", context, status=_status(request))


def _cell(day: date, month: int, works: bool, row: WorkingDay | None) -> dict[str, Any]:
    if day.month != month:
        return {}
    usual = day.weekday() < 5
    return {
        "day": day, "works": works, "shift": works != usual, "sign": "" if works == usual else ("班" if works else "休"),
        "note": row.note if row else "", "hand": bool(row and row.overridden),
    }  # fmt: skip


@permission(P.WORKDAY_EDIT)
@require_POST
def working_days_seed(request: HttpRequest) -> HttpResponse:
    """Load the published calendar of a year; days set by hand stay."""
    year = _year_of(request, request.POST.get("year", ""))
    unknown = attempt(request, lambda: actions.seed_working_days([year], by=request.user, at=request.now))
    if unknown:
        messages.warning(request, f"{year} 年的放假安排还没有公布的数据，请公布后再导入，或逐日设定。")
    elif unknown is not None:
        messages.success(request, f"已导入 {year} 年的放假安排，人工调整过的日期没有动。")
    return redirect(f"{reverse('working_days')}?year={year}")


# -------------------------------------------------------------------------------------------------------- periods


@permission(P.PERIOD_EDIT)
@require_GET
def period_list(request: HttpRequest) -> HttpResponse:
    form = PeriodFilter(request.GET)
    form.fields["committee"].queryset = Committee.objects.open_to(request.user, P.PERIOD_EDIT).in_order()
    given = form.cleaned_data if form.is_valid() else {}
    rows: QuerySet[Any] = Period.objects.open_to(request.user, P.PERIOD_EDIT)
    for name in ("committee", "year", "stage"):
        if given.get(name):
            rows = rows.filter(**{name: given[name]})
    rows, sort = ordered(request, rows.select_related("committee", "unfreeze_asked_by__person"), PERIOD_SORTS, "-year")
    page = page_of(request, rows)
    for row in page:
        row.tone = TONES[row.stage]
        row.asked_by_me = row.unfreeze_asked_by_id is not None and row.unfreeze_asked_by_id == request.user.pk
    context = {
        "form": form, "page_obj": page, "sort": sort, "filtered": any(request.GET.get(name) for name in form.fields),
    }  # fmt: skip
    return render(request, "policies/periods.html", context)


@permission(P.PERIOD_EDIT)
@require_http_methods(["GET", "POST"])
def period_close(request: HttpRequest) -> HttpResponse:
    form = NewPeriodForm(request.POST or None, initial={"year": request.today.year - (request.today.month < 4)})
    form.fields["committee"].queryset = (
        Committee.objects.open_to(request.user, P.PERIOD_EDIT).active_on(request.today).in_order()
    )
    if request.method == "POST" and form.is_valid():
        row = attempt(request, lambda: actions.close_period(**form.cleaned_data, by=request.user, at=request.now), form)
        if row:
            messages.success(request, f"{row.committee} {row}已截止：内容不能再录入或修改，要改走“更正”。")
            return redirect("period_list")
    return render(request, "policies/period_form.html", {"form": form}, status=_status(request))


def _period_act(request: HttpRequest, pk: int, act: Any, said: str, **more: Any) -> HttpResponse:
    row = get_object_or_404(Period.objects.open_to(request.user, P.PERIOD_EDIT), pk=pk)
    asked = request.POST.get("version", "")
    version = outside.whole(asked)
    version = -1 if version is None else version
    if attempt(request, lambda: act(row, version=version, by=request.user, at=request.now, **more)):
        messages.success(request, f"{row.committee} {row}{said}")
    return redirect("period_list")


@permission(P.PERIOD_EDIT)
@require_POST
def period_freeze(request: HttpRequest, pk: int) -> HttpResponse:
    return _period_act(request, pk, actions.freeze_period, "已冻结。解冻须两人办理。")


@permission(P.PERIOD_EDIT)
@require_POST
def period_reopen(request: HttpRequest, pk: int) -> HttpResponse:
    reason = request.POST.get("reason", "")
    return _period_act(request, pk, actions.reopen_period, "已重新开放。", reason=reason)


@permission(P.PERIOD_EDIT)
@require_POST
def period_ask_unfreeze(request: HttpRequest, pk: int) -> HttpResponse:
    reason = request.POST.get("reason", "")
    return _period_act(request, pk, actions.ask_unfreeze, "已申请解冻，等另一人同意。", reason=reason)


@permission(P.PERIOD_EDIT)
@require_POST
def period_agree_unfreeze(request: HttpRequest, pk: int) -> HttpResponse:
    return _period_act(request, pk, actions.agree_unfreeze, "已解冻，回到“截止”。")


@permission(P.PERIOD_EDIT)
@require_POST
def period_refuse_unfreeze(request: HttpRequest, pk: int) -> HttpResponse:
    return _period_act(request, pk, actions.refuse_unfreeze, "仍然冻结，解冻申请已撤下。")
