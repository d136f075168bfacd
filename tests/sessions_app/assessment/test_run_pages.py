"""Pages of a run: what each role sees, the moves from the page, the order of units for reviewers and heads alone."""

from datetime import date
from decimal import Decimal
from io import BytesIO

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from roster.accounts.roles import Role
from roster.audit.models import AuditEvent
from roster.people.models import GroupRole
from sessions_app.assessment import run_actions as actions
from sessions_app.assessment.models import Assessment, AssessmentSheet, AssessmentStage
from tests import build
from tests.sessions_app.assessment import runs
from tests.sessions_app.assessment.runs import AT, D, Run

pytestmark = pytest.mark.django_db
END = build.at(date(2026, 12, 29))  # the term of objections ended on Monday the 28th


@pytest.fixture(autouse=True)
def clock(settings) -> None:
    settings.CLOCK = AT


def as_(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def head(run: Run):
    return build.granted(Role.HEAD, run.city, on=AT.date())


def leader(run: Run, index: int = 0):
    return build.account(build.member(run.units[index], role=GroupRole.LEADER, rank=1).person, on=AT.date())


def move(run: Run, verb: str, **more: object):
    run.fresh()
    return as_(run.reviewer).post(
        f"/assessment/{run.row.pk}/move/", {"verb": verb, "version": run.row.version, **more}, follow=True
    )


# --------------------------------------------------------------------------------------------------------------- home
def test_the_department_sees_its_runs_and_a_unit_its_own_years() -> None:
    run = runs.published()
    text = as_(run.reviewer).get("/assessment/").text
    assert "2026年度考核" in text and "新建考核" in text and "4/4" in text
    text = as_(head(run)).get("/assessment/").text
    assert "2026年度考核" in text and "新建考核" not in text
    for user in (run.by_unit[1], leader(run, 1)):
        text = as_(user).get("/assessment/").text
        assert "85.50" in text and "85.00" in text, "its own and the median"
        assert "86.50" not in text and "第1单位" not in text and "名次" not in text
        assert "高 0.50" in text


def test_a_unit_sees_nothing_of_a_result_before_it_is_published() -> None:
    run = runs.reviewed()
    run.verify(0, "30", "10", "46.5")
    text = as_(run.by_unit[0]).get("/assessment/").text
    assert "复核" in text and "86.5" not in text
    run2 = runs.computed()
    assert "2026年度考核" not in as_(run2.by_unit[0]).get("/assessment/").text


# ---------------------------------------------------------------------------------------------------------------- new
def test_a_run_is_made_from_the_page_once() -> None:
    run = runs.make()
    client = as_(run.reviewer)
    assert client.get("/assessment/new/").status_code == 200
    sent = {"department": run.city.pk, "year": 2026, "as_of": "2026-12-20", "form_token": "a" * 36}
    for _ in range(2):
        answer = client.post("/assessment/new/", sent)
        assert answer.status_code == 302
    assert Assessment.objects.count() == 1
    answer = client.post("/assessment/new/", {**sent, "form_token": "b" * 36, "as_of": "2025-12-20"})
    assert answer.status_code == 422 and "应在 2026 年之内" in answer.text


def test_only_a_reviewer_of_the_department_makes_one() -> None:
    run = runs.make()
    for user in (head(run), run.by_unit[0]):
        assert as_(user).get("/assessment/new/").status_code == 404
    elsewhere = build.granted(Role.REVIEWER, build.committee("别处"), on=AT.date())
    sent = {"department": run.city.pk, "year": 2026, "as_of": "2026-12-20"}
    assert as_(elsewhere).post("/assessment/new/", sent).status_code == 422
    assert not Assessment.objects.exists()


# --------------------------------------------------------------------------------------------------------- its moves
def test_the_page_leads_from_the_first_step_to_the_last(settings) -> None:
    run = runs.opened()
    client = as_(run.reviewer)

    def page() -> str:
        text = as_(run.reviewer).get(f"/assessment/{run.row.pk}/").text
        assert text.count("btn btn-primary") == 1
        return text

    assert "下一步：核算" in page()
    assert "已核算" in move(run, "compute").text
    for index in range(4):
        run.count(index)
    assert "下一步：发起自评" in page() and "2027-01-04" in page(), "ten working days by the local rule"
    move(run, "open_self", due_on="2026-12-25")
    text = client.get(f"/assessment/{run.row.pk}/").text
    assert "还有 4 家没有自评，自评截止12月25日" in text and "btn btn-primary" not in text
    for index in range(4):
        run.self_score(index, "30", "10", "52")
    assert "下一步：转入复核" in page()
    move(run, "start_review")
    text = client.get(f"/assessment/{run.row.pk}/").text
    assert "下一步：公示" in text and "还有 4 家没有复核" in text and "btn btn-primary" not in text
    for index in range(4):
        run.verify(index, "30", "10", str(D("46.5") - index))
    assert "看不到其他单位" in page()
    move(run, "publish")
    assert "申诉期到12月28日" in client.get(f"/assessment/{run.row.pk}/").text
    settings.CLOCK = END
    assert "下一步：定稿" in page()
    assert "已定稿" in move(run, "finalise").text
    assert "导出结果" in page() and run.fresh().stage == AssessmentStage.FINAL


def test_a_move_out_of_turn_or_stale_is_refused_in_words() -> None:
    run = runs.weighing()
    assert "不能公示" in move(run, "publish").text
    stale = as_(run.reviewer).post(f"/assessment/{run.row.pk}/move/", {"verb": "compute", "version": 1}, follow=True)
    assert "已被他人改动" in stale.text
    assert (
        as_(run.reviewer).post(f"/assessment/{run.row.pk}/move/", {"verb": "delete", "version": 1}).status_code == 404
    )
    for user in (head(run), run.by_unit[0]):
        sent = {"verb": "start_review", "version": run.row.version}
        assert as_(user).post(f"/assessment/{run.row.pk}/move/", sent).status_code == 404


def test_units_are_filtered_by_what_is_missing() -> None:
    run = runs.weighing()
    client, base = as_(run.reviewer), f"/assessment/{run.row.pk}/"
    run.self_score(0, "30", "10", "52")

    def units(query: str) -> list[str]:
        return [str(row.committee) for row in client.get(base + query).context["page_obj"]]

    assert units("?state=unself") == ["第2单位", "第3单位", "云州市委"] or len(units("?state=unself")) == 3
    assert len(units("?state=unverified")) == 4 and units("?state=objected") == []
    assert len(units("?state=missing")) == 4, "nobody has scored what people score"
    actions.ask_bonus(run.sheet(1), points=D(2), reason="获奖", by=run.by_unit[1], at=AT)
    assert units("?state=bonus") == ["第2单位"] and units("?q=第3") == ["第3单位"]


def test_query_counts_do_not_grow() -> None:
    counted = []
    for size in (2, 18):
        run = runs.published(size)
        client, unit = as_(run.reviewer), as_(run.by_unit[0])
        row = []
        for who, address in (
            (client, "/assessment/"), (client, f"/assessment/{run.row.pk}/"), (client, f"/assessment/{run.row.pk}/ranking/"),
            (client, f"/assessment/{run.row.pk}/export/"), (unit, "/assessment/"), (client, f"/assessment/sheets/{run.sheet().pk}/"),
        ):  # fmt: skip
            who.get(address)
            with CaptureQueriesContext(connection) as queries:
                assert who.get(address).status_code == 200
            row.append(len(queries))
        counted.append(row)
    assert counted[0] == counted[1]


# ------------------------------------------------------------------------------------------------------------ ranking
def test_ties_share_a_rank_and_are_said() -> None:
    run = runs.reviewed()
    for index, depth in enumerate(("46.5", "40", "40", "30")):
        run.verify(index, "30", "10", depth)
    actions.publish(run.fresh(), version=run.row.version, by=run.reviewer, at=AT)
    page = as_(head(run)).get(f"/assessment/{run.row.pk}/ranking/")
    assert [row.rank for row in page.context["page_obj"]] == [1, 2, 2, 4]
    assert page.text.count("并列") == 2 and "8.65" in page.text


def test_nobody_but_reviewers_and_heads_sees_the_order() -> None:
    run = runs.published()
    paths = [f"/assessment/{run.row.pk}/{tail}" for tail in ("", "ranking/", "export/")]
    paths += ["/assessment/others/"]
    for user in (run.by_unit[0], leader(run), build.granted(Role.REVIEWER, build.committee("别处"), on=AT.date())):
        for path in paths[:3]:
            assert as_(user).get(path).status_code == 404, (path, user)
    assert as_(run.by_unit[0]).get(paths[3]).status_code == 404
    for user in (run.reviewer, head(run)):
        assert all(as_(user).get(path).status_code == 200 for path in paths)


def test_the_export_is_the_order_in_figures_and_says_whether_it_is_final(settings) -> None:
    run = runs.published()
    unit = run.units[2]
    type(unit).objects.filter(pk=unit.pk).update(short_name="=1+1单位")

    def book():
        answer = as_(run.reviewer).get(f"/assessment/{run.row.pk}/export/")
        return openpyxl.load_workbook(BytesIO(answer.content)).worksheets[0]

    sheet = book()
    rows = list(sheet.iter_rows(min_row=4, values_only=True))
    assert rows[0][:3] == ("名次", "单位", "编码") and [row[0] for row in rows[1:]] == [1, 2, 3, 4]
    assert rows[1][5:8] == (86.5, 10, 8.65)
    assert rows[3][1] == "'=1+1单位", "no formula starts in any office suite"
    assert "尚未定稿" in sheet["A2"].value
    assert AuditEvent.objects.about(run.row).filter(verb="export").exists()
    settings.CLOCK = END
    actions.finalise(run.fresh(), version=run.row.version, by=run.reviewer, at=END)
    assert "尚未定稿" not in book()["A2"].value


def test_unknown_prints_as_such() -> None:
    run = runs.weighing()
    sheet = run.sheet()
    assert sheet.system_total is None
    assert "待补" in as_(run.reviewer).get(f"/assessment/{run.row.pk}/").text
    assert "待补" in as_(run.by_unit[0]).get(f"/assessment/sheets/{sheet.pk}/").text
    assert AssessmentSheet.objects.filter(total=Decimal(0)).count() == 0
