"""What is done on one sheet: the unit scores itself, the reviewer types counts and verifies, with a reason for each difference."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from roster.audit.actions import Actor, record
from roster.audit.moves import Refused
from sessions_app.assessment import ground, rules
from sessions_app.assessment import inputs as inputs_of
from sessions_app.assessment.models import AssessmentSheet, SheetLine
from sessions_app.assessment.rules import SchemeSpec
from sessions_app.assessment.specs import spec_of

Scores = Mapping[int, tuple[Decimal | None, str]]  # {line id: (score, note or reason)}
Counts = Mapping[int, Mapping[str, Decimal | None]]  # {line id: {rule key: number}}
LONGEST = 500
MOST_COUNT = Decimal(9999)


def _strangers(lines: list[SheetLine], given: Mapping[int, object]) -> list[str]:
    return ["提交的评分项不是这张评分表的，请刷新页面。"] if set(given) - {line.pk for line in lines} else []


def _note_wrong(name: str, note: str, word: str) -> list[str]:
    return [f"“{name}”的{word}最多 {LONGEST} 字。"] if len(note.strip()) > LONGEST else []


# ------------------------------------------------------------------------------------------------------ self-score


@transaction.atomic
def save_self(
    sheet: AssessmentSheet, *, scores: Scores, note: str = "", version: int | None = None, by: Actor, at: datetime
) -> AssessmentSheet:
    """The unit's own scores so far; lines not given keep what they have."""
    row = ground.lock_sheet(sheet, "save_self", version)
    lines = ground.lines_of([row])[row.pk]
    _write_self(row, lines, scores, note)
    row.save_changed()
    data = {"scored": sum(line.self_score is not None for line in lines), "lines": len(lines)}
    record(row, verb="save_self", by=by, at=at, data=data)
    return row


def _write_self(row: AssessmentSheet, lines: list[SheetLine], scores: Scores, note: str | None) -> None:
    wrong = _strangers(lines, scores)
    if row.self_at is not None:
        wrong.append("自评已经提交，不能再改。")
    changed = []
    for line in lines:
        if line.pk in scores:
            score, words = scores[line.pk]
            wrong += filter(None, [ground.points_wrong(line.item.name, score, line.item.max)])
            wrong += _note_wrong(line.item.name, words, "自评理由")
            line.self_score, line.self_note = score, words.strip()
            changed.append(line)
    if wrong:
        raise Refused(wrong)
    if note is not None:
        row.self_note = note.strip()
    row.self_total = rules.total(spec_of(row.assessment.scheme), ground.scores(lines, "self_score"))
    ground.save_lines(changed, "self_score", "self_note")


@transaction.atomic
def submit_self(
    sheet: AssessmentSheet, *, scores: Scores | None = None, note: str | None = None, version: int | None = None,
    by: Actor, at: datetime,
) -> AssessmentSheet:  # fmt: skip
    """Hand in: every item scored, and a reason where it differs from what the system made of it."""
    row = ground.lock_sheet(sheet, "submit_self", version)
    lines = ground.lines_of([row])[row.pk]
    _write_self(row, lines, scores or {}, note)
    wrong = []
    for line in lines:
        if line.self_score is None:
            wrong.append(f"“{line.item.name}”还没有自评分。")
        elif line.system is not None and line.self_score != line.system and not line.self_note:
            wrong.append(
                f"“{line.item.name}”自评 {rules.said(line.self_score)}，系统分 {rules.said(line.system)}，请写明理由。"
            )
    if wrong:
        raise Refused(wrong)
    row.self_by_id, row.self_at = by.pk, at
    row.save_changed()
    ground.keep(row.assessment, [row], {row.pk: lines}, verb="submit_self", by=by, at=at)
    data = {"self_total": str(row.self_total), "system_total": str(row.system_total)}
    record(row, verb="submit_self", by=by, at=at, data=data)
    return row


# --------------------------------------------------------------------------------------------------- typed numbers


@transaction.atomic
def save_counts(
    sheet: AssessmentSheet, *, counts: Counts, version: int | None = None, by: Actor, at: datetime
) -> AssessmentSheet:
    """Numbers of rules without a formula, typed by a reviewer; these lines are reckoned anew on the frozen facts."""
    row = ground.lock_sheet(sheet, "save_counts", version)
    run = row.assessment
    lines = ground.lines_of([row])[row.pk]
    spec = spec_of(run.scheme)
    wrong = _strangers(lines, counts) + _count_refusals(spec, lines, counts)
    if run.computed_at is None:
        wrong.append("还没有核算，请先核算再填写计数。")
    if ground.own_unit(by, row.committee_id, ground.day_of(at)):
        wrong.append("您是这家单位的学习秘书，请由其他复核人填写。")
    if wrong:
        raise Refused(wrong)
    changed = []
    for line in lines:
        if line.pk in counts:
            typed = {key: None if said is None else f"{said.normalize():f}" for key, said in counts[line.pk].items()}
            merged = {**line.counts, **typed}
            if merged != line.counts:
                line.counts = merged
                changed.append(line)
    if not changed:
        return row
    found = inputs_of.of_sheet(row, lines)
    scored = rules.score_all(_only(spec, {line.item_id for line in changed}), {row.pk: found}, inputs_of.LABELS)[row.pk]
    for line in changed:
        new = scored[line.item_id]
        line.system, line.raw, line.working = new.score, new.raw, new.working
    ground.save_lines(changed, "counts", "system", "raw", "working")
    system = ground.scores(lines, "system")
    row.system_total = rules.total(spec, system)
    row.fingerprint = inputs_of.sheet_print(inputs_of.rules_print(spec), found, system)
    row.verified_by = row.verified_at = row.verified_total = None
    row.save_changed()
    prints = AssessmentSheet.objects.filter(assessment=run).order_by().values_list("committee_id", "fingerprint")
    run.fingerprint = inputs_of.run_print(dict(prints))
    run.save_changed()
    ground.keep(run, [row], {row.pk: lines}, verb="save_counts", by=by, at=at)
    data = {"items": [line.item_id for line in changed], "system_total": str(row.system_total)}
    record(row, verb="save_counts", by=by, at=at, data=data)
    return row


def _count_refusals(spec: SchemeSpec, lines: list[SheetLine], counts: Counts) -> list[str]:
    found = []
    items = {item.key: item for item in spec.items}
    for line in lines:
        given = counts.get(line.pk, {})
        typed = {str(rule["key"]): str(rule["label"]) for rule in rules.typed_rules(items[line.item_id])}
        if set(given) - set(typed):
            found.append(f"“{line.item.name}”里有不由人工计数的规则，请刷新页面。")
        for key, said in given.items():
            if said is not None and not (said.is_finite() and 0 <= said <= MOST_COUNT):
                found.append(f"“{line.item.name}”的“{typed.get(key, key)}”应在 0 到 {MOST_COUNT} 之间。")
    return found


def _only(spec: SchemeSpec, keys: set[int]) -> SchemeSpec:
    """The scheme cut down to some items: scores of counted items hang on their own sheet alone."""
    kept = tuple(
        rules.IndicatorSpec(one.name, one.weight, tuple(item for item in one.items if item.key in keys))
        for one in spec.indicators
    )
    return rules.SchemeSpec(spec.title, spec.subject, spec.weight, spec.bonus_cap, spec.bands, kept)


# ----------------------------------------------------------------------------------------------------- verification


@transaction.atomic
def verify(
    sheet: AssessmentSheet, *, scores: Scores, done: bool, version: int | None = None, by: Actor, at: datetime
) -> AssessmentSheet:
    """The reviewer's scores; `done` closes the sheet when nothing on it is unknown any more.

    Each needs a reason where it differs from the unit's own score, or from the system's where the unit gave none, and
    where there is neither. Nobody verifies the unit whose books he keeps, or a sheet he handed in himself.
    """
    row = ground.lock_sheet(sheet, "verify", version)
    lines = ground.lines_of([row])[row.pk]
    wrong = _strangers(lines, scores)
    if ground.own_unit(by, row.committee_id, ground.day_of(at)) or ground.is_same(by, row.self_by):
        wrong.append("您是这家单位的学习秘书，或自评由您提交，请由其他复核人复核。")
    changed = []
    for line in lines:
        if line.pk in scores:
            score, words = scores[line.pk]
            wrong += filter(None, [ground.points_wrong(line.item.name, score, line.item.max)])
            wrong += _note_wrong(line.item.name, words, "复核理由")
            line.verified, line.reason = score, words.strip()
            changed.append(line)
        wrong += filter(None, [_reason_missing(row, line)])
        if done and line.verified is None:
            wrong.append(f"“{line.item.name}”待补，还没有复核分。")
    if wrong:
        raise Refused(wrong)
    ground.save_lines(changed, "verified", "reason")
    row.verified_total = rules.total(spec_of(row.assessment.scheme), ground.scores(lines, "verified")) if done else None
    row.verified_by_id, row.verified_at = (by.pk, at) if done else (None, None)
    row.save_changed()
    if done:
        ground.keep(row.assessment, [row], {row.pk: lines}, verb="verify", by=by, at=at)
    data = {"done": done, "verified_total": str(row.verified_total), "self_total": str(row.self_total)}
    record(row, verb="verify" if done else "save_verify", by=by, at=at, data=data)
    return row


def base_of(row: AssessmentSheet, line: SheetLine) -> tuple[str, Decimal | None]:
    """What a reviewer's score is compared with: the score the unit handed in, else the system's."""
    if row.self_at is not None and line.self_score is not None:
        return "自评", line.self_score
    return "系统分", line.system


def _reason_missing(row: AssessmentSheet, line: SheetLine) -> str:
    if line.verified is None or line.reason:
        return ""
    word, base = base_of(row, line)
    if base is None:
        return f"“{line.item.name}”没有自评分和系统分，请写明评分理由。"
    if line.verified == base:
        return ""
    return f"“{line.item.name}”{word} {rules.said(base)}，复核 {rules.said(line.verified)}，请写明理由。"
