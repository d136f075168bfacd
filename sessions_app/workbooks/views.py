"""Doors of workbooks: upload, preview, import, rejected rows back, undo; export and the blank template."""

import io
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from roster.accounts.doors import attempt, permission
from roster.accounts.listing import page_of
from roster.accounts.roles import Permission
from roster.audit.actions import record
from roster.committees.models import Committee
from sessions_app.jobs.models import LIVE
from sessions_app.jobs.views import progress
from sessions_app.plans.models import StudyPlan
from sessions_app.sessions.models import Participation
from sessions_app.workbooks import actions, export
from sessions_app.workbooks.forms import ExportForm, UnitsForm, UploadForm
from sessions_app.workbooks.models import ImportRun, ImportStage
from sessions_app.workbooks.reader import BadWorkbook
from sessions_app.workbooks.rules import SHEETS
from sessions_app.workbooks.template import template

P = Permission
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TONES = {
    ImportStage.UPLOADED: "near", ImportStage.PREVIEWED: "near", ImportStage.COMMITTED: "ok", ImportStage.UNDONE: "muted",
    ImportStage.FAILED: "overdue",
}  # fmt: skip
SHOWN = 200


def _run(request: HttpRequest, pk: int) -> ImportRun:
    rows = ImportRun.objects.open_to(request.user, P.WORKBOOK_IMPORT)
    return get_object_or_404(rows.select_related("committee", "uploaded_by__person", "job"), pk=pk)


def _xlsx(data: io.BytesIO, name: str) -> HttpResponse:
    answer = HttpResponse(data.getvalue(), content_type=XLSX)
    answer["Content-Disposition"] = content_disposition_header(True, name)
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


@permission(P.WORKBOOK_IMPORT)
@require_GET
def import_list(request: HttpRequest) -> HttpResponse:
    rows = ImportRun.objects.open_to(request.user, P.WORKBOOK_IMPORT).defer("made")
    page = page_of(request, rows.select_related("committee", "uploaded_by__person"))
    for row in page:
        row.tone = TONES[ImportStage(row.stage)]
    return render(request, "workbooks/list.html", {"page_obj": page})


@permission(P.WORKBOOK_IMPORT)
@require_http_methods(["GET", "POST"])
def import_new(request: HttpRequest) -> HttpResponse:
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if form.is_bound and form.is_valid():
        run = attempt(
            request, lambda: actions.upload(file=form.cleaned_data["file"], by=request.user, at=request.now), form
        )
        if run is not None:
            # The same file sent again is judged again, on what stands now.
            attempt(request, lambda: actions.start_look(run, by=request.user, at=request.now))
            return redirect("import_run", pk=run.pk)
    context = {"form": form, "sheets": [SHEETS[name] for name in export.ORDER]}
    return render(request, "workbooks/new.html", context, status=422 if request.method == "POST" else 200)


def _bar(run: ImportRun) -> dict[str, Any] | None:
    """The progress of the job that works on this run, while it lives or when it failed."""
    if run.job is None or run.job.stage not in (*LIVE, "FAILED"):
        return None
    bar = progress(run.job, may_change=False)
    return {
        **bar,
        "url": reverse("import_progress", args=[run.pk]),
        "left": "大约半分钟" if run.job.stage in LIVE else "",
    }


def _sheets(run: ImportRun) -> list[dict[str, Any]]:
    """What happens sheet by sheet, for the preview."""
    report = run.report or {}
    found = []
    for name in [*export.ORDER, *(name for name in report.get("by_sheet", {}) if name not in export.ORDER)]:
        counts = report.get("by_sheet", {}).get(name)
        if counts is None:
            continue
        new = [row for row in report.get("new", []) if row["sheet"] == name]
        headings = [heading for heading, _ in new[0]["cells"]] if new else []
        found.append({
            "name": name, "counts": counts, "headings": headings,
            "new": new,
            "changed": [row for row in report.get("changed", []) if row["sheet"] == name],
            "rejected": [row for row in report.get("rejected", []) if row["sheet"] == name][:SHOWN],
            "warnings": [row for row in report.get("warnings", []) if row["sheet"] == name][:SHOWN],
        })  # fmt: skip
    return found


@permission(P.WORKBOOK_IMPORT)
@require_GET
def import_run(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _run(request, pk))


def _units_form(request: HttpRequest, run: ImportRun, data: Any = None) -> UnitsForm:
    committees = Committee.objects.open_to(request.user, P.WORKBOOK_IMPORT).in_order()
    kept = run.answers or {}
    parent = committees.filter(code=kept["parent"]).first() if kept else None
    return UnitsForm(data, committees=committees, initial={**kept, "parent": parent} if kept else None)


@permission(P.WORKBOOK_IMPORT)
@require_POST
def import_units(request: HttpRequest, pk: int) -> HttpResponse:
    """The one question about a list of units; the preview is made again with the answer."""
    run = _run(request, pk)
    form = _units_form(request, run, request.POST)
    if not form.is_valid():
        return _page(request, run, form, status=422)
    answered = attempt(request, lambda: actions.answer_units(run, form.answer(), by=request.user, at=request.now), form)
    if answered is not None:
        attempt(request, lambda: actions.start_look(answered, by=request.user, at=request.now))
    return redirect("import_run", pk=pk)


def _page(request: HttpRequest, run: ImportRun, form: UnitsForm | None = None, status: int = 200) -> HttpResponse:
    report = run.report or {}
    asks = bool(report.get("questions") or run.answers) and run.stage in (ImportStage.PREVIEWED, ImportStage.UPLOADED)
    will = report.get("created", 0) + report.get("updated", 0)
    context = {
        "run": run, "report": report, "sheets": _sheets(run), "bar": _bar(run), "tone": TONES[ImportStage(run.stage)],
        "units": (form or _units_form(request, run)) if asks else None,
        "will": will, "may_import": run.stage == ImportStage.PREVIEWED and will and _bar(run) is None,
        "may_undo": run.stage == ImportStage.COMMITTED and will,
        "figures": [
            {"label": "新增", "value": report.get("created"), "unit": "行"},
            {"label": "修改", "value": report.get("updated"), "unit": "行"},
            {"label": "未变", "value": report.get("unchanged"), "unit": "行"},
            {"label": "不导入", "value": report.get("rejected_count"), "unit": "行",
             "tone": "behind" if report.get("rejected_count") else ""},
        ] if report else [],
    }  # fmt: skip
    return render(request, "workbooks/run.html", context, status=status)


@permission(P.WORKBOOK_IMPORT)
@require_GET
def import_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The bar; when the work is done the page itself is asked for again."""
    run = _run(request, pk)
    bar = _bar(run)
    if bar is None or bar["state"] != "running":
        answer = HttpResponse(status=204)
        answer["HX-Refresh"] = "true"
        return answer
    return render(request, "workbooks/progress.html", {"bar": bar})


@permission(P.WORKBOOK_IMPORT)
@require_POST
def import_commit(request: HttpRequest, pk: int) -> HttpResponse:
    run = _run(request, pk)
    if attempt(request, lambda: (actions.start_import(run, by=request.user, at=request.now),)) is not None:
        run.refresh_from_db(fields=["stage", "report"])
        if run.stage == ImportStage.COMMITTED:
            left = f"，{run.report['rejected_count']} 行没有导入" if run.report["rejected_count"] else ""
            messages.success(
                request, f"已导入：新增 {run.report['created']} 行，修改 {run.report['updated']} 行{left}。"
            )
    return redirect("import_run", pk=pk)


@permission(P.WORKBOOK_IMPORT)
@require_POST
def import_look(request: HttpRequest, pk: int) -> HttpResponse:
    """Preview again on what stands now."""
    run = _run(request, pk)
    attempt(request, lambda: actions.start_look(run, by=request.user, at=request.now))
    return redirect("import_run", pk=pk)


@permission(P.WORKBOOK_IMPORT)
@require_POST
def import_undo(request: HttpRequest, pk: int) -> HttpResponse:
    run = _run(request, pk)
    if attempt(request, lambda: actions.undo(run, by=request.user, at=request.now)):
        messages.success(request, "这次导入已撤销，数据回到导入之前。改好工作簿后可以重新导入。")
    return redirect("import_run", pk=pk)


@permission(P.WORKBOOK_IMPORT)
@require_GET
def import_rejected(request: HttpRequest, pk: int) -> HttpResponse:
    run = _run(request, pk)
    data = io.BytesIO()
    try:
        export.rejected(data, list(actions.rejected_rows(run)))
    except (BadWorkbook, OSError):
        messages.error(
            request, "留存的文件读不出来，不能再做成退回表；原因在本页列着，请按原因改好您手上的文件再导入。"
        )
        return redirect("import_run", pk=run.pk)
    record(run, verb="download_rejected", by=request.user, at=request.now)
    return _xlsx(data, f"{run.name.removesuffix('.xlsx')}-未导入的行.xlsx")


@permission(P.WORKBOOK_IMPORT)
@require_GET
def workbook_template(request: HttpRequest) -> HttpResponse:
    data = io.BytesIO()
    committees = Committee.objects.open_to(request.user, P.WORKBOOK_IMPORT)
    template(data, export.Wanted(committees=committees), today=request.today)
    return _xlsx(data, "知行导入模板.xlsx")


def _export_form(request: HttpRequest) -> ExportForm:
    committees = Committee.objects.open_to(request.user, P.WORKBOOK_EXPORT)
    planned = StudyPlan.objects.filter(committee__in=committees.values("pk")).values_list("year", flat=True)
    studied = Participation.objects.filter(committee__in=committees.values("pk")).values_list("year", flat=True)
    years = sorted(set(planned.order_by().distinct()) | set(studied.order_by().distinct()), reverse=True)
    return ExportForm(request.GET or None, years=years, committees=committees.in_order())


@permission(P.WORKBOOK_EXPORT)
@require_GET
def workbook_export(request: HttpRequest) -> HttpResponse:
    """The choice; with `download` in the address, the file. Only committees in reach are in it."""
    form = _export_form(request)
    if "download" not in request.GET or not form.is_valid():
        return render(request, "workbooks/export.html", {"form": form, "sheets": export.ORDER})
    given = form.cleaned_data
    committees = Committee.objects.open_to(request.user, P.WORKBOOK_EXPORT)
    chosen = given["committee"]
    if chosen is not None:
        committees = committees.under(chosen) if given["below"] else committees.filter(pk=chosen.pk)
    sheets = [name for name in export.ORDER if name in given["sheets"]] or export.ORDER
    wanted = export.Wanted(sheets=sheets, committees=committees, year=given["year"], today=request.today)
    data = io.BytesIO()
    counts = export.export(data, wanted)
    about = chosen or Committee.objects.get(pk=next(iter(request.user.holds_with(P.WORKBOOK_EXPORT))).committee_id)
    told = {"rows": counts, "year": given["year"], "below": given["below"]}
    record(about, verb="export", by=request.user, at=request.now, data=told, chain=about.pk)
    name = f"知行-{about}-{given['year'] or '全部'}-{request.today:%Y%m%d}.xlsx"
    return _xlsx(data, name)
