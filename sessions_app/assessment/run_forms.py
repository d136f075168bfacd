"""What is typed on a sheet: one field a line, named after it. Shape only; limits and reasons are the actions'."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms

from roster.audit.forms import DayField, VersionForm
from roster.committees.models import Committee
from sessions_app.assessment.models import SheetLine
from sessions_app.assessment.rules import ItemSpec, typed_rules

Scores = dict[int, tuple[Decimal | None, str]]
STATES = {"unself": "未自评", "unverified": "未复核", "objected": "有申诉", "missing": "有待补", "bonus": "加分待核定"}


class NewForm(forms.Form):
    department = forms.ModelChoiceField(Committee.objects.none(), label="考核单位", empty_label=None)
    year = forms.IntegerField(label="年度", min_value=2000, max_value=2999)
    as_of = DayField(label="数据截止", help_text="取到这一天为止的数据；也由这一天决定用哪一版考核办法。")
    form_token = forms.CharField(widget=forms.HiddenInput, required=False, max_length=36)

    def __init__(self, *args: Any, departments: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["department"].queryset = departments
        if len(departments) == 1:
            self.fields["department"].widget = forms.HiddenInput()
            self.fields["department"].initial = departments[0].pk


class StateFilter(forms.Form):
    state = forms.ChoiceField(label="状态", required=False, choices=[("", "全部"), *STATES.items()])
    q = forms.CharField(
        label="单位",
        required=False,
        max_length=60,
        widget=forms.TextInput(attrs={"placeholder": "名称、编码、拼音首字母"}),
    )


class OpenSelfForm(VersionForm):
    due_on = DayField(label="自评截止日期")


class _Lines(VersionForm):
    """`score_<line>` and `word_<line>`; `word`: what the words are called, `prefill` what a score starts from."""

    word = "理由"

    def __init__(self, *args: Any, lines: Iterable[SheetLine], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lines = list(lines)
        for line in self.lines:
            score, words = self.starts(line)
            self.fields[f"score_{line.pk}"] = forms.DecimalField(
                label=f"{line.item}得分", required=False, initial=score, max_digits=7, decimal_places=2, min_value=0,
                max_value=line.item.max, widget=forms.NumberInput(attrs={"step": "0.01", "inputmode": "decimal", "data-score": ""}),
            )  # fmt: skip
            self.fields[f"word_{line.pk}"] = forms.CharField(
                label=f"{line.item}{self.word}", required=False, initial=words, max_length=500,
                widget=forms.Textarea(attrs={"rows": 2}),
            )  # fmt: skip

    def starts(self, line: SheetLine) -> tuple[Decimal | None, str]:
        raise NotImplementedError

    def scores(self) -> Scores:
        given = self.cleaned_data
        return {line.pk: (given[f"score_{line.pk}"], given[f"word_{line.pk}"].strip()) for line in self.lines}

    def bound(self, line: SheetLine) -> dict[str, Any]:
        """The two fields of a line, for the page."""
        return {"score": self[f"score_{line.pk}"], "word": self[f"word_{line.pk}"]}


class SelfForm(_Lines):
    """What the system made of an item is offered as the unit's own score until it writes another."""

    word = "说明"
    note = forms.CharField(
        label="自评说明", required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 4}),
        help_text="需要复核人了解的情况；可以不写。",
    )  # fmt: skip

    def starts(self, line: SheetLine) -> tuple[Decimal | None, str]:
        return line.system if line.self_score is None else line.self_score, line.self_note


class VerifyForm(_Lines):
    """Starts from what was verified before, else the score the unit handed in, else the system's."""

    def __init__(self, *args: Any, handed: bool, **kwargs: Any) -> None:
        self.handed = handed
        super().__init__(*args, **kwargs)

    def starts(self, line: SheetLine) -> tuple[Decimal | None, str]:
        own = line.self_score if self.handed else None
        return next((one for one in (line.verified, own, line.system) if one is not None), None), line.reason


class ObjectionForm(forms.Form):
    reason = forms.CharField(
        label="申诉理由", max_length=4000, widget=forms.Textarea(attrs={"rows": 6}),
        help_text="写明对哪一项有异议、依据是什么。",
    )  # fmt: skip


class DecideForm(_Lines):
    """The lines as they hold; those left as they are stay out of `changed`."""

    decision = forms.CharField(
        label="复议意见", max_length=4000, widget=forms.Textarea(attrs={"rows": 5}), help_text="申诉单位会看到。"
    )

    def starts(self, line: SheetLine) -> tuple[Decimal | None, str]:
        return line.verified, ""

    def changed(self) -> dict[int, tuple[Decimal, str]]:
        held = {line.pk: line.verified for line in self.lines}
        return {
            pk: (score, words) for pk, (score, words) in self.scores().items() if score is not None and score != held[pk]
        }  # fmt: skip


class CountsForm(VersionForm):
    """`count_<line>_<rule>` for each rule whose number a person types."""

    def __init__(self, *args: Any, lines: Iterable[SheetLine], specs: dict[Any, ItemSpec], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.typed = [(line, rule) for line in lines for rule in typed_rules(specs[line.item_id])]
        for line, rule in self.typed:
            self.fields[self.name(line, rule)] = forms.DecimalField(
                label=f"{line.item}：{rule['label']}", required=False, initial=line.counts.get(rule["key"]), min_value=0,
                max_digits=8, decimal_places=2, widget=forms.NumberInput(attrs={"step": "any", "inputmode": "decimal"}),
            )  # fmt: skip

    @staticmethod
    def name(line: SheetLine, rule: Any) -> str:
        return f"count_{line.pk}_{rule['key']}"

    def counts(self) -> dict[int, dict[str, Decimal | None]]:
        found: dict[int, dict[str, Decimal | None]] = {}
        for line, rule in self.typed:
            found.setdefault(line.pk, {})[str(rule["key"])] = self.cleaned_data[self.name(line, rule)]
        return found

    def rows(self) -> list[dict[str, Any]]:
        return [{"line": line, "rule": rule, "field": self[self.name(line, rule)]} for line, rule in self.typed]


class BonusForm(forms.Form):
    points = forms.DecimalField(label="申请加分", max_digits=5, decimal_places=2, min_value=Decimal("0.01"))
    reason = forms.CharField(label="事由", max_length=500, widget=forms.Textarea(attrs={"rows": 2}))


class DecideBonusForm(forms.Form):
    granted = forms.DecimalField(label="核定加分", max_digits=5, decimal_places=2, min_value=0)
    decision = forms.CharField(label="核定意见", max_length=500, required=False)
