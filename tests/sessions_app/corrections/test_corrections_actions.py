"""Scenario 8: a record that is locked changes only by a correction that was agreed."""

from datetime import date

import pytest

from roster.accounts.roles import Role
from roster.audit.models import AuditEvent
from roster.audit.moves import Refused, Stale
from sessions_app.attendance.models import MakeUpStudy
from sessions_app.corrections import actions
from sessions_app.corrections.models import Correction
from sessions_app.minutes import actions as minutes
from sessions_app.minutes.skeleton import blocks
from sessions_app.policies.models import Period
from sessions_app.sessions.models import SessionStage
from tests import build
from tests.sessions_app.attendance import studying

pytestmark = pytest.mark.django_db
LATER = build.at(date(2026, 6, 26))


@pytest.fixture
def archived():
    """A late entry of 20 May: eight of nine present, signed and filed away on 25 June."""
    where = build.committee("市发改委党组")
    leader = build.leader_of(where)
    people = [row.person for row in build.group(where, 8)]
    secretary = build.secretary_of(where)
    session = studying.session(where, date(2026, 5, 20), late_days=36)
    session.chair, session.recorder = leader.person, secretary.person
    session.save()
    studying.agenda(session)
    row, at = studying.part_of(session), build.at(date(2026, 6, 25))
    studying.save_roll(row, secretary, {people[0]: ("ABSENT", "未说明")}, at=at)
    text = minutes.start(session, by=secretary, at=at)
    sections = {one.name: "无" for block in blocks(session, text) for one in block.fields if "agenda" in one.name}
    text = minutes.save(text, sections=sections, discussion="无", summary="抓落实", version=1, by=secretary, at=at)
    text = minutes.submit(text, version=text.version, by=secretary, at=at)
    text = minutes.approve(text, version=text.version, by=leader, at=at)
    session = minutes.archive(session, version=None, by=secretary, at=at)
    return session, studying.part_of(session), secretary, leader, people


def on_leave(row, who):
    part = row.study_session.parts.get()
    return [{"person": who, "part": part, "status": "ON_LEAVE", "reason": "病假：住院"}]


def test_scenario_8_figures_change_on_agreement_only(archived):
    session, row, secretary, leader, people = archived
    d = people[1]
    asked = actions.ask(row, marks=on_leave(row, d), reason="当日住院", evidence="请假条原件", by=secretary, at=LATER)
    twice = actions.ask(row, marks=on_leave(row, d), reason="当日住院", evidence="请假条原件", by=secretary, at=LATER)
    assert twice == asked and (asked.number, asked.stage) == (1, "ASKED")
    row.refresh_from_db()
    assert (row.present_marks, row.leave_marks) == (8, 0)
    with pytest.raises(Refused, match="不同的人"):
        actions.decide(asked, agree=True, version=1, by=secretary, at=LATER)
    with pytest.raises(Refused, match="写明理由"):
        actions.decide(asked, agree=False, version=1, by=leader, at=LATER)
    done = actions.decide(asked, agree=True, version=1, by=leader, at=LATER)
    row.refresh_from_db()
    assert (done.stage, done.applied_on) == ("AGREED", date(2026, 6, 26))
    assert (row.expected_marks, row.present_marks, row.leave_marks, row.absent_marks) == (9, 7, 1, 1)
    assert done.before["marks"][0]["status"] == "PRESENT" and done.after["marks"][0]["status"] == "ON_LEAVE"
    assert MakeUpStudy.objects.get(person=d).stage == "DUE" and MakeUpStudy.objects.get(person=d).due_on > date(
        2026, 6, 26
    )
    event = AuditEvent.objects.about(row).filter(verb="correct_roll").get()
    assert event.data["correction"] == 1 and event.actor_name == leader.person.name
    session.refresh_from_db()
    assert session.stage == SessionStage.ARCHIVED
    with pytest.raises(Stale):
        actions.decide(asked, agree=True, version=1, by=leader, at=LATER)


def test_a_refused_correction_changes_nothing(archived):
    _, row, secretary, leader, people = archived
    asked = actions.ask(row, marks=on_leave(row, people[1]), reason="x", evidence="y", by=secretary, at=LATER)
    actions.decide(asked, agree=False, note="依据不足", version=1, by=leader, at=LATER)
    row.refresh_from_db()
    assert row.present_marks == 8
    again = actions.ask(row, marks=on_leave(row, people[1]), reason="补了病历", evidence="病历", by=secretary, at=LATER)
    assert again.number == 2


def test_after_the_year_is_closed_the_reviewer_too(archived):
    session, row, secretary, leader, people = archived
    reviewer = build.granted(Role.REVIEWER, session.committee)
    Period.objects.create(committee=session.committee, year=2026, stage="CLOSED")
    at = build.at(date(2027, 2, 3))
    asked = actions.ask(row, marks=on_leave(row, people[1]), reason="x", evidence="y", by=secretary, at=at)
    half = actions.decide(asked, agree=True, version=1, by=leader, at=at)
    row.refresh_from_db()
    assert (half.stage, half.applied_on, row.present_marks) == ("LEADER_AGREED", None, 8)
    with pytest.raises(Refused, match="不同的人"):
        actions.countersign(half, agree=True, version=2, by=leader, at=at)
    done = actions.countersign(half, agree=True, version=2, by=reviewer, at=at)
    row.refresh_from_db()
    assert (done.stage, done.countersigned_by, row.present_marks) == ("AGREED", reviewer.person, 7)
    Period.objects.update(stage="FROZEN")
    with pytest.raises(Refused, match="冻结"):
        actions.ask(row, marks=on_leave(row, people[2]), reason="x", evidence="y", by=secretary, at=at)


def test_minutes_are_corrected_side_by_side(archived):
    session, row, secretary, leader, _ = archived
    section = session.minutes.sections.first()
    asked = actions.ask(
        row, sections={section.pk: "领学了全会公报。"}, summary="抓好落实，限期办结。", reason="漏记", evidence="录音整理",
        by=secretary, at=LATER,
    )  # fmt: skip
    assert asked.before == {
        "sections": [{"section": section.pk, "label": "领学规定篇目", "text": "无"}],
        "summary": "抓落实",
    }
    actions.decide(asked, agree=True, version=1, by=leader, at=LATER)
    section.refresh_from_db()
    session.minutes.refresh_from_db()
    assert section.text == "领学了全会公报。" and session.minutes.summary == "抓好落实，限期办结。"
    assert session.minutes.stage == "APPROVED"


def test_asking_refusals(archived):
    session, row, secretary, _, people = archived
    with pytest.raises(Refused) as told:
        actions.ask(row, marks=[], reason=" ", evidence="", by=secretary, at=LATER)
    assert len(told.value.reasons) == 3
    with pytest.raises(Refused, match="不是本委员会成员"):
        actions.ask(row, marks=on_leave(row, build.person("路人")), reason="x", evidence="y", by=secretary, at=LATER)
    actions.ask(row, marks=on_leave(row, people[1]), reason="x", evidence="y", by=secretary, at=LATER)
    with pytest.raises(Refused, match="更正1在办理"):
        actions.ask(row, marks=on_leave(row, people[2]), reason="x", evidence="y", by=secretary, at=LATER)
    session.stage = SessionStage.HELD
    session.save()
    Correction.objects.all().update(stage="REFUSED")
    with pytest.raises(Refused, match="还没有归档"):
        actions.ask(row, marks=on_leave(row, people[2]), reason="x", evidence="y", by=secretary, at=LATER)
