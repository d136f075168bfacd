"""The tree: made, edited, renamed, moved, closed; each refusal says everything at once."""

from collections.abc import Callable
from datetime import date

import pytest

from roster.accounts.models import User
from roster.audit.models import AuditEvent
from roster.audit.moves import Refused, Stale
from roster.committees import actions
from roster.committees.models import Committee
from roster.people import actions as people
from roster.people.models import Membership
from tests import build
from tests.roster.conftest import Tree

pytestmark = pytest.mark.django_db


def make(by: User, **given: object) -> Committee:
    words = {
        "code": "N1",
        "name": "新设局党组",
        "kind": "PARTY_GROUP",
        "level": "COUNTY",
        "parent": None,
        "since": build.DAY,
    }
    return actions.create(**(words | given), by=by, at=build.AT)  # type: ignore[arg-type]


def reasons(act: Callable[[], object]) -> list[str]:
    with pytest.raises(Refused) as refusal:
        act()
    return refusal.value.reasons


def test_a_new_committee_stands_under_its_superior_with_its_first_name(tree: Tree, admin: User) -> None:
    row = make(admin, parent=tree.county, short_name="新设局", level="COUNTY")
    assert row.path == f"{tree.county.path}{row.pk:07d}/"
    assert [(name.name, name.since, name.until) for name in row.names.all()] == [("新设局党组", build.DAY, None)]
    assert list(Committee.objects.search("xsj")) == [row]
    event = AuditEvent.objects.about(row).get()
    assert (event.verb, event.chain, event.actor) == ("新建委员会", row.pk, admin)


def test_everything_wrong_is_said_at_once(tree: Tree, admin: User) -> None:
    said = reasons(lambda: make(admin, code="C001", parent=tree.township, level="CITY", since=date(2020, 1, 1)))
    assert len(said) == 3
    assert "编码已被另一个委员会使用" in said[0] and "层级" in said[1] and "早于" in said[2]
    assert not Committee.objects.filter(name="新设局党组").exists()


def test_edit_is_refused_when_stale_and_when_levels_cross(tree: Tree, admin: User) -> None:
    actions.edit(tree.county, version=1, sort_order=5, by=admin, at=build.AT)
    with pytest.raises(Stale):
        actions.edit(tree.county, version=1, sort_order=6, by=admin, at=build.AT)
    said = reasons(lambda: actions.edit(tree.county, version=2, level="TOWNSHIP", code="X002", by=admin, at=build.AT))
    assert any("编码" in line for line in said)
    row = actions.edit(tree.township, version=1, level="COUNTY", by=admin, at=build.AT)
    assert row.level_order == 1
    assert any("下级" in line for line in reasons(
        lambda: actions.edit(tree.county, version=2, level="TOWNSHIP", by=admin, at=build.AT)
    ))  # fmt: skip


def test_an_edit_that_changes_nothing_leaves_no_trace(tree: Tree, admin: User) -> None:
    row = actions.edit(tree.county, version=1, code="X001", by=admin, at=build.AT)
    assert row.version == 1 and not AuditEvent.objects.about(row).exists()


def test_names_of_a_day_stay(tree: Tree, admin: User) -> None:
    row = actions.rename(
        tree.county, name="清河新区党工委", short_name="清河新区", on=date(2026, 3, 1), version=1, by=admin, at=build.AT
    )
    assert row.name_on(date(2026, 2, 28)) == "清河县委" and row.name_on(date(2026, 3, 1)) == "清河新区党工委"
    assert list(Committee.objects.search("qhxq")) == [row] and list(Committee.objects.search("清河县委")) == [row]
    put_right = actions.rename(
        row, name="清河新区工委", short_name="清河", on=date(2026, 3, 1), version=2, by=admin, at=build.AT
    )
    assert put_right.names.count() == 2 and put_right.name == "清河新区工委"


def test_rename_refuses_the_past_the_future_and_the_same(tree: Tree, admin: User) -> None:
    def to(name: str, on: date) -> list[str]:
        return reasons(lambda: actions.rename(tree.county, name=name, on=on, version=1, by=admin, at=build.AT))

    assert "早于" in to("乙", date(2020, 1, 1))[0]
    assert "今天" in to("乙", date(2026, 3, 21))[0]
    actions.rename(tree.other, name="甲", on=build.DAY, version=1, by=admin, at=build.AT)
    with pytest.raises(Refused, match="没有需要保存"):
        actions.rename(tree.other, name="甲", on=build.DAY, version=2, by=admin, at=build.AT)


def test_moving_takes_all_below_along(tree: Tree, admin: User) -> None:
    village = build.committee("丙村党委", parent=tree.township, level="TOWNSHIP")
    actions.move(tree.township, parent=tree.other, version=1, by=admin, at=build.AT)
    village.refresh_from_db()
    assert village.path == f"{tree.other.path}{tree.township.pk:07d}/{village.pk:07d}/"


def test_moving_refuses_rings_and_dead_superiors(tree: Tree, admin: User) -> None:
    with pytest.raises(Refused, match="自己的下级之下"):
        actions.move(tree.county, parent=tree.township, version=1, by=admin, at=build.AT)
    with pytest.raises(Refused, match="就是现在的上级"):
        actions.move(tree.county, parent=tree.city, version=1, by=admin, at=build.AT)
    actions.close(tree.other, on=build.DAY, reason="撤并", version=1, by=admin, at=build.AT)
    with pytest.raises(Refused, match="已停用"):
        actions.move(tree.township, parent=tree.other, version=1, by=admin, at=build.AT)


def test_a_move_acts_on_the_next_request(tree: Tree, admin: User, reviewer: User, enter: Callable) -> None:
    client = enter(reviewer)
    place = f"/committees/{tree.township.pk}/"
    assert client.get(place).status_code == 200
    actions.move(tree.township, parent=tree.other, version=1, by=admin, at=build.AT)
    assert client.get(place).status_code == 404


def test_closing_says_all_that_is_left(tree: Tree, admin: User) -> None:
    build.member(tree.county)
    build.secretary(tree.county)
    said = reasons(lambda: actions.close(tree.county, on=build.DAY, reason=" ", version=1, by=admin, at=build.AT))
    assert len(said) == 4
    assert [word for word in ("停用原因", "下级", "成员", "学习秘书") if not any(word in line for line in said)] == []


def test_winding_up_ends_everybody_on_the_last_day(tree: Tree, admin: User) -> None:
    member = build.member(tree.township)
    keeper = build.secretary(tree.township)
    row = people.wind_up(tree.township, on=build.DAY, reason="撤乡设镇", version=1, by=admin, at=build.AT)
    member.refresh_from_db()
    keeper.refresh_from_db()
    assert row.until == member.until == keeper.until == build.DAY and member.end_reason == "撤乡设镇"
    assert row.names.get().until == build.DAY
    assert not Committee.objects.active_on(date(2026, 3, 21)).filter(pk=row.pk).exists()
    assert Membership.objects.count() == 1


def test_pages_create_and_change(tree: Tree, admin: User, enter: Callable) -> None:
    client = enter(admin)
    given = {
        "parent": tree.county.pk, "code": "N9", "name": "新设镇党委", "kind": "PARTY_COMMITTEE", "level": "TOWNSHIP",
        "sort_order": 10, "since": "2026-03-01",
    }  # fmt: skip
    answer = client.post("/committees/new/", given)
    row = Committee.objects.get(code="N9")
    assert answer.status_code == 302 and answer["Location"] == f"/committees/{row.pk}/"
    again = client.post("/committees/new/", given)
    assert again.status_code == 422 and "编码已被另一个委员会使用" in again.content.decode()
    assert client.post("/committees/new/", given | {"since": "三月", "kind": "x"}).status_code == 422
    client.post(f"/committees/{row.pk}/rename/", {"version": 1, "name": "新镇党委", "on": "2026-03-20"})
    client.post(f"/committees/{row.pk}/move/", {"version": 2, "parent": tree.other.pk})
    row.refresh_from_db()
    assert row.name == "新镇党委" and row.parent == tree.other
    client.post(f"/committees/{row.pk}/close/", {"version": 3, "on": "2026-03-20", "reason": "撤并", "end_terms": "on"})
    row.refresh_from_db()
    assert row.until == build.DAY


def test_a_stale_form_shows_both_texts_and_saves_the_second_time(tree: Tree, admin: User, enter: Callable) -> None:
    client = enter(admin)
    mine = {"version": 1, "code": "X001", "kind": "PARTY_GROUP", "level": "COUNTY", "sort_order": 77}
    actions.edit(tree.county, version=1, sort_order=5, by=admin, at=build.AT)
    answer = client.post(f"/committees/{tree.county.pk}/edit/", mine)
    page = answer.content.decode()
    assert answer.status_code == 422 and "改过" in page and 'value="77"' in page
    assert answer.context["conflict"]["fields"] == [{"label": "排序", "mine": "77", "saved": "5"}]
    assert client.post(f"/committees/{tree.county.pk}/edit/", mine | {"version": 2}).status_code == 302
    tree.county.refresh_from_db()
    assert tree.county.sort_order == 77


def test_a_reviewer_cannot_put_a_committee_outside_his_county(tree: Tree, reviewer: User, enter: Callable) -> None:
    client = enter(reviewer)
    answer = client.post(f"/committees/{tree.township.pk}/move/", {"version": 1, "parent": tree.other.pk})
    assert answer.status_code == 422
    assert (
        client.post(
            f"/committees/{tree.other.pk}/close/", {"version": 1, "on": "2026-03-20", "reason": "x"}
        ).status_code
        == 404
    )


def test_the_page_shows_members_of_the_chosen_day(tree: Tree, keeper: User, enter: Callable) -> None:
    build.member(tree.county, build.person("王前"), until=date(2025, 6, 30))
    build.member(tree.county, build.person("赵后"), since=date(2025, 7, 1))
    client = enter(keeper)

    def names(query: str) -> list[str]:
        page = client.get(f"/committees/{tree.county.pk}/{query}")
        return [row.person.name for row in page.context["members"]]

    assert names("") == ["赵后"] and names("?on=2025-06-30") == ["王前"] and names("?on=2025-07-01") == ["赵后"]
