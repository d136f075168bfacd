"""A form that was overtaken: both texts side by side, and the new version for the next save."""

from typing import Any

from django import forms
from django.contrib import messages
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from roster.audit.actions import SHANGHAI
from roster.audit.models import AuditEvent


def overtaken(form: forms.Form, row: models.Model, user: Any) -> dict[str, Any] | None:
    """Values for components/version_conflict.html when `row` moved on since the form was opened, else None.

    The form keeps what was typed and gets the present version, so that saving again is a decision. Equal texts are
    no conflict: the save goes through on the present version.
    """
    row.refresh_from_db()
    if form.cleaned_data.get("version") == row.version:
        return None
    form.data = {**form.data.dict(), "version": str(row.version)}
    fields = []
    for name, field in form.fields.items():
        if name == "version" or not hasattr(row, name):
            continue
        saved, mine = getattr(row, name), form.cleaned_data.get(name)
        if (saved or "") != (mine or ""):
            fields.append({"label": field.label, "mine": _shown(field, mine), "saved": _shown(field, saved)})
    if not fields and all(name == "version" or hasattr(row, name) for name in form.fields):
        form.cleaned_data["version"] = getattr(row, "version", None)
        return None
    return {"fields": fields, **last_hand(row, user)}


def same(request: HttpRequest, row: Any) -> HttpResponse:
    """The answer to a form that was overtaken by its own text: it is kept already."""
    messages.success(request, "已保存：与已存的内容一致。")
    return redirect(row.get_absolute_url())


def last_hand(row: models.Model, user: Any) -> dict[str, str]:
    """Who saved last, and when; one's own other window is called so."""
    last = AuditEvent.objects.about(row).order_by("-id").first()
    if last is None:
        return {"by": "", "at": ""}
    return {"by": hand(last, user), "at": f"{last.at.astimezone(SHANGHAI):%H:%M}"}


def hand(event: AuditEvent | None, user: Any) -> str:
    if event is None:
        return ""
    own = event.actor_id is not None and event.actor_id == user.pk
    return "您自己在另一个窗口" if own else event.actor_name


def _shown(field: forms.Field, value: Any) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    for choice, label in getattr(field, "choices", None) or ():
        if str(choice) == str(getattr(value, "pk", value)):
            return str(label)
    return "" if value is None else str(value)
