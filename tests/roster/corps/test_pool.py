"""The expert pool, visit teams with one leader, and areas: one team of a department at a time."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from roster.accounts.models import User
from roster.accounts.roles import Role
from roster.audit.models import AuditEvent
from roster.audit.moves import Refused
from roster.committees.models import Committee
from roster.corps import pool_actions as actions
from roster.corps.models import Expert, TeamArea, TeamMember, VisitTeam
from roster.corps.rules import split_fields
from tests import build
from tests.build import AT, DAY, SINCE
from tests.roster.conftest import Tree

pytestmark = pytest.mark.django_db
Enter = Callable[[User], Client]
LAST = DAY + timedelta(days=40)


@pytest.fixture
def reviewer(tree: Tree) -> User:
    return build.granted(Role.REVIEWER, tree.city)


def expert(where: Committee, by: User, name: str = "", **more: object) -> Expert:
    return actions.add_expert(committee=where, person=build.person(name), since=SINCE, by=by, at=AT, **more)  # type: ignore[arg-type]


def team(where: Committee, by: User, *experts: Expert, name: str = "第一组") -> VisitTeam:
    """The first leads."""
    return actions.create_team(
        committee=where, name=name, since=DAY, leader=experts[0].pk, members={row.pk for row in experts}, by=by, at=AT
    )


def test_fields_are_split_and_limited(tree: Tree, reviewer: User) -> None:
    assert split_fields("经济、党建,法治； 党建") == ["经济", "党建", "法治"]
    with pytest.raises(Refused) as refused:
        expert(tree.city, reviewer, fields=["长" * 21], max_load=0, unit=build.committee("外市单位"))
    assert len(refused.value.reasons) == 3


def test_two_terms_of_a_person_never_overlap(tree: Tree, reviewer: User) -> None:
    row = expert(tree.city, reviewer, "张专家", until=LAST)
    with pytest.raises(Refused, match="张专家在云州市委专家库的专家任期.*重叠"):
        actions.add_expert(committee=tree.city, person=row.person, since=LAST, by=reviewer, at=AT)
    actions.add_expert(committee=tree.city, person=row.person, since=LAST + timedelta(days=1), by=reviewer, at=AT)
    actions.add_expert(committee=tree.county, person=row.person, since=SINCE, by=reviewer, at=AT)
    with pytest.raises(IntegrityError), transaction.atomic():
        Expert.objects.create(committee=tree.city, person=row.person, since=DAY)


def test_the_end_of_a_term_ends_the_place_in_the_team(tree: Tree, reviewer: User) -> None:
    one, two = expert(tree.city, reviewer), expert(tree.city, reviewer)
    row = team(tree.city, reviewer, one, two)
    actions.edit_expert(two, version=two.version, until=LAST, by=reviewer, at=AT)
    assert row.members.get(expert=two).until == LAST
    assert row.members.get(expert=one).until is None
    with pytest.raises(Refused, match="落在专家任期之外"):
        actions.edit_expert(one, version=one.version, until=DAY - timedelta(days=1), by=reviewer, at=AT)


def test_days_away(tree: Tree, reviewer: User) -> None:
    row = expert(tree.city, reviewer, until=LAST)
    gone = actions.add_away(row, since=DAY, until=DAY + timedelta(days=5), reason="出差", by=reviewer, at=AT)
    with pytest.raises(Refused, match="重叠"):
        actions.add_away(row, since=DAY + timedelta(days=5), until=LAST, by=reviewer, at=AT)
    with pytest.raises(Refused, match="早于"):
        actions.add_away(row, since=LAST, until=DAY, by=reviewer, at=AT)
    with pytest.raises(Refused, match="不在专家任期"):
        actions.add_away(row, since=LAST + timedelta(days=1), until=LAST + timedelta(days=2), by=reviewer, at=AT)
    actions.remove_away(row, away=gone.pk, by=reviewer, at=AT)
    assert not row.aways.exists()
    verbs = list(AuditEvent.objects.about(row).order_by("id").values_list("verb", flat=True))
    assert verbs == ["create", "away", "away_removed"]


def test_a_team_says_everything_at_once(tree: Tree, reviewer: User) -> None:
    theirs = expert(tree.county, reviewer, "县专家")
    gone = expert(tree.city, reviewer, "到期专家", until=DAY - timedelta(days=1))
    busy = expert(tree.city, reviewer, "有组专家")
    team(tree.city, reviewer, busy, name="甲组")
    with pytest.raises(Refused) as refused:
        actions.create_team(
            committee=tree.city,
            name="甲组",
            since=DAY,
            leader=None,
            members={theirs.pk, gone.pk, busy.pk},
            by=reviewer,
            at=AT,
        )
    told = "".join(refused.value.reasons)
    assert len(refused.value.reasons) == 5
    for words in (
        "请指定一名组长",
        "县专家是清河县委专家库",
        "到期专家的专家任期",
        "有组专家已在“甲组”",
        "已有同名的旁听组",
    ):
        assert words in told


def test_members_change_from_a_day_and_history_stays(tree: Tree, reviewer: User) -> None:
    one, two, three = (expert(tree.city, reviewer) for _ in range(3))
    row = team(tree.city, reviewer, one, two)
    on = DAY + timedelta(days=10)
    row = actions.edit_team(
        row, version=row.version, name="第一组", on=on, leader=two.pk, members={three.pk}, by=reviewer, at=AT
    )

    def of(day: date) -> list[tuple[int, bool]]:
        return list(row.members.on(day).order_by("expert").values_list("expert", "is_leader"))

    assert of(on - timedelta(days=1)) == [(one.pk, True), (two.pk, False)]
    assert of(on) == [(two.pk, True), (three.pk, False)]
    with pytest.raises(Refused, match="已有变动"):
        actions.edit_team(
            row, version=row.version, name="第一组", on=DAY, leader=two.pk, members=set(), by=reviewer, at=AT
        )
    # The same day put right: nothing is left of the day's first choice.
    actions.edit_team(row, version=row.version, name="改名", on=on, leader=two.pk, members=set(), by=reviewer, at=AT)
    assert of(on) == [(two.pk, True)] and not TeamMember.objects.filter(expert=three).exists()


def test_one_team_of_a_department_at_a_time(tree: Tree, reviewer: User) -> None:
    first = team(tree.city, reviewer, expert(tree.city, reviewer))
    second = team(tree.city, reviewer, expert(tree.city, reviewer), name="第二组")
    both = {tree.county.pk, tree.township.pk}
    actions.set_areas(first, committees=both, on=DAY, by=reviewer, at=AT)
    with pytest.raises(Refused, match="清河县委由“第一组”负责"):
        actions.set_areas(second, committees={tree.county.pk}, on=DAY, by=reviewer, at=AT)
    with pytest.raises(IntegrityError), transaction.atomic():
        TeamArea.objects.create(team=second, department=tree.city, committee=tree.county, since=DAY)
    # Another department's team may look after it too.
    county = team(tree.county, reviewer, expert(tree.county, reviewer))
    actions.set_areas(county, committees={tree.township.pk}, on=DAY, by=reviewer, at=AT)
    with pytest.raises(Refused, match="石桥县委不在清河县委范围内"):
        actions.set_areas(county, committees={tree.other.pk}, on=DAY, by=reviewer, at=AT)
    later = DAY + timedelta(days=7)
    actions.set_areas(first, committees={tree.county.pk}, on=later, by=reviewer, at=AT)
    actions.set_areas(second, committees={tree.township.pk}, on=later, by=reviewer, at=AT)
    assert first.areas.get(committee=tree.township).until == later - timedelta(days=1)


def test_the_end_of_a_team_ends_its_people_and_areas(tree: Tree, reviewer: User) -> None:
    one = expert(tree.city, reviewer)
    row = team(tree.city, reviewer, one)
    row = actions.set_areas(row, committees={tree.county.pk}, on=DAY, by=reviewer, at=AT)
    actions.edit_team(
        row, version=row.version, name="第一组", on=DAY, leader=one.pk, members=set(), until=LAST, by=reviewer, at=AT
    )
    assert row.members.get().until == row.areas.get().until == LAST


def test_the_pages(tree: Tree, reviewer: User, enter: Enter) -> None:
    client = enter(reviewer)
    people = [build.person("李明"), build.person("王芳")]
    for who in people:
        answer = client.post(reverse("expert_new"), {
            "person": who.pk, "unit": tree.county.pk if who is people[0] else "", "unit_name": "市委党校",
            "fields_text": "经济、党建", "max_load": 4, "since": SINCE, "until": "",
        })  # fmt: skip
        assert answer.status_code == 302
    one, two = Expert.objects.order_by("pk")
    assert (one.unit, one.fields, one.committee) == (tree.county, ["经济", "党建"], tree.city)
    twice = client.post(reverse("expert_new"), {"person": people[0].pk, "max_load": 4, "since": DAY})
    assert twice.status_code == 422 and "重叠" in twice.text
    assert "李明" in client.get(reverse("expert_list"), {"q": "李明"}).text
    assert "王芳" not in client.get(reverse("expert_list"), {"q": "李明"}).text
    client.post(reverse("expert_away", args=[one.pk]), {"since": DAY, "until": DAY, "reason": "出差"})
    assert "王芳" not in client.get(reverse("expert_list"), {"state": "away"}).text
    page = client.get(reverse("expert_edit", args=[one.pk]))
    assert "出差" in page.text
    client.post(reverse("expert_away", args=[one.pk]), {"drop": one.aways.get().pk})
    assert not one.aways.exists()
    saved = client.post(reverse("expert_edit", args=[one.pk]), {
        "version": one.version, "unit": "", "unit_name": "党校", "fields_text": "法治", "max_load": 2, "since": SINCE,
    })  # fmt: skip
    one.refresh_from_db()
    assert saved.status_code == 302 and (one.unit, one.fields) == (None, ["法治"])
    stale = client.post(reverse("expert_edit", args=[one.pk]), {
        "version": 1, "unit_name": "别处", "fields_text": "", "max_load": 2, "since": SINCE,
    })  # fmt: skip
    assert stale.status_code == 422 and "改动" in stale.text
    client.post(reverse("team_new"), {"name": "第一组", "since": DAY, "leader": one.pk, "members": [two.pk]})
    row = VisitTeam.objects.get()
    assert row.members.count() == 2 and row.members.get(is_leader=True).expert == one
    client.post(row_area := reverse("team_area", args=[row.pk]), {
        "version": row.version, "on": DAY, "committees": [tree.county.pk, tree.township.pk],
    })  # fmt: skip
    assert row_area and row.areas.count() == 2
    shown = client.get(row.get_absolute_url()).text
    assert "李明（组长）" in shown and "柳林乡党委" in shown
    row.refresh_from_db()
    client.post(reverse("team_edit", args=[row.pk]), {
        "version": row.version, "name": "新名", "on": DAY, "leader": two.pk, "members": [],
    })  # fmt: skip
    row.refresh_from_db()
    assert row.name == "新名" and row.members.get().expert == two
    missing = client.post(reverse("team_edit", args=[row.pk]), {"version": row.version, "name": "新名", "on": DAY})
    assert missing.status_code == 422 and "请指定一名组长" in missing.text
    assert "还有 2 家没有分到组" in client.get(reverse("team_list")).text
    assert client.get(reverse("expert_list"), {"format": "xlsx"}).status_code == 200


def test_a_county_keeps_its_own_pool(tree: Tree, enter: Enter) -> None:
    county = build.granted(Role.REVIEWER, tree.county)
    city = build.granted(Role.REVIEWER, tree.city)
    row = expert(tree.city, city, "市专家")
    client = enter(county)
    client.post(reverse("expert_new"), {"person": build.person("县专家").pk, "max_load": 4, "since": DAY})
    page = client.get(reverse("expert_list")).text
    assert "县专家" in page and "市专家" not in page
    assert client.get(reverse("expert_edit", args=[row.pk])).status_code == 404
    # An expert of the city cannot be chosen, even by hand.
    answer = client.post(reverse("team_new"), {"name": "县组", "since": DAY, "leader": row.pk})
    assert answer.status_code == 422 and not VisitTeam.objects.exists()


def test_the_lists_cost_the_same_with_one_row_and_with_thirty(
    tree: Tree, reviewer: User, enter: Enter, django_assert_max_num_queries
) -> None:
    client = enter(reviewer)
    counts = []
    for more in (1, 29):
        for number in range(more):
            row = expert(tree.city, reviewer, unit=tree.county)
            made = team(tree.city, reviewer, row, name=f"组{more}-{number}")
            TeamArea.objects.create(
                team=made, department=tree.city, committee=build.committee(parent=tree.city), since=DAY
            )
        for address in (reverse("expert_list"), reverse("team_list"), made.get_absolute_url()):
            client.get(address)
            with django_assert_max_num_queries(40) as seen:
                assert client.get(address, {"per": 50}).status_code == 200
            counts.append(len(seen))
    assert counts[:3] == counts[3:]
