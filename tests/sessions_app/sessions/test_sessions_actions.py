"""A session from plan item to held, moved, cancelled, late, joint: scenarios 2, 5, 6 and 8, and every refusal."""

from datetime import date, time
from decimal import Decimal

import pytest
from django.db.models import ProtectedError

from roster.accounts.roles import Permission, Role
from roster.audit.models import AuditEvent
from roster.audit.moves import Refused, Stale
from roster.people.models import GroupRole
from sessions_app.plans import actions as plans
from sessions_app.sessions import actions, filing_actions, prefill, rules, speech_actions
from sessions_app.sessions.models import (
    AgendaKind,
    Participation,
    SessionStage,
    Speech,
    SpeechKind,
    SpeechStage,
    StudySession,
)
from sessions_app.sessions.quarters import quarters
from tests import build

pytestmark = pytest.mark.django_db
DAY = build.DAY  # 20 March 2026
AT = build.AT


@pytest.fixture
def place():
    return build.committee("市发改委党组")


@pytest.fixture
def secretary(place):
    return build.secretary_of(place)


@pytest.fixture
def leader(place):
    return build.leader_of(place)


def planned_item(place, secretary, year=2026, **more):
    plan = plans.create(committee=place, year=year, by=secretary, at=build.at(date(year, 1, 8)))
    rows = [{"quarter": 1, "topic": "学习全会精神", "category": 1, "mode": "DISCUSSION", **more}]
    plan = plans.save_items(plan, items=rows, version=plan.version, by=secretary, at=build.at(date(year, 1, 8)))
    return plan.items.get()


def made(committee, secretary, day=DAY, at=AT, **more):
    given = {"topic": "专题", "place": "三楼会议室", **more}
    return actions.create(committee=committee, day=day, by=secretary, at=at, **given)


def complete(place, secretary, day=DAY, **more):
    return made(place, secretary, day=day, materials=[{"title": "全会公报"}], **more)


def approved(place, secretary, leader, day=DAY, **more):
    session = complete(place, secretary, day=day, **more)
    session = actions.submit(session, version=session.version, by=secretary, at=AT)
    return actions.approve(session, version=session.version, by=leader, at=AT)


# ------------------------------------------------------------------------------------------------ scenario 2
def test_scenario_2_a_session_from_a_plan_item_is_prefilled(place, secretary, leader):
    speaker = build.member(place, build.person("张三"), rank=2).person
    build.group(place, 7)
    item = planned_item(
        place, secretary, materials="全会公报\n说明", speakers="张三、查无此人", chair=leader.person.name
    )
    session = actions.create(committee=place, day=DAY, plan_item=item, by=secretary, at=AT)
    host = session.participations.get()
    assert (host.number, host.year, host.plan_item) == (1, 2026, item)
    assert (session.topic, session.category, session.mode) == ("学习全会精神", 1, "DISCUSSION")
    assert (session.chair, session.recorder, session.contact) == (leader.person, secretary.person, str(secretary))
    assert [row.title for row in session.materials.all()] == ["全会公报", "说明"]
    assert [row.kind for row in session.agenda.all()] == [
        AgendaKind.LEAD_READING, AgendaKind.KEYNOTE, AgendaKind.DISCUSSION, AgendaKind.SUMMARY,
    ]  # fmt: skip
    assert list(host.speeches.values_list("speaker", "kind", "stage")) == [(speaker.pk, "KEYNOTE", "DUE")]
    assert session.carried_fields == 6 + 4 + 2 + 1
    assert (host.expected_marks, host.unmarked_marks) == (0, 0)
    session = actions.edit(session, place="三楼", version=session.version, by=secretary, at=AT)
    session = actions.submit(session, version=session.version, by=secretary, at=AT)
    session = actions.approve(session, version=session.version, by=leader, at=AT)
    session = actions.hold(session, version=session.version, by=secretary, at=AT)
    host.refresh_from_db()
    # nine members of that day are expected, and nobody is marked yet
    assert (session.stage, host.expected_marks, host.unmarked_marks) == (SessionStage.HELD, 9, 9)
    assert Participation.objects.counted().filter(plan_item=item).exists()


def test_numbers_run_in_the_committee_year_and_include_cancelled_ones(place, secretary):
    first, second = made(place, secretary), made(place, secretary, day=date(2026, 4, 2))
    actions.cancel(second, reason="防汛", version=second.version, by=secretary, at=AT)
    third = made(place, secretary, day=date(2026, 5, 2))
    other_year = made(place, secretary, day=date(2027, 1, 5))
    numbers = [s.participations.get().number for s in (first, second, third, other_year)]
    assert numbers == [1, 2, 3, 1]


def test_the_same_form_sent_twice_makes_one_session(place, secretary):
    one = made(place, secretary, form_token="a" * 36)
    two = made(place, secretary, form_token="a" * 36)
    three = made(place, secretary, form_token="b" * 36)
    assert one == two != three
    assert StudySession.objects.count() == 2


def test_create_says_everything_wrong_at_once(place, secretary):
    item = planned_item(build.committee(), secretary)
    made(place, secretary, number=4)
    with pytest.raises(Refused) as refusal:
        made(
            place, secretary, plan_item=item, number=4, place="字" * 101,
            parts=[{"day": DAY, "starts_at": time(15), "ends_at": time(9)}],
        )  # fmt: skip
    assert len(refusal.value.reasons) == 4


def test_a_plan_item_of_another_year_is_refused(place, secretary):
    item = planned_item(place, secretary, year=2025)
    with pytest.raises(Refused, match="不在同一年"):
        made(place, secretary, plan_item=item)


def test_a_committee_that_is_gone_holds_no_session(place, secretary):
    with pytest.raises(Refused, match="启用期"):
        made(place, secretary, day=date(2020, 1, 1), late_reason="补")


# ------------------------------------------------------------------------------------------------ approval
def test_submit_says_everything_missing_at_once(place, secretary):
    session = made(place, secretary, place="", agenda=[])
    with pytest.raises(Refused) as refusal:
        actions.submit(session, version=session.version, by=secretary, at=AT)
    assert [reason.split("，")[0] for reason in refusal.value.reasons] == [
        "缺少地点",
        "缺少主持人",
        "缺少议程",
        "缺少学习资料",
    ]


def test_nobody_approves_his_own_session_plan(place, leader):
    build.secretary(place, leader.person)
    leader.act(on=DAY)
    session = complete(place, leader)
    session = actions.submit(session, version=session.version, by=leader, at=AT)
    with pytest.raises(Refused, match="不能由本人审定"):
        actions.approve(session, version=session.version, by=leader, at=AT)
    other = build.account(build.member(place, role=GroupRole.LEADER).person)
    assert actions.approve(session, version=session.version, by=other, at=AT).stage == SessionStage.APPROVED


def test_a_returned_plan_needs_a_note_and_goes_back_to_preparing(place, secretary, leader):
    session = complete(place, secretary)
    session = actions.submit(session, version=session.version, by=secretary, at=AT)
    with pytest.raises(Refused, match="退回意见"):
        actions.send_back(session, note="", version=session.version, by=leader, at=AT)
    session = actions.send_back(session, note="议程再细些", version=session.version, by=leader, at=AT)
    assert (session.stage, session.return_note) == (SessionStage.PREPARING, "议程再细些")


@pytest.mark.parametrize("change", [
    lambda s, by: actions.edit(s, place="五楼", version=s.version, by=by, at=AT),
    lambda s, by: actions.save_agenda(s, agenda=[{"kind": "LECTURE", "content": "辅导"}], version=s.version, by=by, at=AT),
    lambda s, by: actions.save_materials(s, materials=[{"title": "新篇"}], version=s.version, by=by, at=AT),
    lambda s, by: actions.set_parts(s, parts=[{"day": DAY, "days": "0.5"}], version=s.version, by=by, at=AT),
    lambda s, by: actions.move(s, day=date(2026, 3, 25), reason="出差", version=s.version, by=by, at=AT).session,
    lambda s, by: actions.invite(s, committee=build.committee(), version=s.version, by=by, at=AT).study_session,
])  # fmt: skip
def test_any_change_to_an_approved_plan_voids_the_approval(place, secretary, leader, change):
    session = approved(place, secretary, leader)
    change(session, secretary)
    session.refresh_from_db()
    assert (session.stage, session.approved_by, session.approved_at) == (SessionStage.PREPARING, None, None)
    event = AuditEvent.objects.about(session).order_by("-seq").first()
    assert (event.before, event.after) == ("APPROVED", "PREPARING")


def test_saving_without_a_change_or_adding_a_listener_voids_nothing(place, secretary, leader):
    session = approved(place, secretary, leader)
    session = actions.edit(session, place=session.place, version=session.version, by=secretary, at=AT)
    agenda = [
        {"id": r.pk, "kind": r.kind, "content": r.content, "lead_reader": r.lead_reader} for r in session.agenda.all()
    ]
    session = actions.save_agenda(session, agenda=agenda, version=session.version, by=secretary, at=AT)
    actions.add_extra(session, name="科长", by=secretary, at=AT)
    session.refresh_from_db()
    assert session.stage == SessionStage.APPROVED


def test_agenda_rows_keep_their_identity_when_reordered(place, secretary):
    session = made(place, secretary)
    rows = [{"id": r.pk, "kind": r.kind, "content": r.content} for r in session.agenda.all()]
    session = actions.save_agenda(session, agenda=rows[::-1], version=session.version, by=secretary, at=AT)
    assert [r.pk for r in session.agenda.all()] == [row["id"] for row in rows[::-1]]


def test_stale_save_is_refused(place, secretary):
    session = made(place, secretary)
    actions.edit(session, place="甲", version=session.version, by=secretary, at=AT)
    with pytest.raises(Stale):
        actions.edit(session, place="乙", version=session.version, by=secretary, at=AT)


# ------------------------------------------------------------------------------------------------ held
def test_held_only_on_or_after_its_day_and_only_when_approved(place, secretary, leader):
    session = approved(place, secretary, leader)
    with pytest.raises(Refused, match="到了当天"):
        actions.hold(session, version=session.version, by=secretary, at=build.at(date(2026, 3, 19)))
    assert actions.hold(session, version=session.version, by=secretary, at=build.at(DAY)).stage == SessionStage.HELD
    raw = complete(place, secretary)
    with pytest.raises(Refused, match="只有“已审定”时可以"):
        actions.hold(raw, version=raw.version, by=secretary, at=build.at(DAY))


def test_after_the_meeting_hours_and_agenda_follow_the_facts_but_the_topic_stays(place, secretary, leader):
    session = approved(place, secretary, leader)
    session = actions.hold(session, version=session.version, by=secretary, at=AT)
    session = actions.edit(session, place="大礼堂", version=session.version, by=secretary, at=AT)
    assert (session.place, session.stage) == ("大礼堂", SessionStage.HELD)
    with pytest.raises(Refused, match="学习主题不再改"):
        actions.edit(session, topic="别的", version=session.version, by=secretary, at=AT)
    with pytest.raises(Refused, match="不能改动"):
        actions.move(session, day=date(2026, 3, 25), reason="错", version=session.version, by=secretary, at=AT)
    with pytest.raises(Refused, match="不能取消"):
        actions.cancel(session, reason="错", version=session.version, by=secretary, at=AT)


# ------------------------------------------------------------------------------------------------ scenario 5
def test_scenario_5_moved_extended_cancelled(place, secretary, leader):
    build.group(place, 3)
    # 1 moved from 20 March to 2 April: reason, both dates kept, nothing left in the first quarter
    session = complete(place, secretary)
    with pytest.raises(Refused, match="改期事由"):
        actions.move(session, day=date(2026, 4, 2), reason="", version=session.version, by=secretary, at=AT)
    moved = actions.move(session, day=date(2026, 4, 2), reason="省里开会", version=session.version, by=secretary, at=AT)
    session = moved.session
    assert moved.warnings == ["2026 年第 1 季度只剩 0 场集体学习，少于规定的 1 场，请另行安排。"]
    host = session.participations.get()
    assert (session.day, host.day, host.year, host.number) == (date(2026, 4, 2), date(2026, 4, 2), 2026, 1)
    assert (session.moved_from, session.parts.get().day) == (DAY, date(2026, 4, 2))
    event = AuditEvent.objects.about(session).filter(verb="move").get()
    assert (event.data["from"], event.data["to"], event.reason) == ("2026-03-20", "2026-04-02", "省里开会")
    # 2 a session of 10 April is extended to two days: one session, two days
    two_days = complete(place, secretary, day=date(2026, 4, 10))
    two_days = actions.set_parts(
        two_days, parts=[{"day": date(2026, 4, 10)}, {"day": date(2026, 4, 11)}],
        version=two_days.version, by=secretary, at=AT,
    )  # fmt: skip
    assert two_days.participations.get().part_count == 2
    assert two_days.participations.get().days == Decimal(2)
    # 4 a session of 5 May is cancelled because of floods; its outline moves, later numbers stay
    flooded = complete(place, secretary, day=date(2026, 5, 5))
    later = complete(place, secretary, day=date(2026, 8, 6))
    speaker = build.member(place).person
    speech = speech_actions.add_speech(
        flooded.participations.get(), speaker=speaker, kind=SpeechKind.KEYNOTE, title="防汛体会", by=secretary, at=AT
    )
    speech = speech_actions.submit_speech(
        speech, text="正文", link_to_work="分管水利", version=speech.version, by=secretary, at=AT
    )
    with pytest.raises(Refused, match="取消事由"):
        actions.cancel(flooded, reason=" ", version=flooded.version, by=secretary, at=AT)
    flooded = actions.cancel(flooded, reason="防汛抗洪", version=flooded.version, by=secretary, at=AT).session
    speech = speech_actions.move_speech(speech, to_session=later, by=secretary, at=AT)
    assert (speech.text, speech.stage, speech.participation.study_session) == ("正文", SpeechStage.SUBMITTED, later)
    assert [s.participations.get().number for s in (flooded, later)] == [3, 4]
    # 5 it cannot be deleted
    with pytest.raises(ProtectedError):
        flooded.delete()
    # 6 the second quarter: 2 sessions, 3 days, 1 cancelled
    second = quarters(place.pk, 2026)[1]
    assert (second.sessions, second.days, second.cancelled) == (2, Decimal(3), 1)
    first = quarters(place.pk, 2026)[0]
    assert first.too_few and not second.too_few


def test_a_move_within_the_quarter_warns_of_nothing(place, secretary):
    session = made(place, secretary)
    moved = actions.move(session, day=date(2026, 3, 27), reason="改", version=session.version, by=secretary, at=AT)
    assert moved.warnings == []


def test_a_move_into_the_next_year_takes_the_next_number_there(place, secretary):
    made(place, secretary, day=date(2027, 1, 4))
    session = made(place, secretary, day=date(2026, 12, 30))
    session = actions.move(
        session, day=date(2027, 1, 8), reason="改", version=session.version, by=secretary, at=AT
    ).session
    host = session.participations.get()
    assert (host.year, host.number) == (2027, 2)


def test_moving_shifts_all_parts_by_the_same_distance(place, secretary):
    session = made(place, secretary, parts=[{"day": DAY}, {"day": date(2026, 3, 22)}])
    session = actions.move(
        session, day=date(2026, 3, 30), reason="改", version=session.version, by=secretary, at=AT
    ).session
    assert [part.day for part in session.parts.all()] == [date(2026, 3, 30), date(2026, 4, 1)]


def test_parts_that_overlap_or_run_backwards_are_refused(place, secretary):
    session = made(place, secretary)
    wrong = [
        {"day": DAY, "starts_at": time(9), "ends_at": time(12), "days": "0.5"},
        {"day": DAY, "starts_at": time(11), "ends_at": time(10), "days": "0"},
        {"day": date(2026, 3, 19)},
    ]
    with pytest.raises(Refused) as refusal:
        actions.set_parts(session, parts=wrong, version=session.version, by=secretary, at=AT)
    assert len(refusal.value.reasons) >= 3
    halves = [{"day": DAY, "starts_at": time(9), "ends_at": time(12), "days": "0.5"},
              {"day": DAY, "starts_at": time(14), "ends_at": time(17), "days": "0.5"}]  # fmt: skip
    session = actions.set_parts(session, parts=halves, version=session.version, by=secretary, at=AT)
    assert session.participations.get().days == Decimal(1)
    with pytest.raises(Refused, match="改期"):
        actions.set_parts(session, parts=[{"day": date(2026, 3, 21)}], version=session.version, by=secretary, at=AT)


# ------------------------------------------------------------------------------------------------ scenario 6
def test_scenario_6_joint_and_expanded(place, secretary, leader):
    build.group(place, 6)  # with the leader: 7
    guest = build.committee("市财政局党组")
    build.group(guest, 5)
    guests_secretary = build.secretary_of(guest)
    made(guest, guests_secretary, day=date(2026, 2, 2), at=build.at(date(2026, 2, 1)))  # the guest's own number 1
    session = complete(place, secretary, is_expanded=True)
    invitation = actions.invite(session, committee=guest, by=secretary, at=AT)
    assert (invitation.get_state_display(), invitation.number) == ("待接受", 0)
    for n in range(20):
        actions.add_extra(session, name=f"科长{n}", by=secretary, at=AT)
    for n in range(2):
        actions.add_extra(session, name=f"专家{n}", is_outside_speaker=True, by=secretary, at=AT)
    item = planned_item(guest, guests_secretary)
    invitation = actions.accept(invitation, plan_item=item, by=guests_secretary, at=AT)
    assert (invitation.get_state_display(), invitation.number, invitation.plan_item) == ("参加", 2, item)
    session.refresh_from_db()
    session = actions.submit(session, version=session.version, by=secretary, at=AT)
    session = actions.approve(session, version=session.version, by=leader, at=AT)
    session = actions.hold(session, version=session.version, by=secretary, at=AT)
    expected = dict(session.participations.values_list("committee", "expected_marks"))
    assert expected == {place.pk: 7, guest.pk: 5}  # the 22 listeners enter no rate
    assert Participation.objects.counted().filter(study_session=session).count() == 2
    # 7 experts without a filing: a warning, until the reviewer agrees
    assert filing_actions.unfiled_speakers([session]) == {session.pk: ["专家0", "专家1"]}
    filing = filing_actions.file_speaker(session, speaker="专家0", unit="党校", topic="讲座", by=secretary, at=AT)
    assert filing_actions.unfiled_speakers([session])[session.pk] == ["专家0", "专家1"]
    reviewer = build.granted(Role.REVIEWER, place)
    filing = filing_actions.decide_filing(filing, approve=True, version=filing.version, by=reviewer, at=AT)
    assert filing_actions.unfiled_speakers([session]) == {session.pk: ["专家1"]}


def test_an_invitation_can_be_declined_with_a_reason_and_asked_again(place, secretary):
    guest = build.committee()
    other = build.secretary_of(guest)
    session = made(place, secretary)
    row = actions.invite(session, committee=guest, by=secretary, at=AT)
    with pytest.raises(Refused, match="理由"):
        actions.decline(row, reason="", by=other, at=AT)
    row = actions.decline(row, reason="另有安排", by=other, at=AT)
    with pytest.raises(Refused, match="不能接受"):
        actions.accept(row, by=other, at=AT)
    row = actions.invite(session, committee=guest, by=secretary, at=AT)
    assert actions.accept(row, by=other, at=AT).number == 1
    with pytest.raises(Refused, match="已在邀请之列"):
        actions.invite(session, committee=guest, by=secretary, at=AT)
    with pytest.raises(Refused, match="主办方"):
        actions.invite(session, committee=place, by=secretary, at=AT)


def test_nobody_answers_for_a_session_that_is_over(place, secretary):
    guest = build.committee()
    session = made(place, secretary)
    row = actions.invite(session, committee=guest, by=secretary, at=AT)
    session.refresh_from_db()
    actions.cancel(session, reason="雨", version=session.version, by=secretary, at=AT)
    with pytest.raises(Refused, match="不用再答复"):
        actions.accept(row, by=build.secretary_of(guest), at=AT)


# ------------------------------------------------------------------------------------------------ scenario 8
def test_scenario_8_late_entry_is_marked_with_36_days(place, secretary):
    june = build.at(date(2026, 6, 25))
    with pytest.raises(Refused, match="补录事由"):
        made(place, secretary, day=date(2026, 5, 20), at=june)
    session = made(place, secretary, day=date(2026, 5, 20), at=june, late_reason="秘书交接")
    assert (session.late_days, session.late_reason) == (36, "秘书交接")
    session = actions.hold(session, version=session.version, by=secretary, at=june)
    event = AuditEvent.objects.about(session).order_by("-seq").first()
    assert (event.verb, event.after, event.reason) == ("hold_late", "HELD", "秘书交接")
    assert event.data == {"approval_skipped": True}
    assert session.approved_by is None


def test_within_the_grace_no_reason_is_asked_but_the_days_show(place, secretary):
    session = made(place, secretary, at=build.at(date(2026, 3, 27)))
    assert (session.late_days, session.late_reason) == (7, "会后 7 天录入（7 天内免写事由）")
    in_time = made(place, secretary)
    assert (in_time.late_days, in_time.late_reason) == (0, "")


def test_a_closed_quarter_takes_no_session_neither_made_nor_moved_into(place, secretary):
    from sessions_app.policies import actions as policies

    reviewer = build.granted(Role.REVIEWER, place)
    july = build.at(date(2026, 7, 2))
    session = made(place, secretary, day=date(2026, 7, 20), at=july)
    policies.close_period(committee=place, year=2026, quarter=2, by=reviewer, at=july)
    with pytest.raises(Refused):
        made(place, secretary, day=date(2026, 6, 20), at=july, late_reason="补")
    with pytest.raises(Refused):
        actions.move(session, day=date(2026, 6, 20), reason="改", version=session.version, by=secretary, at=july)


# ------------------------------------------------------------------------------------------------ speeches
def speech_of(place, secretary, speaker=None, kind=SpeechKind.KEYNOTE):
    session = made(place, secretary)
    speaker = speaker or build.member(place).person
    return speech_actions.add_speech(
        session.participations.get(), speaker=speaker, kind=kind, title="体会", by=secretary, at=AT
    )


def test_a_speech_goes_through_versions_until_it_is_approved(place, secretary, leader):
    speech = speech_of(place, secretary)
    with pytest.raises(Refused) as refusal:
        speech_actions.submit_speech(speech, text="", version=speech.version, by=secretary, at=AT)
    assert len(refusal.value.reasons) == 2
    speech = speech_actions.submit_speech(
        speech, text="一稿", link_to_work="分管", version=speech.version, by=secretary, at=AT
    )
    with pytest.raises(Refused, match="需要修改的地方"):
        speech_actions.review_speech(speech, approve=False, version=speech.version, by=leader, at=AT)
    speech = speech_actions.review_speech(
        speech, approve=False, note="再实些", version=speech.version, by=leader, at=AT
    )
    speech = speech_actions.submit_speech(
        speech, text="二稿", link_to_work="分管", version=speech.version, by=secretary, at=AT
    )
    speech = speech_actions.review_speech(speech, approve=True, version=speech.version, by=leader, at=AT)
    assert (speech.get_stage_display(), speech.edition, speech.text) == ("通过", 2, "二稿")
    with pytest.raises(Refused, match="现在是“通过”"):
        speech_actions.submit_speech(speech, text="三稿", link_to_work="x", version=speech.version, by=secretary, at=AT)


def test_nobody_reviews_his_own_speech_nor_what_he_handed_in(place, secretary, leader):
    speech = speech_of(place, secretary, speaker=leader.person)
    speech = speech_actions.submit_speech(
        speech, text="稿", link_to_work="x", version=speech.version, by=secretary, at=AT
    )
    with pytest.raises(Refused, match="本人的发言"):
        speech_actions.review_speech(speech, approve=True, version=speech.version, by=leader, at=AT)
    with pytest.raises(Refused, match="由您提交"):
        speech_actions.review_speech(speech, approve=True, version=speech.version, by=secretary, at=AT)
    deputy = build.account(build.member(place, role=GroupRole.DEPUTY).person)
    assert (
        speech_actions.review_speech(speech, approve=True, version=speech.version, by=deputy, at=AT).reviewed_by
        == deputy.person
    )


def test_only_a_member_of_the_day_speaks(place, secretary):
    session = made(place, secretary)
    gone = build.member(place, until=date(2026, 3, 19)).person
    with pytest.raises(Refused, match="不是市发改委党组的中心组成员"):
        speech_actions.add_speech(
            session.participations.get(), speaker=gone, kind="KEYNOTE", title="x", by=secretary, at=AT
        )
    last_day = build.member(place, until=DAY).person
    assert speech_actions.add_speech(
        session.participations.get(), speaker=last_day, kind="KEYNOTE", title="x", by=secretary, at=AT
    ).pk


def test_a_speaker_is_taken_off_only_while_no_text_was_handed_in(place, secretary):
    speech = speech_of(place, secretary)
    written = speech_of(place, secretary)
    speech_actions.submit_speech(written, text="稿", link_to_work="x", version=written.version, by=secretary, at=AT)
    speech_actions.remove_speech(speech, by=secretary, at=AT)
    assert not Speech.objects.filter(pk=speech.pk).exists()
    with pytest.raises(Refused, match="交过稿"):
        speech_actions.remove_speech(written, by=secretary, at=AT)


def test_a_speech_moves_only_to_the_own_committees_session_to_come(place, secretary):
    speech = speech_of(place, secretary)
    foreign = made(build.committee(), secretary)
    with pytest.raises(Refused, match="本委员会"):
        speech_actions.move_speech(speech, to_session=foreign, by=secretary, at=AT)
    over = made(place, secretary)
    over = actions.cancel(over, reason="x", version=over.version, by=secretary, at=AT).session
    with pytest.raises(Refused, match="还没召开"):
        speech_actions.move_speech(speech, to_session=over, by=secretary, at=AT)


# ------------------------------------------------------------------------------------------------ filings
def test_a_filing_is_refused_with_a_reason_and_not_decided_by_its_filer(place, secretary):
    session = made(place, secretary)
    with pytest.raises(Refused) as refusal:
        filing_actions.file_speaker(session, speaker="", unit="", topic="", by=secretary, at=AT)
    assert len(refusal.value.reasons) == 3
    filing = filing_actions.file_speaker(session, speaker="李教授", unit="党校", topic="讲座", by=secretary, at=AT)
    assert session.extras.get().is_outside_speaker
    with pytest.raises(Refused, match="报过备案"):
        filing_actions.file_speaker(session, speaker="李教授", unit="党校", topic="讲座", by=secretary, at=AT)
    with pytest.raises(Refused, match="由您报送"):
        filing_actions.decide_filing(filing, approve=True, version=filing.version, by=secretary, at=AT)
    reviewer = build.granted(Role.REVIEWER, place)
    with pytest.raises(Refused, match="理由"):
        filing_actions.decide_filing(filing, approve=False, version=filing.version, by=reviewer, at=AT)
    filing = filing_actions.decide_filing(
        filing, approve=False, note="题目不妥", version=filing.version, by=reviewer, at=AT
    )
    assert filing.get_stage_display() == "不同意"


def test_scope_follows_the_part_taken(place, secretary):
    guest = build.committee()
    other = build.secretary_of(guest)
    session = made(place, secretary)
    assert not StudySession.objects.open_to(other, Permission.SESSION_READ).exists()
    row = actions.invite(session, committee=guest, by=secretary, at=AT)
    assert StudySession.objects.open_to(other, Permission.SESSION_READ).get() == session
    assert not StudySession.objects.open_to(other, Permission.SESSION_EDIT).exists()
    actions.decline(row, reason="忙", by=other, at=AT)
    assert not StudySession.objects.open_to(other, Permission.SESSION_READ).exists()


def test_table_of_moves_speaks_the_words_of_the_model():
    assert rules.MOVES.labels == dict(SessionStage.choices)
    assert rules.SPEECH_MOVES.labels == dict(SpeechStage.choices)


@pytest.mark.parametrize(("starts", "ends", "days"), [(9, 12, "0.5"), (14, 17, "0.5"), (9, 17, "1"), (None, None, "1")])
def test_the_usual_hours_say_how_many_days_to_offer(starts, ends, days):
    hours = [None if hour is None else time(hour) for hour in (starts, ends)]
    assert prefill.Usual(starts_at=hours[0], ends_at=hours[1]).days == days
