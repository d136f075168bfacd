"""Findings from raised to closed and back: what each move does, and everything that is refused, said at once."""

from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from roster.accounts.roles import Permission, Role
from roster.audit.actions import SystemActor
from roster.audit.models import AuditEvent
from roster.audit.moves import Refused, Stale
from sessions_app.findings import (
    access,
    actions,
    closing_actions,
    evidence_actions,
    extension_actions,
    plan_actions,
    rules,
)
from sessions_app.findings.models import Finding, ProblemType, Source
from sessions_app.findings.proof import print_of
from tests import build
from tests.sessions_app.findings.found import DUE, at_stage, fresh, kind, place, planned, raised

pytestmark = pytest.mark.django_db
AT = build.AT
PDF = b"%PDF-1.4\n%test\n"


@pytest.fixture
def here():
    return place()


def refusal(act):
    with pytest.raises(Refused) as caught:
        act()
    return caught.value.reasons


def verbs(finding):
    return list(AuditEvent.objects.about(finding).order_by("seq").values_list("verb", "before", "after"))


# ---------------------------------------------------------------------------------------------------------- raising
def test_numbers_run_without_a_gap_by_department_year_and_source(here):
    assert [raised(here).number for _ in range(2)] == ["云州市委2026-巡察-001", "云州市委2026-巡察-002"]
    assert raised(here, source=Source.SELF_CHECK).number == "云州市委2026-自查-001"
    assert raised(here, on=date(2025, 12, 28)).number == "云州市委2025-巡察-001"
    assert raised(place(), source=Source.INSPECTION).number == "云州市委2026-巡察-001"


def test_a_double_click_is_one_finding(here):
    assert raised(here, form_token="t").pk == raised(here, form_token="t").pk
    assert Finding.objects.count() == 1


def test_raising_says_everything_that_is_wrong_at_once(here):
    ProblemType.objects.create(name="停用类", is_active=False)
    reasons = refusal(
        lambda: actions.raise_finding(
            here.city, department=here.unit, source=Source.VISIT, type=ProblemType.objects.get(name="停用类"), text=" ",
            found_on=build.DAY + timedelta(days=1), by=here.finder, at=AT,
        )
    )  # fmt: skip
    assert len(reasons) == 5
    assert not Finding.objects.exists()


def test_the_same_kind_within_the_months_of_the_rule_is_linked(here):
    old = at_stage(here, "CLOSED", on=date(2025, 6, 1))
    too_old = at_stage(here, "CLOSED", on=date(2024, 3, 1), name="互动不够")
    again = raised(here)
    assert again.recurs == old
    assert AuditEvent.objects.about(again).get(verb="raise").data["recurs"] == old.number
    assert raised(here, name="互动不够").recurs is None, too_old
    assert raised(here, name="以会代学").recurs is None


def test_what_did_not_stand_is_no_earlier_occurrence_and_confirming_looks_again(here):
    first, second = raised(here, on=date(2026, 3, 1)), raised(here)
    assert second.recurs is None, "the first is not confirmed yet"
    actions.confirm(first, by=here.reviewer, at=AT)
    assert actions.confirm(second, by=here.reviewer, at=AT).recurs == first
    dismissed = raised(here, name="互动不够", on=date(2026, 3, 1))
    actions.dismiss(dismissed, reason="情况不实", by=here.reviewer, at=AT)
    assert raised(here, name="互动不够").recurs is None


def test_dismissing_needs_a_reason(here):
    row = raised(here)
    assert refusal(lambda: actions.dismiss(row, reason=" ", by=here.reviewer, at=AT)) == ["请写明不成立的理由。"]
    assert actions.dismiss(row, reason="情况不实", by=here.reviewer, at=AT).stage == "DISMISSED"


def test_whose_finding_it_is(here):
    county = build.committee("清河县委", parent=here.city)
    town = build.committee("乡镇党委", parent=county)
    of_county = build.granted(Role.REVIEWER, county)
    assert access.department_of(here.reviewer, town) == here.city.pk
    assert access.department_of(of_county, town) == county.pk
    assert access.department_of(of_county, here.unit) is None
    assert access.department_over(town, build.DAY) == county.pk
    assert access.department_over(county, build.DAY) == here.city.pk


# ------------------------------------------------------------------------------------------------------------- plan
def test_measures_are_handed_in_sent_back_and_agreed(here):
    row = at_stage(here, "OPEN")
    planned(here, row)
    assert fresh(row).is_planned and fresh(row).stage == "OPEN"
    plan_actions.return_plan(row, note="责任不清", by=here.reviewer, at=AT)
    assert not fresh(row).is_planned
    with pytest.raises(Refused):
        plan_actions.agree_plan(row, by=here.reviewer, at=AT)
    planned(here, row)
    assert list(row.measures.values_list("text", flat=True)) == ["改为专题研讨", "会前一周发题目"]
    assert plan_actions.agree_plan(row, by=here.reviewer, at=AT).stage == "IN_PROGRESS"


def test_responsible_are_people_of_the_unit_on_that_day(here):
    row, stranger = at_stage(here, "OPEN"), build.person()
    gone = build.member(here.unit, until=build.DAY - timedelta(days=1)).person
    secretary = here.secretary.person
    reasons = refusal(
        lambda: plan_actions.propose_plan(
            row, measures=[" "], leader=secretary, owner=stranger, due_on=build.DAY, by=here.secretary, at=AT
        )
    )
    assert len(reasons) == 4
    assert refusal(
        lambda: plan_actions.propose_plan(row, measures=["改"], leader=gone, owner=secretary, due_on=DUE, by=here.secretary, at=AT)
    ) == ["责任领导须是本单位现任的中心组成员。"]  # fmt: skip


def test_nobody_agrees_to_measures_he_answers_for(here):
    both = build.granted(Role.REVIEWER, here.city, here.owner)
    row = at_stage(here, "PLANNED")
    assert "责任人" in refusal(lambda: plan_actions.agree_plan(row, by=both, at=AT))[0]
    assert plan_actions.agree_plan(row, by=here.reviewer, at=AT).stage == "IN_PROGRESS"


def test_progress_goes_with_the_work_only(here):
    row = at_stage(here, "OPEN")
    assert len(refusal(lambda: plan_actions.add_progress(row, text=" ", by=here.secretary, at=AT))) == 2
    row = at_stage(here, "IN_PROGRESS")
    plan_actions.add_progress(row, text="已开第一次研讨", by=here.secretary, at=AT)
    assert row.progress.get().by == here.secretary.person


def test_kept_up_has_steps_with_dates_and_comes_back(here):
    row = at_stage(here, "IN_PROGRESS")
    assert len(refusal(lambda: plan_actions.keep_up(row, reason="", milestones=[], by=here.reviewer, at=AT))) == 2
    steps = [(date(2026, 6, 30), "上半年两次"), (date(2026, 12, 31), "下半年两次")]
    row = plan_actions.keep_up(row, reason="须常抓", milestones=steps, by=here.reviewer, at=AT)
    assert row.stage == "LONG_TERM"
    first = row.milestones.first()
    plan_actions.reach(first, text="", by=here.secretary, at=AT)
    assert refusal(lambda: plan_actions.reach(first, text="", by=here.secretary, at=AT)) == ["这个节点已经完成。"]
    assert row.milestones.filter(done_on=build.DAY).count() == 1 == row.progress.count()
    row = plan_actions.resume(row, reason="可以办结了", due_on=DUE, by=here.reviewer, at=AT)
    assert row.stage == "IN_PROGRESS" and row.due_on == DUE


# --------------------------------------------------------------------------------------------------------- evidence
def test_evidence_is_words_a_number_or_a_file(here, settings, tmp_path):
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}}
    }
    row = at_stage(here, "IN_PROGRESS")
    file = SimpleUploadedFile("纪要.pdf", PDF)
    common = {"by": here.secretary, "at": AT}
    with_file = evidence_actions.file_evidence(row, text="", upload=file, **common)
    words = evidence_actions.file_evidence(row, text="印发制度", document_number="云教〔2026〕3号", **common)
    assert with_file.attachment.sha256 and with_file.text == "纪要.pdf"
    assert words.text == "印发制度（文号：云教〔2026〕3号）"
    assert evidence_actions.file_evidence(row, text="印发制度", document_number="云教〔2026〕3号", **common) == words
    assert refusal(lambda: evidence_actions.file_evidence(row, text=" ", **common))
    before = print_of(row)
    evidence_actions.withdraw_evidence(with_file, reason="传错", **common)
    with_file.attachment.refresh_from_db()
    assert with_file.attachment.withdrawn_at and print_of(row) != before


def test_no_evidence_moves_after_closing_until_it_is_reopened(here):
    row = at_stage(here, "CLOSED")
    filed = row.evidence.get()
    for act in (
        lambda: evidence_actions.file_evidence(row, text="后补", by=here.secretary, at=AT),
        lambda: evidence_actions.withdraw_evidence(filed, reason="错", by=here.secretary, at=AT),
    ):
        assert "重开" in refusal(act)[0]
    closing_actions.reopen(row, reason="回头看又念稿", due_on=DUE, by=here.other, at=AT)
    evidence_actions.file_evidence(row, text="后补", by=here.secretary, at=AT)
    assert row.evidence.count() == 2


def test_applying_needs_evidence(here):
    row = at_stage(here, "IN_PROGRESS")
    assert "佐证" in refusal(lambda: closing_actions.submit(row, by=here.secretary, at=AT))[0]
    filed = evidence_actions.file_evidence(row, text="记录", by=here.secretary, at=AT)
    evidence_actions.withdraw_evidence(filed, reason="错", by=here.secretary, at=AT)
    assert refusal(lambda: closing_actions.submit(row, by=here.secretary, at=AT))


# ---------------------------------------------------------------------------------------------------- closing, back
def test_returns_are_counted_and_the_history_is_whole(here):
    row = at_stage(here, "SUBMITTED")
    closing_actions.send_back(row, note="记录没有签字", by=here.reviewer, at=AT)
    evidence_actions.file_evidence(row, text="签字的记录", by=here.secretary, at=AT)
    closing_actions.submit(row, by=here.secretary, at=AT)
    row = closing_actions.close(row, note="已补签", version=fresh(row).version, by=here.other, at=AT)
    assert (row.stage, row.return_count, row.closed_by) == ("CLOSED", 1, here.other.person)
    moved = [verb for verb, before, after in verbs(row) if before != after]
    assert moved == ["raise", "confirm", "agree_plan", "submit", "return", "submit", "close"]


def test_both_closures_stay_in_the_record(here):
    row = at_stage(here, "CLOSED")
    row = closing_actions.reopen(row, reason="反弹", due_on=DUE, by=here.other, at=AT)
    assert (row.stage, row.closed_by, row.reopened_count) == ("IN_PROGRESS", None, 1)
    evidence_actions.file_evidence(row, text="再改", by=here.secretary, at=AT)
    closing_actions.submit(row, by=here.secretary, at=AT)
    closing_actions.close(row, note="二次复核", version=fresh(row).version, by=here.other, at=AT)
    closures = AuditEvent.objects.about(row).filter(verb="close").order_by("seq")
    assert [event.data["closed_by"] for event in closures] == [here.reviewer.person_id, here.other.person_id]
    assert [event.reason for event in closures] == ["已核对", "二次复核"]


def test_an_unopened_page_and_an_old_page_do_not_close(here):
    row = at_stage(here, "SUBMITTED")
    assert rules.ONE_BY_ONE in refusal(
        lambda: closing_actions.close(row, note="好", version=None, by=here.reviewer, at=AT)
    )
    with pytest.raises(Stale):
        closing_actions.close(row, note="好", version=row.version - 1, by=here.reviewer, at=AT)
    assert refusal(lambda: closing_actions.close(row, note=" ", version=row.version, by=here.reviewer, at=AT))


# -------------------------------------------------------------------------------------------------------- extension
def test_an_extension_keeps_both_dates(here):
    row = at_stage(here, "IN_PROGRESS")
    later = DUE + timedelta(days=20)
    assert (
        len(refusal(lambda: extension_actions.ask(row, new_due_on=build.DAY, reason="", by=here.secretary, at=AT))) == 3
    )
    asked = extension_actions.ask(row, new_due_on=later, reason="等市里文件", by=here.secretary, at=AT)
    assert extension_actions.ask(row, new_due_on=later, reason="等市里文件", by=here.secretary, at=AT) == asked
    assert refusal(lambda: extension_actions.ask(row, new_due_on=later, reason="另一", by=here.secretary, at=AT))
    assert fresh(row).due_on == DUE
    done = extension_actions.decide(asked, agree=True, by=here.reviewer, at=AT)
    row = fresh(row)
    assert (row.due_on, row.first_due_on, done.old_due_on, done.new_due_on) == (later, DUE, DUE, later)
    assert refusal(lambda: extension_actions.decide(asked, agree=False, note="不", by=here.other, at=AT))


def test_who_asked_does_not_answer_and_a_no_has_its_reason(here):
    row = at_stage(here, "IN_PROGRESS")
    asked = extension_actions.ask(row, new_due_on=DUE + timedelta(days=9), reason="等文件", by=here.secretary, at=AT)
    assert len(refusal(lambda: extension_actions.decide(asked, agree=False, by=here.secretary, at=AT))) == 2
    assert refusal(lambda: extension_actions.decide(asked, agree=True, by=SystemActor("导入"), at=AT))
    extension_actions.decide(asked, agree=False, note="抓紧", by=here.reviewer, at=AT)
    assert fresh(row).due_on == DUE


# ------------------------------------------------------------------------------------------------- scope, catalogue
def test_a_department_above_reads_one_after_it_said_why_and_never_decides(here):
    county = build.committee("清河县委", parent=here.city)
    there = place(county)
    row = at_stage(there, "SUBMITTED")
    above = here.reviewer
    for name in (Permission.FINDING_READ, Permission.FINDING_CONFIRM, Permission.FINDING_CLOSE):
        assert not Finding.objects.open_to(above, name).filter(pk=row.pk).exists()
    with pytest.raises(Refused):
        actions.open_below(row, reason=" ", by=above, at=AT)
    for _ in range(2):
        actions.open_below(row, reason="抽查整改质量", by=above, at=AT)
    assert AuditEvent.objects.about(row).filter(verb="open_below").count() == 1
    assert Finding.objects.open_to(above, Permission.FINDING_READ).filter(pk=row.pk).exists()
    for name in (Permission.FINDING_CONFIRM, Permission.FINDING_CLOSE):
        assert not Finding.objects.open_to(above, name).filter(pk=row.pk).exists()
    tomorrow = above.act(on=build.DAY + timedelta(days=1))
    assert not Finding.objects.open_to(tomorrow, Permission.FINDING_READ).filter(pk=row.pk).exists()


def test_a_unit_sees_what_is_confirmed_and_its_own_self_check(here):
    hidden, own = raised(here), raised(here, source=Source.SELF_CHECK, by=here.secretary)
    shown = at_stage(here, "OPEN")
    seen = set(Finding.objects.open_to(here.secretary, Permission.FINDING_READ))
    assert seen == {own, shown} and hidden not in seen


def test_the_catalogue_is_data(here):
    common = {"order": 5, "is_active": True, "by": here.reviewer, "at": AT}
    row = actions.save_type(name="照本宣科", **common)
    assert "已有" in refusal(lambda: actions.save_type(name="照本宣科", **common))[0]
    actions.save_type(name="照本宣科多", type=row, version=row.version, **common)
    assert kind("照本宣科多").pk == row.pk
    assert AuditEvent.objects.about(row).filter(verb="edit").count() == 1


@pytest.mark.parametrize(
    ("stages", "share"),
    [
        ({"CLOSED": 688, "LONG_TERM": 4, "IN_PROGRESS": 5}, "98.71"),
        ({"CLOSED": 1, "IN_PROGRESS": 1}, "50.00"),
        ({"RAISED": 3, "DISMISSED": 2}, None),
        ({"CLOSED": 1, "DISMISSED": 9, "RAISED": 9}, "100.00"),
    ],
)
def test_the_rate_is_closed_of_everything_confirmed(stages, share):
    found = rules.rate(stages)
    assert (None if found.share is None else f"{found.share * 100:.2f}") == share
    assert found.confirmed == found.closed + found.long_term + found.under_way
