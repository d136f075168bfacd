"""Nobody gives himself a role: what a secretary enters waits for another person's yes, by every door."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from roster.accounts.models import User
from roster.accounts.roles import Role
from roster.audit.models import AuditEvent
from roster.audit.moves import Refused
from roster.committees.models import Committee
from roster.corps import hand_over_actions
from roster.people import actions, intake
from roster.people.models import GroupRole, Membership, Person, StudySecretary
from roster.people.rules import Term, gives_more, needs_another, same_name
from tests import build
from tests.roster.conftest import Tree

pytestmark = pytest.mark.django_db
Enter = Callable[[User], Client]
ROLES = [GroupRole.MEMBER, GroupRole.DEPUTY, GroupRole.LEADER, "SECRETARY"]
GIVEN = {GroupRole.MEMBER: Role.MEMBER, GroupRole.DEPUTY: Role.DEPUTY, GroupRole.LEADER: Role.LEADER}


@dataclass
class Entry:
    """One way in: `role` for `who` in the committee, entered by `by`."""

    where: Committee
    who: Person
    role: str
    by: User
    enter: Enter

    def action(self) -> None:
        if self.role == "SECRETARY":
            actions.add_secretary(committee=self.where, person=self.who, since=build.DAY, by=self.by, at=build.AT)
        else:
            actions.add_membership(
                committee=self.where, person=self.who, group_role=self.role, since=build.DAY, by=self.by, at=build.AT
            )

    def page(self) -> None:
        new = "secretary_new" if self.role == "SECRETARY" else "member_new"
        typed = {"person": self.who.pk, "since": "2026-03-20", "rank": 5}
        if self.role != "SECRETARY":
            typed["group_role"] = self.role
        address = reverse(new, args=[self.where.pk])
        answer = self.enter(self.by).post(address, typed)
        if answer.status_code == 422:  # a second leader and the like is said first
            answer = self.enter(self.by).post(address, {**typed, "confirmed": answer.context["seal"]})
        assert answer.status_code == 302, answer.content.decode()

    def sheet(self) -> None:
        if self.role == "SECRETARY":
            row = intake.SecretaryRow(self.where.code, self.who.code, build.DAY)
            intake.take_in_secretaries([row], by=self.by, at=build.AT)
        else:
            member = intake.MembershipRow(self.where.code, self.who.code, self.role, build.DAY)
            intake.take_in_memberships([member], by=self.by, at=build.AT)

    def raised(self) -> None:
        """A plain member for long; the role is changed in place."""
        row = build.member(self.where, self.who)
        actions.edit_membership(row, version=row.version, group_role=self.role, by=self.by, at=build.AT)

    def raised_by_sheet(self) -> None:
        row = build.member(self.where, self.who)
        wanted = intake.MembershipRow(self.where.code, self.who.code, self.role, row.since)
        intake.take_in_memberships([wanted], by=self.by, at=build.AT)

    def term(self) -> Membership | StudySecretary:
        model = StudySecretary if self.role == "SECRETARY" else Membership
        found: Membership | StudySecretary = model.objects.filter(person=self.who, committee=self.where).latest("pk")
        return found


def roles_of(who: Person) -> set[Role]:
    user = User.objects.filter(person=who).first() or build.account(who)
    return {hold.role for hold in user.act(on=build.DAY).holds}


DOORS = ["action", "page", "sheet", "raised", "raised_by_sheet"]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("whom", ["himself", "another"])
@pytest.mark.parametrize("giver", ["secretary", "reviewer"])
def test_a_role_needs_another_by_every_door(
    tree: Tree, enter: Enter, keeper: User, reviewer: User, door: str, role: str, whom: str, giver: str
) -> None:
    by = keeper if giver == "secretary" else reviewer
    if door.startswith("raised") and role in ("SECRETARY", GroupRole.MEMBER):
        return  # a membership is raised to a role of memberships
    if whom == "himself" and giver == "secretary" and role == "SECRETARY":
        StudySecretary.objects.filter(person=keeper.person).update(until=build.DAY)
        return self_prolonged(tree, keeper)
    who = by.person if whom == "himself" else build.person("王五")
    entry = Entry(tree.county, who, role, by, enter)
    getattr(entry, door)()
    term, wanted = entry.term(), GIVEN.get(role, Role.SECRETARY)
    waits = whom == "himself" or (giver == "secretary" and role != GroupRole.MEMBER)
    assert term.confirmed is not waits
    assert (wanted in roles_of(who)) is not waits
    if not waits:
        return None
    with pytest.raises(Refused, match="登记的|自己的任期"):
        actions.confirm_term(term, version=term.version, by=by, at=build.AT)
    other = build.leader_of(tree.county)
    term = actions.confirm_term(term, version=term.version, by=other, at=build.AT)
    assert wanted in roles_of(who)
    event = AuditEvent.objects.about(term).filter(verb="确认任期").get()
    assert event.actor_id == other.pk
    return None


def self_prolonged(tree: Tree, keeper: User) -> None:
    """His term ends today; a new one from tomorrow, entered by himself, opens nothing tomorrow."""
    tomorrow = build.DAY + timedelta(days=1)
    term = actions.add_secretary(committee=tree.county, person=keeper.person, since=tomorrow, by=keeper, at=build.AT)
    assert not term.confirmed
    assert not keeper.act(on=tomorrow).holds


def test_a_leaders_term_is_not_made_longer_by_the_secretary(tree: Tree, keeper: User, reviewer: User) -> None:
    row = build.member(tree.county, role=GroupRole.LEADER, until=build.DAY)
    row = actions.edit_membership(row, version=row.version, until=None, by=keeper, at=build.AT)
    assert not row.confirmed
    other = build.member(tree.county, role=GroupRole.DEPUTY, until=build.DAY)
    other = actions.edit_membership(other, version=other.version, until=None, by=reviewer, at=build.AT)
    assert other.confirmed


def test_putting_a_post_right_or_ending_takes_nothing_away(tree: Tree, keeper: User) -> None:
    row = build.member(tree.county, role=GroupRole.LEADER)
    row = actions.edit_membership(row, version=row.version, post="县委书记", rank=1, by=keeper, at=build.AT)
    row = actions.edit_membership(row, version=row.version, until=build.DAY, by=keeper, at=build.AT)
    assert row.confirmed


def test_the_one_who_entered_it_has_no_second_account_to_confirm_with(tree: Tree, keeper: User, enter: Enter) -> None:
    """By the address too: the button is not shown, and the address refuses."""
    entry = Entry(tree.county, build.person("王五"), GroupRole.LEADER, keeper, enter)
    entry.page()
    term = entry.term()
    page = enter(keeper).get(tree.county.get_absolute_url()).content.decode()
    assert "待另一人确认" in page and reverse("member_confirm", args=[term.pk]) not in page
    answer = enter(keeper).post(reverse("member_confirm", args=[term.pk]), {"version": term.version}, follow=True)
    assert "请由另一个人确认" in answer.content.decode()
    second = build.secretary_of(tree.county)
    assert (
        reverse("member_confirm", args=[term.pk]) in enter(second).get(tree.county.get_absolute_url()).content.decode()
    )
    enter(second).post(reverse("member_confirm", args=[term.pk]), {"version": term.version})
    assert entry.term().confirmed
    far = build.secretary_of(tree.other)
    assert enter(far).post(reverse("member_confirm", args=[term.pk]), {"version": 9}).status_code == 404


def test_an_unconfirmed_secretary_does_not_hand_over(tree: Tree, keeper: User) -> None:
    """Else two steps of one person would make a confirmed term."""
    straw = actions.add_secretary(committee=tree.county, person=build.person(), since=build.DAY, by=keeper, at=build.AT)
    friend = build.person("朋友")
    with pytest.raises(Refused, match="还没有经另一个人确认"):
        hand_over_actions.prepare(straw, receiver=friend, ends_at=build.at(build.DAY, 17), by=keeper, at=build.AT)


def test_nobody_prepares_a_hand_over_to_himself(tree: Tree, reviewer: User) -> None:
    giver = build.secretary(tree.county)
    with pytest.raises(Refused, match="不能给自己准备交接"):
        hand_over_actions.prepare(
            giver, receiver=reviewer.person, ends_at=build.at(build.DAY, 17), by=reviewer, at=build.AT
        )


def test_the_rules() -> None:
    assert needs_another(own=True, from_above=True, leading=False)
    assert needs_another(own=False, from_above=False, leading=True)
    assert not needs_another(own=False, from_above=True, leading=True)
    assert not needs_another(own=False, from_above=False, leading=False)
    old = Term(build.SINCE, build.DAY)
    leading = {"LEADER"}
    assert gives_more(("MEMBER", old), ("LEADER", old), build.DAY, leading=leading)
    assert not gives_more(("LEADER", old), ("MEMBER", old), build.DAY, leading=leading)
    assert gives_more(("MEMBER", old), ("MEMBER", Term(build.SINCE, None)), build.DAY, leading=leading)
    later = Term(build.DAY.replace(day=25), None)
    assert gives_more(("MEMBER", later), ("MEMBER", Term(build.DAY, None)), build.DAY, leading=leading)


@pytest.mark.parametrize("dot", "·•‧∙⋅・･●．")
def test_a_dot_is_a_dot(dot: str) -> None:
    assert same_name(f"阿依古丽{dot}买买提") == same_name("阿依古丽 · 买买提")
    build.person("阿依古丽·买买提")
    other = build.person(f"古丽{dot}艾山")
    assert Person.objects.search(f"阿依古丽{dot}买").count() == 1
    assert list(Person.objects.search("古丽•艾")) == [other]
