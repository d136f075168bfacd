"""The inbox in a real browser: a notice read is counted off at once, the poll brings new ones and keeps nobody logged in."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.journeys.conftest import PHONE, Site

TELL = """
from datetime import date
from config.clock import now
from roster.accounts.models import User
from sessions_app.notices.actions import Draft, post
user = User.objects.get(username="{who}")
line = {{"item": None, "kind": "学习记录未提交", "what": "3月12日学习记录", "committee": "", "due": "", "left": "还剩 2 个工作日",
        "tone": "behind", "url": "/sessions/"}}
post([Draft(rhythm="URGENT", period="now:", title="{title}", person_id=user.person_id, lines=[line], url="/")], at=now())
"""


def tell(site: Site, who: str, title: str) -> None:
    site.manage("shell", "-c", TELL.format(who=who, title=title))


def seen(page: Page) -> str:
    """When the page last counted somebody as present."""
    return page.evaluate("localStorage.getItem('zx-seen')")


def test_a_notice_is_counted_off_when_it_is_opened_and_new_ones_come_by_themselves(
    visit: Callable[..., Page], site: Site
) -> None:
    tell(site, "fuzuzhang", "第一条提醒")
    page = visit("fuzuzhang")
    badge = page.locator("#inbox-count .count")
    expect(badge).to_have_text("1")
    page.get_by_role("link", name="收件 1 条未读").click()
    page.get_by_role("link", name="第一条提醒").click()
    expect(page.locator(".notice-sub")).to_contain_text("已读")
    expect(badge).to_have_text("0")

    page.clock.install()
    page.goto("/inbox/")
    expect(badge).to_have_text("0")
    present = seen(page)
    tell(site, "fuzuzhang", "第二条提醒")
    page.clock.run_for(61_000)
    expect(badge).to_have_text("1")
    assert seen(page) == present, "the poll is nobody's presence"


def test_a_poll_after_the_end_of_the_session_changes_the_badge_alone(visit: Callable[..., Page], site: Site) -> None:
    page = visit("fuzuzhang")
    page.clock.install()
    page.goto("/inbox/")
    page.context.clear_cookies()
    page.clock.run_for(61_000)
    expect(page.locator("#inbox-count")).to_have_text("已退出")
    expect(page.get_by_role("heading", name="收件", level=1)).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.run_for(180_000)
    assert asked == [], "and asks no more"


def test_on_a_phone_the_inbox_stands_first_under_more(visit: Callable[..., Page], site: Site) -> None:
    tell(site, "chengyuan", "给成员的提醒")
    page = visit("chengyuan", size=PHONE)
    page.locator(".bottombar summary").click()
    first = page.locator(".bottombar .menu-panel a").first
    expect(first).to_contain_text("收件 1")
    first.click()
    expect(page.get_by_role("link", name="给成员的提醒")).to_be_visible()


def test_the_calendar_is_subscribed_to(visit: Callable[..., Page], site: Site) -> None:
    page = visit("fuzuzhang")
    page.goto("/calendar/")
    page.get_by_role("button", name="开通订阅").click()
    old = page.get_by_label("订阅地址").input_value()
    nobody = visit(None)
    answer = nobody.request.get(old)
    assert answer.headers["content-type"].startswith("text/calendar") and "BEGIN:VEVENT" in answer.text()
    page.get_by_role("button", name="复制").click()
    expect(page.get_by_role("button", name="已复制")).to_be_visible()
    page.get_by_role("button", name="更换地址").click()
    page.locator(".confirm-panel").get_by_role("button", name="更换地址").click()
    expect(page.get_by_label("订阅地址")).not_to_have_value(old)
    assert nobody.request.get(old).status == 404
