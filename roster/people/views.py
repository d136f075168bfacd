"""Doors of people: list, one person, members and secretaries of a committee, the picker."""

from calendar import monthrange
from datetime import date
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from roster import outside
from roster.accounts.access import mergeable, records_kept_by
from roster.accounts.doors import attempt, filled, permission
from roster.accounts.listing import ordered, page_of
from roster.accounts.rehearsal import confirmed, rehearse, seal
from roster.accounts.roles import Permission
from roster.accounts.stale import overtaken
from roster.audit.forms import VersionForm
from roster.committees.models import Committee
from roster.people import actions, impact
from roster.people.forms import (
    ChangesFilter,
    EditMemberForm,
    EditPersonForm,
    EndMemberForm,
    EndSecretaryForm,
    MergeForm,
    NewMemberForm,
    NewPersonForm,
    NewSecretaryForm,
    PersonFilter,
    UnmergeForm,
)
from roster.people.models import Membership, Person, StudySecretary
from roster.people.rules import Term

P = Permission
SORTS = {"name": ("pinyin", "code"), "code": ("code",)}
PICKED = 20


def _with_places(rows: QuerySet[Any], day: date) -> QuerySet[Any]:
    """With `now` and `keeping`: what a person is on that day, two queries for all."""
    members = Membership.objects.on(day).select_related("committee").order_by("since")
    keepers = StudySecretary.objects.on(day).select_related("committee")
    return rows.prefetch_related(
        Prefetch("memberships", queryset=members, to_attr="now"),
        Prefetch("secretaryships", queryset=keepers, to_attr="keeping"),
    )


def _filtered(form: PersonFilter, rows: QuerySet[Any], day: date) -> QuerySet[Any]:
    given = form.cleaned_data if form.is_valid() else {}
    if given.get("q"):
        rows = rows.search(given["q"])
    members = Membership.objects.on(day).filter(person=OuterRef("pk"))
    keepers = StudySecretary.objects.on(day).filter(person=OuterRef("pk"))
    where = given.get("committee")
    if where:
        members, keepers = members.filter(committee=where), keepers.filter(committee=where)
    role = given.get("role")
    if role == "SECRETARY":
        return rows.filter(Exists(keepers))
    if role == "NONE":
        return rows.exclude(Exists(members)).exclude(Exists(keepers))
    if role:
        return rows.filter(Exists(members.filter(group_role=role)))
    return rows.filter(Exists(members) | Exists(keepers)) if where else rows


@permission(P.MEMBER_EDIT, P.COMMITTEE_READ)
@require_GET
def person_list(request: HttpRequest) -> HttpResponse:
    form = PersonFilter(request.GET)
    form.fields["committee"].queryset = Committee.objects.open_to(request.user, P.COMMITTEE_READ).in_order()
    rows = _filtered(form, Person.objects.open_to(request.user, P.COMMITTEE_READ).current(), request.today)
    rows, sort = ordered(request, rows, SORTS, "name")
    context = {
        "form": form, "page_obj": page_of(request, _with_places(rows, request.today)), "sort": sort,
        "may_add": request.user.may(P.ACCOUNT_EDIT) or request.user.may(P.COMMITTEE_EDIT),
        "filtered": any(request.GET.get(name) for name in form.fields),
    }  # fmt: skip
    return render(request, "people/list.html", context)


CHANGE_SORTS = {"since": ("since", "pk"), "committee": ("committee__level_order", "committee__sort_order", "since")}


@permission(P.COMMITTEE_READ)
@require_GET
def member_changes(request: HttpRequest) -> HttpResponse:
    """成员变动: who joined or left in a year or month, as the departments are told of it; one query a page and its count."""
    form = ChangesFilter(request.GET, today=request.today)
    given = form.cleaned_data if form.is_valid() else {}
    year, month = given.get("year") or request.today.year, given.get("month")
    first = date(year, month or 1, 1)
    last = date(year, month or 12, monthrange(year, month or 12)[1])
    rows = Membership.objects.open_to(request.user, P.COMMITTEE_READ).changed_in(first, last)
    rows, sort = ordered(request, rows.select_related("committee", "person"), CHANGE_SORTS, "-since")
    page = page_of(request, rows)
    for row in page:
        row.joined, row.left = first <= row.since <= last, row.until is not None and first <= row.until <= last
    return render(request, "people/changes.html", {"form": form, "page_obj": page, "sort": sort})


@permission(P.COMMITTEE_READ)
@require_GET
def person_pick(request: HttpRequest) -> JsonResponse:
    """`?q=` by name, code, pinyin or initials; `?committee=` only the members there on `?on=` (today).

    Outside one's own committees a person is found by the full name only, by who may enter members: the person who
    is transferred must be found, and nobody can leaf through the others.
    """
    text = request.GET.get("q", "").strip()[:40]
    rows = Person.objects.open_to(request.user, P.COMMITTEE_READ).current()
    where = request.GET.get("committee", "")
    if where:
        mine = Committee.objects.open_to(request.user, P.COMMITTEE_READ)
        home = get_object_or_404(mine, pk=outside.key(where))
        day = outside.day(request.GET.get("on")) or request.today
        rows = rows.filter(Exists(Membership.objects.on(day).filter(committee=home, person=OuterRef("pk"))))
    if text:
        rows = rows.search(text)
    found = list(rows.order_by("pinyin", "code")[:PICKED])
    if text and not where and len(text) >= 2 and request.user.may(P.MEMBER_EDIT):
        known = {row.pk for row in found}
        others = Person.objects.named(text) | Person.objects.filter(code=text)
        found += [row for row in others.current()[:PICKED] if row.pk not in known]
    results = [{"value": row.pk, "text": f"{row.name}（{row.code}）", "pinyin": row.pinyin} for row in found]
    return JsonResponse({"results": results})


@permission(P.COMMITTEE_READ)
@require_GET
def person(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Person.objects.open_to(request.user, P.COMMITTEE_READ), pk=pk)
    mine = Committee.objects.open_to(request.user, P.COMMITTEE_READ).values("pk")
    # What a person is elsewhere is told by name and dates only to who may see that committee.
    files = [row.pk, *row.merged.values_list("pk", flat=True)]
    members = Membership.objects.filter(person__in=files, committee__in=mine).select_related("committee", "person")
    keepers = StudySecretary.objects.filter(person__in=files, committee__in=mine).select_related("committee")
    may_merge = mergeable(request.user, P.PERSON_MERGE).filter(pk=pk).exists()
    context = {
        "person": row,
        "memberships": members.order_by("-since"),
        "secretaryships": keepers.order_by("-since"),
        "merged": list(row.merged.order_by("code")),
        "may_merge": may_merge,
        "may_edit": _editable(request).filter(pk=pk).exists(),
        "has_account": hasattr(row, "user"),
        "may_account": request.user.may(P.ACCOUNT_EDIT),
    }
    return render(request, "people/person.html", context)


def _editable(request: HttpRequest) -> QuerySet[Any]:
    held = P.MEMBER_EDIT if request.user.may(P.MEMBER_EDIT) else P.ACCOUNT_EDIT
    return records_kept_by(request.user, held, request.today)


def _status(request: HttpRequest) -> int:
    return 422 if request.method == "POST" else 200


@permission(P.ACCOUNT_EDIT, P.COMMITTEE_EDIT)
@require_http_methods(["GET", "POST"])
def person_new(request: HttpRequest) -> HttpResponse:
    """Somebody who belongs to no committee yet (an administrator, a reviewer); members are entered with their committee."""
    form = NewPersonForm(request.POST or None, initial={"code": actions.next_code()})
    if request.method == "POST" and form.is_valid():
        row = attempt(
            request, lambda: actions.create_person(**form.cleaned_data, by=request.user, at=request.now), form
        )
        if row:
            messages.success(request, f"已建档：{row}（{row.code}）。")
            return redirect(
                row if Person.objects.open_to(request.user, P.COMMITTEE_READ).filter(pk=row.pk) else "person_list"
            )
    return render(
        request, "people/form.html", {"form": form, "title": "新建人员", "go": "新建"}, status=_status(request)
    )


@permission(P.MEMBER_EDIT, P.ACCOUNT_EDIT)
@require_http_methods(["GET", "POST"])
def person_edit(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(_editable(request), pk=pk)
    names = ("version", "name", "code", "phone", "email")
    form = EditPersonForm(request.POST or None, initial={name: getattr(row, name) for name in names})
    conflict = None
    if request.method == "POST" and form.is_valid():
        act = lambda: actions.edit_person(row, **form.cleaned_data, by=request.user, at=request.now)
        if attempt(request, act, form):
            messages.success(request, "已保存。")
            return redirect(row)
        conflict = overtaken(form, row, request.user)
    context = {"form": form, "title": f"修改 {row}", "go": "保存", "back": row, "conflict": conflict}
    return render(request, "people/form.html", context, status=_status(request))


@permission(P.PERSON_MERGE)
@require_http_methods(["GET", "POST"])
def person_merge(request: HttpRequest, pk: int) -> HttpResponse:
    """`pk` stays; the other is merged into it. What the other is made of is shown before the second click."""
    reach = mergeable(request.user, P.PERSON_MERGE)
    row = get_object_or_404(reach, pk=pk)
    form = MergeForm(request.POST or None)
    form.fields["other"].queryset = reach
    warnings: list[str] = []
    if request.method == "POST" and form.is_valid():
        act = lambda: actions.merge_person(row, **form.cleaned_data, by=request.user, at=request.now)
        if attempt(request, lambda: rehearse(act), form):
            warnings = impact.of_merge(row, form.cleaned_data["other"])
            if confirmed(request, form, warnings) and attempt(request, act, form):
                messages.success(request, "已合并。两份档案的任职都列在这里。")
                return redirect(row)
    context = {"form": form, "person": row, "warnings": warnings, "seal": seal(form, warnings) if warnings else ""}
    return render(request, "people/merge.html", context, status=_status(request))


@permission(P.PERSON_MERGE)
@require_POST
def person_unmerge(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(mergeable(request.user, P.PERSON_MERGE), pk=pk)
    form = UnmergeForm(request.POST)
    if filled(request, form):
        act = lambda: actions.unmerge_person(row, **form.cleaned_data, by=request.user, at=request.now)
        if attempt(request, act):
            messages.success(request, f"已取消合并：{row.name}（{row.code}）又是单独的一份档案。")
    return redirect(row)


def _two_steps(
    request: HttpRequest, form: Any, act: Any, warn: Any, *, home: Committee, row: Any = None, **context: Any
) -> HttpResponse:
    """A form whose save is first rehearsed; what it touches is shown, and saved on the second click."""
    warnings: list[str] = []
    conflict = None
    if request.method == "POST" and form.is_valid():
        if attempt(request, lambda: rehearse(act), form):
            warnings = warn()
            if confirmed(request, form, warnings) and attempt(request, act, form):
                messages.success(request, context["said"])
                return redirect(home)
        if row is not None:
            conflict = overtaken(form, row, request.user)
    context |= {
        "form": form, "committee": home, "warnings": warnings, "seal": seal(form, warnings) if warnings else "",
        "conflict": conflict,
    }  # fmt: skip
    return render(request, "people/term.html", context, status=_status(request))


def _home(request: HttpRequest, pk: int) -> Committee:
    return get_object_or_404(Committee.objects.open_to(request.user, P.MEMBER_EDIT), pk=pk)


def _somebody(request: HttpRequest, given: dict[str, Any]) -> Person:
    """The person chosen, or the new one entered in the same go; for use inside the action's transaction."""
    name, phone, known = given.pop("new_name"), given.pop("new_phone"), given.pop("person")
    return known or actions.create_person(name=name, phone=phone, by=request.user, at=request.now)


@permission(P.MEMBER_EDIT)
@require_http_methods(["GET", "POST"])
def member_new(request: HttpRequest, pk: int) -> HttpResponse:
    home = _home(request, pk)
    ranks = home.memberships.on(request.today).exclude(rank=999).values_list("rank", flat=True)
    form = NewMemberForm(request.POST or None, initial={"since": request.today, "rank": max(ranks, default=0) + 1})
    form.fields["person"].queryset = Person.objects.all()

    @transaction.atomic
    def act() -> Membership:
        given = dict(form.cleaned_data)
        who = _somebody(request, given)
        return actions.add_membership(committee=home, person=who, **given, by=request.user, at=request.now)

    def warn() -> list[str]:
        given = form.cleaned_data
        who = given["person"] or Person(name=given["new_name"])
        term = Term(given["since"], given["until"])
        lines = impact.of_term(home, who, None, term)
        if who.pk:
            return [*lines, *impact.of_role(home, who, given["group_role"], term)]
        same = Person.objects.current().named(given["new_name"]).count()
        again = [f"库里已有 {same} 名叫“{who.name}”的人；如果是同一人，请在“人员”里选，不要重复建档。"] if same else []
        return [*again, *lines, *impact.of_role(home, Person(pk=0), given["group_role"], term)]

    return _two_steps(request, form, act, warn, home=home, title="增加成员", go="增加", said="已增加成员。")


def _membership(request: HttpRequest, pk: int) -> Membership:
    rows = Membership.objects.open_to(request.user, P.MEMBER_EDIT).select_related("committee", "person")
    return get_object_or_404(rows, pk=pk)


@permission(P.MEMBER_EDIT)
@require_http_methods(["GET", "POST"])
def member_edit(request: HttpRequest, pk: int) -> HttpResponse:
    row = _membership(request, pk)
    names = ("version", "group_role", "post", "rank", "primary_responsible", "since", "until", "end_reason")
    form = EditMemberForm(request.POST or None, initial={name: getattr(row, name) for name in names})
    before = Term(row.since, row.until)

    def warn() -> list[str]:
        given = form.cleaned_data
        term = Term(given["since"], given["until"])
        return [
            *impact.of_term(row.committee, row.person, before, term),
            *impact.of_role(row.committee, row.person, given["group_role"], term, but=row.pk),
            *impact.of_history(row, given["group_role"], request.today),
        ]

    return _two_steps(
        request, form, lambda: actions.edit_membership(row, **form.cleaned_data, by=request.user, at=request.now), warn,
        home=row.committee, row=row, title=f"修改 {row.person} 的任期", go="保存", said="已保存。",
    )  # fmt: skip


@permission(P.MEMBER_EDIT)
@require_http_methods(["GET", "POST"])
def member_end(request: HttpRequest, pk: int) -> HttpResponse:
    row = _membership(request, pk)
    form = EndMemberForm(request.POST or None, initial={"version": row.version, "until": request.today})

    def warn() -> list[str]:
        after = Term(row.since, form.cleaned_data["until"])
        return impact.of_term(row.committee, row.person, Term(row.since, row.until), after)

    return _two_steps(
        request, form, lambda: actions.end_membership(row, **form.cleaned_data, by=request.user, at=request.now), warn,
        home=row.committee, row=row, title=f"结束 {row.person} 的任期", go="结束任期", said=f"{row.person}的任期已结束。",
    )  # fmt: skip


def _confirm(request: HttpRequest, model: type[Any], pk: int) -> HttpResponse:
    """Another person's yes to a leader's, deputy's or secretary's term."""
    rows = model.objects.open_to(request.user, P.TERM_CONFIRM).select_related("committee", "person")
    row = get_object_or_404(rows, pk=pk)
    form = VersionForm(request.POST)
    if filled(request, form):
        version = form.cleaned_data["version"]
        if attempt(request, lambda: actions.confirm_term(row, version=version, by=request.user, at=request.now)):
            messages.success(request, f"已确认 {row.person} 的任期，下一次打开页面起生效。")
    return redirect(row.committee)


@permission(P.TERM_CONFIRM)
@require_POST
def member_confirm(request: HttpRequest, pk: int) -> HttpResponse:
    return _confirm(request, Membership, pk)


@permission(P.TERM_CONFIRM)
@require_POST
def secretary_confirm(request: HttpRequest, pk: int) -> HttpResponse:
    return _confirm(request, StudySecretary, pk)


@permission(P.MEMBER_EDIT)
@require_http_methods(["GET", "POST"])
def secretary_new(request: HttpRequest, pk: int) -> HttpResponse:
    home = _home(request, pk)
    form = NewSecretaryForm(request.POST or None, initial={"since": request.today})
    form.fields["person"].queryset = Person.objects.all()

    @transaction.atomic
    def act() -> StudySecretary:
        given = dict(form.cleaned_data)
        who = _somebody(request, given)
        return actions.add_secretary(committee=home, person=who, **given, by=request.user, at=request.now)

    def warn() -> list[str]:
        given = form.cleaned_data
        others = home.secretaries.during(given["since"], given["until"]).count()
        return [f"同期已有 {others} 名学习秘书，通常一个委员会 1 至 3 名。"] if others >= 3 else []

    return _two_steps(request, form, act, warn, home=home, title="增加学习秘书", go="增加", said="已增加学习秘书。")


@permission(P.MEMBER_EDIT)
@require_http_methods(["GET", "POST"])
def secretary_end(request: HttpRequest, pk: int) -> HttpResponse:
    rows = StudySecretary.objects.open_to(request.user, P.MEMBER_EDIT).select_related("committee", "person")
    row = get_object_or_404(rows, pk=pk)
    form = EndSecretaryForm(request.POST or None, initial={"version": row.version, "until": request.today})

    def warn() -> list[str]:
        left = row.committee.secretaries.on(form.cleaned_data["until"]).exclude(pk=row.pk)
        return [] if left.exists() else ["结束之后这个委员会就没有学习秘书了，请尽快增加一名。"]

    return _two_steps(
        request, form, lambda: actions.end_secretary(row, **form.cleaned_data, by=request.user, at=request.now), warn,
        home=row.committee, row=row, title=f"结束 {row.person} 的学习秘书任期", go="结束任期", said="已结束。",
    )  # fmt: skip
