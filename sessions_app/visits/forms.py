"""Shapes of what is typed about rounds and visits, and of the filters."""

from collections.abc import Sequence
from typing import Any

from django import forms

from roster.audit.forms import DayField, VersionForm
from roster.committees.forms import CommitteePick
from roster.committees.models import Committee
from roster.corps.models import VisitTeam
from roster.people.models import Person
from sessions_app.sessions.models import StudySession
from sessions_app.visits.models import RoundStage, VisitRound, VisitStage


class RoundForm(forms.Form):
    form_token = forms.CharField(widget=forms.HiddenInput, required=False, max_length=36)
    committee = forms.ModelChoiceField(label="组织单位", queryset=Committee.objects.none(), empty_label=None)
    since = DayField(label="开始日期")
    until = DayField(label="结束日期")
    title = forms.CharField(label="名称", max_length=80, required=False, help_text="不填时按“2026年第1批”称呼")

    def __init__(self, *args: Any, departments: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["committee"].queryset = departments


class RoundFilter(forms.Form):
    year = forms.TypedChoiceField(label="年度", coerce=int, required=False, empty_value=None)
    stage = forms.ChoiceField(label="状态", required=False, choices=[("", "全部"), *RoundStage.choices])

    def __init__(self, *args: Any, years: Sequence[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["year"].choices = [("", "全部"), *((year, f"{year} 年") for year in years)]


class PlacesForm(forms.Form):
    """`places`: what is ticked on the page; `shown`: what the page showed, so that the rest stays as it is."""

    places = forms.ModelMultipleChoiceField(label="单位", queryset=Committee.objects.none(), required=False)
    shown = forms.ModelMultipleChoiceField(label="单位", queryset=Committee.objects.none(), required=False)

    def __init__(self, *args: Any, below: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["places"].queryset = self.fields["shown"].queryset = below


class AssignForm(forms.Form):
    """A team and who of it goes. `version`: of the visit that was there, none where there was none."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    team = forms.ModelChoiceField(label="旁听组", queryset=VisitTeam.objects.none())
    people = forms.ModelMultipleChoiceField(label="旁听人", queryset=Person.objects.none())
    override_reason = forms.CharField(
        label="越过规则的理由", max_length=200, required=False,
        help_text="有规则拦着时必填，随旁听一起保存；本人所在单位不能越过",
    )  # fmt: skip

    def __init__(self, *args: Any, teams: Any, people: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"].queryset, self.fields["people"].queryset = teams, people


class ReasonForm(VersionForm):
    reason = forms.CharField(label="原因", max_length=200)


class SampleForm(forms.Form):
    reason = forms.CharField(label="抽查理由", max_length=200)


class SessionForm(VersionForm):
    """Which session is sat in."""

    study_session = forms.ModelChoiceField(label="学习场次", queryset=StudySession.objects.none(), empty_label="请选择")
    contact = forms.CharField(label="单位联系人", max_length=60, required=False)
    reason = forms.CharField(label="理由", max_length=200, required=False, help_text="学习日不在批次日期内时必填")
    notice = forms.BooleanField(label="今天通知单位", required=False)

    def __init__(self, *args: Any, sessions: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["study_session"]
        field.queryset = sessions
        field.label_from_instance = lambda row: f"{row.day:%Y-%m-%d} {row.topic}（{row.get_stage_display()}）"


# Several stages at once, for the numbers that count them.
SPANS = [("LIVE", "不含谢绝和取消"), ("SAT_IN", "已旁听和以后")]


class VisitFilter(forms.Form):
    year = forms.TypedChoiceField(label="年度", coerce=int, required=False, empty_value=None)
    round = forms.ModelChoiceField(label="批次", queryset=VisitRound.objects.none(), required=False, empty_label="全部")
    stage = forms.ChoiceField(label="状态", required=False, choices=[("", "全部"), *SPANS, *VisitStage.choices])
    team = forms.ModelChoiceField(label="旁听组", queryset=VisitTeam.objects.none(), required=False, empty_label="全部")
    under = CommitteePick(label="范围", required=False)
    q = forms.CharField(label="单位或旁听人", required=False, max_length=40)

    def __init__(self, *args: Any, years: Sequence[int], teams: Any, places: Any, rounds: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["round"].queryset = rounds
        self.fields["year"].choices = [("", "全部"), *((year, f"{year} 年") for year in years)]
        self.fields["team"].queryset, self.fields["under"].queryset = teams, places


STATES = [("", "全部"), ("unseen", "未旁听"), ("seen", "已旁听"), ("never", "从未旁听")]


class CoverageFilter(forms.Form):
    """`months` counts back from today; the hidden ones come from the tables' numbers."""

    months = forms.IntegerField(label="几个月以内", required=False, min_value=1, max_value=120)
    state = forms.ChoiceField(label="旁听", required=False, choices=STATES)
    team = forms.ChoiceField(label="包片组", required=False)
    under = CommitteePick(label="范围", required=False)
    q = forms.CharField(label="单位", required=False, max_length=40)
    year = forms.IntegerField(required=False, widget=forms.HiddenInput, min_value=2000, max_value=2100)
    first = forms.IntegerField(required=False, widget=forms.HiddenInput, min_value=2000, max_value=2100)
    until = forms.IntegerField(required=False, widget=forms.HiddenInput, min_value=2000, max_value=2100)
    alone = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, teams: Sequence[tuple[str, str]], places: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"].choices = [("", "全部"), *teams]
        self.fields["under"].queryset = places

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if given.get("until") and not given.get("first"):
            given["first"] = given["until"]
        return given
