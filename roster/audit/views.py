"""The door of the record: the auditor reads, nobody changes."""

from datetime import datetime, time, timedelta
from ipaddress import ip_address
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from roster.accounts.doors import permission
from roster.accounts.listing import ordered, page_of
from roster.accounts.roles import Permission
from roster.audit.actions import SHANGHAI
from roster.audit.forms import AuditFilter
from roster.audit.models import AuditEvent
from roster.audit.verify import own_hash
from roster.audit.words import VERBS, state_word, subject_words, thing_word, verb_word
from roster.committees.models import Committee

SORTS = {"at": ("at", "pk"), "actor": ("actor_name", "-at"), "verb": ("verb", "-at")}


def _open(request: HttpRequest) -> QuerySet[Any]:
    """The chains of the auditor's committees; what belongs to none (log-ins, calendar) only from the root."""
    reach = request.user.reach(Permission.AUDIT_READ)
    if any(path.count("/") == 1 for path in reach.paths):
        return AuditEvent.objects.all()
    mine = Committee.objects.open_to(request.user, Permission.AUDIT_READ)
    return AuditEvent.objects.filter(chain__in=mine.values("pk"))


def _row(event: AuditEvent) -> dict[str, Any]:
    at = event.at.astimezone(SHANGHAI)
    return {
        "event": event, "at": f"{at:%Y-%m-%d %H:%M:%S}", "verb": verb_word(event.verb),
        "thing": thing_word(event.subject_type), "label": subject_words(event.subject_type, event.subject_id, event.subject_label),
        "before": state_word(event.before), "after": state_word(event.after),
    }  # fmt: skip


def _filtered(form: AuditFilter, rows: QuerySet[Any]) -> QuerySet[Any]:
    given = form.cleaned_data if form.is_valid() else {}
    if given.get("q"):
        text = given["q"].strip()
        rows = rows.filter(
            Q(actor_name__icontains=text) | Q(subject_label__icontains=text) | Q(request_id=text)
            | Q(address__in=[text] if _is_address(text) else [])
        )  # fmt: skip
    if given.get("subject"):
        rows = rows.filter(subject_type=given["subject"])
    if given.get("verb"):
        word = given["verb"].strip()
        codes = [code for code, said in VERBS.items() if word in said]
        rows = rows.filter(Q(verb__icontains=word) | Q(verb__in=codes))
    if given.get("first"):
        rows = rows.filter(at__gte=datetime.combine(given["first"], time(), SHANGHAI))
    if given.get("last"):
        rows = rows.filter(at__lt=datetime.combine(given["last"] + timedelta(days=1), time(), SHANGHAI))
    return rows


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


@permission(Permission.AUDIT_READ)
@require_GET
def audit_list(request: HttpRequest) -> HttpResponse:
    form = AuditFilter(request.GET)
    rows, sort = ordered(request, _filtered(form, _open(request)), SORTS, "-at")
    page = page_of(request, rows)
    context = {
        "form": form, "page_obj": page, "rows": [_row(event) for event in page], "sort": sort,
        "filtered": any(request.GET.get(name) for name in form.fields),
    }  # fmt: skip
    return render(request, "audit/list.html", context)


@permission(Permission.AUDIT_READ)
@require_GET
def audit_event(request: HttpRequest, pk: int) -> HttpResponse:
    event = get_object_or_404(_open(request), pk=pk)
    previous = AuditEvent.objects.filter(chain=event.chain, seq=event.seq - 1).values_list("hash", flat=True).first()
    sound = own_hash(event) == event.hash and (event.seq == 1 or previous == event.previous_hash)
    details = list(event.data.items())
    return render(request, "audit/event.html", {**_row(event), "sound": sound, "details": details})
