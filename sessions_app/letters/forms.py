"""What is typed about letters."""

from typing import Any

from django import forms

from roster.audit.forms import DayField, VersionForm
from roster.committees.forms import CommitteePick
from sessions_app.letters.models import LetterStage
from sessions_app.letters.rules import MOST_WORDS


class LetterForm(forms.Form):
    """`items`: the open things of the addressee, each with its words; the page lays them out as a table."""

    items = forms.TypedMultipleChoiceField(
        label="列入的事项", coerce=int,
        error_messages={
            "required": "没有选择事项。请至少选择一项未办结的事项。",
            "invalid_choice": "所选事项中有的已经办结，请核对后重新选择。",
        },
    )  # fmt: skip
    demand = forms.CharField(
        label="要求",
        max_length=MOST_WORDS,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="印在事项之后，可以改写。",
    )
    answer_by = DayField(label="办理期限")
    form_token = forms.CharField(widget=forms.HiddenInput, required=False, max_length=36)

    def __init__(self, *args: Any, items: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["items"].choices = items


class WithdrawForm(VersionForm):
    reason = forms.CharField(label="撤销原因", max_length=200)


class LetterFilter(forms.Form):
    year = forms.TypedChoiceField(label="年度", required=False, coerce=int, empty_value=None)
    stage = forms.ChoiceField(label="状态", required=False, choices=[("", "全部"), *LetterStage.choices])
    under = CommitteePick(label="范围", required=False)
    q = forms.CharField(
        label="委员会或事项", required=False, max_length=60, widget=forms.TextInput(attrs={"placeholder": "名称、拼音首字母、事项"})
    )  # fmt: skip

    def __init__(self, *args: Any, years: list[int], committees: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["year"].choices = [("", "全部"), *((year, f"{year}年") for year in years)]
        self.fields["under"].queryset = committees
