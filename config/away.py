"""PostgreSQL cannot be reached: a page that says so, at once, and asks to come back."""

import sys
import time
from collections.abc import Callable, Iterator

import psycopg
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.defaults import server_error
from psycopg_pool import PoolClosed, PoolTimeout

RETRY_SECONDS = 5  # what the page asks the browser to wait
REST_SECONDS = 1.0  # so long nobody else of this process tries, and no thread waits
GONE = ("08", "57P", "53300")  # connection lost, server stopping or starting, too many connections
CLOSED = "connection is closed"  # what psycopg says of a connection that broke before

_missed_at = -REST_SECONDS


def errors(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what it was raised from on purpose; not what happened to be handled when it was raised."""
    while error is not None:
        yield error
        error = error.__cause__


def is_away(error: BaseException | None) -> bool:
    """Whether an error means that the database cannot be reached, not that it refused something."""
    for each in errors(error):
        if isinstance(each, PoolTimeout | PoolClosed):
            return True
        if isinstance(each, psycopg.OperationalError):
            return each.sqlstate is None or each.sqlstate.startswith(GONE)
        if isinstance(each, psycopg.InterfaceError):
            return CLOSED in str(each)
    return False


def answer() -> HttpResponse:
    page = HttpResponse(render_to_string("503.html"), status=503)
    page["Retry-After"] = str(RETRY_SECONDS)
    page["Cache-Control"] = "no-store"
    return page


def failed(request: HttpRequest) -> HttpResponse:
    """Django's handler of uncaught errors: 503 while the database is away, 500 for everything else."""
    global _missed_at
    if is_away(sys.exc_info()[1]):
        _missed_at = time.monotonic()
        return answer()
    return server_error(request)


class AwayMiddleware:
    """Spares the threads: right after a miss the same answer is given without trying."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        spared = not request.path_info.startswith(("/healthz", "/readyz", "/static/"))
        if spared and time.monotonic() - _missed_at < REST_SECONDS:
            return answer()
        return self.get_response(request)
