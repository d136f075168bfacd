"""Scenario 10 in a real browser: a county's department with its 22 committees, counted once in the city, a bulletin too long, a workbook."""

import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import openpyxl
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Site
from tests.journeys.test_chain import confirm

Visit = Callable[..., Page]
# A county committee and 21 units below it; one session in each of two, one of them with a topic that looks like a formula.
SETUP = """
from datetime import date
from roster.accounts import actions as accounts
from roster.accounts.models import User
from roster.committees.models import Committee, CommitteeLevel
from sessions_app.sessions.models import SessionStage
from config.clock import now
from tests import build
from tests.sessions_app.attendance import studying
at, since = now(), date(2020, 1, 1)
root = Committee.objects.get(code="LC00")
county = build.committee("旅程二县委", parent=root, code="LX98", level=CommitteeLevel.COUNTY, kind="PARTY_COMMITTEE", since=since)
units = [build.committee(f"二县第{n}局党组", parent=county, code=f"LX98{n:02d}", since=since) for n in range(1, 22)]
by = User.objects.get(username="guanli").act(on=at.date())
accounts.create_account(person=build.person("县审核某"), username="xian3", password="Zhixing-demo-2026", by=by, at=at)
for where, topic in ((county, "县委中心组学习"), (units[0], "=2+3 学习纪要")):
    build.group(where, 3)
    studying.session(where, date(2026, 2, 10), stage=SessionStage.ARCHIVED, topic=topic)
"""
PARAGRAPH = "各单位要提高认识，对照计划查漏补缺，把学习成果转化为推动工作的具体举措。"


def test_a_county_keeps_its_own_house(visit: Visit, site: Site) -> None:
    before = site.facts("--year", "2026")
    site.manage("shell", "-c", SETUP)
    _granted(visit, site)
    page = visit("xian3")
    page.goto("/committees/")
    expect(page.get_by_text(re.compile("共 22 ")).first).to_be_visible()  # its own, and none of the city's
    assert page.get_by_text("市委宣传部").count() == 0
    _counted_once(visit, site, before)
    _too_long(page)
    _exported(page, site)


def _granted(visit: Visit, site: Site) -> None:
    """The security administrator gives the role over the county and all below it."""
    county = site.one("SELECT id FROM roster_committee WHERE code = 'LX98'")
    user = site.one("SELECT id FROM roster_user WHERE username = 'xian3'")
    page = visit("anquan")
    page.goto(f"/grants/new/?user={user}")
    page.get_by_label("角色", exact=False).first.select_option(label="宣传部审核人")
    page.locator("select[name=committee]").select_option(str(county), force=True)
    page.get_by_role("button", name="授予").click()
    expect(page.get_by_text("已授权")).to_be_visible()


def _counted_once(visit: Visit, site: Site, before: dict) -> None:
    """The county's committee stands in both lists; the city's total grew by 22 committees and two meetings."""
    county, city = site.facts("--year", "2026", "--committee", "LX98"), site.facts("--year", "2026")
    assert (county["committees"], county["sessions"]) == (22, 2)
    assert city["committees"] - before["committees"] == 22 and city["sessions"] - before["sessions"] == 2
    page = visit("shenhe")
    page.goto("/committees/?q=旅程二县委")
    expect(page.get_by_role("link", name="旅程二县委").first).to_be_visible()


def _too_long(page: Page) -> None:
    """A quarterly bulletin of 4,600 characters is warned about above 4,000, and saved all the same."""
    page.goto("/bulletins/new/")
    page.get_by_label("年度").select_option("2026")
    page.get_by_label("时段").select_option(label="一季度")
    page.get_by_role("button", name="建立，去编制").click()
    expect(page.locator("#prose-text > h2")).to_have_count(4)
    confirm(page, "冻结数据")
    expect(page.get_by_text("数据已冻结")).to_be_visible()
    page.locator("#prose-text > h2:has-text('总体情况') + p").click()
    times = 4600 // len(PARAGRAPH) + 1
    page.keyboard.insert_text(PARAGRAPH * times)
    expect(page.locator("#numbers .length")).to_contain_text("超过 4,000 字的上限", timeout=15_000)
    page.keyboard.press("Control+s")
    expect(page.locator("[data-saved]")).to_contain_text("已保存")


def _exported(page: Page, site: Site) -> None:
    """All of the county as a workbook; a text that looks like a formula stays a text."""
    page.goto("/workbooks/export/")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="导出").click()
    book = openpyxl.load_workbook(BytesIO(Path(waiting.value.path()).read_bytes()))
    codes = {row[0] for row in book["委员会"].iter_rows(min_row=2, values_only=True)}
    assert len(codes) == 22 and "LX98" in codes
    topics = [cell for row in book["学习场次"].iter_rows(min_row=2) for cell in row if "2+3" in str(cell.value)]
    assert [cell.data_type for cell in topics] == ["s"] and str(topics[0].value).startswith("'=")
