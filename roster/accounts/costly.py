"""Pages that cost seconds of the machine: so many at once and so many a minute for one user, never for all together."""

import secrets
from collections.abc import Callable

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from redis.exceptions import RedisError

AT_ONCE, A_MINUTE = 3, 60
HELD_SECONDS = 180  # a place whose process died is free again after this
COSTLY = frozenset(
    ["paper_print", "bulletin_print", "paper_issue", "workbook_export", "assessment_export", "import_rejected"]
)


class CostlyMiddleware:
    """Counts in Redis; where it is away nobody is held up."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable, args: list, kwargs: dict) -> HttpResponse | None:
        name = request.resolver_match.url_name if request.resolver_match else ""
        costly = str(name) in COSTLY or request.GET.get("format") == "xlsx"
        if not costly or not request.user.is_authenticated:
            return None
        minute = f"costly:{request.user.pk}:{request.now:%Y%m%d%H%M}"
        try:
            cache.add(minute, 0, 120)
            if cache.incr(minute) > A_MINUTE:
                return _wait(request, 60 - request.now.second)
            held = _take(request.user.pk)
        except (ValueError, RedisError):
            return None
        if not held:
            return _wait(request, 5)
        try:
            return view(request, *args, **kwargs)
        finally:
            cache.delete(held)


def _take(user: int) -> str:
    """One of the places of this user, or nothing where all are taken."""
    for number in range(AT_ONCE):
        place = f"costly:{user}:place:{number}"
        if cache.add(place, secrets.token_hex(4), HELD_SECONDS):
            return place
    return ""


def _wait(request: HttpRequest, seconds: int) -> HttpResponse:
    answer = render(request, "429.html", status=429)
    answer["Retry-After"] = str(max(1, seconds))
    return answer
