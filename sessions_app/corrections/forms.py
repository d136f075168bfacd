"""Shape of what is typed about corrections."""

from typing import Any

from django import forms

from sessions_app.corrections.models import CorrectionKind, CorrectionStage


class AskForm(forms.Form):
    """Why and on what ground; the marks or texts stand beside it."""

    reason = forms.CharField(label="更正理由", max_length=300, widget=forms.Textarea(attrs={"rows": 2}))
    evidence = forms.CharField(label="依据", max_length=300, help_text="如 请假条、签到表原件")


class TextForm(forms.Form):
    """The texts of archived minutes: section-<id>, discussion, summary."""

    def __init__(self, *args: Any, texts: list[tuple[str, str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label, text in texts:
            self.fields[name] = forms.CharField(
                label=label, required=False, initial=text, strip=False, max_length=20_000,
                widget=forms.Textarea(attrs={"rows": 3}),
            )  # fmt: skip


class DecideForm(forms.Form):
    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    agree = forms.ChoiceField(choices=[("yes", "同意"), ("no", "不同意")])
    reason = forms.CharField(label="意见", max_length=300, required=False)


class CorrectionFilter(forms.Form):
    q = forms.CharField(label="学习主题、理由", required=False)
    stage = forms.ChoiceField(label="状态", required=False, choices=[("", "全部"), *CorrectionStage.choices])
    kind = forms.ChoiceField(label="对象", required=False, choices=[("", "全部"), *CorrectionKind.choices])
