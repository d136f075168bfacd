"""约谈: who is suggested and who is left out, and the way from a suggestion to a record that is fixed."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from roster.accounts.models import User
from roster.audit.models import AuditEvent
from roster.audit.moves import Refused, Stale
from roster.committees import actions as committees
from roster.people.models import GroupRole
from sessions_app.assessment import candidates, interview_actions, interview_rules
from sessions_app.assessment.models import AssessmentStage, InterviewStage, LeaderInterview
from sessions_app.findings.models import FindingStage, ProblemType, Source
from sessions_app.policies.models import PolicyParameter
from tests import build
from tests.sessions_app.assessment import ranked
from tests.sessions_app.assessment.ranked import Ranked

pytestmark = pytest.mark.django_db
AT, ON = build.AT, ranked.ON


@pytest.fixture
def world() -> Ranked:
    return ranked.make()


def names(found: candidates.Found) -> list[str]:
    return [str(one.committee) for one in found.candidates]


# ------------------------------------------------------------------------------------------------------------- rules
@pytest.mark.parametrize(
    ("share", "ranked_units", "size"),
    [(0.1, 115, 12), (0.1, 110, 11), (0.1, 10, 1), (0.1, 3, 1), (0, 8, 1), (1, 8, 8), (0.3, 10, 3), (0.1, 0, 0)],
)
def test_the_lowest_group_is_the_share_rounded_up_and_never_empty(share: float, ranked_units: int, size: int) -> None:
    assert interview_rules.group_size(share, ranked_units) == size


def test_a_tie_across_the_line_takes_all_who_share_it() -> None:
    assert interview_rules.lowest({1: 1, 2: 2, 3: 3, 4: 3}, 1) == {3, 4}
    assert interview_rules.lowest({1: 1, 2: 2, 3: 2, 4: 4}, 2) == {2, 3, 4}
    assert interview_rules.lowest({1: 1, 2: 1, 3: 1}, 1) == frozenset(), "where all are first nobody is low"
    straight = {number: number for number in range(1, 116)}
    low = interview_rules.lowest(straight, 12)
    assert low == {number for number in straight if interview_rules.is_low(number, 115, 0.1)} == set(range(104, 116))


# -------------------------------------------------------------------------------------------------------- candidates
def test_low_in_both_years_is_a_candidate_and_says_why(world: Ranked) -> None:
    ranked.entered(2024, ranked.straight(world.units))
    ranked.final(world.city, 2025, ranked.straight(world.units))
    found = candidates.find(world.city, 2025, on=ON)
    assert names(found) == ["第10单位"] and found.years == (2024, 2025) and not found.missing
    assert found.candidates[0].words == "2024年第10/10名，2025年第10/10名"
    assert [result.source for result in found.candidates[0].results] == ["年度通报", "本系统考核定稿"]
    assert found.left_out == ()


def test_low_in_one_year_alone_is_none(world: Ranked) -> None:
    ranked.entered(2024, ranked.straight(world.units))
    ranked.final(world.city, 2025, ranked.straight(world.units[::-1]))
    assert names(candidates.find(world.city, 2025, on=ON)) == []


def test_founded_in_between_is_left_out_and_said(world: Ranked) -> None:
    young = ranked.unit(world.city, "新设单位", since=date(2024, 5, 1))
    first_day = ranked.unit(world.city, "年初单位", since=date(2024, 1, 1))
    rows = [*world.units, first_day, young]
    ranked.entered(2024, ranked.straight(rows))
    ranked.final(world.city, 2025, ranked.straight(rows))
    found = candidates.find(world.city, 2025, on=ON)
    assert names(found) == ["年初单位"], (
        "1 January of the first year is in time; the lowest two of twelve are the group"
    )
    assert [(str(one.committee), one.why) for one in found.left_out] == [
        ("新设单位", "2024年5月1日设立，考核不满 2 个整年度")
    ]


def test_a_renamed_committee_is_the_same_one(world: Ranked) -> None:
    ranked.entered(2024, ranked.straight(world.units))
    last = world.units[-1]
    committees.rename(
        last,
        name="改名单位",
        short_name="改名单位",
        on=date(2025, 3, 1),
        version=last.version,
        by=world.reviewer,
        at=AT,
    )
    ranked.final(world.city, 2025, ranked.straight(world.units))
    assert names(candidates.find(world.city, 2025, on=ON)) == ["改名单位"]


def test_a_year_without_results_suggests_nobody(world: Ranked) -> None:
    ranked.final(world.city, 2025, ranked.straight(world.units))
    found = candidates.find(world.city, 2025, on=ON)
    assert names(found) == [] and found.missing == (2024,)
    with pytest.raises(Refused, match="2024 年没有定稿"):
        interview_actions.suggest(world.city, year=2025, by=world.reviewer, at=AT)


def test_what_is_not_final_or_not_ours_does_not_count(world: Ranked) -> None:
    ranked.entered(2024, ranked.straight(world.units))
    ranked.final(world.city, 2025, ranked.straight(world.units), stage=AssessmentStage.PUBLIC)
    elsewhere = build.committee("别处")
    ranked.final(elsewhere, 2025, ranked.straight(world.units))
    assert candidates.find(world.city, 2025, on=ON).missing == (2025,)


def test_the_last_final_of_a_year_counts(world: Ranked) -> None:
    ranked.entered(2024, ranked.straight(world.units))
    ranked.final(world.city, 2025, ranked.straight(world.units[::-1]))
    ranked.final(world.city, 2025, ranked.straight(world.units), number=2)
    assert names(candidates.find(world.city, 2025, on=ON)) == ["第10单位"]


def test_a_final_of_the_year_leaves_nothing_to_what_was_typed(world: Ranked) -> None:
    ranked.entered(2024, ranked.straight(world.units))
    ranked.entered(2025, ranked.straight(world.units))
    ranked.final(world.city, 2025, ranked.straight(world.units[::-1]))
    assert names(candidates.find(world.city, 2025, on=ON)) == []


def test_local_rules_say_how_many_years_and_how_large(world: Ranked) -> None:
    for key, value in (("interview_years", 3), ("interview_lowest_share", 0.2)):
        PolicyParameter.objects.create(
            committee=world.city, key=key, value=value, since=date(2026, 1, 1), source="规定"
        )
    for year in (2023, 2024, 2025):
        ranked.entered(year, ranked.straight(world.units))
    found = candidates.find(world.city, 2025, on=ON)
    assert found.years == (2023, 2024, 2025) and names(found) == ["第9单位", "第10单位"]
    assert candidates.find(world.city, 2025, on=date(2025, 12, 31)).years == (2024, 2025), "before the rule changed"


def test_a_year_missing_for_one_unit_and_a_closed_unit_are_said(world: Ranked) -> None:
    ranked.entered(2024, ranked.straight(world.units[:9]))
    ranked.entered(2025, ranked.straight(world.units))
    found = candidates.find(world.city, 2025, on=ON)
    assert names(found) == [] and [one.why for one in found.left_out] == ["没有 2024 年的名次，请核对或补录"]
    world.units[8].until = date(2026, 1, 31)
    world.units[8].save()
    assert "单位已停用" in [one.why for one in candidates.find(world.city, 2025, on=ON).left_out]


def test_queries_do_not_grow(world: Ranked) -> None:
    def count() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            candidates.find(world.city, 2025, on=ON)
        return len(queries)

    ranked.entered(2024, ranked.straight(world.units))
    ranked.final(world.city, 2025, ranked.straight(world.units))
    few = count()
    more = [*world.units, *(ranked.unit(world.city, f"又{number}") for number in range(20))]
    ranked.final(world.city, 2025, ranked.straight(more), number=2)
    assert count() == few


# ----------------------------------------------------------------------------------------------------------- actions
@pytest.fixture
def suggested(world: Ranked) -> LeaderInterview:
    ranked.entered(2024, ranked.straight(world.units))
    ranked.final(world.city, 2025, ranked.straight(world.units))
    (row,) = interview_actions.suggest(world.city, year=2025, by=world.reviewer, at=AT)
    return row


def confirmed(world: Ranked, row: LeaderInterview) -> LeaderInterview:
    return interview_actions.confirm(row, version=row.version, by=world.head, at=AT)


def good(world: Ranked, row: LeaderInterview) -> dict:
    return {
        "held_on": ON, "place": "三楼会议室", "interviewer": world.head.person, "recorder": world.reviewer.person,
        "interviewee": row.committee.memberships.get(group_role=GroupRole.LEADER).person, "record_text": "谈了考核情况。",
        "commitments": [("每月学习一次", ON + timedelta(days=60))], "version": None, "by": world.reviewer, "at": AT,
    }  # fmt: skip


def test_a_suggestion_is_made_once(world: Ranked, suggested: LeaderInterview) -> None:
    assert suggested.stage == InterviewStage.SUGGESTED and suggested.committee == world.units[-1]
    assert suggested.reason == "连续 2 年考核排名靠后：2024年第10/10名，2025年第10/10名"
    assert [(one["year"], one["rank"], one["of"]) for one in suggested.results] == [(2024, 10, 10), (2025, 10, 10)]
    assert interview_actions.suggest(world.city, year=2025, by=world.reviewer, at=AT) == []
    assert AuditEvent.objects.about(suggested).get().verb == "suggest"


def test_from_confirmation_to_the_record(world: Ranked, suggested: LeaderInterview) -> None:
    row = interview_actions.hold(confirmed(world, suggested), **good(world, suggested))
    assert row.stage == InterviewStage.HELD and row.decided_by == world.head
    assert [(one.order, one.text) for one in row.commitments.all()] == [(1, "每月学习一次")]
    assert list(AuditEvent.objects.about(row).order_by("pk").values_list("verb", flat=True)) == [
        "suggest", "confirm", "hold",
    ]  # fmt: skip
    for again in (
        lambda: interview_actions.hold(row, **good(world, row)),
        lambda: interview_actions.drop(row, reason="改主意", by=world.head, at=AT),
        lambda: confirmed(world, row),
    ):
        with pytest.raises(Refused, match="已约谈"):
            again()


def test_it_is_not_held_before_it_is_confirmed_nor_dropped_without_a_reason(
    world: Ranked, suggested: LeaderInterview
) -> None:
    with pytest.raises(Refused, match="只有“已确认”时可以"):
        interview_actions.hold(suggested, **good(world, suggested))
    with pytest.raises(Refused, match="理由"):
        interview_actions.drop(suggested, reason=" ", by=world.head, at=AT)
    row = interview_actions.drop(suggested, reason="主要负责人刚调整", by=world.head, at=AT)
    assert (row.stage, row.decision) == (InterviewStage.DROPPED, "主要负责人刚调整")
    assert interview_actions.suggest(world.city, year=2025, by=world.reviewer, at=AT) == [], "not suggested again"


def test_two_decide_at_once(world: Ranked, suggested: LeaderInterview) -> None:
    confirmed(world, suggested)
    with pytest.raises(Stale):
        interview_actions.drop(suggested, reason="不谈", version=suggested.version, by=world.head, at=AT)


def test_a_record_is_refused_with_every_reason(world: Ranked, suggested: LeaderInterview) -> None:
    row = confirmed(world, suggested)
    stranger = build.person("路人")
    with pytest.raises(Refused) as refusal:
        interview_actions.hold(
            row,
            **good(world, row)
            | {
                "held_on": ON + timedelta(days=1), "place": " ", "record_text": "", "interviewee": stranger,
                "interviewer": stranger, "recorder": stranger, "commitments": [("", None), ("早了", ON)],
            },
        )  # fmt: skip
    said = "；".join(refusal.value.reasons)
    for words in ("不能晚于今天", "地点", "约谈记录", "在任的组长", "约谈人须是", "记录人须是", "同一人", "第 1 条承诺没有写内容",
                  "第 1 条承诺没有写时限", "第 2 条承诺的时限早于"):  # fmt: skip
        assert words in said
    row.refresh_from_db()
    assert row.stage == InterviewStage.CONFIRMED and not row.commitments.exists()


def test_the_interviewee_led_the_unit_that_day(world: Ranked, suggested: LeaderInterview) -> None:
    row = confirmed(world, suggested)
    leader = row.committee.memberships.get(group_role=GroupRole.LEADER)
    deputy = build.member(row.committee, role=GroupRole.DEPUTY, rank=2).person
    with pytest.raises(Refused, match="在任的组长"):
        interview_actions.hold(row, **good(world, row) | {"interviewee": deputy})
    leader.until = ON - timedelta(days=1)
    leader.save()
    with pytest.raises(Refused, match="在任的组长"):
        interview_actions.hold(row, **good(world, row) | {"interviewee": leader.person})
    held = interview_actions.hold(row, **good(world, row) | {"interviewee": deputy})
    assert held.interviewee == deputy, "without a leader that day the deputy answers for the unit"


def test_a_commitment_becomes_a_finding_once(world: Ranked, suggested: LeaderInterview) -> None:
    kind = ProblemType.objects.create(name="学习频次不足")
    row = interview_actions.hold(confirmed(world, suggested), **good(world, suggested))
    promise = row.commitments.get()
    finding = interview_actions.to_finding(promise, type=kind, by=world.reviewer, at=AT)
    assert (finding.source, finding.stage, finding.committee) == (Source.ASSESSMENT, FindingStage.RAISED, row.committee)
    assert finding.department == world.city and "每月学习一次" in finding.text and "2026年5月19日" in finding.text
    promise.refresh_from_db()
    assert promise.finding == finding
    with pytest.raises(Refused, match=finding.number):
        interview_actions.to_finding(promise, type=kind, by=world.reviewer, at=AT)


def test_who_reads_an_interview(world: Ranked, suggested: LeaderInterview) -> None:
    leader = User.objects.get(person__memberships__committee=suggested.committee).act(on=build.DAY)
    secretary = build.secretary_of(suggested.committee)

    def reads(user) -> bool:
        return LeaderInterview.objects.open_to(user, "interview.read").exists()

    assert reads(world.reviewer) and reads(world.head) and not reads(leader) and not reads(secretary)
    interview_actions.hold(confirmed(world, suggested), **good(world, suggested))
    assert reads(leader) and not reads(secretary)
