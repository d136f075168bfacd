"""Leave is from a day: when the session or a part of it moves, what was agreed is asked anew."""

from datetime import date, time

import pytest

from roster.audit.models import AuditEvent
from roster.people.models import GroupRole
from sessions_app.attendance import actions
from sessions_app.attendance.models import LeaveRequest
from sessions_app.attendance.roll import open_roll
from sessions_app.desk.approvals import waiting_for
from sessions_app.sessions import actions as sessions
from sessions_app.sessions.models import SessionStage
from sessions_app.sessions.rules import Part
from tests import build
from tests.sessions_app.attendance import studying

pytestmark = pytest.mark.django_db
BEFORE = build.at(date(2026, 4, 1))
OLD, SECOND, NEW = date(2026, 4, 15), date(2026, 4, 16), date(2026, 4, 25)


@pytest.fixture
def nine():
    where = build.committee("市发改委党组")
    leader = build.member(where, role=GroupRole.LEADER, rank=1).person
    others = [row.person for row in build.group(where, 8)]
    return where, leader, others, build.secretary_of(where)


def asked(row, person, by, *, agreed_by=None, part=None):
    leave = actions.ask_leave(row, person=person, kind="DUTY", reason="赴省开会", part=part, by=by, at=BEFORE)
    if agreed_by:
        leave = actions.decide_leave(leave, agree=True, note="同意", version=1, by=agreed_by, at=BEFORE)
    return leave


def moved(session, by, day=NEW):
    return sessions.move(session, day=day, reason="与会议冲突", version=None, by=by, at=BEFORE).session


def test_agreed_leave_is_asked_anew_and_the_new_roll_starts_without_it(nine):
    where, leader, others, secretary = nine
    session = studying.session(where, OLD, stage=SessionStage.PREPARING)
    row = studying.part_of(session)
    head = build.account(leader)
    agreed = asked(row, others[0], secretary, agreed_by=head)
    waiting = asked(row, others[1], secretary)
    own = asked(row, leader, secretary)
    refused = asked(row, others[2], secretary)
    actions.decide_leave(refused, agree=False, note="请参加", version=1, by=head, at=BEFORE)

    session = moved(session, secretary)

    stages = dict(LeaveRequest.objects.values_list("pk", "stage"))
    assert stages == {agreed.pk: "ASKED", waiting.pk: "ASKED", own.pk: "WITHDRAWN", refused.pk: "REFUSED"}
    agreed.refresh_from_db()
    assert (agreed.decided_by, agreed.decided_at, agreed.note) == (None, None, "")
    event = AuditEvent.objects.about(agreed).order_by("-seq").first()
    assert (event.verb, event.before, event.after) == ("ask_again", "AGREED", "ASKED")
    head.act(on=OLD)
    assert {thing.pk for kind, _, thing in waiting_for(head) if kind == "leave"} == {agreed.pk, waiting.pk}
    row.refresh_from_db()
    preset = {line.person_id: line.status for line in open_roll(row, today=NEW).parts[0].rows}
    assert set(preset.values()) == {"PRESENT"}


@pytest.mark.parametrize("way", ["move", "edit"])
def test_leave_from_one_day_of_two_follows_its_own_day(nine, way):
    where, leader, others, secretary = nine
    session = studying.session(where, days=[OLD, SECOND], stage=SessionStage.PREPARING, starts_at=time(9))
    row = studying.part_of(session)
    head = build.account(leader)
    first, second = session.parts.order_by("order")
    of_first = asked(row, others[0], secretary, agreed_by=head, part=first)
    of_second = asked(row, others[1], secretary, agreed_by=head, part=second)
    whole = asked(row, others[2], secretary, agreed_by=head)
    if way == "move":
        moved(session, secretary)
    else:
        parts = [Part(p.day, p.starts_at, p.ends_at, p.days) for p in (first, second)]
        parts[1] = Part(NEW, *list(parts[1].__dict__.values())[1:])
        sessions.set_parts(session, parts=[vars(p) for p in parts], version=None, by=secretary, at=BEFORE)
    stages = dict(LeaveRequest.objects.values_list("pk", "stage"))
    kept = "ASKED" if way == "move" else "AGREED"
    assert stages == {of_first.pk: kept, of_second.pk: "ASKED", whole.pk: "ASKED"}


def test_new_hours_leave_the_leave_alone(nine):
    where, leader, others, secretary = nine
    session = studying.session(where, OLD, stage=SessionStage.PREPARING, starts_at=time(9))
    leave = asked(studying.part_of(session), others[0], secretary, agreed_by=build.account(leader))
    part = {"day": OLD, "starts_at": time(14), "ends_at": time(17), "days": "0.5"}
    sessions.set_parts(session, parts=[part], version=None, by=secretary, at=BEFORE)
    leave.refresh_from_db()
    assert leave.stage == "AGREED"


def test_the_move_page_lists_the_leaves_and_the_card_names_the_day(nine, client):
    where, leader, others, secretary = nine
    session = studying.session(where, days=[OLD, SECOND], stage=SessionStage.PREPARING, starts_at=time(9))
    row = studying.part_of(session)
    head = build.account(leader)
    asked(row, others[0], secretary, agreed_by=head)
    asked(row, others[1], secretary, part=session.parts.get(order=2))
    client.force_login(secretary)
    text = client.get(f"/sessions/{session.pk}/move/").content.decode()
    assert f"{others[0].name} 4月15日起全程（公务：赴省开会）：已同意，改期后重新待批" in text
    assert f"{others[1].name} 4月16日（公务：赴省开会）：尚未审批，改期后按新日期审批" in text
    client.force_login(head)
    text = client.get("/approvals/").content.decode()
    assert "4月16日学习，只请这一天" in text
