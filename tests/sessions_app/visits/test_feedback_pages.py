"""The feedback letter's page: who sees what, saving by itself, too long a letter, one click to a finding, the unit's answer."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from roster.accounts.models import User
from sessions_app.findings import actions as findings
from sessions_app.findings.models import Finding, ProblemType, Source
from sessions_app.visits import feedback_actions as actions
from sessions_app.visits.models import Feedback, FeedbackStage, VisitStage
from tests import build
from tests.sessions_app.visits import fed_back
from tests.sessions_app.visits.fed_back import GOOD, OBSERVED, World

pytestmark = pytest.mark.django_db
AT = build.AT


@pytest.fixture(autouse=True)
def clock() -> Any:
    with override_settings(CLOCK=AT):
        yield


@pytest.fixture
def world() -> World:
    return fed_back.make()


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


def page(user: User, world: World, status: int = 200) -> str:
    answer = client_of(user).get(reverse("visit_feedback", args=[world.visit.pk]))
    assert answer.status_code == status
    return answer.content.decode()


def post(user: User, world: World, name: str = "visit_feedback", **data: Any) -> Any:
    return client_of(user).post(reverse(name, args=[world.visit.pk]), data)


def drafted(world: World) -> Feedback:
    return actions.save(world.visit, **GOOD, version=0, by=world.lead, at=AT)


def issued(world: World) -> Feedback:
    row = actions.submit(world.visit, version=drafted(world).version, by=world.lead, at=AT)
    return actions.issue(world.visit, version=row.version, by=world.reviewer, at=AT)


def test_the_observer_writes_saves_and_hands_in(world: World) -> None:
    said = page(world.lead, world)
    assert 'data-limit="500"' in said and "三部分合计 0/500 字" in said and "3月24日" in said
    answer = post(world.lead, world, **GOOD, advice="", version=0)
    assert answer.status_code == 302 and Feedback.objects.get().stage == FeedbackStage.DRAFT
    assert f"三部分合计 {len('准备充分，研讨有质量。联系实际紧。互动不够。主题不聚焦。')}/500 字" in page(
        world.second, world
    )
    answer = post(world.second, world, **GOOD, advice="", version=1, then="submit")
    assert answer.status_code == 302
    row = Feedback.objects.get()
    assert (row.stage, row.submitted_by) == (FeedbackStage.SUBMITTED, world.second.person)
    assert 'value="submit"' not in page(world.lead, world)


def test_too_long_is_refused_with_how_many_and_kept(world: World) -> None:
    answer = post(world.lead, world, **(GOOD | {"overall": "好" * 490}), advice="", version=0, then="submit")
    said = answer.content.decode()
    assert answer.status_code == 422 and re.search(r"三部分合计最多 500 字，现在 \d+ 字，超出 \d+ 字", said)
    row = Feedback.objects.get()
    assert row.overall == "好" * 490 and f'name="version" value="{row.version}"' in said


def test_the_page_saves_itself_and_tells_of_another_hand(world: World) -> None:
    answer = post(world.lead, world, "feedback_save", **GOOD, advice="", version=0)
    assert answer.json() == {"at": "10:00", "version": 1}
    answer = post(world.second, world, "feedback_save", **(GOOD | {"overall": "另一种说法"}), advice="", version=0)
    told = answer.json()
    assert (answer.status_code, told["version"], told["saved"]) == (409, 1, {"overall": GOOD["overall"]})
    answer = post(world.second, world, **(GOOD | {"overall": "另一种说法"}), advice="", version=0)
    said = answer.content.decode()
    assert answer.status_code == 409 and "另一种说法" in said and GOOD["overall"] in said and 'value="1"' in said
    assert Feedback.objects.get().overall == GOOD["overall"]


def test_the_unit_sees_nothing_before_it_is_issued(world: World) -> None:
    assert page(world.secretary, world, 404)
    row = drafted(world)
    assert page(world.secretary, world, 404)
    actions.submit(world.visit, version=row.version, by=world.lead, at=AT)
    page(world.secretary, world, 404)
    assert "互动不够" not in client_of(world.secretary).get(world.visit.get_absolute_url()).content.decode()
    actions.issue(world.visit, version=None, by=world.reviewer, at=AT)
    said = page(world.secretary, world)
    assert "互动不够。" in said and "签收" in said and "提为问题" not in said and "旁听记录表" not in said
    assert "互动不够" in client_of(world.secretary).get(world.visit.get_absolute_url()).content.decode()


def test_the_reviewer_returns_or_issues(world: World) -> None:
    actions.submit(world.visit, version=drafted(world).version, by=world.lead, at=AT)
    assert "退回意见" in page(world.reviewer, world)
    answer = post(world.reviewer, world, "feedback_return", reason="请写具体", version=2)
    assert answer.status_code == 302 and Feedback.objects.get().stage == FeedbackStage.RETURNED
    assert "退回意见：请写具体" in page(world.lead, world)
    row = actions.submit(world.visit, version=None, by=world.lead, at=AT)
    stale = client_of(world.reviewer).post(
        reverse("feedback_issue", args=[world.visit.pk]), {"version": row.version - 1}, follow=True
    )
    assert "已被他人改动" in stale.content.decode() and Feedback.objects.get().stage == FeedbackStage.SUBMITTED
    post(world.reviewer, world, "feedback_issue", version=row.version)
    assert Feedback.objects.get().stage == FeedbackStage.ISSUED
    for name in ("feedback_issue", "feedback_return", "visit_close"):
        assert post(world.lead, world, name, version=1).status_code == 404
        assert post(world.secretary, world, name, version=1).status_code == 404


def test_the_unit_signs_answers_and_the_department_closes(world: World) -> None:
    row = issued(world)
    post(world.secretary, world, "feedback_acknowledge", version=row.version)
    said = page(world.reviewer, world)
    assert "办结还缺" in said and "单位还没有回复。" in said
    answer = post(world.secretary, world, "feedback_reply", reply="复" * 501, version=row.version + 1)
    assert (
        answer.status_code == 422 and "超出 1 字" in answer.content.decode() and "复" * 501 in answer.content.decode()
    )
    post(world.secretary, world, "feedback_reply", reply="月底前整改到位。", version=row.version + 1)
    said = page(world.reviewer, world)
    assert "月底前整改到位。" in said and "办结还缺" not in said
    assert post(world.secretary, world, "visit_close", version=1).status_code == 404
    post(world.reviewer, world, "visit_close", version=world.fresh().version)
    assert world.fresh().stage == VisitStage.CLOSED
    assert "保存回复" not in page(world.secretary, world)


def links(said: str) -> list[dict[str, list[str]]]:
    found = re.findall(rf'href="({reverse("finding_new")}\?[^"]+)"', said)
    return [parse_qs(urlsplit(one.replace("&amp;", "&")).query) for one in found]


def test_one_click_turns_a_remark_into_a_finding(world: World) -> None:
    _, item = fed_back.scored(world)
    drafted(world)
    visit = [str(world.visit.pk)]
    for user in (world.lead, world.reviewer):
        assert links(page(user, world)) == [
            {"visit": visit, "text": ["互动不够。"]},
            {"visit": visit, "text": ["主题不聚焦。"]},
            {"visit": visit, "item": [str(item.pk)], "text": ["互动研讨：只有两人交流发言"]},
        ]
    address = re.findall(rf'href="({reverse("finding_new")}\?[^"]+)"', page(world.lead, world))[2].replace("&amp;", "&")
    form = client_of(world.lead).get(address).content.decode()
    assert "互动研讨：只有两人交流发言" in form
    type_ = ProblemType.objects.first() or ProblemType.objects.create(name="互动不够（测试）")
    client_of(world.lead).post(
        address,
        {
            "source": Source.VISIT,
            "type": type_.pk,
            "text": "互动研讨：只有两人交流发言",
            "found_on": OBSERVED.isoformat(),
        },
    )
    raised = Finding.objects.get()
    assert (raised.visit_id, raised.score_item_id) == (world.visit.pk, item.pk)
    said = page(world.lead, world)
    assert raised.number in said and len(links(said)) == 2


def test_queries_do_not_grow_with_findings(world: World) -> None:
    fed_back.scored(world)
    drafted(world)
    type_ = ProblemType.objects.first() or ProblemType.objects.create(name="互动不够（测试）")
    client = client_of(world.reviewer)
    address = reverse("visit_feedback", args=[world.visit.pk])

    def count(number: int) -> int:
        for n in range(number):
            findings.raise_finding(
                world.unit, department=world.city, source=Source.VISIT, type=type_, text=f"问题{n}", found_on=OBSERVED,
                visit=world.visit, by=world.lead, at=AT,
            )  # fmt: skip
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    count(1)
    assert count(0) == count(29)
