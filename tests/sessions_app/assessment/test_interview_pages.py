"""Pages of 约谈: the list with its reasons, from a suggestion to a record, what the unit's leader reads, the head's desk."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from roster.accounts.models import User
from sessions_app.assessment import interview_actions
from sessions_app.assessment.models import InterviewStage, LeaderInterview
from sessions_app.findings.models import Finding, ProblemType
from tests import build
from tests.sessions_app.assessment import ranked
from tests.sessions_app.assessment.ranked import ON, Ranked

pytestmark = pytest.mark.django_db
LIST = "/interviews/"


@pytest.fixture(autouse=True)
def clock(settings) -> None:
    settings.CLOCK = build.AT


@pytest.fixture
def world() -> Ranked:
    found = ranked.make()
    ranked.entered(2024, ranked.straight(found.units))
    ranked.final(found.city, 2025, ranked.straight(found.units))
    return found


def as_(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def leader_of(row: LeaderInterview) -> User:
    return User.objects.get(person__memberships__committee=row.committee).act(on=build.DAY)


def suggest(world: Ranked) -> LeaderInterview:
    (row,) = interview_actions.suggest(world.city, year=2025, by=world.reviewer, at=build.AT)
    return row


def sent(world: Ranked, row: LeaderInterview, **more: object) -> dict[str, object]:
    return {
        "version": row.version, "held_on": str(ON), "place": "三楼会议室", "interviewer": world.head.person_id,
        "interviewee": leader_of(row).person_id, "recorder": world.reviewer.person_id, "record_text": "谈了考核情况。",
        "promises-TOTAL_FORMS": "3", "promises-INITIAL_FORMS": "0", "promises-0-text": "每月学习一次",
        "promises-0-due_on": str(ON + timedelta(days=60)), "promises-1-text": "", "promises-2-text": "", **more,
    }  # fmt: skip


def test_the_list_says_who_and_why_and_who_is_left_out(world: Ranked) -> None:
    young = ranked.unit(world.city, "新设单位", since=ON.replace(year=2025, month=2))
    ranked.final(world.city, 2025, ranked.straight([*world.units, young]), number=2)
    text = as_(world.reviewer).get(LIST).text
    assert "2024年第10/10名，2025年第10/11名" in text and "把 1 家列入建议" in text
    assert "新设单位：2025年第11/11名，2025年2月20日设立，考核不满 2 个整年度" in text
    assert "把 1 家列入建议" not in as_(world.head).get(LIST).text


def test_a_year_without_results_says_what_to_do(world: Ranked) -> None:
    text = as_(world.reviewer).get(f"{LIST}?year=2024").text
    assert "2023 年没有定稿的考核" in text and "列入建议</button>" not in text


def test_from_the_list_to_the_record(world: Ranked) -> None:
    reviewer, head = as_(world.reviewer), as_(world.head)
    told = reviewer.post("/interviews/suggest/", {"department": world.city.pk, "year": 2025}, follow=True)
    assert "已把 1 家单位列入约谈建议" in told.text
    again = reviewer.post("/interviews/suggest/", {"department": world.city.pk, "year": 2025}, follow=True)
    assert "没有新的单位" in again.text
    row = LeaderInterview.objects.get()
    page = f"/interviews/{row.pk}/"
    assert "确认约谈" not in reviewer.get(page).text and "确认约谈" in head.get(page).text
    assert reviewer.post(f"{page}confirm/", {"version": row.version}).status_code == 404
    told = head.post(f"{page}confirm/", {"version": row.version, "note": "同意"}, follow=True)
    assert "已确认约谈第10单位" in told.text
    row.refresh_from_db()
    assert "登记约谈记录" in reviewer.get(page).text
    text = reviewer.get(f"{page}record/").text
    assert leader_of(row).person.name in text
    answer = reviewer.post(
        f"{page}record/", sent(world, row, place=" ", record_text="写了很多", held_on=str(ON + timedelta(days=1)))
    )
    assert answer.status_code == 422 and "写了很多" in answer.text and "每月学习一次" in answer.text
    told = reviewer.post(f"{page}record/", sent(world, row), follow=True)
    assert "约谈记录已登记" in told.text and "每月学习一次" in told.text
    row.refresh_from_db()
    assert row.stage == InterviewStage.HELD
    assert reviewer.get(f"{page}record/").status_code == 302, "fixed from now on"


def test_a_promise_becomes_a_finding_from_the_page(world: Ranked) -> None:
    row = interview_actions.confirm(suggest(world), by=world.head, at=build.AT)
    reviewer = as_(world.reviewer)
    reviewer.post(f"/interviews/{row.pk}/record/", sent(world, row))
    kind = ProblemType.objects.create(name="学习频次不足")
    promise = row.commitments.get()
    told = reviewer.post(f"/interviews/{row.pk}/finding/", {"commitment": promise.pk, "type": kind.pk}, follow=True)
    number = Finding.objects.get().number
    assert f"已提出问题 {number}" in told.text
    other = LeaderInterview.objects.exclude(pk=row.pk).first()
    assert other is None
    assert reviewer.post(f"/interviews/{row.pk}/finding/", {"commitment": 0, "type": kind.pk}).status_code == 404


def test_another_row_without_script(world: Ranked) -> None:
    row = interview_actions.confirm(suggest(world), by=world.head, at=build.AT)
    answer = as_(world.reviewer).post(f"/interviews/{row.pk}/record/", sent(world, row, add_row="1"))
    assert answer.status_code == 200 and "promises-3-text" in answer.text and "每月学习一次" in answer.text


def test_what_the_unit_reads(world: Ranked) -> None:
    row = suggest(world)
    leader, page = leader_of(row), f"/interviews/{row.pk}/"
    secretary = build.secretary_of(row.committee)
    assert as_(leader).get(page).status_code == 404 and as_(secretary).get(page).status_code == 404
    assert "还没有" not in as_(leader).get(LIST).text and "推算的名单" not in as_(leader).get(LIST).text
    interview_actions.confirm(row, by=world.head, at=build.AT)
    as_(world.reviewer).post(f"{page}record/", sent(world, LeaderInterview.objects.get()))
    text = as_(leader).get(page).text
    assert "谈了考核情况" in text and "第 10 名，共 10 家" in text and "转为问题</button>" not in text
    assert as_(secretary).get(page).status_code == 404
    stranger = User.objects.get(person__memberships__committee=world.units[0]).act(on=build.DAY)
    assert as_(stranger).get(page).status_code == 404


def test_the_head_finds_it_on_the_desk(world: Ranked) -> None:
    suggest(world)
    text = as_(world.head).get("/approvals/").text
    assert "约谈建议：第10单位" in text and "连续 2 年考核排名靠后" in text
    interview_actions.confirm(LeaderInterview.objects.get(), by=world.head, at=build.AT)
    assert "约谈建议" not in as_(world.head).get("/approvals/").text


def test_query_counts_do_not_grow() -> None:
    counted = []
    for size in (10, 60):
        world = ranked.make(size)
        ranked.entered(2024, ranked.straight(world.units))
        ranked.final(world.city, 2025, ranked.straight(world.units))
        interview_actions.suggest(world.city, year=2025, by=world.reviewer, at=build.AT)
        client = as_(world.reviewer)
        client.get(LIST)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(LIST).status_code == 200
        counted.append(len(queries))
    assert counted[0] == counted[1] <= 40
