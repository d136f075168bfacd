"""Due finders: each kind found, not found, as of a past day, after a closed period, under a rule of one county."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from roster.accounts.models import User
from roster.accounts.roles import Role
from roster.committees.models import Committee
from roster.people.models import Membership, Person, StudySecretary
from sessions_app.attendance.models import LeaveRequest, MakeUpStudy
from sessions_app.corrections.models import Correction
from sessions_app.guidance.models import PromptReceipt, StudyPrompt
from sessions_app.minutes.models import Minutes
from sessions_app.papers.models import IssuedPaper
from sessions_app.plans.models import StudyPlan
from sessions_app.policies.models import Period
from sessions_app.reminders import due
from sessions_app.reminders.rules import KINDS, Kind
from sessions_app.sessions.models import SpeakerFiling, Speech
from tests import build
from tests.sessions_app.attendance import studying
from tests.sessions_app.reminders.owing import DAY, city, everything, rule

pytestmark = pytest.mark.django_db
# What a visit, an assessment or a bulletin owes needs a world of its own: test_due_visits.py and its neighbours make those.
ELSEWHERE = ("VISIT_", "FEEDBACK_", "SELF_SCORE_", "VERIFY_", "SHEET_", "OBJECTION_", "INTERVIEW_", "BULLETIN_")
HERE = {kind for kind in Kind if not kind.startswith(ELSEWHERE)}


def found(day: date, kind: Kind) -> dict[str, due.Due]:
    return {one.subject: one for one in due.find(due.load(day)) if one.kind == kind}


def one(day: date, kind: Kind) -> due.Due:
    (only,) = found(day, kind).values()
    return only


def close(where: Committee, year: int, quarter: int = 0, stage: str = "CLOSED") -> Period:
    return Period.objects.create(committee=where, year=year, quarter=quarter, stage=stage)


def filed(where: Committee, year: int, on: date, **more: Any) -> StudyPlan:
    return StudyPlan.objects.create(
        committee=where, year=year, stage="FILED", filed_on=on, approved_on=on, approving_meeting="党组会", **more
    )


# ------------------------------------------------------------------------------------------------------ the plan


def test_a_plan_is_due_until_it_is_filed() -> None:
    here = build.committee()
    missing = one(date(2026, 1, 1), Kind.PLAN_DUE)
    assert (missing.subject, missing.due_on) == (f"plan:{here.pk}:2026", date(2026, 1, 31))
    assert missing.url == f"/plans/new/?committee={here.pk}&year=2026"
    plan = filed(here, 2026, date(2026, 1, 20))
    assert one(date(2026, 1, 19), Kind.PLAN_DUE).url == plan.get_absolute_url(), "not filed yet as of the day before"
    assert not found(date(2026, 1, 20), Kind.PLAN_DUE)
    StudyPlan.objects.create(committee=here, year=2026, edition=2, amend_reason="增加专题")
    assert not found(date(2026, 5, 6), Kind.PLAN_DUE), "an amendment makes nobody late"


def test_a_committee_founded_within_the_year_has_a_month_for_its_plan() -> None:
    build.committee(since=date(2026, 1, 1))
    build.committee(since=date(2026, 1, 2))
    build.committee(since=date(2026, 3, 1))
    dues = [one.due_on for one in found(date(2026, 3, 1), Kind.PLAN_DUE).values()]
    assert dues == [date(2026, 1, 31), date(2026, 2, 1), date(2026, 3, 31)]
    assert len(found(date(2026, 2, 1), Kind.PLAN_DUE)) == 2, "the third does not stand yet"


def test_a_rule_of_one_county_moves_the_day_there_and_not_elsewhere() -> None:
    county, other = build.committee(), build.committee()
    below = build.committee(parent=county)
    rule(county, "plan_due_day", "02-10")
    dues = {one.committee_id: one.due_on for one in found(DAY, Kind.PLAN_DUE).values()}
    assert dues == {county.pk: date(2026, 2, 10), below.pk: date(2026, 2, 10), other.pk: date(2026, 1, 31)}


def test_what_lies_in_a_closed_period_is_not_due_any_more() -> None:
    root = build.committee()
    below = build.committee(parent=root)
    close(below, 2026)
    assert list(found(DAY, Kind.PLAN_DUE)) == [f"plan:{root.pk}:2026"]
    close(root, 2026, stage="FROZEN")
    assert due.find(due.load(DAY)) == []


# -------------------------------------------------------------------------------------------- months and quarters


def test_a_month_without_study_is_told_late_in_it_and_all_through_the_next() -> None:
    county, other = build.committee(), build.committee()
    rule(county, "sessions_per_month", 1)
    young = build.committee(parent=county, since=date(2026, 3, 2))
    filed(county, 2026, date(2026, 1, 20))
    february = f"month:{county.pk}:2026-02"
    march = f"month:{county.pk}:2026-03"
    assert set(found(date(2026, 3, 19), Kind.MONTH_EMPTY)) == {february}
    assert set(found(date(2026, 3, 20), Kind.MONTH_EMPTY)) == {february, march}
    assert set(found(date(2026, 4, 1), Kind.MONTH_EMPTY)) == {march}
    told = found(date(2026, 4, 30), Kind.MONTH_EMPTY)
    assert told[march].due_on == date(2026, 3, 31) and told[march].what == "3月集体学习 0 次，应不少于 1 次"
    assert f"month:{young.pk}:2026-03" not in told, "it did not stand for the whole month"
    studying.session(county, date(2026, 3, 25), stage="HELD")
    assert set(found(date(2026, 3, 24), Kind.MONTH_EMPTY)) == {february, march}, "not held yet as of the day before"
    assert set(found(date(2026, 3, 25), Kind.MONTH_EMPTY)) == {february}
    close(county, 2026, 1)
    assert found(date(2026, 3, 24), Kind.MONTH_EMPTY) == {}
    assert other.pk not in {one.committee_id for one in due.find(due.load(DAY)) if one.kind == Kind.MONTH_EMPTY}


def test_the_month_before_is_only_asked_of_who_was_known() -> None:
    here = build.committee()
    rule(here, "sessions_per_month", 2)
    assert not found(date(2026, 3, 5), Kind.MONTH_EMPTY)
    studying.session(here, date(2026, 1, 7), stage="HELD")
    assert set(found(date(2026, 3, 5), Kind.MONTH_EMPTY)) == {f"month:{here.pk}:2026-02"}
    assert one(date(2026, 2, 5), Kind.MONTH_EMPTY).what == "1月集体学习 1 次，应不少于 2 次"


@pytest.mark.parametrize(
    ("day", "tell"),
    [
        (date(2026, 2, 28), {}),  # day 59
        (date(2026, 3, 1), {"2026Q1": "first"}),
        (date(2026, 3, 20), {"2026Q1": "first"}),
        (date(2026, 3, 21), {"2026Q1": "second"}),  # day 80
        (date(2026, 4, 1), {"2026Q1": "over"}),
        (date(2026, 6, 30), {"2026Q1": "over", "2026Q2": "second"}),
        (date(2026, 7, 1), {"2026Q2": "over"}),
    ],
)
def test_a_short_quarter_is_told_twice_and_once_more_when_it_is_over(day: date, tell: dict[str, str]) -> None:
    here = build.committee(since=date(2026, 1, 1))
    build.committee(since=day)  # who was founded within the quarter owes nothing for it
    filed(here, 2026, date(2026, 1, 20))
    rows = found(day, Kind.SESSION_TOO_FEW)
    assert {subject.split(":")[2]: row.tell for subject, row in rows.items()} == tell
    assert {row.committee_id for row in rows.values()} <= {here.pk}


def test_a_quarter_counts_what_counts_and_asks_what_the_county_asks() -> None:
    here = build.committee()
    rule(here, "sessions_per_quarter", 2)
    studying.session(here, date(2026, 2, 3), stage="ARCHIVED", number=1)
    studying.session(here, date(2026, 2, 4), stage="APPROVED", number=2)
    agenda = studying.session(here, date(2026, 2, 5), number=3)
    agenda.form = "FIRST_AGENDA_ITEM"
    agenda.save()
    short = one(DAY, Kind.SESSION_TOO_FEW)
    assert short.what == "第一季度集体学习 1 次，应不少于 2 次" and short.due_on == date(2026, 3, 31)
    studying.session(here, date(2026, 3, 23), number=4)
    assert not found(DAY, Kind.SESSION_TOO_FEW) and found(DAY - timedelta(days=1), Kind.SESSION_TOO_FEW)
    rule(here, "quarter_first_check_day", 90)
    assert not found(DAY - timedelta(days=1), Kind.SESSION_TOO_FEW)


# ------------------------------------------------------------------------------------------------------ sessions


def test_a_session_plan_is_due_three_working_days_before_and_ever_after() -> None:
    here = build.committee()
    coming = studying.session(here, date(2026, 3, 25), stage="PREPARING", topic="学" * 90)
    assert not found(date(2026, 3, 19), Kind.SESSION_PLAN_DUE), "four working days are left"
    told = one(date(2026, 3, 20), Kind.SESSION_PLAN_DUE)
    assert (told.subject, told.due_on, told.tell) == (f"session:{coming.pk}", date(2026, 3, 25), "2026-03-25")
    assert told.to == ("SECRETARY",) and told.url == coming.get_absolute_url()
    assert told.what == f"3月25日学习方案：{'学' * 39}…"
    assert found(date(2027, 3, 26), Kind.SESSION_PLAN_DUE) and not found(date(2027, 3, 27), Kind.SESSION_PLAN_DUE)
    coming.stage, coming.submitted_at = "SUBMITTED", build.at(date(2026, 3, 21))
    coming.save()
    assert one(date(2026, 3, 21), Kind.SESSION_PLAN_DUE).to == ("LEADER",)
    assert one(date(2026, 3, 20), Kind.SESSION_PLAN_DUE).to == ("SECRETARY",), "as of the day before it was sent in"
    coming.stage, coming.approved_by, coming.approved_at = "HELD", build.person(), build.at(date(2026, 3, 24))
    coming.save()
    assert not found(date(2026, 3, 24), Kind.SESSION_PLAN_DUE)
    assert one(date(2026, 3, 23), Kind.SESSION_PLAN_DUE).to == ("LEADER",), "approved only the day after"


def test_a_session_plan_of_a_county_with_a_longer_notice_is_told_earlier() -> None:
    county, other = build.committee(), build.committee()
    rule(county, "session_plan_notice_working_days", 8)
    for where in (county, other):
        studying.session(where, date(2026, 3, 25), stage="PREPARING")
    assert [row.committee_id for row in found(date(2026, 3, 13), Kind.SESSION_PLAN_DUE).values()] == [county.pk]
    close(county, 2026, 1)
    assert not found(date(2026, 3, 13), Kind.SESSION_PLAN_DUE)


def test_minutes_are_due_when_their_term_is_near_until_they_are_submitted() -> None:
    here = build.committee()
    rule(here, "minutes_due_working_days", 8)
    held = studying.session(here, date(2026, 3, 10))
    assert not found(date(2026, 3, 12), Kind.MINUTES_DUE), "six working days are left"
    told = one(date(2026, 3, 13), Kind.MINUTES_DUE)
    assert (told.subject, told.due_on) == (f"minutes:{held.pk}", date(2026, 3, 20))
    assert told.url == f"/sessions/{held.pk}/minutes/" and told.what == "3月10日学习记录：学习贯彻全会精神"
    minutes = Minutes.objects.create(study_session=held)
    assert found(DAY, Kind.MINUTES_DUE), "a draft is not minutes"
    minutes.stage, minutes.submitted_at = "SUBMITTED", build.at(date(2026, 3, 18), 23)
    minutes.save()
    assert found(date(2026, 3, 17), Kind.MINUTES_DUE) and not found(date(2026, 3, 18), Kind.MINUTES_DUE)
    minutes.stage = "RETURNED"
    minutes.save()
    assert found(date(2026, 3, 18), Kind.MINUTES_DUE)
    close(here, 2026, stage="FROZEN")
    assert not found(date(2026, 3, 18), Kind.MINUTES_DUE)


def test_a_session_past_its_day_without_a_word_owes_minutes_and_is_registered_first() -> None:
    here = build.committee()
    row = studying.session(here, date(2026, 3, 20), stage="APPROVED")
    assert not found(date(2026, 3, 20), Kind.MINUTES_DUE)
    assert one(date(2026, 3, 21), Kind.MINUTES_DUE).url == row.get_absolute_url()
    row.stage = "CANCELLED"
    row.cancel_reason = "改期"
    row.save()
    assert not found(date(2026, 3, 21), Kind.MINUTES_DUE)


def test_make_up_study_is_due_near_its_term_to_the_member_and_the_secretary() -> None:
    here, other = build.committee(), build.committee()
    rule(other, "near_working_days", 0)
    who = build.person("张三")
    rows = [
        MakeUpStudy.objects.create(
            participation=studying.part_of(studying.session(where, date(2026, 3, 9))), person=who,
            due_on=date(2026, 3, 30),
        )
        for where in (here, other)
    ]  # fmt: skip
    assert not found(date(2026, 3, 20), Kind.MAKEUP_DUE)
    told = one(date(2026, 3, 23), Kind.MAKEUP_DUE)
    assert (told.subject, told.person_id, told.committee_id) == (f"make-up:{rows[0].pk}", who.pk, here.pk)
    assert told.what == "张三补学：3月9日 学习贯彻全会精神" and KINDS[told.kind].to == ("PERSON", "SECRETARY")
    assert len(found(date(2026, 3, 30), Kind.MAKEUP_DUE)) == 2
    rows[0].stage, rows[0].done_on = "SUBMITTED", date(2026, 3, 25)
    rows[0].save()
    assert found(date(2026, 3, 24), Kind.MAKEUP_DUE) and not found(date(2026, 3, 25), Kind.MAKEUP_DUE)
    rows[1].stage = "VOID"
    rows[1].save()
    assert not found(date(2026, 3, 31), Kind.MAKEUP_DUE)


def test_leave_waits_from_the_question_until_the_answer_or_the_day() -> None:
    here = build.committee()
    coming = studying.session(here, date(2026, 3, 25), stage="APPROVED")
    leave = LeaveRequest.objects.create(
        participation=studying.part_of(coming), person=build.person("李四"), kind="DUTY", reason="出差",
        asked_at=build.at(date(2026, 3, 20), 23),
    )  # fmt: skip
    assert not found(date(2026, 3, 19), Kind.LEAVE_WAITING) and not found(date(2026, 3, 26), Kind.LEAVE_WAITING)
    told = one(date(2026, 3, 20), Kind.LEAVE_WAITING)
    assert (told.subject, told.due_on) == (f"leave:{leave.pk}", date(2026, 3, 25))
    assert "出差" not in told.what, "why he is away is not for a message"
    leave.stage, leave.decided_at = "AGREED", build.at(date(2026, 3, 23))
    leave.save()
    assert found(date(2026, 3, 22), Kind.LEAVE_WAITING) and not found(date(2026, 3, 23), Kind.LEAVE_WAITING)
    coming.stage, coming.cancel_reason = "CANCELLED", "改期"
    coming.save()
    assert not found(date(2026, 3, 22), Kind.LEAVE_WAITING)


# ------------------------------------------------------------------------------------------------------- waiting


def test_each_thing_that_can_wait_is_told_to_who_decides_it() -> None:
    root = city()
    everything(build.committee(parent=root))
    rows = found(DAY, Kind.APPROVAL_WAITING)
    assert {(subject.split(":")[0], row.to, row.due_on) for subject, row in rows.items()} == {
        ("wait-plan", ("LEADER",), date(2026, 3, 5)),
        ("wait-session", ("LEADER",), date(2026, 3, 5)),
        ("wait-minutes", ("LEADER",), date(2026, 3, 5)),
        ("wait-speech", ("LEADER",), date(2026, 3, 5)),
        ("wait-correction", ("LEADER",), date(2026, 3, 5)),
        ("wait-filing", ("REVIEWER",), date(2026, 3, 5)),
    }
    assert len(found(date(2026, 3, 5), Kind.APPROVAL_WAITING)) == 6
    assert not found(date(2026, 3, 4), Kind.APPROVAL_WAITING), "two working days are not too long"


def test_what_was_answered_later_still_waited_on_the_day() -> None:
    root = city()
    everything(build.committee(parent=root))
    somebody, then = build.person(), build.at(DAY)
    Minutes.objects.update(stage="APPROVED", approver=somebody, approved_at=then)
    Speech.objects.update(stage="RETURNED", reviewed_by=somebody, reviewed_at=then)
    SpeakerFiling.objects.update(stage="REFUSED", decided_by=somebody, decided_at=then)
    Correction.objects.update(stage="REFUSED", decided_by=somebody, decided_at=then)
    Correction.objects.get().study_session.committee.study_sessions.filter(stage="SUBMITTED").update(
        stage="APPROVED", approved_by=somebody, approved_at=then
    )
    assert [row.subject.split(":")[0] for row in found(DAY, Kind.APPROVAL_WAITING).values()] == ["wait-plan"]
    assert len(found(DAY - timedelta(days=1), Kind.APPROVAL_WAITING)) == 6


def test_a_correction_waits_in_a_closed_year_first_for_the_leader_then_for_the_department() -> None:
    root = city()
    here = build.committee(parent=root)
    everything(here)
    period = close(here, 2025)
    names = {row.subject.split(":")[0] for row in found(DAY, Kind.APPROVAL_WAITING).values()}
    assert names == {"wait-plan", "wait-session", "wait-correction", "wait-filing"}
    Correction.objects.update(stage="LEADER_AGREED", decided_by=build.person(), decided_at=build.at(date(2026, 3, 18)))

    def corrections(day: date) -> list[tuple[tuple[str, ...], date]]:
        rows = found(day, Kind.APPROVAL_WAITING)
        return [(row.to, row.due_on) for subject, row in rows.items() if subject.startswith("wait-correction")]

    assert corrections(date(2026, 3, 17)) == [(("LEADER",), date(2026, 3, 5))]
    assert corrections(date(2026, 3, 20)) == []
    assert corrections(DAY) == [(("REVIEWER",), DAY)]
    Correction.objects.update(stage="AGREED", countersigned_by=build.person(), applied_on=date(2026, 3, 24))
    assert corrections(DAY) == [(("REVIEWER",), DAY)] and corrections(date(2026, 3, 24)) == []
    period.stage = "FROZEN"
    period.save()
    assert corrections(DAY) == []


# ---------------------------------------------------------------------------------- prompts, reports, the year's end


def test_a_prompt_waits_for_every_committee_of_its_subtree() -> None:
    root = city()
    below, outside = build.committee(parent=root), build.committee()
    prompt = StudyPrompt.objects.get()
    assert not found(date(2026, 3, 1), Kind.PROMPT_UNRECEIPTED)
    rows = found(date(2026, 3, 2), Kind.PROMPT_UNRECEIPTED)
    assert set(rows) == {f"prompt:{prompt.pk}:{pk}" for pk in (root.pk, below.pk)}
    assert {row.due_on for row in rows.values()} == {date(2026, 3, 9)}
    assert outside.pk not in {row.committee_id for row in rows.values()}
    PromptReceipt.objects.create(prompt=prompt, committee=below, received_at=build.at(date(2026, 3, 4)))
    assert len(found(date(2026, 3, 3), Kind.PROMPT_UNRECEIPTED)) == 2
    assert len(found(date(2026, 3, 4), Kind.PROMPT_UNRECEIPTED)) == 1
    prompt.stage, prompt.closed_at = "CLOSED", build.at(date(2026, 3, 20))
    prompt.save()
    assert found(date(2026, 3, 19), Kind.PROMPT_UNRECEIPTED) and not found(date(2026, 3, 20), Kind.PROMPT_UNRECEIPTED)


def test_a_committee_founded_after_a_prompt_has_the_whole_term() -> None:
    young = build.committee(parent=city(), since=date(2026, 3, 16))
    assert young.pk not in {row.committee_id for row in found(date(2026, 3, 13), Kind.PROMPT_UNRECEIPTED).values()}
    dues = {row.committee_id: row.due_on for row in found(DAY, Kind.PROMPT_UNRECEIPTED).values()}
    assert dues[young.pk] == date(2026, 3, 23)


def test_a_rule_and_a_closed_quarter_change_prompts_below_them_only() -> None:
    root = city()
    county, other = build.committee(parent=root), build.committee(parent=root)
    rule(county, "prompt_receipt_working_days", 10)
    dues = {row.committee_id: row.due_on for row in found(DAY, Kind.PROMPT_UNRECEIPTED).values()}
    assert dues == {root.pk: date(2026, 3, 9), county.pk: date(2026, 3, 16), other.pk: date(2026, 3, 9)}
    close(county, 2026, 1)
    assert {row.committee_id for row in found(DAY, Kind.PROMPT_UNRECEIPTED).values()} == {root.pk, other.pk}


def paper(where: Committee, on: date, **more: Any) -> IssuedPaper:
    return IssuedPaper.objects.create(
        kind="annual", committee=where, year=2025, title="报告", facts={}, edition="", file="x.pdf", sha256="",
        as_of=build.at(on), issued_at=build.at(on), **more,
    )  # fmt: skip


def test_a_report_is_due_of_who_stood_and_worked_last_year() -> None:
    here = build.committee()
    build.committee()  # had nothing in that year
    young = build.committee(since=date(2026, 1, 1))
    for where in (here, young):
        filed(where, 2025, date(2025, 1, 20))
    told = one(date(2026, 1, 1), Kind.REPORT_DUE)
    assert (told.subject, told.due_on) == (f"report:{here.pk}:2025", date(2026, 1, 31))
    assert not found(date(2025, 12, 31), Kind.REPORT_DUE)
    paper(here, date(2026, 2, 2), subject_id=here.pk)
    assert found(DAY, Kind.REPORT_DUE), "a part of a report on a subtree is not the committee's own"
    paper(here, date(2026, 2, 2))
    assert found(date(2026, 2, 1), Kind.REPORT_DUE) and not found(date(2026, 2, 2), Kind.REPORT_DUE)


def test_a_report_of_a_closed_year_is_not_due_and_a_rule_moves_its_day() -> None:
    here, other = build.committee(), build.committee()
    for where in (here, other):
        studying.session(where, date(2025, 5, 6), stage="ARCHIVED")
    rule(here, "report_due_day", "02-15")
    dues = {row.committee_id: row.due_on for row in found(DAY, Kind.REPORT_DUE).values()}
    assert dues == {here.pk: date(2026, 2, 15), other.pk: date(2026, 1, 31)}
    close(here, 2025)
    assert [row.committee_id for row in found(DAY, Kind.REPORT_DUE).values()] == [other.pk]


def test_before_a_year_closes_what_is_not_archived_is_counted() -> None:
    here = build.committee()
    for number in (1, 2):
        studying.session(here, date(2025, 12, number), number=number)
    archived = studying.session(here, date(2025, 11, 3), stage="ARCHIVED", number=3)
    archived.archived_at = build.at(date(2026, 1, 22))
    archived.save()
    # 31 January 2026 is a Saturday: the last day with ten working days left is Saturday the 17th, eleven on the 15th.
    assert not found(date(2026, 1, 15), Kind.PERIOD_CLOSING)
    told = one(date(2026, 1, 21), Kind.PERIOD_CLOSING)
    assert (told.subject, told.due_on) == (f"close:{here.pk}:2025", date(2026, 1, 31))
    assert told.what == "2025年度即将截止，还有 3 场学习没有归档"
    assert one(date(2026, 1, 22), Kind.PERIOD_CLOSING).what == "2025年度即将截止，还有 2 场学习没有归档"
    assert found(date(2026, 1, 31), Kind.PERIOD_CLOSING) and not found(date(2026, 2, 1), Kind.PERIOD_CLOSING)
    close(here, 2025)
    assert not found(date(2026, 1, 31), Kind.PERIOD_CLOSING)


# ---------------------------------------------------------------------------------------------------- all of them


def test_part_of_the_tree_finds_what_the_whole_finds_there() -> None:
    root = city()
    counties = [build.committee(parent=root) for _ in range(2)]
    for county in counties:
        for _ in range(2):
            everything(build.committee(parent=county))
    whole = due.find(due.load(DAY))
    assert set(Counter(row.kind for row in whole)) == HERE, "every kind is there"
    for county in (*counties, root):
        inside = set(Committee.objects.under(county).values_list("pk", flat=True))
        part = due.find(due.load(DAY, Committee.objects.under(county)))
        key = lambda row: (row.kind, row.subject)
        assert sorted(part, key=key) == sorted((row for row in whole if row.committee_id in inside), key=key)
    assert due.find(due.load(DAY, Committee.objects.none())) == []


def test_a_subject_is_found_once_and_fits_its_columns() -> None:
    root = city()
    for _ in range(3):
        everything(build.committee(parent=root))
    rows = due.find(due.load(DAY))
    assert len({(row.kind, row.subject) for row in rows}) == len(rows)
    assert all(len(row.subject) <= 40 and len(row.what) <= 200 and len(row.url) <= 200 for row in rows)
    assert all(row.to or KINDS[row.kind].to for row in rows)


def test_thirty_committees_cost_as_many_queries_as_one() -> None:
    root = city()
    everything(build.committee(parent=root))
    counted = []
    for more in (0, 29):
        for _ in range(more):
            everything(build.committee(parent=root))
        with CaptureQueriesContext(connection) as queries:
            rows = due.find(due.load(DAY))
        counted.append((len(queries), len(rows)))
    (few, small), (many, large) = counted
    assert few == many <= 50 and large > 20 * small


def reader_of(row: due.Due, audience: str) -> Person:
    match audience:
        case "PERSON":
            return Person.objects.get(pk=row.person_id)
        case "SECRETARY":
            return StudySecretary.objects.filter(committee=row.committee_id).on(DAY)[0].person
    return Membership.objects.filter(committee=row.committee_id, group_role="LEADER").on(DAY)[0].person


def test_every_page_opens_for_whoever_is_told_first(settings, client: Client) -> None:
    settings.CLOCK = build.at(DAY)
    root = city()
    here = build.committee(parent=root)
    everything(here)
    department = build.granted(Role.REVIEWER, root)
    opened = set()
    for row in due.find(due.load(DAY)):
        if row.committee_id != here.pk and row.kind != Kind.FINDING_REVIEW:  # which the department owes
            continue
        for audience in row.to or KINDS[row.kind].to:
            if audience == "REVIEWER":
                user = department
            else:
                person = reader_of(row, audience)
                user = User.objects.filter(person=person).first() or build.account(person, on=DAY)
            client.force_login(user)
            assert client.get(row.url).status_code == 200, (row, audience)
            opened.add((row.kind, audience))
    assert {kind for kind, _ in opened} == HERE
