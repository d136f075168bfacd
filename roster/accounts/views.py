"""Doors of accounts and grants; the role one acts in; the profile."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db.models import F, Prefetch
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from roster.accounts import actions, reset_actions
from roster.accounts.access import accounts_open_to, resets_open_to, search_accounts
from roster.accounts.doors import any_login, attempt, filled, permission
from roster.accounts.forms import (
    AccountFilter,
    ContactForm,
    EndGrantForm,
    GrantFilter,
    NewAccountForm,
    NewGrantForm,
    RefuseResetForm,
)
from roster.accounts.listing import ordered, page_of
from roster.accounts.models import Grant, PasswordReset, ResetStage, User
from roster.accounts.roles import ROLES, Permission
from roster.accounts.stale import overtaken
from roster.audit.actions import record
from roster.audit.forms import VersionForm
from roster.audit.history import moment_words
from roster.audit.models import AuditEvent
from roster.committees.models import Committee
from roster.corps.models import HandOver, HandOverStage
from roster.corps.overview import own_record
from roster.people import actions as people_actions
from roster.people.models import Person

P = Permission
ACCOUNT_SORTS = {
    "name": ("person__pinyin", "username"),
    "username": ("username",),
}
GRANT_SORTS = {
    "user": ("user__person__pinyin", "user__username", "role"),
    "role": ("role", "user__username"),
    "since": ("-since", "pk"),
}
PICKED = 20


def _status(request: HttpRequest) -> int:
    return 422 if request.method == "POST" else 200


# ------------------------------------------------------------------------------------------------------- accounts


@permission(P.ACCOUNT_EDIT)
@require_GET
def account_list(request: HttpRequest) -> HttpResponse:
    form = AccountFilter(request.GET)
    given = form.cleaned_data if form.is_valid() else {}
    rows = accounts_open_to(request.user, P.ACCOUNT_EDIT).select_related("person")
    if given.get("q"):
        rows = search_accounts(rows, given["q"])
    match given.get("state"):
        case "active":
            rows = rows.filter(is_active=True)
        case "disabled":
            rows = rows.filter(is_active=False)
        case "new":
            rows = rows.filter(last_login=None)
        case "first":
            rows = rows.filter(must_change_password=True)
    if given.get("role"):
        rows = rows.filter(pk__in=Grant.objects.on(request.today).filter(role=given["role"]).values("user"))
    sort = request.GET.get("sort", "name")
    rows, sort = ordered(request, rows, ACCOUNT_SORTS, "name") if sort.lstrip("-") != "login" else _by_login(rows, sort)
    held = Grant.objects.on(request.today).select_related("committee")
    rows = rows.prefetch_related(Prefetch("grants", queryset=held, to_attr="held"))
    context = {
        "form": form, "page_obj": page_of(request, rows), "sort": sort,
        "filtered": any(request.GET.get(name) for name in form.fields),
    }  # fmt: skip
    return render(request, "accounts/list.html", context)


def _by_login(rows: Any, sort: str) -> tuple[Any, str]:
    """Who never logged in stands last either way."""
    turned = sort.startswith("-")
    order = F("last_login").desc(nulls_last=True) if turned else F("last_login").asc(nulls_last=True)
    return rows.order_by(order, "username"), sort


@permission(P.ACCOUNT_EDIT)
@never_cache
@require_http_methods(["GET", "POST"])
def account_new(request: HttpRequest) -> HttpResponse:
    people = Person.objects.open_to(request.user, P.ACCOUNT_EDIT)
    form = NewAccountForm(request.POST or None, initial={"person": request.GET.get("person")})
    form.fields["person"].queryset = people
    if request.method == "POST" and form.is_valid():
        made = attempt(
            request, lambda: actions.create_account(**form.cleaned_data, by=request.user, at=request.now), form
        )  # fmt: skip
        if made:
            # Told once, in this answer; it is stored nowhere, so there is nothing to redirect to.
            return render(request, "accounts/secret.html", {"account": made[0], "secret": made[1], "new": True})
    context = {"form": form, "title": "开通账号", "go": "开通", "home": "account_list", "home_label": "账号"}
    return render(request, "accounts/form.html", context, status=_status(request))


def _account(request: HttpRequest, pk: int) -> User:
    return get_object_or_404(accounts_open_to(request.user, P.ACCOUNT_EDIT).select_related("person"), pk=pk)


@permission(P.ACCOUNT_EDIT)
@require_GET
def account(request: HttpRequest, pk: int) -> HttpResponse:
    row = _account(request, pk)
    return render(request, "accounts/account.html", {
        "account": row, "roles": _roles(row, request), "own": row.pk == request.user.pk,
        "takes_two": reset_actions.takes_two(row, by=request.user, at=request.now),
        "asked": row.resets.filter(stage=ResetStage.ASKED).select_related("asked_by__person").first(),
    })  # fmt: skip


def _roles(row: User, request: HttpRequest) -> list[dict[str, Any]]:
    """Every role of the account, present and past, newest first."""
    held = sorted(actions.roles_held(row), key=lambda role: role.since, reverse=True)
    return [
        {
            "label": ROLES[role.role].label, "where": role.where, "since": role.since, "until": role.until,
            "now": role.since <= request.today and (role.until is None or role.until >= request.today),
        }
        for role in held
    ]  # fmt: skip


@permission(P.ACCOUNT_EDIT)
@never_cache
@require_POST
def account_reset(request: HttpRequest, pk: int) -> HttpResponse:
    row = _account(request, pk)
    secret = attempt(request, lambda: reset_actions.reset_password(row, by=request.user, at=request.now))
    if secret is None:
        return redirect("account", pk)
    return render(request, "accounts/secret.html", {"account": row, "secret": secret, "new": False})


@permission(P.ACCOUNT_EDIT)
@never_cache
@require_POST
def reset_ask(request: HttpRequest, pk: int) -> HttpResponse:
    """For an account that takes two: the code is told once, and nothing changes before the second person agrees."""
    row = _account(request, pk)
    reason = request.POST.get("reason", "")
    made = attempt(request, lambda: reset_actions.ask(row, reason=reason, by=request.user, at=request.now))
    if made is None:
        return redirect("account", pk)
    return render(request, "accounts/reset_code.html", {"account": row, "code": made[1]})


@permission(P.GRANT_EDIT)
@require_GET
def reset_list(request: HttpRequest) -> HttpResponse:
    """What waits for the security administrator as second person."""
    return render(request, "accounts/resets.html", {"resets": resets_open_to(request.user, request.today)})


def _reset(request: HttpRequest, pk: int) -> PasswordReset:
    for row in resets_open_to(request.user, request.today):
        if row.pk == pk:
            return row
    raise Http404


@permission(P.GRANT_EDIT)
@never_cache
@require_POST
def reset_agree(request: HttpRequest, pk: int) -> HttpResponse:
    row, form = _reset(request, pk), VersionForm(request.POST)
    if not filled(request, form):
        return redirect("reset_list")
    version = form.cleaned_data["version"]
    made = attempt(request, lambda: reset_actions.agree(row, version=version, by=request.user, at=request.now))
    if made is None:
        return redirect("reset_list")
    context = {"account": made[0].user, "secret": made[1], "new": False, "second": True}
    return render(request, "accounts/secret.html", context)


@permission(P.GRANT_EDIT)
@require_POST
def reset_refuse(request: HttpRequest, pk: int) -> HttpResponse:
    row, form = _reset(request, pk), RefuseResetForm(request.POST)
    if filled(request, form):
        act = lambda: reset_actions.refuse(row, **form.cleaned_data, by=request.user, at=request.now)
        if attempt(request, act):
            messages.success(request, f"没有同意 {row.user} 的重置申请。")
    return redirect("reset_list")


@permission(P.ACCOUNT_EDIT)
@require_POST
def account_disable(request: HttpRequest, pk: int) -> HttpResponse:
    row = _account(request, pk)
    reason = request.POST.get("reason", "")
    done = attempt(
        request, lambda: actions.set_active(row, active=False, reason=reason, by=request.user, at=request.now)
    )
    if done:
        messages.success(request, f"已停用 {row} 的账号，已登录的设备同时退出。")
    return redirect("account", pk)


@permission(P.ACCOUNT_EDIT)
@require_POST
def account_enable(request: HttpRequest, pk: int) -> HttpResponse:
    row = _account(request, pk)
    if attempt(request, lambda: actions.set_active(row, active=True, by=request.user, at=request.now)):
        messages.success(request, f"已启用 {row} 的账号。")
    return redirect("account", pk)


# --------------------------------------------------------------------------------------------------------- grants


@permission(P.GRANT_EDIT)
@require_GET
def grant_list(request: HttpRequest) -> HttpResponse:
    form = GrantFilter(request.GET)
    form.fields["committee"].queryset = Committee.objects.open_to(request.user, P.GRANT_EDIT).in_order()
    given = form.cleaned_data if form.is_valid() else {}
    rows = Grant.objects.open_to(request.user, P.GRANT_EDIT).select_related(
        "user__person", "committee", "granted_by__person"
    )
    if given.get("state", "") == "":
        rows = rows.during(request.today, None)
    elif given["state"] == "ended":
        rows = rows.filter(until__lt=request.today)
    if given.get("q"):
        rows = rows.filter(user__in=search_accounts(User.objects.all(), given["q"]).values("pk"))
    if given.get("role"):
        rows = rows.filter(role=given["role"])
    if given.get("committee"):
        rows = rows.filter(committee=given["committee"])
    rows, sort = ordered(request, rows, GRANT_SORTS, "user")
    context = {
        "form": form, "page_obj": page_of(request, rows), "sort": sort,
        "filtered": any(request.GET.get(name) for name in form.fields),
        "resets": len(resets_open_to(request.user, request.today)),
    }  # fmt: skip
    return render(request, "accounts/grants.html", context)


@permission(P.GRANT_EDIT)
@require_GET
def account_pick(request: HttpRequest) -> JsonResponse:
    text = request.GET.get("q", "").strip()[:40]
    rows = accounts_open_to(request.user, P.GRANT_EDIT).filter(is_active=True).select_related("person")
    if text:
        rows = search_accounts(rows, text)
    results = [
        {
            "value": row.pk, "text": f"{row.display_name}（{row.username}）",
            "pinyin": f"{row.person.pinyin if row.person else ''} {row.username}",
        }
        for row in rows.order_by("person__pinyin", "username")[:PICKED]
    ]  # fmt: skip
    return JsonResponse({"results": results})


@permission(P.GRANT_EDIT)
@require_http_methods(["GET", "POST"])
def grant_new(request: HttpRequest) -> HttpResponse:
    form = NewGrantForm(request.POST or None, initial={"since": request.today, "user": request.GET.get("user")})
    form.fields["user"].queryset = (
        accounts_open_to(request.user, P.GRANT_EDIT).filter(is_active=True).select_related("person")
    )
    form.fields["committee"].queryset = (
        Committee.objects.open_to(request.user, P.GRANT_EDIT).active_on(request.today).in_order()
    )
    if request.method == "POST" and form.is_valid():
        row = attempt(request, lambda: actions.grant(**form.cleaned_data, by=request.user, at=request.now), form)
        if row:
            messages.success(
                request, f"已授权：{row.user} 任 {row.committee} 的{row.get_role_display()}。下一次打开页面起生效。"
            )
            return redirect("grant_list")
    context = {
        "form": form, "title": "授予角色", "go": "授予", "home": "grant_list", "home_label": "授权",
        "note": "组长、副组长、成员、学习秘书由名册决定，不在这里授予。三员（系统、安全、审计）互斥，也不兼任业务角色；不能给自己授权。",
    }  # fmt: skip
    return render(request, "accounts/form.html", context, status=_status(request))


@permission(P.GRANT_EDIT)
@require_http_methods(["GET", "POST"])
def grant_end(request: HttpRequest, pk: int) -> HttpResponse:
    rows = Grant.objects.open_to(request.user, P.GRANT_EDIT).select_related("user__person", "committee")
    row = get_object_or_404(rows, pk=pk)
    yesterday = max(request.today - timedelta(days=1), row.since)
    form = EndGrantForm(request.POST or None, initial={"version": row.version, "until": yesterday})
    conflict = None
    if request.method == "POST" and form.is_valid():
        if attempt(request, lambda: actions.end_grant(row, **form.cleaned_data, by=request.user, at=request.now), form):
            messages.success(request, f"已结束：{row.user} 的{row.get_role_display()}。")
            return redirect("grant_list")
        conflict = overtaken(form, row, request.user)
    context = {
        "form": form, "title": f"结束 {row.user} 的{row.get_role_display()}", "go": "结束角色", "home": "grant_list",
        "home_label": "授权", "note": f"范围：{row.committee.name}。最后一天过后，下一次打开页面起失效。", "conflict": conflict,
    }  # fmt: skip
    return render(request, "accounts/form.html", context, status=_status(request))


# ------------------------------------------------------------------------------------------------------ one's own


@any_login
@require_POST
def switch_role(request: HttpRequest) -> HttpResponse:
    """`to` is the key of a role held today; anything else changes nothing."""
    wanted = request.POST.get("to") or request.GET.get("to", "")
    for hold in request.user.holds:
        if hold.key == wanted:
            before = request.user.acting_label
            request.session["acting"] = wanted
            words = {"verb": "切换身份", "before": before[:40], "after": hold.label[:40]}
            record(request.user, by=request.user, at=request.now, **words)
            messages.info(request, f"现在以“{hold.label}”的身份办事。")
    return redirect("/")


@any_login
@require_POST
def keep_alive(request: HttpRequest) -> HttpResponse:
    """The page asks for more time before it is logged out; the middleware has noted that somebody is there."""
    request.session["seen"] = request.now.timestamp()
    return HttpResponse(status=204)


@any_login
@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    user = request.user
    form, conflict = None, None
    if user.person:
        own = user.person
        form = ContactForm(
            request.POST or None, initial={"version": own.version, "phone": own.phone, "email": own.email}
        )  # fmt: skip
        if request.method == "POST" and form.is_valid():
            act = lambda: people_actions.edit_person(own, **form.cleaned_data, by=user, at=request.now)
            if attempt(request, act, form):
                messages.success(request, "已保存。")
                return redirect("profile")
            conflict = overtaken(form, own, request.user)
    own_verbs = (
        "登录",
        "退出",
        "登录失败",
        "登录被锁定",
        "修改密码",
        "重置密码",
        "开启二次验证",
        "关闭二次验证",
        "退出其他设备",
        "切换身份",
        "申请重置密码",
        "同意重置密码",
        "不同意重置密码",
    )
    events = AuditEvent.objects.about(user).filter(verb__in=own_verbs)[:10]
    context = {
        "own": own_record(user.person_id) if user.person_id else [],
        "to_sign": HandOver.objects.filter(receiver=user.person_id, stage=HandOverStage.PREPARED).select_related("committee")
        if user.person_id else [],
        "form": form, "conflict": conflict, "roles": _roles(user, request), "events": [
            {"at": moment_words(event.at), "who": event.verb, "role": "",
             "what": event.address or "", "reason": event.reason}
            for event in events
        ],
    }  # fmt: skip
    return render(request, "accounts/profile.html", context, status=_status(request))
