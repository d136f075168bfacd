"""What the forms of the house share: a day, and the version a form started from."""

from datetime import date
from typing import Any

from django import forms

from roster import outside
from roster.audit.words import THINGS


class DayField(forms.DateField):
    """A day, typed or picked: 2026-03-05."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))
        kwargs.setdefault("input_formats", ["%Y-%m-%d", "%Y/%m/%d", "%Y年%m月%d日"])
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> date | None:
        found: date | None = super().to_python(value)
        if found is not None and not outside.FIRST_YEAR <= found.year <= outside.LAST_YEAR:
            raise forms.ValidationError("年份不对，请核对日期，写成 2026-03-05 的样子。")
        return found


class VersionForm(forms.Form):
    """Carries the version of the row it was opened on."""

    version = forms.IntegerField(widget=forms.HiddenInput, error_messages={"required": "页面已过期，请重新打开。"})


class AuditFilter(forms.Form):
    q = forms.CharField(
        label="经手人或对象", required=False, widget=forms.TextInput(attrs={"placeholder": "姓名、对象名称、来源地址"})
    )
    subject = forms.ChoiceField(label="对象类型", required=False, choices=[("", "全部"), *THINGS.items()])
    verb = forms.CharField(label="动作", required=False, widget=forms.TextInput(attrs={"placeholder": "如 登录、授予"}))
    first = DayField(label="从", required=False)
    last = DayField(label="到", required=False)
