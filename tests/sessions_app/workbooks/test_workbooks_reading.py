"""Messy workbooks are read; hostile ones are refused at once, in words, and the process lives."""

import io
import random
import time
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

import pytest
from openpyxl import Workbook

from roster.people.models import Membership, Person
from sessions_app.sessions.models import StudySession
from sessions_app.workbooks import rules
from sessions_app.workbooks.preview import open_book
from sessions_app.workbooks.reader import BadWorkbook
from sessions_app.workbooks.rules import Unreadable
from tests.sessions_app.workbooks.making import reasons, sheets, take, workbook


def messy() -> io.BytesIO:
    """A head of merged cells, blank rows, full-width letters, spaces, dates of all kinds, formulas, a hidden row."""
    book = Workbook()
    book.remove(book.active)
    extra = book.create_sheet("说明")
    extra["A1"] = "填表说明"
    members = book.create_sheet(" 成 员 表")  # before the people they are
    members.merge_cells("A1:H1")
    members["A1"] = "市发展和改革委员会党组理论学习中心组成员名单"
    members["A2"] = "填报单位：市发改委　　填报日期：2026年3月5日"
    members.append([])
    members.append(
        ["序号", "人员编码 *", "委员会编码＊", "组内\n职务", "党政职务", "排 名", "起始日期：", "结束日期", "备注"]
    )
    members.append([1, "Ｒ１", " W01 ", "组 长", " 书记 ", "１", "2024年1月1日", None, "甲"])
    members.append([])
    members.append([2, "R2", "W01", "成员", None, 2.0, datetime(2024, 1, 2), "2025.12.31", None])
    members.append([3, "R3", "W01", "成员", None, "3", 45300, None, None])
    members.append([4, "R4", "W01", "成员", None, "=1+3", "2024/3/5", None, None])
    members.append([5, "R5", "W01", "成员", None, "5", "二〇二四年三月十五日", "无", None])
    members.row_dimensions[7].hidden = True
    people = book.create_sheet("人员")
    people.append(["备注", "姓名*", "人员编码*", "手机", "邮箱"])
    for code, name in (("R1", "张 三"), ("R2", "欧阳　娜娜"), ("R3", "王五"), ("R4", "赵六"), ("R5", "John  Smith")):
        people.append(["x", name, code, 13900000001 if code == "R1" else None, None])
    committee = book.create_sheet("委员会")
    committee.append(["编码", "名称", "类型（党委/党组/党工委/机关）"])
    committee.append(["W01", "市 发展和改革委员会 党组", "党 组"])
    committee.append(["编码", "名称", "类型（党委/党组/党工委/机关）"])
    data = io.BytesIO()
    book.save(data)
    data.seek(0)
    return data


@pytest.mark.django_db
def test_a_messy_file_is_the_normal_case() -> None:
    report = take(messy())
    # openpyxl never calculated the formula, so it has no value.
    (reason,) = reasons(report)
    assert reason == "成员 第 9 行：“排名”是没有计算结果的公式，请在 Excel 中打开并保存一次，或改成数值。"
    assert Person.objects.get(code="R1").name == "张三" and Person.objects.get(code="R1").phone == "13900000001"
    assert Person.objects.get(code="R2").name == "欧阳娜娜" and Person.objects.get(code="R5").name == "John Smith"
    found = {row.person.code: (row.since, row.until, row.rank) for row in Membership.objects.select_related("person")}
    assert found == {
        "R1": (date(2024, 1, 1), None, 1), "R2": (date(2024, 1, 2), date(2025, 12, 31), 2),
        "R3": (date(2024, 1, 9), None, 3), "R5": (date(2024, 3, 15), None, 5),
    }  # fmt: skip
    assert any("说明" in note for note in report["notes"])
    assert take(messy())["unchanged"] == report["created"]


@pytest.mark.django_db
def test_cached_values_of_formulas_are_read() -> None:
    import xlsxwriter

    data = io.BytesIO()
    book = xlsxwriter.Workbook(data)
    sheet = book.add_worksheet("人员")
    sheet.write_row(0, 0, ["人员编码*", "姓名*"])
    sheet.write_formula(1, 0, '="R"&1', None, "R1")
    sheet.write_string(1, 1, "张三")
    sheet.write_formula(2, 0, "=1/0", None, "#DIV/0!")
    sheet.write_string(2, 1, "李四")
    book.close()
    data.seek(0)
    report = take(data)
    assert report["created"] == 1 and Person.objects.get().code == "R1"
    assert reasons(report) == ["人员 第 3 行：“人员编码”公式出错，请改正公式或直接填写内容。"]


@pytest.mark.django_db
def test_a_missing_column_is_told_once() -> None:
    book = Workbook()
    book.active.title = "人员"
    book.active.append(["姓名", "手机"])
    book.active.append(["张三", "13900000001"])
    data = io.BytesIO()
    book.save(data)
    data.seek(0)
    assert reasons(take(data)) == ["人员 第 1 行：表头缺少必需的列：人员编码，整张表没有读取，请补上后再导入。"]


@pytest.mark.django_db
def test_text_nobody_can_store_is_rejected_or_cleaned_not_a_crash() -> None:
    rows = sheets()
    rows["学习场次"][0][8] = "长" * 500
    rows["人员"][0][1] = "张\u200b三\x07"
    report = take(rows)
    assert "主题”超过 200 字" in reasons(report)[0]
    assert Person.objects.get(code="R1").name == "张三"
    assert not StudySession.objects.filter(participations__number=1).exists()


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("2026-03-05", date(2026, 3, 5)), ("2026/3/5", date(2026, 3, 5)), ("2026.3.5", date(2026, 3, 5)),
        ("2026年3月5日", date(2026, 3, 5)), ("２０２６年３月５日", date(2026, 3, 5)), (" 2026 - 03 - 05 ", date(2026, 3, 5)),
        (46086, date(2026, 3, 5)), ("46086", date(2026, 3, 5)), (20260305, date(2026, 3, 5)), (datetime(2026, 3, 5, 9), date(2026, 3, 5)),
        ("2026-03-05 09:00:00", date(2026, 3, 5)),
    ],
)  # fmt: skip
def test_dates(value: object, day: date) -> None:
    assert rules.read_date(value) == day


@pytest.mark.parametrize("value", ["2026-02-30", "2026年13月1日", "下周一", "2026年3月", "0", -5])
def test_days_that_do_not_exist(value: object) -> None:
    with pytest.raises(Unreadable):
        rules.read_date(value)


def test_numbers_times_and_days() -> None:
    assert [rules.read_whole(v, 1, 99) for v in (3, 3.0, "３", "第3次", "3期", "第十二次")] == [3, 3, 3, 3, 3, 12]
    assert [rules.read_time(v).strftime("%H:%M") for v in ("9:00", "09：30", "下午3点20分", 0.375)] == [
        "09:00",
        "09:30",
        "15:20",
        "09:00",
    ]
    assert [rules.read_days(v) for v in ("半天", 0.5, 2, "1.5天")] == [
        Decimal("0.5"),
        Decimal("0.5"),
        Decimal(2),
        Decimal("1.5"),
    ]
    assert [rules.read_session(v) for v in (3, "第3次", "2025-3", "2025年第3次")] == [
        (None, 3),
        (None, 3),
        (2025, 3),
        (2025, 3),
    ]


# ----------------------------------------------------------------------------------------------------- hostile
def repacked(change: Callable[[str, bytes], bytes | None], more: dict[str, bytes] | None = None) -> io.BytesIO:
    """The good workbook with parts replaced."""
    good = zipfile.ZipFile(workbook(sheets()))
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as out:
        for name in good.namelist():
            part = change(name, good.read(name))
            if part is not None:
                out.writestr(name, part)
        for name, part in (more or {}).items():
            out.writestr(name, part)
    data.seek(0)
    return data


FIRST = "xl/worksheets/sheet1.xml"


def with_sheet(body: bytes) -> io.BytesIO:
    head = (
        b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    )
    return repacked(lambda name, part: head + body + b"</sheetData></worksheet>" if name == FIRST else part)


def million_rows() -> io.BytesIO:
    return with_sheet(b"".join(b'<row r="%d"><c r="A%d"><v>1</v></c></row>' % (n, n) for n in range(1, 1_000_001)))


def bomb() -> io.BytesIO:
    return repacked(lambda name, part: part, {"xl/media/zeros.xml": b"\0" * 400_000_000})


def sheet_bomb() -> io.BytesIO:
    return with_sheet(b"<row>" + b" " * 120_000_000 + b"</row>")


def entity(declaration: bytes) -> io.BytesIO:
    def change(name: str, part: bytes) -> bytes:
        return part.replace(b"<worksheet", declaration + b"<worksheet", 1) if name == FIRST else part

    return repacked(change)


def wide() -> io.BytesIO:
    return with_sheet(b"".join(b"<row>" + b"<c><v>1</v></c>" * 16_000 + b"</row>" for _ in range(120)))


def noise() -> io.BytesIO:
    rng = random.Random(7)
    return io.BytesIO(b"PK\x03\x04" + rng.randbytes(50_000))


XXE = b'<!DOCTYPE w [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
LAUGHS = b'<!DOCTYPE w [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
HOSTILE: list[tuple[str, Callable[[], io.BytesIO], str]] = [
    ("zip bomb", bomb, "过大"),
    ("blank bomb", sheet_bomb, "压缩得异常"),
    ("million rows", million_rows, "行，未予读取"),
    ("sixteen thousand columns", wide, "未予读取"),
    ("external entity", lambda: entity(XXE), "不该有的声明"),
    ("billion laughs", lambda: entity(LAUGHS), "不该有的声明"),
    ("a thousand parts", lambda: repacked(lambda n, p: p, {f"x/{i}.bin": b"" for i in range(1000)}), "部件"),
    ("noise", noise, "不是 Excel 工作簿"),
    ("text", lambda: io.BytesIO("姓名,编码".encode()), "不是 Excel 工作簿"),
    ("old excel", lambda: io.BytesIO(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 5000), "旧版 .xls"),
    ("empty", lambda: io.BytesIO(b""), "不是 Excel 工作簿"),
    ("no workbook inside", lambda: repacked(lambda n, p: None if n == "xl/workbook.xml" else p), "读不出"),
    ("cut off", lambda: io.BytesIO(workbook(sheets()).getvalue()[:3000]), "损坏"),
    ("broken xml", lambda: with_sheet(b"<row><c></row>"), "读不出"),
    ("shared text out of range", lambda: with_sheet(b'<row><c t="s"><v>999999</v></c></row>'), "读不出"),
    ("row number no number", lambda: with_sheet(b'<row r="x"><c><v>1</v></c></row>'), "读不出"),
]


@pytest.mark.parametrize(("make", "words"), [case[1:] for case in HOSTILE], ids=[case[0] for case in HOSTILE])
def test_a_hostile_workbook_is_refused_at_once(make: Callable[[], io.BytesIO], words: str) -> None:
    data = make()
    begun = time.perf_counter()
    with pytest.raises(BadWorkbook) as caught:
        open_book(data)
    assert time.perf_counter() - begun < 2
    assert words in str(caught.value)


@pytest.mark.django_db
def test_a_formula_is_never_run_and_a_far_row_costs_nothing() -> None:
    nested = "".join(f"IF({i}>0," for i in range(60)) + "1" + ",0)" * 60
    head = b'<row r="1"><c r="A1" t="inlineStr"><is><t>\xe4\xba\xba\xe5\x91\x98\xe7\xbc\x96\xe7\xa0\x81</t></is></c><c r="B1" t="inlineStr"><is><t>\xe5\xa7\x93\xe5\x90\x8d</t></is></c></row>'
    far = (
        b'<row r="1048576"><c r="A1048576"><f>%s</f></c><c r="B1048576" t="inlineStr"><is><t>x</t></is></c></row>'
        % nested.encode()
    )
    begun = time.perf_counter()
    book = open_book(with_sheet(head + far))
    assert time.perf_counter() - begun < 2
    assert book.sheets["委员会"].rows[0].faults  # not the headings of 委员会: told, not crashed
