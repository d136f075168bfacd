"""Workbooks as offices write them: taken whole where they can be, and every row and column that is not is named."""

import io
import random
from datetime import date
from typing import Any

import pytest
from django.urls import reverse
from openpyxl import Workbook

from roster.committees.models import Committee
from roster.people.models import Membership
from sessions_app.attendance.models import AttendanceMark
from sessions_app.plans import actions as plan_actions
from sessions_app.plans.models import PlanItem, PlanStage, StudyPlan
from sessions_app.sessions.models import StudySession
from sessions_app.workbooks import headings, office, rules
from sessions_app.workbooks.carry import carried
from sessions_app.workbooks.preview import open_book, plan
from sessions_app.workbooks.reader import read
from tests.build import AT, committee, secretary_of
from tests.sessions_app.workbooks.making import look, reasons, sheets, take

pytestmark = pytest.mark.django_db
PLAN = ["委员会编码", "年度", "序号", "季度", "月份", "专题", "内容类别", "学习方式", "重点发言人", "责任部门"]


def book(sheet: str, *rows: list[Any], merged: tuple[str, ...] = ()) -> io.BytesIO:
    made = Workbook()
    made.active.title = sheet
    for row in rows:
        made.active.append(row)
    for ranges in merged:
        made.active.merge_cells(ranges)
    data = io.BytesIO()
    made.save(data)
    data.seek(0)
    return data


@pytest.fixture
def unit() -> Committee:
    return committee("市某局党组", code="W21", since=date(2020, 1, 1))


def year_plan() -> io.BytesIO:
    """A year's plan as an office wrote it: a title, merged quarters, spans, forms for ways, half a year."""
    return book(
        "年度计划",
        ["某市某局党组理论学习中心组2027年度学习计划安排表"],
        PLAN,
        ["W21", 2027, 1, "第一季度", "1月", "甲专题：会议精神", 3, "集中学习研讨", "张一、李二", "办公室"],
        ["W21", 2027, 2, None, "2月", "乙专题：廉洁要求", 2, "专题辅导", None, "办公室"],
        ["W21", 2027, 3, None, "3月", "丙专题：两会精神", 3, "个人自学", None, "政工科"],
        ["W21", 2027, 4, "二季度", "4—5月", "丁专题：安全生产", 7, "研讨交流学", None, "安监科"],
        ["W21", 2027, 5, "二季度", "6月", "戊专题：党史", 6, "现场教学", None, "机关党委"],
        ["W21", 2027, 6, "下半年", None, "己专题：经济形势", "履职所需各方面知识", "领导带头学", None, None],
        ["W21", 2027, 7, "3", "7-9月", "庚专题", "7、8", "研讨交流", None, None],
        ["W21", 2027, 8, "Ⅳ", "10月", "辛专题", None, "研讨交流学", None, None],
        ["注：以上安排可视情况调整。"],
        merged=("A1:I1", "D3:D5"),
    )


def test_a_year_plan_of_an_office_comes_in_whole(unit: Committee) -> None:
    report = take(year_plan())
    assert reasons(report) == [] and report["created"] == 8 and report["unread"] == []
    found = {item.serial: item for item in PlanItem.objects.all()}
    assert [(found[n].quarter, found[n].month) for n in range(1, 9)] == [
        (1, 1), (1, 2), (1, 3), (2, None), (2, 6), (3, None), (3, None), (4, 10),
    ]  # fmt: skip
    assert [found[n].mode for n in range(1, 9)] == [
        "DISCUSSION", "", "", "DISCUSSION", "ON_SITE", "LEADER_LED", "DISCUSSION", "DISCUSSION",
    ]  # fmt: skip
    assert [found[n].category for n in range(1, 9)] == [3, 2, 3, 7, 6, 7, 7, None]
    assert found[4].department == "安监科"
    told = {(row["row"], row["column"]) for row in report["warnings"]}
    assert told == {
        (3, "学习方式"), (4, "学习方式"), (5, "学习方式"), (6, "月份"), (7, "学习方式"), (8, "季度"), (9, "月份"),
        (9, "内容类别"), (10, "内容类别"), (11, ""),
    }  # fmt: skip
    assert {row["row"] for row in report["skipped"]} == {1, 11}
    again = take(year_plan())
    assert (again["created"], again["updated"], again["unchanged"]) == (0, 0, 8)


def test_months_alone_give_the_quarters(unit: Committee) -> None:
    rows = [["W21", 2027, n, f"{n}月", f"第{n}个专题", 1] for n in range(1, 13)]
    report = take(book("年度计划", ["委员会编码", "年度", "序号", "月份", "专题", "内容类别"], *rows))
    assert report["created"] == 12 and reasons(report) == []
    found = PlanItem.objects.order_by("serial").values_list("quarter", flat=True)
    assert list(found) == [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]
    assert [row["column"] for row in report["warnings"]] == ["季度"]


def test_what_the_pages_ask_comes_in_and_the_rest_is_named(unit: Committee) -> None:
    head = [*PLAN[:9], "学习篇目", "主持人", "责任部门", "调研题目", "预期成果", "备注", "附件情况"]
    line = [
        "W21",
        2027,
        2,
        1,
        2,
        "第2月专题",
        1,
        "研讨交流学",
        "王某",
        "《某文选》",
        "赵某",
        "政工科",
        "某题",
        "报告",
        "机动",
        "有",
    ]
    report = take(book("年度计划", head, line))
    item = PlanItem.objects.get()
    assert (item.materials, item.chair, item.department, item.research_topic, item.note) == (
        "《某文选》", "赵某", "政工科", "某题", "机动",
    )  # fmt: skip
    assert report["unread"] == [{"sheet": "年度计划", "column": "附件情况", "offer": ""}]


RENAMED = [
    ("成员", "结束日期", "离任日期"), ("成员", "党政职务", "职务"), ("人员", "手机", "联系电话"), ("学习场次", "地点", "学习地点"),
    ("年度计划", "预期成果", "成果形式"), ("成果", "作者", "撰写人"), ("考勤", "事由", "请假事由"), ("委员会", "停用日期", "撤销日期"),
]  # fmt: skip


@pytest.mark.parametrize(("sheet", "ours", "theirs"), RENAMED)
def test_a_renamed_column_is_named_with_an_offer(sheet: str, ours: str, theirs: str) -> None:
    head = [theirs if column.heading == ours else column.heading for column in rules.SHEETS[sheet].columns]
    report = look(book(sheet, head, *sheets()[sheet]))
    assert {"sheet": sheet, "column": theirs, "offer": ours} in report["unread"]


def test_a_missing_required_column_is_told_with_the_offer() -> None:
    report = look(book("成员", ["委员会编码", "人员编码", "组内职务", "任职日期"], ["W01", "R1", "组长", "2024-01-01"]))
    (reason,) = reasons(report)
    assert "缺少必需的列：起始日期" in reason and "“任职日期”像是“起始日期”" in reason
    assert [row["row"] for row in report["skipped"]] == [2]


def test_a_sheet_that_is_none_of_ours_is_named() -> None:
    report = look(book("中心组成员名册", ["姓名"], ["张三"]))
    assert report["unread"] == [{"sheet": "中心组成员名册", "column": "整张表", "offer": "成员"}]


def test_every_fault_of_a_row_at_once(unit: Committee) -> None:
    report = look(book("年度计划", PLAN, ["W21", "某年", "x", 5, 13, None, 12, "乱写", None, None]))
    (row,) = report["rejected"]
    for column in ("年度", "序号", "季度", "月份", "专题", "内容类别", "学习方式"):
        assert f"“{column}”" in row["reason"]


def test_a_category_may_wait_but_not_be_submitted(unit: Committee) -> None:
    take(year_plan())
    plan = StudyPlan.objects.get()
    assert plan.stage == PlanStage.DRAFT and PlanItem.objects.get(serial=8).get_category_display() == "未定"
    with pytest.raises(plan_actions.Refused) as refused:
        plan_actions.submit(plan, version=plan.version, by=secretary_of(unit), at=AT)
    assert refused.value.reasons == ["第 8 项还没有内容类别，请补上后再提交。"]


def test_on_the_page_a_month_gives_the_quarter_and_must_fit_it(unit: Committee, client: Any) -> None:
    by = secretary_of(unit)
    plan = plan_actions.create(committee=unit, year=2027, by=by, at=AT)
    client.force_login(by, backend="django.contrib.auth.backends.ModelBackend")
    data = {
        "version": plan.version, "aim": "", "requirements": "", "items-TOTAL_FORMS": 1, "items-INITIAL_FORMS": 0,
        "items-0-topic": "专题", "items-0-quarter": "1", "items-0-month": "5", "items-0-category": "1",
    }  # fmt: skip
    answer = client.post(reverse("plan_edit", args=[plan.pk]), data)
    assert answer.status_code == 422 and "5 月不在第一季度" in answer.content.decode()
    answer = client.post(reverse("plan_edit", args=[plan.pk]), data | {"items-0-quarter": ""})
    assert answer.status_code == 302
    item = PlanItem.objects.get()
    assert (item.quarter, item.month) == (2, 5)


@pytest.mark.parametrize(
    ("value", "quarter"),
    [
        ("一季度", 1),
        ("第二季度", 2),
        ("Ⅲ", 3),
        ("Q4", 4),
        (2, 2),
        ("上半年", 1),
        ("下半年", 3),
        ("三、四季度", 3),
        ("三", 3),
    ],
)
def test_quarters(value: Any, quarter: int) -> None:
    assert office.read_quarter(value)[0] == quarter


@pytest.mark.parametrize(
    ("value", "span"),
    [("4—5月", (4, 5)), ("7-9月", (7, 9)), ("4月-5月", (4, 5)), ("十一月", (11, 11)), ("3月中旬", (3, 3)), ("5", (5, 5)),
     ("１２月份", (12, 12)), ("下半年", None), ("十至十二月", (10, 12))],
)  # fmt: skip
def test_months(value: Any, span: Any) -> None:
    assert office.read_months(value)[0] == span


def test_merged_cells_are_carried_down_and_nothing_is_overwritten() -> None:
    rows = [(1, {1: "a", 2: "x"}), (2, {2: "y"}), (3, {1: "b", 2: "z"}), (9, {2: "w"})]
    assert carried(rows, ["A1:A3", "A9:C9", "A3:A1048576"]) == [
        (1, {1: "a", 2: "x"}), (2, {1: "a", 2: "y"}), (3, {1: "b", 2: "z"}), (9, {1: "b", 2: "w"}),
    ]  # fmt: skip


def test_the_year_of_a_sheet_is_one_or_none() -> None:
    assert headings.year_said("成果", [(1, {1: "某局2026年度成果清单"})]) == 2026
    assert headings.year_said("成果", [(1, {1: "2025年至2026年成果"})]) is None


# --------------------------------------------------------------------------------------- names instead of codes
def test_names_stand_for_codes_where_they_are_one_alone() -> None:
    take({name: rows for name, rows in sheets().items() if name in ("委员会", "人员", "成员", "年度计划", "学习场次")})
    head = ["单位名称", "年度", "期次", "姓名", "状态", "事由"]
    report = take(
        book(
            "考勤", head,
            ["市发改委党组", 2025, 1, "张　三、李四", "出席", None],
            ["市发展和改革委员会党组", 2025, 2, "张三，李四 王五", "请假", "公务"],
        )
    )  # fmt: skip
    assert reasons(report) == [] and report["created"] == 5
    assert {row["column"] for row in report["warnings"]} == {"委员会编码", "人员编码"}
    assert AttendanceMark.objects.filter(person__code="R1", part__order=1).count() == 2


def test_a_name_that_is_nobody_or_two_is_refused_in_words() -> None:
    rows = {
        name: lines for name, lines in sheets().items() if name in ("委员会", "人员", "成员", "年度计划", "学习场次")
    }
    rows["人员"].append(["R4", "张三", "", ""])
    rows["成员"].append(["W01", "R4", "成员", "", 4, "2024-01-01", ""])
    take(rows)
    head = ["委员会编码", "年度", "期次", "人员编码", "状态"]
    report = look(
        book(
            "考勤",
            head,
            ["W01", 2025, 1, "张三", "出席"],
            ["W01", 2025, 1, "赵六", "出席"],
            ["某党组", 2025, 1, "R1", "出席"],
        )
    )
    assert [reason.split("：", 1)[1] for reason in reasons(report)] == [
        "本委员会有 2 个“张三”，分不清是哪一个，请写人员编码。",
        "本委员会的成员里没有“赵六”，请核对姓名，或写人员编码。",
        "没有名称为“某党组”的委员会，或不在您的管理范围内，请核对名称，或写委员会编码。",
    ]


def test_new_members_by_name_from_the_same_workbook() -> None:
    rows = {name: lines for name, lines in sheets().items() if name in ("委员会", "人员", "成员", "学习秘书")}
    rows["成员"] = [["W01", line[1].replace("R1", "张三"), *line[2:]] for line in rows["成员"]]
    rows["学习秘书"] = [["W01", "王五", "2025-01-01", ""]]
    report = take(rows)
    assert reasons(report) == [] and Membership.objects.get(group_role="LEADER").person.code == "R1"


def test_a_session_day_without_a_year_takes_that_of_its_row() -> None:
    rows = {
        name: lines for name, lines in sheets().items() if name in ("委员会", "人员", "成员", "年度计划", "学习场次")
    }
    rows["学习场次"] = [["W01", 2025, 1, "11月6日", "", "", "", "", "主题", "研讨交流", "", "", "已召开", ""]]
    assert reasons(take(rows)) == [] and StudySession.objects.get().day == date(2025, 11, 6)


@pytest.mark.parametrize("typed", ["2025.1", "2025年1月", "3月1日", "2025-02-30", "25.3.1", 2025, "2026-13-1", "至今"])
def test_a_term_never_takes_a_date_that_is_not_whole(typed: Any) -> None:
    rows = {name: lines for name, lines in sheets().items() if name in ("委员会", "人员", "成员")}
    rows["成员"] = [["W01", "R1", "组长", "", 1, typed, ""]]
    preview, taken = look(rows), take(rows)
    assert reasons(preview) == reasons(taken) != [] and "起始日期" in reasons(taken)[0]
    assert not Membership.objects.exists()


def test_what_looks_like_the_same_person_or_session_twice_is_warned_of() -> None:
    rows = sheets()
    rows["人员"][0] = ["R1", "阿·张", "13900000001", ""]
    take(rows)
    again = sheets()
    again["人员"] = [["R1", "阿•张", "13900000001", ""], ["R9", "阿•张", "13900000001", ""]]
    again["成员"] = [["W01", "R9", "成员", "", 9, "2024-01-01", ""]]
    again["学习场次"] = [
        ["W01", 2025, 9, "2025-03-12", "09:00", "11:30", 1, "", "主题一", "研讨交流学", "", "", "已召开", ""]
    ]
    again = {name: lines for name, lines in again.items() if name in ("人员", "成员", "学习场次")}
    report = look(again)
    assert report["unchanged"] == 1 and report["created"] == 3
    assert [(row["sheet"], row["row"], row["column"]) for row in report["warnings"]] == [
        ("人员", 3, "姓名"), ("成员", 2, "人员编码"), ("学习场次", 2, "期次"),
    ]  # fmt: skip
    assert "编码 R1" in report["warnings"][0]["reason"] and "2025 年第 1 次" in report["warnings"][2]["reason"]


def test_a_row_says_at_once_what_is_unreadable_and_what_is_unknown() -> None:
    take({"委员会": sheets()["委员会"]})
    report = look(book("考勤", ["委员会编码", "年度", "期次", "人员编码", "状态"], ["NONE", 2025, "x", "R7", "到了"]))
    (reason,) = reasons(report)
    assert all(word in reason for word in ("“期次”", "“状态”", "“NONE”", "“R7”"))


# ------------------------------------------------------------------------------------------------- nothing vanishes
def office_book(rng: random.Random) -> tuple[io.BytesIO, str]:
    """A workbook in the style of offices: renamed, moved and added columns, merges, spans, notes, sums, titles."""
    name = rng.choice(["年度计划", "学习场次", "成员", "考勤", "成果", "人员"])
    sheet = rules.SHEETS[name]
    heads = [column.heading for column in (*sheet.columns, *rng.sample(sheet.more, rng.randint(0, len(sheet.more))))]
    words = [word for known in headings.MEANT.values() for word in known]
    heads = [rng.choice(words) if rng.random() < 0.1 else head for head in heads if rng.random() > 0.05]
    heads += rng.sample(["附件", "联络员", "备注", "", "情况说明"], rng.randint(0, 3))
    rng.shuffle(heads)
    cells: list[Any] = [
        None, "", "W21", 2027, 1, 2, 3, "一季度", "下半年", "4—5月", "3月", "专题", "集中学习研讨", "张三、李四", "11月6日", "2027.3.5",
        "合计", "—", "7、8", "Ⅳ", "x" * 40, 0.5, date(2027, 3, 5), True, "示例", "注：略",
    ]  # fmt: skip
    made = Workbook()
    made.active.title = name
    for _ in range(rng.randint(0, 2)):
        made.active.append(["某局2027年度安排表"])
    made.active.append(heads)
    for serial in range(rng.randint(1, 12)):
        if rng.random() < 0.1:
            made.active.append([rng.choice(["注：略", "合计", "填表人：某某"])])
        elif rng.random() < 0.1:
            made.active.append(heads)
        else:
            made.active.append([serial if head in ("序号", "期次") else rng.choice(cells) for head in heads])
    for _ in range(rng.randint(0, 3)):
        column, first = rng.randint(1, len(heads)), rng.randint(2, 8)
        try:
            made.active.merge_cells(
                start_row=first, end_row=first + rng.randint(1, 3), start_column=column, end_column=column
            )
        except ValueError:
            continue
    data = io.BytesIO()
    made.save(data)
    data.seek(0)
    return data, name


@pytest.mark.parametrize("seed", range(60))
def test_no_row_and_no_column_vanishes_unnamed(unit: Committee, seed: int) -> None:
    data, name = office_book(random.Random(seed))
    (raw,) = read(data)
    data.seek(0)
    parsed = open_book(data)
    made = plan(parsed, at=AT)
    report, sheet = made.report(), parsed.sheets[name]
    named = {line.parsed.number for lines in made.lines.values() for line in lines}
    named |= {row["row"] for row in report["skipped"]} | {sheet.heading_row}
    assert {number for number, _ in raw.rows} - named == set()
    counted = sum(report[fate] for fate in ("created", "updated", "unchanged")) + len(report["rejected"])
    assert counted == sum(len(lines) for lines in made.lines.values())
    if sheet.heading_row:
        below = [cells for number, cells in raw.rows if number >= sheet.heading_row]
        used = {column for cells in below for column, value in cells.items() if rules.plain(value)}
        assert len(used) <= len(sheet.headings) + len(report["unread"])
        assert all(row["sheet"] == name and row["column"] for row in report["unread"])
    # Preview and import judge alike.
    data.seek(0)
    again = take(data)
    assert (again["created"], again["rejected"]) == (report["created"], report["rejected"])
