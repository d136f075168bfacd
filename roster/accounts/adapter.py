"""allauth's entry: nobody signs himself up; every log-in, failure and refusal is recorded."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from roster.accounts import actions
from roster.accounts.models import Draft, User
from roster.accounts.rules import FIRST_PASSWORD_LIVES, first_password_expired
from roster.audit.actions import SystemActor, record

NOBODY = "（不存在的账号）"
# What allauth would tell by mail is told to the record.
NOTES = {
    "mfa/email/totp_activated": "开启二次验证",
    "mfa/email/totp_deactivated": "关闭二次验证",
    "mfa/email/recovery_codes_generated": "生成备用码",
    "mfa/email/recovery_codes_regenerated": "生成备用码",
}


class ClosedAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """A wrong user name is not kept: people type their password there."""
        name = str(credentials.get("username", ""))
        user = User.objects.filter(username=name).select_related("person").first()
        locked = getattr(request, "axes_locked_out", False)
        self._note(
            request,
            user,
            "登录被锁定" if locked else "登录失败",
            "" if user is None or user.is_active else "账号已停用",
        )

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse | None:
        """A first password that nobody used in time opens nothing."""
        if first_password_expired(user.must_change_password, user.password_changed_at, request.now):
            self._note(request, user, "登录被拒绝", "初始密码已过期")
            hours = int(FIRST_PASSWORD_LIVES.total_seconds() // 3600)
            messages.error(request, f"初始密码已过 {hours} 小时，不能再用。请系统管理员重置密码。")
            return redirect("account_login")
        return super().pre_login(request, user, **kwargs)

    def login(self, request: HttpRequest, user: Any) -> None:
        super().login(request, user)
        self._note_own(request, user, "登录")

    def logout(self, request: HttpRequest) -> None:
        waiting = 0
        if request.user.is_authenticated:
            self._note_own(request, request.user, "退出")
            waiting = Draft.objects.waiting(request.user, request.now).count()
        super().logout(request)
        if waiting:
            messages.info(request, f"服务器上留有您 {waiting} 份没有提交的内容，7 天内登录后打开原来的页面可以接着写。")

    def set_password(self, user: Any, password: str) -> None:
        self._prepared(self.request, user)
        actions.change_own_password(user, password, by=user, at=self.request.now)

    def send_notification_mail(self, template_prefix: str, user: Any, *args: Any, **kwargs: Any) -> None:
        if template_prefix in NOTES:
            self._note_own(self.request, user, NOTES[template_prefix])

    @staticmethod
    def _prepared(request: HttpRequest, user: User) -> User:
        user.act(on=request.today, at=request.now)
        user.address, user.request_id = request.META.get("REMOTE_ADDR") or None, getattr(request, "request_id", "")
        return user

    def _note_own(self, request: HttpRequest, user: User, verb: str) -> None:
        record(user, verb=verb, by=self._prepared(request, user), at=request.now)

    @staticmethod
    def _note(request: HttpRequest, user: User | None, verb: str, reason: str) -> None:
        by = SystemActor(
            user.display_name if user else NOBODY, address=request.META.get("REMOTE_ADDR") or None,
            request_id=getattr(request, "request_id", ""),
        )  # fmt: skip
        record(user or User(username=NOBODY), verb=verb, by=by, at=request.now, reason=reason)
