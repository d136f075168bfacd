"""Scenario 7 in a real browser, four log-ins: from a round to a finding struck off by somebody who took no part, and one that is late."""

import re
from collections.abc import Callable
from datetime import date

from playwright.sync_api import Page, expect

from tests.journeys.conftest import Site, Watch
from tests.journeys.test_chain import confirm

Visit = Callable[..., Page]
# A session of the shown committee held six working days ago, and a team of the observer's, one of whose members sits there.
SETUP = """
from datetime import date, timedelta
from config.clock import now
from roster.accounts.models import User
from roster.committees.models import Committee
from roster.corps import pool_actions
from roster.corps.models import Expert, TeamMember
from roster.people.models import Person
from sessions_app.demo.living import Week
from sessions_app.demo.year import moment
from sessions_app.policies.calendar import load
at = now()
week = Week.__new__(Week)
week.at, week.today = at, at.date()
week.committee = Committee.objects.get(pk=User.objects.get(username="mishu").act(on=at.date()).holds[0].committee_id)
week.calendar = load(week.today - timedelta(days=60), week.today + timedelta(days=60))
row = week.held(week.called(date(2026, 3, 12), None, "第一会议室", date(2026, 3, 4)), date(2026, 3, 6))
week.roll(row, {})
by = User.objects.get(username="shenhe").act(on=at.date())
root = Committee.objects.get(code="LC00")
observer, member = (User.objects.get(username=name).person for name in ("pangting", "chengyuan"))
since = date(2026, 1, 1)
TeamMember.objects.filter(expert__person=observer).delete()
experts = [
    Expert.objects.filter(committee=root, person=person).first()
    or pool_actions.add_expert(committee=root, person=person, since=since, by=by, at=at)
    for person in (observer, Person.objects.exclude(memberships__isnull=False).filter(expertises=None, user=None).first(), member)
]
pool_actions.create_team(
    committee=root, name="旅程旁听组", since=since, leader=experts[0].pk, members=[one.pk for one in experts], by=by, at=at
)
"""
LATE = """
from datetime import date
from sessions_app.findings.models import Finding
Finding.objects.filter(pk={pk}).update(due_on=date(2026, 3, 17), first_due_on=date(2026, 3, 17))
"""
FIRST, SECOND = "旅程所见：学习记录没有审签人签字。", "旅程所见：重点发言之后没有交流研讨。"


def pick(page: Page, label: str, index: int = 1) -> None:
    page.get_by_label(label).select_option(index=index)


def test_from_the_round_to_the_finding_struck_off(visit: Visit, site: Site, watch: Watch) -> None:
    watch.allowed.append(r"422.*/visits/\d+/score/")  # the sheet that is refused
    site.manage("shell", "-c", SETUP)
    unit = site.one(
        "SELECT committee_id FROM sessions_app_studysession WHERE day = %s AND topic = '学习上级最新会议精神'",
        date(2026, 3, 12),
    )
    path = _arranged(visit("shenhe"), site, unit)
    theirs = visit("pangting")
    _sat_in(theirs, path)
    _wrote(theirs, path)
    _issued_and_received(visit, path)
    first, second = _raised(theirs, path, site)
    reviewer, secretary = visit("shenhe"), visit("mishu")
    for number in (first, second):
        _planned(reviewer, secretary, number)
    _struck_off(visit, reviewer, secretary, first, site)
    _late(reviewer, secretary, second, site)


def _arranged(page: Page, site: Site, unit: int) -> str:
    """A round, its places, a team by hand; the own unit cannot be chosen; sent out, the session chosen, the unit told late."""
    page.goto("/rounds/new/")
    page.get_by_role("textbox", name=re.compile("^开始日期")).fill("2026-03-02")
    page.get_by_role("textbox", name=re.compile("^结束日期")).fill("2026-04-30")
    page.get_by_label("名称").fill("旅程批次")
    page.get_by_role("button", name="保存，去选单位").click()
    page.locator(f"input[name=places][value='{unit}']").check()
    page.get_by_role("button", name="保存所选单位").click()
    page.wait_for_url(re.compile(r"/rounds/\d+/$"))
    row = page.locator(".data-table tbody tr").first
    row.get_by_role("link", name="指定").click()
    team = page.locator("tr", has_text="旅程旁听组")
    team.get_by_role("radio").check()
    boxes = team.get_by_role("checkbox")
    assert [boxes.nth(n).is_disabled() for n in range(boxes.count())].count(True) == 1  # the member of that very unit
    for n in range(boxes.count()):
        if not boxes.nth(n).is_disabled():
            boxes.nth(n).check()
    page.get_by_label("越过规则的理由").fill("按督查要求再次旁听")
    page.get_by_role("button", name="保存", exact=True).click()
    page.wait_for_url(re.compile(r"/rounds/\d+/$"))
    confirm(page, "下达")
    page.locator(".data-table tbody tr th a").first.click()
    page.wait_for_url(re.compile(r"/visits/\d+/$"))
    field = page.get_by_label("学习场次")
    field.select_option(field.locator("option", has_text="2026-03-12").get_attribute("value"))
    page.get_by_label("今天通知单位").check()
    page.get_by_role("button", name="保存场次").click()
    expect(page.get_by_text("规定提前 2 个工作日通知").first).to_be_visible()
    expect(page.get_by_text("已如实记录").first).to_be_visible()
    return re.sub("^https?://[^/]+", "", page.url)


def _sat_in(page: Page, path: str) -> None:
    """Accepted; the pack read and answered; 86 points, refused while a reason is missing."""
    page.goto(path)
    confirm(page, "接受")
    page.get_by_role("link", name="查看材料并核对").click()
    expect(page.get_by_role("heading", name=re.compile("年度学习计划"))).to_be_visible()
    expect(page.get_by_role("heading", name=re.compile("学习方案"))).to_be_visible()
    for line in page.locator("#checks fieldset").all():
        line.get_by_label("齐全", exact=True).check()
    page.get_by_role("button", name="完成会前审核").click()
    expect(page.locator("h1 .status")).to_have_text(re.compile("会前审核"))
    page.goto(f"{path}score/")
    items = page.locator(".onsite-item")
    for line in items.all():
        line.locator(".onsite-points button", has_text="满分").click()
    for number, points in ((7, "8"), (8, "3")):
        items.nth(number - 1).get_by_label("得分").fill(points)
    items.nth(6).get_by_label("扣分理由").fill("联系分管工作不具体")
    expect(page.locator("[data-onsite-total]")).to_contain_text("86")
    page.get_by_role("button", name="提交评分表").click()
    expect(page.get_by_text(re.compile("请写明扣分理由")).first).to_be_visible()
    items.nth(7).get_by_label("扣分理由").fill("发言之后没有交流研讨")
    page.get_by_role("button", name="提交评分表").click()
    expect(page.get_by_role("link", name="回到这次旁听")).to_be_visible()
    page.goto(path)
    expect(page.locator("#part-at")).to_contain_text("86 分")
    expect(page.locator("h1 .status")).to_have_text(re.compile("已旁听"))


def _wrote(page: Page, path: str) -> None:
    """The letter on the sixth working day, one too many: taken, and marked."""
    page.goto(f"{path}feedback/")
    page.get_by_label("总体评价").fill("学习组织规范，总体效果较好。")
    page.get_by_label("特色亮点").fill("会前自学扎实，领学与研讨衔接紧密。")
    page.get_by_label("存在问题").fill(f"{FIRST}\n{SECOND}")
    page.get_by_role("button", name="提交审核").click()
    expect(page.locator("h1 .status")).to_have_text(re.compile("待审"))
    expect(page.get_by_text("逾期 1 个工作日").first).to_be_visible()


def _issued_and_received(visit: Visit, path: str) -> None:
    reviewer = visit("shenhe")
    reviewer.goto(f"{path}feedback/")
    confirm(reviewer, "发出")
    expect(reviewer.locator("h1 .status")).to_have_text(re.compile("已反馈"))
    secretary = visit("mishu")
    secretary.goto(f"{path}feedback/")
    confirm(secretary, "签收")
    secretary.get_by_label("单位回复").fill("诚恳接受，逐条整改。")
    secretary.get_by_role("button", name="保存回复").click()
    expect(secretary.locator("h1 .status")).to_have_text(re.compile("已签收"))


def _raised(page: Page, path: str, site: Site) -> tuple[int, int]:
    """Both remarks of the letter, one click each; they remember the visit."""
    for text in (FIRST, SECOND):
        page.goto(f"{path}feedback/")
        page.locator("tr", has_text=text).get_by_role("link", name="提为问题").first.click()
        expect(page.get_by_label("问题表述")).to_have_value(text)
        pick(page, "类别", 5 if text == FIRST else 4)
        page.get_by_role("button", name="提出", exact=True).click()
        expect(page.locator("h1")).to_contain_text("问题 澜川市委2026-旁听-")
    ids = [row[0] for row in site.rows("SELECT id FROM sessions_app_finding WHERE text LIKE '旅程所见%%' ORDER BY id")]
    assert len(ids) == 2
    return ids[0], ids[1]


def _planned(reviewer: Page, secretary: Page, pk: int) -> None:
    reviewer.goto(f"/findings/{pk}/")
    confirm(reviewer, "确认")
    expect(reviewer.locator("h1 .status")).to_have_text(re.compile("待整改"))
    secretary.goto(f"/findings/{pk}/")
    secretary.get_by_label("整改措施").fill("对照要素逐条补正\n记录三个工作日内送审签")
    pick(secretary, "责任领导", 2)
    pick(secretary, "责任人", 4)
    secretary.get_by_role("textbox", name=re.compile("^整改时限")).fill("2026-04-17")
    secretary.get_by_role("button", name="报送措施").click()
    expect(secretary.locator("#plan")).to_contain_text("对照要素逐条补正")
    reviewer.goto(f"/findings/{pk}/")
    confirm(reviewer, "认可措施")
    expect(reviewer.locator("h1 .status")).to_have_text(re.compile("整改中"))


def _filed_and_submitted(page: Page, pk: int, words: str) -> None:
    page.goto(f"/findings/{pk}/")
    page.get_by_label("佐证说明").fill(words)
    page.get_by_role("button", name="提交佐证").click()
    expect(page.locator("#evidence li", has_text=words)).to_be_visible()
    confirm(page, "申请销号")
    expect(page.locator("h1 .status")).to_have_text(re.compile("申请销号"))


def _struck_off(visit: Visit, reviewer: Page, secretary: Page, pk: int, site: Site) -> None:
    """Evidence, returned, once more, closed by a second reviewer; the record tells it in this order."""
    _filed_and_submitted(secretary, pk, "补正后的学习记录")
    reviewer.goto(f"/findings/{pk}/")
    box = reviewer.locator("details.confirm", has=reviewer.locator("summary", has_text="退回")).first
    box.locator("summary").click()
    box.get_by_label("退回意见").fill("学习记录没有审签人签字")
    box.get_by_role("button", name="退回", exact=True).last.click()
    expect(reviewer.locator("h1 .status")).to_have_text(re.compile("退回整改"))
    _filed_and_submitted(secretary, pk, "审签人已签字的学习记录")
    second = visit("fuhe")
    second.goto(f"/findings/{pk}/")
    expect(second.locator("#evidence")).to_contain_text("审签人已签字的学习记录")
    box = second.locator("details.confirm", has=second.locator("summary", has_text=re.compile("^\\s*销号\\s*$"))).first
    box.locator("summary").click()
    box.get_by_label("复核意见").fill("已核对签字，同意销号。")
    box.get_by_role("button", name="销号", exact=True).last.click()
    expect(second.locator("h1 .status")).to_have_text(re.compile("已销号"))
    told = [
        row[0]
        for row in site.rows(
            "SELECT verb FROM roster_auditevent WHERE subject_type = 'finding' AND subject_id = %s ORDER BY chain, seq",
            pk,
        )
    ]
    asked = [verb for verb in told if verb in ("raise", "agree_plan", "submit", "return", "close")]
    assert asked == ["raise", "agree_plan", "submit", "return", "submit", "close"]
    closer, owner, submitter = site.rows(
        "SELECT closed_by_id, owner_id, submitted_by_id FROM sessions_app_finding WHERE id = %s", pk
    )[0]
    assert closer not in (owner, submitter)


def _late(reviewer: Page, secretary: Page, pk: int, site: Site) -> None:
    """The other one passes its day: shown as late, an extension wants a reason; half of the two are struck off."""
    site.manage("shell", "-c", LATE.format(pk=pk))
    reviewer.goto("/findings/?q=旅程所见")
    expect(reviewer.locator("tr", has_text=SECOND)).to_contain_text("逾期 3 个工作日")
    expect(reviewer.locator(".finding-rate")).to_contain_text("50")
    secretary.goto(f"/findings/{pk}/")
    secretary.locator("summary", has_text="申请延期").click()
    form = secretary.locator("#extension form")
    form.get_by_role("textbox", name=re.compile("^延到")).fill("2026-04-30")
    form.get_by_role("button", name="申请延期").click()  # the browser stops it: a reason is wanted
    assert site.one("SELECT count(*) FROM sessions_app_extension WHERE finding_id = %s", pk) == 0
    form.get_by_label("延期理由").fill("主持人外出，研讨顺延。")
    form.get_by_role("button", name="申请延期").click()
    expect(secretary.locator("#extension tbody tr")).to_contain_text("主持人外出")
    reviewer.goto(f"/findings/{pk}/")
    reviewer.get_by_role("button", name="同意延期", exact=True).click()
    expect(reviewer.locator("#plan")).to_contain_text("原定")
