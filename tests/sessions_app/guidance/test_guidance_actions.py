"""Prompts drafted, published, closed; received and taken up: what each act does, refuses and records."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from roster.audit.models import AuditEvent
from roster.audit.moves import Refused, Stale
from roster.committees.models import Committee
from sessions_app.guidance import actions, intake
from sessions_app.guidance.models import PromptMapping, PromptReceipt, PromptStage, StudyPrompt
from sessions_app.plans.models import PlanStage, StudyPlan
from sessions_app.sessions.models import Form, ParticipationState, SessionStage, StudyMaterial
from tests import build
from tests.sessions_app.guidance import prompting

pytestmark = pytest.mark.django_db
AT = build.AT


@pytest.fixture
def here():
    return prompting.place()


def verbs(row):
    return list(AuditEvent.objects.about(row).order_by("seq").values_list("verb", "chain"))


def refusal(act):
    with pytest.raises(Refused) as caught:
        act()
    return caught.value.reasons


# ------------------------------------------------------------------------------------------------ the desk
def test_a_draft_keeps_its_rows_in_order_and_records_itself(here):
    row = prompting.draft(here.city, here.reviewer, consulted=["ORGANISATION", "OFFICE"])
    assert [t.text for t in row.topics.all()] == ["乡村全面振兴", "优化营商环境"]
    assert list(row.readings.values_list("order", "title", "release_type")) == [
        (1, "《学习读本》", "FULL_TEXT"), (2, "限定范围的通报", "RESTRICTED"),
    ]  # fmt: skip
    assert row.consulted == ["OFFICE", "ORGANISATION"]
    assert row.drafted_by == here.reviewer.person
    assert verbs(row) == [("create", here.city.pk)]


def test_the_same_form_makes_one_draft(here):
    one = prompting.draft(here.city, here.reviewer, form_token="a" * 36)
    two = prompting.draft(here.city, here.reviewer, form_token="a" * 36)
    assert one == two
    assert StudyPrompt.objects.count() == 1


def test_a_draft_that_is_wrong_is_refused_with_every_reason(here):
    reasons = refusal(lambda: prompting.draft(here.city, here.reviewer, title="", topics=["", "甲"]))
    assert reasons == ["缺少标题，请填写。", "第 1 条学习主题没有文字，请填写或删去这一行。"]


def edited(row, by, **changed):
    given = {
        "year": row.year, "quarter": row.quarter, "title": row.title, "focus": row.focus, "outcomes": row.outcomes,
        "topics": ["乡村全面振兴", "优化营商环境"], "readings": prompting.PARTS["readings"], "consulted": row.consulted,
        "version": row.version,
    }  # fmt: skip
    return actions.edit(row, **{**given, **changed}, by=by, at=AT)


def test_editing_says_what_changed(here):
    row = edited(prompting.draft(here.city, here.reviewer), here.reviewer, topics=["另一个主题"], focus="新重点")
    assert [t.text for t in row.topics.all()] == ["另一个主题"]
    assert AuditEvent.objects.about(row).get(verb="edit").data["changed"] == ["focus", "topics"]


def test_a_stale_edit_saves_nothing(here):
    row = prompting.draft(here.city, here.reviewer)
    edited(row, here.reviewer, title="先改的")
    with pytest.raises(Stale):
        edited(row, here.reviewer, title="后改的")
    assert StudyPrompt.objects.get().title == "先改的"


def test_publishing_fixes_the_text(here):
    row = prompting.published(here.city, here.reviewer)
    assert (row.stage, row.published_by, row.published_at) == (PromptStage.PUBLISHED, here.reviewer.person, AT)
    assert verbs(row) == [("create", here.city.pk), ("publish", here.city.pk)]
    assert "发布后的文字不再改" in refusal(lambda: edited(row, here.reviewer))[0]
    assert "不能发布" in refusal(lambda: actions.publish(row, version=row.version, by=here.reviewer, at=AT))[0]


def test_publishing_says_all_that_is_missing(here):
    row = prompting.draft(here.city, here.reviewer, focus="", outcomes="", topics=[], year=2025, quarter=4)
    Committee.objects.filter(pk=here.city.pk).update(until=build.DAY - timedelta(days=1))
    reasons = refusal(lambda: actions.publish(row, version=row.version, by=here.reviewer, at=AT))
    assert len(reasons) == 5
    assert reasons[-1] == "云州市委已停用，不能发布。"


def test_publishing_does_not_wait_for_every_department(here):
    assert prompting.published(here.city, here.reviewer, consulted=[]).stage == PromptStage.PUBLISHED


def test_closing_ends_it_and_only_what_is_published_closes(here):
    row = prompting.draft(here.city, here.reviewer)
    assert "不能结束" in refusal(lambda: actions.close(row, version=row.version, by=here.reviewer, at=AT))[0]
    row = actions.publish(row, version=row.version, by=here.reviewer, at=AT)
    with pytest.raises(Stale):
        actions.close(row, version=1, by=here.reviewer, at=AT)
    row = actions.close(row, version=row.version, by=here.reviewer, at=AT)
    assert (row.stage, row.closed_at) == (PromptStage.CLOSED, AT)


# ------------------------------------------------------------------------------------------------ receiving
def test_a_committee_receives_once_in_its_own_chain(here):
    row = prompting.published(here.city, here.reviewer)
    one = actions.receive(row, committee=here.unit, by=here.secretary, at=AT)
    two = actions.receive(row, committee=here.unit, by=here.secretary, at=AT + timedelta(minutes=1))
    assert one == two
    assert one.received_at == AT
    assert verbs(one) == [("receive", here.unit.pk)]


def test_receiving_is_refused_before_after_and_elsewhere(here):
    row = prompting.draft(here.city, here.reviewer)

    def receive(prompt, committee=here.unit):
        return refusal(lambda: actions.receive(prompt, committee=committee, by=here.secretary, at=AT))

    assert receive(row) == ["学习提示还没有发布，不能签收。"]
    row = actions.publish(row, version=row.version, by=here.reviewer, at=AT)
    assert receive(row, build.committee("邻市")) == ["这份学习提示没有发给邻市，不用签收。"]
    Committee.objects.filter(pk=here.unit.pk).update(until=build.DAY - timedelta(days=1))
    assert receive(row, Committee.objects.get(pk=here.unit.pk)) == ["市发改委党组已停用，不能签收。"]
    actions.close(row, version=row.version, by=here.reviewer, at=AT)
    assert receive(row) == ["学习提示已经结束，不能再签收或改落实；已有的记录不变。"]
    assert not PromptReceipt.objects.exists()


# ------------------------------------------------------------------------------------------------ taking up
def mapped(topic, here, **target):
    return actions.map_topic(topic, committee=here.unit, **target, by=here.secretary, at=AT)


def test_taking_up_a_topic_receives_the_prompt_too(here):
    topic = prompting.published(here.city, here.reviewer).topics.first()
    row = mapped(topic, here, plan_item=prompting.item(here.unit))
    assert PromptReceipt.objects.get().committee == here.unit
    assert verbs(row) == [("map", here.unit.pk)]
    assert row.mapped_by == here.secretary.person


def test_another_answer_replaces_the_first_and_says_so(here):
    topic = prompting.published(here.city, here.reviewer).topics.first()
    item, session = prompting.item(here.unit), prompting.session(here.unit, date(2026, 3, 10))
    one = mapped(topic, here, plan_item=item)
    assert mapped(topic, here, plan_item=item) == one  # the same again: no event
    mapped(topic, here, study_session=session)
    row = PromptMapping.objects.get()
    assert (row.plan_item, row.study_session) == (None, session)
    last = AuditEvent.objects.about(row).order_by("seq").last()
    assert verbs(row) == [("map", here.unit.pk)] * 2
    assert (last.data["was"], last.data["to"]) == ({"plan_item": item.pk}, {"session": session.pk})


def test_a_joint_session_answers_for_its_guests(here):
    topic = prompting.published(here.city, here.reviewer).topics.first()
    joint = prompting.session(here.county, date(2026, 3, 10), guest=here.unit)
    assert mapped(topic, here, study_session=joint).study_session == joint


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (lambda h: prompting.session(h.county, date(2026, 3, 10)), "没有参加"),
        (lambda h: prompting.session(h.county, date(2026, 3, 10), guest=h.unit, guest_state=ParticipationState.INVITED),
         "没有参加"),
        (lambda h: prompting.session(h.unit, date(2026, 3, 10), stage=SessionStage.CANCELLED), "已取消"),
        (lambda h: prompting.session(h.unit, date(2026, 3, 10), form=Form.FIRST_AGENDA_ITEM), "第一议题"),
        (lambda h: prompting.session(h.unit, date(2025, 12, 31)), "1月1日以前"),
    ],
)  # fmt: skip
def test_a_session_that_is_no_answer_is_refused(here, made, reason):
    topic = prompting.published(here.city, here.reviewer).topics.first()
    session = made(here)
    assert reason in refusal(lambda: mapped(topic, here, study_session=session))[0]
    assert not PromptMapping.objects.exists()
    assert not PromptReceipt.objects.exists()


def test_a_plan_item_that_is_no_answer_is_refused(here):
    topic = prompting.published(here.city, here.reviewer).topics.first()
    old, others = prompting.item(here.unit, year=2025), prompting.item(here.county)
    first, _ = prompting.item(here.unit), prompting.item(here.unit, edition=2)
    assert "不是本委员会的" in refusal(lambda: mapped(topic, here, plan_item=others))[0]
    assert "属于 2025 年" in refusal(lambda: mapped(topic, here, plan_item=old))[0]
    assert "不在现行的年度计划中" in refusal(lambda: mapped(topic, here, plan_item=first))[0]
    assert refusal(lambda: mapped(topic, here)) == ["请选一个计划条目或一场学习。"]


def test_an_amendment_in_draft_does_not_push_out_the_plan_in_force(here):
    topic = prompting.published(here.city, here.reviewer).topics.first()
    item = prompting.item(here.unit)
    StudyPlan.objects.create(committee=here.unit, year=2026, edition=2, stage=PlanStage.DRAFT, amend_reason="调整")
    assert mapped(topic, here, plan_item=item).plan_item == item


def test_nothing_is_taken_up_or_taken_back_after_the_end(here):
    prompt = prompting.published(here.city, here.reviewer)
    topic, item = prompt.topics.first(), prompting.item(here.unit)
    mapped(topic, here, plan_item=item)
    actions.close(prompt, version=prompt.version, by=here.reviewer, at=AT)
    assert "已经结束" in refusal(lambda: mapped(topic, here, plan_item=item))[0]
    assert "已经结束" in refusal(lambda: actions.unmap(topic, committee=here.unit, by=here.secretary, at=AT))[0]
    assert PromptMapping.objects.count() == 1


def test_taking_back_leaves_the_receipt(here):
    topic = prompting.published(here.city, here.reviewer).topics.first()
    mapped(topic, here, plan_item=prompting.item(here.unit))
    actions.unmap(topic, committee=here.unit, by=here.secretary, at=AT)
    actions.unmap(topic, committee=here.unit, by=here.secretary, at=AT)  # nothing there: nothing happens
    assert not PromptMapping.objects.exists()
    assert PromptReceipt.objects.count() == 1
    assert AuditEvent.objects.filter(verb="unmap", chain=here.unit.pk).count() == 1


def test_the_reading_list_goes_into_the_materials_once(here):
    topic = prompting.published(here.city, here.reviewer).topics.first()
    session = prompting.session(here.unit, date(2026, 3, 25), stage=SessionStage.APPROVED)
    StudyMaterial.objects.create(study_session=session, order=1, title="学习读本")
    for _ in range(2):
        mapped(topic, here, study_session=session, with_readings=True)
    assert list(session.materials.values_list("title", "release_type")) == [
        ("学习读本", "FULL_TEXT"), ("限定范围的通报", "RESTRICTED"),
    ]  # fmt: skip
    session.refresh_from_db()
    assert session.stage == SessionStage.PREPARING  # a changed plan is approved again


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (lambda h: {"study_session": prompting.session(h.unit, date(2026, 3, 10))}, "已经召开或取消"),
        (lambda h: {"study_session": prompting.session(h.county, date(2026, 3, 25), guest=h.unit)}, "主办单位"),
        (lambda h: {"plan_item": prompting.item(h.unit)}, "计划条目不带资料"),
    ],
)
def test_readings_cannot_be_brought_where_materials_are_fixed(here, made, reason):
    topic = prompting.published(here.city, here.reviewer).topics.first()
    target = made(here)
    assert reason in refusal(lambda: mapped(topic, here, **target, with_readings=True))[0]
    assert not PromptMapping.objects.exists()


# ------------------------------------------------------------------------------------------------ many at once
def test_many_are_taken_in_by_the_same_rules_and_recorded_the_same_way(here):
    prompt = prompting.published(here.city, here.reviewer)
    topic, item = prompt.topics.first(), prompting.item(here.unit)
    part = prompting.session(here.county, date(2026, 3, 10)).participations.get()
    rows = [
        intake.Taken(prompt, here.unit, AT, here.secretary.person_id, [(topic, item, AT)]),
        intake.Taken(prompt, here.county, AT, None, [(topic, part, AT)]),
    ]
    assert intake.take_in(rows, by=here.reviewer) == 2
    assert intake.take_in(rows, by=here.reviewer) == 0
    assert PromptMapping.objects.count() == 2
    for committee in (here.unit, here.county):
        assert verbs(PromptReceipt.objects.get(committee=committee)) == [("receive", committee.pk)]
        assert verbs(PromptMapping.objects.get(committee=committee)) == [("map", committee.pk)]


def test_one_wrong_row_refuses_them_all(here):
    prompt = prompting.published(here.city, here.reviewer)
    stranger = build.committee("邻市")
    rows = [intake.Taken(prompt, here.unit, AT), intake.Taken(prompt, stranger, AT)]
    assert refusal(lambda: intake.take_in(rows, by=here.reviewer)) == ["邻市：这份学习提示没有发给邻市，不用签收。"]
    other = prompting.published(here.city, here.reviewer).topics.first()
    wrong = [intake.Taken(prompt, here.unit, AT, None, [(other, prompting.item(here.county), AT)])]
    assert len(refusal(lambda: intake.take_in(wrong, by=here.reviewer))) == 2
    assert not PromptReceipt.objects.exists()


def test_taking_in_asks_as_often_for_thirty_as_for_one_but_for_the_chains():
    counts = []
    for size in (1, 30):
        where = prompting.place(size)
        prompt = prompting.published(where.city, where.reviewer)
        topic = prompt.topics.first()
        rows = [intake.Taken(prompt, one, AT, None, [(topic, prompting.item(one), AT)]) for one in where.more]
        with CaptureQueriesContext(connection) as seen:
            intake.take_in(rows, by=where.reviewer)
        counts.append(len(seen) - 2 * size)  # the lock and the head of each committee's chain
    assert counts[0] == counts[1]
