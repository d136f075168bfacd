"""Shapes of what is typed about a year plan, and the comparison shown after a stale save."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django import forms
from django.forms import formset_factory

from roster.audit.forms import DayField
from sessions_app.plans.models import ContentCategory, PlanItem, PlanStage, StudyMode, StudyPlan
from sessions_app.plans.rules import ITEM_FIELDS

QUARTERS = [(1, "第一季度"), (2, "第二季度"), (3, "第三季度"), (4, "第四季度")]
MONTHS = [("", "不定"), *((month, f"{month}月") for month in range(1, 13))]
NOT_MADE, LATE, ON_TIME, NOT_FILED = "NONE", "LATE", "ON_TIME", "NOT_FILED"


def with_values(data: Any, **values: Any) -> Any:
    """A copy of posted data with some values replaced: the new version of a stale form, the number of its rows."""
    copy = data.copy()
    for name, value in values.items():
        copy[name] = str(value)
    return copy


def differences(rows: Iterable[tuple[str, Any, Any]]) -> list[dict[str, str]]:
    """Only what differs of (label, typed, saved), for components/version_conflict.html."""
    said = [(label, str(mine or "").strip(), str(saved or "").strip()) for label, mine, saved in rows]
    return [{"label": label, "mine": mine, "saved": saved} for label, mine, saved in said if mine != saved]


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self, **attrs: Any) -> None:
        super().__init__(attrs=attrs, format="%Y-%m-%d")


class HeadForm(forms.Form):
    version = forms.IntegerField(widget=forms.HiddenInput)
    aim = forms.CharField(label="学习目标", required=False, widget=forms.Textarea(attrs={"rows": 3}))
    requirements = forms.CharField(label="学习要求", required=False, widget=forms.Textarea(attrs={"rows": 3}))


class ItemForm(forms.Form):
    """One topic. Faults are found by the rules, all at once, so that page and import say the same."""

    serial = forms.IntegerField(required=False, widget=forms.HiddenInput)
    quarter = forms.TypedChoiceField(
        label="季度", choices=[("", "按月份"), *QUARTERS], coerce=int, required=False, empty_value=None, initial=1
    )
    month = forms.TypedChoiceField(label="月份", choices=MONTHS, coerce=int, required=False, empty_value=None)
    topic = forms.CharField(label="专题", max_length=200)
    category = forms.TypedChoiceField(
        label="内容类别",
        choices=[("", "请选择"), *((c.value, f"{c.value} {c.label}") for c in ContentCategory)],
        coerce=int,
    )
    mode = forms.ChoiceField(label="学习方式", choices=[("", "不定"), *StudyMode.choices], required=False)
    speakers = forms.CharField(label="重点发言人", max_length=200, required=False)
    materials = forms.CharField(label="学习篇目", required=False, widget=forms.Textarea(attrs={"rows": 2}))
    chair = forms.CharField(label="主持人", max_length=60, required=False)
    department = forms.CharField(label="责任部门", max_length=60, required=False)
    research_topic = forms.CharField(label="调研题目", max_length=200, required=False)
    expected_outcome = forms.CharField(label="预期成果", max_length=200, required=False)
    note = forms.CharField(label="备注", max_length=200, required=False)

    main_fields = ("quarter", "month", "category", "mode")
    more_fields = ("materials", "chair", "department", "research_topic", "expected_outcome", "note")

    def has_changed(self) -> bool:
        """A blank row with only its preset quarter is no topic."""
        return bool(set(self.changed_data) - {"quarter", "serial"}) or bool(self.initial)

    @property
    def main(self) -> list[Any]:
        return [self[name] for name in self.main_fields]

    @property
    def more(self) -> list[Any]:
        return [self[name] for name in self.more_fields]

    @property
    def more_is_open(self) -> bool:
        return any(self[name].errors for name in self.more_fields)


ItemFormSet = formset_factory(ItemForm, extra=0, can_delete=True, max_num=60, validate_max=True)


def item_values(item: PlanItem) -> dict[str, Any]:
    return {"serial": item.serial, **{field: getattr(item, field) for field in ITEM_FIELDS}}


def typed_items(formset: Any) -> list[dict[str, Any]]:
    """The rows as the action takes them: deleted and blank ones left out."""
    rows = []
    for form in formset.forms:
        values = getattr(form, "cleaned_data", None)
        if not values or values.get("DELETE") or not values.get("topic"):
            continue
        rows.append({name: value for name, value in values.items() if name != "DELETE"})
    return rows


def item_words(item: Mapping[str, Any]) -> str:
    """One topic in one line, for the comparison of two texts."""
    month = f"{item['month']}月" if item.get("month") else "月份不定"
    parts = [
        f"第{item['quarter']}季度 {month} {item['topic']}",
        f"类别{item['category'] or '未定'}",
        item.get("speakers"),
        item.get("expected_outcome"),
        item.get("materials"),
    ]
    return " · ".join(str(part) for part in parts if part)


def plan_differences(plan: StudyPlan, head: Mapping[str, Any], items: list[dict[str, Any]]) -> list[dict[str, str]]:
    saved = {item.serial: item_words(item_values(item)) for item in plan.items.all()}
    mine = {item.get("serial"): item_words(item) for item in items if item.get("serial")}
    rows = [("学习目标", head.get("aim"), plan.aim), ("学习要求", head.get("requirements"), plan.requirements)]
    rows += [(f"第 {serial} 项", mine.get(serial), saved.get(serial)) for serial in sorted({*saved, *mine})]
    added = "\n".join(item_words(item) for item in items if not item.get("serial"))
    return differences([*rows, ("新增的专题", added, "")])


class NewPlanForm(forms.Form):
    committee = forms.ModelChoiceField(label="委员会", queryset=None, empty_label=None)
    year = forms.TypedChoiceField(label="年度", coerce=int)
    copy_last = forms.BooleanField(
        label="照抄上一年度计划的专题和文字", required=False, initial=True, help_text="没有上一年度计划时从空白开始"
    )

    def __init__(self, *args: Any, committees: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["committee"].queryset = committees
        self.fields["year"].choices = [(year, f"{year} 年") for year in range(today.year + 1, today.year - 2, -1)]


class SubmitForm(forms.Form):
    version = forms.IntegerField(widget=forms.HiddenInput)
    meeting = forms.CharField(
        label="审定会议", max_length=100, required=False, help_text="如 党组第3次会议；会还没开可以不填"
    )
    met_on = DayField(label="会议日期", required=False, widget=DayInput())


class ApproveForm(forms.Form):
    version = forms.IntegerField(widget=forms.HiddenInput)
    meeting = forms.CharField(label="审定会议", max_length=100, required=False, help_text="如 党组第3次会议")
    met_on = DayField(label="会议日期", required=False, widget=DayInput())


class NoteForm(forms.Form):
    """A move with a sentence: return, amend. The card of 待我审批 calls it `reason`."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    reason = forms.CharField(label="事由", max_length=300, required=False)


class VersionForm(forms.Form):
    version = forms.IntegerField(widget=forms.HiddenInput)


class PlanFilter(forms.Form):
    year = forms.TypedChoiceField(label="年度", coerce=int, required=False)
    stage = forms.ChoiceField(
        label="状态", required=False, choices=[("", "全部"), (NOT_MADE, "未编制"), *PlanStage.choices]
    )
    filed = forms.ChoiceField(
        label="备案", required=False,
        choices=[("", "全部"), (ON_TIME, "按时备案"), (LATE, "逾期备案"), (NOT_FILED, "尚未备案")],
    )  # fmt: skip
    q = forms.CharField(label="委员会", required=False, max_length=40)

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["year"].choices = [(year, f"{year} 年") for year in range(today.year + 1, today.year - 6, -1)]
