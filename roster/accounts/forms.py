"""What is typed about accounts and grants."""

from typing import Any

from allauth.account.forms import ChangePasswordForm
from django import forms
from django.urls import reverse_lazy

from roster.accounts.models import User
from roster.accounts.reset_actions import code_fits, waiting_code
from roster.accounts.roles import GRANTED, ROLES
from roster.audit.forms import DayField, VersionForm
from roster.committees.forms import CommitteePick
from roster.people.forms import PersonPick, RemoteSelect

ROLE_CHOICES = [(role.value, ROLES[role].label) for role in GRANTED]


class OwnPasswordForm(ChangePasswordForm):
    """allauth's form; after a reset by two people it asks for the first one's code, too."""

    code = forms.CharField(
        label="改密校验码",
        max_length=40,
        required=False,
        help_text="由申请重置的系统管理员告诉您；和初始密码不是同一个人给的",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reset = waiting_code(self.user)
        if self.reset is None:
            del self.fields["code"]

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        if self.reset is not None and not code_fits(self.reset, code):
            raise forms.ValidationError(
                "校验码不对。请向申请重置的系统管理员核对；初始密码和校验码由两个人分别告诉您。"
            )
        return code


class AccountPick(forms.ModelChoiceField):
    """One account, found while typing (address `account_pick`)."""

    def __init__(self, queryset: Any = None, **kwargs: Any) -> None:
        attrs = {"data-picker": True, "data-url": reverse_lazy("account_pick")}
        kwargs.setdefault("widget", RemoteSelect(attrs=attrs))
        kwargs.setdefault("empty_label", "")
        super().__init__(User.objects.none() if queryset is None else queryset, **kwargs)

    def label_from_instance(self, obj: User) -> str:
        return f"{obj.display_name}（{obj.username}）"


class AccountFilter(forms.Form):
    q = forms.CharField(
        label="账号", required=False, widget=forms.TextInput(attrs={"placeholder": "登录名、姓名、拼音首字母"})
    )
    state = forms.ChoiceField(
        label="状态",
        required=False,
        choices=[
            ("", "全部"),
            ("active", "启用"),
            ("disabled", "停用"),
            ("new", "未登录过"),
            ("first", "待改初始密码"),
        ],
    )
    role = forms.ChoiceField(label="授予的角色", required=False, choices=[("", "全部"), *ROLE_CHOICES])


class NewAccountForm(forms.Form):
    person = PersonPick(label="人员", help_text="一人一号；名册里没有的人请先在“人员”里建档")
    username = forms.CharField(label="登录名", max_length=30, help_text="字母、数字、点、横线，如 zhangsan")


class GrantFilter(forms.Form):
    q = forms.CharField(
        label="账号", required=False, widget=forms.TextInput(attrs={"placeholder": "姓名、登录名、拼音首字母"})
    )
    role = forms.ChoiceField(label="角色", required=False, choices=[("", "全部"), *ROLE_CHOICES])
    committee = CommitteePick(label="范围", required=False)
    state = forms.ChoiceField(
        label="状态", required=False, choices=[("", "现在有效"), ("ended", "已结束"), ("all", "全部")]
    )


class NewGrantForm(forms.Form):
    user = AccountPick(label="账号", help_text="输入姓名、登录名或拼音首字母")
    role = forms.ChoiceField(label="角色", choices=ROLE_CHOICES)
    committee = CommitteePick(label="范围", help_text="这个委员会和它的全部下级")
    since = DayField(label="起始日期")
    until = DayField(label="结束日期", required=False, help_text="长期的不填")


class EndGrantForm(VersionForm):
    until = DayField(label="最后一天", help_text="填昨天就是立即结束")


class RefuseResetForm(VersionForm):
    reason = forms.CharField(label="原因", max_length=200)


class ContactForm(VersionForm):
    phone = forms.CharField(label="手机", max_length=20, required=False, help_text="可不填，仅用于联系")
    email = forms.EmailField(label="邮箱", required=False)
