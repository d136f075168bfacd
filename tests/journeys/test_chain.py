"""A session from the plan to its outcome, in the words a user sees; the leader's yes on a phone; no mouse; two at once."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import PASSWORD, PHONE, Site, Watch

Visit = Callable[..., Page]
TYPED_AT_MOST = 25


def confirm(page: Page, label: str, go: str = "") -> None:
    """Open the question, answer yes."""
    box = (
        page.locator("details.confirm")
        .filter(has=page.locator("summary", has_text=re.compile(f"^\\s*{label}\\s*$")))
        .first
    )
    box.locator("summary").click()
    box.get_by_role("button", name=go or label, exact=True).last.click()


def status(page: Page) -> str:
    return page.locator("h1 .status").inner_text().strip()


def take_speakers_off(page: Page, session: str) -> None:
    """The plan's speakers did not speak this time: a speech nobody handed in keeps a session out of the archive."""
    page.goto(session + "speeches/")
    links = page.locator("main a[href^='/speeches/']").all()
    for href in dict.fromkeys(link.get_attribute("href") for link in links):
        page.goto(str(href))
        confirm(page, "删去")


@pytest.fixture(scope="module")
def session_path() -> list[str]:
    """Where the session of this file stands, once it is made."""
    return []


def test_the_secretary_calls_a_session_from_the_plan(visit: Visit, session_path: list[str]) -> None:
    page = visit("mishu")
    page.get_by_role("link", name="学习", exact=False).first.click()
    page.goto("/sessions/new/")
    row = page.locator("tr", has_text="尚未安排").first
    topic = row.locator("th").inner_text().split(". ", 1)[-1].strip()
    row.get_by_role("link", name="从这一项新建").click()
    expect(page.get_by_label("学习主题")).to_have_value(topic)  # comes along from the plan
    page.get_by_role("textbox", name=re.compile("^日期")).fill("2026-03-20")
    if not page.get_by_label("地点").input_value():
        page.get_by_label("地点").fill("三楼会议室")
    page.get_by_role("button", name="建立这场学习").click()
    expect(page.locator("h1")).to_contain_text(topic)
    session_path.append(page.url)
    confirm(page, "提交审定")
    expect(page.locator("h1 .status")).to_have_text(re.compile("待审定"))


def test_the_leader_approves_it(visit: Visit, session_path: list[str]) -> None:
    page = visit("zuzhang")
    page.goto(session_path[0])
    confirm(page, "审定方案")
    expect(page.locator("h1 .status")).to_have_text(re.compile("已审定"))


def test_it_is_held_the_roll_goes_by_keyboard_and_the_minutes_are_handed_in(
    visit: Visit, session_path: list[str], site: Site
) -> None:
    page = visit("mishu")
    page.goto(session_path[0])
    confirm(page, "登记已召开")
    expect(page.locator("h1 .status")).to_have_text(re.compile("已召开"))
    take_speakers_off(page, session_path[0])
    page.goto(session_path[0])
    page.get_by_role("link", name="点名").first.click()
    rows = page.locator(".roll-row")
    members = rows.count()
    expect(rows.locator("input[value=PRESENT]:checked")).to_have_count(members)  # everybody present, to begin with
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("3")  # the third: leave, and the reason is asked at once
    page.keyboard.type("赴省里参加会议")
    page.keyboard.press("Enter")
    expect(page.locator("[data-roll-total]")).to_contain_text("请假 1")
    page.get_by_role("button", name="保存，去写记录").click()
    page.wait_for_url(re.compile("/minutes/"))
    expect(page.locator(".inflow")).to_contain_text(f"应到 {members} 人，实到 {members - 1} 人")
    expect(page.locator(".inflow")).to_contain_text("赴省里参加会议")
    for area in page.locator("form[data-minutes] textarea").all():
        if not area.input_value().strip():
            area.fill("围绕专题交流认识，提出落实举措。")
    page.get_by_role("button", name="提交审签").click()
    expect(page.locator("h1 .status")).to_have_text(re.compile("待审签"))
    pk = int(re.findall(r"/sessions/(\d+)/", session_path[0])[0])
    typed, carried = site.rows("select typed_fields, carried_fields from sessions_app_studysession where id = %s", pk)[
        0
    ]
    assert 0 < typed <= TYPED_AT_MOST, typed
    assert carried > typed
    page.goto(session_path[0])
    expect(page.get_by_text(f"本场共键入 {typed} 项")).to_be_visible()


def test_the_leader_signs_the_secretary_archives_and_an_outcome_comes_of_it(
    visit: Visit, session_path: list[str]
) -> None:
    leader = visit("zuzhang")
    leader.goto(session_path[0] + "minutes/")
    confirm(leader, "审签")
    expect(leader.locator("h1 .status")).to_have_text(re.compile("已审签"))
    page = visit("mishu")
    page.goto(session_path[0] + "minutes/")
    confirm(page, "归档")
    page.goto(session_path[0])
    expect(page.locator("h1 .status")).to_have_text(re.compile("已归档"))
    page.get_by_role("link", name="登记成果").first.click()
    page.get_by_label("类型").select_option(label="对策建议")
    page.get_by_label("名称").fill("关于优化营商环境的对策建议")
    page.get_by_label("作者").fill("调研组")
    page.get_by_role("textbox", name=re.compile("^日期")).fill("2026-03-20")
    page.locator("main form[method=post]").get_by_role("button", name=re.compile("登记|保存")).first.click()
    expect(page.locator("h1")).to_contain_text("关于优化营商环境的对策建议")
    page.goto(session_path[0])
    expect(page.locator("main")).to_contain_text("关于优化营商环境的对策建议")
    chain = page.locator(".chain")
    expect(chain).to_contain_text("成果")


def test_the_leader_answers_from_a_phone(visit: Visit) -> None:
    page = visit("zuzhang", size=PHONE)
    page.goto("/approvals/")
    cards = page.locator("article.approve")
    before = cards.count()
    assert before > 1
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    card = page.locator("article.approve", has_text="请假").first
    card.get_by_role("button", name="同意").click()
    expect(page.get_by_text(re.compile("已同意")).first).to_be_visible()
    page.reload()
    expect(page.locator("article.approve")).to_have_count(before - 1)


def test_nobody_needs_a_mouse(visit: Visit, site: Site) -> None:
    """Logged in and a roll recorded by keys alone."""
    (participation,) = site.rows(
        """select p.id from sessions_app_participation p join sessions_app_studysession s on s.id = p.study_session_id
           join roster_studysecretary k on k.committee_id = p.committee_id
           join roster_user u on u.person_id = k.person_id
           where u.username = 'mishu' and s.stage = 'HELD' and p.roll_saved_at is not null order by s.day desc limit 1"""
    )[0]
    page = visit(None)
    page.goto(f"/account/login/?next=/participations/{participation}/attendance/")
    page.keyboard.type("mishu")  # the first field has the focus
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/attendance/"))
    page.wait_for_selector("form[data-roll]")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("4")
    reason = page.locator(".roll-row").nth(1).locator(".roll-reason input")
    expect(reason).to_be_focused()
    page.keyboard.press("Control+A")
    page.keyboard.type("未请假")
    expect(page.locator("[data-roll-total]")).to_contain_text("缺席")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(lambda url: "/attendance/" not in url)
    kept = site.one(
        "select count(*) from sessions_app_attendancemark where participation_id = %s and status = 'ABSENT' and reason = '未请假'",
        participation,
    )
    assert kept == 1


def test_two_secretaries_at_one_record_lose_nothing(visit: Visit, site: Site, watch: Watch) -> None:
    """Who comes second is shown both texts, and his own still stands in the form."""
    watch.allowed.append("409")
    pk = site.one(
        """select s.id from sessions_app_studysession s join sessions_app_minutes m on m.study_session_id = s.id
           join roster_studysecretary k on k.committee_id = s.committee_id join roster_user u on u.person_id = k.person_id
           where u.username = 'mishu' and m.stage = 'DRAFT' order by s.day desc limit 1"""
    )
    first, second = visit("mishu"), visit("mishu")
    for page in (first, second):
        page.goto(f"/sessions/{pk}/minutes/")
    first.get_by_label("主持人总结").fill("甲写的总结")
    first.get_by_role("button", name="保存", exact=True).click()
    expect(first.get_by_label("主持人总结")).to_have_value("甲写的总结")
    first.wait_for_load_state()
    second.get_by_label("主持人总结").fill("乙写的总结")
    second.get_by_role("button", name="保存", exact=True).click()
    both = second.locator(".versions, .version-conflict, main").first
    expect(both).to_contain_text("甲写的总结")
    expect(second.locator("main")).to_contain_text("乙写的总结")
    expect(second.get_by_label("主持人总结")).to_have_value("乙写的总结")
    second.get_by_role("button", name="保存", exact=True).click()
    expect(second.locator(".versions")).to_have_count(0)
    assert site.one("select summary from sessions_app_minutes where study_session_id = %s", pk) == "乙写的总结"
