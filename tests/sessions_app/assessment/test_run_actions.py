"""A run from its opening to its final version: what each step does, and everything it refuses."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from roster.audit.models import AuditEvent
from roster.audit.moves import Refused, Stale
from roster.committees.models import Committee
from sessions_app.assessment import run_actions as actions
from sessions_app.assessment import scheme_actions
from sessions_app.assessment.models import (
    Assessment,
    AssessmentSheet,
    AssessmentStage,
    BonusRequest,
    Objection,
    ObjectionStage,
    OtherResult,
    SheetEdition,
)
from sessions_app.plans.models import StudyPlan
from sessions_app.policies.models import PolicyParameter
from tests import build
from tests.sessions_app.assessment import runs
from tests.sessions_app.assessment.runs import AS_OF, AT, LATE, YEAR, D

pytestmark = pytest.mark.django_db


def reasons(act) -> list[str]:
    with pytest.raises(Refused) as refusal:
        act()
    return refusal.value.reasons


# ---------------------------------------------------------------------------------------------- scenario 9, in full


def test_scenario_nine_has_its_numbers() -> None:
    run = runs.reviewed()
    sheet = run.verify(0, "30", "10", "46.5", why="研讨不够深入")
    assert (sheet.self_total, sheet.verified_total) == (D("92.00"), D("86.50"))
    for index in (1, 2, 3):
        run.verify(index, "30", "10", "40")
    request = actions.ask_bonus(run.sheet(), points=D(5), reason="获省级表彰", by=run.by_unit[0], at=AT)
    actions.decide_bonus(request, granted=D(5), decision="", by=run.reviewer, at=AT)
    assert run.sheet().bonus == D(3)
    actions.publish(run.fresh(), version=run.row.version, by=run.reviewer, at=AT)
    sheet = run.sheet()
    assert (sheet.total, sheet.converted, sheet.rank, sheet.grade) == (D("89.50"), D("8.95"), 1, "优秀")
    assert run.fresh().objection_until == date(2026, 12, 28) and run.row.median == D("80.00")
    actions.finalise(run.row, version=run.row.version, by=run.reviewer, at=build.at(date(2026, 12, 29)))
    assert run.fresh().stage == AssessmentStage.FINAL and run.row.finalised_by == run.reviewer
    assert [edition.verb for edition in run.sheet().editions.all()] == [
        "compute", "save_counts", "submit_self", "verify", "decide_bonus", "publish", "finalise",
    ]  # fmt: skip
    verbs = AuditEvent.objects.about(run.row).order_by("at", "id").values_list("verb", flat=True)
    assert list(verbs) == ["open", "compute", "open_self", "start_review", "publish", "finalise"]


# ------------------------------------------------------------------------------------------------- open and compute


def test_a_run_weighs_every_committee_below_that_stands_on_the_day() -> None:
    run = runs.make(2)
    county = build.committee("清河县委", parent=run.city)
    town = build.committee("城关镇", parent=county)
    Committee.objects.filter(pk=run.units[1].pk).update(until=AS_OF - timedelta(days=1))
    build.committee("明年设立", parent=run.city, since=date(2027, 1, 1))
    row = actions.open_assessment(run.city, year=YEAR, as_of=AS_OF, form_token="t", by=run.reviewer, at=AT)
    assert {sheet.committee for sheet in row.sheets.all()} == {run.units[0], run.city, county, town}
    assert row.sheets.first().lines.count() == 3
    again = actions.open_assessment(run.city, year=YEAR, as_of=AS_OF, form_token="t", by=run.reviewer, at=AT)
    assert again == row and Assessment.objects.count() == 1
    second = actions.open_assessment(run.city, year=YEAR, as_of=AS_OF, by=run.reviewer, at=AT)
    assert second.number == 2


def test_the_edition_of_the_scheme_is_the_one_of_the_data_day() -> None:
    run = runs.make(1)
    second = scheme_actions.copy_edition(
        run.city.schemes.get(), effective_from=date(2026, 6, 1), by=run.reviewer, at=AT
    )
    scheme_actions.publish(second, version=second.version, by=run.reviewer, at=AT)
    may = actions.open_assessment(run.city, year=YEAR, as_of=date(2026, 5, 31), by=run.reviewer, at=AT)
    june = actions.open_assessment(run.city, year=YEAR, as_of=date(2026, 6, 1), by=run.reviewer, at=AT)
    assert (may.scheme.edition, june.scheme.edition) == (1, 2)


def test_no_scheme_in_force_and_a_day_of_another_year_are_refused() -> None:
    run = runs.make(1)
    county = build.committee(parent=run.city)
    said = reasons(lambda: actions.open_assessment(county, year=YEAR, as_of=AS_OF, by=run.reviewer, at=AT))
    assert "没有生效的 2026 年度考核办法" in said[0]
    said = reasons(lambda: actions.open_assessment(run.city, year=YEAR, as_of=date(2027, 1, 9), by=run.reviewer, at=AT))
    assert "应在 2026 年之内" in said[0]


def test_computing_waits_for_the_data_day_and_stops_at_publication() -> None:
    run = runs.opened(1)
    early = build.at(AS_OF - timedelta(days=1))
    assert "到那一天才能核算" in reasons(lambda: actions.compute(run.row, by=run.reviewer, at=early))[0]
    run = runs.published(1)
    assert "“公示”，不能核算" in reasons(lambda: actions.compute(run.row, by=run.reviewer, at=AT))[0]


def test_what_the_system_made_of_it_stands_on_the_lines_and_unknown_stays_unknown() -> None:
    run = runs.opened(1)
    StudyPlan.objects.filter(committee=run.city).delete()
    actions.compute(run.row, by=run.reviewer, at=AT)
    assert [line.system for line in run.lines(0)] == [D(30), None, None]
    assert [line.system for line in run.lines(1)] == [D(0), None, None]
    assert run.sheet(0).facts == {"plan_filed": "1"} and run.sheet(0).system_total is None
    run.count(0, "1")
    assert [line.system for line in run.lines(0)] == [D(30), D(5), None]
    assert run.lines(0)[1].counts == {"done": "1"}
    run.count(0, None)
    assert run.lines(0)[1].system is None


def test_another_assessments_result_is_read_by_its_name() -> None:
    content = {
        **runs.CONTENT,
        "indicators": [{"name": "意识形态", "weight": "100", "items": [
            {"name": "意识形态考核", "max": "100", "primitive": "OTHER", "params": {"name": "意识形态责任制"}, "basis": ""}
        ]}],
    }  # fmt: skip
    run = runs.opened(2, content=content)
    for name, year, score in (("意识形态责任制", 2026, 18), ("意识形态责任制", 2025, 2), ("党建", 2026, 3)):
        OtherResult.objects.create(
            committee=run.units[0], year=year, name=name, score=score, out_of=20, source="通报", entered_at=AT
        )
    actions.compute(run.row, by=run.reviewer, at=AT)
    assert run.sheet(0).system_total == D("90.00") and run.sheet(0).facts["others"] == {"意识形态责任制": "0.9"}
    assert run.sheet(1).system_total is None


def test_computing_a_run_costs_the_same_queries_for_many_units() -> None:
    def queries(units: int) -> int:
        run = runs.opened(units)
        with CaptureQueriesContext(connection) as seen:
            actions.compute(run.row, by=run.reviewer, at=AT)
        return len(seen)

    assert queries(2) == queries(14)


def test_typed_numbers_are_checked_and_belong_to_rules_without_a_formula() -> None:
    run = runs.computed(1)
    first, second, _ = run.lines(0)
    said = reasons(
        lambda: actions.save_counts(
            run.sheet(0), counts={first.pk: {"filed": D(1)}, second.pk: {"done": D(-1)}, 0: {}}, version=None,
            by=run.by_unit[0], at=AT,
        )
    )  # fmt: skip
    assert [("刷新" in one, "人工计数" in one, "之间" in one, "学习秘书" in one) for one in said] == [
        (True, False, False, False), (True, True, False, False), (False, False, True, False), (False, False, False, True),
    ]  # fmt: skip
    with pytest.raises(Stale):
        run.count(0, "3", version=1)


def test_typing_the_same_number_again_changes_nothing() -> None:
    run = runs.computed(1)
    before = (run.sheet(0).version, SheetEdition.objects.count())
    run.count(0, "2.0")
    assert (run.sheet(0).version, SheetEdition.objects.count()) == before


# ------------------------------------------------------------------------------------------------------- self-score


def test_units_weigh_themselves_until_the_day_the_local_rule_gives() -> None:
    run = runs.computed(1)
    PolicyParameter.objects.create(
        key="self_score_working_days", committee=run.city, value=3, since=date(2026, 1, 1), source="本地"
    )
    row = actions.open_self(run.fresh(), version=run.row.version, by=run.reviewer, at=AT)
    assert row.self_due_on == date(2026, 12, 24)
    again = reasons(lambda: actions.open_self(run.fresh(), version=None, by=run.reviewer, at=AT))
    assert "不能发起自评" in again[0]


def test_opening_needs_a_computation_and_a_day_to_come() -> None:
    run = runs.opened(1)
    said = reasons(lambda: actions.open_self(run.row, due_on=date(2026, 12, 1), version=1, by=run.reviewer, at=AT))
    assert len(said) == 2 and "请先核算" in said[0] and "早于今天" in said[1]


def test_handing_in_needs_every_item_and_a_reason_for_each_difference() -> None:
    run = runs.weighing(1)
    sheet = run.sheet(0)
    lines = run.lines(0)
    scores = {lines[0].pk: (D(25), ""), lines[1].pk: (D(11), ""), lines[2].pk: (D("1.001"), "")}
    said = reasons(lambda: actions.save_self(sheet, scores=scores, version=sheet.version, by=run.by_unit[0], at=AT))
    assert len(said) == 2 and "0 到 10" in said[0] and "两位小数" in said[1]
    scores = {lines[0].pk: (D(25), ""), lines[1].pk: (D(10), "")}
    actions.save_self(sheet, scores=scores, note="草稿", version=sheet.version, by=run.by_unit[0], at=AT)
    assert run.sheet(0).self_total is None and run.sheet(0).self_note == "草稿"
    said = reasons(lambda: actions.submit_self(run.sheet(0), version=sheet.version + 1, by=run.by_unit[0], at=AT))
    assert "自评 25，系统分 30，请写明理由" in said[0] and "研讨质量”还没有自评分" in said[1]
    done = run.self_score(0, "25", "10", "52")
    assert done.self_total == D("87.00") and done.self_by == run.by_unit[0]
    assert "已经提交" in reasons(lambda: run.self_score(0, "30", "10", "52"))[0]
    assert run.sheet(0).editions.last().content["totals"]["self_total"] == "87.00"


def test_review_starts_when_all_handed_in_or_the_term_is_over() -> None:
    run = runs.weighing(1)
    run.self_score(0, "30", "10", "52")
    said = reasons(lambda: actions.start_review(run.fresh(), version=run.row.version, by=run.reviewer, at=AT))
    assert "还有 1 家没有提交自评（云州市委）" in said[0]
    actions.start_review(run.fresh(), version=run.row.version, by=run.reviewer, at=LATE)
    assert run.fresh().stage == AssessmentStage.REVIEW
    assert "不能填写自评" in reasons(lambda: actions.save_self(run.sheet(1), scores={}, by=run.by_unit[1], at=AT))[0]


# ----------------------------------------------------------------------------------------------------- verification


def test_every_difference_needs_a_reason_and_all_are_said_at_once() -> None:
    run = runs.reviewed(1)
    said = reasons(lambda: run.verify(0, "29", "9", None, why=""))
    assert len(said) == 3
    assert "“年度计划备案”自评 30，复核 29" in said[0] and "“主题活动”自评 10，复核 9" in said[1] and "待补" in said[2]
    sheet = run.verify(0, "30", "10", None, why="", done=False)
    assert sheet.verified_total is None and sheet.verified_by is None
    assert run.verify(0, "30", "10", "52", why="").verified_total == D("92.00")


def test_without_a_self_score_the_systems_is_the_measure() -> None:
    run = runs.weighing(1)
    actions.start_review(run.fresh(), version=run.row.version, by=run.reviewer, at=LATE)
    said = reasons(lambda: run.verify(0, "29", "10", "40", why=""))
    assert "系统分 30，复核 29" in said[0] and "没有自评分和系统分" in said[1]


def test_nobody_verifies_the_unit_whose_books_he_keeps() -> None:
    run = runs.reviewed(1)
    build.secretary(run.units[0], run.reviewer.person)
    assert "学习秘书" in reasons(lambda: run.verify(0, "30", "10", "52"))[0]
    assert "学习秘书" in reasons(lambda: run.verify(0, "30", "10", "52", by=run.by_unit[0]))[0]
    assert run.verify(0, "30", "10", "52", by=run.other).verified_by == run.other


def test_a_sheet_whose_facts_changed_waits_for_its_reviewer_again() -> None:
    run = runs.reviewed(2)
    run.verify(0, "30", "10", "46")
    run.verify(1, "30", "10", "46")
    StudyPlan.objects.filter(committee=run.units[0]).update(filed_on=None, stage="APPROVED")
    actions.compute(run.fresh(), by=run.reviewer, at=AT)
    assert run.sheet(0).verified_at is None and run.lines(0)[0].verified == D(30)
    assert run.sheet(1).verified_at is not None
    assert AuditEvent.objects.about(run.row).filter(verb="compute").order_by("id").last().data["reopened"] == 1


def test_a_stale_form_is_refused() -> None:
    run = runs.reviewed(1)
    version = run.sheet(0).version
    run.verify(0, "30", "10", "46")
    with pytest.raises(Stale):
        run.verify(0, "30", "10", "52", version=version)
    with pytest.raises(Stale):
        actions.publish(run.row, version=1, by=run.reviewer, at=AT)


# ------------------------------------------------------------------------------------------------------------ bonus


def test_all_that_is_granted_to_a_sheet_counts_up_to_the_cap() -> None:
    run = runs.reviewed(1)
    asked = [
        actions.ask_bonus(run.sheet(0), points=D(points), reason=f"事由{points}", by=run.by_unit[0], at=AT)
        for points in ("1", "1.5", "2")
    ]
    assert actions.ask_bonus(run.sheet(0), points=D(1), reason="事由1", by=run.by_unit[0], at=AT) == asked[0]
    sums = []
    for request in asked:
        actions.decide_bonus(request, granted=request.points, by=run.reviewer, at=AT)
        sums.append(run.sheet(0).bonus)
    assert sums == [D(1), D("2.5"), D(3)]
    assert "已经核定" in reasons(lambda: actions.decide_bonus(asked[0], granted=D(0), by=run.reviewer, at=AT))[0]


def test_bonus_is_refused_with_every_reason() -> None:
    run = runs.reviewed(1)
    said = reasons(lambda: actions.ask_bonus(run.sheet(0), points=D(0), reason=" ", by=run.by_unit[0], at=AT))
    assert len(said) == 2
    request = actions.ask_bonus(run.sheet(0), points=D(2), reason="表彰", by=run.by_unit[0], at=AT)
    said = reasons(lambda: actions.decide_bonus(request, granted=D(3), by=run.by_unit[0], at=AT))
    assert "0 到申请的 2" in said[0] and "学习秘书" in said[1]
    assert "请写明理由" in reasons(lambda: actions.decide_bonus(request, granted=D(1), by=run.reviewer, at=AT))[0]
    done = actions.decide_bonus(request, granted=D(0), decision="不属加分范围", by=run.reviewer, at=AT)
    assert done.granted == 0 and run.sheet(0).bonus == 0
    run = runs.published(1)
    assert (
        "不能申请加分"
        in reasons(lambda: actions.ask_bonus(run.sheet(0), points=D(1), reason="迟了", by=run.by_unit[0], at=AT))[0]
    )


# ------------------------------------------------------------------------------------------------------ publication


def test_publishing_needs_every_sheet_and_every_request() -> None:
    run = runs.reviewed(6)
    run.verify(0, "30", "10", "46")
    BonusRequest.objects.create(sheet=run.sheet(1), reason="表彰", points=1, asked_by=run.by_unit[1], asked_at=AT)
    said = reasons(lambda: actions.publish(run.fresh(), version=run.row.version, by=run.reviewer, at=AT))
    assert "还有 6 家没有复核完" in said[0] and "等 6 家" in said[0] and said[0].count("、") == 4
    assert "1 件加分申请没有核定：第2单位" in said[1]


def test_ties_share_a_place_and_the_next_is_skipped() -> None:
    run = runs.reviewed(3)
    for index, points in enumerate(("46", "50", "46", "20")):
        run.verify(index, "30", "10", points)
    actions.publish(run.fresh(), version=run.row.version, by=run.reviewer, at=AT)
    assert [run.sheet(index).rank for index in range(4)] == [2, 1, 2, 4]
    assert run.fresh().median == D("86.00")
    assert [run.sheet(index).grade for index in range(4)] == ["合格", "优秀", "合格", "合格"]


# -------------------------------------------------------------------------------------------------------- objection


def test_one_objection_a_sheet_until_the_last_day() -> None:
    run = runs.published(2)
    last = build.at(run.row.objection_until, 23)
    made = actions.object_to(run.sheet(0), reason="研讨质量偏低", by=run.by_unit[0], at=last)
    assert actions.object_to(run.sheet(0), reason="研讨质量偏低", by=run.by_unit[0], at=last) == made
    assert (
        "只能申诉一次" in reasons(lambda: actions.object_to(run.sheet(0), reason="再来", by=run.by_unit[0], at=last))[0]
    )
    said = reasons(lambda: actions.object_to(run.sheet(1), reason="", by=run.by_unit[1], at=last + timedelta(hours=2)))
    assert "已经过了" in said[0] and "申诉理由" in said[1]
    assert Objection.objects.count() == 1


def test_another_reviewer_decides_and_places_are_worked_out_anew() -> None:
    run = runs.published(2)
    assert [run.sheet(index).rank for index in range(3)] == [1, 2, 3]
    made = actions.object_to(run.sheet(2), reason="研讨质量偏低", by=run.by_unit[2], at=AT)
    line = run.lines(2)[2]
    change = {line.pk: (D("46"), "补充了发言材料")}
    for who, word in ((run.reviewer, "由您复核"), (run.by_unit[2], "学习秘书")):
        said = reasons(lambda who=who: actions.decide_objection(made, changes=change, decision="改", by=who, at=AT))
        assert word in said[0]
    said = reasons(
        lambda: actions.decide_objection(
            made, changes={line.pk: (line.verified, ""), 0: (D(1), "")}, decision=" ", by=run.other, at=AT
        )
    )
    assert len(said) == 4
    editions = SheetEdition.objects.count()
    done = actions.decide_objection(made, changes=change, decision="予以调整", by=run.other, at=AT)
    assert done.stage == ObjectionStage.CHANGED
    assert [(run.sheet(index).rank, run.sheet(index).total) for index in range(3)] == [
        (1, D("86.50")), (3, D("85.50")), (2, D("86.00")),
    ]  # fmt: skip
    assert run.fresh().median == D("86.00") and SheetEdition.objects.count() == editions + 2
    again = reasons(lambda: actions.decide_objection(made, changes={}, decision="再议", by=run.other, at=AT))
    assert "不能维持" in again[0]


def test_upheld_changes_no_figure() -> None:
    run = runs.published(1)
    made = actions.object_to(run.sheet(0), reason="偏低", by=run.by_unit[0], at=AT)
    before = SheetEdition.objects.count()
    done = actions.decide_objection(made, changes={}, decision="原评分有据", by=run.other, at=AT)
    assert done.stage == ObjectionStage.UPHELD and SheetEdition.objects.count() == before


# --------------------------------------------------------------------------------------------------- final version


def test_final_waits_for_the_term_the_objections_and_what_is_unknown() -> None:
    run = runs.published(2)
    actions.object_to(run.sheet(0), reason="偏低", by=run.by_unit[0], at=AT)
    AssessmentSheet.objects.filter(pk=run.sheet(1).pk).update(total=None)
    last = build.at(run.row.objection_until, 23)
    said = reasons(lambda: actions.finalise(run.row, version=run.row.version, by=run.reviewer, at=last))
    assert len(said) == 3
    assert "过了这一天" in said[0] and "1 件申诉" in said[1] and "1 家总分待补：第2单位" in said[2]


def test_what_is_final_is_final() -> None:
    run = runs.published(1)
    actions.finalise(run.row, version=run.row.version, by=run.reviewer, at=LATE)
    for act in (
        lambda: actions.finalise(run.fresh(), version=run.row.version, by=run.reviewer, at=LATE),
        lambda: actions.object_to(run.sheet(0), reason="偏低", by=run.by_unit[0], at=AT),
        lambda: run.verify(0, "30", "10", "52"),
        lambda: run.count(0, "1"),
    ):
        assert "“定稿”" in reasons(act)[0]
    assert Decimal(run.sheet(0).editions.last().content["totals"]["total"]) == run.sheet(0).total
