"""Scenarios 4, 6 and 8 of the specification from end to end, with their numbers; and what a joint session owes its guest."""

from datetime import date, time
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from roster.accounts.models import User
from roster.accounts.roles import Role
from roster.audit.models import AuditEvent
from roster.audit.moves import Refused
from roster.committees.models import Committee
from roster.people.actions import edit_membership
from roster.people.models import GroupRole
from sessions_app.attendance import actions as attendance
from sessions_app.attendance.models import AttendanceMark
from sessions_app.corrections import actions as corrections
from sessions_app.desk.todos import todos_of
from sessions_app.facts.figures import for_committee, for_scope
from sessions_app.facts.periods import span
from sessions_app.minutes import actions as minutes
from sessions_app.minutes.skeleton import attendance_of, blocks, missing_for_archive
from sessions_app.papers import actions as papers
from sessions_app.papers import frozen
from sessions_app.papers.models import IssuedPaper
from sessions_app.plans import actions as plans
from sessions_app.plans.models import PlanItem
from sessions_app.policies.models import Period
from sessions_app.sessions import actions as sessions
from sessions_app.sessions import speech_actions
from sessions_app.sessions.models import SessionStage, StudySession
from tests import build
from tests.sessions_app.attendance import studying

pytestmark = pytest.mark.django_db
YEAR = span(2026)
DAY, AT = build.DAY, build.AT


def entering(user: User) -> Client:
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture(autouse=True)
def still(settings) -> None:
    settings.CLOCK = AT


def item_of(where: Committee, secretary: User, leader: User) -> PlanItem:
    plan = plans.create(committee=where, year=2026, by=secretary, at=AT)
    rows = [{"quarter": quarter, "topic": f"专题{quarter}", "category": 1} for quarter in (1, 2, 3, 4)]
    plan = plans.save_items(plan, items=rows, version=plan.version, by=secretary, at=AT)
    plan = plans.submit(plan, version=plan.version, by=secretary, at=AT)
    plan = plans.approve(plan, meeting="第1次会议", met_on=DAY, version=plan.version, by=leader, at=AT)
    return plan.items.get(quarter=1)


def signed(session: StudySession, secretary: User, leader: User, at) -> StudySession:
    """Minutes written, signed, and the session filed away."""
    text = minutes.start(session, by=secretary, at=at)
    texts = {one.name: "无" for block in blocks(session, text) for one in block.fields if one.name != "summary"}
    given = {name: words for name, words in texts.items() if "-" in name}
    text = minutes.save(
        text, sections=given, discussion="无", summary="抓落实", version=text.version, by=secretary, at=at
    )
    text = minutes.submit(text, version=text.version, by=secretary, at=at)
    minutes.approve(text, version=text.version, by=leader, at=at)
    return minutes.archive(session, version=None, by=secretary, at=at)


# ------------------------------------------------------------------------------------------------ 6, joint and expanded
class Joint:
    """Host H of 7 and guest G of 5, a session planned by both, approved."""

    def __init__(self) -> None:
        self.city = build.committee("市委", level="CITY")
        self.host = build.committee("主办党组", parent=self.city)
        self.guest = build.committee("联办党组", parent=self.city)
        self.leader, self.guests_leader = build.leader_of(self.host), build.leader_of(self.guest)
        build.group(self.host, 6)
        self.guests = [row.person for row in build.group(self.guest, 4)]
        self.secretary, self.other = build.secretary_of(self.host), build.secretary_of(self.guest)
        item = item_of(self.host, self.secretary, self.leader)
        session = sessions.create(
            committee=self.host, day=DAY, plan_item=item, place="礼堂", is_expanded=True, contact="办公室 8100",
            materials=[{"title": "公报"}], by=self.secretary, at=AT,
        )  # fmt: skip
        self.invitation = sessions.invite(session, committee=self.guest, by=self.secretary, at=AT)
        for number in range(22):
            name = f"科长{number}" if number < 20 else f"专家{number}"
            sessions.add_extra(session, name=name, is_outside_speaker=number >= 20, by=self.secretary, at=AT)
        self.pk = session.pk

    @property
    def session(self) -> StudySession:
        return StudySession.objects.get(pk=self.pk)

    def accept(self) -> None:
        item = item_of(self.guest, self.other, self.guests_leader)
        self.invitation = sessions.accept(self.invitation, plan_item=item, by=self.other, at=AT)

    def hold(self) -> None:
        sessions.submit(self.session, version=None, by=self.secretary, at=AT)
        sessions.approve(self.session, version=None, by=self.leader, at=AT)
        sessions.hold(self.session, version=None, by=self.secretary, at=AT)

    def rolls(self) -> None:
        studying.save_roll(studying.part_of(self.session, self.host), self.secretary, at=AT)
        away = {self.guests[0]: ("ABSENT", "未说明")}
        studying.save_roll(studying.part_of(self.session, self.guest), self.other, away, at=AT)


@pytest.fixture
def joint() -> Joint:
    return Joint()


def test_scenario_6_one_text_two_archives_and_both_figures(joint: Joint) -> None:
    joint.accept()
    joint.hold()
    joint.rolls()
    lists = attendance_of(joint.session)
    assert [(len(one.present), len(one.on_leave), len(one.absent)) for one in lists] == [(7, 0, 0), (4, 0, 1)]
    session = signed(joint.session, joint.secretary, joint.leader, AT)
    one, other, city = (
        for_committee(joint.host.pk, YEAR), for_committee(joint.guest.pk, YEAR), for_scope(joint.city.path, YEAR)
    )  # fmt: skip
    assert (one.presence_rate, other.presence_rate) == (Decimal("1.0000"), Decimal("0.8000"))
    assert (city.expected, city.present) == (12, 11), "the 22 who listened enter no rate"
    assert (one.committee_sessions, other.committee_sessions) == (1, 1)
    assert (one.completed_items, other.completed_items) == (1, 1)
    assert (city.sessions, city.committee_sessions) == (1, 2)
    for user in (joint.secretary, joint.other):
        page = entering(user).get(reverse("minutes", args=[session.pk]))
        assert page.status_code == 200 and "抓落实" in page.text
    printed = frozen.annual_whole(joint.city, 2026, today=date(2027, 1, 5))["figures"]
    assert (printed["sessions"], printed["committee_sessions"]) == (1, 2)


def test_scenario_6_a_correction_is_told_to_the_guest_and_its_marks_are_its_own(joint: Joint) -> None:
    joint.accept()
    joint.hold()
    joint.rolls()
    session = signed(joint.session, joint.secretary, joint.leader, AT)
    hosts, guests = (studying.part_of(session, where) for where in (joint.host, joint.guest))
    asked = corrections.ask(
        hosts, summary="抓落实，限期办结。", reason="漏记", evidence="录音整理", by=joint.secretary, at=AT
    )
    told = [todo for todo in todos_of(joint.other, DAY) if todo.verb == "知悉"]
    assert [(todo.url, "主办党组更正联组学习" in todo.what) for todo in told] == [(asked.get_absolute_url(), True)]
    assert not [todo for todo in todos_of(joint.secretary, DAY) if todo.verb == "知悉"]
    assert "限期办结" in entering(joint.other).get(asked.get_absolute_url()).text
    # the host reaches nobody of the guest's
    part = session.parts.get()
    wanted = [{"person": joint.guests[0], "part": part, "status": "ON_LEAVE", "reason": "公务"}]
    with pytest.raises(Refused, match="不是本委员会成员"):
        corrections.ask(hosts, marks=wanted, reason="x", evidence="y", by=joint.secretary, at=AT)
    # the guest asks for itself, from the page of the session, and its own leader confirms
    client = entering(joint.other)
    assert reverse("correction_new", args=[session.pk]) in client.get(session.get_absolute_url()).text
    own = corrections.ask(guests, marks=wanted, reason="漏记请假", evidence="请假条", by=joint.other, at=AT)
    decide = reverse("correction_decide", args=[own.pk])
    assert entering(joint.leader).post(decide, {"agree": "yes", "version": own.version}).status_code == 404
    corrections.decide(own, agree=True, version=own.version, by=joint.guests_leader, at=AT)
    guests.refresh_from_db()
    hosts.refresh_from_db()
    assert (guests.present_marks, guests.leave_marks, guests.absent_marks) == (4, 1, 0)
    assert hosts.present_marks == 7


def test_a_guest_that_never_answers_keeps_no_session_open(joint: Joint) -> None:
    joint.hold()
    assert any("联组邀请" in word for word in missing_for_archive(joint.session))
    address = reverse("session_invite", args=[joint.pk])
    client = entering(joint.secretary)
    assert address in client.get(joint.session.get_absolute_url()).text and "撤回邀请" in client.get(address).text
    assert entering(joint.other).post(address, {"withdraw": joint.invitation.pk}).status_code == 404
    client.post(address, {"withdraw": joint.invitation.pk})
    joint.invitation.refresh_from_db()
    assert joint.invitation.state == "INVITED", "without a reason it stays"
    client.post(address, {"withdraw": joint.invitation.pk, "reason": "对方另有任务"})
    joint.invitation.refresh_from_db()
    assert joint.invitation.state == "DECLINED"
    assert AuditEvent.objects.about(joint.invitation).get(verb="withdraw").reason == "对方另有任务"
    assert not any("联组邀请" in word for word in missing_for_archive(joint.session))


def test_a_guest_that_came_may_answer_until_the_session_is_filed_away(joint: Joint) -> None:
    joint.hold()
    joint.accept()
    assert (joint.invitation.number, studying.part_of(joint.session, joint.guest).expected_marks) == (1, 5)
    joint.rolls()
    session = signed(joint.session, joint.secretary, joint.leader, AT)
    assert for_committee(joint.guest.pk, YEAR).completed_items == 1
    with pytest.raises(Refused, match="不用再答复"):
        sessions.decline(joint.invitation, reason="x", by=joint.other, at=AT)
    assert session.stage == SessionStage.ARCHIVED


# ------------------------------------------------------------------------------------------------ 4, two committees
def test_scenario_4_one_person_in_two_committees() -> None:
    county, bureau = build.committee("县委"), build.committee("局党组")
    p = build.person("两任")
    build.member(county, p, role=GroupRole.DEPUTY, rank=2)
    build.member(bureau, p, role=GroupRole.LEADER, rank=1)
    keepers = {where: build.secretary_of(where) for where in (county, bureau)}
    day, at = date(2026, 5, 15), build.at(date(2026, 5, 15), 18)
    made = {
        where: studying.session(where, day, starts_at=time(15), stage=SessionStage.APPROVED)
        for where in (county, bureau)
    }
    leave = attendance.ask_leave(
        studying.part_of(made[bureau]), person=p, kind="DUTY", reason="参加县委学习", by=build.account(p),
        at=build.at(day, 9),
    )  # fmt: skip
    assert leave.is_recorded_only
    StudySession.objects.update(stage=SessionStage.HELD)
    studying.save_roll(studying.part_of(made[county]), keepers[county], at=at)
    away = {p: ("ON_LEAVE", "公务：参加县委学习")}
    studying.save_roll(studying.part_of(made[bureau]), keepers[bureau], away, at=at)
    assert set(AttendanceMark.objects.filter(person=p).values_list("participation__committee", "status")) == {
        (county.pk, "PRESENT"), (bureau.pk, "ON_LEAVE"),
    }  # fmt: skip
    # 4 the speech counts where it was given
    speech_actions.add_speech(
        studying.part_of(made[county]), speaker=p, kind="DISCUSSION", title="谈县域发展", by=keepers[county], at=at
    )
    assert (for_committee(county.pk, YEAR).speeches, for_committee(bureau.pk, YEAR).speeches) == (1, 0)
    # 5 both lists, each with its own rates
    page = entering(p.user).get(reverse("my_study"))
    assert "县委" in page.text and "局党组" in page.text
    # 6 the county's minutes do not exist for the bureau's secretary
    minutes.start(StudySession.objects.get(pk=made[county].pk), by=keepers[county], at=at)
    address = reverse("minutes", args=[made[county].pk])
    assert entering(keepers[county]).get(address).status_code == 200
    assert entering(keepers[bureau]).get(address).status_code == 404


# ------------------------------------------------------------------------------------------------ 8, correction
def test_scenario_8_an_issued_paper_keeps_its_figure_and_the_next_quarter_tells_the_correction() -> None:
    where = build.committee("市发改委党组")
    leader = build.leader_of(where)
    people = [row.person for row in build.group(where, 8)]
    secretary = build.secretary_of(where)
    june = build.at(date(2026, 6, 25))
    session = sessions.create(
        committee=where,
        day=date(2026, 5, 20),
        topic="专题",
        place="三楼",
        late_reason="秘书交接",
        by=secretary,
        at=june,
    )
    assert (session.late_days, for_committee(where.pk, span(2026, 2)).late_entries) == (36, 0)
    session = sessions.hold(session, version=None, by=secretary, at=june)
    row = studying.part_of(session)
    studying.save_roll(row, secretary, {people[0]: ("ABSENT", "未说明")}, at=june)
    assert for_committee(where.pk, span(2026, 2)).late_entries == 1
    assert "补录 36 天" in entering(secretary).get(reverse("session_list") + "?year=2026").text
    session = signed(session, secretary, leader, june)
    issued = papers.issue(
        "minutes", committee=where, year=2026, subject_id=session.pk, facts=frozen.SESSION_PAPERS["minutes"](session),
        by=secretary, at=june,
    )  # fmt: skip
    before = (issued.sha256, issued.facts)
    # 3, 4 in the third quarter: D was on leave
    july = build.at(date(2026, 7, 10))
    wanted = [{"person": people[1], "part": session.parts.get(), "status": "ON_LEAVE", "reason": "病假：住院"}]
    asked = corrections.ask(row, marks=wanted, reason="当日住院", evidence="请假条", by=secretary, at=july)
    second = for_committee(where.pk, span(2026, 2))
    assert (second.present, second.on_leave) == (8, 0), "pending: nothing moves"
    corrections.decide(asked, agree=True, version=asked.version, by=leader, at=july)
    second, third = for_committee(where.pk, span(2026, 2)), for_committee(where.pk, span(2026, 3))
    assert (second.present, second.on_leave, second.absent) == (7, 1, 1)
    # 5 the paper that went out stands; the correction is told in the quarter it took effect
    kept = IssuedPaper.objects.get(pk=issued.pk)
    assert (kept.sha256, kept.facts) == before
    assert (second.corrections, third.corrections) == (0, 1)
    # 6 nobody gets round it
    admin = build.granted(Role.ADMIN, where)
    assert not any(admin.may(name) for name in ("session.edit", "correction.ask", "roll.read", "minutes.edit"))
    with pytest.raises(Refused, match="只能通过“更正”"):
        studying.save_roll(row, secretary, at=july)


# ------------------------------------------------------------------------------------------------ the one gate
def test_a_closed_year_is_not_moved_by_members_or_speeches() -> None:
    where = build.committee("市发改委党组")
    rows = build.group(where, 3)
    keeper = build.secretary_of(where)
    session = studying.session(where)
    studying.save_roll(studying.part_of(session), keeper)
    speech = speech_actions.add_speech(
        studying.part_of(session), speaker=rows[0].person, kind="WRITTEN", title="谈学习", by=keeper, at=AT
    )
    Period.objects.create(committee=where, year=2026, stage="CLOSED")
    member = rows[0]
    with pytest.raises(Refused, match="第1次学习的应到人数会随之变化，但2026年度已截止"):
        edit_membership(member, version=member.version, since=date(2026, 6, 1), by=keeper, at=AT)
    for act in (
        lambda: speech_actions.remove_speech(speech, by=keeper, at=AT),
        lambda: speech_actions.edit_speech(speech, kind="WRITTEN", title="改", version=None, by=keeper, at=AT),
        lambda: speech_actions.submit_speech(speech, text="文", link_to_work="实际", version=None, by=keeper, at=AT),
    ):
        with pytest.raises(Refused, match="已截止"):
            act()
    # what touches no session of the closed year goes through
    member.refresh_from_db()
    edit_membership(member, version=member.version, post="副主任", by=keeper, at=AT)
