"""Two steps before a change that matters: rehearse it, show what it touches, and only then save."""

import hashlib
from collections.abc import Callable
from typing import Any

from django import forms
from django.db import transaction
from django.http import HttpRequest


def rehearse(act: Callable[[], Any]) -> bool:
    """Run an action and take it back: its refusals come out, its changes do not stay. Always True."""
    with transaction.atomic():
        act()
        transaction.set_rollback(True)
    return True


def seal(form: forms.Form, warnings: list[str]) -> str:
    """A short mark of what was typed and what was warned of; another word or warning gives another mark."""
    text = repr((sorted((name, str(value)) for name, value in form.cleaned_data.items()), warnings))
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def confirmed(request: HttpRequest, form: forms.Form, warnings: list[str]) -> bool:
    """Whether these very warnings were shown for these very words, and accepted."""
    return not warnings or request.POST.get("confirmed") == seal(form, warnings)
