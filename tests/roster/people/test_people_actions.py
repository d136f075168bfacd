"""People, members, secretaries: dated, never overlapping; what a change touches is said before it is saved."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime

import pytest
from django.db import IntegrityError, transaction

from roster.accounts.models import User
from roster.audit.actions import saying
from roster.audit.models import AuditEvent
from roster.audit.moves import Refused, Stale
from roster.people import actions, consequences, impact
from roster.people.models import Membership, Person, StudySecretary
from tests import build
from tests.roster.conftest import Tree

pytestmark = pytest.mark.django_db


class Ear:
    """Hears what the house above would hear."""

    def __init__(self) -> None:
        self.heard: list[tuple[list[int], date, date]] = []
        self.lines: list[str] = []

    def impact(self, committee_id: int, first: date, last: date) -> list[str]:
        return self.lines if first <= date(2026, 3, 12) <= last else []

    def against(self, changes: Sequence[consequences.Belonging]) -> list[list[str]]:
        return [[] for _ in changes]

    def recount(self, committee_ids: Iterable[int], first: date, last: date, at: datetime) -> None:
        self.heard.append((list(committee_ids), first, last))


@pytest.fixture
def ear(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ear]:
    ear = Ear()
    monkeypatch.setattr(consequences, "listeners", [ear])
    return ear


def join(tree: Tree, by: User, who: Person, since: date = build.SINCE, until: date | None = None) -> Membership:
    return actions.add_membership(
        committee=tree.county, person=who, group_role="MEMBER", since=since, until=until, rank=3, by=by, at=build.AT
    )


def test_a_person_gets_a_code_and_a_reading(keeper: User) -> None:
    row = actions.create_person(name="单三", phone="13800000000", by=keeper, at=build.AT)
    assert (row.code, row.pinyin) == ("R000001", "shansan ss")
    assert actions.create_person(name="李四", by=keeper, at=build.AT).code == "R000002"
    with pytest.raises(Refused) as refusal:
        actions.create_person(code="R000001", name="王五", phone="12", by=keeper, at=build.AT)
    assert len(refusal.value.reasons) == 2


def test_the_log_keeps_no_phone_number(keeper: User) -> None:
    row = actions.create_person(name="单三", phone="13800000000", by=keeper, at=build.AT)
    row = actions.edit_person(row, version=1, name="山三", phone="13900000001", by=keeper, at=build.AT)
    assert row.pinyin == "shansan ss"
    assert "13900000001" not in str([event.data for event in AuditEvent.objects.all()])
    with pytest.raises(Stale):
        actions.edit_person(row, version=1, name="三", by=keeper, at=build.AT)


def test_overlap_is_refused_in_chinese(tree: Tree, keeper: User) -> None:
    who = build.person("张三")
    join(tree, keeper, who, until=date(2025, 12, 31))
    with pytest.raises(Refused) as refusal:
        join(tree, keeper, who, since=date(2025, 12, 31))
    assert refusal.value.reasons == [
        "张三在清河县委的任期（2024年1月1日至2025年12月31日）与所填日期重叠，请先结束原任期或改日期。"
    ]
    join(tree, keeper, who, since=date(2026, 1, 1))
    build.member(tree.other, who)  # two committees at once are fine


def test_the_database_refuses_the_overlap_too_and_that_is_said(tree: Tree) -> None:
    who = build.person("张三")
    build.member(tree.county, who)
    with pytest.raises(IntegrityError, match="membership_no_overlap"), transaction.atomic():
        build.member(tree.county, who, since=date(2026, 1, 1))
    with pytest.raises(Refused, match="任期与刚刚保存的一段重叠"), saying(actions.RESTRAINTS):
        build.member(tree.county, who, since=date(2026, 1, 1))


def test_terms_stay_inside_the_committees_life(tree: Tree, keeper: User) -> None:
    with pytest.raises(Refused, match="早于.*启用日期"):
        join(tree, keeper, build.person(), since=date(2020, 1, 1))
    with pytest.raises(Refused, match="结束日期.*早于起始日期"):
        join(tree, keeper, build.person(), since=date(2026, 1, 2), until=date(2026, 1, 1))


def test_ending_and_putting_right_tell_the_house_above_the_changed_days(tree: Tree, keeper: User, ear: Ear) -> None:
    row = join(tree, keeper, build.person())
    row = actions.end_membership(row, until=date(2026, 6, 30), reason="调离", version=1, by=keeper, at=build.AT)
    row = actions.edit_membership(row, version=2, until=date(2026, 5, 31), by=keeper, at=build.AT)
    row = actions.edit_membership(row, version=3, since=date(2024, 2, 1), by=keeper, at=build.AT)
    actions.edit_membership(row, version=4, post="副县长", by=keeper, at=build.AT)
    here = [tree.county.pk]
    assert ear.heard == [
        (here, build.SINCE, consequences.OPEN_END),
        (here, date(2026, 7, 1), consequences.OPEN_END),
        (here, date(2026, 6, 1), date(2026, 6, 30)),
        (here, date(2024, 1, 1), date(2024, 1, 31)),
    ]


def test_an_end_needs_a_reason_and_happens_once(tree: Tree, keeper: User) -> None:
    row = join(tree, keeper, build.person())
    with pytest.raises(Refused) as refusal:
        actions.end_membership(row, until=date(2020, 1, 1), reason=" ", version=1, by=keeper, at=build.AT)
    assert len(refusal.value.reasons) == 2
    row = actions.end_membership(row, until=build.DAY, reason="退休", version=1, by=keeper, at=build.AT)
    with pytest.raises(Refused, match="已于 2026年3月20日 结束"):
        actions.end_membership(row, until=build.DAY, reason="退休", version=2, by=keeper, at=build.AT)


def test_several_secretaries_but_no_one_twice(tree: Tree, keeper: User) -> None:
    who = build.person("李四")
    row = actions.add_secretary(committee=tree.county, person=who, since=build.DAY, by=keeper, at=build.AT)
    with pytest.raises(Refused, match="学习秘书任期.*重叠"):
        actions.add_secretary(committee=tree.county, person=who, since=build.DAY, by=keeper, at=build.AT)
    actions.end_secretary(row, until=date(2026, 12, 31), version=1, by=keeper, at=build.AT)
    with pytest.raises(Refused, match="已于 2026年12月31日 结束"):
        actions.end_secretary(row, until=date(2026, 12, 31), version=2, by=keeper, at=build.AT)
    assert StudySecretary.objects.on(date(2026, 6, 1)).filter(committee=tree.county).count() == 2


def test_a_secretary_who_ends_loses_the_committee_next_day(tree: Tree, keeper: User) -> None:
    row = keeper.person.secretaryships.get()
    actions.end_secretary(row, until=build.DAY, version=1, by=keeper, at=build.AT)
    assert keeper.act(on=build.DAY).holds and not keeper.act(on=date(2026, 3, 21)).holds


# ------------------------------------------------------------------------------------------------ the pages


def term(**given: object) -> dict[str, object]:
    return {"group_role": "MEMBER", "rank": 5, "since": "2026-03-01", "person": "", "new_name": "", **given}


def test_impact_is_shown_first_and_saved_on_the_second_click(
    tree: Tree, keeper: User, ear: Ear, enter: Callable
) -> None:
    ear.lines = ["3月12日的学习将增加 1 名应到人员"]
    client = enter(keeper)
    place = f"/committees/{tree.county.pk}/members/new/"
    who = build.person("张三")
    first = client.post(place, term(person=who.pk))
    page = first.content.decode()
    assert first.status_code == 422 and "还没有保存" in page and ear.lines[0] in page
    assert "2026年3月1日起将增加 1 名应到人员" in page
    assert (
        not Membership.objects.filter(person=who).exists()
        and ear.heard[-1]
        and not AuditEvent.objects.filter(verb="增加成员")
    )
    seal = first.context["seal"]
    other_words = client.post(place, term(person=who.pk, since="2026-03-05", confirmed=seal))
    assert other_words.status_code == 422, "other dates were typed than those warned of"
    assert client.post(place, term(person=who.pk, confirmed=seal)).status_code == 302
    assert Membership.objects.get(person=who).since == date(2026, 3, 1)


def test_without_impact_one_click_is_enough_and_a_new_person_comes_along(
    tree: Tree, keeper: User, enter: Callable
) -> None:
    client = enter(keeper)
    place = f"/committees/{tree.county.pk}/members/new/"
    assert client.post(place, term(new_name="周新")).status_code == 302
    assert Membership.objects.get(person__name="周新").committee == tree.county
    again = client.post(place, term(new_name="周新"))
    assert "不要重复建档" in again.content.decode() and Person.objects.filter(name="周新").count() == 1
    neither = client.post(place, term())
    assert neither.status_code == 422 and "二者填一" in neither.content.decode()


def test_a_second_leader_is_said_not_forbidden(tree: Tree, keeper: User, enter: Callable) -> None:
    build.member(tree.county, build.person("老书记"), role="LEADER")
    client = enter(keeper)
    place = f"/committees/{tree.county.pk}/members/new/"
    answer = client.post(place, term(new_name="新书记", group_role="LEADER"))
    assert "老书记" in answer.content.decode() and "也是组长" in answer.content.decode()
    sealed = term(new_name="新书记", group_role="LEADER", confirmed=answer.context["seal"])
    assert client.post(place, sealed).status_code == 302


def test_refusals_come_before_warnings(tree: Tree, keeper: User, ear: Ear, enter: Callable) -> None:
    ear.lines = ["3月12日的学习将增加 1 名应到人员"]
    who = build.member(tree.county).person
    answer = enter(keeper).post(f"/committees/{tree.county.pk}/members/new/", term(person=who.pk))
    assert "重叠" in answer.content.decode() and not answer.context["warnings"]


def test_editing_and_ending_by_page(tree: Tree, keeper: User, enter: Callable) -> None:
    row = build.member(tree.county, build.person("张三"))
    client = enter(keeper)
    given = term(version=1, since="2024-01-01", post="县委常委", rank=2, end_reason="")
    assert client.post(f"/members/{row.pk}/edit/", given).status_code == 302
    stale = client.post(f"/members/{row.pk}/edit/", given | {"post": "副书记"})
    assert stale.status_code == 422 and "副书记" in stale.content.decode() and "县委常委" in stale.content.decode()
    changed_role = client.post(f"/members/{row.pk}/edit/", given | {"version": 2, "group_role": "DEPUTY"})
    assert "中途改任" in changed_role.content.decode()
    ended = client.post(f"/members/{row.pk}/end/", {"version": 2, "until": "2026-03-20", "reason": "调离"})
    assert ended.status_code == 302
    row.refresh_from_db()
    assert (row.post, row.until, row.end_reason) == ("县委常委", build.DAY, "调离")


def test_the_last_secretary_is_not_ended_unwarned(tree: Tree, keeper: User, enter: Callable) -> None:
    row = keeper.person.secretaryships.get()
    client = enter(keeper)
    answer = client.post(f"/secretaries/{row.pk}/end/", {"version": 1, "until": "2026-03-31"})
    assert "没有学习秘书" in answer.content.decode()
    sealed = {"version": 1, "until": "2026-03-31", "confirmed": answer.context["seal"]}
    assert client.post(f"/secretaries/{row.pk}/end/", sealed).status_code == 302


def test_members_of_another_committee_are_not_there(tree: Tree, keeper: User, enter: Callable) -> None:
    row = build.member(tree.other)
    keeper_there = build.secretary(tree.other)
    client = enter(keeper)
    assert client.post(f"/members/{row.pk}/edit/", term(version=1)).status_code == 404
    assert (
        client.post(f"/members/{row.pk}/end/", {"version": 1, "until": "2026-03-20", "reason": "x"}).status_code == 404
    )
    assert client.post(f"/secretaries/{keeper_there.pk}/end/", {"version": 1, "until": "2026-03-20"}).status_code == 404
    assert client.get(f"/people/{row.person_id}/").status_code == 404


def test_one_person_in_two_committees_shows_each_keeper_only_his_own(tree: Tree, keeper: User, enter: Callable) -> None:
    who = build.person("双任")
    build.member(tree.county, who)
    build.member(tree.other, who)
    page = enter(keeper).get(f"/people/{who.pk}/").content.decode()
    assert "清河县委" in page and "石桥县委" not in page


def test_editing_a_person_by_page(tree: Tree, keeper: User, enter: Callable) -> None:
    who = build.member(tree.county).person
    client = enter(keeper)
    given = {"version": 1, "name": "改名", "code": who.code, "phone": "", "email": ""}
    assert client.post(f"/people/{who.pk}/edit/", given).status_code == 302
    assert client.post(f"/people/{who.pk}/edit/", given | {"phone": "123", "version": 2}).status_code == 422
    assert client.post(f"/people/{who.pk}/edit/", given | {"name": "又改"}).context["conflict"]["fields"]


def test_the_warning_says_whether_people_are_gained_or_lost(tree: Tree, ear: Ear) -> None:
    ear.lines = ["3月12日第1次学习"]
    who = build.person("张三")
    long, short = impact.Term(build.SINCE, None), impact.Term(date(2026, 6, 1), None)

    def said(before: impact.Term | None, after: impact.Term | None) -> str:
        return impact.of_term(tree.county, who, before, after)[0]

    assert (
        "将增加 1 名" in said(short, long) and "将减少 1 名" in said(long, short) and "将减少 1 名" in said(long, None)
    )
    assert "应到人员有变动" in said(impact.Term(build.SINCE, date(2026, 4, 1)), impact.Term(date(2026, 3, 1), None))
    assert impact.of_term(tree.county, who, long, long) == []
