"""Doors of schemes: the list with the examples, one scheme as a table, the editor, and the small moves."""

import uuid
from typing import Any

from django.contrib import messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from roster.accounts.doors import attempt, filled, permission
from roster.accounts.listing import page_of
from roster.accounts.roles import Permission
from roster.accounts.stale import same
from roster.audit.history import history_of
from roster.audit.models import AuditEvent
from roster.audit.moves import Refused, Stale
from roster.committees.models import Committee
from sessions_app.assessment import scheme_actions as actions
from sessions_app.assessment import specs, wording
from sessions_app.assessment.models import Scheme, SchemeStage
from sessions_app.assessment.rules import Problem
from sessions_app.assessment.scheme_forms import (
    BLANK,
    EditionForm,
    HeadForm,
    Sheet,
    TakeForm,
    VersionForm,
    operate,
    posted,
    scheme_differences,
)
from sessions_app.facts.appraisal import MEASURES
from sessions_app.plans.forms import with_values

P = Permission
TONES = {SchemeStage.DRAFT: "muted", SchemeStage.PUBLISHED: "ok"}
HEAD = ("title", "source", "weight", "bonus_cap")


def _open(request: HttpRequest, pk: int, needed: Permission) -> Scheme:
    rows = Scheme.objects.select_related("committee", "published_by", "copied_from")
    return get_object_or_404(rows.open_to(request.user, needed), pk=pk)


def _may_edit(request: HttpRequest, scheme: Scheme) -> bool:
    return Scheme.objects.open_to(request.user, P.ASSESS_EDIT).filter(pk=scheme.pk).exists()


def _tops(request: HttpRequest) -> QuerySet:
    """The departments the reader himself sits in: who stands over one does not make its schemes."""
    paths = request.user.reach(P.ASSESS_EDIT).paths
    return Committee.objects.filter(path__in=paths).active_on(request.today).in_order()


# ------------------------------------------------------------------------------------------------ reading
@permission(P.ASSESS_READ)
@require_GET
def scheme_list(request: HttpRequest) -> HttpResponse:
    rows = Scheme.objects.open_to(request.user, P.ASSESS_READ).select_related("committee")
    rows = rows.annotate(items=Count("indicators__items", distinct=True), parts=Count("indicators", distinct=True))
    page = page_of(request, rows.order_by("-year", "committee__path", "-edition"))
    for row in page:
        row.tone = TONES[row.stage]
    context: dict[str, Any] = {"page_obj": page, "may_edit": request.user.may(P.ASSESS_EDIT)}
    if context["may_edit"]:
        token = {"form_token": str(uuid.uuid4()), "year": request.today.year}
        context["take"] = TakeForm(committees=_tops(request), today=request.today, initial=token)
        context["examples"] = [
            {**content, "worked_rows": wording.worked(content)} for content in map(specs.example, specs.EXAMPLES)
        ]
    return render(request, "assessment/scheme_list.html", context)


@permission(P.ASSESS_READ)
@require_GET
def scheme(request: HttpRequest, pk: int) -> HttpResponse:
    row = _open(request, pk, P.ASSESS_READ)
    indicators = list(row.indicators.prefetch_related("items"))
    for indicator in indicators:
        indicator.lines = list(indicator.items.all())
        for item in indicator.lines:
            item.how = wording.how(item.primitive, item.params)
    items = [(item.primitive, item.params) for indicator in indicators for item in indicator.lines]
    editions = Scheme.objects.open_to(request.user, P.ASSESS_READ).filter(committee=row.committee, year=row.year)
    may_edit = _may_edit(request, row)
    row.tone = TONES[row.stage]
    context = {
        "scheme": row, "indicators": indicators, "may_edit": may_edit, "measures": wording.keys_of(items),
        "editions": editions.order_by("edition"), "draft": row.stage == SchemeStage.DRAFT,
        "sum": sum(indicator.weight for indicator in indicators), "history": history_of(row),
    }  # fmt: skip
    if may_edit:
        token = {"form_token": str(uuid.uuid4()), "year": row.year + 1, "committee": row.committee_id}
        context["copy"] = TakeForm(committees=_tops(request), today=request.today, initial=token)
        context["edition"] = EditionForm(initial={"form_token": str(uuid.uuid4())})
    return render(request, "assessment/scheme.html", context)


# ------------------------------------------------------------------------------------------------ writing
@permission(P.ASSESS_EDIT)
@require_http_methods(["GET", "POST"])
def scheme_new(request: HttpRequest) -> HttpResponse:
    committees = _tops(request)
    if request.method == "GET":
        year = request.today.year
        initial = {
            "form_token": str(uuid.uuid4()), "year": year, "weight": "10", "bonus_cap": "0",
            "effective_from": f"{year}-01-01", "title": f"{year}年度理论学习中心组学习考核办法",
        }  # fmt: skip
        head = HeadForm(committees=committees, today=request.today, initial=initial)
        return _editor(request, head, Sheet({"bands": [], "indicators": [BLANK["ind"]()]}))
    head = HeadForm(request.POST, committees=committees, today=request.today)
    return _written(request, head, None)


@permission(P.ASSESS_EDIT)
@require_http_methods(["GET", "POST"])
def scheme_edit(request: HttpRequest, pk: int) -> HttpResponse:
    row = _open(request, pk, P.ASSESS_EDIT)
    if row.stage != SchemeStage.DRAFT:
        messages.info(request, f"第{row.edition}版已发布，不能再改；要修改请另立新版。")
        return redirect(row)
    if request.method == "GET":
        content = specs.content_of(row)
        initial = {**content, "version": row.version, "effective_from": row.effective_from}
        head = HeadForm(today=request.today, scheme=row, initial=initial)
        return _editor(request, head, Sheet(content), scheme=row)
    return _written(request, HeadForm(request.POST, today=request.today, scheme=row), row)


def _written(request: HttpRequest, head: HeadForm, row: Scheme | None) -> HttpResponse:
    """What came back from the editor: a row more or less, or the whole to be saved. Nothing typed is lost."""
    content = posted(request.POST, subject=row.subject if row else "COMMITTEE")
    if op := request.POST.get("op"):
        focus = operate(content, op)
        return _editor(request, head, Sheet(content, focus=focus), scheme=row)
    content = specs.tidy(content)
    valid, problems = head.is_valid(), []
    if valid:
        day = head.cleaned_data["effective_from"]
        problems = specs.problems(content, year=head.of_year, effective_from=day)
    if not valid or problems:
        return _editor(request, head, Sheet(content, problems), scheme=row, status=422)
    try:
        made = _saved(request, head, content, row)
    except Stale as stale:
        fresh = _open(request, row.pk if row else 0, P.ASSESS_EDIT)
        conflict = scheme_differences(fresh, content, day)
        if not conflict:
            return same(request, fresh)
        again = HeadForm(
            with_values(request.POST, version=stale.current_version), today=request.today, scheme=fresh
        )  # fmt: skip
        last = AuditEvent.objects.about(fresh).order_by("-seq").first()
        return _editor(request, again, Sheet(content), scheme=fresh, conflict=conflict, last=last, status=409)
    except Refused as refusal:
        told = [Problem(("items",), reason) for reason in refusal.reasons]
        return _editor(request, head, Sheet(content, told), scheme=row, status=422)
    messages.success(request, "草稿已保存。核对后发布，发布前各单位看不到。")
    return redirect(made)


def _saved(request: HttpRequest, head: HeadForm, content: dict[str, Any], row: Scheme | None) -> Scheme:
    given = head.cleaned_data
    who = {"by": request.user, "at": request.now}
    if row is None:
        return actions.create(
            committee=given["committee"], year=given["year"], content=content, effective_from=given["effective_from"],
            form_token=given["form_token"], **who,
        )  # fmt: skip
    version = given["version"] or 0
    return actions.save(row, content=content, effective_from=given["effective_from"], version=version, **who)


def _editor(request: HttpRequest, head: HeadForm, sheet: Sheet, *, status: int = 200, **more: Any) -> HttpResponse:
    for name, texts in sheet.head_errors().items():
        if name in head.fields and head.is_bound:
            head.is_valid()
            for text in texts:
                head.add_error(name, text)
    context = {"head": head, "sheet": sheet, "measures": list(MEASURES.values()), "scheme": None, **more}
    template = (
        "assessment/scheme_rows.html" if request.htmx and request.POST.get("op") else "assessment/scheme_edit.html"
    )
    return render(request, template, context, status=status)


# ------------------------------------------------------------------------------------------------ small moves
@permission(P.ASSESS_EDIT)
@require_POST
def scheme_example(request: HttpRequest) -> HttpResponse:
    form, name = TakeForm(request.POST, committees=_tops(request), today=request.today), request.POST.get("name", "")
    if name not in specs.EXAMPLES:
        messages.error(request, "没有这份样表，请从列表中选。")
    elif filled(request, form):
        made = attempt(
            request, lambda: actions.take_example(name=name, **form.cleaned_data, by=request.user, at=request.now)
        )
        if made:
            messages.success(request, "已按样表生成草稿，请核对取数和分值。")
            return redirect(made)
    return redirect("scheme_list")


@permission(P.ASSESS_EDIT)
@require_POST
def scheme_copy(request: HttpRequest, pk: int) -> HttpResponse:
    """To another year or committee, or (`effective_from`) the next edition of the same year. Reading it is enough."""
    row = _open(request, pk, P.ASSESS_READ)
    who = {"by": request.user, "at": request.now}
    if "effective_from" in request.POST:
        row = _open(request, pk, P.ASSESS_EDIT)
        form: Any = EditionForm(request.POST)
        act = lambda: actions.copy_edition(row, **form.cleaned_data, **who)
    else:
        form = TakeForm(request.POST, committees=_tops(request), today=request.today)
        act = lambda: actions.copy(row, **form.cleaned_data, **who)
    if filled(request, form) and (made := attempt(request, act)):
        messages.success(request, "已复制为草稿，请核对后发布。")
        return redirect("scheme_edit", made.pk)
    return redirect(row)


@permission(P.ASSESS_EDIT)
@require_POST
def scheme_publish(request: HttpRequest, pk: int) -> HttpResponse:
    row, form = _open(request, pk, P.ASSESS_EDIT), VersionForm(request.POST)
    if filled(request, form) and attempt(
        request, lambda: actions.publish(row, **form.cleaned_data, by=request.user, at=request.now)
    ):
        messages.success(request, f"已发布，自{row.effective_from:%-m月%-d日}起生效，以下各单位都能看到。")
    return redirect(row)


@permission(P.ASSESS_EDIT)
@require_POST
def scheme_discard(request: HttpRequest, pk: int) -> HttpResponse:
    row, form = _open(request, pk, P.ASSESS_EDIT), VersionForm(request.POST)
    if not filled(request, form):
        return redirect(row)
    try:
        actions.discard(row, **form.cleaned_data, by=request.user, at=request.now)
    except Refused as refusal:
        for reason in refusal.reasons:
            messages.error(request, reason)
        return redirect(row)
    messages.success(request, "草稿已删去。")
    return redirect("scheme_list")
