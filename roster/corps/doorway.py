"""What the doors of the corps share: in whose name one acts, and a list taken as a workbook."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from roster.accounts.models import User
from roster.accounts.roles import Permission
from roster.accounts.sheets import workbook
from roster.audit.actions import record
from roster.committees.models import Committee

P = Permission
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def status_of(request: HttpRequest) -> int:
    return 422 if request.method == "POST" else 200


def departments_of(user: User, needed: Permission) -> QuerySet[Committee]:
    """In whose name somebody may act: the committees over which his grant itself stands."""
    return Committee.objects.filter(pk__in=[hold.committee_id for hold in user.holds_with(needed)]).in_order()


def editable(request: HttpRequest, row: Any) -> bool:
    rows = type(row).objects.open_to(request.user, P.CORPS_EDIT)
    return bool(request.user.may(P.CORPS_EDIT) and rows.filter(pk=row.pk).exists())


def sheet(request: HttpRequest, name: str, heads: Sequence[str], lines: Any, note: str) -> HttpResponse:
    """A list as a workbook, what the filters show; the record keeps who took it."""
    data = {"list": name, "query": request.GET.urlencode()[:500]}
    record(request.user, verb="export", by=request.user, at=request.now, data=data)
    answer = HttpResponse(workbook(name, heads, lines, note=note), content_type=XLSX)
    answer["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}.xlsx"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
