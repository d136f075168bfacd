"""A form makes its thing once. The same token with the same text is a second click; with other text it is asked about.

Every form that makes something carries a `form_token`; the action answers a token it knows with what it made. Going back
and typing another session would drop the second in silence, so the token remembers here what was sent with it: in the
log-in's own session and, against two clicks in the same moment, in Redis.
"""

import hashlib
import json
import uuid
from collections.abc import Callable

from django.contrib import messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

TOKEN = "form_token"  # noqa: S105  a name of a field
NO_TEXT = (TOKEN, "csrfmiddlewaretoken", "typed_fields", "draft_key")
KEPT, KEPT_SECONDS = 40, 12 * 3600


class OnceMiddleware:
    """Stands after log-in and messages; the view makes the thing, this knows what was sent with the token."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = request.POST.get(TOKEN, "") if request.method == "POST" else ""
        if not token or len(token) > 36 or not request.user.is_authenticated:
            return self.get_response(request)
        text, place = fingerprint(request), f"once:{request.user.pk}:{token}"
        known = request.session.get("once", {}).get(token)
        mine = cache.add(place, [text, ""], KEPT_SECONDS)
        known = known or (None if mine else cache.get(place))
        if known and known[0] != text:
            return asked(request, known[1])
        response = self.get_response(request)
        if response.status_code == 302 and not _refused(request):
            cache.set(place, [text, response["Location"]], KEPT_SECONDS)
            kept = {**request.session.get("once", {}), token: [text, response["Location"]]}
            request.session["once"] = dict(list(kept.items())[-KEPT:])
        elif mine:
            cache.delete(place)
        return response


def fingerprint(request: HttpRequest) -> str:
    """Of what was typed and chosen, whatever the order of the fields."""
    said = sorted((name, values) for name, values in request.POST.lists() if name not in NO_TEXT)
    files = sorted((name, [(file.name, file.size) for file in found]) for name, found in request.FILES.lists())
    return hashlib.sha256(json.dumps([request.path, said, files]).encode()).hexdigest()


def asked(request: HttpRequest, where: str) -> HttpResponse:
    """Nothing was made. All that was typed stands on the page and goes along with a fresh token."""
    given = [(name, value) for name, values in request.POST.lists() if name not in NO_TEXT for value in values]
    words = [value for name, value in given if value.strip() and not name.endswith("_FORMS") and len(value) > 1]
    context = {"given": given, "words": words[:60], "token": str(uuid.uuid4()), "where": where}
    return render(request, "accounts/again.html", context, status=409)


def _refused(request: HttpRequest) -> bool:
    """Whether the view sent him back with a reason instead of making something."""
    queued = getattr(messages.get_messages(request), "_queued_messages", [])
    return any(one.level >= messages.ERROR for one in queued)
