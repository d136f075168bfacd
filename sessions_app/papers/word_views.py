"""Doors of the other editions: a paper's Word and Excel files, the check of a file, a department's Word templates."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from roster.accounts.doors import attempt, permission
from roster.accounts.roles import Permission
from roster.audit.actions import record
from roster.committees.models import Committee
from sessions_app.papers import copies, kept, rules, verify, word, word_actions, word_templates
from sessions_app.papers.models import IssuedPaper, PaperFile, PaperKind, WordTemplate
from sessions_app.papers.word_forms import DOCX, CheckForm, TemplateForm

P = Permission
TYPES = {
    "docx": DOCX, "zip": "application/zip",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}  # fmt: skip


def _named(content: bytes, format_: str, name: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=TYPES[format_])
    answer["Content-Disposition"] = content_disposition_header(True, name)
    return answer


# ----------------------------------------------------------------------------------------------- files of a paper


@permission(P.PAPER_READ)
@require_GET
def paper_file(request: HttpRequest, pk: int, format: str) -> HttpResponse:
    paper = get_object_or_404(IssuedPaper.objects.open_to(request.user, P.PAPER_READ), pk=pk)
    row = get_object_or_404(PaperFile, paper=paper, format=format)
    name = rules.file_name(paper.title, number_=paper.number).removesuffix("pdf") + format
    content = attempt(request, lambda: kept.handed_out(row.file))
    if content is None:
        return redirect("paper", pk=pk)
    record(paper, verb="download", by=request.user, at=request.now, data={"sha256": row.sha256, "format": format})
    answer = _named(content, format, name)
    if settings.ACCEL:
        answer["X-Accel-Redirect"] = f"{settings.ACCEL.rstrip('/')}/{row.file.name}"
    return answer


@permission(P.PAPER_READ)
@require_http_methods(["GET", "POST"])
def paper_check(request: HttpRequest) -> HttpResponse:
    """A file is only compared, never kept. Of a paper out of reach no more is said than that it is genuine."""
    form = CheckForm(request.POST or None, request.FILES or None)
    if request.method != "POST":
        return render(request, "papers/check.html", {"form": CheckForm()})
    if not form.is_valid():
        return render(request, "papers/check.html", {"form": form}, status=422)
    file = form.cleaned_data["file"]
    verdict = verify.verify(file.read(), again=False)
    paper = verdict.paper
    mine = paper is not None and IssuedPaper.objects.open_to(request.user, P.PAPER_READ).filter(pk=paper.pk).exists()
    context = {
        "form": CheckForm(), "name": file.name, "verdict": verdict, "is_known": paper is not None, "is_mine": mine,
        "paper": paper if mine else None, "newer": _newer(paper) if mine else None,
    }  # fmt: skip
    return render(request, "papers/check.html", context)


def _newer(paper: IssuedPaper | None) -> IssuedPaper | None:
    """The last issue of the same paper, when it was issued again."""
    if paper is None:
        return None
    same = IssuedPaper.objects.filter(
        kind=paper.kind,
        committee=paper.committee,
        year=paper.year,
        subject_id=paper.subject_id,
        number__gt=paper.number,
    )
    found: IssuedPaper | None = same.defer("facts").order_by("-number").first()
    return found


# --------------------------------------------------------------------------------------------------- templates


def _place(request: HttpRequest) -> Committee:
    """Whose templates one edits: of the committee one acts for, else the highest one within reach."""
    mine = Committee.objects.open_to(request.user, P.TEMPLATE_EDIT)
    acting = request.user.acting.committee_id if request.user.acting else None
    row = mine.filter(pk=acting).first() or mine.order_by("path").first()
    if row is None:
        raise Http404
    return row


def _kind(kind: str) -> PaperKind:
    if kind not in word_templates.kinds():
        raise Http404
    return PaperKind(kind)


@permission(P.TEMPLATE_EDIT)
@require_GET
def word_template_list(request: HttpRequest) -> HttpResponse:
    """Every kind with the edition in use."""
    place = _place(request)
    newest: dict[str, WordTemplate] = {}
    for row in (
        WordTemplate.objects.in_use().filter(committee=place).select_related("uploaded_by__person").order_by("number")
    ):
        newest[row.kind] = row
    rows = [{"kind": PaperKind(kind), "edition": newest.get(kind)} for kind in word_templates.kinds()]
    return render(request, "papers/word/list.html", {"place": place, "rows": rows})


@permission(P.TEMPLATE_EDIT)
@require_GET
def word_template(request: HttpRequest, kind: str) -> HttpResponse:
    return _page(request, _kind(kind), TemplateForm())


def _page(request: HttpRequest, kind: PaperKind, form: TemplateForm, status: int = 200) -> HttpResponse:
    place = _place(request)
    editions = WordTemplate.objects.filter(committee=place, kind=kind)
    editions = editions.select_related("uploaded_by__person", "withdrawn_by__person").order_by("-number")
    context = {
        "kind": kind, "place": place, "form": form, "editions": editions, "in_use": copies.template_for(kind, place),
        "names": list(word.names_to_show(kind)),
    }  # fmt: skip
    return render(request, "papers/word/template.html", context, status=status)


@permission(P.TEMPLATE_EDIT)
@require_POST
def word_template_new(request: HttpRequest, kind: str) -> HttpResponse:
    form = TemplateForm(request.POST, request.FILES)
    known = _kind(kind)
    if form.is_valid():
        content = form.cleaned_data["file"].read()
        made = attempt(
            request,
            lambda: word_actions.upload(
                known, committee=_place(request), content=content, note=form.cleaned_data["note"], by=request.user,
                at=request.now,
            ),
            form,
        )  # fmt: skip
        if made:
            messages.success(request, f"{known.label}的 Word 模板第{made.number}版已启用，此后印发的文书用它。")
            return redirect("word_template", kind=kind)
    return _page(request, known, form, 422)


@permission(P.TEMPLATE_EDIT)
@require_GET
def word_template_built_in(request: HttpRequest, kind: str) -> HttpResponse:
    known = _kind(kind)
    return _named(word_templates.built_in(known), "docx", f"{known.label}-内置模板.docx")


@permission(P.TEMPLATE_EDIT)
@require_GET
def word_template_download(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(WordTemplate.objects.open_to(request.user, P.TEMPLATE_EDIT), pk=pk)
    record(row, verb="download", by=request.user, at=request.now, data={"sha256": row.sha256})
    return _named(copies.content_of(row) or b"", "docx", f"{row.get_kind_display()}-模板第{row.number}版.docx")


@permission(P.TEMPLATE_EDIT)
@require_POST
def word_template_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(WordTemplate.objects.open_to(request.user, P.TEMPLATE_EDIT), pk=pk)
    if attempt(request, lambda: word_actions.withdraw(row, by=request.user, at=request.now)):
        messages.success(request, f"{row.get_kind_display()}第{row.number}版模板已停用。")
    return redirect("word_template", kind=row.kind)
