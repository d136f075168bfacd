"""What is typed about notices: which ones are looked for, and how one wants to be told."""

from typing import Any

from django import forms

from roster.audit.forms import DayField, VersionForm
from sessions_app.notices.models import CHOSEN, Channel, DeliveryStage, Provider, Rhythm
from sessions_app.notices.rules import key_faults

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


class DeliveryFilter(forms.Form):
    q = forms.CharField(
        label="收件人或单位", required=False, widget=forms.TextInput(attrs={"placeholder": "姓名、单位、拼音首字母"})
    )
    stage = forms.ChoiceField(label="状态", required=False, choices=[("", "全部"), *DeliveryStage.choices])
    channel = forms.ChoiceField(label="渠道", required=False, choices=[("", "全部"), *Channel.choices])
    rhythm = forms.ChoiceField(label="类别", required=False, choices=[("", "全部"), *Rhythm.choices])
    double = forms.ChoiceField(label="可能重复", required=False, choices=[("", "全部"), ("yes", "是"), ("no", "否")])
    first = DayField(label="从", required=False)
    last = DayField(label="到", required=False)


class ChatFilter(forms.Form):
    q = forms.CharField(
        label="名称", required=False, widget=forms.TextInput(attrs={"placeholder": "名称、编码、拼音首字母"})
    )
    state = forms.ChoiceField(
        label="状态", required=False,
        choices=[("", "全部"), ("on", "启用"), ("off", "停用"), ("none", "没有设置")],
    )  # fmt: skip


class ChatForm(VersionForm):
    """The key is typed and never shown again, so its fields are named otherwise than the row's."""

    provider = forms.ChoiceField(label="平台", choices=Provider.choices)
    key = forms.CharField(
        label="机器人密钥", max_length=120, required=False, strip=True,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    sign = forms.CharField(
        label="加签密钥", max_length=120, required=False, strip=True, help_text="只有钉钉的“加签”用，以 SEC 开头",
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    is_active = forms.BooleanField(label="启用", required=False)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("provider") and given.get("key"):
            names = {"token": "key", "secret": "sign"}
            for field, words in key_faults(given["provider"], given["key"], given.get("sign", "")).items():
                self.add_error(names[field], words)
        return given
