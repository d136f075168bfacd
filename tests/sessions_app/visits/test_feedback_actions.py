"""Feedback of a visit: written, handed in late or not, returned, issued by another, receipted, answered; the visit closed."""

from datetime import date
from typing import Any

import pytest

from roster.accounts.models import Grant
from roster.accounts.roles import Role
from roster.audit.models import AuditEvent
from roster.audit.moves import Refused, Stale
from sessions_app.findings import actions as findings
from sessions_app.findings.models import ProblemType, Source
from sessions_app.policies.actions import seed_working_days
from sessions_app.visits import feedback_actions as actions
from sessions_app.visits import feedback_rules as rules
from sessions_app.visits.models import Feedback, FeedbackStage, VisitStage
from tests import build
from tests.sessions_app.visits import fed_back
from tests.sessions_app.visits.fed_back import GOOD, World

pytestmark = pytest.mark.django_db
AT = build.AT  # Friday 20 March


@pytest.fixture
def world() -> World:
    return fed_back.make()


def write(world: World, **more: Any) -> Feedback:
    return actions.save(world.visit, **(GOOD | more), version=0, by=world.lead, at=AT)


def submitted(world: World) -> Feedback:
    return actions.submit(world.visit, version=write(world).version, by=world.lead, at=AT)


def issued(world: World) -> Feedback:
    return actions.issue(world.visit, version=submitted(world).version, by=world.reviewer, at=AT)


def acknowledged(world: World) -> Feedback:
    return actions.acknowledge(world.visit, version=issued(world).version, by=world.secretary, at=AT)


def test_the_whole_way(world: World) -> None:
    row = acknowledged(world)
    assert (row.stage, row.late_days, row.issued_by) == (FeedbackStage.ACKNOWLEDGED, 0, world.reviewer.person)
    row = actions.reply(world.visit, text="照办，月底前整改。", version=row.version, by=world.secretary, at=AT)
    visit = world.fresh()
    assert visit.stage == VisitStage.ACKNOWLEDGED
    visit = actions.close(visit, version=visit.version, by=world.other_reviewer, at=AT)
    assert (visit.stage, visit.closed_on) == (VisitStage.CLOSED, build.DAY)
    verbs = list(AuditEvent.objects.about(row).order_by("id").values_list("verb", flat=True))
    assert verbs == ["create", "submit", "issue", "acknowledge", "reply"]
    verbs = list(AuditEvent.objects.about(visit).order_by("id").values_list("verb", flat=True))
    assert verbs == ["submit_feedback", "issue_feedback", "acknowledge", "close"]


def test_each_observer_writes_and_a_stale_save_is_refused(world: World) -> None:
    first = write(world)
    again = actions.save(world.visit, **GOOD, version=first.version, by=world.second, at=AT)
    assert again.version == first.version, "nothing changed"
    second = actions.save(world.visit, **(GOOD | {"overall": "好。"}), version=first.version, by=world.second, at=AT)
    assert second.overall == "好。"
    for version in (0, first.version):
        with pytest.raises(Stale):
            actions.save(world.visit, **GOOD, version=version, by=world.lead, at=AT)


@pytest.mark.parametrize("who", ["reviewer", "secretary"])
def test_only_named_observers_write_and_submit(world: World, who: str) -> None:
    stranger = getattr(world, who)
    with pytest.raises(Refused, match="由这次旁听的旁听人"):
        actions.save(world.visit, **GOOD, version=0, by=stranger, at=AT)
    row = write(world)
    with pytest.raises(Refused, match="由这次旁听的旁听人"):
        actions.submit(world.visit, version=row.version, by=stranger, at=AT)
    another = build.granted(Role.OBSERVER, world.city)
    with pytest.raises(Refused, match="由这次旁听的旁听人"):
        actions.submit(world.visit, version=row.version, by=another, at=AT)


def test_five_hundred_characters_and_not_one_more(world: World) -> None:
    row = write(world, overall="好" * 200, highlights="亮 " * 100, problems="问" * 201, advice="建" * 300)
    with pytest.raises(Refused) as refused:
        actions.submit(world.visit, version=row.version, by=world.lead, at=AT)
    assert refused.value.reasons == ["三部分合计最多 500 字，现在 501 字，超出 1 字，请精简。"]
    kept = Feedback.objects.get()
    assert len(kept.problems) == 201 and kept.stage == FeedbackStage.DRAFT, "the draft is kept as typed"
    row = actions.save(
        world.visit, overall="好" * 200, highlights="亮 " * 100, problems="问" * 200, advice="", version=row.version,
        by=world.lead, at=AT,
    )  # fmt: skip
    assert actions.submit(world.visit, version=row.version, by=world.lead, at=AT).stage == FeedbackStage.SUBMITTED


def test_every_part_is_asked_for_at_once(world: World) -> None:
    row = write(world, highlights=" ", problems="")
    with pytest.raises(Refused) as refused:
        actions.submit(world.visit, version=row.version, by=world.lead, at=AT)
    assert refused.value.reasons == ["请写特色亮点，没有的请填“无”。", "请写存在问题，没有的请填“无”。"]


@pytest.mark.parametrize(
    ("day", "late"), [(date(2026, 3, 24), 0), (date(2026, 3, 25), 1), (date(2026, 3, 28), 3), (date(2026, 4, 7), 9)]
)
def test_late_is_marked_in_working_days_and_let_through(world: World, day: date, late: int) -> None:
    """24 March is the last day; the 28th is a Saturday; 4 to 6 April are off."""
    seed_working_days([2026], by=world.reviewer, at=AT)
    row = actions.submit(world.visit, version=write(world).version, by=world.lead, at=build.at(day))
    assert (row.stage, row.late_days) == (FeedbackStage.SUBMITTED, late)


def test_a_return_does_not_make_it_later(world: World) -> None:
    row = submitted(world)
    with pytest.raises(Refused, match="写明退回意见"):
        actions.send_back(world.visit, note=" ", version=row.version, by=world.reviewer, at=AT)
    row = actions.send_back(world.visit, note="请写具体。", version=row.version, by=world.reviewer, at=AT)
    assert (row.stage, world.fresh().stage) == (FeedbackStage.RETURNED, VisitStage.OBSERVED)
    later = build.at(date(2026, 4, 20))
    row = actions.save(world.visit, **(GOOD | {"overall": "更好。"}), version=row.version, by=world.second, at=later)
    row = actions.submit(world.visit, version=row.version, by=world.second, at=later)
    assert (row.late_days, row.submitted_by) == (0, world.second.person)


def test_the_issuer_did_not_write_it(world: World) -> None:
    """A reviewer who is an observer too, and wrote a draft that somebody else handed in."""
    Grant.objects.create(user=world.second, role=Role.REVIEWER, committee=world.city, since=build.SINCE)
    both = world.second.act(on=build.DAY)
    row = actions.save(world.visit, **GOOD, version=0, by=world.second, at=AT)
    row = actions.submit(world.visit, version=row.version, by=world.lead, at=AT)
    with pytest.raises(Refused, match="须由另一位审核人发出"):
        actions.issue(world.visit, version=row.version, by=both, at=AT)
    assert actions.issue(world.visit, version=row.version, by=world.reviewer, at=AT).stage == FeedbackStage.ISSUED


def test_issued_it_is_fixed(world: World) -> None:
    row = issued(world)
    with pytest.raises(Refused, match="已经发出，正文不能再改"):
        actions.save(world.visit, **(GOOD | {"overall": "改"}), version=row.version, by=world.lead, at=AT)
    with pytest.raises(Refused, match="不能提交|已经发出"):
        actions.submit(world.visit, version=row.version, by=world.lead, at=AT)
    with pytest.raises(Refused, match="不能退回"):
        actions.send_back(world.visit, note="晚了", version=row.version, by=world.reviewer, at=AT)


def test_a_reply_comes_after_the_receipt_and_fits(world: World) -> None:
    row = issued(world)
    with pytest.raises(Refused, match="请先签收"):
        actions.reply(world.visit, text="好", version=row.version, by=world.secretary, at=AT)
    row = actions.acknowledge(world.visit, version=row.version, by=world.secretary, at=AT)
    with pytest.raises(Refused, match="超出 2 字"):
        actions.reply(world.visit, text="复" * 502, version=row.version, by=world.secretary, at=AT)
    with pytest.raises(Refused, match="请填写回复"):
        actions.reply(world.visit, text=" ", version=row.version, by=world.secretary, at=AT)
    row = actions.reply(world.visit, text="复" * 500, version=row.version, by=world.secretary, at=AT)
    assert len(row.reply) == 500 and row.overall == GOOD["overall"]


def test_a_visit_is_closed_when_the_unit_replied_and_every_finding_was_decided(world: World) -> None:
    row = acknowledged(world)
    type_ = ProblemType.objects.create(name="互动不够（测试）")
    raised = findings.raise_finding(
        world.unit, department=world.city, source=Source.VISIT, type=type_, text="互动不够。", found_on=fed_back.OBSERVED,
        visit=world.visit, by=world.lead, at=AT,
    )  # fmt: skip
    with pytest.raises(Refused) as refused:
        actions.close(world.visit, version=None, by=world.reviewer, at=AT)
    assert refused.value.reasons == [
        "单位还没有回复反馈意见，不能办结。", f"问题 {raised.number} 还没有确认或判为不成立，请先办理。",
    ]  # fmt: skip
    actions.reply(world.visit, text="照办", version=row.version, by=world.secretary, at=AT)
    findings.confirm(raised, by=world.reviewer, at=AT)
    assert actions.close(world.visit, version=None, by=world.reviewer, at=AT).stage == VisitStage.CLOSED
    with pytest.raises(Refused, match="已办结"):
        actions.reply(world.visit, text="再说一句", version=None, by=world.secretary, at=AT)


def test_before_the_session_there_is_nothing_to_say(world: World) -> None:
    early = fed_back.make(world.city, stage=VisitStage.REVIEWED)
    with pytest.raises(Refused, match="旁听之后才能写"):
        actions.save(early.visit, **GOOD, version=0, by=early.lead, at=AT)
    with pytest.raises(Refused, match="还没有写"):
        actions.submit(early.visit, version=None, by=early.lead, at=AT)


def test_remarks_are_the_paragraphs_of_the_problems() -> None:
    assert rules.remarks("互动不够。\n\n  主题不聚焦。 \n") == ["互动不够。", "主题不聚焦。"]
    assert rules.remarks("无。") == rules.remarks("") == []
