"""Shape of minutes: one text a block, agreed actions as rows."""

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms

from roster.audit.forms import DayField
from sessions_app.minutes.models import ActionItem
from sessions_app.minutes.skeleton import Block

BLANK_ROWS = 2
MOST_ROWS = 40


class VersionForm(forms.Form):
    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class NoteForm(VersionForm):
    reason = forms.CharField(label="退回意见", max_length=300, required=False)


class MinutesForm(VersionForm):
    """Every text of the sheet under its own name (see skeleton.Field), and rows item-<n>-text, -owner, -due."""

    def __init__(
        self, *args: Any, blocks: Sequence[Block], items: Iterable[ActionItem] = (), version: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.blocks = blocks
        self.fields["version"].initial = version
        for block in blocks:
            for one in block.fields:
                attrs = {"rows": 4 if one.name in ("discussion", "summary") else 3}
                if one.carried:
                    attrs["data-auto"] = ""
                self.fields[one.name] = forms.CharField(
                    label=one.label, required=False, initial=one.text, help_text=one.note,
                    widget=forms.Textarea(attrs=attrs), max_length=20_000, strip=False,
                )  # fmt: skip
        kept = list(items)
        self.rows = len(kept) + BLANK_ROWS
        if self.is_bound:
            while f"item-{self.rows}-text" in self.data and self.rows < MOST_ROWS:
                self.rows += 1
        for index in range(self.rows):
            item = kept[index] if index < len(kept) else None
            self.fields[f"item-{index}-text"] = forms.CharField(
                label="事项", required=False, max_length=300, initial=item.text if item else ""
            )
            self.fields[f"item-{index}-owner"] = forms.CharField(
                label="责任人", required=False, max_length=60, initial=item.owner if item else ""
            )
            self.fields[f"item-{index}-due"] = DayField(
                label="完成时限", required=False, initial=item.due_on if item else None,
                widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            )  # fmt: skip

    def sheet(self) -> list[tuple[Block, list[Any]]]:
        """Blocks with their bound fields, for the template."""
        return [(block, [self[one.name] for one in block.fields]) for block in self.blocks]

    def item_rows(self) -> list[tuple[Any, Any, Any]]:
        return [tuple(self[f"item-{n}-{part}"] for part in ("text", "owner", "due")) for n in range(self.rows)]

    def values(self) -> dict[str, Any]:
        """What `minutes.actions.save` takes."""
        data = self.cleaned_data
        items = [
            {"text": data[f"item-{n}-text"], "owner": data[f"item-{n}-owner"], "due_on": data[f"item-{n}-due"]}
            for n in range(self.rows)
        ]
        # What the form did not send (an item added since it was opened) is left as it is.
        names = {one.name for block in self.blocks for one in block.fields if one.name in self.data}
        return {
            "discussion": data["discussion"] if "discussion" in names else None,
            "summary": data["summary"] if "summary" in names else None,
            "sections": {name: data[name] for name in names - {"discussion", "summary"}},
            "action_items": [row for row in items if any(row.values())],
        }
