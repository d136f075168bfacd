"""Marks and manners of every address: who may come in, and how a refused action is told."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, TypeVar

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

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


def poll(view: View) -> View:
    """Asked for by an open page on its own, again and again: nobody is there because of it (`asked_by_itself`)."""
    view.is_poll = True
    return view


def asked_by_itself(request: HttpRequest) -> bool:
    """Whether the address is one that pages poll. It keeps no session alive and is never sent to another page."""
    try:
        return getattr(resolve(request.path_info).func, "is_poll", False)
    except Resolver404:
        return False


def say(request: HttpRequest, reasons: Iterable[str]) -> None:
    """A refusal in words. What was typed is not saved then, and its draft stays (`DraftMiddleware`)."""
    request.was_refused = True
    for reason in reasons:
        messages.error(request, reason)


def attempt(request: HttpRequest, act: Callable[[], T], form: Any = None) -> T | None:
    """Run an action. Refused: every reason goes to the form (or to the messages) and None comes back."""
    try:
        return act()
    except (Refused, DataError) as fault:
        refusal = fault if isinstance(fault, Refused) else Refused(TOO_LONG)
        if form is not None:
            for reason in refusal.reasons:
                form.add_error(None, reason)
        else:
            say(request, refusal.reasons)
            _give_back(request)
        return None


# Said where the database itself refuses a length or a size that no form asked for.
TOO_LONG = "有一处文字太长或数字太大，没有保存。请缩短后再试。"
# The free text of the small forms that stand in a panel and end in a redirect, whatever came of them.
TYPED = ("reason", "note", "meeting")


def _give_back(request: HttpRequest) -> None:
    """Nothing typed is lost: what was written comes back beside the refusal, to be copied."""
    for name in TYPED:
        if text := request.POST.get(name, "").strip():
            messages.info(request, f"您刚才填写的文字没有保存：“{text[:2000]}”。可以复制后重新填写。")


def filled(request: HttpRequest, form: Any) -> bool:
    """Whether a small form that ends in a redirect is valid; if not, every fault is said and the text given back."""
    if form.is_valid():
        return True
    for name, errors in form.errors.items():
        label = form.fields[name].label if name in form.fields else ""
        say(request, [f"{label}：{error}" if label else str(error) for error in errors])
    _give_back(request)
    return False
