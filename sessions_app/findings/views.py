"""Doors of findings: ledger, board, raising one, one finding, a department above looking in, the catalogue."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from roster import outside
from roster.accounts.doors import attempt, filled, permission
from roster.accounts.listing import ordered, page_of
from roster.accounts.roles import Permission
from roster.audit.actions import record
from roster.committees.models import Committee
from sessions_app.attendance.views import history_of
from sessions_app.findings import access, actions, ledger, page, rules
from sessions_app.findings.forms import (
    EvidenceForm,
    ExtensionForm,
    FindingForm,
    KeepUpForm,
    LedgerFilter,
    OpenForm,
    PlanForm,
    ProgressForm,
    TypeForm,
)
from sessions_app.findings.ground import choices_on, members_on
from sessions_app.findings.models import UNDER_WAY, Finding, FindingStage, ProblemType, Source
from sessions_app.findings.proof import LIVE
from sessions_app.visits.models import ObservationVisit, ScoreItem

P = Permission
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
BOARD = (
    FindingStage.RAISED, FindingStage.OPEN, FindingStage.IN_PROGRESS, FindingStage.SUBMITTED, FindingStage.RETURNED,
    FindingStage.LONG_TERM, FindingStage.CLOSED,
)  # fmt: skip
CARDS = 20


# ------------------------------------------------------------------------------------------------- ledger and board
def _mine(request: HttpRequest) -> QuerySet:
    rows: QuerySet = Finding.objects.open_to(request.user, P.FINDING_READ)
    return rows


def _filter(request: HttpRequest, mine: QuerySet) -> LedgerFilter:
    years = sorted(mine.order_by().values_list("year", flat=True).distinct(), reverse=True)
    reach = request.user.reach(P.FINDING_READ)
    form = LedgerFilter(
        request.GET, years=years, committees=Committee.objects.open_to(request.user, P.FINDING_READ).in_order()
    )
    if not reach.paths:
        del form.fields["under"]
    return form


@permission(P.FINDING_READ)
@require_GET
def finding_list(request: HttpRequest) -> HttpResponse:
    """The ledger. `below=<department>` names what a department below works on: number, unit and date, no words."""
    mine = _mine(request)
    form = _filter(request, mine)
    given = form.cleaned_data if form.is_valid() else {}
    rows, sort = ordered(request, ledger.narrowed(mine, given, request.today), ledger.SORTS, "number")
    if request.GET.get("format") == "xlsx":
        return _download(request, rows)
    counts = ledger.counts(ledger.narrowed(mine, {**given, "stage": ""}, request.today))
    pages = page_of(request, ledger.with_names(rows))
    paths = sorted(request.user.reach(P.FINDING_READ).paths)
    context = {
        "form": form, "page_obj": pages, "sort": sort, "lines": ledger.lines(pages, request.today), "wide": bool(paths),
        "filtered": any(request.GET.get(name) for name in form.fields), "may_raise": _may_raise(request),
        "may_bulk": request.user.may(P.FINDING_CONFIRM), "rate": rules.rate(counts),
        "below": ledger.below(paths, request.today) if paths else [],
        "looked": _looked(paths, request.GET.get("below", "")),
    }  # fmt: skip
    return render(request, "findings/list.html", context)


def _looked(paths: list[str], asked: str) -> list[Finding]:
    """What one department strictly below works on, the newest hundred."""
    under = Q(pk__in=[])
    for path in paths:
        under |= Q(department__path__startswith=path)
    rows = Finding.objects.counted().filter(under, department_id=outside.key(asked)).exclude(department__path__in=paths)
    return list(rows.select_related("department", "committee")[:100])


def _download(request: HttpRequest, rows: QuerySet) -> HttpResponse:
    note = f"共 {rows.count()} 条，截至 {request.today}，{request.user.display_name}导出"
    content = ledger.sheet(rows, request.today, note=note)
    acting = request.user.acting
    told = {"list": "整改台账", "query": request.GET.urlencode()[:500]}
    here = Committee.objects.get(pk=acting.committee_id)
    record(here, verb="export", by=request.user, at=request.now, data=told, chain=here.pk)
    response = HttpResponse(content, content_type=XLSX)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(f'整改台账{request.today}')}.xlsx"
    response["X-Content-Type-Options"] = "nosniff"
    return response


@permission(P.FINDING_READ)
@require_GET
def finding_board(request: HttpRequest) -> HttpResponse:
    """A column a stage: how many, and the first twenty, the most pressing on top."""
    mine = _mine(request)
    form = _filter(request, mine)
    del form.fields["stage"]
    given = form.cleaned_data if form.is_valid() else {}
    rows = ledger.narrowed(mine, given, request.today)
    counts = ledger.counts(rows)
    kept = request.GET.copy()
    for name in ("stage", "page", "per", "sort"):
        kept.pop(name, None)
    shown = {stage: list(ledger.with_names(_first(rows, stage))) for stage in BOARD}
    cards = {
        line["finding"].pk: line
        for line in ledger.lines([row for found in shown.values() for row in found], request.today)
    }
    columns = []
    for stage in BOARD:
        query = kept.copy()
        query["stage"] = stage.value
        columns.append(
            {
                "label": stage.label, "tone": ledger.TONES[stage], "count": counts[stage],
                "url": f"{reverse('finding_list')}?{query.urlencode()}",
                "cards": [cards[row.pk] for row in shown[stage]], "more": counts[stage] - len(shown[stage]),
            }
        )  # fmt: skip
    context = {
        "form": form, "columns": columns, "rate": rules.rate(counts), "may_raise": _may_raise(request),
        "late": rows.filter(ledger.overdue(request.today)).count(), "query": kept.urlencode(),
    }  # fmt: skip
    return render(request, "findings/board.html", context)


def _first(rows: QuerySet, stage: str) -> QuerySet:
    order = ("-closed_on", "-id") if stage == FindingStage.CLOSED else ("due_on", "found_on", "id")
    return rows.filter(stage=stage).order_by(*order)[:CARDS]


# ---------------------------------------------------------------------------------------------------------- raising
def _may_raise(request: HttpRequest) -> bool:
    """From scratch; an observer raises from his visit."""
    reach = request.user.reach(P.FINDING_RAISE)
    return bool(reach.paths or reach.committee_ids)


def _visit(request: HttpRequest) -> ObservationVisit | None:
    """The visit in the address: one's own as observer, or one of the department's."""
    asked = request.POST.get("visit") or request.GET.get("visit", "")
    if not asked:
        return None
    row = get_object_or_404(
        ObservationVisit.objects.select_related("round__committee", "committee"), pk=outside.key(asked)
    )
    user = request.user
    named = user.may(P.VISIT_OBSERVE) and row.observers.filter(person_id=user.person_id).exists()
    if not named and row.round.committee.path not in user.reach(P.FINDING_CONFIRM).paths:
        raise Http404
    return row


def _item(request: HttpRequest, visit: ObservationVisit | None) -> ScoreItem | None:
    asked = request.POST.get("item") or request.GET.get("item", "")
    if visit is None or not outside.key(asked):
        return None
    return get_object_or_404(ScoreItem, pk=outside.key(asked))


def _sources(request: HttpRequest, visit: ObservationVisit | None) -> list[str]:
    if visit is not None:
        return [Source.VISIT]
    reach = request.user.reach(P.FINDING_RAISE)
    found: list[str] = [Source.INSPECTION, Source.ASSESSMENT] if reach.paths else []
    return found + ([Source.SELF_CHECK] if reach.committee_ids else [])


@permission(P.FINDING_RAISE)
@require_http_methods(["GET", "POST"])
def finding_new(request: HttpRequest) -> HttpResponse:
    """From a remark of a visit (`visit`, `item`), from an inspection or assessment, or a unit's own check."""
    visit = _visit(request)
    item = _item(request, visit)
    sources = _sources(request, visit)
    if not sources:
        messages.info(request, "旁听发现的问题，请从旁听页面的点评处提出。")
        return redirect("finding_list")
    committees = Committee.objects.open_to(request.user, P.FINDING_RAISE).active_on(request.today).in_order()
    common: dict[str, Any] = {"committees": committees, "sources": sources, "fixed": visit is not None}
    if request.method == "POST":
        form = FindingForm(request.POST, **common)
        found = None
        if form.is_valid():
            given = {"committee": visit.committee if visit else None} | form.cleaned_data
            found = attempt(request, lambda: _raised(request, given, visit, item), form)
        if found:
            said = f"；同类问题上次是 {found.recurs.number}，已标为重复发生" if found.recurs else ""
            messages.success(request, f"已提出问题 {found.number}，等待确认{said}。")
            return redirect(found)
        status = 422
    else:
        text = request.GET.get("text", "")[: rules.TEXT_MOST] or _remark(visit, item)
        only = committees[:2]
        form = FindingForm(
            initial={
                "found_on": visit.observed_on if visit else request.today, "form_token": str(uuid.uuid4()), "text": text,
                "committee": only[0].pk if len(only) == 1 else None, "source": sources[0],
            },
            **common,
        )  # fmt: skip
        status = 200
    return render(request, "findings/new.html", {"form": form, "visit": visit, "item": item}, status=status)


def _remark(visit: ObservationVisit | None, item: ScoreItem | None) -> str:
    """What the observers wrote beside that line."""
    if visit is None or item is None:
        return ""
    scores = visit.scores.prefetch_related("lines")
    said = [line.reason for score in scores for line in score.lines.all() if line.item_id == item.pk and line.reason]
    return "；".join(dict.fromkeys(said))


def _raised(
    request: HttpRequest, given: dict[str, Any], visit: ObservationVisit | None, item: ScoreItem | None
) -> Finding:
    committee = given.pop("committee")
    if visit is not None:
        department = visit.round.committee_id
    elif given["source"] == Source.SELF_CHECK:
        department = access.department_over(committee, request.today)
    else:
        department = access.department_of(request.user, committee) or committee.pk
    return actions.raise_finding(
        committee, department=Committee.objects.get(pk=department), visit=visit, score_item=item, **given,
        by=request.user, at=request.now,
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------------ one finding
@permission(P.FINDING_READ)
@require_GET
def finding(request: HttpRequest, pk: int) -> HttpResponse:
    return shown(request, get_object_or_404(_mine(request), pk=pk))


def shown(request: HttpRequest, row: Finding, status: int = 200, **forms: Any) -> HttpResponse:
    """The page of one finding; `forms` holds those that come back with what was typed."""
    row = (
        ledger.with_names(Finding.objects.all())
        .select_related("visit__round", "visit__team", "score_item")
        .get(pk=row.pk)
    )
    asked = page.asked_of(row)
    may = page.moves_of(row, request.user, asked)
    evidence = list(row.evidence.select_related("filed_by", "attachment").order_by("id"))
    live = set(row.evidence.filter(LIVE).values_list("pk", flat=True))
    extensions = list(row.extensions.select_related("asked_by", "decided_by").order_by("asked_at"))
    context = {
        "finding": row, "may": dict.fromkeys(may.verbs, True), "no_close": may.no_close,
        "stage": ledger.lines([row], request.today)[0]["stage"], "next": page.next_hand(row, asked),
        "missing": page.missing(row, len(live)), "due": page.due(row, request.today), "measures": list(row.measures.all()),
        "milestones": list(row.milestones.all()), "progress": list(row.progress.select_related("by")),
        "evidence": [{"row": one, "live": one.pk in live} for one in evidence], "extensions": extensions, "asked": asked,
        "again": list(row.recurrences.all()), "events": history_of(row, *extensions), "under_way": row.stage in UNDER_WAY,
        "missing_title": "节点" if row.stage == FindingStage.LONG_TERM else "还缺什么", "hands": [{"label": "下一步", "value": page.next_hand(row, asked)}], **_forms(request, row, may), **forms,
    }  # fmt: skip
    return render(request, "findings/finding.html", context, status=status)


def _forms(request: HttpRequest, row: Finding, may: page.Moves) -> dict[str, Any]:
    version = {"version": row.version}
    found: dict[str, Any] = {}
    if "plan" in may:
        found["plan_form"] = plan_form(request, row)
    if "progress" in may:
        found["progress_form"] = ProgressForm()
    if "evidence" in may:
        found["evidence_form"] = EvidenceForm()
    if "extension" in may:
        found["extension_form"] = ExtensionForm(initial=version)
    if "keep_up" in may:
        found["keep_up_form"] = KeepUpForm(initial=version)
    return found


def plan_form(request: HttpRequest, row: Finding, data: Any = None) -> PlanForm:
    people = choices_on(row.committee_id, request.today)
    inside = members_on(row.committee_id, request.today)
    initial = {
        "version": row.version, "measures": "\n".join(row.measures.values_list("text", flat=True)),
        "leader": row.accountable_leader_id, "owner": row.owner_id, "due_on": row.due_on,
    }  # fmt: skip
    return PlanForm(data, people=people, leaders=[one for one in people if one.pk in inside], initial=initial)


@permission(P.FINDING_READ)
@require_POST
def finding_open(request: HttpRequest, pk: int) -> HttpResponse:
    """A department above opens one finding of a department below and says why."""
    row = get_object_or_404(Finding.objects.select_related("department"), pk=pk)
    paths = tuple(request.user.reach(P.FINDING_READ).paths)
    if not row.department.path.startswith(paths or ("-",)):
        raise Http404
    if row.department.path in paths:
        return redirect(row)
    form = OpenForm(request.POST)
    if filled(request, form) and attempt(
        request, lambda: actions.open_below(row, **form.cleaned_data, by=request.user, at=request.now)
    ):
        messages.success(request, "抽查已登记，今天内可以查看这个问题。")
        return redirect(row)
    return redirect("finding_list")


# -------------------------------------------------------------------------------------------------------- catalogue
@permission(P.FINDING_CONFIRM)
@require_http_methods(["GET", "POST"])
def problem_type_list(request: HttpRequest) -> HttpResponse:
    """The catalogue, one for the whole house; kept by the reviewers at its top."""
    keeps = any(path.count("/") == 1 for path in request.user.reach(P.FINDING_CONFIRM).paths)
    form, status = TypeForm(), 200
    if request.method == "POST":
        form, status = TypeForm(request.POST), 422
        if not keeps:
            messages.error(request, "问题类别全市共用，由市委宣传部维护；需要增加请联系市里。")
            return redirect("problem_type_list")
        if form.is_valid():
            given = dict(form.cleaned_data)
            pk, version = given.pop("pk"), given.pop("version")
            old = get_object_or_404(ProblemType, pk=pk) if pk else None
            done = attempt(
                request,
                lambda: actions.save_type(**given, type=old, version=version, by=request.user, at=request.now),
                form,
            )
            if done:
                messages.success(request, f"已保存类别“{done.name}”。")
                return redirect("problem_type_list")
    rows = [
        {"type": row, "form": TypeForm(initial={"pk": row.pk, "version": row.version, "name": row.name, "order": row.order, "is_active": row.is_active}, auto_id=f"id_{row.pk}_%s")}
        for row in ProblemType.objects.all()
    ]  # fmt: skip
    return render(request, "findings/types.html", {"rows": rows, "form": form, "keeps": keeps}, status=status)
