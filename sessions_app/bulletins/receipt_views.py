"""Doors of those below: 签收, the paper itself; and for the department, who has received it and who has not."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_POST

from roster import outside
from roster.accounts.doors import attempt, permission
from roster.accounts.listing import page_of
from roster.accounts.roles import Permission
from roster.audit.actions import record
from sessions_app.bulletins import access, actions, rules
from sessions_app.bulletins.forms import ReceiptFilter
from sessions_app.bulletins.models import Bulletin, BulletinReceipt, BulletinStage
from sessions_app.papers import kept
from sessions_app.papers import rules as papers
from sessions_app.policies import calendar, parameters
from sessions_app.policies.rules import left_words, tone

P = Permission


@permission(P.BULLETIN_RECEIPT)
@require_POST
def bulletin_receive(request: HttpRequest, pk: int) -> HttpResponse:
    """For the committee that is named, or the only one he may receive it for."""
    row = get_object_or_404(
        Bulletin.objects.open_to(request.user, P.BULLETIN_RECEIPT).select_related("committee"), pk=pk
    )
    seats = access.seats(request.user, row)
    asked = request.POST.get("committee", "")
    if asked:
        seat = get_object_or_404(seats, pk=outside.key(asked))
    else:
        seat = seats.first()
    if seat is None:
        messages.info(request, "这期学情通报不用您签收。")
        return redirect(row)
    if attempt(request, lambda: actions.receive(row, committee=seat, by=request.user, at=request.now)):
        messages.success(request, f"已签收，主管部门会看到{seat}的签收时间。")
    return redirect(row)


@permission(P.BULLETIN_EDIT, P.BULLETIN_CHECK, P.BULLETIN_SIGN)
@require_GET
def bulletin_receipts(request: HttpRequest, pk: int) -> HttpResponse:
    """Who has received it and who has not; the finders remind those who have not."""
    row = get_object_or_404(access.in_hand(request.user).select_related("committee"), pk=pk)
    if row.stage != BulletinStage.ISSUED:
        messages.info(request, "签发之后才有签收。")
        return redirect(row)
    form = ReceiptFilter(request.GET)
    given = form.cleaned_data if form.is_valid() else {}
    asked = access.with_receipt(access.receivers(row), row)
    if given.get("state"):
        asked = asked.filter(received=given["state"] == "yes")
    if given.get("q"):
        asked = asked.search(given["q"])
    found = page_of(request, asked)
    taken = BulletinReceipt.objects.filter(bulletin=row, committee__in=list(found)).select_related("by__person")
    taken = {receipt.committee_id: receipt for receipt in taken}
    day = access.issued_on(row)
    term = int(parameters.value("bulletin_receipt_working_days", row.committee, day))
    due = calendar.add_working_days(day, term)
    working = calendar.load(min(due, request.today), max(due, request.today))
    for one in found:
        one.receipt = taken.get(one.pk)
    context = {
        "bulletin": row, "form": form, "page_obj": found, "due": due, "received": row.receipts.count(),
        "asked": access.receivers(row).count(), "left": left_words(due, request.today, working),
        "tone": tone(due, request.today, working, behind_days=1).value, "filtered": any(given.values()),
        "period": rules.period_words(row.year, row.quarter),
    }  # fmt: skip
    return render(request, "bulletins/receipts.html", context)


@permission(P.BULLETIN_READ)
@require_GET
def bulletin_download(request: HttpRequest, pk: int) -> HttpResponse:
    """The issued paper, for everybody who may read the bulletin."""
    row = get_object_or_404(Bulletin.objects.open_to(request.user, P.BULLETIN_READ).select_related("paper"), pk=pk)
    if row.paper is None:
        raise Http404
    paper = row.paper
    content = attempt(request, lambda: kept.handed_out(paper.file))
    if content is None:
        return redirect(row)
    record(paper, verb="download", by=request.user, at=request.now, data={"sha256": paper.sha256})
    answer = HttpResponse(content, content_type="application/pdf")
    if settings.ACCEL:
        answer["X-Accel-Redirect"] = f"{settings.ACCEL.rstrip('/')}/{paper.file.name}"
    name = papers.file_name(row.paper.title, number_=row.paper.number)
    answer["Content-Disposition"] = content_disposition_header(True, name)
    return answer
