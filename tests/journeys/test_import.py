"""A reviewer brings in a messy roster: preview, the rejected rows, the rejected rows back as a workbook, the import."""

import re
from collections.abc import Callable
from pathlib import Path

import openpyxl
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Site


def messy(path: Path) -> Path:
    """As offices send it: a title over the heads, blank rows, full-width digits, spaces in names, text dates, strays."""
    book = openpyxl.Workbook()
    people = book.active
    people.title = "人员"
    people.append(["云州市清河县干部名册（2026年3月）"])
    people.merge_cells("A1:D1")
    people.append([])
    people.append(["人员编码*", "姓名*", "手机", "邮箱", "备注"])
    people.append(["Ｈ９００１", "欧 阳 明", "１３８００１３８０００", "", "新调入"])
    people.append([])
    people.append(["H9002", "单雨", None, "not-an-address", ""])
    people.append(["H9003", "", None, None, "没有姓名"])
    people.append(["H9004", "=CMD()", None, None, ""])
    members = book.create_sheet("成员", 0)
    members.append(["委员会编码*", "人员编码*", "组内职务*", "党政职务", "排名", "起始日期*", "结束日期"])
    members.append(["LC02", "H9001", "成员", "副主任", "30", "2026年3月5日", ""])
    members.append(["LC02", "H9001", "成员", "副主任", "30", "2026-02-30", ""])  # no such day
    members.append(["XX99", "H9001", "成员", "", "", "2026/3/6", ""])  # no such committee
    members.append(["LC02", "H9003", "成员", "", "", "2026-03-06", ""])  # hangs on a rejected row
    book.save(path)
    return path


def test_a_reviewer_imports_a_messy_roster(visit: Callable[..., Page], site: Site, tmp_path: Path) -> None:
    page = visit("shenhe")
    page.goto("/imports/")
    page.get_by_role("link", name="导入工作簿").first.click()
    page.locator("input[type=file]").set_input_files(messy(tmp_path / "名册.xlsx"))
    page.get_by_role("button", name="上传并预览").click()
    page.wait_for_url(re.compile(r"/imports/\d+/"))
    expect(page.locator("h1")).to_contain_text("已预览")
    rejected = page.locator("table", has_text="不导入的行")
    expect(rejected.filter(has_text="XX99").first).to_be_visible()
    expect(rejected.filter(has_text="2026-02-30").first).to_be_visible()
    assert site.one("select count(*) from roster_person where code like 'H900_'") == 0  # only looked at so far

    with page.expect_download() as waiting:
        page.get_by_role("link", name="下载未导入的行").click()
    back = tmp_path / "rejected.xlsx"
    waiting.value.save_as(back)
    book = openpyxl.load_workbook(back)
    heads = [cell.value for cell in book["成员"][1]]
    assert any("原因" in str(head) for head in heads), heads
    cells = [str(cell.value) for row in book["成员"].iter_rows() for cell in row]
    assert "XX99" in cells and "2026-02-30" in cells

    box = page.locator("details.confirm").filter(has=page.locator("summary", has_text=re.compile(r"^\s*导入\s*$")))
    box.locator("summary").click()
    box.get_by_role("button", name="导入", exact=True).last.click()
    expect(page.locator("h1")).to_contain_text("已导入")
    assert site.one("select name from roster_person where code = 'H9001'") == "欧阳明"
    assert site.one("select phone from roster_person where code = 'H9001'") == "13800138000"
    assert site.one("select count(*) from roster_person where code = 'H9003'") == 0
    joined = site.rows(
        """select m.since::text, m.post from roster_membership m join roster_person p on p.id = m.person_id
           join roster_committee c on c.id = m.committee_id where p.code = 'H9001' and c.code = 'LC02'"""
    )
    assert joined == [("2026-03-05", "副主任")]
