"""The clock of the pages: read once a request, here and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone


def now() -> datetime:
    """Aware, in Asia/Shanghai, where days end at 24:00. ZHIXING_CLOCK holds it still for the demo's pictures and tests."""
    return timezone.localtime(settings.CLOCK or timezone.now())


class ClockMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.now = now()
        request.today = request.now.date()
        return self.get_response(request)
