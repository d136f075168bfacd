"""What is typed about local rules, working days and periods."""

from typing import Any

from django import forms

from roster.audit.forms import DayField, VersionForm
from roster.committees.forms import CommitteePick
from sessions_app.policies.rules import GROUPS, KEYS, read_value

KEY_CHOICES = [(group, [(key, KEYS[key].label) for key in keys]) for group, keys in GROUPS.items()]


class ScopeForm(forms.Form):
    committee = CommitteePick(label="看哪个委员会适用的值", required=False)
    on = DayField(label="哪一天", required=False)


class ParameterForm(forms.Form):
    key = forms.ChoiceField(label="参数", choices=KEY_CHOICES)
    committee = CommitteePick(label="范围", help_text="对这个委员会和它的全部下级有效；下级自己设的优先")
    value = forms.CharField(label="值", max_length=20)
    since = DayField(label="生效日期", help_text="原来的值到前一天为止")
    until = DayField(label="失效日期", required=False, help_text="长期的不填")
    source = forms.CharField(label="依据", max_length=200, help_text="文件名称和文号")

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("key") and given.get("value") is not None:
            try:
                given["value"] = read_value(given["key"], given["value"])
            except ValueError as error:
                self.add_error("value", str(error))
        return given


class EndParameterForm(VersionForm):
    until = DayField(label="最后一天", help_text="之后用上级的值，上级没有就用默认值")


class WorkingDayForm(forms.Form):
    day = DayField(label="日期")
    is_working = forms.TypedChoiceField(
        label="这一天", choices=[("1", "工作日"), ("0", "休息日")], coerce=lambda value: value == "1"
    )
    note = forms.CharField(label="说明", max_length=60, required=False, help_text="如 春节调休上班")


class NewPeriodForm(forms.Form):
    committee = CommitteePick(label="范围", help_text="这个委员会和它的全部下级")
    year = forms.IntegerField(label="年度", min_value=2000, max_value=2100)
    quarter = forms.TypedChoiceField(
        label="期间",
        choices=[("0", "全年"), ("1", "第1季度"), ("2", "第2季度"), ("3", "第3季度"), ("4", "第4季度")],
        coerce=int,
    )


class PeriodFilter(forms.Form):
    committee = CommitteePick(label="范围", required=False)
    year = forms.IntegerField(label="年度", required=False, min_value=2000, max_value=2100)
    stage = forms.ChoiceField(
        label="状态", required=False, choices=[("", "全部"), ("OPEN", "开放"), ("CLOSED", "截止"), ("FROZEN", "冻结")]
    )
