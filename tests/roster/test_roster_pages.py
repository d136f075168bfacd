"""Every page of the roster opens for whom it is made, is not there for others, and asks the database as often for 30 rows as for 1."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from roster.accounts import actions as account_actions
from roster.accounts.models import User
from roster.accounts.roles import Role
from roster.audit.models import AuditEvent
from roster.people.models import Person
from sessions_app.policies import actions as policies
from sessions_app.policies.models import Period
from tests import build
from tests.roster.conftest import Tree

Enter = Callable[[User], Client]
pytestmark = pytest.mark.django_db


@pytest.fixture
def full(tree: Tree, admin: User, security: User, reviewer: User) -> dict[str, int]:
    """One row of everything, by its page's parameter."""
    member = build.member(tree.county, build.person("张三"))
    keeper = build.secretary(tree.county, build.person("李四"))
    grant = reviewer.grants.get()
    parameter = policies.set_parameter(
        key="minutes_due_working_days", committee=tree.county, value=3, since=build.DAY, source="县委通知", by=admin,
        at=build.AT,
    )  # fmt: skip
    event = AuditEvent.objects.latest("pk")
    return {
        "committee": tree.county.pk, "member": member.pk, "person": member.person_id, "secretary": keeper.pk,
        "grant": grant.pk, "account": reviewer.pk, "parameter": parameter.pk, "event": event.pk,
    }  # fmt: skip


PAGES = {
    "admin": [
        "/committees/", "/committees/?q=qh&state=all&sort=-members", "/committees/tree/", "/committees/new/",
        "/committees/{committee}/", "/committees/{committee}/?on=2025-01-01", "/committees/{committee}/edit/",
        "/committees/{committee}/rename/", "/committees/{committee}/move/", "/committees/{committee}/close/", "/people/",
        "/people/new/", "/people/{person}/", "/people/{person}/edit/", "/people/pick/?q=zs", "/accounts/",
        "/accounts/?q=zs&state=active&role=REVIEWER&sort=-login", "/accounts/new/?person={person}", "/accounts/{account}/",
        "/parameters/", "/parameters/history/", "/parameters/new/?key=days_per_year", "/parameters/{parameter}/end/",
        "/working-days/", "/working-days/?year=2030", "/account/profile/",
    ],
    "security": ["/grants/", "/grants/?state=all&q=a&role=REVIEWER", "/grants/new/", "/grants/{grant}/end/", "/accounts/pick/?q=a"],
    "auditor": ["/audit/", "/audit/?q=1.2.3.4&verb=设定&subject=grant&first=2026-01-01&last=2026-12-31", "/audit/{event}/"],
    "reviewer": [
        "/periods/", "/periods/close/", "/committees/{committee}/members/new/", "/members/{member}/edit/",
        "/members/{member}/end/", "/committees/{committee}/secretaries/new/", "/secretaries/{secretary}/end/",
    ],
}  # fmt: skip


@pytest.mark.parametrize(("who", "address"), [(who, page) for who, pages in PAGES.items() for page in pages])
def test_page_opens_for_whom_it_is_made(
    who: str, address: str, full: dict[str, int], enter: Enter, request: pytest.FixtureRequest
) -> None:
    client = enter(request.getfixturevalue(who))
    assert client.get(address.format(**full)).status_code == 200


CLOSED = [
    ("keeper", "/accounts/"), ("keeper", "/grants/"), ("keeper", "/audit/"), ("keeper", "/committees/new/"),
    ("keeper", "/periods/"), ("keeper", "/working-days/"), ("admin", "/grants/"), ("admin", "/audit/"),
    ("admin", "/periods/"), ("admin", "/members/{member}/edit/"), ("security", "/accounts/"), ("security", "/audit/"),
    ("security", "/parameters/"), ("auditor", "/committees/"), ("auditor", "/accounts/"), ("auditor", "/grants/"),
]  # fmt: skip


@pytest.mark.parametrize(("who", "address"), CLOSED)
def test_page_is_not_there_for_the_wrong_role(
    who: str, address: str, full: dict[str, int], enter: Enter, request: pytest.FixtureRequest
) -> None:
    assert enter(request.getfixturevalue(who)).get(address.format(**full)).status_code == 404


ELSEWHERE = [
    "/committees/{pk}/", "/committees/{pk}/edit/", "/committees/{pk}/rename/", "/committees/{pk}/members/new/",
    "/committees/{pk}/secretaries/new/",
]  # fmt: skip


@pytest.mark.parametrize("address", ELSEWHERE)
def test_another_countys_committee_is_not_there(address: str, tree: Tree, reviewer: User, enter: Enter) -> None:
    client = enter(reviewer)
    assert client.get(address.format(pk=tree.other.pk)).status_code == 404
    assert client.get(address.format(pk=tree.township.pk)).status_code == 200


def test_a_refused_place_is_recorded(tree: Tree, reviewer: User, enter: Enter) -> None:
    enter(reviewer).get(f"/committees/{tree.other.pk}/")
    event = AuditEvent.objects.get(verb="访问被拒绝")
    assert (event.actor, event.data["path"]) == (reviewer, f"/committees/{tree.other.pk}/")


def test_refusals_of_an_hour_are_folded(tree: Tree, reviewer: User, enter: Enter) -> None:
    """The first is a row, then the 10th and the 100th with their count; another user has his own count."""
    client = enter(reviewer)
    for _ in range(25):
        assert client.get(f"/committees/{tree.other.pk}/").status_code == 404
    rows = AuditEvent.objects.filter(verb="访问被拒绝").order_by("seq")
    assert [row.data.get("count", 1) for row in rows] == [1, 10]
    assert "第 10 次" in rows[1].reason


def test_nobody_without_log_in_sees_a_page(tree: Tree, still: None) -> None:
    answer = Client().get("/committees/")
    assert answer.status_code == 302 and answer["Location"].startswith("/account/login/")


def _thirty(tree: Tree, admin: User, security: User) -> None:
    for number in range(30):
        where = build.committee(f"第{number}乡党委", parent=tree.county, level="TOWNSHIP")
        build.member(where, build.person(f"人{number}"))
        build.secretary(where)
        who = build.account()
        account_actions.grant(user=who, role=Role.REVIEWER, committee=where, since=build.DAY, by=security, at=build.AT)
        policies.set_parameter(
            key="days_per_year", committee=where, value=number, since=build.DAY, source="通知", by=admin, at=build.AT
        )
        policies.close_period(committee=where, year=2025, by=admin, at=build.AT)


COUNTED = [
    ("admin", "/committees/?per=100"), ("admin", "/committees/tree/"), ("admin", "/committees/{county}/"),
    ("admin", "/people/?per=100"), ("admin", "/accounts/?per=100"), ("admin", "/parameters/history/?per=100"),
    ("admin", "/people/pick/"), ("security", "/grants/?per=100"), ("security", "/accounts/pick/"),
    ("auditor", "/audit/?per=100"), ("reviewer", "/periods/?per=100"),
]  # fmt: skip


@pytest.mark.parametrize(("who", "address"), COUNTED)
def test_as_many_queries_for_thirty_rows_as_for_one(
    who: str, address: str, full: dict[str, int], tree: Tree, admin: User, security: User, enter: Enter,
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    policies.close_period(committee=tree.county, year=2024, by=admin, at=build.AT)
    client = enter(request.getfixturevalue(who))
    place = address.format(county=tree.county.pk)
    client.get(place)

    def count() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(place).status_code == 200
        return len(queries)

    few = count()
    _thirty(tree, admin, security)
    assert count() == few


def test_lists_page_and_keep_the_filter(tree: Tree, admin: User, security: User, enter: Enter) -> None:
    _thirty(tree, admin, security)
    client = enter(admin)
    first = client.get("/committees/?q=乡&per=20")
    assert len(first.context["page_obj"]) == 20 and first.context["page_obj"].paginator.count == 31
    assert "page=2" in first.content.decode() and "q=%E4%B9%A1" in first.content.decode()
    assert len(client.get("/committees/?q=乡&per=20&page=2").context["page_obj"]) == 11
    assert client.get("/committees/?q=没有这个").content.decode().count("没有符合条件的委员会") == 1
    assert client.get("/committees/?sort=nonsense&page=xx&per=7").status_code == 200


def _results(client: Client, query: str) -> list[str]:
    return [row["text"] for row in client.get(f"/people/pick/?{query}").json()["results"]]


def test_typing_initials_finds_the_person(tree: Tree, keeper: User, enter: Enter) -> None:
    zhang = build.person("张三")
    Person.objects.filter(pk=zhang.pk).update(pinyin="zhangsan zs")
    build.member(tree.county, zhang)
    client = enter(keeper)
    assert _results(client, "q=zs") == [f"张三（{zhang.code}）"]
    assert _results(client, "q=zhangs") == [f"张三（{zhang.code}）"]
    assert _results(client, f"q=zs&committee={tree.county.pk}&on=2023-01-01") == []


def test_the_picker_shows_no_strangers_but_finds_one_by_full_name(tree: Tree, keeper: User, enter: Enter) -> None:
    far = build.person("欧阳修远")
    Person.objects.filter(pk=far.pk).update(pinyin="ouyangxiuyuan oyxy")
    build.member(tree.other, far)
    client = enter(keeper)
    assert _results(client, "q=oyxy") == []
    assert _results(client, "q=欧阳") == []
    assert _results(client, "q=欧阳修远") == [f"欧阳修远（{far.code}）"]
    assert client.get(f"/people/pick/?committee={tree.other.pk}").status_code == 404


def test_period_rows_name_their_scope(tree: Tree, reviewer: User, enter: Enter) -> None:
    period = policies.close_period(committee=tree.township, year=2025, quarter=4, by=reviewer, at=build.AT)
    text = enter(reviewer).get("/periods/").content.decode()
    assert "2025年第4季度" in text and "柳林乡党委" in text and Period.objects.get().stage == period.stage


def test_strange_words_in_the_address_do_no_harm(full: dict[str, int], admin: User, enter: Enter) -> None:
    client = enter(admin)
    places: list[Any] = [
        "/committees/?under=abc&kind=zz&level=%00", "/people/?committee=99999999999999999999", "/people/pick/?committee=xx",
        "/working-days/?year=99999", "/parameters/?committee=abc&on=2026-13-45", f"/committees/{full['committee']}/?on=nonsense",
        "/accounts/?state=zz&sort=-zz", "/parameters/new/?committee=abc&key=zz", "/committees/new/?parent=abc",
        "/accounts/new/?person=abc",
    ]  # fmt: skip
    assert {place: client.get(place).status_code for place in places if client.get(place).status_code >= 500} == {}
