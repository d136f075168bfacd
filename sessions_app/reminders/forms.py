"""What the list of who is behind is narrowed by."""

from typing import Any

from django import forms

from roster.committees.forms import CommitteePick
from sessions_app.policies.rules import TONE_WORDS, Tone
from sessions_app.reminders.behind import Asked
from sessions_app.reminders.rules import KINDS

WORST_FIRST = (Tone.OVERDUE, Tone.BEHIND, Tone.NEAR)


class BehindForm(forms.Form):
    under = CommitteePick(label="范围", required=False)
    only = forms.BooleanField(label="只看本级", required=False)
    kind = forms.ChoiceField(
        label="类别", required=False, choices=[("", "全部"), *((kind.value, row.label) for kind, row in KINDS.items())]
    )
    tone = forms.ChoiceField(
        label="缓急", required=False, choices=[("", "全部"), *((tone.value, TONE_WORDS[tone]) for tone in WORST_FIRST)]
    )
    q = forms.CharField(
        label="委员会或事项", required=False, max_length=60, widget=forms.TextInput(attrs={"placeholder": "名称、拼音首字母、事项"})
    )  # fmt: skip

    def __init__(self, *args: Any, committees: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["under"].queryset = committees

    def asked(self) -> Asked:
        """What fits; what does not is left out, its error stands beside the field."""
        self.is_valid()
        given = self.cleaned_data
        return Asked(
            given.get("kind", ""), given.get("tone", ""), given.get("under"), bool(given.get("only")), given.get("q", "")
        )  # fmt: skip
