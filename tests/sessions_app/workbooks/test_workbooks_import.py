"""Import: what comes in, once, as what; and every rule by which a row is rejected, in words."""

from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from roster.audit.models import AuditEvent
from roster.committees.models import Committee
from roster.people.models import Membership, Person, StudySecretary
from sessions_app.attendance.models import AttendanceMark, MakeUpStage, MakeUpStudy
from sessions_app.outcomes.models import Outcome, OutcomeStage
from sessions_app.plans.models import PlanStage, StudyPlan
from sessions_app.policies.models import Period, PeriodStage
from sessions_app.sessions.models import Participation, SessionPart, SessionStage, Speech, StudySession
from tests.build import DAY, granted, secretary_of
from tests.sessions_app.workbooks.making import look, reasons, sheets, take

pytestmark = pytest.mark.django_db


def test_everything_of_a_year_comes_in_and_adds_up() -> None:
    report = take(sheets())
    assert reasons(report) == [] and report["warnings"] == []
    assert (report["created"], report["updated"], report["unchanged"]) == (21, 0, 0)
    assert StudyPlan.objects.get().stage == PlanStage.FILED
    first, second, third = StudySession.objects.order_by("day")
    assert first.stage == SessionStage.ARCHIVED and first.late_days == (DAY - date(2025, 3, 12)).days
    assert first.late_reason == "由工作簿导入" and second.late_reason == "原件后补"
    assert first.chair.name == "张三" and first.participations.get().plan_item.topic == "专题一"
    assert third.stage == SessionStage.CANCELLED and third.late_days == 0
    assert SessionPart.objects.filter(study_session=second).count() == 2
    one, two = Participation.objects.filter(study_session__in=[first, second]).order_by("day")
    # 王五 belongs from 20 May on, so nobody expected him in March; in June two parts of three members.
    assert (one.expected_marks, one.present_marks, one.leave_marks, one.made_up_marks, one.unmarked_marks) == (
        2,
        1,
        1,
        1,
        0,
    )
    assert (two.expected_marks, two.present_marks, two.video_marks, two.absent_marks, two.unmarked_marks) == (
        6,
        2,
        2,
        2,
        2,
    )
    assert MakeUpStudy.objects.get().stage == MakeUpStage.CONFIRMED
    assert AttendanceMark.objects.filter(participation=two, person__code="R2").first().reason == "导入时未注明事由"
    assert Outcome.objects.get(code="O1").stage == OutcomeStage.CONVERTED
    assert Outcome.objects.get(code="O2").derived_from.code == "O1"
    assert Speech.objects.filter(stage="APPROVED").count() == 2
    assert AuditEvent.objects.filter(subject_type="studysession", verb="create").count() == 3


def test_preview_writes_nothing() -> None:
    report = look(sheets())
    assert report["created"] == 21
    assert not Committee.objects.exists() and not AuditEvent.objects.exists()


def test_the_same_file_twice_changes_nothing() -> None:
    take(sheets())
    before = AuditEvent.objects.count(), list(Participation.objects.values())
    report = take(sheets())
    assert (report["created"], report["updated"], report["unchanged"], report["rejected"]) == (0, 0, 21, [])
    assert (AuditEvent.objects.count(), list(Participation.objects.values())) == before


def test_changed_cells_are_updates_with_before_and_after() -> None:
    take(sheets())
    rows = sheets()
    rows["人员"][0][2] = "13900000009"
    rows["成员"][1][6] = "2025-12-31"
    rows["学习场次"][0][8] = "主题一（改）"
    rows["考勤"][0][4] = "视频参会"
    report = look(rows)
    assert (report["created"], report["updated"]) == (0, 4) and report["rejected"] == []
    take(rows)
    assert Person.objects.get(code="R1").phone == "13900000009"
    assert Membership.objects.get(person__code="R2").until == date(2025, 12, 31)
    assert StudySession.objects.get(day=date(2025, 3, 12)).topic == "主题一（改）"
    assert Participation.objects.get(number=1).video_marks == 1
    assert take(rows)["updated"] == 0


def test_an_empty_optional_cell_leaves_what_is_there() -> None:
    take(sheets())
    rows = sheets()
    rows["人员"][0][2] = ""
    rows["成员"][0][3] = "无"
    assert take(rows)["updated"] == 0
    assert Person.objects.get(code="R1").phone == "13900000001"


def test_this_years_plan_is_a_draft_and_a_future_session_is_in_preparation() -> None:
    report = take(sheets(年度计划=[["W01", 2026, 1, 2, 5, "今年专题", 2, "", "", ""]], 学习场次=[["W01", 2026, 1, "2026-05-08", "", "", "", "", "今年主题", "研讨交流学", "", 1, "已召开", ""]], 考勤=[["W01", 2026, 1, "R1", "出席", "", ""]], 发言=[], 成果=[]))  # fmt: skip
    assert StudyPlan.objects.get().stage == PlanStage.DRAFT
    session = StudySession.objects.get()
    assert session.stage == SessionStage.PREPARING and session.late_days == 0
    assert reasons(report) == ["考勤 第 2 行：2026 年第 1 次学习定在5月8日，到当天才能记考勤。"]


def test_ending_a_term_makes_room_for_the_next_wherever_it_stands() -> None:
    take(sheets())
    rows = sheets()
    rows["成员"] = [
        ["W01", "R2", "组长", "书记", 1, "2026-01-01", ""],
        ["W01", "R2", "副组长", "党组成员", 2, "2024-01-01", "2025-12-31"],
    ]
    report = take(rows)
    assert reasons(report) == [] and report["by_sheet"]["成员"]["created"] == 1


REJECTIONS: list[tuple[str, list[Any], str, str]] = [
    ("委员会", ["", "某党组", "", "党组", "", "", "", "", ""], "编码", "不能为空"),
    ("委员会", ["W09", "某党组", "", "支部", "", "", "", "", ""], "类型", "只能填 党委、党组、党工委、机关 之一"),
    ("委员会", ["W09", "某党组", "", "党组", "", "X99", "", "", ""], "上级编码", "没有编码为“X99”的委员会"),
    ("委员会", ["W09", "某党组", "", "党组", "", "", "", "2025-05-01", "2025-04-01"], "停用日期", "早于起始日期"),
    ("委员会", ["W01", "又一党组", "", "党组", "", "", "", "", ""], "编码", "前面（委员会 第 2 行）已经用过"),
    ("人员", ["R9", "", "", ""], "姓名", "不能为空"),
    ("人员", ["R1", "重复", "", ""], "人员编码", "前面（人员 第 2 行）已经用过"),
    ("人员", ["R9", "赵六", "12", ""], "手机", "11 位数字"),
    ("人员", ["R9", "赵六", "", "无此邮箱"], "邮箱", "邮箱写得不对"),
    ("成员", ["W01", "R3", "书记", "", "", "2025-05-20", ""], "组内职务", "只能填 组长、副组长、成员 之一"),
    ("成员", ["W01", "R8", "成员", "", "", "2025-05-20", ""], "人员编码", "没有编码为“R8”的人员"),
    ("成员", ["W08", "R3", "成员", "", "", "2025-05-20", ""], "委员会编码", "没有编码为“W08”的委员会"),
    ("成员", ["W01", "R1", "成员", "", "", "2025-01-01", ""], "起始日期", "重叠"),
    ("成员", ["W01", "R1", "成员", "", "", "2025-02-30", ""], "起始日期", "没有 2025年2月30日 这一天"),
    ("学习秘书", ["W01", "R1", "2025-03-01", "2025-02-01"], "结束日期", "早于起始日期"),
    ("年度计划", ["W01", 2025, 3, 1, 5, "专题", 1, "", "", ""], "月份", "5 月不在第 1 季度"),
    ("年度计划", ["W01", 2025, 3, 5, "", "专题", 1, "", "", ""], "季度", "1 到 4"),
    ("年度计划", ["W01", 2025, 3, 1, "", "专题", 10, "", "", ""], "内容类别", "1 到 9"),
    ("年度计划", ["W01", 2025, 1, 1, "", "重复", 1, "", "", ""], "序号", "前面（年度计划 第 2 行）已经用过"),
    ("学习场次", ["W01", 2025, 1, "2025-10-10", "", "", "", "", "重复", "研讨交流学", "", "", "已召开", ""], "期次", "已经用过"),
    ("学习场次", ["W01", 2025, 9, "2025-10-10", "", "", "", "", "主题", "自学", "", "", "已召开", ""], "学习方式", "只能填"),
    ("学习场次", ["W01", 2025, 9, "2025-10-10", "", "", "", "", "主题", "研讨交流学", "", "", "延期", ""], "状态", "已召开、取消"),
    ("学习场次", ["W01", 2025, 9, "2025-10-10", "11:00", "9:00", "", "", "主题", "研讨交流学", "", "", "已召开", ""], "结束时间", "早于开始时间"),
    ("学习场次", ["W01", 2025, 9, "2025-10-10", "", "", "", "", "主题", "研讨交流学", "", 8, "已召开", ""], "计划序号", "不存在"),
    ("学习场次", ["W01", 2025, 9, "2024-10-10", "", "", "", "", "主题", "研讨交流学", "", "", "已召开", ""], "日期", "不在 2025 年度内"),
    ("考勤", ["W01", 2025, 1, "R3", "出席", "", ""], "人员编码", "王五 3月12日尚未任职，请核对起始日期"),
    ("考勤", ["W01", 2025, 7, "R1", "出席", "", ""], "期次", "没有 2025 年第 7 次学习"),
    ("考勤", ["W01", 2025, 3, "R1", "出席", "", ""], "期次", "已取消，不记考勤"),
    ("考勤", ["W01", 2025, 1, "R1", "缺席", "", ""], "人员编码", "重复"),
    ("考勤", ["W01", 2025, 2, "R3", "出席", "", "2025-07-01"], "补学确认日期", "不需要补学"),
    ("考勤", ["W01", 2025, 2, "R3", "请假", "", "2025-06-01"], "补学确认日期", "早于学习日期"),
    ("发言", ["W01", 2025, 1, "R3", "重点", "题目"], "人员编码", "尚未任职"),
    ("发言", ["W01", 2025, 1, "R1", "闲谈", "题目"], "类型", "只能填 重点、交流、书面 之一"),
    ("成果", ["O1", "W01", "2025-04-01", "理论文章", "重复", "", "", "", ""], "成果编码", "已经用过"),
    ("成果", ["O9", "W01", "2025-04-01", "政策文件", "文件", "", "", "某〔2025〕1号", "O77"], "来源成果编码", "没有编码为“O77”的成果"),
    ("成果", ["O9", "W01", "2025-04-01", "理论文章", "文章", "", 8, "", ""], "来源期次", "没有 2025 年第 8 次学习"),
    ("成果", ["O9", "W01", "2025-05-09", "政策文件", "文件", "", "", "", "O1"], "来源成果编码", "请填写文号"),
]  # fmt: skip


@pytest.mark.parametrize(("sheet", "line", "column", "words"), REJECTIONS)
def test_a_wrong_row_is_rejected_in_words_and_the_rest_comes_in(
    sheet: str, line: list[Any], column: str, words: str
) -> None:
    rows = sheets()
    rows[sheet].append(line)
    report = look(rows)
    assert report["created"] == 21
    (row,) = report["rejected"]
    assert (row["sheet"], row["row"], row["column"]) == (sheet, len(rows[sheet]) + 1, column)
    assert words in row["reason"] and row["reason"].startswith(f"{sheet} 第 {row['row']} 行：")


def test_every_fault_of_a_row_is_told_at_once() -> None:
    rows = sheets()
    rows["成员"].append(["", "", "书记", "", "x", "2025-13-01", ""])
    (reason,) = reasons(look(rows))
    for column in ("委员会编码", "人员编码", "组内职务", "排名", "起始日期"):
        assert f"“{column}”" in reason


def test_what_hangs_on_a_rejected_row_is_rejected_and_says_on_which() -> None:
    rows = sheets()
    rows["人员"][2] = ["R3", "", "", ""]
    report = look(rows)
    assert [(row["sheet"], row["row"]) for row in report["rejected"]] == [
        ("人员", 4),
        ("成员", 4),
        ("学习秘书", 2),
        ("发言", 3),
    ]
    assert "（人员 第 4 行）未被接受" in report["rejected"][1]["reason"]
    rows = sheets()
    rows["学习场次"][0][12] = "延期"
    told = [(row["sheet"], row["row"]) for row in look(rows)["rejected"]]
    assert told == [("学习场次", 2), ("考勤", 2), ("考勤", 3), ("发言", 2), ("成果", 2), ("成果", 3)]


def test_a_superior_may_stand_below_and_a_ring_is_refused() -> None:
    rows = sheets()
    rows["委员会"] = [
        ["W03", "下级", "", "党组", "县级", "W02", "", "", ""],
        ["W02", "上级", "", "党委", "市级", "", "", "", ""],
        *rows["委员会"],
    ]
    take(rows)
    assert Committee.objects.get(code="W03").path.startswith(Committee.objects.get(code="W02").path)
    report = look(
        {"委员会": [["A", "甲", "", "党组", "", "B", "", "", ""], ["B", "乙", "", "党组", "", "A", "", "", ""]]}
    )
    assert len(report["rejected"]) == 2 and "成了一个圈" in report["rejected"][0]["reason"]


def test_a_closed_year_takes_nothing_in() -> None:
    take(sheets(年度计划=[], 学习场次=[], 考勤=[], 发言=[], 成果=[]))
    Period.objects.create(committee=Committee.objects.get(), year=2025, stage=PeriodStage.CLOSED)
    report = look(sheets())
    assert report["created"] == 0
    assert {row["sheet"] for row in report["rejected"]} >= {"年度计划", "学习场次"}
    assert "2025年度已截止" in report["rejected"][0]["reason"]


def test_a_record_with_minutes_is_changed_by_correction_only() -> None:
    from sessions_app.minutes.models import Minutes

    take(sheets())
    Minutes.objects.create(study_session=StudySession.objects.get(day=date(2025, 3, 12)))
    rows = sheets()
    rows["学习场次"][0][8] = "别的主题"
    rows["考勤"][0][4] = "缺席"
    report = take(rows)
    assert report["updated"] == 0
    assert all("更正" in reason for reason in reasons(report)) and len(reasons(report)) == 2


def test_a_secretary_imports_into_the_own_committee_only() -> None:
    take(sheets())
    own = Committee.objects.get(code="W01")
    user = secretary_of(own)
    other = sheets()
    other["委员会"] = [["W02", "另一党组", "", "党组", "", "", "", "", ""]]
    for name in ("成员", "学习秘书", "年度计划", "学习场次", "考勤", "发言", "成果"):
        other[name] = [["W02" if cell == "W01" else cell for cell in line] for line in other[name]]
    take(other)
    new = ["W01", 2025, 4, "2025-11-11", "", "", "", "", "自己的", "研讨交流学", "", "", "已召开", ""]
    report = take({
        "委员会": [["W03", "想新建", "", "党组", "", "", "", "", ""]],
        "学习场次": [new, ["W02", *new[1:]]], "成员": [["W02", "R3", "组长", "", "", "2025-05-20", ""]],
    }, user=user)  # fmt: skip
    assert report["created"] == 1
    assert [(row["sheet"], row["row"]) for row in report["rejected"]] == [("委员会", 2), ("成员", 2), ("学习场次", 3)]
    assert Membership.objects.get(committee__code="W02", person__code="R3").group_role == "MEMBER"


def test_a_secretary_cannot_rename_people_of_others() -> None:
    take(sheets())
    user = secretary_of(Committee.objects.get(code="W01"))
    Person.objects.create(code="X1", name="外单位人")
    report = take({"人员": [["X1", "改名", "", ""], ["R1", "张三丰", "", ""], ["N1", "新同志", "", ""]]}, user=user)
    assert (report["created"], report["updated"]) == (1, 1)
    assert Person.objects.get(code="X1").name == "外单位人"


def test_a_reviewer_imports_into_the_subtree() -> None:
    from roster.accounts.roles import Role

    take(sheets())
    top = Committee.objects.get(code="W01")
    user = granted(Role.REVIEWER, top)
    report = take({"委员会": [["W11", "下属", "", "党组", "县级", "W01", "", "", ""]],
                   "学习秘书": [["W11", "R1", "2025-01-01", ""]]}, user=user)  # fmt: skip
    assert report["created"] == 2, reasons(report)


def test_membership_that_changes_moves_the_counts_of_old_sessions() -> None:
    take(sheets())
    take({"成员": [["W01", "R3", "成员", "", "", "2025-05-20", "2025-06-01"]]})
    assert Participation.objects.get(number=2).expected_marks == 4


def test_queries_do_not_grow_with_rows() -> None:
    take(sheets())

    def count(n: int, first: int) -> int:
        rows = {
            "人员": [[f"Q{first + i}", "某某", "", ""] for i in range(n)],
            "成员": [["W01", f"Q{first + i}", "成员", "", "", "2024-01-01", ""] for i in range(n)],
            "考勤": [["W01", 2025, 1, f"Q{first + i}", "请假", "", ""] for i in range(n)],
            "发言": [["W01", 2025, 1, f"Q{first + i}", "书面", "题"] for i in range(n)],
            "成果": [[f"QO{first + i}", "W01", "2025-04-01", "心得体会", "题", "", 1, "", ""] for i in range(n)],
        }
        with CaptureQueriesContext(connection) as caught:
            report = take(rows)
        assert report["created"] == 5 * n, reasons(report)
        return len(caught)

    count(3, 0)
    assert count(10, 100) == count(100, 1000)


def test_chair_that_cannot_be_told_is_a_warning() -> None:
    rows = sheets()
    rows["学习场次"][0][10] = "某领导"
    report = take(rows)
    assert reasons(report) == []
    assert "主持人“某领导”不能确定是谁" in report["warnings"][0]["reason"]
    assert take(rows)["updated"] == 0


def test_secretaries_follow() -> None:
    take(sheets())
    assert StudySecretary.objects.get().person.name == "王五"
