"""No unit stands still while its leader is away or not appointed: somebody decides in his place, dated and named."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from roster.accounts import acting_actions
from roster.accounts.models import User
from roster.accounts.roles import ROLES, Permission, Role
from roster.audit.models import AuditEvent
from roster.audit.moves import Refused
from roster.committees.models import Committee
from roster.people.models import ActingKind, ActingLeader, GroupRole, Membership, Person
from roster.people.signing import LEADER_OR_DEPUTY, signed
from sessions_app.notices.models import Notice
from sessions_app.plans import actions as plans
from sessions_app.plans.models import PlanStage, StudyPlan
from tests import build
from tests.roster.conftest import Tree

pytestmark = pytest.mark.django_db
Enter = Callable[[User], Client]
NEXT_WEEK = build.DAY + timedelta(days=7)


def give(where: Committee, who: Person, by: User, **more: Any) -> ActingLeader:
    given = {"kind": ActingKind.ENTRUSTED, "since": build.DAY, "until": NEXT_WEEK, "reason": "组长出差"} | more
    return acting_actions.give(committee=where, person=who, by=by, at=build.AT, **given)


def submitted(where: Committee, by: User) -> StudyPlan:
    plan = plans.create(committee=where, year=2026, by=by, at=build.AT)
    items = [{"quarter": number, "topic": f"第{number}季度", "category": 1} for number in (1, 2, 3, 4)]
    plan = plans.save_items(plan, items=items, version=plan.version, by=by, at=build.AT)
    return plans.submit(plan, version=plan.version, by=by, at=build.AT)


def approve(plan: StudyPlan, by: User) -> StudyPlan:
    return plans.approve(plan, meeting="党组会", met_on=build.DAY, version=plan.version, by=by, at=build.AT)


def open_plans(user: User, day: date = build.DAY) -> int:
    return StudyPlan.objects.open_to(user.act(on=day), Permission.PLAN_APPROVE).count()


@pytest.fixture
def leader(tree: Tree) -> User:
    return build.leader_of(tree.county)


@pytest.fixture
def deputy(tree: Tree) -> User:
    return build.account(build.member(tree.county, build.person("副手"), role=GroupRole.DEPUTY).person)


def test_while_the_leader_is_away_his_deputy_approves(
    tree: Tree, leader: User, deputy: User, keeper: User, enter: Enter
) -> None:
    plan = submitted(tree.county, keeper)
    assert open_plans(deputy) == 0
    give(tree.county, deputy.person, leader)
    assert open_plans(deputy) == 1
    assert deputy.may(Permission.LEAVE_DECIDE) and not deputy.may(Permission.ACTING_EDIT)
    plan = approve(plan, deputy)
    assert plan.stage == PlanStage.APPROVED
    deputy.using = Permission.PLAN_APPROVE
    event = AuditEvent.objects.about(plan).get(verb="approve")
    assert event.actor_id == deputy.pk
    assert signed(plan.approved_by, tree.county.pk, build.AT) == "副手（受委托）"
    assert "副手（受委托）" in enter(keeper).get(plan.get_absolute_url()).content.decode()
    assert Notice.objects.filter(person=deputy.person, title__startswith="由您委托审批").exists()


def test_the_record_names_the_role(tree: Tree, leader: User, keeper: User, enter: Enter) -> None:
    member = build.account(build.member(tree.county, build.person("委员")).person)
    give(tree.county, member.person, leader, kind=ActingKind.ACTING)
    plan = submitted(tree.county, keeper)
    typed = {"version": plan.version, "meeting": "党组会", "met_on": "2026-03-20"}
    assert enter(member).post(reverse("plan_approve", args=[plan.pk]), typed).status_code == 302
    assert AuditEvent.objects.about(plan).get(verb="approve").actor_role == "代理组长（清河县委）"
    assert "/approvals/" in enter(member).get("/", follow=True).request["PATH_INFO"]


def test_a_unit_without_a_leader_gets_one_from_above(tree: Tree, reviewer: User, keeper: User) -> None:
    member = build.account(build.member(tree.county).person)
    row = give(tree.county, member.person, reviewer, kind=ActingKind.IN_CHARGE, reason="组长待任命")
    assert row.given_as.startswith("宣传部审核人")
    assert approve(submitted(tree.county, keeper), member).stage == PlanStage.APPROVED


@pytest.mark.parametrize(
    ("day", "acts"),
    [
        (build.DAY - timedelta(days=1), False),
        (build.DAY, True),
        (NEXT_WEEK, True),
        (NEXT_WEEK + timedelta(days=1), False),
    ],
)
def test_it_acts_on_its_days_alone(tree: Tree, leader: User, deputy: User, day: date, acts: bool) -> None:
    give(tree.county, deputy.person, leader)
    assert (Role.ACTING in {hold.role for hold in deputy.act(on=day).holds}) is acts


def test_ended_early_it_opens_nothing_at_once_and_another_may_follow(
    tree: Tree, leader: User, deputy: User, reviewer: User
) -> None:
    row = give(tree.county, deputy.person, leader)
    row = acting_actions.end(row, reason="组长回来了", version=row.version, by=reviewer, at=build.AT)
    assert not deputy.act(on=build.DAY).may(Permission.PLAN_APPROVE)
    with pytest.raises(Refused, match="结束"):
        acting_actions.end(row, reason="再来", version=row.version, by=leader, at=build.AT)
    give(tree.county, deputy.person, leader)


def test_whoever_leaves_the_group_acts_no_more(tree: Tree, leader: User, deputy: User) -> None:
    give(tree.county, deputy.person, leader)
    Membership.objects.filter(person=deputy.person).update(until=build.DAY)
    assert deputy.act(on=build.DAY).may(Permission.PLAN_APPROVE)
    assert not deputy.act(on=build.DAY + timedelta(days=1)).holds


def test_who_submitted_does_not_decide_as_acting_leader(tree: Tree, leader: User, keeper: User) -> None:
    build.member(tree.county, keeper.person)
    give(tree.county, keeper.person, leader)
    keeper.act(on=build.DAY)
    with pytest.raises(Refused, match="不能由本人审定"):
        approve(submitted(tree.county, keeper), keeper)


REFUSED: list[tuple[str, Callable[[Tree, User, User], object]]] = [
    ("不能授权给自己", lambda tree, leader, deputy: give(tree.county, leader.person, leader)),
    ("本来就是组长", lambda tree, leader, deputy: give(tree.county, leader.person, build.account())),
    ("不是这段时间里的中心组成员", lambda tree, leader, deputy: give(tree.county, build.person(), leader)),
    ("不能补授权", lambda tree, leader, deputy: give(tree.county, deputy.person, leader, since=build.SINCE)),
    ("不能早于起始", lambda tree, leader, deputy: give(tree.county, deputy.person, leader, until=build.SINCE)),
    ("最多授权一年", lambda tree, leader, deputy: give(tree.county, deputy.person, leader, until=date(2028, 1, 1))),
    ("请写明原因", lambda tree, leader, deputy: give(tree.county, deputy.person, leader, reason=" ")),
]


@pytest.mark.parametrize(("words", "act"), REFUSED, ids=[words for words, _ in REFUSED])
def test_refused_in_words(tree: Tree, leader: User, deputy: User, words: str, act: Callable) -> None:
    with pytest.raises(Refused, match=words):
        act(tree, leader, deputy)


def test_a_reviewer_who_is_a_member_does_not_make_himself_act(tree: Tree, reviewer: User, enter: Enter) -> None:
    build.member(tree.county, reviewer.person)
    with pytest.raises(Refused, match="授权给自己"):
        give(tree.county, reviewer.person, reviewer)


def test_an_unconfirmed_member_does_not_act(tree: Tree, leader: User, deputy: User) -> None:
    give(tree.county, deputy.person, leader)
    Membership.objects.filter(person=deputy.person).update(confirmed=False, entered_by=leader)
    assert not deputy.act(on=build.DAY).may(Permission.PLAN_APPROVE)


def test_one_at_a_time(tree: Tree, leader: User, deputy: User) -> None:
    give(tree.county, deputy.person, leader)
    other = build.member(tree.county).person
    with pytest.raises(Refused, match="已经授权了别人"):
        give(tree.county, other, leader)
    with pytest.raises(IntegrityError, match="acting_one_at_a_time"), transaction.atomic():
        build.acting(tree.county, other)


def test_by_the_pages_the_leader_and_the_department_alone(
    tree: Tree, leader: User, deputy: User, keeper: User, reviewer: User, enter: Enter
) -> None:
    address = reverse("acting_new", args=[tree.county.pk])
    typed = {
        "person": deputy.person.pk,
        "kind": "ENTRUSTED",
        "since": "2026-03-20",
        "until": "2026-03-27",
        "reason": "出差",
    }
    for user in (keeper, deputy, build.leader_of(tree.other)):
        assert enter(user).get(address).status_code == 404 and enter(user).post(address, typed).status_code == 404
    again = enter(leader).post(address, typed | {"until": "2026-03-01"})
    assert (
        again.status_code == 422 and "不能早于起始日期" in again.content.decode() and "出差" in again.content.decode()
    )
    assert enter(leader).post(address, typed).status_code == 302
    assert enter(deputy).post(address, typed).status_code == 404, "who acts does not authorise further"
    page = enter(keeper).get(tree.county.get_absolute_url()).content.decode()
    assert "副手 委托审批" in page and "授权代理或委托" not in page
    row = ActingLeader.objects.get()
    end = reverse("acting_end", args=[row.pk])
    assert enter(keeper).post(end, {"version": 1, "reason": "x"}).status_code == 404
    enter(reviewer).post(end, {"version": row.version, "reason": "组长回来了"})
    row.refresh_from_db()
    assert row.ended_at == build.AT
    verbs = AuditEvent.objects.about(row).order_by("id").values_list("verb", flat=True)
    assert list(verbs) == ["授权代行组长职责", "结束代行组长职责"]


def test_the_name_is_printed_plain_where_he_decided_in_his_own_right(tree: Tree, leader: User, deputy: User) -> None:
    give(tree.county, deputy.person, leader)
    assert signed(deputy.person, tree.county.pk, build.AT) == "副手（受委托）"
    assert signed(deputy.person, tree.county.pk, build.AT, by_right=LEADER_OR_DEPUTY) == "副手"
    assert signed(deputy.person, tree.county.pk, build.at(NEXT_WEEK + timedelta(days=1))) == "副手"
    assert signed(leader.person, tree.county.pk, build.AT) == leader.person.name
    assert signed(None, tree.county.pk, None) == ""


def test_he_has_what_the_leader_decides_and_nothing_else() -> None:
    extra = {Permission.TERM_CONFIRM, Permission.ACTING_EDIT}
    assert ROLES[Role.LEADER].may - ROLES[Role.ACTING].may == extra
    assert ROLES[Role.ACTING].may <= ROLES[Role.LEADER].may
