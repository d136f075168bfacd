"""The score sheet at the session, on a phone: the network goes away, the tab is closed, it is sent twice: one sheet, nothing lost."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from tests.journeys.conftest import PHONE, Site, Watch

# A visit of the city's to a committee whose session was held; nobody else's business in this journey.
SEED = """
from datetime import date
from config.clock import now
from roster.accounts.models import Grant, User
from roster.committees.models import Committee
from roster.corps.models import VisitTeam
from sessions_app.sessions.models import StudySession
from sessions_app.visits.models import ObservationVisit, VisitObserver, VisitRound
user, city = User.objects.get(username="pangting"), Committee.objects.get(code="LC00")
round_, _ = VisitRound.objects.get_or_create(committee=city, year=2026, number={number},
    defaults=dict(since=date(2026, 3, 1), until=date(2026, 4, 30), stage="OPEN"))
team, _ = VisitTeam.objects.get_or_create(committee=city, name="现场组", defaults=dict(since=date(2026, 1, 1)))
session = StudySession.objects.filter(stage__in=["HELD", "ARCHIVED"], day__lte=date(2026, 3, 19), day__year=2026).order_by("-day")[0]
visit = ObservationVisit.objects.create(round=round_, committee=session.committee, team=team, study_session=session, stage="ACCEPTED")
VisitObserver.objects.create(visit=visit, person=user.person, is_lead=True, accepted_at=now())
"""
SCORES = "select stage, total, comment, version from sessions_app_visitscore where visit_id = %s"
MOST = (8, 8, 8, 6, 10, 10, 15, 10, 10, 10, 5)
_rounds = iter(range(81, 99))


@pytest.fixture
def sheet(site: Site, watch: Watch) -> Iterator[str]:
    """The address of a fresh sheet of pangting."""
    watch.allowed += ["ERR_INTERNET_DISCONNECTED", "ERR_FAILED", "console: htmx:", r"status of (409|422)"]
    number = next(_rounds)
    site.manage("shell", "-c", SEED.format(number=number))
    pk = site.one(
        "select v.id from sessions_app_observationvisit v join sessions_app_visitround r on r.id = v.round_id where r.number = %s",
        number,
    )
    yield f"/visits/{pk}/score/"


def scores(site: Site, sheet: str) -> list[tuple]:
    return site.rows(SCORES, int(sheet.split("/")[2]))


def fill(page: Page, *, but: int = 2, comment: str = "互动充分，联系实际") -> None:
    """Full marks, one item with less and its reason."""
    for number, most in enumerate(MOST, 1):
        page.locator(f"[name=points-{number}]").fill(str(most - 1 if number == but else most))
    page.locator(f"[name=reason-{but}]").fill("资料迟报一份")
    page.locator("[name=comment]").fill(comment)


def banner(page: Page):
    return page.locator("[data-onsite-banner]")


def press(page: Page) -> None:
    page.get_by_role("button", name="提交评分表").click()


def shut(page: Page) -> None:
    """Close the tab as it is. A closing tab is let out of the emulated offline state, so it is kept from sending."""
    page.evaluate("() => { window.fetch = () => new Promise(() => {}); }")
    page.close()


def kept(page: Page) -> list[str]:
    return page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('zx-onsite:'))")


def test_a_quarter_of_an_hour_without_network_then_the_tab_is_closed(
    visit: Callable[..., Page], site: Site, sheet: str
) -> None:
    page = visit("pangting", size=PHONE)
    page.clock.install()
    page.goto(sheet)
    page.context.set_offline(True)
    expect(banner(page)).to_contain_text("网络不通")
    fill(page)
    expect(banner(page)).to_contain_text("已存在本机")
    expect(page.locator("[data-onsite-total]")).to_have_text("合计 99 分（好）")
    page.clock.run_for(15 * 60 * 1000)
    expect(banner(page)).to_contain_text("网络不通，已存在本机")
    press(page)
    expect(banner(page)).to_contain_text("已按下提交，网络不通，已存在本机，网络恢复后自动提交")
    assert scores(site, sheet) == []
    context = page.context
    shut(page)

    context.set_offline(False)
    page = context.new_page()
    page.goto(sheet)
    expect(banner(page)).to_contain_text("已提交 10:0")
    expect(banner(page)).to_contain_text("99 分（好）")
    assert [(stage, float(total), comment) for stage, total, comment, _ in scores(site, sheet)] == [
        ("SUBMITTED", 99.0, "互动充分，联系实际")
    ]
    assert kept(page) == []
    page.reload()
    expect(page.get_by_role("heading", name="已提交 99 分（好）")).to_be_visible()


def test_what_was_typed_comes_back_in_a_new_tab_and_the_network_alone_sends_it(
    visit: Callable[..., Page], site: Site, sheet: str
) -> None:
    page = visit("pangting", size=PHONE)
    page.goto(sheet)
    page.context.set_offline(True)
    page.locator("[name=points-1]").fill("7.5")
    page.locator("[name=comment]").fill("写到一半")
    context = page.context
    shut(page)
    assert scores(site, sheet) == []
    context.set_offline(False)
    page = context.new_page()
    page.goto(sheet)
    expect(page.locator("[name=comment]")).to_have_value("写到一半")
    expect(page.locator("[name=points-1]")).to_have_value("7.5")
    expect(banner(page)).to_contain_text("已存到服务器")
    assert [row[0] for row in scores(site, sheet)] == ["DRAFT"] and kept(page) == []

    context.set_offline(True)
    fill(page)
    press(page)
    expect(banner(page)).to_contain_text("已按下提交")
    context.set_offline(False)
    expect(banner(page)).to_contain_text("已提交")
    assert [row[0] for row in scores(site, sheet)] == ["SUBMITTED"]


def test_an_answer_that_is_lost_and_sent_again_makes_one_sheet(
    visit: Callable[..., Page], site: Site, sheet: str
) -> None:
    page = visit("pangting", size=PHONE)
    page.goto(sheet)
    lost = []

    def lose(route: Route) -> None:
        if route.request.method == "POST" and len(lost) < 2:
            lost.append(route.fetch().status)  # the server has it; nobody hears
            route.abort()
        else:
            route.continue_()

    page.route("**/score/", lose)
    fill(page)
    page.get_by_role("button", name="存草稿").click()
    expect(banner(page)).to_contain_text("网络不通，已存在本机")
    press(page)
    expect(banner(page)).to_contain_text("已按下提交")
    assert lost == [200, 200] and [row[0] for row in scores(site, sheet)] == ["SUBMITTED"]
    press(page)
    expect(banner(page)).to_contain_text("已提交")
    assert len(scores(site, sheet)) == 1 and kept(page) == []


def test_two_tabs_and_two_phones_show_both_copies(visit: Callable[..., Page], site: Site, sheet: str) -> None:
    one = visit("pangting", size=PHONE)
    one.goto(sheet)
    two = one.context.new_page()
    two.goto(sheet)
    one.context.set_offline(True)
    one.locator("[name=comment]").fill("第一个标签页写的")
    expect(two.locator("[name=comment]")).to_have_value("第一个标签页写的")
    two.locator("[name=comment]").fill("第二个标签页写的")
    box = one.get_by_role("dialog")
    expect(box).to_contain_text("第一个标签页写的")
    expect(box).to_contain_text("第二个标签页写的")
    box.get_by_role("button", name="用另一份").click()
    expect(one.locator("[name=comment]")).to_have_value("第二个标签页写的")

    other = visit("pangting", size=PHONE)
    other.goto(sheet)
    one.context.set_offline(False)
    expect(banner(one)).to_contain_text("已存到服务器")
    other.locator("[name=comment]").fill("另一部手机写的")
    other.get_by_role("button", name="存草稿").click()
    box = other.get_by_role("dialog")
    expect(box).to_contain_text("第二个标签页写的")
    box.get_by_role("button", name="留本页的").click()
    expect(banner(other)).to_contain_text("已存到服务器")
    assert [row[2] for row in scores(site, sheet)] == ["另一部手机写的"]


def test_the_sheet_fits_a_phone_and_says_what_is_missing_at_once(
    visit: Callable[..., Page], site: Site, sheet: str
) -> None:
    page = visit("pangting", size=PHONE)
    page.goto(sheet)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing to be pushed sideways"
    page.get_by_role("button", name="满分").first.click()
    expect(page.locator("[name=points-1]")).to_have_value("8")
    page.locator("[name=points-2]").fill("6")
    press(page)
    summary = page.locator("[data-error-summary]")
    expect(summary.get_by_role("listitem")).to_have_count(10)
    expect(summary).to_contain_text("给了 6 分（满分 8），请写明扣分理由")
    expect(page.locator("[name=points-2]")).to_have_value("6")


def test_the_sheet_once_opened_opens_without_network_with_what_was_written(
    visit: Callable[..., Page], site: Site, sheet: str, watch: Watch
) -> None:
    watch.allowed += ["ERR_INTERNET_DISCONNECTED", "ERR_FAILED"]
    page = visit("pangting", size=PHONE)
    page.goto(sheet)
    expect(page.locator("[data-onsite-ready]")).to_contain_text("断网后也能重新打开")
    page.wait_for_function(
        "async address => Boolean(await (await caches.open('zx-onsite')).match(new URL(address, location.href).href))",
        arg=sheet,
    )
    page.wait_for_timeout(1000)
    page.context.set_offline(True)
    page.locator("[name=points-1]").fill("7.5")
    page.locator("[name=comment]").fill("礼堂里没有信号")
    expect(banner(page)).to_contain_text("已存在本机")
    page.reload()
    expect(page.locator("[name=comment]")).to_have_value("礼堂里没有信号")
    expect(page.locator("[name=points-1]")).to_have_value("7.5")
    # more than the most is said on the phone, and not handed in
    most = float(page.locator(".onsite-item").first.get_attribute("data-most") or 0)
    page.locator("[name=points-1]").fill("999")
    expect(page.locator(".onsite-item").first).to_contain_text(f"满分 {most:g} 分，不能填 999 分")
    press(page)
    expect(banner(page)).not_to_contain_text("已按下提交")
