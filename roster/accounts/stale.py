"""A form that was overtaken: both texts side by side, and the new version for the next save."""

from typing import Any

from django import forms
from django.db import models

from roster.audit.actions import SHANGHAI
from roster.audit.models import AuditEvent


def overtaken(form: forms.Form, row: models.Model) -> dict[str, Any] | None:
    """Values for components/version_conflict.html when `row` moved on since the form was opened, else None.

    The form keeps what was typed and gets the present version, so that saving again is a decision.
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
    last = AuditEvent.objects.about(row).order_by("-id").first()
    return {
        "fields": fields,
        "by": last.actor_name if last else "",
        "at": f"{last.at.astimezone(SHANGHAI):%H:%M}" if last else "",
    }


def _shown(field: forms.Field, value: Any) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    for choice, label in getattr(field, "choices", None) or ():
        if str(choice) == str(getattr(value, "pk", value)):
            return str(label)
    return "" if value is None else str(value)
