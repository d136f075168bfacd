"""Doors to what is one's own at the log-in: the password, and the devices that are logged in."""

from allauth.account import views as account
from allauth.usersessions import views as devices
from allauth.usersessions.models import UserSession
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from roster.accounts.doors import any_login
from roster.audit.actions import record


@any_login
@require_http_methods(["GET", "POST"])
def change_password(request: HttpRequest) -> HttpResponse:
    """Who has no password (nobody can log in with it) has none to change."""
    if not request.user.has_usable_password():
        raise Http404
    answer: HttpResponse = account.password_change(request)
    return answer


@any_login
@require_http_methods(["GET", "POST"])
def list_devices(request: HttpRequest) -> HttpResponse:
    """Ending the others stands in the record: it is what somebody does who took a session over, too."""
    if request.method != "POST":
        shown: HttpResponse = devices.list_usersessions(request)
        return shown
    others = UserSession.objects.filter(user=request.user).exclude(session_key=request.session.session_key)
    count = others.count()
    answer: HttpResponse = devices.list_usersessions(request)
    if answer.status_code == 302:
        record(request.user, verb="退出其他设备", by=request.user, at=request.now, data={"sessions": count})
    return answer
