"""Shape of what is typed about the roll, leave and make-up study."""

from collections.abc import Iterable
from typing import Any

from django import forms

from roster.audit.forms import DayField
from roster.people.models import Person
from sessions_app.attendance.models import LeaveKind, LeaveStage, MakeUpStage
from sessions_app.attendance.roll import RollRow
from sessions_app.sessions.models import SessionPart


def day_input() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class VersionForm(forms.Form):
    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class NoteForm(VersionForm):
    """Yes needs no words, no does."""

    reason = forms.CharField(label="意见", max_length=200, required=False, widget=forms.Textarea(attrs={"rows": 3}))


class DecideForm(NoteForm):
    agree = forms.ChoiceField(choices=[("yes", "同意"), ("no", "不同意")])


class RollForm(VersionForm):
    """One part of a roll; marks stand under mark-<person>, reason-<person>, late-<person>, early-<person>."""

    part = forms.IntegerField(widget=forms.HiddenInput)

    def marks(self, rows: Iterable[RollRow]) -> list[dict[str, Any]]:
        """What was posted for the members of this part; a member without a choice is left as he is."""
        found = []
        for row in rows:
            status = self.data.get(f"mark-{row.person_id}", "")
            if status:
                found.append(
                    {
                        "person": row.person_id,
                        "part": row.part_id,
                        "status": status,
                        "reason": self.data.get(f"reason-{row.person_id}", ""),
                        "late": bool(self.data.get(f"late-{row.person_id}")),
                        "early": bool(self.data.get(f"early-{row.person_id}")),
                    }
                )
        return found


class LeaveForm(forms.Form):
    person = forms.ModelChoiceField(label="请假人", queryset=Person.objects.none())
    kind = forms.ChoiceField(label="类别", choices=LeaveKind.choices)
    part = forms.ModelChoiceField(
        label="请假时段", queryset=SessionPart.objects.none(), required=False, empty_label="全场"
    )
    reason = forms.CharField(label="事由", max_length=200, help_text="如 赴省参加会议")

    def __init__(self, *args: Any, people: Any, parts: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].queryset = people
        self.fields["part"].queryset = parts
        self.fields["part"].label_from_instance = lambda part: f"{part.day.month}月{part.day.day}日"
        if parts.count() < 2:
            del self.fields["part"]
        if people.count() == 1:
            self.fields["person"].initial = people.first()
            self.fields["person"].empty_label = None


class LeaveFilter(forms.Form):
    q = forms.CharField(label="姓名", required=False)
    stage = forms.ChoiceField(label="状态", required=False, choices=[("", "全部"), *LeaveStage.choices])
    kind = forms.ChoiceField(label="类别", required=False, choices=[("", "全部"), *LeaveKind.choices])


class MakeUpForm(VersionForm):
    done_on = DayField(label="补学日期", widget=day_input())
    method = forms.CharField(label="补学方式", max_length=60, help_text="如 自学原文、看辅导录像")
    content = forms.CharField(label="补学内容", max_length=5000, widget=forms.Textarea(attrs={"rows": 4}))
    reflection = forms.CharField(
        label="学习体会", max_length=20_000, required=False, widget=forms.Textarea(attrs={"rows": 6})
    )


class MakeUpFilter(forms.Form):
    q = forms.CharField(label="姓名", required=False)
    stage = forms.ChoiceField(
        label="状态",
        required=False,
        choices=[("", "未办结"), ("late", "已过期限"), ("all", "全部"), *MakeUpStage.choices],
    )
    session = forms.IntegerField(required=False, widget=forms.HiddenInput)
