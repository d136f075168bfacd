"""What is typed about courses, experts, teams and hand-overs."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.forms import formset_factory

from roster import outside
from roster.audit.actions import SHANGHAI
from roster.audit.forms import DayField, VersionForm
from roster.committees.forms import CommitteePick, SpelledSelect
from roster.corps.models import CourseStage
from roster.corps.overview import STATES
from roster.corps.rules import Lesson, split_fields
from roster.people.forms import PersonPick


class SpelledMultiple(forms.SelectMultiple):
    """Several out of many, each found by pinyin."""

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        row = getattr(value, "instance", None)
        if row is not None:
            option["attrs"]["data-pinyin"] = row.pinyin
        return option


class CorpsFilter(forms.Form):
    q = forms.CharField(
        label="姓名", required=False, widget=forms.TextInput(attrs={"placeholder": "姓名、编码、拼音，如 zs"})
    )
    committee = CommitteePick(label="委员会", required=False)
    state = forms.ChoiceField(label="培训", required=False, choices=[("", "全部"), *STATES.items()])
    on = DayField(label="截至", required=False)


class CourseFilter(forms.Form):
    q = forms.CharField(label="班次", required=False)
    stage = forms.ChoiceField(label="状态", required=False, choices=[("", "全部"), *CourseStage.choices])


class DepartmentForm(forms.Form):
    """In whose name; not asked where there is only one."""

    committee = CommitteePick(label="主办单位")

    def __init__(self, *args: Any, departments: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.only = None
        if departments is None:
            del self.fields["committee"]
            return
        found = list(departments[:2])
        if len(found) == 1:
            self.only = found[0]
            del self.fields["committee"]
        else:
            self.fields["committee"].queryset = departments

    def department(self) -> Any:
        return self.only or self.cleaned_data["committee"]


class CourseForm(DepartmentForm):
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    form_token = forms.CharField(widget=forms.HiddenInput, required=False, max_length=36)
    name = forms.CharField(label="班次", max_length=100, help_text="如 2026年第一期全市中心组学习秘书培训班")
    since = DayField(label="开始日期")
    until = DayField(label="结束日期")
    place = forms.CharField(label="地点", max_length=100, required=False)
    pass_share = forms.IntegerField(
        label="结业出勤比例（%）", min_value=1, max_value=100, initial=100, help_text="到课学时占总学时的比例"
    )
    content = forms.CharField(label="培训内容", required=False, widget=forms.Textarea(attrs={"rows": 3}))

    def given(self) -> dict[str, Any]:
        """As the action takes it."""
        data = self.cleaned_data
        names = ("name", "since", "until", "place", "content")
        return {name: data[name] for name in names} | {"pass_share": Decimal(data["pass_share"]) / 100}


class LessonForm(forms.Form):
    pk = forms.IntegerField(widget=forms.HiddenInput, required=False)
    day = DayField(label="日期", required=False)
    topic = forms.CharField(label="课程", max_length=120, required=False)
    lecturer = forms.CharField(label="授课人", max_length=60, required=False)
    hours = forms.DecimalField(label="学时", min_value=Decimal("0.5"), max_value=99, decimal_places=1, required=False)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if any(given.get(name) for name in ("day", "topic", "hours")):
            for name, word in (("day", "日期"), ("topic", "课程名称"), ("hours", "学时")):
                if not given.get(name) and name not in self.errors:
                    self.add_error(name, f"请填写{word}。")
        return given


LessonFormSet = formset_factory(LessonForm, extra=0, can_delete=True, max_num=40, validate_max=True)


def typed_lessons(formset: Any) -> list[Lesson]:
    """In the order of their days; deleted and blank rows left out."""
    rows = [getattr(form, "cleaned_data", None) or {} for form in formset.forms]
    kept = [row for row in rows if row.get("topic") and not row.get("DELETE")]
    lessons = [Lesson(r["topic"], r["day"], r["hours"], r.get("lecturer") or "", r.get("pk")) for r in kept]
    return sorted(lessons, key=lambda lesson: lesson.day)


class EnrolForm(forms.Form):
    """All of the subtree, or those chosen (`person` comes once a choice)."""

    everybody = forms.BooleanField(required=False)
    people = forms.ModelMultipleChoiceField(label="选报学员", queryset=None, required=False)

    def __init__(self, *args: Any, people: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["people"].queryset = people
        self.fields["people"].widget = SpelledMultiple(
            attrs={"data-picker": True, "data-placeholder": "输入姓名或拼音首字母"}
        )
        self.fields["people"].widget.choices = self.fields["people"].choices

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not given.get("everybody") and not given.get("people"):
            self.add_error("people", "请选人，或点“全部报名”。")
        return given


class AttendanceForm(VersionForm):
    """The screen: ids of the trainees shown; the marks are read from the request, `lesson-trainee` each."""

    trainees = forms.CharField(widget=forms.HiddenInput)

    def clean_trainees(self) -> list[int]:
        return [key for word in self.cleaned_data["trainees"].split(",") if (key := outside.key(word))]


def typed_marks(words: list[str]) -> set[tuple[int, int]]:
    pairs = ([outside.key(part) for part in word.split("-")] for word in words)
    return {(pair[0], pair[1]) for pair in pairs if len(pair) == 2 and all(pair)}


class ExpertFilter(forms.Form):
    q = forms.CharField(
        label="姓名", required=False, widget=forms.TextInput(attrs={"placeholder": "姓名、编码、拼音，如 zs"})
    )
    field = forms.CharField(label="研究领域", required=False)
    state = forms.ChoiceField(
        label="状态", required=False, choices=[("", "在聘"), ("away", "现不可用"), ("ended", "已到期"), ("all", "全部")]
    )


class ExpertFields(forms.Form):
    unit = CommitteePick(label="所在单位", required=False, help_text="本人单位的学习不派他旁听")
    unit_name = forms.CharField(
        label="工作单位", max_length=80, required=False, help_text="没有中心组的单位写在这里，如 市委党校"
    )
    fields_text = forms.CharField(label="研究领域", required=False, help_text="用顿号隔开，如 经济、党建、法治")
    max_load = forms.IntegerField(label="每批次最多旁听（家）", min_value=1, max_value=99, initial=6)
    since = DayField(label="起始日期")
    until = DayField(label="结束日期", required=False, help_text="在聘的不填")

    def clean_fields_text(self) -> list[str]:
        return split_fields(self.cleaned_data["fields_text"])


class NewExpertForm(DepartmentForm, ExpertFields):
    person = PersonPick(label="专家", help_text="输入姓名或拼音首字母；库里没有的人请先在“人员”新建")
    field_order = ("committee", "person")


class EditExpertForm(VersionForm, ExpertFields):
    pass


class AwayForm(forms.Form):
    since = DayField(label="从")
    until = DayField(label="到")
    reason = forms.CharField(label="原因", max_length=60, required=False)


class ExpertsPick(forms.ModelMultipleChoiceField):
    def __init__(self, **kwargs: Any) -> None:
        widget = SpelledMultiple(attrs={"data-picker": True, "data-placeholder": "输入姓名或拼音首字母"})
        super().__init__(None, widget=widget, **kwargs)

    def label_from_instance(self, obj: Any) -> str:
        return _expert_words(obj)


class ExpertPick(forms.ModelChoiceField):
    def __init__(self, **kwargs: Any) -> None:
        widget = SpelledSelect(attrs={"data-picker": True, "data-placeholder": "输入姓名或拼音首字母"})
        super().__init__(None, widget=widget, empty_label="", **kwargs)

    def label_from_instance(self, obj: Any) -> str:
        return _expert_words(obj)


def _expert_words(expert: Any) -> str:
    where = expert.unit or expert.unit_name
    return f"{expert.person.name}（{where}）" if where else f"{expert.person.name}（{expert.person.code}）"


class TeamFields(forms.Form):
    name = forms.CharField(label="组名", max_length=40, help_text="如 第一旁听组")
    leader = ExpertPick(label="组长", required=False)
    members = ExpertsPick(label="成员", required=False, help_text="组长不用再选")

    def __init__(self, *args: Any, experts: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("leader", "members"):
            self.fields[name].queryset = experts

    def given(self) -> dict[str, Any]:
        data = self.cleaned_data
        leader = data["leader"]
        return {
            "name": data["name"], "leader": leader.pk if leader else None, "members": {row.pk for row in data["members"]},
            "until": data.get("until"),
        }  # fmt: skip


class NewTeamForm(DepartmentForm, TeamFields):
    since = DayField(label="起始日期")
    until = DayField(label="结束日期", required=False)
    field_order = ("committee", "name", "since", "until", "leader", "members")


class EditTeamForm(VersionForm, TeamFields):
    on = DayField(label="变动日期", help_text="从这一天起是下面这些人；之前的人员保留在历史里")
    until = DayField(label="整组结束日期", required=False, help_text="不再使用的组填写，成员和包片同日结束")
    field_order = ("version", "name", "on", "leader", "members", "until")


class AreaForm(VersionForm):
    committees = forms.ModelMultipleChoiceField(
        label="包片单位", queryset=None, required=False,
        widget=SpelledMultiple(attrs={"data-picker": True, "data-placeholder": "输入名称或拼音首字母"}),
    )  # fmt: skip
    on = DayField(label="变动日期")

    def __init__(self, *args: Any, committees: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["committees"].queryset = committees


class SecretaryPick(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.person.name}（{obj.committee}）"


class HandOverForm(forms.Form):
    giver = SecretaryPick(
        label="移交人", queryset=None, empty_label="", widget=forms.Select(attrs={"data-picker": True})
    )
    receiver = PersonPick(label="接收人", help_text="输入姓名或拼音首字母；别的单位的人请输入全名；本人登录后签收")
    ends_on = DayField(label="移交人权限截止：日期")
    ends_time = forms.TimeField(
        label="时刻",
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
        help_text="过了这一分钟，原秘书不能再进入本单位",
    )
    note = forms.CharField(label="交接说明", required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 4}))

    def __init__(self, *args: Any, givers: Any, people: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["giver"].queryset = givers
        self.fields["receiver"].queryset = people

    def ends_at(self) -> datetime:
        day, minute = self.cleaned_data["ends_on"], self.cleaned_data["ends_time"]
        return datetime.combine(day, minute, SHANGHAI)


class CancelForm(VersionForm):
    reason = forms.CharField(label="取消的原因", max_length=300)
