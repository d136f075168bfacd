"""Doors of papers: the library, one paper, its file, working copies to print, issuing, verifying, errata."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from roster import outside
from roster.accounts.doors import attempt, permission, say
from roster.accounts.listing import page_of
from roster.accounts.roles import Permission
from roster.audit.actions import record
from roster.committees.models import Committee
from sessions_app.assessment import run_page
from sessions_app.assessment.models import Assessment, AssessmentSheet, LeaderInterview
from sessions_app.facts.figures import LABELS
from sessions_app.findings.models import Finding
from sessions_app.guidance.models import PromptStage, StudyPrompt
from sessions_app.jobs import actions as jobs
from sessions_app.jobs.models import LIVE, Job
from sessions_app.jobs.views import progress
from sessions_app.papers import (
    actions,
    copies,
    frozen,
    frozen_assessment,
    frozen_findings,
    frozen_people,
    frozen_supervision,
    kept,
    rules,
    typeset,
    verify,
    word,
)
from sessions_app.papers.access import READ, issues_with
from sessions_app.papers.edition import edition
from sessions_app.papers.forms import AnnualChoice, AnnualForm, ErratumForm, PaperFilter
from sessions_app.papers.models import IssuedPaper, PaperKind
from sessions_app.papers.pdf import PaperFailed
from sessions_app.papers.word_forms import DOCX
from sessions_app.plans.models import ContentCategory, StudyPlan
from sessions_app.sessions.models import StudySession
from sessions_app.visits.feedback_page import feedback_of, may_read
from sessions_app.visits.models import ObservationVisit
from sessions_app.visits.seen import seen

P = Permission
FIRST_YEAR = 2017  # the Rule's year; nothing older is reported
AT_ONCE = 3  # sections that are set again while the page waits; more go to a job


# ------------------------------------------------------------------------------------------------- the library


@permission(P.PAPER_READ)
@require_GET
def paper_list(request: HttpRequest) -> HttpResponse:
    mine = IssuedPaper.objects.open_to(request.user, P.PAPER_READ)
    years = sorted(mine.order_by().values_list("year", flat=True).distinct(), reverse=True)
    committees = Committee.objects.filter(pk__in=mine.order_by().values("committee")).in_order()
    form = PaperFilter(request.GET, years=years, committees=committees)
    given = form.cleaned_data if form.is_valid() else {}
    rows = mine.filter(**{key: value for key, value in given.items() if value})
    rows = rows.defer("facts").select_related("committee", "issued_by__person").order_by("-issued_at", "-id")
    running = Job.objects.open_to(request.user, P.PAPER_READ).filter(stage__in=LIVE, kind=actions.ANNUAL_JOB)
    may_issue = request.user.may(P.PAPER_ISSUE)
    context = {
        "form": form, "page_obj": page_of(request, rows), "filtered": any(given.values()), "may_issue": may_issue,
        "bars": [progress(job, may_change=may_issue) for job in running[:5]],
    }  # fmt: skip
    return render(request, "papers/list.html", context)


def _paper(request: HttpRequest, pk: int, needed: Permission = P.PAPER_READ) -> IssuedPaper:
    return get_object_or_404(IssuedPaper.objects.open_to(request.user, needed).select_related("committee"), pk=pk)


@permission(P.PAPER_READ)
@require_GET
def paper(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _paper(request, pk), ErratumForm())


def _page(request: HttpRequest, row: IssuedPaper, form: ErratumForm, status: int = 200) -> HttpResponse:
    same = IssuedPaper.objects.filter(
        kind=row.kind, committee=row.committee, year=row.year, subject_id=row.subject_id
    ).exclude(pk=row.pk)  # fmt: skip
    context = {
        "paper": row, "errata": row.errata.select_related("by__person"), "erratum_form": form,
        "snapshot": snapshot(row), "others": same.defer("facts").order_by("-number"),
        "is_current_edition": row.edition == edition(),
        "may_issue": IssuedPaper.objects.open_to(request.user, P.PAPER_ISSUE).filter(pk=row.pk).exists(),
    }  # fmt: skip
    return render(request, "papers/paper.html", context, status=status)


NAMES: dict[str, Callable[[str], str]] = {
    "sessions_by_month": lambda month: f"{month}月",
    "sessions_by_category": lambda category: str(ContentCategory(int(category)).label),
}


def snapshot(row: IssuedPaper) -> list[dict[str, Any]]:
    """The frozen figures in words; a paper without figures shows its head."""
    sections = row.facts.get("sections")
    if not sections:
        head = {
            "unit": "被旁听单位",
            "round": "批次",
            "team": "旁听组",
            "topic": "学习主题",
            "day": "日期",
            "place": "地点",
            "chair": "主持人",
            "expected": "应到",
            "meeting": "审定会议",
            "to": "主送",
            "sender": "发函单位",
            "demand": "要求",
            "answer_by": "办理期限",
        }
        return [{"label": label, "value": row.facts[key]} for key, label in head.items() if row.facts.get(key)]
    found = []
    figures = sections[0]["figures"]  # comes out of the database in its own order
    for key in [*(key for key in LABELS if key in figures), *(key for key in figures if key not in LABELS)]:
        value = figures[key]
        label, unit = LABELS.get(key, (key, ""))
        if isinstance(value, dict):
            each = sorted(value.items(), key=lambda pair: outside.key(pair[0]))
            named = [(NAMES.get(key, str)(name), count) for name, count in each if count]
            words = "，".join(f"{name} {rules.number(count)}" for name, count in named) or "无"
        elif key.endswith("_rate"):
            words = rules.percent(value)
        else:
            words = f"{rules.number(value)} {unit}".strip()
        found.append({"label": label, "value": words})
    return found


@permission(P.PAPER_READ)
@require_GET
def paper_facts(request: HttpRequest, pk: int) -> HttpResponse:
    row = _paper(request, pk)
    record(row, verb="export", by=request.user, at=request.now, data={"what": "数据快照"})
    answer = JsonResponse(row.facts, json_dumps_params={"ensure_ascii": False, "indent": 1})
    name = rules.file_name(row.title, number_=row.number).removesuffix(".pdf") + "-数据快照.json"
    answer["Content-Disposition"] = content_disposition_header(True, name)
    return answer


@permission(P.PAPER_READ)
@require_GET
def paper_download(request: HttpRequest, pk: int) -> HttpResponse:
    row = _paper(request, pk)
    content = attempt(request, lambda: kept.handed_out(row.file))
    if content is None:
        return redirect("paper", pk=pk)
    record(row, verb="download", by=request.user, at=request.now, data={"sha256": row.sha256})
    answer = HttpResponse(content, content_type="application/pdf")
    if settings.ACCEL:
        answer["X-Accel-Redirect"] = f"{settings.ACCEL.rstrip('/')}/{row.file.name}"
    answer["Content-Disposition"] = content_disposition_header(True, rules.file_name(row.title, number_=row.number))
    return answer


@permission(P.PAPER_READ)
@require_POST
def paper_verify(request: HttpRequest, pk: int) -> HttpResponse:
    row = _paper(request, pk)
    if len(row.facts.get("sections") or row.facts.get("parts") or ()) > AT_ONCE:
        job = jobs.start(
            actions.VERIFY_JOB, key=f"{actions.VERIFY_JOB}:{row.pk}", label=f"校验 {row.title}"[:120],
            committee=row.committee, steps=[("verify", {"paper": row.pk, "label": "重新排版核对"})],
            by=request.user, at=request.now,
        )  # fmt: skip
        return redirect("job", pk=job.pk)
    content = attempt(request, lambda: kept.content(row.file))
    if content is None:
        return redirect("paper", pk=pk)
    verdict = verify.verify(content)
    (messages.success if verdict.well else messages.warning)(request, verdict.words)
    return redirect("paper", pk=pk)


@permission(P.PAPER_ISSUE)
@require_POST
def erratum_new(request: HttpRequest, pk: int) -> HttpResponse:
    row = _paper(request, pk, P.PAPER_ISSUE)
    form = ErratumForm(request.POST)
    if form.is_valid() and attempt(
        request, lambda: actions.add_erratum(row, **form.cleaned_data, by=request.user, at=request.now), form
    ):
        messages.success(request, "勘误已登记，原件不变。")
        return redirect("paper", pk=pk)
    return _page(request, row, form, 422)


# -------------------------------------------------------------------------------------- working copies, issuing


@dataclass(frozen=True)
class Wanted:
    """A paper that can be printed or issued: its facts are read when asked for."""

    kind: str
    committee: Committee
    year: int
    subject_id: int | None
    facts: dict[str, Any]


def _wanted(request: HttpRequest, kind: str, pk: int, *, issuing: bool = False) -> Wanted:
    """The paper of that kind about that thing, if whoever asks may print it, or issue it; 404 if not."""
    if kind not in READ:
        raise Http404
    needed = issues_with(kind) if issuing else READ[kind]
    if kind in frozen_people.PERSONAL:
        one = get_object_or_404(frozen_people.ROWS[PaperKind(kind)].open_to(request.user, needed), pk=pk)
        committee = one.study_session.committee if kind == PaperKind.FILING else one.participation.committee
        facts = frozen_people.READERS[PaperKind(kind)](one)
        return Wanted(kind, committee, facts["year"], one.pk, facts)
    if kind == PaperKind.SCORES:
        return _scores(request, pk, issuing=issuing)
    if kind == PaperKind.INTERVIEW:
        held = LeaderInterview.objects.open_to(request.user, needed)
        talk = get_object_or_404(
            held.select_related("department", "committee", "interviewer", "interviewee", "recorder"), pk=pk
        )
        return Wanted(kind, talk.committee, talk.year, talk.pk, frozen_assessment.interview(talk))
    if kind in frozen.SESSION_PAPERS:
        session = get_object_or_404(
            StudySession.objects.open_to(request.user, needed).select_related("committee"), pk=pk
        )
        facts = frozen.SESSION_PAPERS[kind](session)
        return Wanted(kind, session.committee, facts["year"], session.pk, facts)
    if kind == PaperKind.PROMPT:
        row = get_object_or_404(StudyPrompt.objects.open_to(request.user, needed).select_related("committee"), pk=pk)
        return Wanted(kind, row.committee, row.year, row.pk, frozen.prompt(row))
    if kind in frozen_supervision.VISIT_PAPERS:
        return _of_visit(request, kind, pk, issuing=issuing)
    if kind == "year-plan":
        plan = get_object_or_404(StudyPlan.objects.open_to(request.user, needed).select_related("committee"), pk=pk)
        return Wanted(kind, plan.committee, plan.year, plan.pk, frozen.year_plan(plan))
    if kind == PaperKind.RECTIFICATION_NOTICE:
        needed = P.FINDING_CONFIRM  # sent by who confirms and closes
    committee = get_object_or_404(Committee.objects.open_to(request.user, needed), pk=pk)
    year = _year(request)
    if kind == PaperKind.RECTIFICATION_NOTICE:
        mine = Finding.objects.open_to(request.user, needed)
        notice = frozen_findings.rect_notice(committee, year, today=request.today, mine=mine)
        return Wanted(kind, committee, year, None, notice)
    if kind in frozen_findings.LISTS:
        whole = _whole(request, committee, needed)
        facts = frozen_findings.LISTS[kind](
            committee, year, today=request.today, whole=whole, mine=Finding.objects.open_to(request.user, needed)
        )
        return Wanted(kind, committee, year, committee.pk if whole else None, facts)
    if kind == PaperKind.MEMBERS:
        return Wanted(kind, committee, year, None, frozen_people.members(committee, year, today=request.today))
    if kind == PaperKind.BRIEFING:
        quarter = _quarter(request)
        facts = frozen_assessment.briefing(committee, year, today=request.today, quarter=quarter)
        return Wanted(kind, committee, year, quarter, facts)
    if kind == "outcomes":
        return Wanted(kind, committee, year, None, frozen.outcomes(committee, year, today=request.today))
    prose = actions.last_prose(committee.pk, year, whole=False)
    section = frozen.annual_section(committee, year, today=request.today, prose=prose)
    facts = {
        "title": section["title"],
        "cover": {"name": section["committee"]["name"], "lines": [f"{year}年度理论学习中心组", "学习情况报告"]},
        "issue": {"number": 1, "on": request.today.isoformat(), "as_of": request.now.isoformat()},
        "sections": [section],
    }
    return Wanted(kind, committee, year, None, facts)


def _scores(request: HttpRequest, pk: int, *, issuing: bool) -> Wanted:
    """As on its page: the department's at every stage; the unit's from its self-scoring on, and what was verified once
    it is published. Issued by the department alone."""
    rows = AssessmentSheet.objects.select_related(
        "assessment__committee", "assessment__scheme", "committee", "self_by__person", "verified_by__person"
    ).prefetch_related("lines")
    mine = Assessment.objects.open_to(request.user, issues_with(PaperKind.SCORES))
    rows = rows.filter(assessment__in=mine) if issuing else rows.open_to(request.user, READ["scores"])
    row = get_object_or_404(rows, pk=pk)
    sight = run_page.sight(row, request.user)
    if row.assessment.stage not in run_page.OPEN and not sight.inside:
        raise Http404
    facts = frozen_assessment.scores(row, told=issuing or sight.verified)
    return Wanted(PaperKind.SCORES, row.committee, row.assessment.year, row.pk, facts)


def _of_visit(request: HttpRequest, kind: str, pk: int, *, issuing: bool) -> Wanted:
    """The department's and the observers' own while it is written; the letter is the unit's too, once it is issued."""
    needed = P.FEEDBACK_APPROVE if issuing else P.VISIT_READ
    rows = ObservationVisit.objects.open_to(request.user, needed)
    row = get_object_or_404(rows.select_related("round__committee", "committee", "team", "study_session"), pk=pk)
    looker = seen(row, request.user, today=request.today, now=request.now)
    inside = looker.runs or not issuing and (looker.observer is not None or not looker.is_unit)
    letter = feedback_of(row)
    told = not issuing and kind == PaperKind.FEEDBACK and letter is not None and may_read(looker, letter)
    if not inside and not told:
        raise Http404
    if kind == PaperKind.FEEDBACK:
        facts = frozen_supervision.feedback(row, today=request.today)
        return Wanted(kind, row.committee, row.round.year, row.pk, facts)
    return Wanted(kind, row.round.committee, row.round.year, row.pk, frozen_supervision.visit_record(row))


def _whole(request: HttpRequest, committee: Committee, needed: Permission) -> bool:
    """With all below it: where the role reaches a subtree, something stands below, and `only` is not asked for."""
    reached = committee.path.startswith(tuple(request.user.reach(needed).paths) or ("-",))
    return reached and "only" not in request.GET and Committee.objects.filter(parent=committee).exists()


def _year(request: HttpRequest) -> int:
    asked = request.GET.get("year") or request.POST.get("year") or str(request.today.year)
    year = outside.whole(asked, least=FIRST_YEAR, most=request.today.year + 1)
    if year is None:
        raise Http404
    return year


def _quarter(request: HttpRequest) -> int | None:
    said = request.GET.get("quarter") or request.POST.get("quarter") or ""
    if said not in ("", "1", "2", "3", "4"):
        raise Http404
    return int(said) if said else None


def _years(request: HttpRequest) -> list[int]:
    return list(range(request.today.year, max(FIRST_YEAR, request.today.year - 9) - 1, -1))


@permission(P.PAPER_READ, P.VISIT_READ)
@require_http_methods(["GET", "POST"])
def paper_print(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """GET: a working copy, marked with name and time, kept nowhere. POST: issues it."""
    if request.method == "POST":
        return paper_issue(request, kind=kind, pk=pk)
    wanted = _wanted(request, kind, pk)
    draft = {"who": request.user.display_name, "at": request.now.isoformat()}
    if request.GET.get("format") == "docx" and word.has_word(kind):
        return _word_draft(request, wanted, pk, draft)
    try:
        made = (
            typeset.annual(wanted.facts, draft=draft)
            if kind == "annual"
            else typeset.single(kind, wanted.facts, draft=draft)
        )
    except PaperFailed as error:
        say(request, [error.sentence])
        return redirect("paper_list")
    record(wanted.committee, verb="print", by=request.user, at=request.now, data={"kind": kind, "subject": pk})
    answer = HttpResponse(made.pdf, content_type="application/pdf")
    answer["Content-Disposition"] = content_disposition_header(
        "download" in request.GET, rules.file_name(wanted.facts["title"], draft=True)
    )
    return answer


def _word_draft(request: HttpRequest, wanted: Wanted, pk: int, draft: dict[str, str]) -> HttpResponse:
    """The working copy in Word, with the same mark on every page."""
    try:
        content = copies.draft(wanted.kind, wanted.facts, wanted.committee, **draft)
    except PaperFailed as error:
        say(request, [error.sentence])
        return redirect("paper_list")
    data = {"kind": wanted.kind, "subject": pk, "format": "docx"}
    record(wanted.committee, verb="print", by=request.user, at=request.now, data=data)
    answer = HttpResponse(content, content_type=DOCX)
    name = rules.file_name(wanted.facts["title"], draft=True).removesuffix("pdf") + "docx"
    answer["Content-Disposition"] = content_disposition_header(True, name)
    return answer


@permission(P.PAPER_ISSUE)
@require_POST
def paper_issue(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    wanted = _wanted(request, kind, pk, issuing=True)
    if wanted.facts.get("stage") == PromptStage.DRAFT and kind == PaperKind.PROMPT:
        say(request, ["学习提示还没有发布，不能印发；请先发布，或打印送审稿。"])
        return redirect("prompt", pk=pk)
    if kind in frozen_supervision.VISIT_PAPERS and (sentence := frozen_supervision.not_yet(kind, wanted.facts)):
        say(request, [sentence])
        return redirect("visit_feedback", pk=pk)
    if kind == PaperKind.RECTIFICATION_NOTICE and not wanted.facts["rows"]:
        say(request, [frozen_findings.NOTHING_OPEN])
        return redirect("paper_list")
    if sentence := frozen_assessment.not_yet(kind, wanted.facts):
        say(request, [sentence])
        return redirect("paper_list")
    if kind == PaperKind.ANNUAL:
        job = attempt(
            request,
            lambda: actions.start_annual(wanted.committee, wanted.year, whole=False, by=request.user, at=request.now),
        )
        return redirect("job", pk=job.pk) if job else redirect("paper_annual", pk=pk)
    made = attempt(
        request,
        lambda: actions.issue(
            kind, committee=wanted.committee, year=wanted.year, subject_id=wanted.subject_id, facts=wanted.facts,
            by=request.user, at=request.now,
        ),
    )  # fmt: skip
    if made is None:
        return redirect("paper_list")
    messages.success(request, f"已印发：{made.title}，第{made.number}次。")
    return redirect("paper", pk=made.pk)


@permission(P.PAPER_ISSUE)
@require_GET
def paper_annual_choose(request: HttpRequest) -> HttpResponse:
    """The first committee one may issue for; the page itself offers the others."""
    mine = Committee.objects.open_to(request.user, P.PAPER_ISSUE)
    acting = request.user.acting.committee_id if request.user.acting else None
    row = mine.filter(pk=acting).first() or mine.order_by("path").first()
    if row is None:
        raise Http404
    return redirect("paper_annual", pk=row.pk)


@permission(P.PAPER_ISSUE)
@require_http_methods(["GET", "POST"])
def paper_annual(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose the year, write the chapters only people can write, issue: the own report, or that of all below."""
    mine = Committee.objects.open_to(request.user, P.PAPER_ISSUE)
    if "committee" in request.GET:
        choice = AnnualChoice(request.GET, years=_years(request), committees=mine.in_order())
        if choice.is_valid() and choice.cleaned_data["committee"].pk != pk:
            year = choice.cleaned_data["year"]
            return redirect(f"/papers/annual/{choice.cleaned_data['committee'].pk}/?year={year}")
    committee = get_object_or_404(mine, pk=pk)
    year = _year(request)
    has_below = mine.filter(path__startswith=committee.path).exclude(pk=committee.pk).exists()
    if request.method == "POST":
        form = AnnualForm(request.POST)
        scope = request.POST.get("scope", "own")
        whole = has_below and scope in ("whole", "all")
        if form.is_valid():
            job = attempt(
                request,
                lambda: actions.start_annual(
                    committee, year, whole=whole, own=whole and scope == "all", prose=form.cleaned_data,
                    by=request.user, at=request.now,
                ),
                form,
            )  # fmt: skip
            if job:
                return redirect("job", pk=job.pk)
        status = 422
    else:
        form = AnnualForm(initial=actions.last_prose(committee.pk, year, whole=has_below))
        status = 200
    period_ended = year < request.today.year
    issued = IssuedPaper.objects.open_to(request.user, P.PAPER_READ).filter(
        kind=PaperKind.ANNUAL, committee=committee, year=year
    )
    context = {
        "committee": committee, "year": year, "form": form, "has_below": has_below, "period_ended": period_ended,
        "below": frozen.below_in(committee, year).count(), "issued": issued.defer("facts").order_by("-issued_at"),
        "choice": AnnualChoice(initial={"year": year, "committee": pk}, years=_years(request), committees=mine.in_order()),
    }  # fmt: skip
    return render(request, "papers/annual.html", context, status=status)
