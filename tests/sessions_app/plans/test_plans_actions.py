"""The year plan's life: scenario 1 whole, and every refusal on the way."""

from datetime import date

import pytest

from roster.audit.models import AuditEvent
from roster.audit.moves import Refused, Stale
from sessions_app.plans import actions, rules
from sessions_app.plans.models import PlanStage, StudyPlan
from tests import build

pytestmark = pytest.mark.django_db
JAN8 = date(2026, 1, 8)
JAN31 = date(2026, 1, 31)


def item(quarter=1, topic="专题", **more):
    return {"quarter": quarter, "topic": topic, "category": 1, **more}


def full(**more):
    return [item(quarter, f"第{quarter}季度专题", **more) for quarter in (1, 2, 3, 4)]


@pytest.fixture
def place():
    return build.committee("市发改委党组")


@pytest.fixture
def secretary(place):
    return build.secretary_of(place, on=JAN8)


@pytest.fixture
def leader(place):
    return build.leader_of(place, on=JAN8)


def drafted(place, secretary, items=None, year=2026):
    plan = actions.create(committee=place, year=year, by=secretary, at=build.at(JAN8))
    return actions.save_items(
        plan, items=full() if items is None else items, version=plan.version, by=secretary, at=build.at(JAN8)
    )


def submitted(place, secretary, **more):
    plan = drafted(place, secretary)
    return actions.submit(plan, version=plan.version, by=secretary, at=build.at(JAN8), **more)


def approved(place, secretary, leader):
    plan = submitted(place, secretary)
    return actions.approve(
        plan,
        meeting="党组第2次会议",
        met_on=date(2026, 1, 12),
        version=plan.version,
        by=leader,
        at=build.at(date(2026, 1, 12)),
    )


def test_scenario_1_plan_from_copy_to_amendment(place, secretary, leader):
    last_year = drafted(place, secretary, year=2025, items=[
        item(1, "旧一"), item(1, "旧二"), item(2, "旧三"), item(2, "旧四"), item(4, "旧五"), item(4, "旧六"),
    ])  # fmt: skip
    # 1 copies last year's plan, keeps 6 topics, leaves the third quarter empty: warned, saved as a draft
    plan = actions.create(committee=place, year=2026, copy_from=last_year, by=secretary, at=build.at(JAN8))
    assert [row.topic for row in plan.items.order_by("serial")] == ["旧一", "旧二", "旧三", "旧四", "旧五", "旧六"]
    assert rules.quarter_warnings(plan.items.all()) == ["第三季度未安排集体学习"]
    assert plan.stage == PlanStage.DRAFT
    # 2 adds a topic to the third quarter and submits
    rows = [{"serial": row.serial, **{f: getattr(row, f) for f in rules.ITEM_FIELDS}} for row in plan.items.all()]
    rows.append(item(3, "新七", category=7, speakers="张三、李四"))
    plan = actions.save_items(plan, items=rows, version=plan.version, by=secretary, at=build.at(JAN8))
    plan = actions.submit(plan, version=plan.version, by=secretary, at=build.at(JAN8))
    assert plan.get_stage_display() == "待审定"
    # 3 the leader returns it with a note; the secretary edits
    plan = actions.send_back(plan, note="第三季度再具体些", version=plan.version, by=leader, at=build.at(JAN8))
    assert (plan.get_stage_display(), plan.return_note) == ("退回", "第三季度再具体些")
    before = plan.version
    plan = actions.save_head(
        plan, aim="学深悟透", requirements="每季一次", version=plan.version, by=secretary, at=build.at(JAN8)
    )
    assert plan.version == before + 1
    # 4 the secretary enters the meeting, the leader approves; the content is locked
    plan = actions.submit(
        plan, meeting="党组第2次会议", met_on=JAN8, version=plan.version, by=secretary, at=build.at(JAN8)
    )
    plan = actions.approve(plan, version=plan.version, by=leader, at=build.at(date(2026, 1, 12)))
    assert (plan.get_stage_display(), plan.approving_meeting, plan.approved_on) == ("已审定", "党组第2次会议", JAN8)
    with pytest.raises(Refused, match="内容已锁定"):
        actions.save_items(plan, items=full(), version=plan.version, by=secretary, at=build.at(JAN31))
    # 5 filed on the last day: on time
    plan = actions.file(plan, version=plan.version, by=secretary, at=build.at(JAN31))
    assert (plan.get_stage_display(), rules.days_late(plan.filed_on, 2026)) == ("已备案", 0)
    # 6 another one files on 3 February: three days late
    assert rules.days_late(date(2026, 2, 3), 2026) == 3
    # 7 in May a topic is changed: a new edition with a reason, approved again; the original stays readable
    may = build.at(date(2026, 5, 6))
    draft = actions.amend(plan, reason="上级新增专题", by=secretary, at=may)
    rows = [{"serial": row.serial, **{f: getattr(row, f) for f in rules.ITEM_FIELDS}} for row in draft.items.all()]
    changed = next(row for row in rows if row["topic"] == "旧四")
    changed["topic"] = "改后的四"
    draft = actions.save_items(draft, items=rows, version=draft.version, by=secretary, at=may)
    assert plan in StudyPlan.objects.in_force()  # until the new one is settled
    draft = actions.submit(draft, version=draft.version, by=secretary, at=may)
    draft = actions.approve(
        draft, meeting="党组第9次会议", met_on=date(2026, 5, 6), version=draft.version, by=leader, at=may
    )
    assert str(draft).endswith("（调整1次）")
    assert list(StudyPlan.objects.in_force().filter(year=2026)) == [draft]
    assert plan.items.get(serial=changed["serial"]).topic == "旧四"
    assert draft.items.get(serial=changed["serial"]).topic == "改后的四"


def test_every_move_is_an_event_with_person_role_and_states(place, secretary, leader):
    plan = approved(place, secretary, leader)
    events = list(AuditEvent.objects.about(plan).order_by("seq").values_list("verb", "before", "after", "actor_role"))
    assert events[-1] == ("approve", "SUBMITTED", "APPROVED", "组长（市发改委党组）")
    assert [event[:3] for event in events[:3]] == [
        ("create", "", "DRAFT"), ("save_items", "DRAFT", "DRAFT"), ("submit", "DRAFT", "SUBMITTED"),
    ]  # fmt: skip


def test_submit_says_everything_missing_at_once(place, secretary):
    plan = drafted(place, secretary, items=[item(1)])
    with pytest.raises(Refused) as refusal:
        actions.submit(plan, version=plan.version, by=secretary, at=build.at(JAN8))
    assert [reason[:4] for reason in refusal.value.reasons] == ["第二季度", "第三季度", "第四季度"]
    plan.refresh_from_db()
    assert plan.stage == PlanStage.DRAFT


def test_submit_without_topics(place, secretary):
    plan = actions.create(committee=place, year=2026, by=secretary, at=build.at(JAN8))
    with pytest.raises(Refused, match="还没有专题"):
        actions.submit(plan, version=plan.version, by=secretary, at=build.at(JAN8))


def test_a_committee_set_up_in_june_owes_no_first_quarter(secretary):
    young = build.committee(since=date(2026, 6, 1))
    plan = drafted(young, secretary, items=[item(2), item(3), item(4)])
    assert actions.submit(plan, version=plan.version, by=secretary, at=build.at(JAN8)).stage == PlanStage.SUBMITTED


def test_items_say_every_fault_with_its_place(place, secretary):
    plan = actions.create(committee=place, year=2026, by=secretary, at=build.at(JAN8))
    wrong = [item(topic=" "), item(2, month=1), {"topic": "无季度", "category": 99}, item(mode="XX", note="字" * 201)]
    with pytest.raises(Refused) as refusal:
        actions.save_items(plan, items=wrong, version=plan.version, by=secretary, at=build.at(JAN8))
    said = refusal.value.reasons
    assert len(said) == 6
    assert said[0].startswith("第 1 项：缺少专题")
    assert "1 月不在第二季度" in said[1]
    assert plan.items.count() == 0


def test_serials_are_stable_and_never_given_again(place, secretary):
    plan = drafted(place, secretary)
    rows = [{"serial": row.serial, **item(row.quarter, row.topic)} for row in plan.items.order_by("serial")]
    plan = actions.save_items(plan, items=rows[:3], version=plan.version, by=secretary, at=build.at(JAN8))
    plan = actions.save_items(
        plan, items=[*rows[:3], item(4, "再加")], version=plan.version, by=secretary, at=build.at(JAN8)
    )
    assert list(plan.items.order_by("serial").values_list("serial", flat=True)) == [1, 2, 3, 5]
    with pytest.raises(Refused, match="序号 4 以前用过"):
        actions.save_items(plan, items=[*rows, item(4)], version=plan.version, by=secretary, at=build.at(JAN8))
    with pytest.raises(Refused, match="出现两次"):
        actions.save_items(plan, items=[rows[0], rows[0]], version=plan.version, by=secretary, at=build.at(JAN8))


def test_nobody_approves_what_he_wrote_or_submitted(place, leader):
    both = build.secretary(place, leader.person)
    leader.act(on=JAN8)
    assert both.person == leader.person
    plan = submitted(place, leader)
    with pytest.raises(Refused, match="不能由本人审定"):
        actions.approve(plan, meeting="会", met_on=JAN8, version=plan.version, by=leader, at=build.at(JAN8))
    other = build.leader_of(place, on=JAN8)  # the control: anybody else may
    plan = actions.approve(plan, meeting="会", met_on=JAN8, version=plan.version, by=other, at=build.at(JAN8))
    assert plan.stage == PlanStage.APPROVED


def test_a_writer_of_a_draft_does_not_approve_it_though_another_submitted(place, secretary):
    writer = build.leader_of(place, on=JAN8)
    plan = drafted(place, writer)
    plan = actions.submit(plan, version=plan.version, by=secretary, at=build.at(JAN8))
    with pytest.raises(Refused, match="参与了这份计划的编制"):
        actions.approve(plan, meeting="会", met_on=JAN8, version=plan.version, by=writer, at=build.at(JAN8))


def test_approval_needs_meeting_and_a_day_that_has_come(place, secretary, leader):
    plan = submitted(place, secretary)
    with pytest.raises(Refused) as refusal:
        actions.approve(plan, version=plan.version, by=leader, at=build.at(JAN8))
    assert len(refusal.value.reasons) == 2
    with pytest.raises(Refused, match="还没有到"):
        actions.approve(plan, meeting="会", met_on=JAN31, version=plan.version, by=leader, at=build.at(JAN8))


def test_send_back_needs_a_note(place, secretary, leader):
    plan = submitted(place, secretary)
    with pytest.raises(Refused, match="退回意见"):
        actions.send_back(plan, note=" ", version=plan.version, by=leader, at=build.at(JAN8))


def test_moves_out_of_order_are_refused_in_words(place, secretary, leader):
    plan = drafted(place, secretary)
    with pytest.raises(Refused, match="现在是“草稿”"):
        actions.approve(plan, meeting="会", met_on=JAN8, version=plan.version, by=leader, at=build.at(JAN8))
    with pytest.raises(Refused, match="不能备案"):
        actions.file(plan, version=plan.version, by=secretary, at=build.at(JAN8))
    with pytest.raises(Refused, match="可以直接修改"):
        actions.amend(plan, reason="改", by=secretary, at=build.at(JAN8))


def test_stale_save_is_refused_and_the_fresh_one_passes(place, secretary):
    plan = drafted(place, secretary)
    actions.save_head(plan, aim="甲", requirements="", version=plan.version, by=secretary, at=build.at(JAN8))
    with pytest.raises(Stale) as stale:
        actions.save_head(plan, aim="乙", requirements="", version=plan.version, by=secretary, at=build.at(JAN8))
    fresh = actions.save_head(
        plan, aim="乙", requirements="", version=stale.value.current_version, by=secretary, at=build.at(JAN8)
    )
    assert fresh.aim == "乙"


def test_one_plan_a_year_and_one_open_edition(place, secretary, leader):
    plan = approved(place, secretary, leader)
    with pytest.raises(Refused, match="已经有了"):
        actions.create(committee=place, year=2026, by=secretary, at=build.at(JAN31))
    with pytest.raises(Refused, match="调整理由"):
        actions.amend(plan, reason="", by=secretary, at=build.at(JAN31))
    actions.amend(plan, reason="新增", by=secretary, at=build.at(JAN31))
    with pytest.raises(Refused, match="正在调整中"):
        actions.amend(plan, reason="再来", by=secretary, at=build.at(JAN31))


def test_only_the_own_plan_is_copied(place, secretary):
    other = drafted(build.committee(), secretary, year=2025)
    with pytest.raises(Refused, match="本委员会"):
        actions.create(committee=place, year=2026, copy_from=other, by=secretary, at=build.at(JAN8))


def test_a_closed_year_takes_no_plan(place, secretary):
    from sessions_app.policies import actions as policies

    policies.close_period(committee=place, year=2025, by=build.granted(build.Role.REVIEWER, place), at=build.at(JAN31))
    with pytest.raises(Refused):
        actions.create(committee=place, year=2025, by=secretary, at=build.at(JAN31))
    assert actions.create(committee=place, year=2026, by=secretary, at=build.at(JAN31)).pk
