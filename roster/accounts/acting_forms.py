"""What is typed about somebody who decides in the leader's place."""

from typing import Any

from django import forms

from roster.audit.forms import DayField, VersionForm
from roster.people.models import ActingKind, Person


class ActingForm(forms.Form):
    person = forms.ModelChoiceField(label="谁", queryset=Person.objects.none(), help_text="副组长或成员")
    kind = forms.ChoiceField(
        label="方式", choices=ActingKind, help_text="组长外出用“委托审批”，组长缺位用“主持工作”或“代理”"
    )
    since = DayField(label="起始日期")
    until = DayField(label="结束日期", help_text="最多一年；可以提前结束")
    reason = forms.CharField(label="原因", max_length=200, help_text="如 组长出差、组长待任命")

    def __init__(self, *args: Any, people: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].queryset = people


class EndActingForm(VersionForm):
    reason = forms.CharField(label="原因", max_length=200)
