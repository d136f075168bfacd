"""What the pages of a run show: how far it stands, whose turn it is, and a sheet line by line with where each number is from.

A unit sees of its own sheet what is its own and the system's; verified scores, reasons and the median from the publication on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from roster.accounts.models import User
from roster.accounts.roles import Permission
from roster.committees.models import Committee
from sessions_app.assessment import inputs as inputs_of
from sessions_app.assessment import rules
from sessions_app.assessment.ground import scores
from sessions_app.assessment.models import (
    Assessment,
    AssessmentSheet,
    AssessmentStage,
    BonusRequest,
    Objection,
    ObjectionStage,
    SheetEdition,
    SheetLine,
)
from sessions_app.assessment.sheet_actions import base_of
from sessions_app.assessment.specs import spec_of
from sessions_app.facts import appraisal

P = Permission
S = AssessmentStage
TONES = {S.RULES: "muted", S.SELF: "near", S.REVIEW: "near", S.PUBLIC: "behind", S.FINAL: "ok"}
TOLD = (S.PUBLIC, S.FINAL)  # stages in which a unit sees what was verified
OPEN = (S.SELF, S.REVIEW, *TOLD)  # stages in which a unit sees its sheet at all


def stage_of(run: Assessment) -> dict[str, str]:
    return {"tone": TONES[S(run.stage)], "word": run.get_stage_display()}


# ----------------------------------------------------------------------------------------------------- a whole run
def unknown_line() -> Exists:
    """A sheet has an item nobody has a score for."""
    return Exists(SheetLine.objects.filter(sheet=OuterRef("pk"), system=None, verified=None))


def asked_bonus() -> Exists:
    return Exists(BonusRequest.objects.filter(sheet=OuterRef("pk"), granted=None))


FILTERS: Mapping[str, Any] = {
    "unself": lambda rows: rows.filter(self_at=None),
    "unverified": lambda rows: rows.filter(verified_at=None),
    "objected": lambda rows: rows.filter(objection__isnull=False),
    "missing": lambda rows: rows.filter(unknown_line()),
    "bonus": lambda rows: rows.filter(asked_bonus()),
}


def progress(run: Assessment) -> dict[str, int]:
    """How many of all are how far; two queries."""
    rows = AssessmentSheet.objects.filter(assessment=run).annotate(unknown=unknown_line(), asks=asked_bonus())
    found: dict[str, int] = rows.order_by().aggregate(
        all=Count("pk"), handed=Count("pk", filter=Q(self_at__isnull=False)),
        verified=Count("pk", filter=Q(verified_at__isnull=False)), missing=Count("pk", filter=Q(unknown=True)),
        untotalled=Count("pk", filter=Q(total=None)), bonus=Count("pk", filter=Q(asks=True)),
        objected=Count("pk", filter=Q(objection__isnull=False)),
        open=Count("pk", filter=Q(objection__stage=ObjectionStage.ASKED)),
    )  # fmt: skip
    return found


@dataclass(frozen=True)
class Next:
    """The move that comes next: what its button says, what happens, who sees it, and what still stands against it."""

    verb: str
    label: str
    sentence: str
    against: tuple[str, ...] = ()
    link: str = ""


def next_step(run: Assessment, done: Mapping[str, int], today: date) -> Next | None:
    left = done["all"] - done["verified"]
    match run.stage:
        case S.RULES if run.computed_at is None:
            words = "按考核办法和截止日期前的台账算出各单位的系统分；可以反复核算，数据不变结果就不变。单位还看不到。"
            early = (
                [f"数据截止日期是{run.as_of.month}月{run.as_of.day}日，到那一天才能核算"] if today < run.as_of else []
            )
            return Next("compute", "核算", words, tuple(early))
        case S.RULES:
            return Next(
                "open_self", "发起自评",
                f"{done['all']} 家单位的学习秘书会看到各自的评分表和系统核算的分数，在截止日期前自评。",
            )  # fmt: skip
        case S.SELF:
            words = "单位不能再改自评；学习秘书和组长到公示才看到复核的分数。"
            waiting = done["all"] - done["handed"]
            if waiting and run.self_due_on and today <= run.self_due_on:
                due = run.self_due_on
                late = f"还有 {waiting} 家没有自评，自评截止{due.month}月{due.day}日"
                return Next("start_review", "转入复核", words, (late,), "?state=unself")
            if waiting:
                words = f"还有 {waiting} 家没有自评，转入后按系统核算复核。" + words
            return Next("start_review", "转入复核", words)
        case S.REVIEW:
            words = "各单位的学习秘书和组长会看到自己的评分表、总分和中位数，看不到其他单位；期限内可以申诉一次。"
            found = [f"还有 {left} 家没有复核"] if left else []
            found += [f"还有 {done['bonus']} 家的加分申请没有核定"] if done["bonus"] else []
            return Next("publish", "公示", words, tuple(found), "?state=unverified" if left else "?state=bonus")
        case S.PUBLIC:
            found = [f"还有 {done['open']} 件申诉没有复议"] if done["open"] else []
            found += [f"还有 {done['untotalled']} 家有待补的项"] if done["untotalled"] else []
            if run.objection_until and today <= run.objection_until:
                until = run.objection_until
                found.append(f"申诉期到{until.month}月{until.day}日")
            return Next(
                "finalise", "定稿", "名次、折算分和等次从此不变，可以导出用于年度考核，也用于推算约谈名单。", tuple(found),
                "?state=objected" if done["open"] else "?state=missing",
            )  # fmt: skip
    return None


def said(done: Mapping[str, int], stage: str) -> str:
    """The progress in words."""
    words = f"共 {done['all']} 家：已自评 {done['handed']} 家，已复核 {done['verified']} 家"
    # until people score, what only people score is unknown everywhere
    words += f"，有待补 {done['missing']} 家" if done["missing"] and stage not in (S.RULES, S.SELF) else ""
    words += f"，加分待核定 {done['bonus']} 家" if done["bonus"] else ""
    if stage in TOLD:
        words += f"，申诉 {done['objected']} 件" + (f"（待复议 {done['open']} 件）" if done["open"] else "")
    return words + "。"


def units(run: Assessment, state: str, text: str) -> QuerySet:
    """The sheets a filter names, each with whether something is unknown; the objection comes with it."""
    rows: QuerySet = AssessmentSheet.objects.filter(assessment=run).annotate(unknown=unknown_line(), asks=asked_bonus())
    if state in FILTERS:
        rows = FILTERS[state](rows)
    if text:
        rows = rows.filter(committee__in=Committee.objects.search(text))
    return rows.select_related("committee", "objection")


# -------------------------------------------------------------------------------------------------------- one sheet
@dataclass(frozen=True)
class Sight:
    """Who looks at a sheet. `inside`: the department; else the unit itself."""

    inside: bool
    told: bool

    @property
    def verified(self) -> bool:
        return self.inside or self.told


def sight(sheet: AssessmentSheet, user: User) -> Sight:
    inside = sheet.assessment.committee.path in user.reach(P.ASSESS_READ).paths
    return Sight(inside, sheet.assessment.stage in TOLD)


@dataclass(frozen=True)
class Source:
    """One number an item was reckoned from, and the list behind it ("" where there is none)."""

    label: str
    value: str
    meaning: str
    url: str


def sources(line: SheetLine, sheet: AssessmentSheet) -> list[Source]:
    run = sheet.assessment
    found = []
    for key, value in (line.working.get("inputs") or {}).items():
        measure = appraisal.MEASURES.get(key)
        if measure is None:  # a result from elsewhere, named by itself
            found.append(Source(key, _figure(key, value), "其他考核结果", ""))
            continue
        url = appraisal.listed(key, year=run.year, committee=sheet.committee_id, as_of=run.as_of)
        found.append(Source(measure.label, _figure(key, value, measure.unit), measure.meaning, url))
    return found


def _figure(key: str, value: str | None, unit: str = "") -> str:
    if value is None:
        return "待补"
    number = Fraction(value)
    if key.endswith("_rate"):
        return f"{rules.said(number * 100)}%"
    return rules.said(number) + ("" if unit == "%" else f" {unit}" if unit else "")


@dataclass(frozen=True)
class Row:
    """A line of the page. `held`: the score that holds now for who looks; `cure`: what to do while it is unknown."""

    line: SheetLine
    words: str
    clamped: bool
    sources: list[Source]
    held: Decimal | None
    cure: str
    differs: bool

    @property
    def full(self) -> bool:
        return self.held is not None and self.held >= self.line.item.max


@dataclass(frozen=True)
class Group:
    """An indicator with its rows and what it brings to the total of 100."""

    name: str
    weight: Decimal
    rows: list[Row]
    got: Decimal | None


def groups(sheet: AssessmentSheet, lines: Iterable[SheetLine], view: Sight) -> list[Group]:
    spec = spec_of(sheet.assessment.scheme)
    by_item = {line.item_id: _row(line, sheet, view) for line in lines}
    got = rules.indicator_totals(spec, {item: row.held for item, row in by_item.items()})
    return [
        Group(indicator.name, indicator.weight, [by_item[item.key] for item in indicator.items if item.key in by_item], sum_)
        for indicator, sum_ in zip(spec.indicators, got, strict=True)
    ]  # fmt: skip


def _row(line: SheetLine, sheet: AssessmentSheet, view: Sight) -> Row:
    held = _held(line, sheet.assessment.stage, view)
    cure = _cure(line, sheet) if held is None else ""
    differs = view.verified and line.verified is not None and line.verified != base_of(sheet, line)[1]
    clamped = line.raw is not None and line.system is not None and line.raw != line.system
    return Row(line, str(line.working.get("words", "")), clamped, sources(line, sheet), held, cure, differs)


def _held(line: SheetLine, stage: str, view: Sight) -> Decimal | None:
    """The score that counts now for who looks: what was verified once it is published, before that the nearest to it."""
    if stage in TOLD:
        return line.verified
    for score in (line.verified, line.system) if view.inside else (line.self_score, line.system):
        if score is not None:
            return score
    return None


def _cure(line: SheetLine, sheet: AssessmentSheet) -> str:
    """Who makes an unknown item known, and how."""
    primitive = line.item.primitive
    if primitive == "MANUAL":
        if sheet.assessment.stage == S.SELF:
            return "系统不核算这一项：先由单位自评，再由复核人评分。"
        return "待补：等复核人评分。"
    if primitive == "OTHER":
        return f"待补：等宣传部录入“{line.item.params.get('name', '')}”的结果。"
    missing = "、".join(line.working.get("missing") or ()) or "取数"
    if primitive in rules.COUNTED and any(
        not (rule.get("formula") or "") for rule in line.item.params.get("rules", ())
    ):
        return f"待补：{missing}。没有公式的由复核人填写次数。"
    return f"待补：{missing}。没有可以计算的数据；补齐台账后由宣传部重新核算，或由复核人评分并写明理由。"


def totals(sheet: AssessmentSheet, view: Sight) -> list[dict[str, Any]]:
    """The figures over a sheet, only those the viewer may see; the place among others is not among them for a unit."""
    run = sheet.assessment
    found: list[dict[str, Any]] = [{"label": "系统核算", "value": _points(sheet.system_total)}]
    if sheet.self_at or view.inside or run.stage == S.SELF:
        handed = sheet.self_at or run.stage == S.SELF and not view.inside
        found.append({"label": "自评分", "value": _points(sheet.self_total) if handed else "未自评"})
    if not view.verified:
        return found
    found.append({"label": "复核分", "value": _points(sheet.verified_total)})
    if run.stage in TOLD:
        cap = run.scheme.bonus_cap
        if cap:
            found.append({"label": "加分", "value": _points(sheet.bonus), "note": f"上限 {rules.said(cap)}"})
        found.append({"label": "总分", "value": _points(sheet.total), "note": sheet.grade})
        share = f"按 {rules.said(run.scheme.weight)}% 折算"
        found.append({"label": "折算分", "value": _points(sheet.converted), "note": share})
        found.append({"label": "全部单位中位数", "value": _points(run.median)})
    if view.inside and sheet.rank:
        found.append({"label": "名次", "value": sheet.rank})
    return found


def _points(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:.2f}"


def changes(sheet: AssessmentSheet, lines: list[SheetLine], view: Sight) -> list[dict[str, Any]]:
    """怎样能提高: what would lift each item, the largest gain first, and where to act."""
    spec = spec_of(sheet.assessment.scheme)
    shown = scores(lines, "verified") if view.verified and sheet.verified_at else scores(lines, "system")
    by_item = {line.item_id: line for line in lines}
    found = rules.would_change(spec, inputs_of.of_sheet(sheet, lines), shown, inputs_of.LABELS)
    return [
        {"change": one, "line": by_item[one.key], "sources": [source for source in sources(by_item[one.key], sheet) if source.url]}
        for one in found
        if one.key in by_item
    ]  # fmt: skip


# -------------------------------------------------------------------------------------------------------- editions
EDITION_WORDS = {
    "compute": "系统核算", "save_counts": "填写人工计数", "submit_self": "提交自评", "verify": "复核",
    "decide_bonus": "核定加分", "publish": "公示", "decide_objection": "复议", "finalise": "定稿",
}  # fmt: skip
SAID = {"system": "系统分", "self": "自评分", "self_note": "自评说明", "verified": "复核分", "reason": "复核理由"}
TOTALS = {
    "system_total": "系统核算",
    "self_total": "自评分",
    "verified_total": "复核分",
    "bonus": "加分",
    "total": "总分",
}
HIDDEN = {"verified", "reason", "verified_total", "bonus", "total"}
PUBLISHED = ("publish", "decide_objection", "finalise")  # editions that say what was verified
FOR_UNIT = ("compute", "save_counts", "submit_self", *PUBLISHED)


def history(sheet: AssessmentSheet, view: Sight) -> list[dict[str, Any]]:
    """Every edition, the newest first, with what changed against the one before it; a unit reads what it may see."""
    rows = SheetEdition.objects.filter(sheet=sheet).select_related("by", "scheme").order_by("number")
    if not view.inside:
        rows = rows.filter(verb__in=FOR_UNIT)
    found: list[dict[str, Any]] = []
    before: Mapping[str, Any] | None = None
    for row in rows:
        hide = set() if view.inside or row.verb in PUBLISHED else HIDDEN
        changed = differences(before, row.content, hide)
        # a place that moved because of somebody else's objection is nothing a unit reads
        if changed or before is None or view.inside or row.verb in PUBLISHED[::2]:
            word = EDITION_WORDS.get(row.verb, row.verb)
            found.append({"edition": row, "word": word, "changed": changed})
        before = row.content
    return found[::-1]


def differences(before: Mapping[str, Any] | None, after: Mapping[str, Any], hide: Iterable[str] = ()) -> list[str]:
    """What differs between two editions, each in words; nothing for the first."""
    if before is None:
        return []
    hidden = set(hide)
    found = []
    old = {line["item"]: line for line in before.get("lines", ())}
    for line in after.get("lines", ()):
        was = old.get(line["item"], {})
        for name, word in SAID.items():
            if name not in hidden and was.get(name) != line.get(name):
                found.append(f"{line['name']}：{word} {_then(was.get(name))} → {_then(line.get(name))}")
    for name, word in TOTALS.items():
        was_, now = before.get("totals", {}).get(name), after.get("totals", {}).get(name)
        if name not in hidden and was_ != now:
            found.append(
                f"{word}合计 {_then(was_)} → {_then(now)}" if name != "bonus" else f"加分 {_then(was_)} → {_then(now)}"
            )
    return found


def _then(value: Any) -> str:
    return "待补" if value in (None, "") else str(value)


def years(committee_ids: Iterable[int]) -> list[AssessmentSheet]:
    """The sheets of units through the years, the newest first; the verified part is for the page to show or not."""
    rows = AssessmentSheet.objects.filter(committee_id__in=list(committee_ids), assessment__stage__in=OPEN)
    rows = rows.select_related("assessment__scheme", "assessment__committee", "committee")
    return list(rows.order_by("-assessment__year", "-assessment__number", "committee_id"))


def objection_of(sheet: AssessmentSheet) -> Objection | None:
    return Objection.objects.filter(sheet=sheet).select_related("asked_by", "decided_by").first()
