"""The numbers of the specification's scenarios, and the report tables that print them."""

import json
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from roster.committees.models import Committee, CommitteeLevel
from roster.people.models import GroupRole, Membership
from sessions_app.attendance.actions import recount_participations
from sessions_app.attendance.models import Attendance, AttendanceMark, MakeUpStage, MakeUpStudy
from sessions_app.facts import tables
from sessions_app.facts.figures import for_committee, for_scope
from sessions_app.facts.periods import span
from sessions_app.facts.scope import only, subtree
from sessions_app.outcomes.models import Outcome, OutcomeKind
from sessions_app.sessions.models import (
    Form,
    Participation,
    SessionPart,
    SessionStage,
    Speech,
    SpeechKind,
    StudySession,
)
from tests import build
from tests.sessions_app.facts.world import World

pytestmark = pytest.mark.django_db
YEAR = span(2026)


def held(
    host: Committee, day: date, *guests: Committee, parts: int = 1, stage: str = SessionStage.HELD, form: str = Form.GROUP_STUDY,
    absent: dict[int, list[int]] | None = None,
) -> StudySession:  # fmt: skip
    """A session with everybody present but `absent`: {part order: person ids}. Counts come by recount."""
    session = StudySession.objects.create(
        committee=host, day=day, topic=f"专题{day:%m%d}", entered_at=build.AT, stage=stage, form=form,
        cancel_reason="防汛" if stage == SessionStage.CANCELLED else "", is_joint=bool(guests), category=1,
    )  # fmt: skip
    pieces = [
        SessionPart.objects.create(study_session=session, order=one, day=day + timedelta(days=one - 1)) for one in range(1, parts + 1)
    ]  # fmt: skip
    made = []
    for committee in (host, *guests):
        number = 1 + Participation.objects.filter(committee=committee, year=day.year).count()
        row = Participation.objects.create(
            study_session=session, committee=committee, is_host=committee == host, year=day.year, number=number, day=day,
            part_count=parts, days=parts,
        )  # fmt: skip
        made.append(row.pk)
        for part in pieces:
            away = (absent or {}).get(part.order, [])
            for member in Membership.objects.filter(committee=committee).on(part.day):
                gone = member.person_id in away
                AttendanceMark.objects.create(
                    participation=row, part=part, person_id=member.person_id, reason="公务" if gone else "",
                    status=Attendance.ABSENT if gone else Attendance.PRESENT,
                )  # fmt: skip
    recount_participations(made, build.AT)
    return session


def test_members_who_change_in_mid_year_are_36_of_36() -> None:
    """Scenario 3: nine members, X leaves on 30 June, Y comes on 1 July, four sessions, all present."""
    where = build.committee("市发改委党组")
    build.group(where, 8)
    leaver = build.member(where, build.person("许某"), until=date(2026, 6, 30), rank=5)
    comer = build.member(where, build.person("严某"), since=date(2026, 7, 1), rank=5)
    for day in (date(2026, 3, 12), date(2026, 6, 18), date(2026, 9, 20), date(2026, 12, 10)):
        held(where, day)
    figures = for_committee(where.pk, YEAR)
    assert (figures.present, figures.expected, figures.presence_rate) == (36, 36, Decimal("1.0000"))
    assert figures.members == 10
    rows = tables.members(where.pk, YEAR)
    assert len(rows) == 10
    by_person = {row.person_id: row for row in rows}
    for one in (leaver, comer):
        row = by_person[one.person_id]
        assert (row.attended.present, row.attended.expected) == (2, 2)
        assert row.terms == (tables.Term(one.since, one.until, "成员", ""),)
    assert all(
        (row.attended.present, row.attended.expected) == (4, 4)
        for row in rows if row.person_id not in (leaver.person_id, comer.person_id)
    )  # fmt: skip
    assert [(change.name, change.joined) for change in tables.member_changes(where.pk, YEAR)] == [
        ("许某", False), ("严某", True),
    ]  # fmt: skip


def test_two_days_are_one_session_and_half_a_presence() -> None:
    """Scenario 5: two parts, one member away on the second day; a cancelled one counts nowhere."""
    where = build.committee()
    people = [row.person_id for row in build.group(where, 4)]
    held(where, date(2026, 4, 2))
    held(where, date(2026, 4, 10), parts=2, absent={2: [people[2]]})
    held(where, date(2026, 5, 5), stage=SessionStage.CANCELLED)
    held(where, date(2026, 5, 6), form=Form.FIRST_AGENDA_ITEM)
    quarter = for_committee(where.pk, span(2026, 2))
    assert (quarter.sessions, quarter.days) == (2, 3)
    assert (quarter.expected, quarter.present, quarter.absent) == (8, Decimal("7.5"), Decimal("0.5"))
    assert for_committee(where.pk, span(2026, month=5)).sessions == 0
    assert [(row.number, row.topic) for row in tables.cancelled(where.pk, YEAR)] == [(3, "专题0505")]
    assert [(row.quarter, row.sessions, row.days) for row in tables.quarters(only(where.pk), YEAR)] == [
        (1, 0, 0), (2, 2, 3), (3, 0, 0), (4, 0, 0),
    ]  # fmt: skip
    table = tables.sessions(where.pk, YEAR)
    assert [(row.number, row.days, row.attended.present, row.last_day) for row in table] == [
        (1, 1, 4, date(2026, 4, 2)), (2, 2, Decimal("3.5"), date(2026, 4, 11)),
    ]  # fmt: skip
    row = next(row for row in tables.members(where.pk, YEAR) if row.person_id == people[2])
    assert (row.attended.present, row.attended.absent) == (Decimal("1.5"), Decimal("0.5"))


def test_a_joint_session_is_one_meeting_and_two_committee_sessions() -> None:
    """Scenario 6: H 7/7, G 4/5; the city counts 1 and 2, each committee one."""
    city = build.committee()
    host, guest = build.committee("甲", parent=city), build.committee("乙", parent=city)
    build.group(host, 7)
    people = build.group(guest, 5)
    held(host, date(2026, 6, 1), guest, absent={1: [people[0].person_id]})
    whole = for_scope(city.path, YEAR)
    assert (whole.sessions, whole.committee_sessions, whole.days) == (1, 2, 2)
    one, other = for_committee(host.pk, YEAR), for_committee(guest.pk, YEAR)
    assert (one.sessions, one.committee_sessions, one.presence_rate) == (1, 1, Decimal("1.0000"))
    assert (other.sessions, other.committee_sessions, other.presence_rate) == (1, 1, Decimal("0.8000"))
    assert [row.host for row in tables.sessions(guest.pk, YEAR)] == ["甲"]
    assert [row.name for row in tables.ranking(Committee.objects.under(city).exclude(pk=city.pk), YEAR)] == ["甲", "乙"]


def test_leave_and_make_up_raise_only_one_of_the_rates() -> None:
    """Scenario 2: nine expected, seven present, one confirmed make-up: 77.8 % and 88.9 %."""
    where = build.committee()
    people = [row.person_id for row in build.group(where, 9)]
    session = held(where, date(2026, 5, 20), absent={1: people[:2]})
    row = session.participations.get()
    MakeUpStudy.objects.create(
        participation=row, person_id=people[0], due_on=date(2026, 6, 10), stage=MakeUpStage.CONFIRMED,
        confirmed_on=date(2026, 6, 1),
    )  # fmt: skip
    recount_participations([row.pk], build.AT)
    figures = for_committee(where.pk, YEAR)
    assert (figures.presence_rate, figures.participation_rate) == (Decimal("0.7778"), Decimal("0.8889"))
    made_up = next(one for one in tables.members(where.pk, YEAR) if one.person_id == people[0])
    assert (made_up.attended.presence_rate, made_up.attended.participation_rate) == (0, 1)


def outcome(
    where: Committee,
    code: str,
    kind: str,
    *,
    day: date = date(2026, 8, 1),
    source: Outcome | None = None,
    authors: str = "",
) -> Outcome:
    return Outcome.objects.create(
        code=code, committee=where, day=day, kind=kind, title=f"成果{code}", derived_from=source, authors=authors,
        entered_at=build.AT, document_number="县发〔2026〕5号" if source else "",
    )  # fmt: skip


def test_two_papers_from_one_proposal() -> None:
    where = build.committee()
    proposal = outcome(where, "O1", OutcomeKind.PROPOSAL, day=date(2025, 3, 1))
    first = outcome(where, "O2", OutcomeKind.POLICY, source=proposal)
    outcome(where, "O3", OutcomeKind.POLICY, source=proposal)
    outcome(where, "O4", OutcomeKind.POLICY, source=first)
    figures = for_committee(where.pk, YEAR)
    assert (figures.policies_from_proposals, figures.proposals_converted) == (2, 1)
    assert figures.outcomes_by_kind["政策文件"] == 3
    (row,) = tables.conversions(subtree(where.path), YEAR)
    assert row.derived == ("政策文件《成果O2》（县发〔2026〕5号）", "政策文件《成果O3》（县发〔2026〕5号）")
    assert [one.code for one in tables.outcomes(only(where.pk), YEAR)] == ["O2", "O3", "O4"]


def test_member_table_counts_speeches_and_texts() -> None:
    where = build.committee()
    who = build.member(where, build.person("张三"), role=GroupRole.LEADER, rank=1)
    build.member(where, build.person("李四"), rank=2)
    row = held(where, date(2026, 3, 3)).participations.get()
    Speech.objects.create(participation=row, speaker=who.person, kind=SpeechKind.KEYNOTE, title="谈学习")
    outcome(where, "T1", OutcomeKind.ESSAY, authors="李四、张 三")
    outcome(where, "T2", OutcomeKind.RESEARCH_REPORT, authors="张三，王五")
    outcome(where, "T3", OutcomeKind.POLICY, authors="张三")
    found = [(one.name, one.group_role, one.speeches, one.texts) for one in tables.members(where.pk, YEAR)]
    assert found == [("张三", "组长", 1, 2), ("李四", "成员", 0, 1)]
    assert tables.sessions(where.pk, YEAR)[0].speakers == ("张三",)


@pytest.mark.parametrize("seed", [21, 22])
def test_the_tables_add_up_to_the_figures(seed: int) -> None:
    """Tables and figures are told apart by nothing: to the unit, for committees and for the whole."""
    world = World(seed)
    for period in (YEAR, span(2025, 3)):
        for one in world.committees:
            figures = for_committee(one.pk, period)
            listed = tables.sessions(one.pk, period)
            assert len(listed) == figures.committee_sessions
            people = tables.members(one.pk, period)
            assert len(people) == figures.members
            for key in ("expected", "present", "on_leave", "absent", "unmarked", "made_up"):
                for rows in (listed, people):
                    total = sum(float(getattr(row.attended, key)) for row in rows)
                    assert total == pytest.approx(float(getattr(figures, key)), abs=0.01), (key, one)
        scope, figures = subtree(world.root.path), for_scope(world.root.path, period)
        for parts in (tables.quarters(scope, period), tables.months(scope, period)):
            assert sum(row.sessions for row in parts) == figures.sessions
            assert sum(row.committee_sessions for row in parts) == figures.committee_sessions
        trend = tables.years(scope, period)
        assert [row.period.year for row in trend] == [period.year - 2, period.year - 1, period.year]
        for row in trend:
            past = for_scope(world.root.path, row.period)
            assert (row.sessions, row.committee_sessions, row.outcomes) == (
                past.sessions,
                past.committee_sessions,
                past.outcomes,
            )
            assert (row.planned_items, row.completed_items) == (past.planned_items, past.completed_items)
            assert row.attended.presence_rate == past.presence_rate
        content = tables.categories(scope, period)
        assert [row.category for row in content] == list(range(1, 10))
        assert {str(row.category): row.sessions for row in content} == figures.sessions_by_category
        assert sum(row.planned_items for row in content) == figures.planned_items
        assert sum(row.completed_items for row in content) == figures.completed_items
        assert len(tables.outcomes(scope, period)) == figures.outcomes
        assert len(tables.conversions(scope, period)) == figures.proposals_converted
        ranked = tables.ranking(Committee.objects.all(), period)
        for level in CommitteeLevel:
            places = [row.place for row in ranked if row.place and row.level == level]
            assert places == sorted(places) and (not places or places[0] == 1)


def test_each_table_has_its_number_of_queries() -> None:
    small = World(1, counties=1, townships=0, sessions=2)
    large = World(2, counties=4, townships=2, sessions=5)

    def queries(world: World) -> list[int]:
        one, scope = world.root.pk, subtree(world.root.path)
        found = []
        for call in (
            lambda: tables.sessions(one, YEAR), lambda: tables.cancelled(one, YEAR), lambda: tables.members(one, YEAR),
            lambda: tables.member_changes(one, YEAR), lambda: tables.quarters(scope, YEAR), lambda: tables.months(scope, YEAR),
            lambda: tables.years(scope, YEAR),
            lambda: tables.categories(scope, YEAR), lambda: tables.outcomes(scope, YEAR),
            lambda: tables.conversions(scope, YEAR), lambda: tables.ranking(Committee.objects.under(world.root), YEAR),
            lambda: tables.idle_quarters(Committee.objects.under(world.root), 2026),
        ):  # fmt: skip
            with CaptureQueriesContext(connection) as caught:
                call()
            found.append(len(caught))
        return found

    few, many = queries(small), queries(large)
    limits = [2, 1, 7, 1, 4, 2, 15, 3, 2, 2, 15, 2]
    assert all(number <= limit for number, limit in zip(few, limits, strict=True)), few
    assert all(number <= limit for number, limit in zip(many, limits, strict=True)), many


def facts(*words: str) -> str:
    out = StringIO()
    call_command("facts", *words, stdout=out)
    return out.getvalue()


def test_the_command_prints_what_the_pages_read(settings) -> None:
    today = date(2026, 5, 20)
    settings.CLOCK = build.at(today)
    world = World(31)
    county = world.counties[0]
    told = json.loads(facts("--year", "2026", "--json"))
    assert {**told, **for_scope("", YEAR, today=today).as_json()} == told
    assert told["scope"] == {"committee": None, "name": "全部", "subtree": True}
    told = json.loads(facts("--year", "2026", "--quarter", "2", "--committee", county.code, "--json"))
    assert {**told, **for_scope(county.path, span(2026, 2), today=today).as_json()} == told
    told = json.loads(facts("--year", "2026", "--committee", county.code, "--only", "--json"))
    assert {**told, **for_committee(county.pk, YEAR, today=today).as_json()} == told
    assert told["scope"]["subtree"] is False
    assert "集体学习（sessions）" in facts("--year", "2026", "--month", "5")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--committee", "NONE"], "没有编码为“NONE”的委员会"),
        (["--quarter", "5"], "季度应为 1 到 4"),
        (["--month", "13"], "月份应为 1 到 12"),
        (["--quarter", "1", "--month", "5"], "不在第1季度内"),
        (["--only"], "--only 要与 --committee 一起用"),
    ],
)
def test_the_command_refuses_in_a_sentence(words: list[str], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        call_command("facts", "--year", "2026", *words)
