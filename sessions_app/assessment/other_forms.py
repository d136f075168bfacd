"""What is typed about results from elsewhere: one of them, or many lines from a spreadsheet."""

from collections.abc import Sequence
from typing import Any

from django import forms

from roster.committees.forms import CommitteePick
from sessions_app.assessment.candidates import OWN


class OtherFilter(forms.Form):
    year = forms.TypedChoiceField(label="年度", required=False, coerce=int, empty_value=None)
    name = forms.ChoiceField(label="考核名称", required=False)
    q = forms.CharField(
        label="单位",
        required=False,
        max_length=60,
        widget=forms.TextInput(attrs={"placeholder": "名称、编码、拼音首字母"}),
    )

    def __init__(self, *args: Any, years: Sequence[int], names: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["year"].choices = [("", "全部"), *((year, f"{year}年") for year in years)]
        self.fields["name"].choices = [("", "全部"), *((name, name) for name in names)]


class _Head(forms.Form):
    year = forms.IntegerField(label="年度", min_value=2000, max_value=2999)
    name = forms.CharField(label="考核名称", max_length=60, help_text=f"本考核以前年度的名次，名称用“{OWN}”。")
    out_of = forms.DecimalField(label="满分", max_digits=7, decimal_places=2, initial=100)
    of = forms.IntegerField(
        label="参评家数", min_value=1, max_value=999_999, required=False, help_text="有名次的须填。"
    )
    source = forms.CharField(label="来源", max_length=200, help_text="文件名称和文号。")


class OtherForm(_Head):
    """One result; `version` where it is there already, whose committee then stands."""

    committee = CommitteePick(label="单位")
    score = forms.DecimalField(label="得分", max_digits=7, decimal_places=2, required=False)
    rank = forms.IntegerField(label="名次", min_value=1, max_value=999_999, required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    field_order = ["committee", "year", "name", "score", "out_of", "rank", "of", "source", "version"]

    def __init__(self, *args: Any, committees: Any, fixed: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["committee"].queryset = committees
        if fixed:
            del self.fields["committee"]


class PasteForm(_Head):
    lines = forms.CharField(
        label="数据", max_length=200_000, strip=False,
        widget=forms.Textarea(attrs={"rows": 12, "placeholder": "Z001\t92.5\t3"}),
        help_text="从表格里复制三栏：编码、得分、名次，一行一家；没有的栏留空。",
    )  # fmt: skip
