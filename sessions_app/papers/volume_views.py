"""Doors of 学习档案: choose the year, see what it will hold and what is not there, start, and what was made."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from roster import outside
from roster.accounts.doors import attempt, permission
from roster.accounts.roles import Permission as P
from roster.committees.models import Committee
from sessions_app.jobs.models import LIVE, Job
from sessions_app.jobs.views import progress
from sessions_app.papers import frozen_volume, volume_work
from sessions_app.papers.forms import AnnualChoice
from sessions_app.papers.models import IssuedPaper, PaperKind

FIRST_YEAR = 2017  # the Rule's year; nothing older is kept


@permission(P.PAPER_ISSUE)
@require_GET
def volume_choose(request: HttpRequest) -> HttpResponse:
    """The committee one acts for; the page offers the others."""
    mine = Committee.objects.open_to(request.user, P.PAPER_ISSUE)
    acting = request.user.acting.committee_id if request.user.acting else None
    row = mine.filter(pk=acting).first() or mine.order_by("path").first()
    if row is None:
        raise Http404
    return redirect("volume", pk=row.pk)


@permission(P.PAPER_ISSUE)
@require_http_methods(["GET", "POST"])
def volume(request: HttpRequest, pk: int) -> HttpResponse:
    mine = Committee.objects.open_to(request.user, P.PAPER_ISSUE)
    committee = get_object_or_404(mine, pk=pk)
    this = request.today.year
    years = list(range(this, max(FIRST_YEAR, this - 9) - 1, -1))
    asked = request.GET.get("year") or request.POST.get("year") or str(this)
    if outside.whole(asked) not in years:
        raise Http404
    year = int(asked)
    if "committee" in request.GET:
        choice = AnnualChoice(request.GET, years=years, committees=mine.in_order())
        if choice.is_valid() and choice.cleaned_data["committee"].pk != pk:
            return redirect(f"/papers/volume/{choice.cleaned_data['committee'].pk}/?year={year}")
    status = 200
    if request.method == "POST":
        job = attempt(request, lambda: volume_work.start(committee, year, by=request.user, at=request.now))
        if job:
            return redirect("job", pk=job.pk)
        status = 422
    issued = IssuedPaper.objects.open_to(request.user, P.PAPER_READ).filter(
        kind=PaperKind.VOLUME, committee=committee, year=year
    )
    running = Job.objects.open_to(request.user, P.PAPER_READ).filter(
        key=f"{volume_work.VOLUME_JOB}:{committee.pk}:{year}", stage__in=LIVE
    )
    sittings = frozen_volume.sittings(committee, year)
    context = {
        "committee": committee, "year": year, "sittings": sittings, "lacking": frozen_volume.lacking(committee, year),
        "lacks": sum(bool(each.lacks) for each in sittings),
        "letters": len(frozen_volume.letters(committee, year, request.user)),
        "originals": frozen_volume.originals(committee, year, by=request.user),
        "issued": issued.defer("facts").prefetch_related("files").select_related("issued_by__person").order_by("-number"),
        "bars": [progress(job, may_change=True) for job in running],
        "choice": AnnualChoice(initial={"year": year, "committee": pk}, years=years, committees=mine.in_order()),
    }  # fmt: skip
    return render(request, "papers/volume.html", context, status=status)
