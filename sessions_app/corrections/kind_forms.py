"""One form for each kind of record a correction can put right; each makes its proposal (corrections.kinds)."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from roster.audit.forms import DayField
from roster.committees.models import Committee
from roster.people.models import GroupRole, Membership, Person
from sessions_app.attendance.models import MakeUpStage, MakeUpStudy
from sessions_app.corrections import kinds
from sessions_app.corrections.kinds import Proposal
from sessions_app.corrections.models import CorrectionKind
from sessions_app.outcomes.models import Outcome, OutcomeKind
from sessions_app.sessions.models import Participation, SpeechKind


def _day(label: str, *, required: bool = True, initial: Any = None) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return DayField(label=label, required=required, initial=initial, widget=widget)


def _time(label: str, initial: Any) -> forms.TimeField:
    widget = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    return forms.TimeField(label=label, required=False, initial=initial, widget=widget)


class SessionDayForm(forms.Form):
    """The parts as they are; the first stands on the session's day."""

    def __init__(self, *args: Any, participation: Participation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.participation = participation
        self.parts = list(participation.study_session.parts.order_by("order"))
        for place, part in enumerate(self.parts, start=1):
            name = f"part-{part.pk}"
            word = f"第 {place} 个时段" if len(self.parts) > 1 else ""
            self.fields[f"{name}-day"] = _day(f"{word}日期", initial=part.day)
            self.fields[f"{name}-starts_at"] = _time(f"{word}开始", part.starts_at)
            self.fields[f"{name}-ends_at"] = _time(f"{word}结束", part.ends_at)
            self.fields[f"{name}-days"] = forms.DecimalField(
                label=f"{word}天数", min_value=0, max_value=30, max_digits=3, decimal_places=1, initial=part.days
            )

    def proposal(self) -> Proposal:
        names = ("day", "starts_at", "ends_at", "days")
        parts = [{name: self.cleaned_data[f"part-{part.pk}-{name}"] for name in names} for part in self.parts]
        return kinds.session_day(self.participation, day=parts[0]["day"], parts=parts)


class StrikeOutForm(forms.Form):
    sure = forms.BooleanField(label="这场学习不应存在，申请划去；期次保留，不再计入任何数字")

    def __init__(self, *args: Any, participation: Participation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.participation = participation

    def proposal(self) -> Proposal:
        return kinds.strike_out(self.participation, reason=str(self.data.get("reason", "")))


class SpeechForm(forms.Form):
    which = forms.TypedChoiceField(label="哪一份发言", required=False, coerce=int, empty_value=None)
    speaker = forms.ModelChoiceField(label="发言人（新增时选）", required=False, queryset=Person.objects.none())
    kind = forms.ChoiceField(label="类型", choices=SpeechKind.choices)
    title = forms.CharField(label="题目", max_length=200, required=False)
    remove = forms.BooleanField(label="这份发言不应存在，申请删去", required=False)

    def __init__(self, *args: Any, participation: Participation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.participation = participation
        rows = participation.speeches.select_related("speaker").order_by("order", "id")
        self.fields["which"].choices = [  # type: ignore[attr-defined]
            ("", "漏记的一份，新增"), *((row.pk, f"{row.speaker}《{row.title}》") for row in rows)
        ]  # fmt: skip
        days = [part.day for part in participation.study_session.parts.all()]
        members = Membership.objects.filter(committee_id=participation.committee_id).during(min(days), max(days))
        self.fields["speaker"].queryset = Person.objects.filter(pk__in=members.values("person"))  # type: ignore[attr-defined]

    def proposal(self) -> Proposal:
        return kinds.speech(self.participation, **self.cleaned_data)


class MakeUpForm(forms.Form):
    which = forms.TypedChoiceField(label="谁的补学", coerce=int)
    confirmed = forms.ChoiceField(label="更正为", choices=[("yes", "已补学，应予确认"), ("no", "没有补学，撤回确认")])
    done_on = _day("补学日期", required=False)
    method = forms.CharField(label="补学方式", max_length=60, required=False)
    content = forms.CharField(label="补学内容", required=False, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, participation: Participation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.participation = participation
        rows = MakeUpStudy.objects.filter(participation=participation).exclude(stage=MakeUpStage.VOID)
        self.fields["which"].choices = [  # type: ignore[attr-defined]
            (row.pk, f"{row.person}（{row.get_stage_display()}）") for row in rows.select_related("person")
        ]  # fmt: skip

    def proposal(self) -> Proposal:
        given = dict(self.cleaned_data)
        return kinds.make_up(self.participation, confirmed=given.pop("confirmed") == "yes", **given)


def _kept(form: forms.Form, names: Sequence[str], needed: Mapping[str, str]) -> dict[str, Any]:
    """What was left empty stays as the chosen row has it; a new row must have what is `needed` (name -> label)."""
    given = dict(form.cleaned_data)
    row = given.get("which")
    for name in names:
        if name in form.errors or given.get(name):
            continue
        if row is not None:
            given[name] = getattr(row, name)
        elif name in needed:
            form.add_error(name, f"新增的请填写{needed[name]}。")
    return given


class MembershipForm(forms.Form):
    which = forms.ModelChoiceField(
        label="哪一段任期", required=False, queryset=Membership.objects.none(), empty_label="漏记的一段，新增"
    )
    person = forms.CharField(
        label="人员（新增时填）", required=False, max_length=60, help_text="人员编码，或本单位名册里不重名的姓名"
    )
    group_role = forms.ChoiceField(label="组内职务", choices=[("", "照旧"), *GroupRole.choices], required=False)
    post = forms.CharField(label="党政职务", max_length=80, required=False)
    since = _day("起始日期", required=False)
    until = _day("结束日期", required=False)
    no_end = forms.BooleanField(label="没有结束日期，仍在任", required=False)
    end_reason = forms.CharField(label="变动原因", max_length=80, required=False)

    def __init__(self, *args: Any, committee: Committee, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.committee = committee
        field: Any = self.fields["which"]
        field.queryset = committee.memberships.select_related("person").order_by("rank", "since")
        field.label_from_instance = lambda row: f"{row} {row.since} 至 {row.until or '今'}"

    def clean(self) -> dict[str, Any]:
        given = _kept(self, ("group_role", "post", "since", "until", "end_reason"), {"since": "起始日期"})
        if given.pop("no_end", False):
            given["until"], given["end_reason"] = None, ""
        given["group_role"] = given.get("group_role") or GroupRole.MEMBER
        return given

    def _person(self) -> Person | None:
        word = self.cleaned_data["person"].strip()
        if not word:
            return None
        found = Person.objects.filter(code=word).first()
        named = Person.objects.filter(name=word, memberships__committee=self.committee).distinct()[:2]
        return found or (named[0] if len(named) == 1 else None)

    def proposal(self) -> Proposal:
        return kinds.membership(self.committee, **{**self.cleaned_data, "person": self._person()})


class OutcomeForm(forms.Form):
    which = forms.ModelChoiceField(
        label="哪一项成果", required=False, queryset=Outcome.objects.none(), empty_label="漏记的一项，新增"
    )
    day = _day("日期", required=False)
    kind = forms.ChoiceField(label="类型", choices=[("", "照旧"), *OutcomeKind.choices], required=False)
    title = forms.CharField(label="名称", max_length=200, required=False)
    authors = forms.CharField(label="作者", max_length=120, required=False)
    document_number = forms.CharField(label="文号", max_length=60, required=False)
    withdraw = forms.BooleanField(label="这项成果不应登记，申请撤销", required=False)

    def __init__(self, *args: Any, committee: Committee, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.committee = committee
        field: Any = self.fields["which"]
        field.queryset = Outcome.objects.filter(committee=committee, is_withdrawn=False).order_by("-day", "pk")
        field.label_from_instance = lambda row: f"{row.day} {row.title}"

    def clean(self) -> dict[str, Any]:
        needed = {"day": "日期", "kind": "类型", "title": "名称", "authors": "作者"}
        return _kept(self, (*needed, "document_number"), needed)

    def proposal(self) -> Proposal:
        return kinds.outcome(self.committee, **self.cleaned_data)


OF_SESSION: dict[str, Any] = {
    CorrectionKind.SESSION_DAY: SessionDayForm, CorrectionKind.SPEECH: SpeechForm, CorrectionKind.MAKE_UP: MakeUpForm,
    CorrectionKind.STRIKE_OUT: StrikeOutForm,
}  # fmt: skip
OF_UNIT: dict[str, Any] = {CorrectionKind.MEMBERSHIP: MembershipForm, CorrectionKind.OUTCOME: OutcomeForm}
