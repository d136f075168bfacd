"""What django-axes asks of us: whose log-in failed, and what the locked-out see."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template import TemplateDoesNotExist
from django.template.loader import render_to_string

SENTENCE = "登录失败次数太多，已暂停 15 分钟。请稍后再试，或请系统管理员重置密码。"


def username(request: HttpRequest, credentials: dict[str, Any] | None) -> str:
    found = (credentials or {}).get("username") or request.POST.get("login") or ""
    return str(found).strip()[:255]


def address(request: HttpRequest) -> str | None:
    return request.META.get("REMOTE_ADDR") or None  # see config/proxy.py


def answer(request: HttpRequest, response: HttpResponse | None = None, credentials: Any = None) -> HttpResponse:
    try:
        return HttpResponse(render_to_string("account/locked.html", {"sentence": SENTENCE}, request), status=429)
    except TemplateDoesNotExist:
        return HttpResponse(SENTENCE, content_type="text/plain; charset=utf-8", status=429)
