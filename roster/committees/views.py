"""Doors of the committees: list, tree, one committee on any day, and its changes."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from roster.accounts.doors import attempt, permission
from roster.accounts.listing import ordered, page_of
from roster.accounts.roles import Permission
from roster.accounts.stale import overtaken
from roster.audit.forms import DayField
from roster.audit.history import told
from roster.audit.models import AuditEvent
from roster.committees import actions
from roster.committees.forms import (
    CloseForm,
    CommitteeFilter,
    EditCommitteeForm,
    MoveForm,
    NewCommitteeForm,
    RenameForm,
)
from roster.committees.models import Committee
from roster.people import actions as people_actions

WHOLE_TREE = 600  # more than this and the tree shows two levels only
SORTS = {
    "order": ("level_order", "sort_order", "code"),
    "name": ("pinyin", "code"),
    "code": ("code",),
    "members": ("member_count", "code"),
    "since": ("since", "code"),
}


class DayForm(forms.Form):
    on = DayField(label="看哪一天的名册", required=False)


def counted(rows: QuerySet[Any], day: date) -> QuerySet[Any]:
    """With `member_count` and `secretary_count` of that day, one query however many rows."""

    def of(relation: str) -> Coalesce:
        model = Committee._meta.get_field(relation).related_model
        found = model.objects.on(day).filter(committee=OuterRef("pk")).order_by().values("committee")
        return Coalesce(Subquery(found.annotate(n=Count("pk")).values("n")), 0)

    return rows.annotate(member_count=of("memberships"), secretary_count=of("secretaries"))


def _filtered(request: HttpRequest, form: CommitteeFilter, rows: QuerySet[Any]) -> QuerySet[Any]:
    given = form.cleaned_data if form.is_valid() else {}
    state = given.get("state", "")
    if state != "all":
        active = Committee.objects.active_on(request.today).values("pk")
        rows = rows.exclude(pk__in=active) if state == "closed" else rows.filter(pk__in=active)
    if given.get("q"):
        rows = rows.search(given["q"])
    if given.get("kind"):
        rows = rows.filter(kind=given["kind"])
    if given.get("level"):
        rows = rows.filter(level=given["level"])
    if given.get("under"):
        rows = rows.under(given["under"])
    return rows


@permission(Permission.COMMITTEE_READ)
@require_GET
def committee_list(request: HttpRequest) -> HttpResponse:
    mine = Committee.objects.open_to(request.user, Permission.COMMITTEE_READ)
    form = CommitteeFilter(request.GET)
    form.fields["under"].queryset = mine.filter(children__isnull=False).distinct().in_order()
    rows, sort = ordered(request, counted(_filtered(request, form, mine), request.today), SORTS, "order")
    page = page_of(request, rows.select_related("parent"))
    context = {
        "form": form, "page_obj": page, "sort": sort, "may_add": request.user.may(Permission.COMMITTEE_EDIT),
        "filtered": any(request.GET.get(name) for name in form.fields),
    }  # fmt: skip
    return render(request, "committees/list.html", context)


@permission(Permission.COMMITTEE_READ)
@require_GET
def committee_tree(request: HttpRequest) -> HttpResponse:
    mine = Committee.objects.open_to(request.user, Permission.COMMITTEE_READ).active_on(request.today)
    total = mine.count()
    rows = list(counted(mine, request.today).in_order())
    shallow = min((row.path.count("/") for row in rows), default=0) + 1
    below: dict[int | None, list[Committee]] = {}
    ids = {row.pk for row in rows}
    for row in rows:
        if total <= WHOLE_TREE or row.path.count("/") <= shallow:
            below.setdefault(row.parent_id if row.parent_id in ids else None, []).append(row)

    def branch(row: Committee) -> dict[str, Any]:
        return {"row": row, "children": [branch(child) for child in below.get(row.pk, [])]}

    context = {
        "tree": [branch(row) for row in below.get(None, [])], "total": total, "cut": total > WHOLE_TREE,
        "may_add": request.user.may(Permission.COMMITTEE_EDIT),
    }  # fmt: skip
    return render(request, "committees/tree.html", context)


@permission(Permission.COMMITTEE_READ)
@require_GET
def committee(request: HttpRequest, pk: int) -> HttpResponse:
    mine = Committee.objects.open_to(request.user, Permission.COMMITTEE_READ)
    row = get_object_or_404(mine.select_related("parent").prefetch_related("names"), pk=pk)
    form = DayForm(request.GET or None)
    day = (form.cleaned_data["on"] if form.is_valid() else None) or request.today
    members = row.memberships.on(day).select_related("person").order_by("rank", "pk")
    recent = (day - timedelta(days=366), day)
    context = {
        "committee": row,
        "name": row.name_on(day),
        "day": day,
        "is_today": day == request.today,
        "form": DayForm(initial={"on": day}) if not form.errors else form,
        "members": list(members),
        "leaving": row.memberships.filter(until__range=recent, until__lt=day).select_related("person"),
        "coming": row.memberships.filter(since__gt=day).select_related("person"),
        "secretaries": list(row.secretaries.on(day).select_related("person")),
        "former_secretaries": row.secretaries.filter(until__lt=day).select_related("person"),
        "names": sorted(row.names.all(), key=lambda name: name.since, reverse=True),
        "children": list(counted(row.children.active_on(day), day).in_order()[:50]),
        "open_below": set(mine.filter(parent=row).values_list("pk", flat=True)),
        "child_count": row.children.active_on(day).count(),
        "parent_open": row.parent_id and mine.filter(pk=row.parent_id).exists(),
        "may_edit": Committee.objects.open_to(request.user, Permission.COMMITTEE_EDIT).filter(pk=pk).exists(),
        "may_members": Committee.objects.open_to(request.user, Permission.MEMBER_EDIT).filter(pk=pk).exists(),
        "waiting": _waiting(request, row),
        "acting": list(_acting(row, day)),
        "may_acting": Committee.objects.open_to(request.user, Permission.ACTING_EDIT).filter(pk=pk).exists(),
        "events": events_about(row),
    }
    return render(request, "committees/committee.html", context)


def _acting(row: Committee, day: date) -> QuerySet[Any]:
    """Who decides in the leader's place on that day or later."""
    rows = row.acting_leaders.during(day, None).filter(ended_at=None)
    return rows.select_related("person", "given_by__person").order_by("since")


def _waiting(request: HttpRequest, row: Committee) -> list[dict[str, Any]]:
    """Terms that open nothing until another person has said yes; `may` where this user can be that person."""
    user = request.user
    may = Committee.objects.open_to(user, Permission.TERM_CONFIRM).filter(pk=row.pk).exists()
    found = []
    for name, rows in (("member_confirm", row.memberships), ("secretary_confirm", row.secretaries)):
        for term in rows.filter(confirmed=False).select_related("person", "entered_by__person"):
            another = user.person_id != term.person_id and user.pk != term.entered_by_id
            word = term.get_group_role_display() if name == "member_confirm" else "学习秘书"
            found.append({"row": term, "word": word, "may": may and another, "url": reverse(name, args=[term.pk])})
    return found


ROSTER_TYPES = ("committee", "membership", "studysecretary", "grant", "actingleader")


def events_about(row: Committee, limit: int = 12) -> list[dict[str, Any]]:
    """The last events of a committee's roster, for components/history.html."""
    found = AuditEvent.objects.filter(chain=row.pk, subject_type__in=ROSTER_TYPES)[:limit]
    return told(found, more=lambda event: f" {event.subject_label}")


def _to_edit(request: HttpRequest, pk: int) -> Committee:
    rows = Committee.objects.open_to(request.user, Permission.COMMITTEE_EDIT).select_related("parent")
    return get_object_or_404(rows, pk=pk)


def _parents(request: HttpRequest) -> QuerySet[Any]:
    return Committee.objects.open_to(request.user, Permission.COMMITTEE_EDIT).active_on(request.today).in_order()


@permission(Permission.COMMITTEE_EDIT)
@require_http_methods(["GET", "POST"])
def committee_new(request: HttpRequest) -> HttpResponse:
    form = NewCommitteeForm(request.POST or None, initial={"since": request.today, "parent": request.GET.get("parent")})
    form.fields["parent"].queryset = _parents(request)
    if request.method == "POST" and form.is_valid():
        row = attempt(request, lambda: actions.create(**form.cleaned_data, by=request.user, at=request.now), form)
        if row:
            messages.success(request, f"已新建“{row}”。下一步：增加成员和学习秘书。")
            return redirect(row)
    context = {"form": form, "title": "新建委员会", "go": "新建", "back": None}
    return render(request, "committees/form.html", context, status=_status(request))


def _status(request: HttpRequest) -> int:
    return 422 if request.method == "POST" else 200


def _change(
    request: HttpRequest,
    row: Committee,
    form: Any,
    act: Any,
    *,
    title: str,
    said: str,
    go: str = "保存",
    note: str = "",
) -> HttpResponse:
    """The one shape of the pages that change a committee: form, action, stale texts side by side."""
    conflict = None
    if request.method == "POST" and form.is_valid():
        if attempt(request, act, form):
            messages.success(request, said)
            return redirect(row)
        conflict = overtaken(form, row, request.user)
    context = {"form": form, "title": title, "go": go, "back": row, "note": note, "conflict": conflict}
    return render(request, "committees/form.html", context, status=_status(request))


@permission(Permission.COMMITTEE_EDIT)
@require_http_methods(["GET", "POST"])
def committee_edit(request: HttpRequest, pk: int) -> HttpResponse:
    row = _to_edit(request, pk)
    names = ("version", "code", "kind", "level", "by_reference", "sort_order")
    form = EditCommitteeForm(request.POST or None, initial={name: getattr(row, name) for name in names})
    return _change(
        request, row, form, lambda: actions.edit(row, **form.cleaned_data, by=request.user, at=request.now),
        title=f"修改 {row}", said="已保存。",
    )  # fmt: skip


@permission(Permission.COMMITTEE_EDIT)
@require_http_methods(["GET", "POST"])
def committee_rename(request: HttpRequest, pk: int) -> HttpResponse:
    row = _to_edit(request, pk)
    initial = {"version": row.version, "name": row.name, "short_name": row.short_name, "on": request.today}
    form = RenameForm(request.POST or None, initial=initial)
    return _change(
        request, row, form, lambda: actions.rename(row, **form.cleaned_data, by=request.user, at=request.now),
        title=f"{row} 更名", said="已更名。以前的文书仍用旧名。", go="更名",
        note="启用日期之前的文书仍用旧名，之后的用新名；排名和统计连在一起算。",
    )  # fmt: skip


@permission(Permission.COMMITTEE_EDIT)
@require_http_methods(["GET", "POST"])
def committee_move(request: HttpRequest, pk: int) -> HttpResponse:
    row = _to_edit(request, pk)
    form = MoveForm(request.POST or None, initial={"version": row.version, "parent": row.parent_id})
    form.fields["parent"].queryset = _parents(request).exclude(path__startswith=row.path)
    below = Committee.objects.under(row).count() - 1
    return _change(
        request, row, form, lambda: actions.move(row, **form.cleaned_data, by=request.user, at=request.now),
        title=f"调整 {row} 的上级", said="已调整上级。", go="调整",
        note=f"连同下级 {below} 个一起移动。原上级的审核人从下一次打开页面起看不到它，新上级的看得到。",
    )  # fmt: skip


@permission(Permission.COMMITTEE_EDIT)
@require_http_methods(["GET", "POST"])
def committee_close(request: HttpRequest, pk: int) -> HttpResponse:
    row = _to_edit(request, pk)
    form = CloseForm(request.POST or None, initial={"version": row.version, "on": request.today, "end_terms": True})

    def act() -> Committee:
        given = dict(form.cleaned_data)
        close = people_actions.wind_up if given.pop("end_terms") else actions.close
        return close(row, **given, by=request.user, at=request.now)

    return _change(
        request, row, form, act, title=f"停用 {row}", said="已停用。它的历史记录照常可查。", go="停用",
        note="停用不是删除：以前的计划、学习、记录都保留，停用之后不再计入统计和提醒。",
    )  # fmt: skip
