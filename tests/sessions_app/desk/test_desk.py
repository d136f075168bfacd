"""The desk: each role's first page, what waits for whom, the strip, the page of a session."""

from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from roster.accounts.models import User
from roster.audit.actions import SystemActor
from roster.committees.models import Committee
from sessions_app.bulletins import actions as bulletins
from sessions_app.desk.approvals import approval_count, waiting_for
from sessions_app.desk.strip import STATIONS, stations_of
from sessions_app.desk.todos import todo_count, todos_of
from sessions_app.policies.actions import set_parameter
from sessions_app.sessions.models import SessionStage, StudySession
from tests import build
from tests.sessions_app.assessment import runs
from tests.sessions_app.bulletins import compiling
from tests.sessions_app.conftest import DEMO_AT

AT = DEMO_AT


def entering(username: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=username))
    return client


def test_a_secretary_sees_what_is_missing_with_the_nearest_deadline_first(demo) -> None:
    user = User.objects.get(username="mishu").act(on=AT.date())
    todos = todos_of(user, AT.date())
    dues = [todo.due for todo in todos if todo.due]
    assert dues == sorted(dues)
    assert todo_count(user, AT.date()) == len(todos)
    verbs = {todo.verb for todo in todos}
    assert {"填写", "确认", "提交"} <= verbs
    page = entering("mishu").get("/").content.decode()
    assert "今日待办" in page
    for todo in todos:
        assert todo.what in page


def test_what_waits_for_the_leader_is_counted_and_decided_in_two_taps(demo) -> None:
    leader = User.objects.get(username="zuzhang").act(on=AT.date())
    waiting = waiting_for(leader)
    kinds = [kind for kind, _, _ in waiting]
    assert {"leave", "session", "speech", "minutes", "correction"} <= set(kinds)
    assert approval_count(leader) == len(waiting)
    client = entering("zuzhang")
    assert "待我审批" in client.get(reverse("approvals")).content.decode()
    for kind, _, row in waiting:
        if kind == "plan":
            continue
        version = row.version
        done = client.post(reverse("decide", args=[kind, row.pk, "approve"]), {"version": version}, follow=True)
        assert "已同意" in done.content.decode(), (kind, done.content.decode()[:2000])
    leader.act(on=AT.date())
    assert not [kind for kind, _, _ in waiting_for(leader) if kind != "plan"]


def test_a_return_needs_a_reason_and_a_second_tap_changes_nothing(demo) -> None:
    leader = User.objects.get(username="zuzhang").act(on=AT.date())
    row = next(row for kind, _, row in waiting_for(leader) if kind == "session")
    client = entering("zuzhang")
    url = reverse("decide", args=["session", row.pk, "return"])
    assert "写明理由" in client.post(url, {"version": row.version}, follow=True).content.decode()
    client.post(url, {"version": row.version, "reason": "请调整时间"})
    row.refresh_from_db()
    assert (row.stage, row.return_note) == (SessionStage.PREPARING, "请调整时间")
    again = client.post(url, {"version": row.version, "reason": "再退"}, follow=True).content.decode()
    assert "不能退回" in again
    row.refresh_from_db()
    assert row.return_note == "请调整时间"


def test_a_secretary_may_not_decide_and_another_committees_leader_finds_nothing(demo) -> None:
    leader = User.objects.get(username="zuzhang").act(on=AT.date())
    row = next(row for kind, _, row in waiting_for(leader) if kind == "minutes")
    url = reverse("decide", args=["minutes", row.pk, "approve"])
    assert entering("mishu").post(url).status_code == 404
    stranger = build.leader_of(build.committee(), on=AT.date())
    client = Client()
    client.force_login(stranger)
    assert client.post(url).status_code == 404


def test_the_strip_has_seven_stations_and_one_is_current(demo) -> None:
    user = User.objects.get(username="mishu").act(on=AT.date())
    for session in StudySession.objects.filter(committee__code="LC02"):
        stations = stations_of(session, user)
        assert [station["key"] for station in stations] == list(STATIONS)
        current = [station for station in stations if station["current"]]
        assert len(current) == (0 if session.stage == SessionStage.CANCELLED else 1), session


@pytest.mark.parametrize("username", ["mishu", "zuzhang", "fuzuzhang", "chengyuan", "shenhe", "xianshenhe", "buling",
                                      "pangting", "guanli", "anquan", "shenji"])  # fmt: skip
def test_every_role_has_a_first_page(demo, username: str, settings) -> None:
    settings.REQUIRE_ADMIN_MFA = False
    answer = entering(username).get("/", follow=True)
    assert answer.status_code == 200
    assert User.objects.get(username=username).display_name in answer.content.decode()


def test_the_page_of_a_session_costs_the_same_whatever_it_holds(demo, django_assert_max_num_queries) -> None:
    client = entering("mishu")
    for session in StudySession.objects.filter(committee__code="LC02").order_by("pk")[:6]:
        with django_assert_max_num_queries(60):
            assert client.get(session.get_absolute_url()).status_code == 200


def test_my_study_keeps_two_committees_apart(demo) -> None:
    page = entering("chengyuan").get(reverse("my_study")).content.decode()
    assert "我的记录" in page
    assert "参学率" in page


def test_deadlines_on_the_bench_are_the_local_rules(demo) -> None:
    user = User.objects.get(username="mishu").act(on=AT.date())
    committee = Committee.objects.get(code="LC02")
    before = {todo.verb: todo.due for todo in todos_of(user, AT.date())}
    rules = {"minutes_due_working_days": 9, "plan_due_day": "02-10"}
    for key, value in rules.items():
        set_parameter(
            key=key,
            committee=committee,
            value=value,
            since=date(2026, 1, 1),
            source="本市规定",
            by=SystemActor("测试"),
            at=AT,
        )
    after = {todo.verb: todo.due for todo in todos_of(user, AT.date())}
    assert after["填写"] > before["填写"]
    assert (before["提交"], after["提交"]) == (date(2027, 1, 31), date(2027, 2, 10))


@pytest.mark.django_db
def test_a_score_of_ones_own_is_owed_until_it_is_handed_in() -> None:
    run = runs.weighing(2)
    user, day = run.by_unit[0], runs.AT.date()
    owed = [todo for todo in todos_of(user, day) if todo.verb == "自评"]
    assert [(todo.due, todo.url) for todo in owed] == [
        (run.fresh().self_due_on, reverse("sheet_self", args=[run.sheet(0).pk]))
    ]
    run.self_score(0, "30", "10", "52")
    assert not [todo for todo in todos_of(user, day) if todo.verb == "自评"]
    assert [todo.verb for todo in todos_of(run.by_unit[1], day)].count("自评") == 1


@pytest.mark.django_db
def test_a_bulletin_is_to_be_signed_for_once_by_each_unit() -> None:
    here = compiling.place()
    row = compiling.issued(here)
    other = build.secretary_of(build.committee(parent=here.city), on=compiling.DAY)

    def owed(user: User) -> list[str]:
        return [todo.url for todo in todos_of(user, compiling.DAY) if todo.verb == "签收"]

    assert owed(here.secretary) == owed(other) == [row.get_absolute_url()]
    bulletins.receive(row, committee=here.unit, by=here.secretary, at=compiling.AT)
    assert (owed(here.secretary), owed(other)) == ([], [row.get_absolute_url()])
