"""What is typed about papers."""

from __future__ import annotations

from typing import Any

from django import forms

from roster.committees.forms import CommitteePick
from sessions_app.papers.models import PaperKind


class PaperFilter(forms.Form):
    year = forms.TypedChoiceField(label="年度", required=False, coerce=int, empty_value=None)
    kind = forms.ChoiceField(label="文书", required=False, choices=[("", "全部"), *PaperKind.choices])
    committee = CommitteePick(label="委员会", required=False)

    def __init__(self, *args: Any, years: list[int], committees: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["year"].choices = [("", "全部"), *((year, f"{year}年") for year in years)]
        self.fields["committee"].queryset = committees


def _chapter(label: str, example: str) -> forms.CharField:
    return forms.CharField(
        label=label, required=False, max_length=4000, help_text=f"{example} 不填则印成留空的横线，注明待补。",
        widget=forms.Textarea(attrs={"rows": 5}),
    )  # fmt: skip


class AnnualForm(forms.Form):
    """The chapters that nobody but people can write; everything else is filled in from the records."""

    practices = _chapter("主要做法", "写进第二部分。")
    problems = _chapter("五、存在问题", "")
    next = _chapter("六、下一步打算", "")


class AnnualChoice(forms.Form):
    year = forms.TypedChoiceField(label="年度", coerce=int)
    committee = CommitteePick(label="委员会")

    def __init__(self, *args: Any, years: list[int], committees: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["year"].choices = [(year, f"{year}年") for year in years]
        self.fields["committee"].queryset = committees


class ErratumForm(forms.Form):
    text = forms.CharField(
        label="勘误内容", max_length=2000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="写明第几页、原文、应为。原件保持不变，勘误编号列在它旁边。",
    )  # fmt: skip
