"""考核评分表 and 约谈记录 in print: what is unknown says so, a unit reads what was verified once it is published."""

import io
import re
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pypdf
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from roster.accounts.models import User
from roster.accounts.roles import Role
from sessions_app.assessment import run_actions
from sessions_app.assessment.models import Commitment, InterviewStage, LeaderInterview
from sessions_app.papers import frozen_assessment, typeset
from sessions_app.papers.models import IssuedPaper
from tests import build
from tests.sessions_app.assessment import runs

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _prepared(settings: Any, tmp_path: Any) -> None:
    settings.CLOCK = runs.AT
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}},
    }


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def text_of(content: bytes) -> str:
    return re.sub(r"\s+", "", "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages))


def items(facts: dict[str, Any]) -> list[dict[str, Any]]:
    return [item for indicator in facts["indicators"] for item in indicator["items"]]


def printed(user: User, kind: str, pk: int) -> Any:
    return browser(user).get(reverse("paper_print", args=[kind, pk]))


def test_the_sheet_says_item_by_item_what_was_reckoned_said_and_verified() -> None:
    run = runs.published()
    facts = frozen_assessment.scores(run.sheet(0))
    assert [(row["max"], row["self"], row["verified"]) for row in items(facts)] == [
        ("30", "30", "30"), ("10", "10", "10"), ("60", "52", "46.5"),
    ]  # fmt: skip
    assert facts["total"] == "86.5" and facts["converted"] == "8.65" and facts["weight"] == "10"
    assert facts["median"] and facts["departments"] == [run.city.path]
    assert "rank" not in facts, "a unit sees itself and the median"
    text = text_of(typeset.single("scores", facts).pdf)
    for word in (
        "第1单位2026年度",
        "云州市委",
        "一、计划制订（权重30）",
        "三、研讨深度（权重60）",
        "46.5",
        "86.5",
        "8.65",
        "见记录",
    ):
        assert word in text, word


def test_what_nobody_knows_is_to_be_filled_in() -> None:
    run = runs.computed()
    facts = frozen_assessment.scores(run.sheet(0))
    manual = items(facts)[2]
    assert (manual["system"], manual["self"], manual["verified"]) == ("", "", "") and facts["total"] == ""
    text = text_of(typeset.single("scores", facts).pdf)
    assert "60待补待补待补" in text and "总分待补" in text and "折算分（占10%）待补" in text


def test_a_unit_reads_what_was_verified_once_it_is_published() -> None:
    run = runs.reviewed()
    run.verify(0, "30", "10", "46.5")
    sheet, unit = run.sheet(0), run.by_unit[0]
    assert "46.5" in text_of(printed(run.reviewer, "scores", sheet.pk).content)
    before = printed(unit, "scores", sheet.pk)
    assert before.status_code == 200 and "46.5" not in text_of(before.content)
    assert "52" in text_of(before.content), "its own score it knows"
    for index in range(1, len(run.units)):
        run.verify(index, "30", "10", "45")
    run_actions.publish(run.fresh(), version=run.row.version, by=run.reviewer, at=runs.AT)
    assert "46.5" in text_of(printed(unit, "scores", sheet.pk).content)
    assert printed(run.by_unit[1], "scores", sheet.pk).status_code == 404, "another unit's"


def test_the_department_issues_it_once_published_and_unit_and_department_read_it() -> None:
    run = runs.reviewed()
    sheet = run.sheet(0)
    address = reverse("paper_issue", args=["scores", sheet.pk])
    said = browser(run.reviewer).post(address, follow=True).content.decode()
    assert "还没有公示" in said and not IssuedPaper.objects.exists()
    for index in range(len(run.units)):
        run.verify(index, "30", "10", str(Decimal("46.5") - index))
    run_actions.publish(run.fresh(), version=run.row.version, by=run.reviewer, at=runs.AT)
    assert browser(run.by_unit[0]).post(address).status_code == 404, "a unit does not issue its own sheet"
    browser(run.reviewer).post(address)
    paper = IssuedPaper.objects.get()
    assert (paper.committee, paper.year, paper.subject_id) == (run.units[0], 2026, sheet.pk)
    page = reverse("paper", args=[paper.pk])
    above = build.committee("省委")
    type(run.city).objects.filter(pk=run.city.pk).update(parent=above)
    assert browser(run.reviewer).get(page).status_code == 200
    assert browser(run.by_unit[0]).get(page).status_code == 200
    assert browser(run.by_unit[1]).get(page).status_code == 404
    erratum = reverse("erratum_new", args=[paper.pk])
    assert browser(run.by_unit[0]).post(erratum, {"text": "错"}).status_code == 404
    again = browser(run.reviewer).post(reverse("paper_verify", args=[paper.pk]), follow=True).content.decode()
    assert "逐字节相同" in again


def test_a_sheet_costs_the_same_however_many_items() -> None:
    def queries(run: runs.Run) -> int:
        sheet = type(run.sheet(0)).objects.select_related(
            "assessment__committee", "assessment__scheme", "committee"
        ).prefetch_related("lines").get(pk=run.sheet(0).pk)  # fmt: skip
        with CaptureQueriesContext(connection) as caught:
            frozen_assessment.scores(sheet)
        return len(caught)

    few = queries(runs.published(1))
    indicators = [
        {"name": f"指标{n}", "weight": "5", "items": [
            {"name": f"项{n}", "max": "5", "primitive": "MANUAL", "basis": "", "params": {"hint": ""}},
        ]}
        for n in range(20)
    ]  # fmt: skip
    many = runs.opened(1, content={**runs.CONTENT, "title": "另一办法", "indicators": indicators})
    run_actions.compute(many.row, by=many.reviewer, at=runs.AT)
    assert len(items(frozen_assessment.scores(many.sheet(0)))) == 20
    assert queries(many) <= few


def test_a_long_sheet_repeats_its_head_and_splits_no_row() -> None:
    run = runs.published(1)
    facts = frozen_assessment.scores(run.sheet(0))
    row = {**items(facts)[2], "name": "很长的评分项" * 9, "reason": "很长的理由" * 20}
    facts["indicators"] = [{"name": f"指标{n}", "weight": "10", "items": [row] * 5} for n in range(10)]
    made = typeset.single("scores", facts)
    pages = [re.sub(r"\s+", "", page.extract_text()) for page in pypdf.PdfReader(io.BytesIO(made.pdf)).pages]
    with_rows = [page for page in pages if "很长的评分项" in page]
    assert len(with_rows) > 4 and all("自评说明、复核理由" in page for page in with_rows)
    assert all(page.count("很长的理由") % 20 == 0 for page in with_rows), "a row stands on one page"


# ------------------------------------------------------------------------------------------------------ interview


def talk(run: runs.Run, **more: Any) -> LeaderInterview:
    leader = build.leader_of(run.units[0], on=runs.AT.date()).person
    row = LeaderInterview.objects.create(
        department=run.city, committee=run.units[0], year=2026, reason="连续两年列最低组", suggested_at=runs.AT,
        results=[{"year": 2025, "rank": 3, "of": 3, "score": "61.2", "source": "年度考核"}], stage=InterviewStage.HELD,
        decided_by=run.reviewer, decided_at=runs.AT, held_on=runs.AT.date(), place="三楼", interviewer=run.reviewer.person,
        interviewee=leader, record='谈话如下。<img src="http://127.0.0.1:9/x">', **more,
    )  # fmt: skip
    Commitment.objects.create(interview=row, order=1, text="每季度至少一次", due_on=date(2027, 3, 31))
    return row


def test_an_interview_is_read_by_the_leader_and_the_department_and_by_no_other() -> None:
    run = runs.make()
    row = talk(run)
    leader = User.objects.get(person=row.interviewee).act(on=runs.AT.date())
    text = text_of(printed(run.reviewer, "interview", row.pk).content)
    for word in (
        "约谈记录",
        "连续两年列最低组",
        "61.2",
        "每季度至少一次",
        "2027年3月31日前完成",
        '<imgsrc="http://127.0.0.1:9/x">',
    ):
        assert word in text, word
    assert printed(leader, "interview", row.pk).status_code == 200
    assert printed(run.by_unit[0], "interview", row.pk).status_code in (403, 404), "the secretary does not read it"
    address = reverse("paper_issue", args=["interview", row.pk])
    assert browser(leader).post(address).status_code == 404
    browser(run.reviewer).post(address)
    page = reverse("paper", args=[IssuedPaper.objects.get().pk])
    assert browser(leader).get(page).status_code == 200 and browser(run.reviewer).get(page).status_code == 200
    assert browser(build.granted(Role.HEAD, run.city, on=runs.AT.date())).get(page).status_code == 200
    assert browser(run.by_unit[0]).get(page).status_code == 404
    assert browser(run.by_unit[1]).get(page).status_code == 404


def test_an_interview_that_was_not_held_is_not_issued() -> None:
    run = runs.make()
    row = talk(run)
    LeaderInterview.objects.update(stage=InterviewStage.CONFIRMED)
    said = browser(run.reviewer).post(reverse("paper_issue", args=["interview", row.pk]), follow=True).content.decode()
    assert "还没有约谈" in said and not IssuedPaper.objects.exists()


def test_the_command_issues_scores_and_interviews(tmp_path: Path) -> None:
    run = runs.reviewed(1)
    given: dict[str, Any] = {"year": 2026, "committee": run.units[0].code, "output": str(tmp_path / "x.pdf")}
    for kind in ("scores", "interview"):
        with pytest.raises(CommandError, match="没有"):
            call_command("issue_paper", kind, **given)
    for index in range(len(run.units)):
        run.verify(index, "30", "10", "46.5")
    run_actions.publish(run.fresh(), version=run.row.version, by=run.reviewer, at=runs.AT + timedelta(hours=1))
    talk(run)
    for kind in ("scores", "interview"):
        call_command("issue_paper", kind, **given)
    assert sorted(IssuedPaper.objects.values_list("kind", flat=True)) == ["interview", "scores"]
