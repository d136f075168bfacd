"""What a switch of the beat table sends."""

from django import forms

from roster.audit.forms import VersionForm
from sessions_app.jobs.beat import BEAT


class SwitchForm(VersionForm):
    name = forms.ChoiceField(label="定时任务", choices=[(row.name, row.label) for row in BEAT])
    is_on = forms.TypedChoiceField(
        label="状态", choices=[("1", "启用"), ("0", "停用")], coerce=lambda value: value == "1"
    )
    reason = forms.CharField(label="原因", required=False, max_length=200)
