"""What is typed about findings."""

import re
from datetime import date
from typing import Any

from django import forms

from roster.audit.forms import DayField, VersionForm
from roster.committees.forms import CommitteePick
from roster.people.models import Person
from sessions_app.findings.models import FindingStage, ProblemType, Source
from sessions_app.findings.rules import TEXT_MOST

STAGES = [("", "全部"), ("under-way", "未销号"), ("counted", "已确认的全部"), *FindingStage.choices]


class LedgerFilter(forms.Form):
    """The filters of the ledger; the board takes them too, all but the stage."""

    year = forms.TypedChoiceField(label="年度", required=False, coerce=int, empty_value=None)
    stage = forms.ChoiceField(label="状态", required=False, choices=STAGES)
    source = forms.ChoiceField(label="来源", required=False, choices=[("", "全部"), *Source.choices])
    type = forms.ModelChoiceField(ProblemType.objects.all(), label="类别", required=False, empty_label="全部")
    under = CommitteePick(label="单位或县区", required=False)
    q = forms.CharField(
        label="问题或责任人", required=False, max_length=60,
        widget=forms.TextInput(attrs={"placeholder": "编号、表述、单位、责任人"}),
    )  # fmt: skip
    overdue = forms.BooleanField(label="逾期", required=False)
    systemic = forms.BooleanField(label="共性", required=False)
    recurs = forms.BooleanField(label="重复发生", required=False)

    def __init__(self, *args: Any, years: list[int], committees: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["year"].choices = [("", "全部"), *((year, f"{year}年") for year in years)]
        self.fields["under"].queryset = committees


class FindingForm(forms.Form):
    """`fixed`: the unit is given (by a visit, or because one has only one); then it is not asked for."""

    committee = CommitteePick(label="单位")
    source = forms.ChoiceField(label="来源")
    type = forms.ModelChoiceField(ProblemType.objects.filter(is_active=True), label="类别", empty_label="请选择")
    text = forms.CharField(
        label="问题表述", max_length=TEXT_MOST, widget=forms.Textarea(attrs={"rows": 4}),
        help_text="写清何时、何事、差在哪里；一条只写一个问题。",
    )  # fmt: skip
    basis = forms.CharField(
        label="依据", max_length=300, required=False, help_text="如 查阅 3 月学习记录、巡察反馈第几条"
    )
    is_systemic = forms.BooleanField(label="共性问题（不止一家单位有）", required=False)
    found_on = DayField(label="发现日期")
    form_token = forms.CharField(widget=forms.HiddenInput, required=False, max_length=36)

    def __init__(self, *args: Any, committees: Any, sources: list[str], fixed: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["committee"].queryset = committees
        self.fields["source"].choices = [(value, label) for value, label in Source.choices if value in sources]
        if fixed:
            del self.fields["committee"]
        if len(sources) == 1:
            self.fields["source"].widget = forms.HiddenInput()
            self.fields["source"].initial = sources[0]


class NoteForm(VersionForm):
    """A word that must be there: 退回意见, 不成立理由, 回头看发现."""

    note = forms.CharField(label="意见", max_length=300)


class MaybeNoteForm(VersionForm):
    note = forms.CharField(label="说明", max_length=300, required=False)


class DecideForm(MaybeNoteForm):
    agree = forms.ChoiceField(choices=[("yes", "同意"), ("no", "不同意")])


class BackForm(NoteForm):
    """Back to work, until a new day: 恢复整改, 回头看重开."""

    due_on = DayField(label="新的整改时限")


class PlanForm(VersionForm):
    measures = forms.CharField(
        label="整改措施", widget=forms.Textarea(attrs={"rows": 4}), help_text="一行一条，最多 20 条。"
    )
    leader = forms.ModelChoiceField(Person.objects.none(), label="责任领导", empty_label="请选择")
    owner = forms.ModelChoiceField(Person.objects.none(), label="责任人", empty_label="请选择")
    due_on = DayField(label="整改时限")

    def __init__(self, *args: Any, people: list[Person], leaders: list[Person], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = Person.objects.filter(pk__in=[one.pk for one in people])
        self.fields["leader"].queryset = Person.objects.filter(pk__in=[one.pk for one in leaders])

    def clean_measures(self) -> list[str]:
        """Lines; numbers somebody put before them are taken off, the list numbers them itself."""
        rows = (re.sub(r"^\s*(?:[（(]?\d{1,2}[)）.．、])\s*", "", line).strip() for line in self.cleaned_data["measures"].splitlines())  # fmt: skip
        return [line for line in rows if line]


class ProgressForm(forms.Form):
    note = forms.CharField(label="进展", max_length=300, widget=forms.Textarea(attrs={"rows": 2}))


class ReachForm(forms.Form):
    milestone = forms.IntegerField(widget=forms.HiddenInput)
    note = forms.CharField(label="做到了什么", max_length=200, required=False)


class EvidenceForm(forms.Form):
    text = forms.CharField(label="佐证说明", max_length=250, required=False, widget=forms.Textarea(attrs={"rows": 2}))
    document_number = forms.CharField(label="文号", max_length=40, required=False)
    upload = forms.FileField(label="文件", required=False)


class WithdrawForm(forms.Form):
    reason = forms.CharField(label="撤回理由", max_length=200)


class ExtensionForm(VersionForm):
    new_due_on = DayField(label="延到")
    reason = forms.CharField(label="延期理由", max_length=200)


class KeepUpForm(VersionForm):
    reason = forms.CharField(label="转为长期坚持的理由", max_length=200)
    milestones = forms.CharField(
        label="节点", widget=forms.Textarea(attrs={"rows": 3}),
        help_text="一行一个：日期和要做到什么，如 2026-06-30 上半年至少两次专题研讨。",
    )  # fmt: skip

    def clean_milestones(self) -> list[tuple[date, str]]:
        found = []
        for number, line in enumerate(filter(None, map(str.strip, self.cleaned_data["milestones"].splitlines())), 1):
            parts = re.fullmatch(r"(\d{4})[-/年](\d{1,2})[-/月](\d{1,2})日?[\s，、：:]*(.+)", line)
            try:
                if parts is None:
                    raise ValueError
                found.append((date(int(parts[1]), int(parts[2]), int(parts[3])), parts[4].strip()))
            except ValueError:
                self.add_error("milestones", f"第 {number} 行请写成“2026-06-30 要做到什么”。")
        return found


class OpenForm(forms.Form):
    reason = forms.CharField(label="抽查理由", max_length=200)


class TypeForm(forms.Form):
    pk = forms.IntegerField(widget=forms.HiddenInput, required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    name = forms.CharField(label="名称", max_length=40)
    order = forms.IntegerField(label="顺序", min_value=0, max_value=999, initial=100)
    is_active = forms.BooleanField(label="启用", required=False, initial=True)


class BulkForm(forms.Form):
    MOVES = (("confirm", "确认"), ("agree", "认可措施"), ("return", "退回"), ("close", "销号"))
    move = forms.ChoiceField(label="办理", choices=MOVES)
    ids = forms.TypedMultipleChoiceField(
        label="问题", coerce=int, error_messages={"required": "请先勾选要办理的问题。"}
    )
    note = forms.CharField(label="意见", max_length=300, required=False)

    def __init__(self, *args: Any, offered: list[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["ids"].choices = [(pk, str(pk)) for pk in offered]
