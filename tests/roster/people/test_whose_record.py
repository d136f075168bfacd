"""Adding somebody gives no right over his record: every kind of term x its time x where else he belongs x every door."""

from collections.abc import Callable
from datetime import timedelta
from itertools import product

import pytest
from django.test import Client
from django.urls import reverse

from roster.accounts.access import records_kept_by
from roster.accounts.models import Grant, User
from roster.accounts.roles import Permission, Role
from roster.committees.models import Committee
from roster.people import intake
from roster.people.models import Person
from sessions_app.workbooks.preview import scope_of
from tests import build
from tests.roster.conftest import Tree

pytestmark = pytest.mark.django_db
Enter = Callable[[User], Client]
TIMES = {
    "past": (build.SINCE, build.DAY - timedelta(days=1)),
    "current": (build.SINCE, None),
    "future": (build.DAY + timedelta(days=1), None),
    "none": None,
}
KINDS = [build.member, build.secretary]


def serve(kind: Callable, where: Committee, who: Person, time: str) -> None:
    if TIMES[time] is not None:
        since, until = TIMES[time]
        kind(where, who, since=since, until=until)


def by_page(enter: Enter, user: User, who: Person) -> bool:
    typed = {"version": who.version, "name": who.name, "code": who.code, "phone": "13800000009", "email": "a@b.cn"}
    address = reverse("person_edit", args=[who.pk])
    shown, answer = enter(user).get(address), enter(user).post(address, typed)
    assert (shown.status_code == 200) is (answer.status_code == 302)
    return Person.objects.get(pk=who.pk).phone == "13800000009"


def by_sheet(enter: Enter, user: User, who: Person) -> bool:
    register = intake.People(scope=scope_of(user))
    register.load({who.code})
    return not register.judge([intake.PersonRow(who.code, who.name, phone="13800000009")])[0].faults


DOORS = [by_page, by_sheet]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("own", "foreign"), list(product(TIMES, TIMES)))
def test_only_who_keeps_him_today_and_alone(
    tree: Tree, keeper: User, enter: Enter, door: Callable, kind: Callable, own: str, foreign: str
) -> None:
    who = build.person("王五")
    serve(kind, tree.county, who, own)
    serve(kind, tree.other, who, foreign)
    may = own == "current" and foreign in ("none", "past")
    assert records_kept_by(keeper, Permission.MEMBER_EDIT, build.DAY).filter(pk=who.pk).exists() is may
    assert door(enter, keeper, who) is may


@pytest.mark.parametrize("door", DOORS)
def test_adding_a_stranger_by_the_page_gives_nothing(tree: Tree, keeper: User, enter: Enter, door: Callable) -> None:
    """The reported case: named from a day to come, and named from today."""
    for day in (build.DAY, build.DAY + timedelta(days=9)):
        who = build.member(tree.other, build.person("王五")).person
        typed = {"person": who.pk, "group_role": "MEMBER", "rank": 5, "since": day.isoformat()}
        assert enter(keeper).post(reverse("member_new", args=[tree.county.pk]), typed).status_code == 302
        assert not door(enter, keeper, who)
        assert who.name in enter(keeper).get(reverse("person", args=[who.pk])).content.decode()  # read he may


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("time", ["past", "current", "future"])
def test_an_account_holder_is_not_captured(
    tree: Tree, keeper: User, reviewer: User, enter: Enter, door: Callable, time: str
) -> None:
    """Somebody of another unit, and somebody with a granted role: named a member today, he stays his own."""
    moved = build.account().person
    serve(build.member, tree.other, moved, "past")
    build.member(tree.county, moved)
    assert not door(enter, keeper, moved)
    granted = build.account().person
    build.member(tree.county, granted)
    since, until = TIMES[time]
    Grant.objects.create(user=granted.user, role=Role.HEAD, committee=tree.city, since=since, until=until)
    assert door(enter, keeper, granted) is (time == "past")
    assert door(enter, reviewer, build.member(tree.county, build.account().person).person)


@pytest.mark.parametrize("door", DOORS)
def test_the_department_over_both_may(tree: Tree, reviewer: User, enter: Enter, door: Callable) -> None:
    who = build.member(tree.county).person
    build.member(tree.township, who)
    assert door(enter, reviewer, who)
    far = build.member(tree.county).person
    build.member(tree.other, far)
    assert not door(enter, reviewer, far)
    city = build.granted(Role.REVIEWER, tree.city)
    assert door(enter, city, far)


def test_an_administrator_does_not_reach_who_moved_away(tree: Tree, enter: Enter) -> None:
    admin = build.granted(Role.ADMIN, tree.county)
    gone = build.account(build.member(tree.county, until=build.DAY - timedelta(days=9)).person)
    build.member(tree.other, gone.person)
    left = build.account(build.member(tree.county, until=build.DAY - timedelta(days=9)).person)
    assert enter(admin).get(reverse("account", args=[gone.pk])).status_code == 404
    assert enter(admin).get(reverse("account", args=[left.pk])).status_code == 200
