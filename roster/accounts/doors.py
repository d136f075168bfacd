"""Marks and manners of every address: who may come in, and how a refused action is told."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, TypeVar

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse

from roster.accounts.roles import Permission
from roster.audit.moves import Refused

View = Callable[..., HttpResponse]
T = TypeVar("T")


def permission(*needed: Permission) -> Callable[[View], View]:
    """The address needs one of these permissions somewhere; the view fetches its row by `open_to` with it.

    Who holds none of them gets 404: for him the place does not exist.
    """

    def mark(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            held = [name for name in needed if request.user.may(name)]
            if not held:
                raise Http404
            request.user.using = held[0]
            return view(request, *args, **kwargs)

        guarded.access = tuple(needed)
        return guarded

    return mark


def any_login(view: View) -> View:
    """Open to everyone who is logged in."""
    view.access = "any_login"
    return view


def public(view: View) -> View:
    """Open without log-in."""
    view = login_not_required(view)
    view.access = "public"
    return view


def say(request: HttpRequest, reasons: Iterable[str]) -> None:
    for reason in reasons:
        messages.error(request, reason)


def attempt(request: HttpRequest, act: Callable[[], T], form: Any = None) -> T | None:
    """Run an action. Refused: every reason goes to the form (or to the messages) and None comes back."""
    try:
        return act()
    except Refused as refusal:
        if form is not None:
            for reason in refusal.reasons:
                form.add_error(None, reason)
        else:
            say(request, refusal.reasons)
        return None
