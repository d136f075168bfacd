"""Two files of one person: seen side by side, merged by who stands above both, nothing moved, taken back with a reason."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from roster.accounts.actions import create_account
from roster.accounts.models import User
from roster.accounts.roles import Role
from roster.audit.models import AuditEvent
from roster.audit.moves import Refused
from roster.people import actions, intake
from roster.people.models import Membership, Person
from tests import build
from tests.roster.conftest import Tree

pytestmark = pytest.mark.django_db
Enter = Callable[[User], Client]
YESTERDAY = build.DAY - timedelta(days=1)


@pytest.fixture
def kept(tree: Tree) -> Person:
    return build.member(tree.county, build.person("古丽·艾山")).person


@pytest.fixture
def other(tree: Tree) -> Person:
    return build.member(tree.township, build.person("古丽•艾山"), until=YESTERDAY).person


def merge(kept: Person, other: Person, by: User, reason: str = "同名同手机") -> Person:
    return actions.merge_person(kept, other, reason=reason, by=by, at=build.AT)


def test_by_the_page_with_a_look_first(tree: Tree, kept: Person, other: Person, reviewer: User, enter: Enter) -> None:
    client, address = enter(reviewer), reverse("person_merge", args=[kept.pk])
    typed = {"other": other.pk, "reason": "同名同手机"}
    look = client.post(address, typed)
    assert look.status_code == 422 and "柳林乡党委成员" in look.content.decode()
    other.refresh_from_db()
    assert other.merged_into is None
    assert client.post(address, typed | {"confirmed": look.context["seal"]}).status_code == 302
    page = client.get(kept.get_absolute_url()).content.decode()
    assert "柳林乡党委" in page and other.code in page
    assert Membership.objects.get(person=other).committee == tree.township, "nothing is moved"
    assert f'已并入 <a href="{kept.get_absolute_url()}">' in client.get(other.get_absolute_url()).content.decode()
    assert other.code not in client.get(reverse("person_list"), {"q": "古丽·艾山"}).content.decode()
    found = client.get(reverse("person_pick"), {"q": "古丽•艾山"}).json()["results"]
    assert [row["value"] for row in found] == [kept.pk]
    other.refresh_from_db()
    client.post(reverse("person_unmerge", args=[other.pk]), {"version": other.version, "reason": "核实不是一个人"})
    other.refresh_from_db()
    assert other.merged_into is None
    assert AuditEvent.objects.about(other).filter(verb="取消合并").get().reason == "核实不是一个人"
    assert AuditEvent.objects.about(kept).filter(verb="合并人员").get().data == {
        "kept": kept.code,
        "merged": other.code,
    }


def test_nothing_new_grows_on_a_merged_file(
    tree: Tree, kept: Person, other: Person, reviewer: User, admin: User
) -> None:
    merge(kept, other, reviewer)
    other.refresh_from_db()
    with pytest.raises(Refused, match="已并入"):
        actions.add_membership(
            committee=tree.county, person=other, group_role="MEMBER", since=build.DAY, by=reviewer, at=build.AT
        )
    with pytest.raises(Refused, match="已并入"):
        actions.add_secretary(committee=tree.county, person=other, since=build.DAY, by=reviewer, at=build.AT)
    with pytest.raises(Refused, match="已并入"):
        create_account(person=other, username="guli", by=admin, at=build.AT)
    for take, row in (
        (intake.take_in_people, intake.PersonRow(other.code, "别的名字")),
        (intake.take_in_memberships, intake.MembershipRow(tree.county.code, other.code, "MEMBER", build.DAY)),
    ):
        with pytest.raises(Refused, match="已并入"):
            take([row], by=reviewer, at=build.AT)  # type: ignore[operator]


def test_refused_while_the_file_lives(tree: Tree, kept: Person, other: Person, reviewer: User) -> None:
    with pytest.raises(Refused, match="并入自己"):
        merge(kept, kept, reviewer)
    with pytest.raises(Refused, match="为什么是同一个人"):
        merge(kept, other, reviewer, " ")
    with pytest.raises(Refused, match="现任或将到任的成员任期"):
        merge(other, kept, reviewer)
    build.secretary(tree.township, other, since=build.DAY + timedelta(days=3))
    build.account(other)
    with pytest.raises(Refused) as refusal:
        merge(kept, other, reviewer)
    assert len(refusal.value.reasons) == 2


def test_no_chains(tree: Tree, kept: Person, other: Person, reviewer: User) -> None:
    third = build.member(tree.county, until=YESTERDAY).person
    merge(kept, other, reviewer)
    with pytest.raises(Refused, match="已并入"):
        merge(third, other, reviewer)
    with pytest.raises(Refused, match="已并入"):
        merge(other, third, reviewer)
    Membership.objects.filter(person=kept).update(until=YESTERDAY)
    with pytest.raises(Refused, match="已有别的档案并入"):
        merge(third, kept, reviewer)


def test_only_who_stands_above_both(
    tree: Tree, kept: Person, other: Person, keeper: User, reviewer: User, enter: Enter
) -> None:
    far = build.member(tree.other, build.person("古丽·艾山"), until=YESTERDAY).person
    address = reverse("person_merge", args=[kept.pk])
    assert enter(keeper).get(address).status_code == 404
    assert enter(reviewer).post(address, {"other": far.pk, "reason": "x"}).status_code == 422
    build.member(tree.other, kept, since=build.SINCE, until=YESTERDAY)
    assert enter(reviewer).get(address).status_code == 404
    city = build.granted(Role.ADMIN, tree.city)
    assert enter(city).get(address).status_code == 200


def test_a_second_file_of_one_name_is_warned_of_whatever_the_dot(
    tree: Tree, kept: Person, keeper: User, enter: Enter
) -> None:
    typed = {"new_name": "古丽．艾山", "group_role": "MEMBER", "rank": 5, "since": "2026-03-20"}
    answer = enter(keeper).post(reverse("member_new", args=[tree.county.pk]), typed)
    assert answer.status_code == 422 and "库里已有 1 名叫" in answer.content.decode()
