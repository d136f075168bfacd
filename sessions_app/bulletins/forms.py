"""What is typed about bulletins."""

from typing import Any

from django import forms

from roster.audit.forms import VersionForm
from sessions_app.bulletins.models import AnnexKind, BulletinStage
from sessions_app.bulletins.rules import (
    CARD_TEXT_LIMIT,
    CARD_TITLE_LIMIT,
    CARDS_AT_MOST,
    LINE_LIMIT,
    MARK_LIMIT,
    TITLE_LIMIT,
)
from sessions_app.plans.models import StudyMode

QUARTERS = [(0, "全年"), (1, "一季度"), (2, "二季度"), (3, "三季度"), (4, "四季度")]
QUARTER_WORDS = dict(QUARTERS)


class BulletinNewForm(forms.Form):
    """Which issue: a department, a year, a quarter or the whole year."""

    committee = forms.ModelChoiceField(label="编发单位", queryset=None, empty_label=None)
    year = forms.TypedChoiceField(label="年度", coerce=int)
    quarter = forms.TypedChoiceField(label="时段", coerce=int, choices=QUARTERS)
    form_token = forms.CharField(widget=forms.HiddenInput, required=False, max_length=36)

    def __init__(self, *args: Any, committees: Any, years: list[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["committee"].queryset = committees
        self.fields["year"].choices = [(year, f"{year}年") for year in years]


class BulletinForm(VersionForm):
    """The workshop. `rich` is set by the editor; without script `text` is what was typed and `body` what it was made of."""

    title = forms.CharField(label="标题", max_length=TITLE_LIMIT)
    mark = forms.CharField(
        label="发文代字", required=False, max_length=MARK_LIMIT, help_text="如 云宣通；签发时自动编号"
    )
    to = forms.CharField(label="主送", required=False, max_length=LINE_LIMIT)
    copies = forms.CharField(label="抄送", required=False, max_length=LINE_LIMIT)
    body = forms.CharField(label="正文", required=False, strip=False, widget=forms.Textarea(attrs={"hidden": True}))
    text = forms.CharField(
        label="正文", required=False, widget=forms.Textarea(attrs={"rows": 24}),
        help_text="一行一段；以“一、”“（一）”开头的短行是标题；“【图表：……】”一行保留图表的位置。",
    )  # fmt: skip
    rich = forms.CharField(required=False, widget=forms.HiddenInput)
    annexes = forms.MultipleChoiceField(
        label="附件", required=False, choices=AnnexKind, widget=forms.CheckboxSelectMultiple
    )


class CardForm(forms.Form):
    """创新做法: title and text are typed; the session it comes from is picked."""

    session = forms.IntegerField(widget=forms.HiddenInput, required=False)
    committee = forms.IntegerField(widget=forms.HiddenInput, error_messages={"required": "请从本期场次里选择。"})
    unit = forms.CharField(widget=forms.HiddenInput, required=False)
    mode = forms.ChoiceField(label="做法类别", choices=StudyMode)
    title = forms.CharField(label="做法标题", max_length=CARD_TITLE_LIMIT)
    text = forms.CharField(label="做法", max_length=CARD_TEXT_LIMIT, widget=forms.Textarea(attrs={"rows": 4}))


CardFormSet = forms.formset_factory(
    CardForm, extra=0, can_delete=True, max_num=CARDS_AT_MOST, absolute_max=4 * CARDS_AT_MOST
)


class MoveForm(VersionForm):
    """One step; the reason is asked for where it is needed, by the action."""

    reason = forms.CharField(label="原因", required=False, max_length=300)


class BulletinFilter(forms.Form):
    year = forms.TypedChoiceField(label="年度", required=False, coerce=int, empty_value=None)
    quarter = forms.TypedChoiceField(
        label="时段", required=False, coerce=int, empty_value=None, choices=[("", "全部"), *QUARTERS]
    )
    stage = forms.ChoiceField(label="状态", required=False, choices=[("", "全部"), *BulletinStage.choices])
    q = forms.CharField(
        label="标题或文号", required=False, max_length=60, widget=forms.TextInput(attrs={"placeholder": "标题里的字、文号"})
    )  # fmt: skip

    def __init__(self, *args: Any, years: list[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["year"].choices = [("", "全部"), *((year, f"{year}年") for year in years)]


class SessionPick(forms.Form):
    """Which sessions of the period are offered as a card's source."""

    mode = forms.ChoiceField(label="做法类别", required=False, choices=[("", "全部"), *StudyMode.choices])
    q = forms.CharField(
        label="单位或主题", required=False, max_length=60, widget=forms.TextInput(attrs={"placeholder": "单位、主题"})
    )


class ReceiptFilter(forms.Form):
    state = forms.ChoiceField(label="签收", required=False, choices=[("", "全部"), ("no", "未签收"), ("yes", "已签收")])
    q = forms.CharField(
        label="单位", required=False, max_length=60, widget=forms.TextInput(attrs={"placeholder": "名称、拼音首字母"})
    )
