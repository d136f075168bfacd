"""What is typed about notices: which ones are looked for, and how one wants to be told."""

from django import forms

from roster.audit.forms import VersionForm
from sessions_app.notices.models import CHOSEN, Rhythm

WHEN = {
    Rhythm.MONTHLY: "每月第一个工作日告知一次",
    Rhythm.WEEKLY: "每周第一个工作日告知一次",
    Rhythm.DAILY: "每个工作日告知一次",
}


class InboxFilter(forms.Form):
    rhythm = forms.ChoiceField(label="类别", required=False, choices=[("", "全部"), *Rhythm.choices])
    state = forms.ChoiceField(
        label="阅读", required=False, choices=[("", "全部"), ("unread", "未读"), ("read", "已读")]
    )


class PreferenceForm(VersionForm):
    rhythm = forms.ChoiceField(
        label="提醒频次", widget=forms.RadioSelect,
        choices=[(rhythm.value, f"{rhythm.label}：{WHEN[rhythm]}") for rhythm in sorted(CHOSEN, key=list(WHEN).index)],
    )  # fmt: skip
    by_mail = forms.BooleanField(label="同时发到邮箱", required=False)
