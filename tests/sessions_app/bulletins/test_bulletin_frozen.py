"""What is frozen: one moment, few questions, and corrections made later listed in the next issue."""

import copy
from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from roster.committees.models import Committee
from sessions_app.attendance.models import AttendanceMark
from sessions_app.bulletins import actions, blocks, frozen
from sessions_app.bulletins.models import Bulletin
from sessions_app.corrections import actions as corrections
from sessions_app.facts import figures
from sessions_app.facts.periods import span
from sessions_app.papers import typeset
from sessions_app.sessions.models import SessionStage
from tests import build
from tests.sessions_app.attendance import studying
from tests.sessions_app.bulletins import compiling

pytestmark = pytest.mark.django_db
APRIL, JULY = build.at(date(2026, 4, 8)), build.at(date(2026, 7, 8))


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(typeset, "single", lambda kind, facts, **_: typeset.Finished(b"%PDF", 1, ()))


def archived(here, day, number=1):
    """A session of the unit, all present, filed away."""
    session = studying.session(here.unit, day, number=number)
    row = studying.save_roll(studying.part_of(session), here.secretary)
    type(session).objects.filter(pk=session.pk).update(stage=SessionStage.ARCHIVED)
    return row


def corrected(here, row, who, leader, at, status="ON_LEAVE"):
    part = row.study_session.parts.get()
    marks = [{"person": who, "part": part, "status": status, "reason": "病假：住院"}]
    asked = corrections.ask(row, marks=marks, reason="当日住院", evidence="请假条", by=here.secretary, at=at)
    return corrections.decide(asked, agree=True, version=asked.version, by=leader, at=at)


@pytest.fixture
def here():
    return compiling.place()


@pytest.fixture
def leader(here):
    return build.leader_of(here.unit, on=date(2026, 7, 8))


def test_freeze_a_quarter_change_40_rows_the_issue_stays_and_the_next_lists_them(here, leader):
    people = [row.person for row in build.group(here.unit, 9)]
    rows = [archived(here, date(2026, 3, 2 + n), n + 1) for n in range(20)]
    archived(here, date(2026, 5, 6), 21)
    first = compiling.issued(here, at=APRIL)
    before, paper = copy.deepcopy(first.facts), copy.deepcopy(first.paper.facts)
    assert before["figures"]["presence_rate"] == 1.0 and before["corrections"] == []
    # on the day of the snapshot itself, after it, and weeks later
    for n, row in enumerate(rows):
        for person in people[:2]:
            corrected(here, row, person, leader, APRIL if n < 5 else build.at(date(2026, 5, 11)))
    assert AttendanceMark.objects.filter(status="ON_LEAVE").count() == 40
    assert figures.for_scope(here.city.path, span(2026, 1)).on_leave == 40
    first.refresh_from_db()
    assert first.facts == before and first.paper.facts == paper

    second = compiling.issued(here, quarter=2, at=JULY)
    listed = second.facts["corrections"]
    assert len(listed) == 40 == second.facts["figures"]["corrections"]
    assert {(row["committee"], tuple(row["issues"]), row["what"]) for row in listed} == {
        ("市发改委党组", ("2026年第1期",), "考勤：出席改请假1人次")
    }
    assert {row["session"] for row in listed} == {f"第{n}次集体学习" for n in range(1, 21)}
    block = blocks.block("更正事项", second.facts)
    assert len(block["rows"]) == 40 and block["note"] == "以往各期印发后更正40项，原通报的数据不变。"
    assert not any(person.name in str(listed) for person in people), "a bulletin is read by everybody below"

    # told once: the third issue lists only what came since
    corrected(here, rows[0], people[3], leader, build.at(date(2026, 7, 20)))
    third = compiling.frozen(here, quarter=2, at=build.at(date(2026, 7, 21)))
    (only,) = third.facts["corrections"]
    assert only["issues"] == ["2026年第1期"] and only["number"] == 3


def test_a_correction_known_on_the_day_of_the_snapshot_is_in_its_figures_and_not_listed(here, leader):
    people = [row.person for row in build.group(here.unit, 3)]
    row = archived(here, date(2026, 3, 3))
    corrected(here, row, people[0], leader, APRIL)
    first = compiling.issued(here, at=APRIL)
    assert first.facts["figures"]["on_leave"] == 1
    assert compiling.frozen(here, quarter=1, at=JULY).facts["corrections"] == []


def test_figures_are_those_of_the_house(here):
    for n, day in enumerate((date(2026, 1, 8), date(2026, 2, 9), date(2026, 3, 10)), 1):
        studying.session(here.unit, day, number=n)
    facts = compiling.frozen(here).facts
    found = figures.for_scope(here.city.path, span(2026, 1), today=APRIL.date())
    assert {key: facts["figures"][key] for key in found.as_json()} == found.as_json()
    assert [row["code"] for row in facts["committees"]] == [here.city.code, here.unit.code]
    assert facts["previous"]["label"] == "2025年第四季度" and facts["receivers"] == 1
    assert [row["sessions"] for row in facts["months"]] == [1, 1, 1]
    assert facts["idle"] == [
        {"code": here.city.code, "name": "中共云州市委员会", "quarters": ["2025年第四季度", "2026年第一季度"]}
    ]
    assert facts["as_of"] == "2026-04-08T10:00:00+08:00"


def test_as_many_questions_for_one_committee_as_for_thirty(here):
    def asked():
        row = Bulletin(committee=here.city, year=2026, quarter=1)
        with CaptureQueriesContext(connection) as seen:
            frozen.facts(row, at=APRIL)
        return len(seen)

    studying.session(here.unit, date(2026, 3, 3))
    few = asked()
    for n in range(29):
        unit = build.committee(f"单位{n}", parent=here.city)
        for number in (1, 2):
            studying.session(unit, date(2026, 2, number), number=number)
    assert asked() == few <= 75


def test_every_block_is_drawn_for_a_quarter_and_for_a_year(demo):
    top = Committee.objects.get(parent=None)
    for year, quarter in ((2026, 3), (2026, 0)):
        facts = frozen.facts(Bulletin(committee=top, year=year, quarter=quarter), at=build.at(date(2026, 11, 20)))
        drawn = blocks.drawn(facts)
        assert list(drawn) == list(blocks.NAMES)
        assert all("style=" not in html for html in drawn.values()), "pages carry no inline style"
        assert "<svg" in drawn["各月集体学习图"] and "澜川市" in drawn["各委员会学习情况表"]
        each = blocks.block("各委员会学习情况表", facts)["rows"]
        assert sum(int(row[2]) for row in each) == facts["figures"]["committee_sessions"]
        assert len(facts["practices"]) and {row["mode"] for row in facts["practices"]} <= {
            "LEADER_LED", "DISCUSSION", "FIELD", "TEACH_BACK", "ON_SITE", "HYBRID",
        }  # fmt: skip


def test_frozen_in_its_own_snapshot_when_nothing_is_open(here, monkeypatch):
    seen = []
    monkeypatch.setattr(frozen, "one_moment", lambda: seen.append(1) or frozen.snapshot())
    actions.freeze(compiling.draft(here), version=None, by=here.compiler, at=APRIL)
    assert seen == [1]
