"""What the forms of the house share: a day, and the version a form started from."""

from typing import Any

from django import forms


class DayField(forms.DateField):
    """A day, typed or picked: 2026-03-05."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))
        kwargs.setdefault("input_formats", ["%Y-%m-%d", "%Y/%m/%d", "%Y年%m月%d日"])
        super().__init__(**kwargs)


class VersionForm(forms.Form):
    """Carries the version of the row it was opened on."""

    version = forms.IntegerField(widget=forms.HiddenInput, error_messages={"required": "页面已过期，请重新打开。"})
