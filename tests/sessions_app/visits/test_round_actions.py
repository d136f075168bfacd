"""Rounds and who goes where: what works, every refusal, and what is recorded."""

from datetime import date

import pytest

from roster.accounts.roles import Role
from roster.audit.models import AuditEvent
from roster.audit.moves import Refused, Stale
from roster.corps.models import Expert, ExpertAway, TeamArea, TeamMember
from sessions_app.sessions.models import SessionStage
from sessions_app.visits import actions, planning
from sessions_app.visits.assign import OWN, RULE_WORDS
from sessions_app.visits.models import ObservationVisit, Opening, RoundStage, VisitObserver, VisitRound, VisitStage
from tests import build
from tests.sessions_app.visits import arranging
from tests.sessions_app.visits.arranging import FIRST, LAST

pytestmark = pytest.mark.django_db
AT = build.AT


@pytest.fixture
def here():
    return arranging.city()


def visits(row):
    return {one.committee_id: one for one in ObservationVisit.objects.filter(round=row).live()}


def people_of(visit):
    return set(visit.observers.values_list("person_id", flat=True))


def by_hand(here, row, unit, team, people, **more):
    visit = visits(row).get(unit.pk)
    given = {"version": visit.version if visit else None, "by": here.reviewer, "at": AT, **more}
    return actions.assign_by_hand(row, committee=unit, team=team, people=people, **given)


# ------------------------------------------------------------------------------------------------------------ rounds
def test_rounds_are_numbered_by_department_and_year(here):
    make = lambda year, **more: actions.create_round(
        committee=more.pop("committee", here.city),
        since=date(year, 4, 1),
        until=date(year, 6, 1),
        by=here.reviewer,
        at=AT,
        **more,
    )
    assert [make(2026).number, make(2026).number, make(2027).number, make(2026, committee=here.county).number] == [
        1,
        2,
        1,
        1,
    ]
    first, again = make(2026, form_token="a" * 36), make(2026, form_token="a" * 36)
    assert (first.pk, first.number) == (again.pk, 3)
    assert str(make(2026, title="上半年")) == "上半年"


def test_a_round_says_everything_that_is_wrong_with_its_days(here):
    with pytest.raises(Refused) as refusal:
        actions.create_round(
            committee=here.city, since=date(2027, 2, 1), until=date(2026, 2, 1), by=here.reviewer, at=AT
        )
    assert len(refusal.value.reasons) == 2
    assert not VisitRound.objects.exists()


def test_places_are_chosen_in_the_subtree_while_it_is_arranged(here):
    row = arranging.round_of(here, places=here.units[:2])
    elsewhere = build.committee("外市单位")
    later = build.committee("以后的单位", parent=here.city, since=date(2026, 9, 1))
    with pytest.raises(Refused) as refusal:
        actions.choose_places(row, add=[elsewhere, later], by=here.reviewer, at=AT)
    assert len(refusal.value.reasons) == 2
    actions.propose(row, by=here.reviewer, at=AT)
    actions.choose_places(row, add=[here.county], remove=here.units[:1], by=here.reviewer, at=AT)
    assert set(row.places.all()) == {here.units[1], here.county}
    assert set(visits(row)) == {here.units[1].pk}
    actions.propose(row, by=here.reviewer, at=AT)
    row.refresh_from_db()
    actions.open_round(row, version=row.version, by=here.reviewer, at=AT)
    with pytest.raises(Refused, match="不再增减单位"):
        actions.choose_places(row, add=here.units[2:], by=here.reviewer, at=AT)


# ---------------------------------------------------------------------------------------------------------- proposals
def test_a_proposal_writes_visits_with_reasons_and_people(here):
    TeamArea.objects.create(team=here.teams[1], department=here.city, committee=here.units[0], since=build.SINCE)
    row = arranging.round_of(here)
    assert actions.propose(row, by=here.reviewer, at=AT) == {"made": 4, "changed": 0, "kept": 0}
    found = visits(row)
    assert {one.stage for one in found.values()} == {VisitStage.PROPOSED}
    area = found[here.units[0].pk]
    assert (area.team, area.reasons[0]) == (here.teams[1], "分组包片单位")
    assert area.observers.filter(is_lead=True).get().person == here.people[here.teams[1].pk][0]
    assert sorted(sum(one.team == team for one in found.values()) for team in here.teams) == [2, 2]
    assert AuditEvent.objects.about(row).filter(verb="propose").count() == 1
    assert actions.propose(row, by=here.reviewer, at=AT) == {"made": 0, "changed": 0, "kept": 4}


@pytest.mark.parametrize("how", ["unit", "member", "secretary"])
def test_nobody_is_proposed_for_his_own_unit(how):
    here = arranging.city(units=2, teams=2)
    unit, own = here.units[0], here.people[here.teams[0].pk][1]
    if how == "unit":
        Expert.objects.filter(person=own).update(unit=unit)
    elif how == "member":
        build.member(unit, own)
    else:
        build.secretary(unit, own)
    visit = visits(arranging.proposed(here))[unit.pk]
    assert visit.team == here.teams[1]
    # what lies in the past is no bond any more
    ground = planning.read(visit.round, on=AT.date())
    assert {unit.pk} in [member.units for team in ground.teams for member in team.members]


def test_a_former_unit_and_an_old_visit_bind_nobody():
    here = arranging.city(units=1, teams=1)
    person = here.people[here.teams[0].pk][0]
    build.member(here.units[0], person, until=date(2025, 12, 31))
    arranging.been(here, here.units[0], here.teams[0], date(2024, 3, 1))
    assert len(visits(arranging.proposed(here))) == 1


def test_who_was_there_within_the_years_does_not_return():
    here = arranging.city(units=2, teams=2)
    arranging.been(here, here.units[0], here.teams[0], date(2025, 5, 1))
    row = arranging.proposed(here)
    assert visits(row)[here.units[0].pk].team == here.teams[1]
    # a person who changed the team carries his visits with him
    person = here.people[here.teams[0].pk][0]
    TeamMember.objects.create(team=here.teams[1], expert=person.expertises.get(), since=build.SINCE)
    ground = planning.read(row, on=AT.date())
    moved = [
        member
        for team in ground.teams
        if team.id == here.teams[1].pk
        for member in team.members
        if member.person == person.pk
    ]
    assert moved[0].visited == {here.units[0].pk}


def test_an_unsolvable_round_names_the_rules_and_leaves_no_visit():
    here = arranging.city(units=2, teams=1)
    build.member(here.units[0], here.people[here.teams[0].pk][0])
    row = arranging.round_of(here)
    with pytest.raises(Refused) as refusal:
        actions.propose(row, by=here.reviewer, at=AT)
    assert refusal.value.reasons == [f"{here.units[0]}没有一个组可派：{RULE_WORDS[OWN]}。"]
    assert not visits(row)
    with pytest.raises(Refused, match="还没有单位"):
        actions.propose(arranging.round_of(here, places=[]), by=here.reviewer, at=AT)


def test_after_a_session_moved_only_what_must_changes():
    here = arranging.city(units=6, teams=3)
    row = arranging.opened(here)
    before = visits(row)
    visit = before[here.units[0].pk]
    lead = visit.observers.get(is_lead=True).person
    actions.accept(visit, by=here.user(lead), at=AT)
    session = arranging.session(here.units[0], date(2026, 5, 12))
    visit.refresh_from_db()
    actions.choose_session(visit, study_session=session, version=visit.version, by=here.reviewer, at=AT)
    ExpertAway.objects.create(expert=lead.expertises.get(), since=date(2026, 5, 20), until=date(2026, 5, 30))
    session.day = date(2026, 5, 21)
    session.save()
    told = actions.propose(row, by=here.reviewer, at=AT)
    after = visits(row)
    changed = {
        pk for pk in before if (after[pk].team_id, people_of(after[pk])) != (before[pk].team_id, people_of(before[pk]))
    }
    moved = after[here.units[0].pk]
    assert here.units[0].pk in changed and told["changed"] == len(changed) <= 2
    assert (moved.stage, moved.team_id != visit.team_id) == (VisitStage.ASSIGNED, True)
    assert lead.pk not in people_of(moved)
    assert not moved.observers.filter(accepted_at__isnull=False).exists()
    assert "调整" in moved.reasons[0]


# ------------------------------------------------------------------------------------------------------------ by hand
def test_a_choice_by_hand_within_the_rules_needs_no_reason(here):
    row = arranging.proposed(here)
    unit, team = here.units[0], visits(row)[here.units[0].pk].team
    visit, warned = by_hand(here, row, unit, team, here.people[team.pk][1:])
    assert (visit.stage, visit.reasons, warned, visit.override_reason) == (VisitStage.PROPOSED, ["审核人指定"], [], "")
    assert people_of(visit) == {here.people[team.pk][1].pk}


def test_rules_are_passed_over_with_a_reason_that_is_kept(here):
    unit, team = here.units[0], here.teams[0]
    arranging.been(here, unit, team, date(2025, 5, 1))
    row = arranging.proposed(here)
    with pytest.raises(Refused) as refusal:
        by_hand(here, row, unit, team, here.people[team.pk])
    assert len(refusal.value.reasons) == 4  # two people who were there, the load, and what to do
    visit, warned = by_hand(here, row, unit, team, here.people[team.pk], override_reason="熟悉情况")
    assert (visit.override_reason, len(warned)) == ("熟悉情况", 3)
    event = AuditEvent.objects.about(visit).first()
    assert (event.verb, event.reason, len(event.data["broken"])) == ("assign", "熟悉情况", 3)


def test_the_own_unit_is_never_passed_over_and_everything_is_said(here):
    unit, (team, other) = here.units[0], here.teams
    own, stranger = here.people[team.pk][0], here.people[other.pk][0]
    build.member(unit, own)
    row = arranging.proposed(here)
    with pytest.raises(Refused) as refusal:
        by_hand(here, row, unit, team, [own, stranger], lead=here.people[other.pk][1], override_reason="领导同意")
    text = str(refusal.value)
    assert "这一条不能越过" in text
    assert "不是第1组在任的成员" in text
    assert "不在所选的旁听人里" in text
    with pytest.raises(Refused, match="至少选一名"):
        by_hand(here, row, unit, team, [])
    outside = build.committee("未选单位", parent=here.city)
    with pytest.raises(Refused, match="请先加入"):
        by_hand(here, row, outside, team, here.people[team.pk])


def test_of_two_forms_on_one_place_the_second_is_told(here):
    row = arranging.round_of(here)
    unit, team = here.units[0], here.teams[0]
    by_hand(here, row, unit, team, here.people[team.pk])
    with pytest.raises(Stale):
        by_hand(here, row, unit, here.teams[1], here.people[here.teams[1].pk], version=None)


def test_a_change_of_an_open_round_is_sent_out_and_accepted_anew(here):
    row = arranging.opened(here)
    visit = visits(row)[here.units[0].pk]
    other = next(team for team in here.teams if team != visit.team)
    actions.accept(visit, by=here.user(visit.observers.get(is_lead=True).person), at=AT)
    visit, warned = by_hand(here, row, here.units[0], other, here.people[other.pk], override_reason="原组有会")
    assert (visit.stage, visit.team) == (VisitStage.ASSIGNED, other)
    assert warned and not visit.observers.exclude(accepted_at=None).exists()
    assert AuditEvent.objects.about(visit).first().verb == "reassign"


# ------------------------------------------------------------------------------------------------------ open and close
def test_a_round_is_opened_when_every_place_has_its_team(here):
    row = arranging.round_of(here)
    with pytest.raises(Refused, match="还没有派组"):
        actions.open_round(row, version=row.version, by=here.reviewer, at=AT)
    actions.propose(row, by=here.reviewer, at=AT)
    row.refresh_from_db()
    with pytest.raises(Stale):
        actions.open_round(row, version=row.version - 1, by=here.reviewer, at=AT)
    assert actions.open_round(row, version=row.version, by=here.reviewer, at=AT) == 4
    row.refresh_from_db()
    assert row.stage == RoundStage.OPEN
    assert {one.stage for one in visits(row).values()} == {VisitStage.ASSIGNED}
    with pytest.raises(Refused, match="没有等待下达"):
        actions.open_round(row, version=row.version, by=here.reviewer, at=AT)
    with pytest.raises(Refused, match="还没有旁听的有 4 家"):
        actions.close_round(row, version=row.version, by=here.reviewer, at=AT)
    for visit in visits(row).values():
        actions.cancel(visit, reason="调整安排", version=visit.version, by=here.reviewer, at=AT)
        row.refresh_from_db()
    assert actions.close_round(row, version=row.version, by=here.reviewer, at=AT).stage == RoundStage.CLOSED
    with pytest.raises(Refused, match="已结束"):
        actions.propose(row, by=here.reviewer, at=AT)


# ------------------------------------------------------------------------------------------------------- the observers
def test_the_leads_word_moves_the_visit_and_the_others_speak_for_themselves(here):
    visit = visits(arranging.opened(here))[here.units[0].pk]
    lead, other = [row.person for row in visit.observers.order_by("-is_lead")]
    stranger = here.people[next(team.pk for team in here.teams if team != visit.team)][0]
    assert actions.accept(visit, by=here.user(other), at=AT).stage == VisitStage.ASSIGNED
    assert actions.accept(visit, by=here.user(lead), at=AT).stage == VisitStage.ACCEPTED
    assert VisitObserver.objects.filter(visit=visit, accepted_at=AT).count() == 2
    with pytest.raises(Refused, match="已经接受过了"):
        actions.accept(visit, by=here.user(other), at=AT)
    with pytest.raises(Refused, match="不在这次旁听的名单里"):
        actions.accept(visit, by=here.user(stranger), at=AT)


def test_a_lead_who_declines_leaves_the_place_to_another_team(here):
    row = arranging.opened(here)
    visit = visits(row)[here.units[0].pk]
    lead, other = [line.person for line in visit.observers.order_by("-is_lead")]
    with pytest.raises(Refused, match="请写明谢绝原因"):
        actions.decline(visit, reason=" ", by=here.user(lead), at=AT)
    assert actions.decline(visit, reason="出差", by=here.user(other), at=AT).stage == VisitStage.ASSIGNED
    assert people_of(visit) == {lead.pk}
    assert actions.decline(visit, reason="开会", by=here.user(lead), at=AT).stage == VisitStage.DECLINED
    told = actions.propose(row, by=here.reviewer, at=AT)
    again = visits(row)[here.units[0].pk]
    assert (told["made"], again.stage) == (1, VisitStage.PROPOSED)
    assert again.team != visit.team
    row.refresh_from_db()
    assert actions.open_round(row, version=row.version, by=here.reviewer, at=AT) == 1


def test_a_visit_is_cancelled_before_it_was_sat_in_with_a_reason(here):
    row = arranging.opened(here)
    visit = visits(row)[here.units[0].pk]
    with pytest.raises(Refused, match="请写明取消原因"):
        actions.cancel(visit, reason="", version=visit.version, by=here.reviewer, at=AT)
    visit = actions.cancel(visit, reason="单位撤并", version=visit.version, by=here.reviewer, at=AT)
    assert (visit.stage, visit.stop_reason) == (VisitStage.CANCELLED, "单位撤并")
    assert here.units[0] not in row.places.all()
    sat = arranging.been(here, here.units[1], here.teams[0], date(2026, 2, 1))
    with pytest.raises(Refused, match="不能取消"):
        actions.cancel(sat, reason="x", version=sat.version, by=here.reviewer, at=AT)


# --------------------------------------------------------------------------------------------------------- the session
def choose(here, visit, session, **more):
    visit.refresh_from_db()
    return actions.choose_session(visit, study_session=session, version=visit.version, by=here.reviewer, at=AT, **more)


def test_the_session_is_the_units_own_in_the_rounds_days_or_for_a_reason(here):
    visit = visits(arranging.opened(here))[here.units[0].pk]
    for session, sentence in (
        (arranging.session(here.units[1], date(2026, 5, 12)), "不是单位1党组的"),
        (arranging.session(here.units[0], date(2026, 5, 13), stage=SessionStage.CANCELLED, number=2), "已取消"),
        (arranging.session(here.units[0], date(2026, 7, 3), number=3), "要选它，请写明理由"),
    ):
        with pytest.raises(Refused, match=sentence):
            choose(here, visit, session)
    far = here.units[0].study_sessions.get(day=date(2026, 7, 3))
    visit, warned = choose(here, visit, far, reason="学习改期")
    assert (visit.study_session, visit.noticed_on, warned) == (far, None, [])
    assert AuditEvent.objects.about(visit).first().reason == "学习改期"


@pytest.mark.parametrize(("day", "said"), [
    (date(2026, 3, 24), []), (date(2026, 3, 23), ["距学习日只有 1 个工作日，规定提前 2 个工作日通知；已如实记录。"]),
    (date(2026, 3, 19), ["学习日已过 1 个工作日，规定提前 2 个工作日通知；已如实记录。"]),
])  # fmt: skip
def test_a_late_notice_is_said_and_let_through(here, day, said):
    visit = visits(arranging.opened(here, since=date(2026, 3, 1)))[here.units[0].pk]
    visit, warned = choose(here, visit, arranging.session(here.units[0], day), notice=True, contact="李某")
    assert (visit.noticed_on, visit.contact, warned) == (AT.date(), "李某", said)


def test_no_notice_before_the_round_is_sent_out_and_who_is_away_is_said(here):
    row = arranging.proposed(here)
    visit = visits(row)[here.units[0].pk]
    session = arranging.session(here.units[0], date(2026, 5, 12))
    with pytest.raises(Refused, match="请先下达"):
        choose(here, visit, session, notice=True)
    person = visit.observers.first().person
    ExpertAway.objects.create(expert=person.expertises.get(), since=FIRST, until=LAST)
    assert choose(here, visit, session)[1] == [f"{person}那天不在可用时段，请重新编排或另派人。"]


# ----------------------------------------------------------------------------------------------------------- a sample
def test_a_department_above_says_why_and_it_stays_open_that_day(here):
    county = build.granted(Role.REVIEWER, here.county)
    unit = build.committee("县直单位", parent=here.county)
    team, people = arranging.team(here.county, "县一组")
    row = VisitRound.objects.create(committee=here.county, year=2026, number=1, since=FIRST, until=LAST)
    visit = ObservationVisit.objects.create(round=row, committee=unit, team=team, stage=VisitStage.ASSIGNED)
    sees = lambda permission: ObservationVisit.objects.open_to(here.reviewer, permission).exists()
    assert ObservationVisit.objects.open_to(county, "visit.edit").exists()
    assert not sees("visit.read")
    with pytest.raises(Refused, match="请写明抽查理由"):
        actions.open_sample(visit, reason=" ", by=here.reviewer, at=AT)
    for _ in range(2):
        actions.open_sample(visit, reason="年度抽查", by=here.reviewer, at=AT)
    assert (sees("visit.read"), sees("visit.edit")) == (True, False)
    assert Opening.objects.count() == AuditEvent.objects.filter(verb="sample", reason="年度抽查").count() == 1
    here.reviewer.act(on=date(2026, 3, 21))
    assert not sees("visit.read")
