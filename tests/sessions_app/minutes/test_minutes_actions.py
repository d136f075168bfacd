"""Minutes: what they lack, who signs them, what takes the signature back, and the archive."""

from datetime import date

import pytest

from roster.audit.moves import Refused, Stale
from roster.people.models import GroupRole
from sessions_app.minutes import actions
from sessions_app.minutes.models import Minutes
from sessions_app.minutes.skeleton import attendance_of, blocks, missing_for_archive
from sessions_app.papers import frozen
from sessions_app.sessions.models import SessionStage, StudySession
from tests import build
from tests.sessions_app.attendance import studying

pytestmark = pytest.mark.django_db


@pytest.fixture
def held():
    """A committee of nine whose session was held; secretary, leader, the speaker."""
    where = build.committee("市发改委党组")
    leader = build.leader_of(where)
    people = [row.person for row in build.group(where, 8)]
    secretary = build.secretary_of(where)
    session = studying.session(where)
    session.chair, session.recorder = leader.person, secretary.person
    session.save()
    studying.agenda(session, speaker=people[0])
    return session, studying.part_of(session), secretary, leader, people


def fill(session, secretary, **more):
    row = actions.start(session, by=secretary, at=build.AT)
    sections = {one.name: "已领学。" for block in blocks(session, row) for one in block.fields if "agenda" in one.name}
    values = {"sections": sections, "discussion": "围绕落实谈了意见。", "summary": "抓好落实。", **more}
    return actions.save(row, **values, version=row.version, by=secretary, at=build.AT)


def test_skeleton_brings_agenda_speeches_and_attendance(held):
    session, row, secretary, _, people = held
    studying.save_roll(row, secretary, {people[1]: ("ON_LEAVE", "公务：赴省"), people[2]: ("ABSENT", "未说明")})
    found = actions.start(session, by=secretary, at=build.AT)
    sheet = blocks(session, found)
    assert [block.heading for block in sheet] == [
        "一、领学规定篇目",
        "二、重点发言",
        "三、交流研讨",
        "四、主持人总结讲话",
    ]
    gist = sheet[1].fields[0]
    assert (gist.label, gist.text, gist.carried) == (f"{people[0].name} 发言要点", "围绕项目建设谈了三点体会。", True)
    lines = attendance_of(session)[0]
    assert (lines.on_leave, lines.absent) == ([(people[1].name, "公务：赴省")], [(people[2].name, "未说明")])
    assert actions.start(session, by=secretary, at=build.AT) == found and Minutes.objects.count() == 1


def test_submission_says_all_that_is_missing_at_once(held):
    session, row, secretary, _, _ = held
    session.recorder = None
    session.save()
    found = actions.start(session, by=secretary, at=build.AT)
    with pytest.raises(Refused) as told:
        actions.submit(found, version=1, by=secretary, at=build.AT)
    said = told.value.reasons
    for words in ("没有保存考勤", "缺记录人", "“领学规定篇目”还没有内容", "“交流研讨”还没有内容", "缺主持人总结"):
        assert any(words in one for one in said), (words, said)


def test_a_missing_speech_is_asked_for_by_the_speakers_name(held):
    session, _, secretary, _, people = held
    found = actions.start(session, by=secretary, at=build.AT)
    gist = next(one for block in blocks(session, found) for one in block.fields if one.name.startswith("speech-"))
    found = actions.save(found, sections={gist.name: ""}, version=found.version, by=secretary, at=build.AT)
    with pytest.raises(Refused) as told:
        actions.submit(found, version=found.version, by=secretary, at=build.AT)
    assert any(f"“{people[0].name} 发言要点”还没有内容" in one for one in told.value.reasons)


def test_the_paper_has_the_day_of_signing_in_beijing_and_each_text_once(held):
    session, row, secretary, leader, _ = held
    studying.save_roll(row, secretary)
    found = fill(session, secretary)
    found = actions.submit(found, version=found.version, by=secretary, at=build.AT)
    after_midnight = build.AT.replace(hour=0, minute=30)
    actions.approve(found, version=found.version, by=leader, at=after_midnight)
    facts = frozen.minutes(StudySession.objects.get(pk=session.pk))
    assert facts["approved_on"] == f"{after_midnight:%Y-%m-%d}"
    assert [(one["kind"], one["text"]) for one in facts["agenda"]] == [("领学", "已领学。")]
    assert (facts["discussion"], facts["summary"]) == ("围绕落实谈了意见。", "抓好落实。")


def test_scenario_2_from_minutes_to_archive(held):
    session, row, secretary, leader, _ = held
    studying.save_roll(row, secretary)
    found = fill(session, secretary)
    with pytest.raises(Refused, match="草稿"):
        actions.approve(found, version=found.version, by=leader, at=build.AT)
    assert "学习记录还是“草稿”，要先审签" in missing_for_archive(session)
    with pytest.raises(Refused, match="要先审签"):
        actions.archive(session, version=None, by=secretary, at=build.AT)
    found = actions.submit(found, version=found.version, by=secretary, at=build.AT)
    with pytest.raises(Refused, match="内容已锁定"):
        actions.save(found, summary="改", version=found.version, by=secretary, at=build.AT)
    with pytest.raises(Refused, match="退回意见"):
        actions.send_back(found, note=" ", version=found.version, by=leader, at=build.AT)
    found = actions.send_back(found, note="请补全", version=found.version, by=leader, at=build.AT)
    found = actions.submit(found, version=found.version, by=secretary, at=build.AT)
    found = actions.approve(found, version=found.version, by=leader, at=build.AT)
    assert (found.approver, found.approval_note) == (leader.person, "")
    assert missing_for_archive(session) == []
    session = actions.archive(session, version=None, by=secretary, at=build.AT)
    assert session.stage == SessionStage.ARCHIVED
    with pytest.raises(Refused, match="更正"):
        actions.save(found, summary="改", version=found.version, by=secretary, at=build.AT)
    with pytest.raises(Refused, match="已归档"):
        actions.archive(session, version=None, by=secretary, at=build.AT)


def test_who_wrote_it_does_not_sign_it(held):
    session, row, secretary, leader, people = held
    studying.save_roll(row, secretary)
    found = fill(session, secretary)
    found = actions.save(found, summary="组长自己改的。", version=found.version, by=leader, at=build.AT)
    found = actions.submit(found, version=found.version, by=secretary, at=build.AT)
    with pytest.raises(Refused, match="不能由本人审签"):
        actions.approve(found, version=found.version, by=leader, at=build.AT)
    deputy = build.account(
        build.member(session.committee, role=GroupRole.DEPUTY, rank=2, since=date(2026, 4, 1)).person
    )
    assert actions.approve(found, version=found.version, by=deputy, at=build.AT).approver == deputy.person


def test_scenario_3_a_new_leader_signs_with_a_note(held):
    session, row, secretary, leader, _ = held
    studying.save_roll(row, secretary)
    found = actions.submit(fill(session, secretary), version=2, by=secretary, at=build.AT)
    old = session.committee.memberships.get(person=leader.person)
    old.until = date(2026, 6, 30)
    old.save()
    new = build.account(build.member(session.committee, role=GroupRole.LEADER, rank=1, since=date(2026, 7, 1)).person)
    found = actions.approve(found, version=found.version, by=new, at=build.at(date(2026, 7, 2)))
    assert leader.person.name in found.approval_note and new.person.name in found.approval_note
    assert attendance_of(session)[0].leader == leader.person.name


def test_a_changed_roll_takes_the_signature_back(held):
    session, row, secretary, leader, people = held
    studying.save_roll(row, secretary)
    found = actions.submit(fill(session, secretary), version=2, by=secretary, at=build.AT)
    found = actions.approve(found, version=found.version, by=leader, at=build.AT)
    studying.save_roll(row, secretary)  # nothing changed
    found.refresh_from_db()
    assert found.stage == "APPROVED"
    studying.save_roll(row, secretary, {people[0]: ("ABSENT", "查实未到")})
    found.refresh_from_db()
    assert (found.stage, found.approver) == ("RETURNED", None)
    assert "考勤有改动" in found.return_note


def test_stale_minutes_are_refused(held):
    session, _, secretary, _, _ = held
    found = fill(session, secretary)
    with pytest.raises(Stale):
        actions.save(found, summary="旧", version=1, by=secretary, at=build.AT)


def test_not_before_it_was_held(held):
    session, _, secretary, _, _ = held
    session.stage = SessionStage.APPROVED
    session.save()
    with pytest.raises(Refused, match="召开之后"):
        actions.start(session, by=secretary, at=build.AT)


def test_few_fields_are_typed_from_an_empty_session(held):
    session, row, secretary, _, _ = held
    studying.save_roll(row, secretary)
    fill(session, secretary)
    session.refresh_from_db()
    assert session.typed_fields == 3  # one agenda item, the discussion, the summary
