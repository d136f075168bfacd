"""The scoring engine: what a scheme is, what an item comes to, and the reckoning in words. Pure, exact until the end.

Inside everything is a `Fraction`; outside points are `Decimal` to the cent, a half upwards. What is not known is never 0:
it stays None and prints 待补. A result held between 0 and the maximum keeps what it was before (`raw`).
"""

import math
import re
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any, TypeVar

from sessions_app.assessment import formula

Key = int | str
Row = Mapping[str, Any]
Unit = TypeVar("Unit", bound=Hashable)
PRIMITIVES = (
    "MANUAL", "DEDUCT", "ADD", "PROPORTION", "TIERS", "BINARY", "RANK_TIERS", "RANK_LINEAR", "MIN_MAX", "OTHER",
)  # fmt: skip
COUNTED = ("DEDUCT", "ADD")
RANKED = ("RANK_TIERS", "RANK_LINEAR", "MIN_MAX")
# What each primitive keeps in `params`. Numbers are strings, as they were typed.
PARAMS: Mapping[str, tuple[str, ...]] = {
    "MANUAL": ("hint",),
    "DEDUCT": ("rules",),  # each: key, label, formula or None (then a person types the number), each, cap or None
    "ADD": ("rules",),
    "PROPORTION": ("formula", "full"),
    "TIERS": ("formula", "tiers"),  # each: at_least, score
    "BINARY": ("formula", "at_least"),
    "RANK_TIERS": ("formula", "high_is_good", "tiers"),  # each: share, score
    "RANK_LINEAR": ("formula", "high_is_good", "least"),
    "MIN_MAX": ("formula", "high_is_good"),
    "OTHER": ("name",),
}
HUNDRED = Decimal(100)
MOST_ITEMS, MOST_RULES = 100, 20
_NUMBER = re.compile(r"-?\d{1,6}(\.\d{1,4})?")
_RULE_KEY = re.compile(r"[a-z][a-z0-9_]{0,19}")
_LARGEST = Fraction(99_999_999, 100)


@dataclass(frozen=True)
class ItemSpec:
    """评分项. `key` is the item's own (SchemeItem.pk); `params` as PARAMS says."""

    key: Key
    name: str
    max: Decimal
    primitive: str
    params: Row = field(default_factory=dict)


@dataclass(frozen=True)
class IndicatorSpec:
    name: str
    weight: Decimal
    items: tuple[ItemSpec, ...]


@dataclass(frozen=True)
class SchemeSpec:
    """`weight`: percent of the annual appraisal. `bands`: {"label", "at_least"}, in any order."""

    title: str
    subject: str
    weight: Decimal
    bonus_cap: Decimal
    bands: tuple[Row, ...]
    indicators: tuple[IndicatorSpec, ...]

    @property
    def items(self) -> tuple[ItemSpec, ...]:
        return tuple(item for indicator in self.indicators for item in indicator.items)


@dataclass(frozen=True)
class Inputs:
    """What one unit is weighed by. None is unknown; a count or an other result that is absent is unknown too.

    `counts`: {item key: {rule key: number}} typed by people for rules without a formula. `others`: {name: share of full
    marks, 0 to 1}.
    """

    facts: Mapping[str, Fraction | None] = field(default_factory=dict)
    counts: Mapping[Key, Mapping[str, Decimal | None]] = field(default_factory=dict)
    others: Mapping[str, Fraction | None] = field(default_factory=dict)


@dataclass(frozen=True)
class LineScore:
    """An item of a unit. `raw` before it was held between 0 and the maximum.

    `working` is plain JSON: primitive, formula, inputs {key: "11"}, rules [{key, label, count, points}] of counted items,
    value, rank and of (ranked items), missing [labels], words: the reckoning in one Chinese sentence.
    """

    key: Key
    score: Decimal | None
    raw: Decimal | None
    working: dict[str, Any]


@dataclass(frozen=True)
class Change:
    """What would lift an item: `lost` points of the item (None while it is unknown), and the nearest gain in words.

    `gain`: what that nearest step brings to the total of 100; None where it cannot be said in a number.
    """

    key: Key
    name: str
    lost: Decimal | None
    words: str
    gain: Decimal | None = None


# ------------------------------------------------------------------------------------------------ numbers and words
def cents(exact: Fraction) -> Decimal:
    """To two decimals, a half away from zero."""
    whole, rest = divmod(abs(exact.numerator) * 100, exact.denominator)
    whole += rest * 2 >= exact.denominator
    return Decimal(whole if exact >= 0 else -whole).scaleb(-2)


def number(text: Any) -> Fraction | None:
    """A number of `params`, exact; None when it is none."""
    said = str(text).strip() if text is not None else ""
    return Fraction(said) if _NUMBER.fullmatch(said) else None


def said(exact: Fraction | Decimal) -> str:
    """A number in a sentence: at most four decimals, no trailing zeros, a real minus sign: −1.5, 0.3333, 12."""
    exact = Fraction(exact)
    whole, rest = divmod(abs(exact.numerator) * 10_000, exact.denominator)
    short = Decimal(whole + (rest * 2 >= exact.denominator)).scaleb(-4).normalize()
    return f"{'−' if exact < 0 and short else ''}{short:f}"


def _share(key: str) -> bool:
    """Keys of rates end so; people read them as percent."""
    return key.strip().endswith("_rate")


def _figure(key: str, exact: Fraction) -> str:
    return f"{said(exact * 100)}%" if _share(key) else said(exact)


def _plain(exact: Fraction) -> str:
    """A value as kept in `working`: exact when it is short, else to six decimals; the fingerprint needs one way only."""
    if exact.denominator == 1:
        return str(exact.numerator)
    text = f"{Decimal(exact.numerator) / Decimal(exact.denominator):.6f}"
    return text.rstrip("0").rstrip(".")


def _held(exact: Fraction, most: Fraction) -> Fraction:
    return max(Fraction(0), min(most, exact))


class _Desk:
    """The words of one item while it is worked out: which inputs, by which names."""

    def __init__(self, item: ItemSpec, inputs: Inputs, labels: Mapping[str, str]) -> None:
        self.item, self.inputs, self.labels = item, inputs, labels
        self.full = Fraction(item.max)
        self.working: dict[str, Any] = {"primitive": item.primitive, "inputs": {}}
        self.missing: list[str] = []

    def label(self, key: str) -> str:
        return self.labels.get(key, key)

    def read(self, text: str) -> Fraction | None:
        """A formula over the facts; its inputs are noted, and the unknown among them."""
        for key in sorted(formula.names_in(text), key=lambda name: (text.find(name), name)):
            found = self.inputs.facts.get(key)
            self.working["inputs"][key] = None if found is None else _plain(Fraction(found))
            if found is None:
                self.missing.append(self.label(key))
        result = formula.value(text, self.inputs.facts)
        if result is None and not self.missing:
            self.missing.append("除数为零" if formula.names_in(text) else "公式无效")
        return result

    def named(self, text: str) -> str:
        """The inputs of a formula in words: 应学月数 12，有学习的月数 11."""
        keys = sorted(formula.names_in(text), key=lambda name: (text.find(name), name))
        return "，".join(
            f"{self.label(key)} {_figure(key, Fraction(found))}"
            for key in keys
            if (found := self.inputs.facts.get(key)) is not None
        )

    def unknown(self) -> LineScore:
        self.working["missing"] = list(dict.fromkeys(self.missing))
        self.working["words"] = "待补：" + "、".join(self.working["missing"]) + "。"
        return LineScore(self.item.key, None, None, self.working)

    def done(self, exact: Fraction, words: str) -> LineScore:
        """Held between 0 and the maximum; the sentence says when it was."""
        held = _held(exact, self.full)
        raw = cents(max(-_LARGEST, min(_LARGEST, exact)))
        if held != exact:
            words += f"；原始 {said(raw)}，按 {said(held)} 计"
        elif cents(held) != held:
            words += f"，计 {said(cents(held))}"
        self.working["words"] = words + "。"
        return LineScore(self.item.key, cents(held), raw, self.working)


# ------------------------------------------------------------------------------------------------ each primitive
def _rules(item: ItemSpec) -> list[Row]:
    return list(item.params.get("rules") or [])


def typed_rules(item: ItemSpec) -> list[Row]:
    """The rules of an item whose number a person types: they have no formula."""
    return (
        [rule for rule in _rules(item) if not (rule.get("formula") or "").strip()] if item.primitive in COUNTED else []
    )


@dataclass(frozen=True)
class _Counted:
    rule: Row
    count: Fraction
    points: Fraction
    words: str


def _counted(desk: _Desk) -> list[_Counted]:
    """Each rule's count and points; what is unknown is noted at the desk."""
    found = []
    desk.working["rules"] = []
    typed = desk.inputs.counts.get(desk.item.key) or {}
    for rule in _rules(desk.item):
        text = (rule.get("formula") or "").strip()
        label, each, cap = str(rule["label"]), number(rule["each"]) or Fraction(0), number(rule.get("cap"))
        if text:
            count, by_name = desk.read(text), desk.named(text)
        else:
            entered = typed.get(str(rule["key"]))
            count, by_name = (None if entered is None else Fraction(entered)), "人工计数"
            if count is None:
                desk.missing.append(label)
        row: dict[str, Any] = {
            "key": rule["key"],
            "label": label,
            "formula": text or None,
            "count": None,
            "points": None,
        }
        desk.working["rules"].append(row)
        if count is None:
            continue
        # Fewer than none (more held than were due) takes nothing off and gives nothing.
        count = max(Fraction(0), count)
        points = count * each
        words = f"{label} {said(count)} × {said(each)} = {said(points)}"
        if cap is not None and points > cap:
            points = cap
            words += f"（最多 {said(cap)}）"
        if text and desk.label(text) != label:
            words = f"{by_name}，{words}"
        row["count"], row["points"] = _plain(count), _plain(points)
        found.append(_Counted(rule, count, points, words))
    return found


def _by_count(desk: _Desk) -> LineScore:
    found = _counted(desk)
    if desk.missing:
        return desk.unknown()
    took = sum((one.points for one in found), Fraction(0))
    parts = [one.words for one in found if one.count]
    desk.working["value"] = _plain(took)
    if desk.item.primitive == "ADD":
        if not parts:
            return desk.done(Fraction(0), "没有可计分的项目，得 0")
        sum_words = f"合计 {said(took)}" if len(parts) > 1 else f"得 {said(took)}"
        return desk.done(took, "；".join([*parts, sum_words]))
    if not parts:
        told = [desk.named(str(one.rule["formula"])) for one in found if one.rule.get("formula")]
        known = "，".join(dict.fromkeys(word for word in told if word))
        return desk.done(
            desk.full, f"{known}；不扣分，得满分 {said(desk.full)}" if known else "不扣分，得满分 " + said(desk.full)
        )
    if len(parts) > 1:
        parts.append(f"共扣 {said(took)}")
    return desk.done(
        desk.full - took, "；".join([*parts, f"{said(desk.full)} − {said(took)} = {said(desk.full - took)}"])
    )


def _valued(desk: _Desk) -> Fraction | None:
    text = str(desk.item.params.get("formula") or "")
    desk.working["formula"] = text
    found = desk.read(text)
    if found is not None:
        desk.working["value"] = _plain(found)
    return found


def _value_words(desk: _Desk, found: Fraction) -> str:
    """出席率 80%; or the inputs with what they come to, where the formula is more than one key."""
    text = str(desk.item.params["formula"])
    inputs = desk.named(text)
    if text.strip() in desk.labels or text.strip() in desk.working["inputs"]:
        return inputs
    return f"{inputs}，算得 {said(found)}" if inputs else f"算得 {said(found)}"


def _proportion(desk: _Desk) -> LineScore:
    found = _valued(desk)
    if found is None:
        return desk.unknown()
    text = str(desk.item.params["formula"])
    full = number(desk.item.params["full"]) or Fraction(1)
    got = desk.full * found / full
    desk.working["full"] = _plain(full)
    words = f"{_value_words(desk, found)}，满分线 {_figure(text, full)}"
    if found >= full:
        return desk.done(got, f"{words}；已达到，得满分 {said(desk.full)}")
    return desk.done(got, f"{words}；{said(desk.full)} × {_figure(text, found)} ÷ {_figure(text, full)} = {said(got)}")


def _tiers(item: ItemSpec, by: str) -> list[tuple[Fraction, Fraction]]:
    """(mark, score): `at_least` from the highest down, `share` from the smallest up."""
    rows = [(number(row.get(by)), number(row.get("score"))) for row in item.params.get("tiers") or []]
    known = [(mark, score) for mark, score in rows if mark is not None and score is not None]
    return sorted(known, reverse=by == "at_least")


def _in_tiers(desk: _Desk) -> LineScore:
    found = _valued(desk)
    if found is None:
        return desk.unknown()
    text, words = str(desk.item.params["formula"]), _value_words(desk, found)
    for mark, score in _tiers(desk.item, "at_least"):
        if found >= mark:
            return desk.done(score, f"{words}，达到 {_figure(text, mark)} 一档，得 {said(score)}")
    return desk.done(Fraction(0), f"{words}，未达到最低一档，得 0")


def _binary(desk: _Desk) -> LineScore:
    found = _valued(desk)
    if found is None:
        return desk.unknown()
    text, mark = str(desk.item.params["formula"]), number(desk.item.params["at_least"]) or Fraction(0)
    words = f"{_value_words(desk, found)}，要求不低于 {_figure(text, mark)}"
    if found >= mark:
        return desk.done(desk.full, f"{words}；达到，得 {said(desk.full)}")
    return desk.done(Fraction(0), f"{words}；未达到，得 0")


def _other(desk: _Desk) -> LineScore:
    name = str(desk.item.params.get("name") or "")
    found = desk.inputs.others.get(name)
    desk.working["inputs"] = {name: None if found is None else _plain(Fraction(found))}
    if found is None:
        desk.missing.append(f"“{name}”结果")
        return desk.unknown()
    share = Fraction(found)
    desk.working["value"] = _plain(share)
    got = desk.full * share
    return desk.done(
        got, f"“{name}”得分率 {said(share * 100)}%；{said(desk.full)} × {said(share * 100)}% = {said(got)}"
    )


def _manual(desk: _Desk) -> LineScore:
    desk.working["missing"] = ["人工评分"]
    desk.working["words"] = "待补：由复核人评分并写明理由。"
    return LineScore(desk.item.key, None, None, desk.working)


_ALONE: Mapping[str, Callable[[_Desk], LineScore]] = {
    "MANUAL": _manual, "DEDUCT": _by_count, "ADD": _by_count, "PROPORTION": _proportion, "TIERS": _in_tiers,
    "BINARY": _binary, "OTHER": _other,
}  # fmt: skip


@dataclass(frozen=True)
class _Field:
    """The known values of all units for a ranked item."""

    values: tuple[Fraction, ...]
    high_is_good: bool

    def rank(self, value: Fraction) -> int:
        """1 for the best; equal values share a rank."""
        return 1 + sum(one > value if self.high_is_good else one < value for one in self.values)


def _ranked(desk: _Desk, value: Fraction | None, among: _Field) -> LineScore:
    if value is None:
        return desk.unknown()
    item, full, of = desk.item, desk.full, len(among.values)
    rank = among.rank(value)
    desk.working |= {"rank": rank, "of": of}
    words = _value_words(desk, value)
    text = str(item.params["formula"])
    if item.primitive == "MIN_MAX":
        low, high = min(among.values), max(among.values)
        desk.working |= {"lowest": _plain(low), "highest": _plain(high)}
        if low == high:
            return desk.done(full, f"{words}，{of} 家相同，都得满分 {said(full)}")
        part = (value - low if among.high_is_good else high - value) / (high - low)
        got = full * part
        span = f"{of} 家中最低 {_figure(text, low)}、最高 {_figure(text, high)}"
        return desk.done(got, f"{words}，{span}；{said(full)} × {said(part)} = {said(got)}")
    words += f"，在 {of} 家中列第 {rank}"
    if item.primitive == "RANK_TIERS":
        for share, score in _tiers(item, "share"):
            if rank <= math.ceil(share * of):
                return desk.done(
                    score, f"{words}，进入前 {said(share * 100)}%（{math.ceil(share * of)} 家），得 {said(score)}"
                )
        return desk.done(Fraction(0), f"{words}，不在各档之内，得 0")
    least = number(item.params.get("least")) or Fraction(0)
    if of == 1 or rank == 1:
        return desk.done(full, f"{words}，得满分 {said(full)}")
    got = full - (full - least) * (rank - 1) / (of - 1)
    steps = f"{said(full)} − （{said(full)} − {said(least)}） × {rank - 1} ÷ {of - 1}"
    return desk.done(got, f"{words}；{steps} = {said(got)}")


def score_all(
    spec: SchemeSpec, units: Mapping[int, Inputs], labels: Mapping[str, str] | None = None
) -> dict[int, dict[Key, LineScore]]:
    """Every item of every unit. Ranked items are ranked among the units whose value is known.

    `labels`: what keys of facts are called in the sentences. All equal under MIN_MAX gives full marks, as a shared first
    rank does; the places of a share are rounded up, so that the best of few units is not left out.
    """
    names = labels or {}
    result: dict[int, dict[Key, LineScore]] = {unit: {} for unit in units}
    for item in spec.items:
        desks = {unit: _Desk(item, inputs, names) for unit, inputs in units.items()}
        if item.primitive in RANKED:
            values = {unit: _valued(desk) for unit, desk in desks.items()}
            among = _Field(
                tuple(value for value in values.values() if value is not None), _true(item.params.get("high_is_good"))
            )
            for unit, desk in desks.items():
                result[unit][item.key] = _ranked(desk, values[unit], among)
        else:
            for unit, desk in desks.items():
                result[unit][item.key] = _ALONE[item.primitive](desk)
    return result


def _true(value: Any) -> bool:
    return value is None or value is True or str(value) in ("True", "true", "1", "是")


# ------------------------------------------------------------------------------------------------ sums of a sheet
Scores = Mapping[Key, Decimal | None]


def _indicator(indicator: IndicatorSpec, scores: Scores) -> Fraction | None:
    got, most = Fraction(0), Fraction(0)
    for item in indicator.items:
        score = scores.get(item.key)
        if score is None:
            return None
        got, most = got + Fraction(score), most + Fraction(item.max)
    return Fraction(indicator.weight) * got / most if most else None


def indicator_totals(spec: SchemeSpec, scores: Scores) -> list[Decimal | None]:
    """What each indicator brings to the total, in their order."""
    found = (_indicator(indicator, scores) for indicator in spec.indicators)
    return [None if one is None else cents(one) for one in found]


def total(spec: SchemeSpec, scores: Scores) -> Decimal | None:
    """Each indicator: weight × its items ÷ their maxima; None while any item is. Rounded once, at the end."""
    found = [_indicator(indicator, scores) for indicator in spec.indicators]
    if any(one is None for one in found):
        return None
    return cents(sum((one for one in found if one is not None), Fraction(0)))


def with_bonus(total: Decimal | None, granted: Decimal, cap: Decimal) -> Decimal | None:
    """`granted` counts up to the cap, and nobody comes above 100."""
    if total is None:
        return None
    return min(HUNDRED, total + max(Decimal(0), min(granted, cap))).quantize(Decimal("0.01"))


def converted(total: Decimal | None, weight: Decimal) -> Decimal | None:
    """What goes into the annual appraisal: 86.5 at 10 % is 8.65."""
    return None if total is None else cents(Fraction(total) * Fraction(weight) / 100)


def grade(bands: Sequence[Row], total: Decimal | None) -> str:
    """The highest band that is reached; "" below all and while the total is unknown."""
    if total is None:
        return ""
    marks = [(mark, str(band.get("label", ""))) for band in bands if (mark := number(band.get("at_least"))) is not None]
    return next((label for mark, label in sorted(marks, key=lambda one: -one[0]) if total >= mark), "")


def ranks(totals: Mapping[Unit, Decimal | None]) -> dict[Unit, int | None]:
    """1 for the best; ties share a rank and the next is skipped; unknown totals have none."""
    known = sorted((one for one in totals.values() if one is not None), reverse=True)
    place: dict[Decimal, int] = {}
    for index, one in enumerate(known, start=1):
        place.setdefault(one, index)
    return {unit: None if one is None else place[one] for unit, one in totals.items()}


def median(totals: Mapping[Any, Decimal | None] | Iterable[Decimal | None]) -> Decimal | None:
    """Of the known totals, to the cent; None while there is none."""
    values = totals.values() if isinstance(totals, Mapping) else totals
    known = sorted(one for one in values if one is not None)
    if not known:
        return None
    middle = len(known) // 2
    if len(known) % 2:
        return known[middle].quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
    return cents((Fraction(known[middle - 1]) + Fraction(known[middle])) / 2)


# ------------------------------------------------------------------------------------------------ what would lift it
def would_change(
    spec: SchemeSpec, inputs: Inputs, scores: Scores, labels: Mapping[str, str] | None = None
) -> list[Change]:
    """For every item short of its maximum: what is missing, and the nearest step that would gain something.

    `scores` are those that hold (verified where verified). What can be gained most of the total comes first, unknown
    items after it.
    """
    found: list[Change] = []
    for indicator in spec.indicators:
        most = sum((Fraction(item.max) for item in indicator.items), Fraction(0))
        for item in indicator.items:
            score = scores.get(item.key)
            if score is not None and score >= item.max:
                continue
            lost = None if score is None else item.max - score
            words, gain = _nearest(_Desk(item, inputs, labels or {}), lost)
            if gain is not None and lost is not None:
                gain = min(gain, Fraction(lost))
            of_total = None if gain is None or not most else cents(Fraction(indicator.weight) * gain / most)
            found.append(Change(item.key, item.name, lost, words, of_total))
    return sorted(found, key=lambda one: (one.lost is None, -(one.gain or Decimal(0)), -(one.lost or Decimal(0))))


def _nearest(desk: _Desk, lost: Decimal | None) -> tuple[str, Fraction | None]:
    """The sentence and the points of the item it would bring."""
    item, full = desk.item, desk.full
    if item.primitive == "MANUAL":
        hint = str(item.params.get("hint") or "").strip()
        return (
            "人工评分" + (f"（{hint}）" if hint else "") + ("，尚未评分。" if lost is None else "，见复核理由。")
        ), None
    if item.primitive in COUNTED:
        return _nearest_counted(desk)
    if item.primitive == "OTHER":
        line = _other(desk)
        return str(line.working["words"]), None
    value = _valued(desk)
    if value is None:
        return str(desk.unknown().working["words"]), None
    text, words = str(item.params["formula"]), _value_words(desk, value)
    if item.primitive == "PROPORTION":
        mark = number(item.params["full"]) or Fraction(1)
        got = _held(full * value / mark, full)
        if value >= mark:
            return f"{words}，已达满分线；差的分见复核理由。", None
        return f"{words}；达到 {_figure(text, mark)} 得满分，可多得 {said(cents(full - got))} 分。", full - got
    if item.primitive in ("TIERS", "BINARY"):
        steps = (
            _tiers(item, "at_least")
            if item.primitive == "TIERS"
            else [(number(item.params["at_least"]) or Fraction(0), full)]
        )
        now = next((score for mark, score in steps if value >= mark), Fraction(0))
        better = [(mark, score) for mark, score in reversed(steps) if mark > value and score > now]
        if not better:
            return f"{words}，已在最高一档；差的分见复核理由。", None
        mark, score = better[0]
        return f"{words}；达到 {_figure(text, mark)} 可多得 {said(score - now)} 分。", score - now
    way = "越高名次越前" if _true(item.params.get("high_is_good")) else "越低名次越前"
    return f"{words}；本项与其他单位比较计分，{desk.label(text)}{way}。", None


def _nearest_counted(desk: _Desk) -> tuple[str, Fraction | None]:
    counted = _counted(desk)
    if desk.missing:
        return str(desk.unknown().working["words"]), None
    sum_of = sum((one.points for one in counted), Fraction(0))
    each = {id(one): number(one.rule["each"]) or Fraction(0) for one in counted}
    if desk.item.primitive == "ADD":
        open_ended = [one for one in counted if (cap := number(one.rule.get("cap"))) is None or one.points < cap]
        if sum_of >= desk.full or not open_ended:
            return "已计满；差的分见复核理由。", None
        best = max(open_ended, key=lambda one: each[id(one)])
        gain = min(each[id(best)], desk.full - sum_of)
        return f"现累计 {said(sum_of)} 分；{best.rule['label']}每增加 1，可多得 {said(gain)} 分。", gain
    took = [one for one in counted if one.points]
    if not took:
        return "系统核算未扣分；差的分见复核理由。", None
    worst = max(took, key=lambda one: each[id(one)])
    cap = number(worst.rule.get("cap"))
    after = max(Fraction(0), worst.count - 1) * each[id(worst)]
    gain = worst.points - (after if cap is None else min(after, cap))
    gain = _held(desk.full - sum_of + gain, desk.full) - _held(desk.full - sum_of, desk.full)
    listed = "；".join(one.words for one in took)
    if gain:
        return f"{listed}；“{worst.rule['label']}”每少 1，可多得 {said(gain)} 分。", gain
    return f"{listed}；已扣完，共扣 {said(sum_of)} 分，减到 {said(desk.full)} 分以内才有得分。", None


# ------------------------------------------------------------------------------------------------ may it be kept
@dataclass(frozen=True)
class Problem:
    """`place`: where on the sheet: ("bands", 0), (indicator, "weight"), (indicator, item, "formula"), (…, "rules", 1, "each")."""

    place: tuple[int | str, ...]
    text: str


def scheme_problems(spec: SchemeSpec, known: Collection[str] | None = None) -> list[str]:
    """Every reason why a scheme cannot be kept, as sentences that name the place. `known`: keys formulas may ask for."""
    return [problem.text for problem in problems_of(spec, known)]


def problems_of(spec: SchemeSpec, known: Collection[str] | None = None) -> list[Problem]:
    """The same with the place of each, for a form that says it beside the field."""
    found = list(_head_problems(spec))
    for index, indicator in enumerate(spec.indicators):
        name = indicator.name.strip()
        where = f"指标“{name}”" if name else f"第 {index + 1} 个指标"
        if not name:
            found.append(Problem((index, "name"), f"{where}：请填写名称。"))
        if not Decimal(0) < indicator.weight <= HUNDRED:
            found.append(Problem((index, "weight"), f"{where}：权重应是大于 0、不超过 100 的数，最多两位小数。"))
        if not indicator.items:
            found.append(Problem((index, "items"), f"{where}：至少要有一个评分项。"))
        for at, item in enumerate(indicator.items):
            there = f"{where}第 {at + 1} 项" + (f"“{item.name.strip()}”" if item.name.strip() else "")
            found += [Problem((index, at, *place), f"{there}：{text}") for place, text in _item_problems(item, known)]
    if len(spec.items) > MOST_ITEMS:
        found.append(Problem(("items",), f"评分项最多 {MOST_ITEMS} 个，现有 {len(spec.items)} 个。"))
    return found


def _head_problems(spec: SchemeSpec) -> Iterable[Problem]:
    if not spec.title.strip():
        yield Problem(("title",), "请填写名称。")
    if not Decimal(0) <= spec.weight <= HUNDRED:
        yield Problem(("weight",), "占年度考核权重应是 0 到 100 之间的数，最多两位小数。")
    if not Decimal(0) <= spec.bonus_cap <= HUNDRED:
        yield Problem(("bonus_cap",), "加分上限应是 0 到 100 之间的数，最多两位小数。")
    labels, marks = set(), set()
    for index, band in enumerate(spec.bands):
        label, mark = str(band.get("label") or "").strip(), number(band.get("at_least"))
        if not label or label in labels:
            yield Problem(("bands", index, "label"), f"第 {index + 1} 个等次：请填写名称，不要重复。")
        if mark is None or not 0 <= mark <= 100 or mark in marks:
            yield Problem(
                ("bands", index, "at_least"), f"第 {index + 1} 个等次：分数线应是 0 到 100 之间的数，不要重复。"
            )
        labels.add(label)
        marks.add(mark)
    weights = sum((indicator.weight for indicator in spec.indicators), Decimal(0))
    if not spec.indicators:
        yield Problem(("weights",), "至少要有一个指标。")
    elif weights != HUNDRED:
        yield Problem(("weights",), f"各指标权重合计为 {said(weights)}，应为 100。")


_Found = list[tuple[tuple[int | str, ...], str]]


def _item_problems(item: ItemSpec, known: Collection[str] | None) -> _Found:
    found: _Found = []
    if not item.name.strip():
        found.append((("name",), "请填写评分项名称。"))
    if not Decimal(0) < item.max <= 1000:
        found.append((("max",), "满分应是大于 0、不超过 1000 的数，最多两位小数。"))
    params, full = item.params, Fraction(item.max)
    if item.primitive not in PRIMITIVES:
        return [*found, (("primitive",), "请选计分方式。")]
    if "formula" in PARAMS[item.primitive]:
        found += [(("formula",), text) for text in formula.problems(str(params.get("formula") or ""), known)]
    match item.primitive:
        case "DEDUCT" | "ADD":
            found += _rule_problems(item, known)
        case "PROPORTION":
            mark = number(params.get("full"))
            if mark is None or mark <= 0:
                found.append((("full",), "满分线应是大于 0 的数，如 0.85 即 85%。"))
        case "BINARY":
            if number(params.get("at_least")) is None:
                found.append((("at_least",), "请填写要达到的数。"))
        case "TIERS":
            found += _tier_problems(item, "at_least", full)
        case "RANK_TIERS":
            found += _tier_problems(item, "share", full)
        case "RANK_LINEAR":
            least = number(params.get("least"))
            if least is None or not 0 <= least <= full:
                found.append((("least",), f"末位得分应在 0 到满分 {said(full)} 之间。"))
        case "OTHER":
            if not str(params.get("name") or "").strip():
                found.append((("name_of_other",), "请填写引用的考核名称。"))
    return found


def _rule_problems(item: ItemSpec, known: Collection[str] | None) -> _Found:
    found: _Found = []
    rules, keys = _rules(item), set()
    word = "扣" if item.primitive == "DEDUCT" else "加"
    if not rules:
        found.append((("rules",), f"至少要有一条{word}分规则。"))
    if len(rules) > MOST_RULES:
        found.append((("rules",), f"{word}分规则最多 {MOST_RULES} 条。"))
    for index, rule in enumerate(rules):
        there = f"第 {index + 1} 条{word}分规则"
        key, text = str(rule.get("key") or ""), str(rule.get("formula") or "").strip()
        if not _RULE_KEY.fullmatch(key) or key in keys:
            found.append((("rules", index, "key"), f"{there}的代号应以小写字母开头、不重复。"))
        keys.add(key)
        if not str(rule.get("label") or "").strip():
            found.append((("rules", index, "label"), f"{there}：请写明{word}分情形。"))
        each, cap = number(rule.get("each")), number(rule.get("cap"))
        if each is None or not 0 < each <= 1000:
            found.append((("rules", index, "each"), f"{there}：每次{word}分应是大于 0 的数。"))
        if str(rule.get("cap") or "").strip() and (cap is None or cap <= 0):
            found.append((("rules", index, "cap"), f"{there}：上限应是大于 0 的数，不设上限请留空。"))
        if text:
            found += [(("rules", index, "formula"), f"{there}：{wrong}") for wrong in formula.problems(text, known)]
    return found


def _tier_problems(item: ItemSpec, by: str, full: Fraction) -> _Found:
    found: _Found = []
    rows, marks = list(item.params.get("tiers") or []), set()
    if not rows:
        found.append((("tiers",), "至少要有一档。"))
    if len(rows) > MOST_RULES:
        found.append((("tiers",), f"最多 {MOST_RULES} 档。"))
    for index, row in enumerate(rows):
        mark, score = number(row.get(by)), number(row.get("score"))
        if mark is None or mark in marks:
            found.append((("tiers", index, by), f"第 {index + 1} 档：请填写数字，不要重复。"))
        elif by == "share" and not 0 < mark <= 1:
            found.append((("tiers", index, by), f"第 {index + 1} 档：名次比例应大于 0、不超过 1，如 0.3 即前 30%。"))
        marks.add(mark)
        if score is None or not 0 <= score <= full:
            found.append((("tiers", index, "score"), f"第 {index + 1} 档：得分应在 0 到满分 {said(full)} 之间。"))
    return found
