"""Shapes of what is typed about a prompt, of a committee's answer to a topic, and of the filters."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from django import forms
from django.db.models import Exists, OuterRef, QuerySet
from django.forms import formset_factory

from roster.accounts.models import User
from roster.accounts.roles import Permission
from roster.committees.models import Committee
from sessions_app.guidance.models import Department, PromptStage, PromptTopic, StudyPrompt
from sessions_app.guidance.rules import QUARTER_WORDS, TEXT_LIMIT, TITLE_LIMIT, TopicState
from sessions_app.plans.forms import differences
from sessions_app.plans.models import PlanItem
from sessions_app.sessions.models import COUNTED_FORMS, Participation, ParticipationState, ReleaseType, SessionStage

QUARTERS = [(number, words) for number, words in QUARTER_WORDS.items()]


def tops(user: User, permission: Permission, today: date) -> QuerySet:
    """The committees a prompt can be published from: those in reach that have others below them."""
    below = Committee.objects.filter(parent_id=OuterRef("pk"))
    return Committee.objects.open_to(user, permission).active_on(today).filter(Exists(below)).in_order()


class PromptForm(forms.Form):
    """The head and the two long parts; topics and readings are rows below it."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    form_token = forms.CharField(widget=forms.HiddenInput, required=False, max_length=36)
    committee = forms.ModelChoiceField(
        label="发给", queryset=Committee.objects.none(), empty_label=None, help_text="该委员会及以下各单位都会收到"
    )
    year = forms.TypedChoiceField(label="年度", coerce=int)
    quarter = forms.TypedChoiceField(label="季度", coerce=int, choices=QUARTERS)
    title = forms.CharField(label="标题", max_length=TITLE_LIMIT)
    focus = forms.CharField(
        label="研讨重点", required=False, widget=forms.Textarea(attrs={"rows": 5}), help_text="一行一条，发布前必须写好"
    )
    outcomes = forms.CharField(
        label="成果转化", required=False, widget=forms.Textarea(attrs={"rows": 4}), help_text="一行一条，发布前必须写好"
    )
    consulted = forms.MultipleChoiceField(
        label="会商部门", required=False, choices=Department.choices, widget=forms.CheckboxSelectMultiple,
        help_text="已经会商过的部门",
    )  # fmt: skip

    def __init__(self, *args: Any, committees: Any, today: date, prompt: StudyPrompt | None = None, **kwargs: Any):
        super().__init__(*args, **kwargs)
        years = sorted({today.year, today.year + 1, *([prompt.year] if prompt else [])})
        self.fields["year"].choices = [(year, f"{year} 年") for year in years]
        if prompt is None:
            self.fields["committee"].queryset = committees
        else:
            del self.fields["committee"]


class TopicForm(forms.Form):
    text = forms.CharField(label="学习主题", max_length=TEXT_LIMIT, required=False)


class ReadingForm(forms.Form):
    title = forms.CharField(label="篇目", max_length=TEXT_LIMIT, required=False)
    release_type = forms.ChoiceField(
        label="发布方式", choices=ReleaseType.choices, initial=ReleaseType.FULL_TEXT, required=False
    )


TopicFormSet = formset_factory(TopicForm, extra=0, can_delete=True, max_num=20, validate_max=True)
ReadingFormSet = formset_factory(ReadingForm, extra=0, can_delete=True, max_num=60, validate_max=True)


def typed(formset: Any, key: str) -> list[dict[str, Any]]:
    """The rows as the action takes them; deleted and blank ones left out."""
    rows = [getattr(form, "cleaned_data", None) or {} for form in formset.forms]
    return [row for row in rows if row.get(key) and not row.get("DELETE")]


def prompt_differences(prompt: StudyPrompt, values: Mapping[str, Any]) -> list[dict[str, str]]:
    """What was typed beside what is kept, after somebody else saved meanwhile."""
    releases, names = dict(ReleaseType.choices), dict(Department.choices)
    readings = [f"{row['title']}（{releases[row['release_type']]}）" for row in values["readings"]]
    return differences([
        ("标题", values["title"], prompt.title),
        ("季度", f"{values['year']}年{QUARTER_WORDS[values['quarter']]}", f"{prompt.year}年{QUARTER_WORDS[prompt.quarter]}"),
        ("学习主题", "\n".join(values["topics"]), "\n".join(row.text for row in prompt.topics.all())),
        ("研讨重点", values["focus"], prompt.focus), ("成果转化", values["outcomes"], prompt.outcomes),
        ("学习篇目", "\n".join(readings),
         "\n".join(f"{row.title}（{row.get_release_type_display()}）" for row in prompt.readings.all())),
        ("会商部门", "、".join(str(names[one]) for one in Department.values if one in values["consulted"]),
         "、".join(str(names[one]) for one in prompt.consulted)),
    ])  # fmt: skip


class VersionForm(forms.Form):
    version = forms.IntegerField(widget=forms.HiddenInput)


def open_parts(committee: Committee, since: date) -> list[Participation]:
    """The sessions a committee can name: group study it takes part in, from `since` on."""
    rows = Participation.objects.filter(
        committee=committee, state=ParticipationState.ACCEPTED, day__gte=since, study_session__form__in=COUNTED_FORMS
    ).exclude(study_session__stage=SessionStage.CANCELLED)
    return list(rows.select_related("study_session").order_by("day", "pk"))


class MapForm(forms.Form):
    """One topic and the plan item or session it is studied in: `item-12`, `session-34`."""

    topic = forms.ModelChoiceField(queryset=PromptTopic.objects.none(), widget=forms.HiddenInput)
    to = forms.ChoiceField(label="列入", required=False)
    with_readings = forms.BooleanField(label="选的是一场学习时，把学习篇目带入它的学习资料", required=False)

    def __init__(
        self, *args: Any, prompt: StudyPrompt, items: Iterable[PlanItem], parts: Iterable[Participation],
        **kwargs: Any,
    ):  # fmt: skip
        super().__init__(*args, **kwargs)
        self.fields["topic"].queryset = prompt.topics.all()
        self.items = {f"item-{row.pk}": row for row in items}
        self.parts = {f"session-{row.study_session_id}": row for row in parts}
        self.fields["to"].choices = target_choices(self.items, self.parts)

    def clean_to(self) -> str:
        """Not `required`, which would print 必填 beside every topic of the page."""
        chosen: str = self.cleaned_data["to"]
        if not chosen:
            raise forms.ValidationError("请选一个计划条目或一场学习。")
        return chosen

    def target(self) -> dict[str, Any]:
        """As the action takes it."""
        chosen = self.cleaned_data["to"]
        if chosen in self.items:
            return {"plan_item": self.items[chosen]}
        return {"study_session": self.parts[chosen].study_session}


def target_choices(items: Mapping[str, PlanItem], parts: Mapping[str, Participation]) -> list[Any]:
    """The topics of the plan in force by quarter, then the sessions of the time."""
    planned = [(key, f"{QUARTER_WORDS[row.quarter]} {row}") for key, row in items.items()]
    called = [
        (key, f"{row.day.month}月{row.day.day}日 {row.study_session.topic}（{row.study_session.get_stage_display()}）")
        for key, row in parts.items()
    ]
    groups = [("年度计划条目", planned), ("学习场次", called)]
    return [("", "请选择"), *((name, rows) for name, rows in groups if rows)]


class PromptFilter(forms.Form):
    year = forms.TypedChoiceField(label="年度", coerce=int, required=False, empty_value=None)
    quarter = forms.TypedChoiceField(
        label="季度", coerce=int, required=False, choices=[("", "全部"), *QUARTERS], empty_value=None
    )
    stage = forms.ChoiceField(label="状态", required=False, choices=[("", "全部"), *PromptStage.choices])
    q = forms.CharField(label="标题", required=False, max_length=40)

    def __init__(self, *args: Any, years: Sequence[int], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["year"].choices = [("", "全部"), *((year, f"{year} 年") for year in years)]


class MatrixFilter(forms.Form):
    topic = forms.ModelChoiceField(
        label="学习主题", queryset=PromptTopic.objects.none(), required=False, empty_label="任一主题"
    )
    state = forms.ChoiceField(
        label="状态", required=False, choices=[("", "全部"), *((state.name, state.value) for state in TopicState)]
    )
    under = forms.ModelChoiceField(
        label="范围", queryset=Committee.objects.none(), required=False, empty_label="全部单位"
    )
    q = forms.CharField(label="委员会", required=False, max_length=40)

    def __init__(self, *args: Any, topics: Any, places: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["topic"].queryset, self.fields["under"].queryset = topics, places
