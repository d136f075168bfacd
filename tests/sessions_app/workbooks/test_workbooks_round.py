"""What a page can set comes out with the export and back in with the import: every field, by introspection."""

import inspect
import io
from typing import Any

import pytest
from django import forms as django_forms
from django.db import transaction

from roster.committees import forms as committee_forms
from roster.committees.models import Committee
from roster.people import forms as people_forms
from roster.people.models import Membership, Person, StudySecretary
from sessions_app.attendance import forms as attendance_forms
from sessions_app.attendance.models import AttendanceMark, MakeUpStudy
from sessions_app.outcomes import forms as outcome_forms
from sessions_app.outcomes.models import Outcome
from sessions_app.plans import forms as plan_forms
from sessions_app.plans.models import PlanItem, StudyPlan
from sessions_app.sessions import forms as session_forms
from sessions_app.sessions.models import (
    AgendaItem,
    ExtraParticipant,
    Participation,
    SessionPart,
    Speech,
    StudyMaterial,
    StudySession,
)
from sessions_app.workbooks import export
from sessions_app.workbooks.export import Wanted
from sessions_app.workbooks.rules import SHEETS
from tests.build import DAY
from tests.sessions_app.workbooks.making import reasons, sheets, take

pytestmark = pytest.mark.django_db
MODELS = (
    Committee, Person, Membership, StudySecretary, StudyPlan, PlanItem, StudySession, SessionPart, AgendaItem, StudyMaterial,
    ExtraParticipant, Participation, AttendanceMark, MakeUpStudy, Speech, Outcome,
)  # fmt: skip
# Fields whose value is the row's own place in the base, or follows from the others.
OF_THE_BASE = {"id", "version", "path", "pinyin", "created_at", "updated_at"}


def full() -> dict[str, list[list[Any]]]:
    """Every sheet with something in every column."""
    rows = sheets()
    more: dict[str, list[Any]] = {
        "委员会": ["是"], "成员": ["是", "调任"],
        "年度计划": ["《文选》\n《讲话》", "张三", "办公室", "某调研", "机动", "学懂弄通", "每季一次"],
        "学习场次": [
            "专家辅导", 3, "王五", "李某", "先读原文", "请假报组长", "是", "《文选》\n《内部通报》｜限定范围传达｜2025-03-01",
            "领学｜读原文｜R1｜20\n总结讲话｜总结", "赵某｜市委党校教授｜外请报告人\n钱某", "2025-03-12｜09:00｜11:30｜0.5\n2025-03-14｜14:00｜16:00｜0.5",
        ],
        "发言": ["提纲\n第二段", "联系分管工作", "建议一条"],
    }  # fmt: skip
    for name, cells in more.items():
        rows[name][0] = [*rows[name][0], *cells]
    rows["考勤"][0] = [*rows["考勤"][0], "", "是", "是"]
    rows["考勤"][1] = [*rows["考勤"][1], "", "", "", "2025-03-18", "自学原文", "读了文选", "有体会"]
    rows["成员"][0][6] = "2026-01-31"
    return rows


def book(rows: dict[str, list[list[Any]]]) -> io.BytesIO:
    import xlsxwriter

    data = io.BytesIO()
    made = xlsxwriter.Workbook(data, {"in_memory": True})
    for name, lines in rows.items():
        sheet = made.add_worksheet(name)
        for place, column in enumerate([*SHEETS[name].columns, *SHEETS[name].more]):
            sheet.write_string(0, place, column.label)
        for number, line in enumerate(lines, start=1):
            for place, value in enumerate(line):
                if value != "":
                    sheet.write(number, place, value)
    made.close()
    data.seek(0)
    return data


def everything() -> dict[str, list[dict[str, Any]]]:
    """All values of all models, with natural words for the keys of others."""
    found = {}
    for model in MODELS:
        rows = []
        for row in model._default_manager.all():
            values = {}
            for field in model._meta.concrete_fields:
                if field.name in OF_THE_BASE:
                    continue
                value = getattr(row, field.name)
                values[field.name] = str(value) if field.is_relation else value
            rows.append(values)
        found[model.__name__] = sorted(rows, key=repr)
    return found


def test_the_export_brings_every_field_back() -> None:
    data = io.BytesIO()
    mark = transaction.savepoint()
    report = take(book(full()))
    assert reasons(report) == [] and report["unread"] == []
    before = everything()
    export.export(data, Wanted(today=DAY))
    transaction.savepoint_rollback(mark)
    assert not Committee.objects.exists()
    data.seek(0)
    report = take(data)
    assert reasons(report) == [] and report["unread"] == []
    assert everything() == before
    data.seek(0)
    again = take(data)
    assert (again["created"], again["updated"], again["warnings"]) == (0, 0, [])


def test_every_further_column_is_filled_in_that_test() -> None:
    """So that a column added later cannot be forgotten in it."""
    for name, sheet in SHEETS.items():
        wide = max((len(line) for line in full().get(name, [])), default=0)
        assert not sheet.more or wide == len(sheet.columns) + len(sheet.more), name


HIDDEN = {"version", "form_token", "typed_fields", "id", "DELETE", "q"}
# Form field → heading of the sheet, where their labels differ.
CALLED = {
    "学习主题": "主题", "计划条目": "计划序号", "开始": "开始时间", "结束": "结束时间", "扩大学习（有成员以外的同志列席）": "扩大学习",
    "环节": "议程", "内容": "议程", "负责人": "议程", "分钟": "议程", "篇目": "学习篇目", "发布方式": "学习篇目", "发送日期": "学习篇目",
    "单位及职务": "列席人员", "外请报告人": "列席人员", "联系实际、分管工作": "联系实际", "第一责任人（书记）": "第一责任人",
    "参照《规则》执行（不属于规则直接适用的范围）": "参照执行", "新名称": "名称", "新简称": "简称", "载体或文号": "文号",
    "由哪项成果转化": "来源成果编码", "来源学习": "来源期次", "发言人": "人员编码", "委员会": "委员会编码", "上级委员会": "上级编码",
}  # fmt: skip
# Asked by a page and not carried, each with its reason.
NOT_CARRIED = {
    "照抄上一年度计划的专题和文字": "a way to fill the form, kept nowhere",
    "文件": "files are not cells; the volume's ZIP carries them",
}
FORMS = (
    plan_forms.HeadForm, plan_forms.ItemForm, session_forms.SessionForm, session_forms.PartForm, session_forms.AgendaForm,
    session_forms.MaterialForm, session_forms.ExtraForm, session_forms.SpeechAddForm, session_forms.SpeechForm,
    people_forms.NewPersonForm, people_forms.TermFields, people_forms.EditMemberForm, committee_forms.NewCommitteeForm,
    committee_forms.RenameForm, attendance_forms.MakeUpForm, outcome_forms.OutcomeForm,
)  # fmt: skip


def test_every_field_of_these_forms_has_its_column() -> None:
    headings = {column.heading for sheet in SHEETS.values() for column in (*sheet.columns, *sheet.more)}
    lost = []
    for form in FORMS:
        assert inspect.isclass(form) and issubclass(form, django_forms.Form)
        for name, field in form.base_fields.items():
            label = str(field.label or "")
            if name in HIDDEN or field.widget.is_hidden or label in NOT_CARRIED:
                continue
            if CALLED.get(label, label) not in headings:
                lost.append((form.__name__, name, label))
    assert lost == []


def test_lists_of_a_session_already_there_are_not_changed_in_silence() -> None:
    take(book(full()))
    rows = {"学习场次": full()["学习场次"][:1]}
    rows["学习场次"][0][14 + 7] = "《另一篇》"
    report = take(book(rows))
    assert report["unchanged"] == 1 and [row["column"] for row in report["warnings"]] == ["学习篇目"]
    assert StudyMaterial.objects.filter(title="《文选》").exists()
