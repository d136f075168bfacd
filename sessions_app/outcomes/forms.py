"""Shape of what is typed about outcomes."""

from datetime import date
from typing import Any

from django import forms

from roster.audit.forms import DayField
from roster.committees.models import Committee
from sessions_app.outcomes.models import Outcome, OutcomeKind, OutcomeStage
from sessions_app.sessions.models import StudySession


class VersionForm(forms.Form):
    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class NoteForm(VersionForm):
    reason = forms.CharField(label="说明", max_length=300, required=False)


class OutcomeForm(forms.Form):
    """A new outcome; the code is given by the house."""

    committee = forms.ModelChoiceField(label="委员会", queryset=Committee.objects.none(), empty_label=None)
    kind = forms.ChoiceField(label="类型", choices=OutcomeKind.choices)
    title = forms.CharField(label="名称", max_length=200)
    authors = forms.CharField(label="作者", max_length=200, help_text="几个人以顿号分隔")
    day = DayField(label="日期", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    study_session = forms.ModelChoiceField(
        label="来源学习", queryset=StudySession.objects.none(), required=False, empty_label="不是来自某一场学习"
    )
    document_number = forms.CharField(label="载体或文号", max_length=80, required=False, help_text="如 青发〔2026〕5号")
    derived_from = forms.ModelChoiceField(
        label="由哪项成果转化", queryset=Outcome.objects.none(), required=False, empty_label="不是转化来的",
        help_text="转化要有文号，或上传文件",
    )  # fmt: skip
    upload = forms.FileField(label="文件", required=False)

    def __init__(
        self, *args: Any, committees: Any, sessions: Any, sources: Any, editing: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["committee"].queryset = committees
        self.fields["study_session"].queryset = sessions
        self.fields["study_session"].label_from_instance = lambda row: f"{row.day:%Y-%m-%d} {row.topic}"[:60]
        self.fields["derived_from"].queryset = sources
        self.fields["derived_from"].label_from_instance = lambda row: f"{row.code} {row.title}"[:60]
        for name in ("study_session", "derived_from"):
            self.fields[name].widget.attrs["data-picker"] = ""
        if committees.count() == 1:
            self.fields["committee"].initial = committees.first()
            self.fields["committee"].widget = forms.HiddenInput()
        if editing:
            for name in ("committee", "derived_from", "upload"):
                del self.fields[name]
            self.fields["version"] = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class LinkForm(VersionForm):
    derived_from = forms.ModelChoiceField(label="由哪项成果转化", queryset=Outcome.objects.none(), empty_label="请选择")

    def __init__(self, *args: Any, sources: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["derived_from"].queryset = sources
        self.fields["derived_from"].label_from_instance = lambda row: f"{row.code} {row.title}"[:60]
        self.fields["derived_from"].widget.attrs["data-picker"] = ""


class OutcomeFilter(forms.Form):
    q = forms.CharField(label="名称、作者、文号", required=False)
    year = forms.TypedChoiceField(label="年度", required=False, coerce=int, empty_value=None)
    kind = forms.ChoiceField(label="类型", required=False, choices=[("", "全部"), *OutcomeKind.choices])
    stage = forms.ChoiceField(
        label="状态", required=False, choices=[("", "全部"), *OutcomeStage.choices, ("withdrawn", "已撤销")]
    )
    session = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        years = [(year, f"{year}年") for year in range(today.year, today.year - 6, -1)]
        self.fields["year"].choices = [("", "全部"), *years]
