"""What is chosen when a workbook comes in or goes out."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from roster.audit.forms import DayField
from roster.committees.forms import CommitteePick
from roster.committees.models import CommitteeKind, CommitteeLevel
from sessions_app.workbooks.export import ORDER
from sessions_app.workbooks.units import Answer


class UploadForm(forms.Form):
    file = forms.FileField(
        label="工作簿", help_text="只收 .xlsx 文件",
        widget=forms.ClearableFileInput(
            attrs={"accept": ".xlsx,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
        ),
        error_messages={"required": "请先选择工作簿。", "empty": "文件是空的，请重新选择。"},
    )  # fmt: skip

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        limit = settings.UPLOAD_MAX_BYTES
        if file.size and file.size > limit:
            raise forms.ValidationError(f"文件超过 {limit // 1024 // 1024} MB，请分成几个文件。")
        if not str(file.name).lower().endswith(".xlsx"):
            raise forms.ValidationError("只能导入 .xlsx 文件，请在 Excel 或 WPS 中另存为 .xlsx。")
        return file


class UnitsForm(forms.Form):
    """What all units of a published list are: asked once."""

    kind = forms.ChoiceField(label="类型", choices=CommitteeKind.choices, initial=CommitteeKind.PARTY_GROUP)
    level = forms.ChoiceField(label="层级", choices=CommitteeLevel.choices)
    parent = CommitteePick(label="上级委员会", error_messages={"required": "请选择上级委员会。"})
    since = DayField(
        label="从哪天起", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": "请填写从哪天起，一般写年初或成立那天。"},
    )  # fmt: skip

    def __init__(self, *args: Any, committees: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["parent"].queryset = committees

    def answer(self) -> Answer:
        given = self.cleaned_data
        return Answer(given["kind"], given["level"], given["parent"].code, given["since"])


class ExportForm(forms.Form):
    committee = CommitteePick(label="委员会", required=False, empty_label="")
    below = forms.BooleanField(label="含下级委员会", required=False)
    year = forms.TypedChoiceField(label="年度", required=False, coerce=int, empty_value=None)
    sheets = forms.MultipleChoiceField(
        label="工作表", choices=[(name, name) for name in ORDER], widget=forms.CheckboxSelectMultiple, required=False
    )

    def __init__(self, *args: Any, years: list[int], committees: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["year"].choices = [("", "全部年度"), *((year, f"{year}年") for year in years)]
        self.fields["committee"].queryset = committees
