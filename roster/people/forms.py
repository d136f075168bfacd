"""What is typed about people, members and secretaries."""

from datetime import date
from typing import Any

from django import forms
from django.urls import reverse_lazy

from roster import outside
from roster.audit.forms import DayField, VersionForm
from roster.committees.forms import CommitteePick
from roster.people.models import GroupRole, Person


class RemoteSelect(forms.Select):
    """Only the chosen option is in the page; the others are asked for while typing."""

    def optgroups(self, name: str, value: list[str], attrs: Any = None) -> Any:
        queryset = self.choices.queryset
        chosen = [pk for pk in value if outside.key(str(pk))]
        self.choices.queryset = queryset.filter(pk__in=chosen) if chosen else queryset.none()
        try:
            return super().optgroups(name, value, attrs)
        finally:
            self.choices.queryset = queryset


class PersonPick(forms.ModelChoiceField):
    """One person, found while typing a name or pinyin initials (address `person_pick`)."""

    def __init__(self, queryset: Any = None, **kwargs: Any) -> None:
        attrs = {"data-picker": True, "data-url": reverse_lazy("person_pick")}
        kwargs.setdefault("widget", RemoteSelect(attrs=attrs))
        kwargs.setdefault("empty_label", "")
        super().__init__(Person.objects.none() if queryset is None else queryset, **kwargs)

    def label_from_instance(self, obj: Person) -> str:
        return f"{obj.name}（{obj.code}）"


class ChangesFilter(forms.Form):
    """A year, or one of its months."""

    year = forms.TypedChoiceField(label="年度", coerce=int, required=False)
    month = forms.TypedChoiceField(
        label="月份",
        coerce=int,
        empty_value=None,
        required=False,
        choices=[("", "全年"), *((m, f"{m}月") for m in range(1, 13))],
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["year"].choices = [(year, f"{year}年") for year in range(today.year, today.year - 6, -1)]
        self.fields["year"].empty_value = today.year
        self.fields["year"].initial = today.year


class PersonFilter(forms.Form):
    q = forms.CharField(
        label="姓名", required=False, widget=forms.TextInput(attrs={"placeholder": "姓名、编码、拼音，如 zs"})
    )
    committee = CommitteePick(label="委员会", required=False)
    role = forms.ChoiceField(
        label="身份",
        required=False,
        choices=[("", "全部"), *GroupRole.choices, ("SECRETARY", "学习秘书"), ("NONE", "现无任职")],
    )


class NewPersonForm(forms.Form):
    name = forms.CharField(label="姓名", max_length=60)
    code = forms.CharField(
        label="人员编码", max_length=20, required=False, help_text="不填自动编号；有单位统一编码的请填"
    )
    phone = forms.CharField(label="手机", max_length=20, required=False, help_text="可不填，仅用于联系")
    email = forms.EmailField(label="邮箱", required=False)


class EditPersonForm(VersionForm):
    name = forms.CharField(label="姓名", max_length=60)
    code = forms.CharField(label="人员编码", max_length=20)
    phone = forms.CharField(label="手机", max_length=20, required=False)
    email = forms.EmailField(label="邮箱", required=False)


class MergeForm(forms.Form):
    other = PersonPick(
        label="重复的那一份", help_text="输入姓名、编码或拼音首字母；它会并入这一份，以后不再出现在名单里"
    )
    reason = forms.CharField(label="依据", max_length=200, help_text="如 同名同手机，单位已核实")


class UnmergeForm(VersionForm):
    reason = forms.CharField(label="原因", max_length=200)


class TermFields(forms.Form):
    group_role = forms.ChoiceField(label="组内职务", choices=GroupRole, initial=GroupRole.MEMBER)
    post = forms.CharField(label="党政职务", max_length=80, required=False, help_text="如 党组成员、副主任")
    rank = forms.IntegerField(label="排名", min_value=1, max_value=9999, help_text="签到表和名单按排名从小到大排列")
    primary_responsible = forms.BooleanField(label="第一责任人（书记）", required=False)
    since = DayField(label="起始日期")
    until = DayField(label="结束日期", required=False, help_text="在任的不填")


class SomebodyForm(forms.Form):
    """Somebody known, or somebody new who is entered in the same go."""

    person = PersonPick(label="人员", required=False, help_text="输入姓名或拼音首字母；别的单位的人请输入全名")
    new_name = forms.CharField(
        label="库里没有的人：姓名", max_length=60, required=False, help_text="填在这里就一并建档，上面不用选"
    )
    new_phone = forms.CharField(label="库里没有的人：手机", max_length=20, required=False, help_text="可不填")

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if bool(given.get("person")) == bool(given.get("new_name")) and "person" not in self.errors:
            self.add_error("person", "请选一个人，或在下面填写新人的姓名，二者填一。")
        return given


class NewMemberForm(TermFields, SomebodyForm):
    """Django gathers the fields of the last base first: somebody, then the term."""


class EditMemberForm(VersionForm, TermFields):
    end_reason = forms.CharField(label="变动原因", max_length=80, required=False, help_text="如 调离、退休")


class EndMemberForm(VersionForm):
    until = DayField(label="最后一天", help_text="这一天仍是成员")
    reason = forms.CharField(label="变动原因", max_length=80, help_text="如 调离、退休、免职")


class NewSecretaryForm(SomebodyForm):
    since = DayField(label="起始日期")
    until = DayField(label="结束日期", required=False, help_text="在任的不填")


class EndSecretaryForm(VersionForm):
    until = DayField(label="最后一天", help_text="这一天仍是学习秘书")
