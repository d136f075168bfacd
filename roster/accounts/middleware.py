"""What every request passes: the roles of today, the age of the session, and no writing while reading."""

import re
import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from redis.exceptions import RedisError

from roster.accounts import draft_actions, second_factor
from roster.accounts.doors import asked_by_itself
from roster.accounts.draft_rules import KEY
from roster.audit.actions import record

Handler = Callable[[HttpRequest], HttpResponse]


class RoleMiddleware:
    """Loads what the user holds today. Needs the clock and the log-in before it."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.request_id = uuid.uuid4().hex[:16]
        if request.user.is_authenticated:
            request.user.act(on=request.today, at=request.now, acting=request.session.get("acting", ""))
            request.user.address = request.META.get("REMOTE_ADDR") or None
            request.user.request_id = request.request_id
            wanted = second_factor.demanded(request)
            if wanted is not None and not asked_by_itself(request):
                return wanted
        response = self.get_response(request)
        if response.status_code in (403, 404) and request.user.is_authenticated and request.resolver_match:
            self._keep_refusal(request)
        return response

    @staticmethod
    def _keep_refusal(request: HttpRequest) -> None:
        """Who asked for a place that does not exist for him; the address without its query.

        The first of an hour is a row, then the 10th, the 100th …, each with the count so far: no end of rows.
        """
        if request.user._holds is None:
            return
        count = _refusals(request)
        if not re.fullmatch("10*", str(count)):
            return
        where = {"method": request.method, "path": request.path[:200]} | ({"count": count} if count > 1 else {})
        reason = where["path"] if count == 1 else f"本小时第 {count} 次，最近一次 {where['path']}"
        record(request.user, verb="访问被拒绝", by=request.user, at=request.now, reason=reason, data=where)


def _refusals(request: HttpRequest) -> int:
    """How many of this user in this hour, counted in Redis; 1 where it is away: then each is a row."""
    place = f"refused:{request.user.pk}:{request.now:%Y%m%d%H}"
    try:
        cache.add(place, 0, 2 * 3600)
        return int(cache.incr(place))
    except (ValueError, RedisError):
        return 1


class SessionAgeMiddleware:
    """Ends a session that idled too long or is too old (settings), and asks for an expired password to be changed.

    What a page asks on its own (`doors.poll`) is nobody's presence: it prolongs nothing, and is answered in its place
    instead of being sent to another page.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            return self.get_response(request)
        now, by_itself = request.now.timestamp(), asked_by_itself(request)
        started = request.session.setdefault("started", now)
        seen = request.session.setdefault("seen", now)
        if now - seen > settings.SESSION_IDLE_SECONDS or now - started > settings.SESSION_ABSOLUTE_SECONDS:
            logout(request)
            messages.info(request, "离开时间较长，已自动退出。请重新登录，没有提交的内容为您的账号留着。")
            if by_itself:
                return self.get_response(request)
            return redirect(resolve_url(settings.LOGIN_URL) + f"?next={request.get_full_path()}")
        if by_itself:
            return self.get_response(request)
        if now - seen > 30:
            request.session["seen"] = now
        return self._password(request) or self.get_response(request)

    def _password(self, request: HttpRequest) -> HttpResponse | None:
        if request.path.startswith("/account/") or not request.user.has_usable_password():
            return None
        changed = request.user.password_changed_at
        days = settings.PASSWORD_MAX_DAYS
        expired = bool(days and changed and (request.now - changed).days >= days)
        if request.user.must_change_password or expired:
            why = "首次登录请先修改密码。" if request.user.must_change_password else f"密码已使用满 {days} 天，请修改。"
            messages.warning(request, why)
            return redirect("account_change_password")
        return None


WRITES = re.compile(r'^\s*(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM|COPY|TRUNCATE)\s+"?(\w+)"?', re.IGNORECASE)
# Sessions and throttling are the frame's own; the audit log also keeps downloads and refusals.
FRAME_TABLES = re.compile(r"^(django_session|axes_|usersessions_|account_|mfa_|roster_auditevent)")


class WritingWhileReading(RuntimeError):
    """A reading address tried to change data: a defect, said loudly."""


class ReadOnlyMiddleware:
    """GET and HEAD never write."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in ("GET", "HEAD") or request.path.startswith(("/account/", "/backstage/")):
            return self.get_response(request)
        with connection.execute_wrapper(self.refuse):
            return self.get_response(request)

    @staticmethod
    def refuse(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        found = WRITES.match(str(sql))
        if found and not FRAME_TABLES.match(found[1]):
            raise WritingWhileReading(f"a reading address may not write {found[1]}")
        return execute(sql, params, many, context)


class DraftMiddleware:
    """What was saved is no draft any more: the form names its draft, and the request that saved it closes that.

    Saved means: sent on to another page without a refusal, or told so as JSON or as the answer to htmx. A page that
    comes back with the form in it (422, 409, or a 200 with one row more) leaves the draft where it is.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.method != "POST" or not request.user.is_authenticated or not hasattr(request, "_post"):
            return response
        key = request.POST.get("draft_key", "")
        if KEY.fullmatch(key) and self.is_saved(request, response):
            draft_actions.close(key, by=request.user, at=request.now)
        return response

    @staticmethod
    def is_saved(request: HttpRequest, response: HttpResponse) -> bool:
        said = getattr(getattr(request, "_messages", None), "_queued_messages", [])
        if getattr(request, "was_refused", False) or any(one.level >= messages.ERROR for one in said):
            return False
        if response.status_code in (302, 303):
            return True
        told = response.headers.get("Content-Type", "").startswith("application/json")
        whole = request.headers.get("HX-Request") == "true" and not request.POST.get("op")
        return response.status_code in (200, 201, 204) and (told or whole)
