"""Export: the same sheets back, changing nothing when imported; nothing in a cell is a formula."""

import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from openpyxl import load_workbook

from roster.committees.models import Committee
from roster.people.models import Person
from sessions_app.attendance.models import AttendanceMark
from sessions_app.sessions.models import Participation
from sessions_app.workbooks import export, rules
from sessions_app.workbooks.export import Wanted
from sessions_app.workbooks.template import template
from tests.build import DAY
from tests.sessions_app.workbooks.making import reasons, sheets, take, workbook

pytestmark = pytest.mark.django_db


def out(wanted: Wanted | None = None) -> io.BytesIO:
    data = io.BytesIO()
    export.export(data, wanted or Wanted(today=DAY))
    data.seek(0)
    return data


def test_importing_the_export_changes_nothing() -> None:
    take(sheets())
    report = take(out())
    assert reasons(report) == []
    assert (report["created"], report["updated"], report["unchanged"]) == (0, 0, 21)


def test_headings_are_exactly_those_of_the_offices() -> None:
    take(sheets())
    book = load_workbook(out())
    assert book.sheetnames == [
        "委员会",
        "人员",
        "成员",
        "学习秘书",
        "专家",
        "年度计划",
        "学习场次",
        "考勤",
        "发言",
        "成果",
    ]
    heads = {sheet.title: [cell.value for cell in sheet[1]] for sheet in book}
    assert heads["人员"] == ["人员编码*", "姓名*", "手机", "邮箱"]
    assert heads["成员"] == ["委员会编码*", "人员编码*", "组内职务*", "党政职务", "排名", "起始日期*", "结束日期"]
    assert heads["专家"] == ["人员编码*", "工作单位", "研究领域", "起始日期*", "结束日期"]
    assert heads["考勤"] == ["委员会编码*", "年度*", "期次*", "人员编码*", "状态*", "事由", "补学确认日期"]


def test_a_row_comes_back_as_it_was_written() -> None:
    take(sheets())
    book = load_workbook(out())
    for name, lines in sheets().items():
        found = {
            tuple("" if c is None else str(c) for c in row) for row in book[name].iter_rows(min_row=2, values_only=True)
        }
        for line in lines:
            if name == "学习场次":
                continue
            if name == "考勤" and line[4] == "缺席":
                line = [*line[:5], "导入时未注明事由", ""]
            assert tuple(str(cell) for cell in line) in found, (name, line)


@pytest.mark.parametrize("text", ["=1+1", "+86", "-1", "@SUM(A1)", "'=1", "''-x"])
def test_formulas_are_neutralised_and_come_back_unchanged(text: str) -> None:
    take(sheets())
    Person.objects.filter(code="R1").update(name=text)
    data = out()
    cell = load_workbook(data)["人员"]["B2"]
    assert cell.data_type == "s" and cell.value == f"'{text}"
    data.seek(0)
    assert take(data)["updated"] == 0
    assert rules.plain(rules.neutral(text)) == text


def test_marks_that_differ_from_part_to_part_survive() -> None:
    take(sheets())
    second = AttendanceMark.objects.filter(participation__number=2, person__code="R1", part__order=2)
    second.update(status="ABSENT", reason="晚到")
    assert take(out())["updated"] == 0
    second.update(status="PRESENT", reason="")
    report = take({"考勤": [["W01", 2025, 2, "R1", "请假", "出差", ""]]})
    assert report["updated"] == 1
    assert Participation.objects.get(number=2).leave_marks == 2


def test_one_committee_and_one_year() -> None:
    take(sheets())
    other = {"委员会": [["W02", "另一党组", "", "党组", "", "", "", "", ""]], "人员": [["X1", "赵六", "", ""]],
             "成员": [["W02", "X1", "组长", "", 1, "2024-01-01", ""]]}  # fmt: skip
    take(other)
    book = load_workbook(out(Wanted(committees=Committee.objects.filter(code="W02"), year=2024, today=DAY)))
    rows = {sheet.title: sheet.max_row - 1 for sheet in book}
    assert (rows["委员会"], rows["人员"], rows["成员"], rows["学习场次"], rows["年度计划"]) == (1, 1, 1, 0, 0)


def test_the_blank_template_says_how_to_fill_it() -> None:
    data = io.BytesIO()
    take(sheets())
    template(data, Wanted(committees=Committee.objects.all()), today=DAY)
    book = load_workbook(data)
    assert book.sheetnames[-2:] == ["编码表", "填写说明"] and [c.value for c in book["发言"][1]][5] == "题目*"
    assert [cell.value for cell in book["编码表"][2]] == ["W01", "市发展和改革委员会党组", "R1", "张三", "组长"]
    for sheet in book.worksheets[:10]:
        assert [str(sheet.cell(row, 1).value)[:3] for row in (2, 3)] == ["示例：", "示例："] and sheet["A1"].comment
    lists = {str(one.sqref): one.formula1 for one in book["年度计划"].data_validations.dataValidation}
    assert "研讨交流学" in lists["H2:H2001"] and "编码表" in lists["A2:A2001"]
    data.seek(0)
    report = take(data)
    assert (report["created"], report["rejected"], report["unread"], report["warnings"]) == (0, [], [], [])
    assert sum(row["reason"] == "示例行，没有读取。" for row in report["skipped"]) == 20


def command(*words: str) -> tuple[dict[str, Any], int]:
    said = io.StringIO()
    try:
        call_command(*words, stdout=said)
    except CommandError as error:
        return json.loads(said.getvalue()), error.returncode
    return json.loads(said.getvalue()), 0


def test_the_commands(tmp_path: Path) -> None:
    path = tmp_path / "in.xlsx"
    path.write_bytes(workbook(sheets()).getvalue())
    report, code = command("import_workbook", str(path), "--json")
    assert (report["created"], code, Committee.objects.count()) == (21, 0, 0)
    report, code = command("import_workbook", str(path), "--commit", "--json")
    assert (report["created"], report["committed"], code) == (21, True, 0)
    told, code = command(
        "export_workbook", str(tmp_path / "out.xlsx"), "--committee", "W01", "--year", "2025", "--json"
    )
    assert told["rows"]["考勤"] == 4 and code == 0
    report, code = command("import_workbook", str(tmp_path / "out.xlsx"), "--commit", "--json")
    assert (report["created"], report["updated"], report["unchanged"], code) == (0, 0, 21, 0)


def test_the_command_ends_with_one_when_a_row_was_left_out(tmp_path: Path) -> None:
    rows = sheets()
    rows["人员"].append(["R9", "", "", ""])
    path = tmp_path / "in.xlsx"
    path.write_bytes(workbook(rows).getvalue())
    report, code = command("import_workbook", str(path), "--commit", "--json")
    assert code == 1 and report["created"] == 21
    assert report["rejected"] == [
        {"sheet": "人员", "row": 5, "column": "姓名", "value": "", "reason": "人员 第 5 行：“姓名”不能为空，请补填。"}
    ]
    report, code = command("import_workbook", str(tmp_path / "none.xlsx"), "--json")
    assert code == 1 and "没有这个文件" in report["error"] and report["rejected"] == []
    assert Committee.objects.get().since == date(2020, 1, 1)
