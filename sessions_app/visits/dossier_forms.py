"""Shapes of the dossier: the checklist, a score sheet as it is filled in and as it is edited, an interview."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms

from roster.audit.forms import DayField
from sessions_app.visits import score_rules
from sessions_app.visits.dossier import Check, Sheet
from sessions_app.visits.models import SheetPart

BLANK_ROWS = 3
BAND_ROWS = 6
TOKEN = re.compile(r"[0-9a-f-]{8,36}")


class VersionForm(forms.Form):
    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class ReturnForm(forms.Form):
    reason = forms.CharField(label="退回理由", max_length=300)


class ReviewForm(VersionForm):
    """Two fields a line: well-<key> (yes, no) and note-<key>. What is missing is said by the action, all at once."""

    def __init__(self, *args: Any, checks: Sequence[Check], version: int = 0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.checks = checks
        self.fields["version"].initial = version
        for check in checks:
            self.fields[f"well-{check.key}"] = forms.ChoiceField(
                label=check.text, choices=[("yes", "齐全"), ("no", "不齐全")], required=False, initial=check.answer,
                widget=forms.RadioSelect,
            )  # fmt: skip
            self.fields[f"note-{check.key}"] = forms.CharField(
                label="说明", max_length=200, required=False, initial=check.note
            )

    def rows(self) -> list[tuple[Check, Any, Any]]:
        return [(check, self[f"well-{check.key}"], self[f"note-{check.key}"]) for check in self.checks]

    def answers(self) -> dict[str, tuple[bool | None, str]]:
        words = {"yes": True, "no": False}
        return {
            check.key: (words.get(self.cleaned_data[f"well-{check.key}"]), self.cleaned_data[f"note-{check.key}"])
            for check in self.checks
        }


class ScoreForm(VersionForm):
    """points-<n> and reason-<n> an item, the comment, and what names this sending and those before it."""

    stamp = forms.CharField(required=False, max_length=16, widget=forms.HiddenInput)
    token = forms.CharField(required=False, max_length=36, widget=forms.HiddenInput)
    earlier = forms.CharField(required=False, max_length=2000, widget=forms.HiddenInput)
    comment = forms.CharField(
        label="现场点评", required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 5})
    )

    def __init__(self, *args: Any, sheet: Sheet, version: int = 0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sheet = sheet
        self.fields["version"].initial = version
        self.fields["stamp"].initial = sheet.stamp
        for item in sheet.items:
            most = score_rules.plain(item.most)
            self.fields[f"points-{item.number}"] = forms.DecimalField(
                label=f"得分（满分 {most}）", required=False, min_value=Decimal(0), max_value=item.most, decimal_places=1,
                widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "0.5", "autocomplete": "off"}),
                error_messages={
                    "invalid": "请填写数字。", "min_value": "不能低于 0 分。", "max_value": f"不能超过 {most} 分。",
                    "max_decimal_places": "最多一位小数。",
                },
            )  # fmt: skip
            self.fields[f"reason-{item.number}"] = forms.CharField(
                label="扣分理由", required=False, max_length=300, widget=forms.Textarea(attrs={"rows": 2})
            )

    def clean_stamp(self) -> str:
        if self.cleaned_data["stamp"] != self.sheet.stamp:
            raise forms.ValidationError("评分表的评分项在您打开之后改过，请刷新页面；您写的内容留在本机。")
        return str(self.cleaned_data["stamp"])

    def clean_token(self) -> str:
        """A name made by the page; anything else is no name."""
        token = str(self.cleaned_data["token"])
        return token if TOKEN.fullmatch(token) else ""

    def values(self) -> dict[str, Any]:
        """What `dossier_actions.save_score` takes."""
        data = self.cleaned_data
        points = {
            item.number: (data[f"points-{item.number}"], data[f"reason-{item.number}"]) for item in self.sheet.items
        }
        return {
            "points": points, "comment": data["comment"], "version": data["version"], "token": data["token"],
            "earlier": [one for one in data["earlier"].split(",") if TOKEN.fullmatch(one)],
        }  # fmt: skip


class InterviewForm(forms.Form):
    day = DayField(label="日期", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    who = forms.CharField(label="访谈对象", max_length=60)
    post = forms.CharField(label="职务", max_length=80, required=False)
    note = forms.CharField(label="要点", max_length=4000, widget=forms.Textarea(attrs={"rows": 5}))


class SheetForm(VersionForm):
    """A sheet as rows: part-<n>, text-<n>, most-<n>, evidence-<n>; bands as least-<n>, word-<n>. An empty row is left out."""

    name = forms.CharField(label="名称", max_length=80)
    since = DayField(
        label="启用日期", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="用过的评分表不改，改动从这一天起另成一张。",
    )  # fmt: skip

    def __init__(self, *args: Any, sheet: Sheet, since: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["version"].initial = sheet.row.version if sheet.row else 0
        self.fields["name"].initial = sheet.row.name if sheet.row else score_rules.SHEET_NAME
        self.fields["since"].initial = since
        self.count = len(sheet.items) + BLANK_ROWS
        known = [("", "由旁听人判断"), *score_rules.EVIDENCE.items()]
        for n in range(1, self.count + 1):
            item = sheet.items[n - 1] if n <= len(sheet.items) else None
            self.fields[f"part-{n}"] = forms.ChoiceField(
                label="阶段", choices=SheetPart.choices, initial=item.part if item else SheetPart.BEFORE, required=False
            )
            self.fields[f"text-{n}"] = forms.CharField(
                label="评分项", max_length=120, required=False, initial=item.text if item else ""
            )
            self.fields[f"most-{n}"] = forms.DecimalField(
                label="满分", max_digits=5, decimal_places=1, required=False,
                initial=score_rules.plain(item.most) if item else None,
            )  # fmt: skip
            self.fields[f"evidence-{n}"] = forms.ChoiceField(
                label="依据", choices=known, required=False, initial=item.evidence if item else ""
            )
        self.band_count = max(BAND_ROWS, len(sheet.bands))
        for n in range(1, self.band_count + 1):
            band = sheet.bands[n - 1] if n <= len(sheet.bands) else None
            self.fields[f"least-{n}"] = forms.DecimalField(
                label="不低于", max_digits=5, decimal_places=1, required=False,
                initial=score_rules.plain(band[0]) if band else None,
            )  # fmt: skip
            self.fields[f"word-{n}"] = forms.CharField(
                label="等次", max_length=10, required=False, initial=band[1] if band else ""
            )

    def item_rows(self) -> list[tuple[Any, ...]]:
        return [tuple(self[f"{name}-{n}"] for name in ("part", "text", "most", "evidence")) for n in self._numbers()]

    def band_rows(self) -> list[tuple[Any, Any]]:
        return [(self[f"least-{n}"], self[f"word-{n}"]) for n in range(1, self.band_count + 1)]

    def _numbers(self) -> range:
        return range(1, self.count + 1)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for n in self._numbers():
            if bool(data.get(f"text-{n}")) != (data.get(f"most-{n}") is not None):
                self.add_error(f"text-{n}", "评分项和满分要一起填；不需要的一行请整行留空。")
        for n in range(1, self.band_count + 1):
            if bool(data.get(f"word-{n}")) != (data.get(f"least-{n}") is not None):
                self.add_error(f"word-{n}", "等次和起点分要一起填。")
        return data

    def values(self) -> dict[str, Any]:
        """What `dossier_actions.edit_sheet` takes."""
        data = self.cleaned_data
        return {
            "name": data["name"], "since": data["since"], "version": data["version"],
            "items": [
                (data[f"part-{n}"] or SheetPart.BEFORE.value, data[f"text-{n}"], data[f"most-{n}"], data[f"evidence-{n}"])
                for n in self._numbers() if data[f"text-{n}"]
            ],
            "bands": [
                (data[f"least-{n}"], data[f"word-{n}"]) for n in range(1, self.band_count + 1) if data[f"word-{n}"]
            ],
        }  # fmt: skip
