"""The leader gets the year's report as a PDF: issued in the browser, made by a worker, its figures those of `facts`."""

import io
import re
from collections.abc import Callable
from pathlib import Path

import pypdf
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Site

YEAR = 2025


def plain(value: float) -> str:
    """As papers print a count: one decimal at most, none where there are none."""
    return f"{float(f'{value + 1e-9:.1f}'):g}"


def test_the_leader_downloads_the_annual_report(
    visit: Callable[..., Page], site: Site, worker: None, tmp_path: Path
) -> None:
    page = visit("zuzhang")
    page.get_by_role("navigation", name="主菜单").first.get_by_role("link", name="文书").click()
    page.get_by_role("link", name="印发年度报告").first.click()
    if str(YEAR) not in page.locator("h1").inner_text():
        page.goto(re.sub(r"\?.*", "", page.url) + f"?year={YEAR}")
    page.get_by_label(re.compile("存在问题")).fill("一是联系实际还不够紧。")
    page.get_by_role("button", name="印发", exact=True).click()
    page.wait_for_url(re.compile(r"/jobs/\d+/"))
    page.get_by_role("link", name="打开").click(timeout=120_000)  # the bar asks by itself until it is done
    expect(page.locator("h1")).to_contain_text(f"{YEAR}年度")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="下载 PDF").click()
    target = tmp_path / "report.pdf"
    waiting.value.save_as(target)
    assert waiting.value.suggested_filename.endswith(".pdf")

    code = site.one(
        """select c.code from roster_committee c join roster_membership m on m.committee_id = c.id
           join roster_user u on u.person_id = m.person_id where u.username = 'zuzhang' and m.group_role = 'LEADER'
           and m.since <= '2026-03-20' and (m.until is null or m.until >= '2026-03-20')"""
    )
    found = site.facts("--year", str(YEAR), "--committee", code)
    assert found["committee_sessions"] > 3 and found["present"] > 0, "guard: there is something to print"
    reader = pypdf.PdfReader(io.BytesIO(target.read_bytes()))
    text = re.sub(r"\s+", "", "".join(one.extract_text() for one in reader.pages))
    assert f"全年开展集体学习{found['committee_sessions']}次、{plain(found['days'])}天" in text
    for words, key in (("应到", "expected"), ("出席", "present"), ("请假", "on_leave"), ("缺席", "absent")):
        assert f"{words}{plain(found[key])}人次" in text, key
    assert f"出席率{found['presence_rate'] * 100:.1f}%" in text
    assert f"参学率{found['participation_rate'] * 100:.1f}%" in text
    assert f"列入专题{found['planned_items']}项，已完成{found['completed_items']}项" in text
    assert f"发言{found['speeches']}人次" in text
    assert f"登记学习成果{sum(found['outcomes_by_kind'].values())}项" in text
    assert "一是联系实际还不够紧。" in text
    site.manage("verify_paper", str(target))  # ends well only when the bytes come out again
