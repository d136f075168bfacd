"""Sheets in use somewhere, as they ship: each is a sound scheme and gives the results worked out by hand beside it."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from sessions_app.assessment import formula, rules
from sessions_app.assessment.rules import Inputs
from sessions_app.assessment.specs import EXAMPLES, FOLDER, example, spec_from
from sessions_app.facts.appraisal import MEASURES

LABELS = {key: measure.label for key, measure in MEASURES.items()}
WORKED = [
    pytest.param(example(name), case, id=f"{name}: {case['name']}")
    for name in EXAMPLES
    for case in example(name)["worked"]
]


def decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def inputs_of(case: dict[str, Any]) -> Inputs:
    return Inputs(
        facts={key: None if text is None else Fraction(text) for key, text in case["facts"].items()},
        counts={item: {rule: Decimal(text) for rule, text in row.items()} for item, row in case["counts"].items()},
        others={name: Fraction(text) for name, text in case["others"].items()},
    )


def formulas(content: dict[str, Any]) -> list[str]:
    items = [item for row in content["indicators"] for item in row["items"]]
    rows = [rule["formula"] for item in items for rule in item["params"].get("rules", ())]
    return [text for text in [*rows, *(item["params"].get("formula") for item in items)] if text]


def test_the_files_are_the_list() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(EXAMPLES)
    assert all(example(name)["name"] == name for name in EXAMPLES)


def test_every_sheet_but_the_one_that_counts_app_points_is_there() -> None:
    assert sorted(example(name)["letter"] for name in EXAMPLES) == ["A", "B", "C", "D", "E", "F", "G", "I"]


def test_an_example_that_is_none_is_refused() -> None:
    with pytest.raises(KeyError):
        example("../settings")


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_a_sound_scheme(name: str) -> None:
    content = example(name)
    assert rules.scheme_problems(spec_from(content), MEASURES) == []
    keys = [item["key"] for row in content["indicators"] for item in row["items"]]
    assert len(set(keys)) == len(keys)
    assert content["worked"], "an example without a worked result proves nothing"


@pytest.mark.parametrize("name", EXAMPLES)
def test_sheets_over_people_ask_for_no_fact_of_the_system(name: str) -> None:
    content = example(name)
    assert (content["subject"] == "PERSON") == (content["letter"] in "DEG")
    if content["subject"] == "PERSON":
        assert formulas(content) == []


@pytest.mark.parametrize(("content", "case"), WORKED)
def test_the_worked_results_come_out(content: dict[str, Any], case: dict[str, Any]) -> None:
    spec, expected = spec_from(content), case["expected"]
    lines = rules.score_all(spec, {1: inputs_of(case)}, LABELS)[1]
    for key, line in expected["lines"].items():
        assert (lines[key].score, lines[key].raw) == (decimal(line["score"]), decimal(line["raw"])), lines[key]
        assert line.get("words", "") in lines[key].working["words"]
    scores = {
        key: line.score if line.score is not None else decimal(case["given"].get(key)) for key, line in lines.items()
    }
    total = rules.total(spec, scores)
    assert total == decimal(expected["total"])
    final = rules.with_bonus(total, Decimal(case["bonus"]), spec.bonus_cap)
    assert final == decimal(expected["final"])
    assert rules.converted(final, spec.weight) == decimal(expected["converted"])
    assert rules.grade(spec.bands, final) == expected["grade"]


@pytest.mark.parametrize(("content", "case"), WORKED)
def test_a_worked_case_gives_every_fact_its_formulas_name(content: dict[str, Any], case: dict[str, Any]) -> None:
    named = {key for text in formulas(content) for key in formula.names_in(text)}
    assert named == set(case["facts"])
