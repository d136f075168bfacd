"""What is handed in: a Word template, a file to be checked."""

from __future__ import annotations

from django import forms
from django.core.files.uploadedfile import UploadedFile

from sessions_app.papers import word_rules

CHECKED_MOST = 100 * 2**20
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


class TemplateForm(forms.Form):
    file = forms.FileField(
        label="改好的模板", help_text="先下载现用的一份，在 Word 里改字体、抬头、文字和表格，标签保持原样，再传上来。只收 .docx。",
        widget=forms.ClearableFileInput(attrs={"accept": f".docx,{DOCX}"}),
        error_messages={"required": "请先选择模板文件。", "empty": "文件是空的，请重新选择。"},
    )  # fmt: skip
    note = forms.CharField(label="改了什么", max_length=200, required=False)

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if file.size and file.size > word_rules.LARGEST:
            raise forms.ValidationError(f"文件超过 {word_rules.LARGEST // 2**20} MB。请删去大图片后再传。")
        if not str(file.name).lower().endswith(".docx"):
            raise forms.ValidationError("只收 .docx 文件。请在 Word 里另存为“Word 文档（*.docx）”后再传。")
        return file


class CheckForm(forms.Form):
    file = forms.FileField(
        label="要校验的文件", help_text="本系统印发的 PDF、Word、Excel 文件。文件只用来比对，不保存。",
        widget=forms.ClearableFileInput(attrs={"accept": ".pdf,.docx,.xlsx,.zip"}),
        error_messages={"required": "请先选择文件。", "empty": "文件是空的，请重新选择。"},
    )  # fmt: skip

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if file.size and file.size > CHECKED_MOST:
            raise forms.ValidationError(f"文件超过 {CHECKED_MOST // 2**20} MB，不是本系统印发的文书。")
        return file
