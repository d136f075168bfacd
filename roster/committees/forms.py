"""What is typed about committees."""

from typing import Any

from django import forms

from roster.audit.forms import DayField, VersionForm
from roster.committees.models import Committee, CommitteeKind, CommitteeLevel


class SpelledSelect(forms.Select):
    """Options carry their pinyin, so that typing initials finds them."""

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        row = getattr(value, "instance", None)
        if row is not None:
            option["attrs"]["data-pinyin"] = row.pinyin
        return option


class CommitteePick(forms.ModelChoiceField):
    """One committee out of those given; found by name, code or pinyin initials."""

    def __init__(self, queryset: Any = None, **kwargs: Any) -> None:
        kwargs.setdefault(
            "widget", SpelledSelect(attrs={"data-picker": True, "data-placeholder": "输入名称或拼音首字母"})
        )
        kwargs.setdefault("empty_label", "")
        super().__init__(Committee.objects.none() if queryset is None else queryset, **kwargs)

    def label_from_instance(self, obj: Committee) -> str:
        return f"{obj.name}（{obj.code}）"


class CommitteeFilter(forms.Form):
    q = forms.CharField(
        label="名称", required=False, widget=forms.TextInput(attrs={"placeholder": "名称、编码、拼音首字母"})
    )
    kind = forms.ChoiceField(label="类型", required=False, choices=[("", "全部"), *CommitteeKind.choices])
    level = forms.ChoiceField(label="层级", required=False, choices=[("", "全部"), *CommitteeLevel.choices])
    under = CommitteePick(label="上级范围", required=False)
    state = forms.ChoiceField(
        label="状态", required=False, choices=[("", "启用中"), ("closed", "已停用"), ("all", "全部")]
    )


class NewCommitteeForm(forms.Form):
    parent = CommitteePick(label="上级委员会")
    code = forms.CharField(label="编码", max_length=20, help_text="在全市唯一，如 S012")
    name = forms.CharField(label="名称", max_length=80, help_text="全称，如 中共××市发展和改革委员会党组")
    short_name = forms.CharField(
        label="简称", max_length=40, required=False, help_text="表格和菜单里用，如 市发改委党组"
    )
    kind = forms.ChoiceField(label="类型", choices=CommitteeKind)
    level = forms.ChoiceField(label="层级", choices=CommitteeLevel)
    by_reference = forms.BooleanField(label="参照《规则》执行（不属于规则直接适用的范围）", required=False)
    sort_order = forms.IntegerField(
        label="排序", min_value=0, max_value=99999, initial=1000, help_text="数字小的排在前面"
    )
    since = DayField(label="启用日期")


class EditCommitteeForm(VersionForm):
    code = forms.CharField(label="编码", max_length=20)
    kind = forms.ChoiceField(label="类型", choices=CommitteeKind)
    level = forms.ChoiceField(label="层级", choices=CommitteeLevel)
    by_reference = forms.BooleanField(label="参照《规则》执行（不属于规则直接适用的范围）", required=False)
    sort_order = forms.IntegerField(label="排序", min_value=0, max_value=99999, help_text="数字小的排在前面")


class RenameForm(VersionForm):
    name = forms.CharField(label="新名称", max_length=80)
    short_name = forms.CharField(label="新简称", max_length=40, required=False)
    on = DayField(label="启用日期", help_text="填现名的启用日期，就是更正现名，不留沿革")


class MoveForm(VersionForm):
    parent = CommitteePick(label="新的上级委员会")


class CloseForm(VersionForm):
    on = DayField(label="停用日期", help_text="这一天是最后一天")
    reason = forms.CharField(label="停用原因", max_length=200, help_text="如 机构改革撤并，文号")
    end_terms = forms.BooleanField(label="同时把成员和学习秘书的任期结束在这一天", required=False, initial=True)
