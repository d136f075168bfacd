"""Random walks through the life cycles: no forbidden state, no move past a guard, state rebuilt from the record."""

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roster.audit.models import AuditEvent
from roster.audit.moves import Moves, Refused
from roster.people.models import GroupRole
from sessions_app.plans import actions as plans
from sessions_app.plans.models import StudyPlan
from sessions_app.plans.rules import MOVES as PLAN_MOVES
from sessions_app.sessions import actions
from sessions_app.sessions.models import StudySession
from sessions_app.sessions.rules import FILING_MOVES, INVITE_MOVES, MOVES, SPEECH_MOVES
from tests import build
from tests.sizes import examples

pytestmark = pytest.mark.django_db
SLOW = settings(
    max_examples=examples(12),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
DAYS = [date(2026, 3, 1), build.DAY, date(2026, 3, 25)]


def rebuilt(subject):
    """The stage as the record alone tells it: each event starts where the one before ended."""
    stage = ""
    for event in AuditEvent.objects.about(subject).order_by("seq"):
        assert event.before in ("", stage), f"{event.verb} starts from {event.before}, the record stood at {stage}"
        stage = event.after
    return stage


@pytest.mark.parametrize("table", [PLAN_MOVES, MOVES, SPEECH_MOVES, FILING_MOVES, INVITE_MOVES], ids=lambda t: t.thing)
@given(data=st.data())
def test_the_tables_reach_nothing_they_do_not_name(table: Moves, data):
    state = data.draw(st.sampled_from(sorted(table.labels)))
    for verb in data.draw(st.lists(st.sampled_from(sorted(table.moves)), max_size=12)):
        if table.may(state, verb):
            state = table.target(state, verb)
        else:
            with pytest.raises(Refused):
                table.target(state, verb)
        assert state in table.labels


def test_nothing_leaves_the_ends_and_no_road_leads_round_the_approval():
    assert not MOVES.verbs_from("CANCELLED")
    # by a correction that was asked for and agreed alone
    assert [move.verb for move in MOVES.verbs_from("ARCHIVED")] == ["strike_out"]
    assert MOVES.moves["hold"].sources == ("APPROVED",)
    assert MOVES.moves["archive"].sources == ("HELD",)
    assert PLAN_MOVES.moves["file"].sources == ("APPROVED",)
    assert not PLAN_MOVES.verbs_from("FILED")


SESSION_VERBS = [
    "submit",
    "send_back",
    "approve",
    "approve_self",
    "edit",
    "edit_nothing",
    "move",
    "hold",
    "cancel",
    "extra",
]


@SLOW
@given(steps=st.lists(st.tuples(st.sampled_from(SESSION_VERBS), st.sampled_from(DAYS)), max_size=9), late=st.booleans())
def test_a_session_walks_only_its_table_and_the_record_tells_its_stage(steps, late):
    where = build.committee()
    secretary, leader = build.secretary_of(where), build.leader_of(where)
    made_at = build.at(date(2026, 4, 20) if late else date(2026, 3, 1))
    session = actions.create(
        committee=where, day=build.DAY, topic="专题", place="三楼", materials=[{"title": "公报"}], by=secretary,
        at=made_at, late_reason="交接" if late else "",
    )  # fmt: skip
    approved_by_leader = False
    for count, (verb, day) in enumerate(steps):
        session = StudySession.objects.get(pk=session.pk)
        before = session.stage
        common = {"version": session.version, "at": build.at(max(day, made_at.date()))}
        try:
            match verb:
                case "submit":
                    actions.submit(session, by=secretary, **common)
                case "send_back":
                    actions.send_back(session, note="改", by=leader, **common)
                case "approve":
                    actions.approve(session, by=leader, **common)
                    approved_by_leader = True
                case "approve_self":
                    actions.approve(session, by=secretary, **common)
                    raise AssertionError("approved by the one who wrote it")
                case "edit":
                    actions.edit(session, place=f"地点{count}", by=secretary, **common)
                    approved_by_leader = approved_by_leader and before == "HELD"
                case "edit_nothing":
                    actions.edit(session, place=session.place, by=secretary, **common)
                case "extra":
                    actions.add_extra(session, name="某", by=secretary, at=common["at"])
                case "move":
                    target = date(2026, 3, 22) if session.day == build.DAY else build.DAY
                    actions.move(session, day=target, reason="改", by=secretary, **common)
                    approved_by_leader = False
                case "hold":
                    actions.hold(session, by=secretary, **common)
                    assert common["at"].date() >= session.day
                    assert late or approved_by_leader
                case "cancel":
                    actions.cancel(session, reason="防汛", by=secretary, **common)
        except Refused:
            assert StudySession.objects.get(pk=session.pk).stage == before
        session = StudySession.objects.get(pk=session.pk)
        assert session.stage == rebuilt(session)
        assert (session.stage == "APPROVED") <= (session.approved_by_id is not None)
        if session.stage in ("PREPARING", "SUBMITTED"):
            assert session.approved_by_id is None
        assert session.participations.get().number == 1
        assert session.participations.get().day == session.day == session.parts.get().day


PLAN_VERBS = ["save", "submit", "send_back", "approve", "approve_self", "file", "amend"]


@SLOW
@given(steps=st.lists(st.sampled_from(PLAN_VERBS), max_size=10))
def test_a_plan_walks_only_its_table_and_the_record_tells_its_stage(steps):
    where = build.committee()
    secretary = build.secretary_of(where)
    leader = build.account(build.member(where, role=GroupRole.LEADER).person)
    at = build.AT
    plan = plans.create(committee=where, year=2026, by=secretary, at=at)
    rows = [{"quarter": quarter, "topic": "专题", "category": 1} for quarter in (1, 2, 3, 4)]
    plans.save_items(plan, items=rows, version=plan.version, by=secretary, at=at)
    for verb in steps:
        plan = StudyPlan.objects.filter(committee=where).order_by("-edition").first()
        before, version = plan.stage, plan.version
        text = list(plan.items.values_list("topic", "serial"))
        try:
            match verb:
                case "save":
                    plans.save_head(plan, aim=f"目标{version}", requirements="", version=version, by=secretary, at=at)
                    assert before in ("DRAFT", "RETURNED")
                case "submit":
                    plans.submit(plan, version=version, by=secretary, at=at)
                case "send_back":
                    plans.send_back(plan, note="改", version=version, by=leader, at=at)
                case "approve":
                    plans.approve(plan, meeting="会", met_on=build.DAY, version=version, by=leader, at=at)
                case "approve_self":
                    plans.approve(plan, meeting="会", met_on=build.DAY, version=version, by=secretary, at=at)
                    raise AssertionError("approved by the one who wrote it")
                case "file":
                    plans.file(plan, version=version, by=secretary, at=at)
                case "amend":
                    plans.amend(plan, reason="新增", by=secretary, at=at)
                    assert before in ("APPROVED", "FILED")
        except Refused:
            assert StudyPlan.objects.get(pk=plan.pk).stage == before
        for edition in StudyPlan.objects.filter(committee=where):
            assert edition.stage == rebuilt(edition)
            if edition.stage in ("APPROVED", "FILED"):
                assert edition.approved_by_id == leader.person_id
        assert list(plan.items.values_list("topic", "serial")) == text
        assert StudyPlan.objects.filter(committee=where, stage__in=["DRAFT", "SUBMITTED", "RETURNED"]).count() <= 1
        assert StudyPlan.objects.filter(committee=where).in_force().count() == 1
