"""What is asked: words, a kind, a year."""

from __future__ import annotations

from typing import Any

from django import forms

from sessions_app.search.rules import LONGEST


class SearchForm(forms.Form):
    q = forms.CharField(label="要找的内容", required=False, max_length=4 * LONGEST)
    kind = forms.ChoiceField(label="类别", required=False)
    year = forms.TypedChoiceField(label="年度", required=False, coerce=int, empty_value=None)

    def __init__(self, *args: Any, kinds: list[tuple[str, str]], years: list[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [("", "全部"), *kinds]
        self.fields["year"].choices = [("", "全部"), *((year, f"{year}年") for year in years)]
        self.fields["q"].widget.attrs.update({"type": "search", "autocomplete": "off", "data-search": ""})
