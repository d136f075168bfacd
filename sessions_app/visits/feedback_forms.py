"""Shapes of the feedback letter and of the unit's reply. The limit of the letter is asked by the action, not here."""

from typing import Any

from django import forms

from roster.audit.forms import VersionForm
from sessions_app.visits.feedback_rules import ADVICE, ADVICE_MOST, PART_WORDS, PARTS, REPLY_MOST
from sessions_app.visits.models import Feedback

STORED_MOST = 4000  # far beyond the letter's limit: what is typed too long is kept, and counted
ROWS = {"overall": 4, "highlights": 4, "problems": 6, ADVICE: 4}
HINTS = {
    "problems": "一段一个问题，每一段都可以提为问题清单的一条；没有的填“无”",
    ADVICE: f"可以不填；不计入 500 字，最多 {ADVICE_MOST} 字",
}


class FeedbackForm(VersionForm):
    """Three parts and the advice; `version` 0 where nothing was saved yet."""

    def __init__(self, *args: Any, feedback: Feedback | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["version"].initial = feedback.version if feedback else 0
        for name in (*PARTS, ADVICE):
            self.fields[name] = forms.CharField(
                label=PART_WORDS[name], required=False, strip=False, help_text=HINTS.get(name, ""),
                max_length=ADVICE_MOST if name == ADVICE else STORED_MOST,
                initial=getattr(feedback, name) if feedback else "", widget=forms.Textarea(attrs={"rows": ROWS[name]}),
            )  # fmt: skip


class ReplyForm(VersionForm):
    reply = forms.CharField(
        label="单位回复", max_length=STORED_MOST, widget=forms.Textarea(attrs={"rows": 5}),
        help_text=f"写明打算怎么改、由谁负责，最多 {REPLY_MOST} 字",
    )  # fmt: skip


class NoteForm(VersionForm):
    reason = forms.CharField(label="退回意见", max_length=300)
