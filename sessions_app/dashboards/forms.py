"""The period picker: shape of the address, nothing is saved."""

from datetime import date
from typing import Any

from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet

from roster.accounts.models import User
from roster.committees.models import Committee
from sessions_app.facts.periods import Span, cut, span

QUARTERS = [("", "全年"), ("1", "第一季度"), ("2", "第二季度"), ("3", "第三季度"), ("4", "第四季度")]
MONTHS = [("", "全部月份"), *((str(month), f"{month}月") for month in range(1, 13))]


class PeriodForm(forms.Form):
    """`committee` offers the tops of what the reader reaches and every unit with units below it."""

    year = forms.TypedChoiceField(label="年度", coerce=int, required=False)
    quarter = forms.TypedChoiceField(label="季度", coerce=int, required=False, choices=QUARTERS, empty_value=None)
    month = forms.TypedChoiceField(label="月份", coerce=int, required=False, choices=MONTHS, empty_value=None)
    committee = forms.ModelChoiceField(
        label="范围", queryset=Committee.objects.none(), required=False, empty_label=None
    )

    def __init__(self, data: Any, *, today: date, committees: QuerySet, top: Committee) -> None:
        values = data.copy()
        values.setdefault("year", str(today.year))
        values.setdefault("committee", str(top.pk))
        super().__init__(values)
        self.today = today
        years = range(today.year + 1, today.year - 6, -1)
        self.fields["year"].choices = [(str(year), f"{year}年") for year in years]
        self.fields["committee"].queryset = committees

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if values.get("month") and values.get("quarter") and (values["month"] + 2) // 3 != values["quarter"]:
            self.add_error("month", f"{values['month']}月不在所选季度内，已按季度显示。")
            values["month"] = None
        return values

    def span(self) -> Span:
        """The period asked for; what does not fit is left out (the error stands beside its field)."""
        values = self.cleaned_data if self.is_valid() else {**self.cleaned_data}
        whole = span(values.get("year") or self.today.year, values.get("quarter"), values.get("month"))
        return cut(whole, self._until() or whole.last)

    def _until(self) -> date | None:
        """The last day of a period that was cut off to be compared; it comes with the link, nobody types it."""
        try:
            return date.fromisoformat(self.data.get("cut", ""))
        except ValueError:
            return None


def tops(user: User, permission: str, acting: Committee) -> QuerySet:
    """What may stand at the top of a dashboard: the committee one acts for, and every unit with units below it."""
    below = Committee.objects.filter(parent_id=OuterRef("pk"))
    reached = Committee.objects.open_to(user, permission)
    return reached.filter(Q(pk=acting.pk) | Exists(below)).in_order()
