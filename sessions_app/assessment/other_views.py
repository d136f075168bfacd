"""Doors of results from elsewhere: the list, one of them, many pasted at once."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from roster.accounts.doors import attempt, permission
from roster.accounts.listing import ordered, page_of
from roster.accounts.roles import Permission
from roster.committees.models import Committee
from sessions_app.assessment import other_actions
from sessions_app.assessment.candidates import OWN
from sessions_app.assessment.models import OtherResult
from sessions_app.assessment.other_forms import OtherFilter, OtherForm, PasteForm

P = Permission
SORTS = {
    "year": ("year", "name", "rank", "-id"),
    "committee": ("committee__level_order", "committee__sort_order", "committee__code", "-id"),
    "score": ("score", "id"),
    "rank": ("rank", "id"),
}
HEAD = ("year", "name", "out_of", "of", "source")


@permission(P.ASSESS_RANK)
@require_GET
def other_result_list(request: HttpRequest) -> HttpResponse:
    """Reviewers and heads alone: places of other committees stand in it."""
    mine = OtherResult.objects.open_to(request.user, P.ASSESS_RANK)
    years = sorted(mine.order_by().values_list("year", flat=True).distinct(), reverse=True)
    names = sorted(mine.order_by().values_list("name", flat=True).distinct())
    form = OtherFilter(request.GET, years=years, names=names)
    given = form.cleaned_data if form.is_valid() else {}
    rows = mine.filter(**{name: given[name] for name in ("year", "name") if given.get(name)})
    if given.get("q"):
        rows = rows.filter(committee__in=Committee.objects.search(given["q"]))
    rows, sort = ordered(request, rows.select_related("committee", "entered_by"), SORTS, "-year")
    context = {
        "form": form, "page_obj": page_of(request, rows), "sort": sort, "may_edit": request.user.may(P.ASSESS_EDIT),
        "filtered": any(request.GET.get(name) for name in form.fields), "own": OWN,
    }  # fmt: skip
    return render(request, "assessment/others.html", context)


def _committees(request: HttpRequest) -> QuerySet:
    rows: QuerySet = Committee.objects.open_to(request.user, P.ASSESS_EDIT)
    return rows.in_order()


@permission(P.ASSESS_EDIT)
@require_http_methods(["GET", "POST"])
def other_result_new(request: HttpRequest) -> HttpResponse:
    posted = request.POST if request.method == "POST" else None
    initial = {"year": request.today.year - 1, "name": OWN, "out_of": 100}
    form = OtherForm(posted, committees=_committees(request), initial=initial)
    if posted is not None and form.is_valid():
        given = dict(form.cleaned_data)
        given.pop("version")
        committee = given.pop("committee")
        row = attempt(
            request,
            lambda: other_actions.save_result(committee, **given, by=request.user, at=request.now),
            form,
        )
        if row:
            messages.success(request, f"已录入{committee}的“{row}”。")
            return redirect("other_result_list")
    return render(request, "assessment/other.html", {"form": form}, status=200 if posted is None else 422)


@permission(P.ASSESS_EDIT)
@require_http_methods(["GET", "POST"])
def other_result(request: HttpRequest, pk: int) -> HttpResponse:
    rows = OtherResult.objects.open_to(request.user, P.ASSESS_EDIT)
    row = get_object_or_404(rows.select_related("committee"), pk=pk)
    posted = request.POST if request.method == "POST" else None
    initial = {name: getattr(row, name) for name in (*HEAD, "score", "rank", "version")}
    form = OtherForm(posted, committees=_committees(request), initial=initial, fixed=True)
    if posted is not None and form.is_valid():
        given = form.cleaned_data
        done = attempt(
            request,
            lambda: other_actions.save_result(row.committee, row=row, **given, by=request.user, at=request.now),
            form,
        )
        if done:
            messages.success(request, f"已保存{row.committee}的“{done}”。")
            return redirect("other_result_list")
    context = {"form": form, "row": row}
    return render(request, "assessment/other.html", context, status=200 if posted is None else 422)


@permission(P.ASSESS_EDIT)
@require_http_methods(["GET", "POST"])
def other_result_paste(request: HttpRequest) -> HttpResponse:
    """Looked at first: `save` is the second button, and refuses the whole while a line is wrong."""
    posted = request.POST if request.method == "POST" else None
    initial = {"year": request.today.year - 1, "name": OWN, "out_of": 100}
    form = PasteForm(posted, initial=initial)
    context: dict[str, Any] = {"form": form, "lines": None}
    status = 200
    if posted is not None:
        status = 422
        if form.is_valid():
            given = dict(form.cleaned_data)
            text = given.pop("lines")
            lines = other_actions.read_lines(text, _committees(request), out_of=given["out_of"], of=given["of"])
            bad = [line for line in lines if line.wrong]
            context |= {"lines": lines[:200], "bad": bad, "good": len(lines) - len(bad), "all": len(lines)}
            if "save" not in posted:
                return render(request, "assessment/others_paste.html", context)
            count = attempt(
                request,
                lambda: other_actions.paste_results(lines, **given, by=request.user, at=request.now),
                form,
            )
            if count is not None:
                messages.success(request, f"已录入 {count} 家单位的结果。")
                return redirect("other_result_list")
    return render(request, "assessment/others_paste.html", context, status=status)
