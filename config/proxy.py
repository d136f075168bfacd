"""The visitor's address, when trusted proxies stand in between (ZHIXING_PROXY_COUNT of them)."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse


class ProxyMiddleware:
    """Puts it into REMOTE_ADDR, so that throttling, audit and logs need not know of proxies.

    Every trusted proxy appends the address it was called from; what stands left of theirs was written by the visitor
    and may be a lie.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chain = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
        if 0 < settings.PROXY_COUNT <= len(chain):
            request.META["REMOTE_ADDR"] = _address(chain[-settings.PROXY_COUNT])
        return self.get_response(request)


def _address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        return ""
