"""Doors of drafts: JSON for static/js/drafts.js. Everybody reads and keeps his own alone."""

import json

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_GET, require_POST

from roster.accounts import draft_actions as actions
from roster.accounts.doors import any_login
from roster.accounts.draft_rules import KEY, MOST_BYTES, faults, said_at
from roster.accounts.models import Draft
from roster.audit.actions import SHANGHAI

MOST_PLACES = 40


@any_login
@require_GET
def draft_list(request: HttpRequest) -> JsonResponse:
    """What waits for the forms of a page: `?at=` once a form."""
    places = request.GET.getlist("at")[:MOST_PLACES]
    rows = Draft.objects.waiting(request.user, request.now).filter(place__in=places).order_by("-kept_at", "-pk")
    found = [
        {
            "key": row.key,
            "place": row.place,
            "version": row.version,
            "clock": said_at(row.kept_at.astimezone(SHANGHAI), request.now),
            "values": row.content.get("values", {}),
            "words": row.content.get("words", {}),
        }
        for row in rows
    ]
    return JsonResponse({"drafts": found})


@any_login
@require_POST
def draft_keep(request: HttpRequest) -> JsonResponse:
    if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
        return JsonResponse({"error": "内容太长，草稿没有留存。请分几次保存。"}, status=413)
    try:  # a form's body is read already, and is no draft
        given = json.loads(request.body) if request.content_type == "application/json" else None
    except (ValueError, RecursionError):
        given = None
    if wrong := faults(given):
        return JsonResponse({"error": wrong}, status=422)
    row = actions.keep(given, by=request.user, at=request.now)
    if row is None:
        return JsonResponse({"closed": True})  # no failure: it was saved meanwhile
    return JsonResponse({"at": f"{request.now:%H:%M}"})


@any_login
@require_POST
def draft_drop(request: HttpRequest) -> JsonResponse:
    key = request.POST.get("key", "")
    if not KEY.fullmatch(key):
        return JsonResponse({"error": "草稿没有编号。"}, status=422)
    actions.close(key, by=request.user, at=request.now)
    return JsonResponse({})
