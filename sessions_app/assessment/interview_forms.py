"""What is typed about 约谈: the year, the decision, the record with what was promised."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.forms import formset_factory

from roster.audit.forms import DayField, VersionForm
from roster.people.models import Person
from sessions_app.assessment.interview_rules import MOST_COMMITMENTS
from sessions_app.assessment.models import InterviewStage
from sessions_app.findings.models import ProblemType


class InterviewFilter(forms.Form):
    year = forms.TypedChoiceField(label="年度", required=False, coerce=int, empty_value=None)
    stage = forms.ChoiceField(label="状态", required=False, choices=[("", "全部"), *InterviewStage.choices])

    def __init__(self, *args: Any, years: Sequence[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["year"].choices = [(year, f"{year}年") for year in years]


class SuggestForm(forms.Form):
    department = forms.IntegerField(widget=forms.HiddenInput)
    year = forms.IntegerField(label="年度", min_value=2000, max_value=2999)


class ConfirmForm(VersionForm):
    note = forms.CharField(label="说明", max_length=300, required=False)


class DropForm(VersionForm):
    reason = forms.CharField(label="不约谈的理由", max_length=300)


class FindingOfForm(forms.Form):
    commitment = forms.IntegerField(widget=forms.HiddenInput)
    type = forms.ModelChoiceField(
        ProblemType.objects.filter(is_active=True), label="问题类别", empty_label="请选择",
        error_messages={"required": "请选择问题类别。"},
    )  # fmt: skip


class HoldForm(VersionForm):
    """`leaders` may have been talked to, `people` may have talked and written for the department."""

    held_on = DayField(label="约谈日期")
    place = forms.CharField(label="地点", max_length=80)
    interviewer = forms.ModelChoiceField(Person.objects.none(), label="约谈人", empty_label="请选择")
    interviewee = forms.ModelChoiceField(
        Person.objects.none(), label="被约谈人", empty_label="请选择", help_text="约谈当日在任的组长。"
    )
    recorder = forms.ModelChoiceField(Person.objects.none(), label="记录人", empty_label="请选择", required=False)
    record_text = forms.CharField(
        label="约谈记录", max_length=20_000, widget=forms.Textarea(attrs={"rows": 10}),
        help_text="谈了哪些问题、对方怎么说明、提出了什么要求。",
    )  # fmt: skip

    def __init__(self, *args: Any, people: list[Person], leaders: list[Person], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, found in (("interviewer", people), ("recorder", people), ("interviewee", leaders)):
            self.fields[name].queryset = Person.objects.filter(pk__in=[one.pk for one in found])


class CommitmentForm(forms.Form):
    text = forms.CharField(label="承诺事项", max_length=300, required=False)
    due_on = DayField(label="时限", required=False)


CommitmentFormSet = formset_factory(CommitmentForm, extra=0, max_num=MOST_COMMITMENTS, validate_max=True)


def commitments_of(rows: Any) -> list[tuple[str, Any]]:
    """The lines in which something was written, in their order."""
    found = [(one.cleaned_data.get("text", ""), one.cleaned_data.get("due_on")) for one in rows]
    return [(text, due_on) for text, due_on in found if text.strip() or due_on]
