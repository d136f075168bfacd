"""A 提醒函 from the list of who is behind to the inbox of the secretary, in a real browser."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.journeys.conftest import Site

# One thing of the shown committee that is late; the run of reminders would find others.
OWES = """
from datetime import date
from config.clock import now
from roster.accounts.models import User
from sessions_app.reminders.models import DueItem
committee = User.objects.get(username="mishu").act(on=now().date()).holds[0].committee_id
for number, due in ((1, date(2026, 3, 10)), (2, date(2026, 4, 10))):
    DueItem.objects.create(kind="MINUTES_DUE", subject=f"journey:{number}", committee_id=committee, due_on=due,
                           what=f"催办的第{number}件事", found_on=now().date())
"""


def test_from_who_is_behind_to_the_inbox(visit: Callable[..., Page], site: Site) -> None:
    site.manage("shell", "-c", OWES)
    page = visit("shenhe")
    page.goto("/behind/?by=item&q=催办的")
    expect(page.get_by_role("row", name="催办的第1件事")).to_contain_text("逾期 8 个工作日")
    expect(page.get_by_role("row", name="催办的第2件事")).to_contain_text("临近")
    page.get_by_role("link", name="按委员会").click()
    page.get_by_role("link", name="发提醒函").click()

    preview = page.locator(".letter-sheet")
    expect(page.get_by_role("checkbox", name="催办的第1件事")).to_be_checked()
    expect(preview).to_contain_text("催办的第1件事")
    expect(preview).not_to_contain_text("催办的第2件事")
    page.get_by_role("checkbox", name="催办的第2件事").check()
    expect(preview).to_contain_text("催办的第2件事")
    page.get_by_role("button", name="再次提醒").click()
    expect(preview).to_contain_text("此前已多次提醒")
    page.get_by_role("button", name="首次提醒").click()
    expect(preview).not_to_contain_text("此前已多次提醒")
    page.get_by_role("button", name="发出提醒函").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("提醒函〔2026〕")
    name = page.get_by_role("heading", level=1).inner_text().split("号")[0] + "号"
    with page.expect_download() as downloading:
        page.get_by_role("link", name="下载 PDF").click()
    assert downloading.value.suggested_filename == f"{name}.pdf"

    theirs = visit("mishu")
    theirs.goto("/inbox/")
    theirs.get_by_role("link", name=f"发来{name}").first.click()
    expect(theirs.get_by_text("催办的第2件事")).to_be_visible()
    theirs.goto("/letters/")
    theirs.get_by_role("link", name=name).click()
    expect(theirs.get_by_text("催办的第1件事").first).to_be_visible()
    expect(theirs.get_by_text("已读")).to_be_visible()
    assert theirs.locator("summary", has_text="撤销").count() == 0
