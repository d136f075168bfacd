"""The chain strip says only what an act gave; unmarked is unknown, not 0; what was typed did not come along."""

from datetime import date

import pytest

from roster.audit.actions import SystemActor
from sessions_app.attendance.rules import Counts
from sessions_app.bulletins.blocks import percent as bulletin_percent
from sessions_app.desk.strip import stations_of
from sessions_app.facts import figures, tables
from sessions_app.facts.periods import span
from sessions_app.facts.rules import percent
from sessions_app.facts.scope import only
from sessions_app.papers import frozen
from sessions_app.sessions import actions
from sessions_app.sessions.models import StudySession
from tests import build
from tests.build import AT, DAY
from tests.sessions_app.attendance import studying
from tests.sessions_app.workbooks.making import sheets, take

pytestmark = pytest.mark.django_db


def words(session, user):
    return {one["key"]: (one["state"], one["done"], one["missing"]) for one in stations_of(session, user)}


def test_case_a8_a_session_of_today_from_a_workbook_was_approved_by_nobody():
    line = ["W01", 2026, 1, DAY.isoformat(), "", "", "", "", "今天的学习", "研讨交流学", "", "", "已召开", ""]
    take(sheets(学习场次=[line], 考勤=[["W01", 2026, 1, "R1", "出席", "", ""]], 发言=[], 成果=[]))
    session = StudySession.objects.get()
    found = words(session, build.secretary_of(session.committee))
    assert found["plan"] == ("未列入计划", False, "")
    assert found["scheme"] == ("未经审定", False, "")
    assert found["held"][1] and found["minutes"] == ("", False, "未写") and not found["archive"][1]


@pytest.mark.parametrize("stage", ["PREPARING", "SUBMITTED", "HELD", "ARCHIVED"])
def test_a_late_entry_is_never_called_approved(stage):
    where = build.committee()
    session = studying.session(where, date(2026, 1, 10), stage=stage, late_days=69)
    found = words(session, build.secretary_of(where))
    assert not found["scheme"][1] and "审定" not in found["scheme"][2] and found["scheme"][0].startswith("补录")
    # the word of the strip is the word of the button
    assert found["held"][2] == ("待登记已召开" if stage in ("PREPARING", "SUBMITTED") else "")


@pytest.mark.parametrize("stage", ["PREPARING", "SUBMITTED", "APPROVED", "HELD", "ARCHIVED", "CANCELLED"])
@pytest.mark.parametrize("approved", [True, False])
def test_done_means_an_act(stage, approved):
    where = build.committee()
    leader = build.leader_of(where)
    session = StudySession(committee=where, day=DAY, topic="主题", stage=stage, entered_at=AT, cancel_reason="x")
    if approved and stage in ("APPROVED", "HELD", "ARCHIVED"):
        session.approved_by, session.approved_at = leader.person, AT
    session.save()
    state, done, _ = words(session, leader)["scheme"]
    is_approved = stage == "APPROVED" or approved and stage in ("HELD", "ARCHIVED")
    assert done == is_approved and (state == "已审定") == is_approved


def test_unmarked_is_unknown_on_every_page_and_paper():
    where = build.committee()
    build.group(where, 3)
    row = studying.part_of(studying.session(where))
    year = span(2026)
    found = figures.for_committee(where.pk, year)
    assert (found.expected, found.unmarked) == (3, 3)
    assert found.presence_rate is None and found.participation_rate is None and percent(found.presence_rate) is None
    attended = tables.sessions(where.pk, year)[0].attended
    assert attended.presence_rate is None and attended.participation_rate is None
    assert tables.quarters(only(where.pk), year)[0].attended.presence_rate is None
    assert Counts(expected=3, unmarked=3).presence_rate is None
    assert bulletin_percent(found.as_json()["presence_rate"]) != "0.0%"
    section = frozen.annual_section(where, 2026, today=DAY)
    assert section["figures"]["presence_rate"] is None
    studying.save_roll(row, build.secretary_of(where), {row.committee.memberships.first().person: ("ABSENT", "事")})
    assert figures.for_committee(where.pk, year).presence_rate is not None


def test_what_was_typed_did_not_come_along():
    where = build.committee()
    build.leader_of(where)
    by = SystemActor("测试")
    agenda = [{"kind": "DISCUSSION", "content": "自己写的议程"}, {"kind": "SUMMARY", "content": "主持人总结讲话"}]
    typed = actions.create(
        committee=where, day=DAY, topic="键入的主题", agenda=agenda, materials=[{"title": "键入的篇目"}], by=by, at=AT
    )
    # the chair of the roster and one step of the usual agenda; topic, step and title were typed
    assert typed.carried_fields == 2
