"""Scenario 10 in a real browser: a bulletin with a wrong number is mended, frozen, checked, signed and received below."""

import re
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from playwright.sync_api import Page, expect

from tests.journeys.conftest import PHONE, Site
from tests.journeys.test_chain import confirm, status

Visit = Callable[..., Page]
AXE = (Path(settings.BASE_DIR) / "node_modules" / "axe-core" / "axe.min.js").read_text()
WORD = """<html><head><style>p{color:red}</style></head><body><p class=MsoNormal style="text-indent:32pt"
 onclick="alert(1)"><b><span style="font-size:16pt">（一）领导带头学<o:p></o:p></span></b></p><p class=MsoNormal>
<span style="color:red">主要负责同志</span>带头讲学。<img src=x onerror=alert(1)></p><p class=MsoListParagraph>
<span style="mso-list:Ignore">Ø<span>&nbsp;</span></span>走出去学</p></body></html>"""
PASTE = """html => { const data = new DataTransfer(); data.setData('text/html', html); data.setData('text/plain', 'x');
document.getElementById('prose-text').dispatchEvent(new ClipboardEvent('paste',
{clipboardData: data, bubbles: true, cancelable: true})) }"""


def accessible(page: Page) -> None:
    page.context.new_cdp_session(page).send("Runtime.evaluate", {"expression": AXE})
    found = page.evaluate(
        "axe.run(document, {resultTypes: ['violations']}).then(r => r.violations.map(v => v.id + ' ' + v.nodes[0].target))"
    )
    assert found == []


def saved(page: Page) -> None:
    page.keyboard.press("Control+s")
    expect(page.locator("[data-saved]")).to_contain_text("已保存")


def write(page: Page, chapter: str, words: str) -> None:
    """In the first line under a heading."""
    page.locator(f"#prose-text > h2:has-text('{chapter}') + p").click()
    page.keyboard.press("Home")
    page.keyboard.type(words)


def test_from_a_wrong_number_to_the_receipt(visit: Visit, site: Site) -> None:
    page = visit("shenhe")
    page.goto("/bulletins/")
    page.get_by_role("link", name="编一期").click()
    page.get_by_label("年度").select_option("2026")
    page.get_by_label("时段").select_option(label="一季度")
    page.get_by_role("button", name="建立，去编制").click()
    expect(page.locator("#prose-text > h2")).to_have_count(4)
    number = re.search(r"/bulletins/(\d+)/", page.url)[1]

    confirm(page, "冻结数据")
    expect(page.get_by_text("数据已冻结")).to_be_visible()
    sessions = site.rows("SELECT facts -> 'figures' ->> 'sessions' FROM sessions_app_bulletin WHERE id = %s", number)[
        0
    ][0]
    _compiled(page, sessions)
    accessible(page)

    confirm(page, "送核稿")
    expect(page.get_by_text("已送核稿")).to_be_visible()
    assert status(page) == "核稿"
    assert page.locator("summary", has_text="核稿通过").count() == 0  # not by who wrote it

    other = visit("fuhe")
    other.goto("/approvals/")
    other.get_by_role("link", name=re.compile("学情通报待核稿：.*2026年第一季度")).first.click()
    confirm(other, "核稿通过")
    head = visit("buling")
    head.goto("/approvals/")
    head.get_by_role("link", name=re.compile("学情通报待签发：.*2026年第一季度")).first.click()
    accessible(head)
    confirm(head, "签发")
    expect(head.get_by_text("已签发，文书已印发")).to_be_visible()

    _received(visit, number)
    page.goto(f"/bulletins/{number}/receipts/?state=yes")
    expect(page.locator("tbody tr")).to_have_count(1)


def _compiled(page: Page, sessions: str) -> None:
    write(page, "一、总体情况", "一季度，全市开展集体学习999场，出席率")
    page.get_by_role("button", name=re.compile("^插入 出席率")).click()
    page.keyboard.type("。")
    wrong = page.locator("#numbers li")
    expect(wrong).to_have_count(1)
    expect(wrong).to_contain_text("999")
    expect(page.locator(".prose-wrong")).to_have_count(1)  # underlined where it stands
    wrong.get_by_role("button", name=re.compile("改为")).click()
    expect(page.get_by_text("没有发现与数据不一致的；其中引用数据 1 处")).to_be_visible()
    expect(page.locator("#prose-text")).to_contain_text(f"集体学习{sessions}场")
    expect(page.locator(".prose-wrong")).to_have_count(0)
    page.get_by_role("button", name="插入 各委员会学习情况表").click()
    expect(page.locator("#prose-text figure table")).to_be_visible()

    write(page, "二、主要做法", "各单位坚持学以致用。")
    page.keyboard.press("Enter")
    page.evaluate(PASTE, WORD)
    write(page, "三、存在问题", "个别单位研讨不深。")
    write(page, "四、下步要求", "抓好整改落实。")
    saved(page)
    html = page.evaluate("zx.prose.html()")
    assert "<h3>（一）领导带头学</h3><p>主要负责同志带头讲学。</p><ul><li>走出去学</li></ul>" in html
    assert "style" not in html

    page.locator("#card-pick").click()
    page.locator("#card-sources [data-add-card]").first.click()
    page.keyboard.type("走进项目一线学")
    page.keyboard.press("Tab")
    page.keyboard.type("到现场边看边学边议，当场交办。")
    page.get_by_role("checkbox", name="各委员会学习情况表").check()
    saved(page)
    page.reload()
    expect(page.get_by_label("做法标题")).to_have_value("走进项目一线学")
    assert page.evaluate("zx.prose.html()") == html


def _received(visit: Visit, number: str) -> None:
    theirs = visit("mishu", size=PHONE)
    theirs.goto("/bulletins/")
    theirs.get_by_role("link", name=re.compile("2026年第一季度")).first.click()
    expect(theirs.get_by_role("heading", name="走进项目一线学")).to_be_visible()
    accessible(theirs)
    assert theirs.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    theirs.get_by_role("button", name="签收").click()
    expect(theirs.get_by_text("已签收").first).to_be_visible()
    with theirs.expect_download() as downloading:
        theirs.get_by_role("link", name="下载 PDF").click()
    assert Path(downloading.value.path()).read_bytes().startswith(b"%PDF")


def test_without_script_the_text_is_still_written(visit: Visit) -> None:
    page = visit("shenhe", java_script_enabled=False)
    page.goto("/bulletins/new/")
    page.get_by_label("年度").select_option("2025")
    page.get_by_label("时段").select_option(label="四季度")
    page.get_by_role("button", name="建立，去编制").click()
    text = page.locator("textarea[name=text]")
    expect(text).to_be_visible()
    text.fill("一、总体情况\n没有脚本也能写。")
    page.get_by_role("button", name="保存").click()
    expect(text).to_have_value(re.compile("没有脚本也能写。"))
    page.get_by_role("link", name="预览").click()
    expect(page.get_by_role("heading", name="一、总体情况")).to_be_visible()
