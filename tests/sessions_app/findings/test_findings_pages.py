"""The pages of findings: ledger, board, one finding, raising, many at once, the catalogue, a department above."""

from datetime import date, timedelta
from io import BytesIO

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from roster.accounts.roles import Role
from roster.audit.models import AuditEvent
from roster.corps.models import VisitTeam
from sessions_app.findings import closing_actions
from sessions_app.findings.models import Evidence, Finding, FindingStage, ProblemType, Source
from sessions_app.sessions.models import StudySession
from sessions_app.visits.models import (
    ObservationVisit,
    ScoreItem,
    ScoreSheet,
    VisitObserver,
    VisitRound,
    VisitScore,
    VisitScoreLine,
)
from tests import build
from tests.sessions_app.findings.found import at_stage, fresh, kind, place, planned, raised

pytestmark = pytest.mark.django_db
AT = build.AT


@pytest.fixture(autouse=True)
def clock(settings):
    settings.CLOCK = AT


@pytest.fixture
def here():
    return place()


def client_of(user):
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


def page(user, name, *args, **query):
    return client_of(user).get(reverse(name, args=args), query)


def send(user, name, row, **data):
    return client_of(user).post(reverse(name, args=[row.pk]), {"version": fresh(row).version} | data)


# ------------------------------------------------------------------------------------------------- ledger and board
def many(here, count):
    """Rows made plainly: in all stages, some late, some repeated."""
    stages = list(FindingStage.values)
    first = Finding.objects.count()
    Finding.objects.bulk_create(
        Finding(
            committee=here.unit, department=here.city, source=Source.INSPECTION, year=2026, serial=first + n + 1,
            type=kind(), text=f"问题{n}", found_on=build.DAY, found_by=here.finder.person, stage=stages[n % len(stages)],
            owner=here.owner, accountable_leader=here.leader, due_on=build.DAY + timedelta(days=n % 40 - 10),
            closed_by=here.reviewer.person if stages[n % len(stages)] == "CLOSED" else None,
            closed_on=build.DAY if stages[n % len(stages)] == "CLOSED" else None, evidence_print="x",
            dismiss_reason="不实", long_term_reason="常抓", confirmed_on=build.DAY,
        )
        for n in range(count)
    )  # fmt: skip


@pytest.mark.parametrize("name", ["finding_list", "finding_board"])
def test_the_ledger_and_the_board_ask_as_often_for_2500_as_for_one(here, name):
    def queries():
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert page(here.reviewer, name).status_code == 200
        return len(asked)

    many(here, 8)
    few = queries()
    many(here, 2492)
    assert queries() == few


def test_filters_stand_in_the_address(here):
    late = at_stage(here, "IN_PROGRESS", due_on=build.DAY + timedelta(days=1), text="逾期的那条")
    Finding.objects.filter(pk=late.pk).update(due_on=build.DAY - timedelta(days=3))
    common = raised(here, is_systemic=True, name="互动不够", text="共性的那条")
    again = raised(here, name="学习形式单一", text="又一次")
    listed = {
        "overdue=on": {late}, "systemic=on": {common}, "recurs=on": {again}, "stage=RAISED": {common, again},
        "stage=under-way": {late}, "stage=counted": {late}, f"type={kind('互动不够').pk}": {common},
        f"source={Source.SELF_CHECK}": set(), "year=2026": {late, common, again}, "q=共性": {common},
        f"q={late.number}": {late}, f"under={here.unit.pk}": {late, common, again}, "q=教育局": {late, common, again},
        "overdue=on&systemic=on": set(),
    }  # fmt: skip
    for query, wanted in listed.items():
        answer = client_of(here.reviewer).get(f"{reverse('finding_list')}?{query}")
        assert {line["finding"] for line in answer.context["lines"]} == wanted, query


def test_the_export_is_exactly_what_is_shown(here):
    many(here, 60)
    answer = page(here.reviewer, "finding_list", stage="under-way", sort="due", per="100")
    shown = [line["finding"].number for line in answer.context["lines"]]
    answer = page(here.reviewer, "finding_list", stage="under-way", sort="due", per="100", format="xlsx")
    sheet = openpyxl.load_workbook(BytesIO(answer.content)).active
    assert [row[0].value for row in sheet.iter_rows(min_row=5)] == shown and len(shown) > 20
    assert AuditEvent.objects.filter(verb="export").get().data["list"] == "整改台账"


def test_the_board_counts_all_and_shows_twenty(here):
    many(here, 400)
    columns = page(here.reviewer, "finding_board").context["columns"]
    assert [(column["count"], len(column["cards"]), column["more"]) for column in columns] == [(50, 20, 30)] * 7
    for column in columns:
        assert client_of(here.reviewer).get(column["url"]).context["page_obj"].paginator.count == 50


def test_the_rate_stands_above_the_list_whatever_stage_is_asked_for(here):
    for stage in ("CLOSED", "IN_PROGRESS", "RAISED"):
        at_stage(here, stage)
    rate = page(here.reviewer, "finding_list", stage="CLOSED").context["rate"]
    assert (rate.confirmed, rate.closed, rate.long_term) == (2, 1, 0)


# ------------------------------------------------------------------------------------------------------ the straight
def test_scenario_7_by_pages_alone(here):
    """Raised, confirmed, planned, agreed, filed, applied, returned, again, closed: each by who may, none by others."""
    new = client_of(here.finder).post(
        reverse("finding_new"),
        {"committee": here.unit.pk, "source": "INSPECTION", "type": kind().pk, "text": "以读代研", "found_on": "2026-03-18",
         "form_token": "a"},
    )  # fmt: skip
    row = Finding.objects.get()
    assert new.url == row.get_absolute_url()
    assert page(here.secretary, "finding", row.pk).status_code == 404
    send(here.reviewer, "finding_confirm", row)
    assert "报送措施" in page(here.secretary, "finding", row.pk).text
    plan = {
        "measures": "1. 改为研讨\n2、会前发题",
        "leader": here.leader.pk,
        "owner": here.owner.pk,
        "due_on": "2026-04-30",
    }
    bad = send(here.secretary, "finding_plan", row, **(plan | {"due_on": "2026-03-01"}))
    assert bad.status_code == 422 and "改为研讨" in bad.text and "须在今天之后" in bad.text
    send(here.secretary, "finding_plan", row, **plan)
    assert [one.text for one in row.measures.all()] == ["改为研讨", "会前发题"]
    send(here.reviewer, "finding_agree", row)
    send(here.secretary, "finding_progress", row, note="已研讨一次")
    assert send(here.secretary, "evidence_new", row, text="").status_code == 422
    send(here.secretary, "evidence_new", row, text="研讨记录", document_number="云教〔2026〕8号")
    send(here.secretary, "finding_submit", row)
    send(here.reviewer, "finding_return", row, note="记录没有签字")
    assert "记录没有签字" in page(here.secretary, "finding", row.pk).text
    send(here.secretary, "evidence_new", row, text="签字记录")
    send(here.secretary, "finding_submit", row)
    send(here.reviewer, "finding_close", row, note="已核对签字")
    row = fresh(row)
    assert (row.stage, row.closed_by, row.return_count) == ("CLOSED", here.reviewer.person, 1)
    stages = AuditEvent.objects.about(row).exclude(before="RAISED", after="RAISED").order_by("seq")
    moved = [event.verb for event in stages if event.before != event.after]
    assert moved == ["raise", "confirm", "agree_plan", "submit", "return", "submit", "close"]
    send(here.other, "finding_reopen", row, note="又念稿", due_on="2026-06-30")
    assert fresh(row).stage == "IN_PROGRESS"


def test_moves_off_the_straight_road_by_pages(here):
    row = at_stage(here, "IN_PROGRESS")
    asked = send(here.secretary, "extension_new", row, new_due_on="2026-05-30", reason="等文件")
    assert asked.status_code == 302
    extension = row.extensions.get()
    answer = {"agree": "yes", "version": extension.version}
    client_of(here.reviewer).post(reverse("extension_decide", args=[extension.pk]), answer)
    assert fresh(row).due_on == date(2026, 5, 30)
    bad = send(here.reviewer, "finding_keep_up", row, reason="常抓", milestones="六月底")
    assert bad.status_code == 422 and "六月底" in bad.text
    send(here.reviewer, "finding_keep_up", row, reason="常抓", milestones="2026-06-30 两次研讨\n2026年12月31日，四次")
    assert fresh(row).stage == "LONG_TERM"
    send(here.secretary, "finding_progress", row, milestone=row.milestones.first().pk)
    assert row.milestones.filter(done_on=build.DAY).count() == 1
    assert "两次研讨" in page(here.secretary, "finding", row.pk).text
    send(here.reviewer, "finding_resume", row, note="可以办结", due_on="2026-08-01")
    send(here.secretary, "evidence_new", row, text="记录")
    proof = Evidence.objects.get(finding=row)
    client_of(here.secretary).post(reverse("evidence_withdraw", args=[proof.pk]), {"reason": "传错"})
    assert "已撤回" in page(here.secretary, "finding", row.pk).text
    send(here.secretary, "evidence_new", row, text="记录二")
    send(here.secretary, "finding_submit", row)
    send(here.secretary, "finding_withdraw", row)
    assert fresh(row).stage == "IN_PROGRESS"
    other = raised(here)
    send(here.reviewer, "finding_dismiss", other, note="情况不实")
    assert fresh(other).dismiss_reason == "情况不实"


@pytest.mark.parametrize("stage", ["RAISED", "OPEN", "PLANNED", "IN_PROGRESS", "SUBMITTED", "CLOSED"])
def test_the_page_says_who_is_next_and_offers_only_what_may_be_done(here, stage):
    row = at_stage(here, stage)
    offered = {
        "RAISED": ({"confirm", "dismiss"}, None),
        "OPEN": (set(), {"plan"}),
        "PLANNED": ({"agree", "return_plan"}, {"plan"}),
        "IN_PROGRESS": ({"keep_up"}, {"progress", "evidence", "extension", "submit"}),
        "SUBMITTED": ({"close", "return", "keep_up"}, {"evidence", "withdraw"}),
        "CLOSED": ({"reopen"}, set()),
    }[stage]
    answer = page(here.reviewer, "finding", row.pk)
    assert set(answer.context["may"]) == offered[0] and answer.context["next"] in answer.text
    if offered[1] is not None:
        assert set(page(here.secretary, "finding", row.pk).context["may"]) == offered[1]
    head = build.granted(Role.HEAD, here.city)
    assert set(page(head, "finding", row.pk).context["may"]) == set()


# ---------------------------------------------------------------------------------------------------------- raising
def visit_of(here, observer):
    study = StudySession.objects.create(
        committee=here.unit, day=build.DAY, topic="专题", stage="HELD", category=1, place="三楼", entered_at=AT
    )
    team = VisitTeam.objects.create(committee=here.city, name="第一组", since=build.SINCE)
    tour = VisitRound.objects.create(committee=here.city, year=2026, number=1, since=build.DAY, until=build.DAY)
    visit = ObservationVisit.objects.create(
        round=tour, committee=here.unit, team=team, study_session=study, stage="OBSERVED", observed_on=build.DAY
    )
    VisitObserver.objects.create(visit=visit, person=observer.person, is_lead=True)
    sheet = ScoreSheet.objects.create(committee=here.city, name="评分表", since=build.SINCE)
    item = ScoreItem.objects.create(sheet=sheet, part="AT", order=1, text="研讨互动", max_points=10)
    score = VisitScore.objects.create(visit=visit, sheet=sheet, person=observer.person)
    VisitScoreLine.objects.create(score=score, item=item, max_points=10, points=6, reason="没有人提问")
    return visit, item


def test_a_remark_of_a_visit_becomes_a_finding_that_remembers_its_line(here):
    observer, stranger = build.granted(Role.OBSERVER, here.city), build.granted(Role.OBSERVER, here.city)
    visit, item = visit_of(here, observer)
    url = f"{reverse('finding_new')}?visit={visit.pk}&item={item.pk}"
    assert "没有人提问" in client_of(observer).get(url).text
    assert client_of(stranger).get(url).status_code == 404
    assert client_of(here.secretary).get(url).status_code == 404
    data = {"visit": visit.pk, "item": item.pk, "source": "VISIT", "type": kind().pk, "text": "没有人提问",
            "found_on": "2026-03-20"}  # fmt: skip
    client_of(observer).post(url, data)
    row = Finding.objects.get()
    assert (row.source, row.visit, row.score_item, row.found_by, row.department, row.committee) == (
        "VISIT", visit, item, observer.person, here.city, here.unit,
    )  # fmt: skip
    assert page(observer, "finding", row.pk).status_code == 200
    assert page(stranger, "finding", row.pk).status_code == 404


def test_an_observer_has_no_blank_form_and_a_unit_checks_itself(here):
    observer = build.granted(Role.OBSERVER, here.city)
    assert page(observer, "finding_new").url == reverse("finding_list")
    data = {
        "committee": here.unit.pk,
        "source": "SELF_CHECK",
        "type": kind().pk,
        "text": "档案缺页",
        "found_on": "2026-03-20",
    }
    client_of(here.secretary).post(reverse("finding_new"), data)
    assert Finding.objects.get().department == here.city
    assert client_of(here.secretary).post(reverse("finding_new"), data | {"source": "INSPECTION"}).status_code == 422


# ------------------------------------------------------------------------------------------------------ many, above
def test_many_are_done_each_by_itself_with_reasons_row_by_row(here):
    rows = [raised(here), raised(here), at_stage(here, "IN_PROGRESS")]
    answer = client_of(here.reviewer).post(
        reverse("findings_bulk"), {"move": "confirm", "ids": [row.pk for row in rows]}
    )
    assert answer.status_code == 422 and rows[2].number in answer.text and "待确认" in answer.text
    assert [fresh(row).stage for row in rows] == ["OPEN", "OPEN", "IN_PROGRESS"]
    for row in rows[:2]:
        planned(here, row)
    answer = client_of(here.reviewer).post(
        reverse("findings_bulk"), {"move": "agree", "ids": [row.pk for row in rows[:2]]}
    )
    assert answer.status_code == 302 and fresh(rows[0]).stage == "IN_PROGRESS"
    stranger = place()
    foreign = raised(stranger)
    client_of(here.reviewer).post(reverse("findings_bulk"), {"move": "confirm", "ids": [foreign.pk]})
    assert fresh(foreign).stage == "RAISED"


def test_many_applications_are_sent_back_with_one_note(here):
    rows = [at_stage(here, "SUBMITTED"), at_stage(here, "SUBMITTED")]
    ids = [row.pk for row in rows]
    refused = client_of(here.reviewer).post(reverse("findings_bulk"), {"move": "return", "ids": ids})
    assert refused.text.count("请写明退回的意见") >= 2
    client_of(here.reviewer).post(reverse("findings_bulk"), {"move": "return", "ids": ids, "note": "补签字"})
    assert [fresh(row).stage for row in rows] == ["RETURNED", "RETURNED"]


def test_a_department_above_sees_figures_and_opens_one_with_a_reason(here):
    county = build.committee("清河县委", parent=here.city)
    there = place(county)
    row = at_stage(there, "IN_PROGRESS", text="县里的问题内容")
    raised(there)
    answer = page(here.reviewer, "finding_list")
    assert [(one["total"], one["under_way"]) for one in answer.context["below"]] == [(1, 1)]
    listed = page(here.reviewer, "finding_list", below=county.pk)
    assert row.number in listed.text and "县里的问题内容" not in listed.text
    assert page(here.reviewer, "finding", row.pk).status_code == 404
    client_of(here.reviewer).post(reverse("finding_open", args=[row.pk]), {"reason": ""})
    assert page(here.reviewer, "finding", row.pk).status_code == 404
    client_of(here.reviewer).post(reverse("finding_open", args=[row.pk]), {"reason": "抽查整改质量"})
    seen = page(here.reviewer, "finding", row.pk)
    assert "县里的问题内容" in seen.text and set(seen.context["may"]) == set()
    assert send(here.reviewer, "finding_keep_up", row, reason="x").status_code == 404
    assert page(there.reviewer, "finding_list", below=here.city.pk).context["looked"] == []


def test_the_catalogue_is_kept_at_the_top(here):
    of_county = build.granted(Role.REVIEWER, build.committee(parent=here.city))
    data = {"name": "照本宣科", "order": 90, "is_active": "on"}
    client_of(of_county).post(reverse("problem_type_list"), data)
    assert not ProblemType.objects.filter(name="照本宣科").exists()
    client_of(here.reviewer).post(reverse("problem_type_list"), data)
    row = ProblemType.objects.get(name="照本宣科")
    assert client_of(here.reviewer).post(reverse("problem_type_list"), data).status_code == 422
    client_of(here.reviewer).post(
        reverse("problem_type_list"), {"pk": row.pk, "version": 1, "name": "照念", "order": 90}
    )
    row.refresh_from_db()
    assert (row.name, row.is_active) == ("照念", False)
    assert "照念" not in page(here.finder, "finding_new").text


def test_a_stale_page_says_so_and_gives_the_note_back(here):
    row = at_stage(here, "SUBMITTED")
    closing_actions.send_back(row, note="再改", by=here.other, at=AT)
    answer = client_of(here.reviewer).post(
        reverse("finding_close", args=[row.pk]), {"version": row.version, "note": "我的复核意见"}, follow=True
    )
    assert "已被他人改动" in answer.text and "我的复核意见" in answer.text
