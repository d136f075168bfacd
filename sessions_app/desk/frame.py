"""What stands round every page: menu, who is here in which role, how much waits. A context processor."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from roster.accounts.models import User
from roster.accounts.roles import Permission
from sessions_app.desk.approvals import approval_count
from sessions_app.desk.todos import todo_count
from sessions_app.notices.models import Notice

P = Permission
# One of these opens the search: it looks through what they open, and nothing else.
SEARCHED = (P.SESSION_READ, P.PLAN_READ, P.MINUTES_READ, P.OUTCOME_READ, P.FINDING_READ, P.BULLETIN_READ, P.PAPER_READ)
Rows = tuple[tuple[str, str, str, tuple[Permission, ...], tuple[str, ...]], ...]
# label, address name, icon, the permissions one of which opens it, the path prefixes under which it is "here"
ENTRIES: Rows = (
    ("工作台", "home", "house", (), ("/desk/",)),
    ("总览", "dashboard", "bar-chart", (P.DASHBOARD_READ,), ("/dashboard/",)),
    ("计划", "plan_list", "calendar3", (P.PLAN_READ,), ("/plans/",)),
    ("学习", "session_list", "journal-text", (P.SESSION_READ,), ("/sessions/", "/participations/", "/speeches/")),
    (
        "督导",
        "visit_list",
        "eye",
        (P.VISIT_READ,),
        ("/visits/", "/rounds/", "/teams/", "/experts/"),
    ),
    ("成果", "outcome_list", "award", (P.OUTCOME_READ,), ("/outcomes/",)),
    ("考核", "assessment_home", "clipboard-data", (P.ASSESS_READ,), ("/assessment/",)),
    ("文书", "paper_list", "file-earmark-text", (P.PAPER_READ,), ("/papers/", "/jobs/")),
    ("我的学习", "my_study", "person-check", (P.MY_STUDY,), ("/my/",)),
)
# The second menu, in groups; the first group and the one somebody stands in are open.
MORE: tuple[tuple[str, Rows], ...] = (
    ("学习事务", (
        ("学习提示", "prompt_list", "lightbulb", (P.PROMPT_READ,), ("/guidance/",)),
        ("请假", "leave_list", "calendar-x", (P.LEAVE_DECIDE, P.ROLL_READ), ("/leaves/", "/leave/")),
        ("补学", "make_up_list", "arrow-repeat", (P.MAKEUP_CONFIRM,), ("/make-ups/", "/make-up/")),
        ("外请备案", "filing_list", "mic", (P.FILING_DECIDE, P.SESSION_EDIT), ("/filings/",)),
        ("更正", "correction_list", "pencil-square",
         (P.CORRECTION_ASK, P.CORRECTION_DECIDE, P.CORRECTION_COUNTERSIGN), ("/corrections/",)),
        ("日历订阅", "feed", "calendar-plus", (P.SESSION_READ,), ("/calendar/",)),
    )),
    ("督导通报", (
        ("到期与催办", "behind_list", "hourglass-split", (P.REMINDER_READ,), ("/behind/",)),
        ("问题整改", "finding_list", "clipboard-check", (P.FINDING_READ,), ("/findings/",)),
        ("三张清单", "list_learning", "list-check", (P.FACTS_READ,), ()),
        ("提醒函", "letter_list", "envelope-exclamation", (P.LETTER_READ,), ("/letters/",)),
        ("学情通报", "bulletin_list", "newspaper", (P.BULLETIN_READ,), ("/bulletins/",)),
        ("约谈", "interview_list", "chat-square-text", (P.INTERVIEW_READ,), ("/interviews/",)),
    )),
    ("单位和队伍", (
        ("委员会", "committee_list", "diagram-3", (P.COMMITTEE_READ,), ("/committees/",)),
        ("人员", "person_list", "people", (P.MEMBER_EDIT,), ("/people/",)),
        ("成员变动", "member_changes", "arrow-left-right", (P.DASHBOARD_READ,), ("/members/changes/",)),
        ("秘书队伍", "corps", "mortarboard", (P.CORPS_READ,), ("/corps/", "/courses/", "/hand-overs/")),
        ("工作群", "chat_list", "chat-dots", (P.CHAT_EDIT,), ("/chat-targets/",)),
    )),
    ("管理", (
        ("导入导出", "import_list", "file-earmark-spreadsheet", (P.WORKBOOK_IMPORT,), ("/imports/", "/workbooks/")),
        ("Word 模板", "word_template_list", "file-earmark-word", (P.TEMPLATE_EDIT,), ("/papers/word/",)),
        ("期间", "period_list", "lock", (P.PERIOD_EDIT,), ("/periods/",)),
        ("参数", "parameter_list", "sliders", (P.PARAMETER_EDIT,), ("/parameters/",)),
        ("工作日历", "working_days", "calendar-week", (P.WORKDAY_EDIT,), ("/working-days/",)),
        ("账号", "account_list", "person-gear", (P.ACCOUNT_EDIT,), ("/accounts/",)),
        ("授权", "grant_list", "shield-lock", (P.GRANT_EDIT,), ("/grants/",)),
        ("发送记录", "delivery_list", "send", (P.DELIVERY_READ,), ("/deliveries/",)),
        ("运行状况", "health_page", "activity", (P.HEALTH_READ,), ("/operations/",)),
        ("操作日志", "audit_list", "clock-history", (P.AUDIT_READ,), ("/audit/",)),
    )),
)  # fmt: skip


def _menu(rows: Rows, user: User, path: str) -> list[dict[str, Any]]:
    found = []
    for label, name, icon, needed, prefixes in rows:
        if needed and not any(user.may(permission) for permission in needed):
            continue
        try:
            url = reverse(name)
        except NoReverseMatch:
            continue
        here = path == url or any(path.startswith(prefix) for prefix in prefixes)
        found.append({"label": label, "url": url, "icon": icon, "active": here})
    return found


def _entries(user: User, path: str, groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """At most seven. A department's 工作台 is its 总览: the same page is not offered twice. One place is here."""
    rows = [row for row in ENTRIES if row[1] != "home" or not user.may(P.DASHBOARD_READ)]
    found = _menu(tuple(rows), user, path)
    if any(entry["active"] for group in groups for entry in group["entries"]):
        for entry in found:
            entry["active"] = False
    return found


def _groups(user: User, path: str) -> list[dict[str, Any]]:
    groups = [{"label": label, "entries": _menu(rows, user, path)} for label, rows in MORE]
    groups = [group for group in groups if group["entries"]]
    for group in groups:
        group["open"] = group is groups[0] or any(entry["active"] for entry in group["entries"])
    return groups


def unread_count(user: User) -> int | None:
    """None for an account nobody stands behind: it has no inbox."""
    return Notice.objects.of(user.person_id).unread().count() if user.person_id else None


def frame(request: HttpRequest) -> dict[str, Any]:
    """`frame` for base.html; three queries (what waits, what is unread), none for who is not logged in."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or not hasattr(request, "today"):
        return {"frame": {}}
    groups = _groups(user, request.path)
    waiting = approval_count(user)
    owed = todo_count(user, request.today) if user.may(P.PLAN_EDIT) else 0
    day = request.today
    acting = user.acting
    search_url = reverse("search") if any(user.may(permission) for permission in SEARCHED) else ""
    return {
        "frame": {
            "entries": _entries(user, request.path, groups),
            "groups": groups,
            "who": user.display_name,
            "role_label": user.acting_label,
            "roles": [
                {"label": hold.label, "url": f"{reverse('switch_role')}?to={hold.key}", "active": hold == acting}
                for hold in user.holds
            ] if len(user.holds) > 1 else [],
            "todo_count": waiting + owed,
            "todo_url": reverse("approvals") if waiting and not owed else reverse("home"),
            "inbox_count": unread_count(user),
            "inbox_url": reverse("notice_list"),
            "inbox_poll_url": reverse("notice_count"),
            "search_url": search_url,
            "search_text": request.GET.get("q", "")[:60] if request.path == search_url else "",
            "today_label": f"{day.year}年{day.month}月{day.day}日",
            "idle_seconds": settings.SESSION_IDLE_SECONDS,
        }
    }  # fmt: skip
