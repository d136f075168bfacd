"""The three administrators log in with a second factor (setting REQUIRE_ADMIN_MFA); for all others it is optional."""

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from roster.accounts.roles import SEPARATED


def demanded(request: HttpRequest) -> HttpResponse | None:
    """A redirect to the page where it is set up, for an administrator who has none yet."""
    if not settings.REQUIRE_ADMIN_MFA or request.path.startswith("/account/"):
        return None
    if not any(hold.role in SEPARATED for hold in request.user.holds) or is_mfa_enabled(request.user):
        return None
    messages.warning(request, "管理账号须先开启二次验证：用手机上的验证器扫码，再输入 6 位数字。")
    return redirect("mfa_activate_totp")
