"""The roll: what it counts, what it opens, what it refuses."""

from datetime import date, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from roster.audit.models import AuditEvent
from roster.audit.moves import Refused, Stale
from roster.people.actions import add_membership, edit_membership, end_membership
from roster.people.consequences import impact
from roster.people.models import GroupRole
from sessions_app.attendance import actions, rules
from sessions_app.attendance.models import AttendanceMark, LeaveRequest, MakeUpStage, MakeUpStudy
from sessions_app.attendance.roll import attendance_lines, open_roll
from sessions_app.sessions.models import Participation, SessionStage
from tests import build
from tests.sessions_app.attendance import studying

pytestmark = pytest.mark.django_db


@pytest.fixture
def nine():
    """A committee of nine: leader, seven more, and who keeps the roll."""
    where = build.committee("市发改委党组")
    leader = build.member(where, role=GroupRole.LEADER, rank=1)
    others = build.group(where, 8)
    return where, leader.person, [row.person for row in others], build.secretary_of(where)


def test_scenario_2_leave_absence_and_make_up(nine):
    where, leader, others, secretary = nine
    a, b = others[0], others[1]
    session, row = studying.held(where, stage=SessionStage.APPROVED)
    before = build.at(build.DAY - timedelta(days=1))
    leave = actions.ask_leave(row, person=a, kind="DUTY", reason="赴省参加会议", by=secretary, at=before)
    assert leave.stage == "ASKED"
    leave = actions.decide_leave(leave, agree=True, version=1, by=build.account(leader), at=before)
    session.stage = SessionStage.HELD
    session.save()

    opened = open_roll(row, today=build.DAY).parts[0].rows
    assert len(opened) == 9
    assert [line.name for line in opened] == [leader.name, *(person.name for person in others)]
    preset = {line.person_id: line for line in opened}
    assert (preset[a.pk].status, preset[a.pk].reason, preset[a.pk].note) == ("ON_LEAVE", "公务：赴省参加会议", "已批假")
    assert preset[b.pk].status == "PRESENT"

    with pytest.raises(Refused, match="缺席没有事由"):
        studying.save_roll(row, secretary, {a: ("ON_LEAVE", "公务：赴省参加会议"), b: ("ABSENT", "")})
    assert not AttendanceMark.objects.exists()
    row = studying.save_roll(row, secretary, {a: ("ON_LEAVE", "公务：赴省参加会议"), b: ("ABSENT", "未说明")})
    row.refresh_from_db()
    assert (row.expected_marks, row.present_marks, row.leave_marks, row.absent_marks, row.unmarked_marks) == (
        9,
        7,
        1,
        1,
        0,
    )
    assert f"{rules.presence_rate(row.present_marks, row.expected_marks):.3f}" == "0.778"
    # 20 March and 15 working days on: 4-6 April is 清明
    assert set(MakeUpStudy.objects.values_list("person", "stage")) == {(a.pk, "DUE"), (b.pk, "DUE")}

    study = MakeUpStudy.objects.get(person=a)
    study = actions.submit_make_up(
        study, done_on=build.DAY + timedelta(days=3), method="自学", content="通读原文", version=1, by=build.account(a),
        at=build.at(build.DAY + timedelta(days=4)),
    )  # fmt: skip
    with pytest.raises(Refused, match="本人"):
        actions.confirm_make_up(study, version=2, by=a.user, at=build.at(build.DAY + timedelta(days=4)))
    for _ in range(2):  # a double click
        actions.confirm_make_up(study, version=2, by=secretary, at=build.at(build.DAY + timedelta(days=4)))
    row.refresh_from_db()
    counts = rules.Counts(row.expected_marks, row.present_marks, made_up=row.made_up_marks)
    assert f"{counts.participation_rate:.3f}" == "0.889"
    assert f"{counts.presence_rate:.3f}" == "0.778"
    assert AuditEvent.objects.about(study).filter(verb="confirm").count() == 1
    lines = attendance_lines(row)
    assert lines.on_leave == [(a.name, "公务：赴省参加会议")]
    assert lines.absent == [(b.name, "未说明")]
    assert len(lines.present) == 7 and lines.leader == leader.name


def test_due_day_counts_working_days_and_late_entry_counts_from_its_own_day(nine):
    where, _, others, secretary = nine
    _, row = studying.held(where, date(2026, 3, 2))
    studying.save_roll(row, secretary, {others[0]: ("ABSENT", "忘记")})
    assert MakeUpStudy.objects.get().due_on == date(2026, 3, 23)
    _, late = studying.held(where, date(2026, 1, 5), number=2)
    studying.save_roll(late, secretary, {others[0]: ("ABSENT", "忘记")}, at=build.at(date(2026, 3, 2)))
    assert MakeUpStudy.objects.get(participation=late).due_on == date(2026, 3, 23)


def test_scenario_3_members_change_in_mid_year(nine):
    where, leader, others, secretary = nine
    days = [date(2026, 3, 12), date(2026, 6, 18), date(2026, 9, 20), date(2026, 12, 10)]
    rows = [studying.part_of(studying.session(where, day, number=n)) for n, day in enumerate(days, 1)]
    at = build.at(date(2026, 12, 11))
    x = where.memberships.get(person=others[0])
    end_membership(x, until=date(2026, 6, 30), reason="调离", version=x.version, by=secretary, at=at)
    newcomer = build.person("新任")
    y = add_membership(
        committee=where, person=newcomer, group_role=GroupRole.MEMBER, since=date(2026, 7, 1), by=secretary, at=at
    )  # fmt: skip
    for row in rows:
        studying.save_roll(row, secretary, at=at)

    def totals():
        found = Participation.objects.filter(pk__in=[row.pk for row in rows])
        return tuple(
            sum(getattr(row, name) for row in found) for name in ("present_marks", "expected_marks", "unmarked_marks")
        )

    assert totals() == (36, 36, 0)
    assert (
        AttendanceMark.objects.filter(person=others[0]).count()
        == AttendanceMark.objects.filter(person=newcomer).count()
        == 2
    )
    # dated one month too early: said before it is saved, counted as unknown after
    warned = impact(where.pk, date(2026, 6, 1), date(2026, 6, 30))
    assert len(warned) == 1 and "6月18日第2次" in warned[0] and "9 人" in warned[0]
    y = edit_membership(y, version=y.version, since=date(2026, 6, 1), by=secretary, at=at)
    assert totals() == (36, 37, 1)
    edit_membership(y, version=y.version, since=date(2026, 7, 1), by=secretary, at=at)
    assert totals() == (36, 36, 0)


def test_scenario_5_a_session_of_two_days_counts_a_half(nine):
    where, _, others, secretary = nine
    c = others[2]
    session = studying.session(where, days=[date(2026, 4, 10), date(2026, 4, 11)])
    row = studying.part_of(session)
    first, second = session.parts.all()
    typed = studying.marks(row, parts=[first]) + studying.marks(row, {c: ("ABSENT", "下乡")}, parts=[second])
    actions.record_roll(row, marks=typed, version=1, by=secretary, at=build.at(date(2026, 4, 12)))
    row.refresh_from_db()
    assert (row.expected_marks, row.present_marks, row.absent_marks) == (18, 17, 1)
    assert float(rules.members(row.present_marks, row.part_count)) == 8.5
    mine = AttendanceMark.objects.filter(person=c, status="PRESENT").count()
    assert float(rules.members(mine, row.part_count)) == 0.5
    assert MakeUpStudy.objects.get().missed_marks == 1
    lines = attendance_lines(row)
    assert lines.absent == [(c.name, "4月11日：下乡")] and c.name in lines.present


def test_second_day_is_marked_when_it_comes(nine):
    where, _, _, secretary = nine
    session = studying.session(where, days=[date(2026, 4, 10), date(2026, 4, 11)])
    row = studying.part_of(session)
    first, second = session.parts.all()
    at = build.at(date(2026, 4, 10), 18)
    with pytest.raises(Refused, match="4月11日还没有到"):
        actions.record_roll(row, marks=studying.marks(row), version=1, by=secretary, at=at)
    row = actions.record_roll(row, marks=studying.marks(row, parts=[first]), version=1, by=secretary, at=at)
    assert (row.expected_marks, row.present_marks, row.unmarked_marks) == (18, 9, 9)
    assert [part.is_open for part in open_roll(row, today=date(2026, 4, 10)).parts] == [True, False]


def test_scenario_6_each_committee_its_own_roll():
    host, guest = build.committee("主办"), build.committee("联办")
    build.group(host, 7)
    absent = build.group(guest, 5)[0].person
    session = studying.session(host, guests=(guest,))
    studying.save_roll(studying.part_of(session), build.secretary_of(host))
    studying.save_roll(studying.part_of(session, guest), build.secretary_of(guest), {absent: ("ABSENT", "出差")})
    found = {row.committee: (row.present_marks, row.expected_marks) for row in session.participations.all()}
    assert found == {host: (7, 7), guest: (4, 5)}
    with pytest.raises(Refused, match="不是本委员会成员"):
        row = studying.part_of(session)
        actions.record_roll(
            row, marks=[{"person": absent, "part": session.parts.get(), "status": "PRESENT"}], version=row.version,
            by=build.secretary_of(host), at=build.AT,
        )  # fmt: skip


def test_scenario_4_present_there_on_leave_here():
    county, bureau = build.committee("县委"), build.committee("局党组")
    p = build.person("两任")
    build.member(county, p, role=GroupRole.DEPUTY, rank=2)
    build.member(bureau, p, role=GroupRole.LEADER, rank=1)
    there, here = studying.session(county, starts_at=time(15)), studying.session(bureau, starts_at=time(15))
    here.stage = SessionStage.APPROVED
    here.save()
    leave = actions.ask_leave(
        studying.part_of(here), person=p, kind="DUTY", reason="参加县委学习", by=build.account(p), at=build.at(build.DAY, 9)
    )  # fmt: skip
    assert (leave.stage, leave.is_recorded_only, leave.decided_by) == ("AGREED", True, None)
    here.stage = SessionStage.HELD
    here.save()
    studying.save_roll(studying.part_of(there), build.secretary_of(county), at=build.at(build.DAY, 18))
    line = open_roll(studying.part_of(here), today=build.DAY).parts[0].rows[0]
    assert (line.status, line.note) == ("ON_LEAVE", "请假已记录")
    studying.save_roll(
        studying.part_of(here), build.secretary_of(bureau), {p: ("ON_LEAVE", line.reason)}, at=build.at(build.DAY, 18)
    )
    assert set(AttendanceMark.objects.values_list("participation__committee", "status")) == {
        (county.pk, "PRESENT"), (bureau.pk, "ON_LEAVE"),
    }  # fmt: skip


def _queries(where, secretary, size):
    session, row = studying.held(where, number=size)
    away = {row.person: ("ON_LEAVE", "公务") for row in where.memberships.all()[:3]}
    typed = studying.marks(row, away)
    with CaptureQueriesContext(connection) as seen:
        actions.record_roll(row, marks=typed, version=1, by=secretary, at=build.AT)
    return [one["sql"] for one in seen.captured_queries]


def test_forty_members_are_saved_in_six_queries_of_its_own():
    few, many = build.committee(), build.committee()
    build.group(few, 4)
    build.group(many, 40)
    assert len(_queries(few, build.secretary_of(few), 1)) == len(found := _queries(many, build.secretary_of(many), 1))
    others = (
        "SAVEPOINT",
        "roster_auditevent",
        "pg_advisory",
        "policy",
        "workingday",
        "_period",
        "sessions_app_minutes",
    )
    own = [sql for sql in found if not any(word in sql for word in others)]
    assert len(own) <= 6, "\n".join(own)


def test_changing_a_mark_voids_and_reopens_the_make_up(nine):
    where, _, others, secretary = nine
    a = others[0]
    _, row = studying.held(where)
    studying.save_roll(row, secretary, {a: ("ABSENT", "未说明")})
    study = MakeUpStudy.objects.get()
    actions.submit_make_up(
        study, done_on=build.DAY, method="自学", content="通读", version=1, by=secretary, at=build.AT
    )
    actions.confirm_make_up(study, version=2, by=secretary, at=build.AT)
    row = studying.save_roll(row, secretary)
    assert (row.present_marks, row.absent_marks, row.made_up_marks) == (9, 0, 0)
    study.refresh_from_db()
    assert study.stage == MakeUpStage.VOID
    row = studying.save_roll(row, secretary, {a: ("ON_LEAVE", "病假：住院")})
    study.refresh_from_db()
    assert (study.stage, study.confirmed_by, row.made_up_marks) == (MakeUpStage.DUE, None, 0)
    moves = list(AuditEvent.objects.about(study).order_by("seq").values_list("before", "after"))
    assert moves == [
        ("", "DUE"),
        ("DUE", "SUBMITTED"),
        ("SUBMITTED", "CONFIRMED"),
        ("CONFIRMED", "VOID"),
        ("VOID", "DUE"),
    ]


def test_the_roll_can_be_rebuilt_from_its_events(nine):
    where, _, others, secretary = nine
    _, row = studying.held(where)
    studying.save_roll(row, secretary, {others[0]: ("ABSENT", "未说明")})
    studying.save_roll(row, secretary, {others[1]: ("ON_LEAVE", "病假")})
    built = {}
    for event in AuditEvent.objects.about(row).filter(verb="record_roll").order_by("seq"):
        for line in event.data["marks"]:
            built[line["part"], line["person"]] = (line["to"], line.get("reason", ""))
    assert built == {(m.part_id, m.person_id): (m.status, m.reason) for m in row.marks.all()}


def _refused(row, secretary, typed, at=build.AT, version=None):
    row.refresh_from_db()
    with pytest.raises(Refused) as told:
        actions.record_roll(row, marks=typed, version=version or row.version, by=secretary, at=at)
    assert not row.marks.exists()
    return "".join(told.value.reasons)


def test_refusals_say_everything_at_once(nine):
    where, leader, others, secretary = nine
    session, row = studying.held(where)
    part = session.parts.get().pk
    stranger = build.person("路人")
    said = _refused(row, secretary, [
        {"person": leader, "part": part, "status": "ABSENT"},
        {"person": others[0], "part": part, "status": "HERE"},
        {"person": others[1], "part": part, "status": "ON_LEAVE", "reason": "病", "late": True},
        {"person": stranger, "part": part, "status": "PRESENT"},
        {"person": others[2], "part": part, "status": "PRESENT"},
        {"person": others[2], "part": part, "status": "PRESENT"},
    ])  # fmt: skip
    for words in ("缺席没有事由", "不在出席", "不能再记迟到", "不是本委员会成员", "记了两次"):
        assert words in said


@pytest.mark.parametrize(
    ("stage", "words"),
    [("ARCHIVED", "只能通过“更正”"), ("CANCELLED", "已取消"), ("APPROVED", "已召开"), ("PREPARING", "已召开")],
)
def test_refused_by_the_stage_of_the_session(nine, stage, words):
    where, _, _, secretary = nine
    session, row = studying.held(where)
    session.stage, session.cancel_reason = stage, "防汛"
    session.save()
    assert words in _refused(row, secretary, studying.marks(row))


def test_refused_before_its_day_and_in_a_closed_year(nine):
    where, _, _, secretary = nine
    _, row = studying.held(where)
    assert "到当天才能记" in _refused(row, secretary, studying.marks(row), at=build.at(build.DAY - timedelta(days=1)))
    from sessions_app.policies.models import Period

    Period.objects.create(committee=where, year=2026, stage="CLOSED")
    assert "已截止" in _refused(row, secretary, studying.marks(row))


def test_a_guest_that_declined_keeps_no_roll():
    host, guest = build.committee(), build.committee()
    build.group(guest, 2)
    row = studying.part_of(studying.session(host, guests=(guest,)), guest)
    row.state = "DECLINED"
    row.save()
    assert "没有接受" in _refused(row, build.secretary_of(guest), studying.marks(row))


def test_stale_but_the_same_roll_twice_is_kept_once(nine):
    where, _, others, secretary = nine
    _, row = studying.held(where)
    typed = studying.marks(row)
    actions.record_roll(row, marks=typed, version=1, by=secretary, at=build.AT)
    actions.record_roll(row, marks=typed, version=1, by=secretary, at=build.AT)
    assert AuditEvent.objects.about(row).count() == 1
    with pytest.raises(Stale):
        actions.record_roll(
            row, marks=studying.marks(row, {others[0]: ("ABSENT", "迟")}), version=1, by=secretary, at=build.AT
        )


def test_recount_queries_do_not_grow():
    def counted(size):
        where = build.committee()
        build.group(where, 5)
        ids = [
            studying.part_of(studying.session(where, build.DAY + timedelta(days=n), number=n + 1)).pk
            for n in range(size)
        ]
        with CaptureQueriesContext(connection) as seen:
            actions.recount_participations(ids, build.AT)
        return len(seen)

    assert counted(1) == counted(30)


def test_a_make_up_of_who_was_no_member_is_voided(nine):
    where, _, others, secretary = nine
    _, row = studying.held(where)
    studying.save_roll(row, secretary, {others[0]: ("ABSENT", "未说明")})
    x = where.memberships.get(person=others[0])
    end_membership(x, until=build.DAY - timedelta(days=1), reason="调离", version=1, by=secretary, at=build.AT)
    row.refresh_from_db()
    assert (row.expected_marks, row.present_marks, row.absent_marks, row.made_up_marks) == (8, 8, 0, 0)
    assert MakeUpStudy.objects.get().stage == MakeUpStage.VOID


# ------------------------------------------------------------------------------------------------------------ leave
def test_leave_refusals(nine):
    where, leader, others, secretary = nine
    session, row = studying.held(where, stage=SessionStage.APPROVED, starts_at=time(15))
    early, late = build.at(build.DAY, 9), build.at(build.DAY, 15)
    ask = {"person": others[0], "kind": "SICK", "reason": "就诊", "by": secretary}
    with pytest.raises(Refused, match="已经开始"):
        actions.ask_leave(row, **ask, at=late)
    with pytest.raises(Refused) as told:
        actions.ask_leave(row, person=build.person("路人"), kind="", reason=" ", by=secretary, at=early)
    assert len(told.value.reasons) == 3
    leave = actions.ask_leave(row, **ask, at=early)
    with pytest.raises(Refused, match="已经请过假"):
        actions.ask_leave(row, **ask, at=early)
    with pytest.raises(Refused, match="本人"):
        actions.decide_leave(leave, agree=True, version=1, by=build.account(others[0]), at=early)
    with pytest.raises(Refused, match="理由"):
        actions.decide_leave(leave, agree=False, version=1, by=build.account(leader), at=early)
    actions.decide_leave(leave, agree=True, version=1, by=leader.user, at=early)
    with pytest.raises(Stale):
        actions.decide_leave(leave, agree=True, version=1, by=leader.user, at=early)
    with pytest.raises(Refused, match="不能再撤回"):
        actions.withdraw_leave(leave, version=2, by=others[0].user, at=late)
    actions.withdraw_leave(leave, version=2, by=others[0].user, at=early)
    assert actions.ask_leave(row, **ask, at=early).stage == "ASKED"
    session.stage, session.cancel_reason = "CANCELLED", "防汛"
    session.save()
    with pytest.raises(Refused, match="已取消"):
        actions.ask_leave(row, person=others[1], kind="SICK", reason="就诊", by=secretary, at=early)
    assert LeaveRequest.objects.count() == 2


def test_leave_from_one_day_of_two(nine):
    where, _, others, secretary = nine
    session = studying.session(where, days=[date(2026, 4, 10), date(2026, 4, 11)], stage=SessionStage.APPROVED)
    row = studying.part_of(session)
    second = session.parts.get(order=2)
    leave = actions.ask_leave(
        row, person=others[0], kind="TRAVEL", reason="出差", part=second, by=secretary, at=build.at(date(2026, 4, 1))
    )  # fmt: skip
    leader = where.memberships.get(group_role=GroupRole.LEADER).person
    actions.decide_leave(leave, agree=True, version=1, by=build.account(leader), at=build.at(date(2026, 4, 1)))
    parts = open_roll(row, today=date(2026, 4, 11)).parts
    assert [next(r.status for r in p.rows if r.person_id == others[0].pk) for p in parts] == ["PRESENT", "ON_LEAVE"]


def test_make_up_refusals(nine):
    where, _, others, secretary = nine
    _, row = studying.held(where)
    studying.save_roll(row, secretary, {others[0]: ("ABSENT", "未说明")})
    study = MakeUpStudy.objects.get()
    with pytest.raises(Refused) as told:
        actions.submit_make_up(study, done_on=None, method="", content="", version=1, by=secretary, at=build.AT)
    assert len(told.value.reasons) == 3
    with pytest.raises(Refused, match="早于"):
        actions.submit_make_up(
            study, done_on=date(2026, 3, 1), method="自学", content="读", version=1, by=secretary, at=build.AT
        )
    with pytest.raises(Refused, match="不能确认"):
        actions.confirm_make_up(study, version=1, by=secretary, at=build.AT)
    study = actions.submit_make_up(
        study, done_on=build.DAY, method="自学", content="读", version=1, by=secretary, at=build.AT
    )
    with pytest.raises(Refused, match="原因"):
        actions.return_make_up(study, note="", version=2, by=secretary, at=build.AT)
    study = actions.return_make_up(study, note="请写体会", version=2, by=secretary, at=build.AT)
    with pytest.raises(Stale):
        actions.submit_make_up(
            study, done_on=build.DAY, method="自学", content="读", version=2, by=secretary, at=build.AT
        )
    actions.submit_make_up(study, done_on=build.DAY, method="自学", content="读", version=3, by=secretary, at=build.AT)
