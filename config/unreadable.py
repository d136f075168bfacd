"""What neither the database nor a page can hold is answered 400 before anything looks at it: NUL, half characters."""

from collections.abc import Callable, Iterator

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, UnreadablePostError

from roster.outside import is_readable


class UnreadableMiddleware:
    """Looks at path, query and form fields, names and values alike; the content of files is another's to judge."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            readable = all(is_readable(text) for text in texts(request))
        except UnreadablePostError:  # the visitor broke off while sending
            readable = False
        if not readable:
            raise BadRequest("unreadable characters")
        return self.get_response(request)


def texts(request: HttpRequest) -> Iterator[str]:
    yield request.path_info
    for given in (request.GET, request.POST):
        for name, values in given.lists():
            yield name
            yield from values
