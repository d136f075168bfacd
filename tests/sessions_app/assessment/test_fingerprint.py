"""The same facts and rules give the same fingerprint, however often they are reckoned; anything else gives another."""

from fractions import Fraction

import pytest
from django.db import DatabaseError, connection, transaction

from sessions_app.assessment import inputs as inputs_of
from sessions_app.assessment import run_actions as actions
from sessions_app.assessment import specs
from sessions_app.assessment.models import SchemeItem, SheetEdition
from sessions_app.plans.models import StudyPlan
from tests.sessions_app.assessment import runs
from tests.sessions_app.assessment.runs import AT, D

pytestmark = pytest.mark.django_db


def prints(run: runs.Run) -> tuple[str, list[str]]:
    return run.fresh().fingerprint, [run.sheet(index).fingerprint for index in range(len(run.units))]


def test_twice_on_the_same_facts_is_the_same_and_no_new_edition() -> None:
    run = runs.computed(3)
    before, editions = prints(run), SheetEdition.objects.count()
    versions = [run.sheet(index).version for index in range(4)]
    actions.compute(run.fresh(), by=run.reviewer, at=AT)
    assert prints(run) == before and len(before[0]) == 64
    assert SheetEdition.objects.count() == editions
    assert [run.sheet(index).version for index in range(4)] == versions


def test_one_changed_fact_changes_one_sheet_and_the_run_and_back_again() -> None:
    run = runs.computed(3)
    before = prints(run)
    plan = StudyPlan.objects.filter(committee=run.units[1])
    plan.update(filed_on=None, stage="APPROVED")
    actions.compute(run.fresh(), by=run.reviewer, at=AT)
    after = prints(run)
    assert [a == b for a, b in zip(before[1], after[1], strict=True)] == [True, False, True, True]
    assert before[0] != after[0]
    assert "未备案 1 × 30 = 30" in run.sheet(1).editions.last().content["lines"][0]["words"]
    plan.update(filed_on="2026-01-10", stage="FILED")
    actions.compute(run.fresh(), by=run.reviewer, at=AT)
    assert prints(run) == before


def test_a_typed_number_and_a_rule_are_part_of_it() -> None:
    run = runs.computed(1)
    before = prints(run)
    run.count(0, "1")
    assert prints(run)[1][0] != before[1][0] and prints(run)[0] != before[0]
    run.count(0, "2")
    assert prints(run) == before
    actions.compute(run.fresh(), by=run.reviewer, at=AT)  # typed numbers are read by the computation as they were
    assert prints(run) == before
    item = SchemeItem.objects.get(primitive="MANUAL")
    SchemeItem.objects.filter(pk=item.pk).update(params={"hint": "另一个"})
    actions.compute(run.fresh(), by=run.reviewer, at=AT)
    assert all(a != b for a, b in zip(prints(run)[1], before[1], strict=True))


def test_frozen_inputs_come_back_as_they_were() -> None:
    run = runs.computed(1)
    facts = {"a": Fraction(11, 3), "b": None, "c": Fraction("0.9167"), "d": Fraction(100)}
    kept = inputs_of.frozen(inputs_of.Inputs(facts=facts, others={"别": Fraction(9, 10)}))
    assert kept == {"a": "11/3", "b": None, "c": "0.9167", "d": "100", "others": {"别": "0.9"}}
    again = inputs_of.thawed(kept)
    assert again.facts == facts and again.others == {"别": Fraction(9, 10)}
    sheet = run.sheet(0)
    spec = specs.spec_of(run.row.scheme)
    found = inputs_of.of_sheet(sheet, run.lines(0))
    system = {line.item_id: line.system for line in run.lines(0)}
    assert inputs_of.sheet_print(inputs_of.rules_print(spec), found, system) == sheet.fingerprint
    assert found.counts[run.lines(0)[1].item_id] == {"done": D(2)}


def test_an_edition_is_never_changed() -> None:
    run = runs.computed(1)
    edition = run.sheet(0).editions.first()
    for act in (lambda: SheetEdition.objects.filter(pk=edition.pk).update(verb="x"), edition.delete):
        with pytest.raises(DatabaseError), transaction.atomic():
            act()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM sessions_app_sheetedition")
        assert cursor.fetchone()[0] == SheetEdition.objects.count()
