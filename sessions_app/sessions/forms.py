"""Shapes of what is typed about a session, its speeches, invitations and filings."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django import forms
from django.forms import formset_factory

from roster.audit.forms import DayField
from roster.committees.models import Committee
from roster.people.models import Membership, Person, StudySecretary
from sessions_app.plans.forms import DayInput, differences
from sessions_app.plans.models import ContentCategory, PlanItem, StudyMode, StudyPlan
from sessions_app.sessions.models import AgendaKind, Form, ReleaseType, SessionStage, SpeechKind, StudySession
from sessions_app.sessions.rules import day_words

TOOK_PLACE, TO_COME = "TOOK_PLACE", "TO_COME"


class TimeInput(forms.TimeInput):
    input_type = "time"

    def __init__(self, **attrs: Any) -> None:
        super().__init__(attrs=attrs, format="%H:%M")


class PersonSelect(forms.Select):
    """Options carry their pinyin, so that typing zs finds 张三."""

    pinyin: Mapping[str, str]

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        if found := self.pinyin.get(str(value)):
            option["attrs"]["data-pinyin"] = found
        return option


class PersonField(forms.TypedChoiceField):
    """One of the people given, without a query for each row. Fields are copied for each form: no bound callables."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(empty_value=None, widget=PersonSelect, **kwargs)
        self.people: dict[str, Person] = {}

    def _coerce(self, value: str) -> Person | None:
        return self.people.get(str(value), value) if value not in self.empty_values else None

    def offer(self, people: Iterable[Person]) -> None:
        self.people = {str(person.pk): person for person in people}
        self.choices = [("", "请选择"), *((pk, person.name) for pk, person in self.people.items())]
        self.widget.pinyin = {pk: person.pinyin for pk, person in self.people.items()}
        self.widget.attrs["data-picker"] = ""


def people_of(committee: Committee, day: date, *more: Person | None) -> tuple[list[Person], list[Person]]:
    """Members of the day in rank order, and (for the recorder) the secretaries before them; `more` always offered."""
    rows = Membership.objects.filter(committee=committee).on(day).select_related("person").order_by("rank", "id")
    members = [row.person for row in rows]
    keepers = [
        row.person for row in StudySecretary.objects.filter(committee=committee).on(day).select_related("person")
    ]
    kept = [person for person in more if person is not None]
    return list(dict.fromkeys([*members, *kept])), list(dict.fromkeys([*keepers, *members, *kept]))


def open_items(committee: Committee, year: int) -> list[PlanItem]:
    """The topics of the plan in force."""
    plans = StudyPlan.objects.filter(committee=committee, year=year).in_force()
    return list(PlanItem.objects.filter(plan__in=plans).select_related("plan").order_by("quarter", "serial"))


class ItemField(forms.TypedChoiceField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(empty_value=None, **kwargs)
        self.items: dict[str, PlanItem] = {}

    def _coerce(self, value: str) -> PlanItem | None:
        return self.items.get(str(value), value) if value not in self.empty_values else None

    def offer(self, items: Iterable[PlanItem], *more: PlanItem | None) -> None:
        self.items = {str(item.pk): item for item in [*items, *(one for one in more if one is not None)]}
        self.choices = [("", "计划外"), *((pk, f"{item.quarter}季度 {item}") for pk, item in self.items.items())]


class SessionForm(forms.Form):
    """The head and the first part. A new session also has its day; later another day is 改期."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    typed_fields = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0, max_value=200)
    form_token = forms.CharField(widget=forms.HiddenInput, required=False, max_length=36)
    topic = forms.CharField(label="学习主题", max_length=200)
    plan_item = ItemField(label="计划条目", required=False)
    day = DayField(label="日期", widget=DayInput())
    starts_at = forms.TimeField(label="开始", required=False, widget=TimeInput())
    ends_at = forms.TimeField(label="结束", required=False, widget=TimeInput())
    days = forms.DecimalField(
        label="天数", min_value=0, max_value=30, max_digits=3, decimal_places=1, initial=1, help_text="半天填 0.5"
    )
    place = forms.CharField(label="地点", max_length=100, required=False)
    chair = PersonField(label="主持人", required=False)
    recorder = PersonField(label="记录人", required=False)
    contact = forms.CharField(label="联系人", max_length=60, required=False)
    form = forms.ChoiceField(label="学习形式", choices=Form.choices)
    mode = forms.ChoiceField(label="学习方式", choices=StudyMode.choices)
    category = forms.TypedChoiceField(
        label="内容类别", choices=[("", "请选择"), *((c.value, f"{c.value} {c.label}") for c in ContentCategory)],
        coerce=int, required=False, empty_value=None,
    )  # fmt: skip
    self_study = forms.CharField(label="会前自学要求", required=False, widget=forms.Textarea(attrs={"rows": 2}))
    leave_rule = forms.CharField(label="请假规定", max_length=200, required=False)
    is_expanded = forms.BooleanField(label="扩大学习（有成员以外的同志列席）", required=False)
    late_reason = forms.CharField(
        label="补录事由", max_length=300, required=False, help_text="学习日期已过 7 天以上才要填，会显示在台账里"
    )

    head_names = (
        "topic", "plan_item", "form", "mode", "category", "place", "chair", "recorder", "contact", "self_study",
        "leave_rule", "is_expanded",
    )  # fmt: skip

    def __init__(
        self, *args: Any, committee: Committee, people_day: date, session: StudySession | None = None,
        item: PlanItem | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        more = (session.chair, session.recorder) if session else ()
        self.members, keepers = people_of(committee, people_day, *more)
        self.fields["chair"].offer(self.members)
        self.fields["recorder"].offer(keepers)
        self.fields["plan_item"].offer(open_items(committee, people_day.year), item)
        if session is not None:
            del self.fields["day"], self.fields["late_reason"]

    def head(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.head_names}

    def first_part(self, day: date) -> dict[str, Any]:
        return {"day": day, **{name: self.cleaned_data[name] for name in ("starts_at", "ends_at", "days")}}


class PartForm(forms.Form):
    """A further part; the first stands in the head."""

    day = DayField(label="日期", widget=DayInput())
    starts_at = forms.TimeField(label="开始", required=False, widget=TimeInput())
    ends_at = forms.TimeField(label="结束", required=False, widget=TimeInput())
    days = forms.DecimalField(label="天数", min_value=0, max_value=30, max_digits=3, decimal_places=1, initial=1)


class AgendaForm(forms.Form):
    id = forms.IntegerField(required=False, widget=forms.HiddenInput)
    kind = forms.ChoiceField(label="环节", choices=AgendaKind.choices)
    content = forms.CharField(label="内容", max_length=300)
    lead_reader = PersonField(label="负责人", required=False)
    minutes = forms.IntegerField(label="分钟", required=False, min_value=1, max_value=999)


class MaterialForm(forms.Form):
    id = forms.IntegerField(required=False, widget=forms.HiddenInput)
    title = forms.CharField(label="篇目", max_length=200)
    release_type = forms.ChoiceField(label="发布方式", choices=ReleaseType.choices, initial=ReleaseType.FULL_TEXT)
    sent_on = DayField(label="发送日期", required=False, widget=DayInput())


class ExtraForm(forms.Form):
    id = forms.IntegerField(required=False, widget=forms.HiddenInput)
    name = forms.CharField(label="姓名", max_length=60)
    post = forms.CharField(label="单位及职务", max_length=100, required=False)
    is_outside_speaker = forms.BooleanField(label="外请报告人", required=False)


class PeopleFormSet(forms.BaseFormSet):
    """Hands the members to every row, without a query for each."""

    def __init__(self, *args: Any, people: Iterable[Person] = (), **kwargs: Any) -> None:
        self.people = list(people)
        super().__init__(*args, **kwargs)

    def add_fields(self, form: forms.Form, index: int | None) -> None:
        super().add_fields(form, index)
        if "lead_reader" in form.fields:
            form.fields["lead_reader"].offer(self.people)


def _set(form: type[forms.Form]) -> Any:
    return formset_factory(form, formset=PeopleFormSet, extra=0, can_delete=True, max_num=120, validate_max=True)


PartFormSet, AgendaFormSet, MaterialFormSet, ExtraFormSet = map(_set, (PartForm, AgendaForm, MaterialForm, ExtraForm))


def typed_rows(formset: Any, key: str) -> list[dict[str, Any]]:
    """The rows as the action takes them; deleted and blank ones left out."""
    rows = []
    for form in formset.forms:
        values = getattr(form, "cleaned_data", None)
        if values and not values.get("DELETE") and values.get(key):
            rows.append({name: value for name, value in values.items() if name != "DELETE"})
    return rows


def rows_in_words(rows: Iterable[Mapping[str, Any]], *names: str) -> str:
    return "\n".join(" ".join(str(row[name]) for name in names if row.get(name)) for row in rows)


def session_differences(
    session: StudySession, head: Mapping[str, Any], parts: list[dict[str, Any]], agenda: list[dict[str, Any]],
    materials: list[dict[str, Any]], extras: list[dict[str, Any]],
) -> list[dict[str, str]]:  # fmt: skip
    """What was typed beside what stands now, only where they differ."""
    labels = {name: field.label for name, field in SessionForm.base_fields.items()}
    saved = {name: getattr(session, name) for name in SessionForm.head_names if name != "plan_item"}
    rows = [(labels[name], head.get(name), value) for name, value in saved.items()]
    rows.append((labels["plan_item"], head.get("plan_item"), session.participations.get(is_host=True).plan_item))
    for label, mine, relation, names in (
        ("时段", parts, session.parts, ("day", "starts_at", "ends_at")),
        ("议程", agenda, session.agenda, ("kind", "content", "lead_reader", "minutes")),
        ("学习资料", materials, session.materials, ("title", "sent_on")),
        ("列席人员", extras, session.extras, ("name", "post")),
    ):
        there = [{name: getattr(row, name) for name in names} for row in relation.all()]
        rows.append((label, rows_in_words(mine, *names), rows_in_words(there, *names)))
    return differences(rows)


class MoveForm(forms.Form):
    version = forms.IntegerField(widget=forms.HiddenInput)
    day = DayField(label="新日期", widget=DayInput())
    reason = forms.CharField(label="改期事由", max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 2}))


class ReasonForm(forms.Form):
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    reason = forms.CharField(label="事由", max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 2}))


class InviteForm(forms.Form):
    committee = forms.ModelChoiceField(
        label="邀请哪个委员会", queryset=Committee.objects.none(), widget=forms.Select(attrs={"data-picker": ""})
    )


class AnswerForm(forms.Form):
    plan_item = ItemField(label="完成本委员会的哪个计划条目", required=False)


class SpeechAddForm(forms.Form):
    speaker = PersonField(label="发言人")
    kind = forms.ChoiceField(label="类型", choices=SpeechKind.choices)
    title = forms.CharField(label="题目", max_length=200)


class SpeechForm(forms.Form):
    version = forms.IntegerField(widget=forms.HiddenInput)
    title = forms.CharField(label="题目", max_length=200)
    text = forms.CharField(label="提纲或全文", required=False, widget=forms.Textarea(attrs={"rows": 12}))
    link_to_work = forms.CharField(label="联系实际、分管工作", required=False, widget=forms.Textarea(attrs={"rows": 4}))
    proposal = forms.CharField(label="对策建议", required=False, widget=forms.Textarea(attrs={"rows": 3}))


class VersionForm(forms.Form):
    version = forms.IntegerField(widget=forms.HiddenInput)


class ReviewForm(forms.Form):
    version = forms.IntegerField(widget=forms.HiddenInput)
    note = forms.CharField(label="意见", max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 2}))


class MoveSpeechForm(forms.Form):
    to_session = forms.ModelChoiceField(label="移到哪一场", queryset=StudySession.objects.none())

    def __init__(self, *args: Any, sessions: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["to_session"]
        field.queryset = sessions
        field.label_from_instance = lambda s: f"{day_words(s.day)} {s.topic}"


class FilingForm(forms.Form):
    speaker = forms.CharField(label="报告人", max_length=60)
    unit = forms.CharField(label="单位", max_length=100)
    title = forms.CharField(label="职务职称", max_length=60, required=False)
    topic = forms.CharField(label="报告题目", max_length=200)
    audience = forms.CharField(label="听众范围", max_length=100, required=False)
    summary = forms.CharField(label="内容提要", required=False, widget=forms.Textarea(attrs={"rows": 3}))


class SessionFilter(forms.Form):
    year = forms.TypedChoiceField(label="年度", coerce=int, required=False, empty_value=None)
    quarter = forms.TypedChoiceField(
        label="季度", coerce=int, required=False, empty_value=None,
        choices=[("", "全年"), *((q, f"第{q}季度") for q in range(1, 5))],
    )  # fmt: skip
    month = forms.TypedChoiceField(
        label="月份", coerce=int, required=False, empty_value=None,
        choices=[("", "各月"), *((m, f"{m}月") for m in range(1, 13))],
    )  # fmt: skip
    stage = forms.ChoiceField(
        label="状态", required=False,
        choices=[("", "全部"), (TO_COME, "尚未召开"), (TOOK_PLACE, "已召开、已归档"), *SessionStage.choices],
    )  # fmt: skip
    mode = forms.ChoiceField(label="学习方式", required=False, choices=[("", "全部"), *StudyMode.choices])
    category = forms.TypedChoiceField(
        label="内容类别", coerce=int, required=False, empty_value=None,
        choices=[("", "全部"), *((c.value, f"{c.value} {c.label}") for c in ContentCategory)],
    )  # fmt: skip
    q = forms.CharField(label="主题或委员会", required=False, max_length=40)
    committee = forms.IntegerField(required=False, widget=forms.HiddenInput)
    under = forms.IntegerField(required=False, widget=forms.HiddenInput)
    late = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        years = [(year, f"{year} 年") for year in range(today.year + 1, today.year - 6, -1)]
        self.fields["year"].choices = [("", "各年"), *years]
