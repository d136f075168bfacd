"""What a run is reckoned from: facts up to the cut-off, results from elsewhere, numbers typed by people; and its fingerprints.

The inputs of a sheet are frozen with it as plain JSON, exact decimals as strings, so that a reckoning can be repeated and
shown years later without the rows.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from decimal import Decimal
from fractions import Fraction
from typing import Any

from roster.committees.models import Committee
from sessions_app.assessment import formula
from sessions_app.assessment.models import Assessment, AssessmentSheet, OtherResult, SheetLine
from sessions_app.assessment.rules import Inputs, Key, LineScore, SchemeSpec
from sessions_app.facts import appraisal

LABELS = {key: measure.label for key, measure in appraisal.MEASURES.items()}
OTHERS = "others"  # beside the keys of facts in `AssessmentSheet.facts`
Lines = Mapping[int, list[SheetLine]]


def read(
    spec: SchemeSpec, assessment: Assessment, sheets: Iterable[AssessmentSheet], lines: Lines
) -> dict[int, Inputs]:
    """{sheet id: what it is weighed by}, read anew; only facts that a formula of the scheme names. Constant queries."""
    committees = Committee.objects.filter(sheets__assessment=assessment)
    facts = appraisal.for_each(committees, assessment.year, as_of=assessment.as_of)
    names = keys_of(spec)
    others = _others(spec, assessment, committees)
    return {
        sheet.pk: Inputs(
            facts={key: facts[sheet.committee_id].get(key) for key in sorted(names)},
            counts=counts_of(lines.get(sheet.pk, ())), others=others[sheet.committee_id],
        )
        for sheet in sheets
    }  # fmt: skip


def keys_of(spec: SchemeSpec) -> frozenset[str]:
    """Every key of facts that the formulas of a scheme name."""
    texts = [item.params.get("formula") for item in spec.items]
    texts += [rule.get("formula") for item in spec.items for rule in item.params.get("rules") or ()]
    return frozenset(name for text in texts if text for name in formula.names_in(str(text)))


def _others(spec: SchemeSpec, assessment: Assessment, committees: Any) -> dict[int, dict[str, Fraction | None]]:
    """{committee: {name: share of full marks}} of the year's results that the scheme refers to by name."""
    names = {str(item.params.get("name")) for item in spec.items if item.primitive == "OTHER"}
    found: dict[int, dict[str, Fraction | None]] = defaultdict(lambda: dict.fromkeys(sorted(names)))
    rows = OtherResult.objects.filter(committee__in=committees.values("pk"), year=assessment.year, name__in=names)
    for committee_id, name, score, out_of in rows.values_list("committee_id", "name", "score", "out_of"):
        found[committee_id][name] = None if score is None else Fraction(score) / Fraction(out_of)
    return found


def counts_of(lines: Iterable[SheetLine]) -> dict[Key, dict[str, Decimal | None]]:
    """{item: {rule: number}} as people typed them; an empty one is unknown."""
    return {
        line.item_id: {rule: None if said is None else Decimal(str(said)) for rule, said in line.counts.items()}
        for line in lines
        if line.counts
    }


def frozen(inputs: Inputs) -> dict[str, Any]:
    """As `AssessmentSheet.facts` keeps it: {key: "0.9167"}, the results from elsewhere under OTHERS."""
    kept: dict[str, Any] = {key: exact(value) for key, value in inputs.facts.items()}
    if inputs.others:
        kept[OTHERS] = {name: exact(value) for name, value in inputs.others.items()}
    return kept


def thawed(kept: Mapping[str, Any], lines: Iterable[SheetLine] = ()) -> Inputs:
    """A sheet's inputs as they were when it was computed, with what is typed on its lines now."""
    facts = {key: _fraction(value) for key, value in kept.items() if key != OTHERS}
    others = {name: _fraction(value) for name, value in kept.get(OTHERS, {}).items()}
    return Inputs(facts=facts, counts=counts_of(lines), others=others)


def of_sheet(sheet: AssessmentSheet, lines: Iterable[SheetLine]) -> Inputs:
    return thawed(sheet.facts, lines)


def exact(value: Fraction | None) -> str | None:
    """An exact number as text: decimals where they end, else a fraction."""
    if value is None:
        return None
    scaled = value * 10**6
    if scaled.denominator != 1:
        return f"{value.numerator}/{value.denominator}"
    short = Decimal(scaled.numerator).scaleb(-6).normalize()
    return f"{short:f}"


def _fraction(text: str | None) -> Fraction | None:
    return None if text is None else Fraction(text)


def fingerprint(value: Any) -> str:
    """SHA-256 of a value's one way of being written."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def rules_print(spec: SchemeSpec) -> str:
    return fingerprint(asdict(spec))


def sheet_print(rules: str, inputs: Inputs, system: Mapping[Key, Decimal | None]) -> str:
    """Of one sheet: the rules, what went in, and what the system made of it."""
    said = {str(key): None if score is None else f"{score:.2f}" for key, score in system.items()}
    typed = {
        str(item): {rule: None if number is None else f"{number.normalize():f}" for rule, number in found.items()}
        for item, found in inputs.counts.items()
    }
    return fingerprint([rules, frozen(inputs), typed, said])


def run_print(prints: Mapping[int, str]) -> str:
    """Of the whole run: every sheet's, in the order of the committees."""
    return fingerprint(sorted(prints.items()))


def system_scores(scores: Mapping[Key, LineScore]) -> dict[Key, Decimal | None]:
    return {key: line.score for key, line in scores.items()}
