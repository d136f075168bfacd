"""The pages: upload, preview, import once, rejected rows back, undo while nothing was built on it, export in scope."""

import io
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from roster.accounts.models import User
from roster.accounts.roles import Role
from roster.audit.models import AuditEvent
from roster.audit.moves import Refused
from roster.committees.models import Committee
from roster.people.models import Membership, Person
from sessions_app.attendance.models import AttendanceMark
from sessions_app.jobs import work
from sessions_app.jobs.models import Job, JobStage
from sessions_app.minutes.models import Minutes
from sessions_app.outcomes.models import Outcome
from sessions_app.sessions.models import Participation, StudySession
from sessions_app.workbooks import actions, handlers
from sessions_app.workbooks.models import ImportRun, ImportStage
from tests.build import AT, committee, granted, secretary_of
from tests.sessions_app.workbooks.making import Rows, sheets, take, workbook

pytestmark = pytest.mark.django_db


@pytest.fixture
def city() -> Committee:
    return committee("测试市委", code="CITY", since=date(2000, 1, 1))


@pytest.fixture
def reviewer(city: Committee) -> User:
    return granted(Role.REVIEWER, city)


def of_city(rows: Rows) -> Rows:
    rows["委员会"][0][5] = "CITY"
    return rows


def file(rows: Rows, name: str = "名册.xlsx") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, workbook(rows).getvalue())


def uploaded(rows: Rows, by: User) -> ImportRun:
    run = actions.upload(file=file(rows), by=by, at=AT)
    return actions.look(run, by=by, at=AT)


def test_a_reviewer_imports_a_roster(client: Client, reviewer: User) -> None:
    client.force_login(reviewer, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(reverse("import_new"))
    assert "非涉密系统" in page.content.decode()
    rows = of_city(sheets())
    rows["人员"].append(["R9", "", "", ""])
    answer = client.post(reverse("import_new"), {"file": file(rows)})
    run = ImportRun.objects.get()
    assert answer.status_code == 302 and answer["Location"] == reverse("import_run", args=[run.pk])
    text = client.get(answer["Location"]).content.decode()
    assert "人员 第 5 行：“姓名”不能为空，请补填。" in text and "市发展和改革委员会党组" in text
    assert not Person.objects.filter(code="R1").exists()
    client.post(reverse("import_commit", args=[run.pk]))
    client.post(reverse("import_commit", args=[run.pk]))  # the second click
    run.refresh_from_db()
    assert run.stage == ImportStage.COMMITTED and Person.objects.filter(code="R1").count() == 1
    assert AuditEvent.objects.filter(subject_type="importrun", verb="import").count() == 1
    back = client.get(reverse("import_rejected", args=[run.pk]))
    sheet = load_workbook(io.BytesIO(back.content))["人员"]
    assert [cell.value for cell in sheet[1]][-1] == "未导入原因" and "不能为空" in sheet["E2"].value
    assert [cell.value for cell in sheet[2]][0] == "R9"
    assert client.get(reverse("import_list")).status_code == 200


def test_changes_are_shown_before_and_after(client: Client, reviewer: User) -> None:
    rows = of_city(sheets())
    actions.take_in(uploaded(rows, reviewer), by=reviewer, at=AT)
    rows["成员"][1][3] = "党组副书记"
    run = uploaded(rows, reviewer)
    client.force_login(reviewer, backend="django.contrib.auth.backends.ModelBackend")
    text = client.get(reverse("import_run", args=[run.pk])).content.decode()
    assert "<del>党组成员</del>" in text and "<ins>党组副书记</ins>" in text


def test_a_file_that_is_no_workbook_is_refused_in_words(client: Client, reviewer: User) -> None:
    client.force_login(reviewer, backend="django.contrib.auth.backends.ModelBackend")
    answer = client.post(reverse("import_new"), {"file": SimpleUploadedFile("a.xlsx", b"hello")}, follow=True)
    assert "这不是 Excel 工作簿，请上传 .xlsx 文件。" in answer.content.decode()
    answer = client.post(reverse("import_new"), {"file": SimpleUploadedFile("a.csv", b"hello")})
    assert answer.status_code == 422 and "只能导入 .xlsx 文件" in answer.content.decode()
    answer = client.post(reverse("import_new"), {})
    assert answer.status_code == 422 and "请先选择工作簿" in answer.content.decode()


def test_an_import_is_taken_back_whole(reviewer: User, city: Committee) -> None:
    run = actions.take_in(uploaded(of_city(sheets()), reviewer), by=reviewer, at=AT)
    actions.undo(run, by=reviewer, at=AT)
    assert list(Committee.objects.values_list("code", flat=True)) == ["CITY"]
    assert not Membership.objects.exists() and not StudySession.objects.exists() and not AttendanceMark.objects.exists()
    assert not Outcome.objects.exists()
    assert ImportRun.objects.get().stage == ImportStage.UNDONE
    again = actions.take_in(uploaded(of_city(sheets()), reviewer), by=reviewer, at=AT)
    assert again.report["created"] == 21


def test_changes_are_taken_back_too(reviewer: User) -> None:
    actions.take_in(uploaded(of_city(sheets()), reviewer), by=reviewer, at=AT)
    rows = of_city(sheets())
    rows["人员"][0][2] = "13900000009"
    rows["成员"][2][6] = "2025-06-01"
    rows["考勤"][0][4] = "视频参会"
    rows["考勤"].append(["W01", 2025, 2, "R3", "出席", "", ""])
    del rows["成员"][2]
    run = actions.take_in(uploaded(rows, reviewer), by=reviewer, at=AT)
    assert Participation.objects.get(number=2).present_marks == 4
    actions.undo(run, by=reviewer, at=AT)
    assert Person.objects.get(code="R1").phone == "13900000001"
    first, second = Participation.objects.filter(number__in=[1, 2]).order_by("number")
    assert (first.video_marks, second.present_marks, second.unmarked_marks) == (0, 2, 2)


def test_undo_is_refused_once_something_stands_on_it(reviewer: User) -> None:
    run = actions.take_in(uploaded(of_city(sheets()), reviewer), by=reviewer, at=AT)
    Minutes.objects.create(study_session=StudySession.objects.get(day=date(2025, 3, 12)))
    person = Person.objects.get(code="R1")
    person.phone = ""
    person.save_changed()
    with pytest.raises(Refused) as caught:
        actions.undo(run, by=reviewer, at=AT)
    said = "".join(caught.value.reasons)
    assert "学习记录" in said and "1 项人员被改动过" in said
    assert StudySession.objects.count() == 3 and ImportRun.objects.get().stage == ImportStage.COMMITTED


def test_the_second_of_two_imports_is_refused(reviewer: User) -> None:
    run = uploaded(of_city(sheets()), reviewer)
    actions.take_in(run, by=reviewer, at=AT)
    with pytest.raises(Refused):
        actions.take_in(run, by=reviewer, at=AT)


def test_a_large_file_goes_to_a_worker_and_is_imported_once(reviewer: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "LARGE", 0)
    handlers.register()
    run = actions.upload(file=file(of_city(sheets())), by=reviewer, at=AT)
    job = actions.start_look(run, by=reviewer, at=AT)
    assert job is not None
    work.drain(job.pk, 10)
    run.refresh_from_db()
    assert run.stage == ImportStage.PREVIEWED and run.report["created"] == 21
    job = actions.start_import(run, by=reviewer, at=AT)
    assert job is not None and actions.start_import(run, by=reviewer, at=AT).pk == job.pk
    work.drain(job.pk, 10)
    handler = handlers.TakeIn()
    handler.step(job, job.steps.get())  # a task that runs twice
    assert Job.objects.get(pk=job.pk).stage == JobStage.DONE and StudySession.objects.count() == 3


def test_imports_of_others_do_not_exist(client: Client, reviewer: User, city: Committee) -> None:
    run = uploaded(of_city(sheets()), reviewer)
    stranger = secretary_of(committee("别的党组"))
    client.force_login(stranger, backend="django.contrib.auth.backends.ModelBackend")
    for name in ("import_run", "import_rejected", "import_progress"):
        assert client.get(reverse(name, args=[run.pk])).status_code == 404
    for name in ("import_commit", "import_undo", "import_look"):
        assert client.post(reverse(name, args=[run.pk])).status_code == 404


def test_export_holds_only_what_is_in_reach(client: Client) -> None:
    take(sheets())
    take({"委员会": [["W02", "另一党组", "", "党组", "", "", "", "", ""]]})
    user = secretary_of(Committee.objects.get(code="W01"))
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(reverse("workbook_export")).status_code == 200
    answer = client.get(reverse("workbook_export"), {"download": "1"})
    book = load_workbook(io.BytesIO(answer.content))
    assert [row[0].value for row in book["委员会"].iter_rows(min_row=2)] == ["W01"]
    assert book["考勤"].max_row == 5
    assert AuditEvent.objects.filter(verb="export").count() == 1
    other = Committee.objects.get(code="W02")
    refused = client.get(reverse("workbook_export"), {"download": "1", "committee": other.pk})
    assert refused["Content-Type"].startswith("text/html")
    assert client.get(reverse("workbook_template")).status_code == 200
