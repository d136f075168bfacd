"""How an item is scored, in words for people: formulas with the names of their keys, rules, tiers."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sessions_app.assessment import formula
from sessions_app.assessment.models import Primitive
from sessions_app.assessment.rules import number, said
from sessions_app.facts.appraisal import MEASURES, Measure

LABELS: Mapping[str, str] = {key: measure.label for key, measure in MEASURES.items()}
_SIGNS = {"*": "×", "/": "÷", "-": "−", "min": "较小值", "max": "较大值", "(": "（", ")": "）", ",": "，"}
_PIECE = re.compile(r"[A-Za-z_]\w*|[\d.]+|[-+*/(),]")

# What a person who chooses one is told.
HINTS: Mapping[str, str] = {
    Primitive.MANUAL: "由复核人评分并写明理由，系统不算分。",
    Primitive.DEDUCT: "从满分扣起，扣到 0 为止；不写公式的规则由复核人填次数或分数。",
    Primitive.ADD: "从 0 累加，加到满分为止；不写公式的规则由复核人填次数或分数。",
    Primitive.PROPORTION: "达到满分线得满分，不足的按比例。",
    Primitive.TIERS: "达到哪一档得哪一档的分，都未达到得 0。",
    Primitive.BINARY: "达到得满分，未达到得 0。",
    Primitive.RANK_TIERS: "各单位按取数排名，按名次所在的档得分；名额向上取整。",
    Primitive.RANK_LINEAR: "第一名满分，最后一名得末位分，中间按名次均匀递减；并列同分。",
    Primitive.MIN_MAX: "最好的满分，最差的 0 分，中间按距离折算；都一样时都得满分。",
    Primitive.OTHER: "按另一项考核的得分率折算；没有录入结果时待补。",
}


def formula_words(text: str) -> str:
    """应学季度 − 达到次数的季度; a text that cannot be read as it stands."""
    if formula.problems(text, MEASURES):
        return text
    plain = text.translate(formula.WIDE)
    words = [_SIGNS.get(piece, LABELS.get(piece, piece)) for piece in _PIECE.findall(plain)]
    return (
        re.sub(r"(?<!\s)\s+([，）])", r"\1", re.sub(r"（\s+", "（", " ".join(words)))
        .replace("值 （", "值（")
        .replace("， ", "，")
    )


def mark(text: str, value: Any) -> str:
    """A mark as people say it: of a rate in percent."""
    found = number(value)
    if found is None:
        return str(value or "")
    return f"{said(found * 100)}%" if text.strip().endswith("_rate") else said(found)


def how(primitive: str, params: Mapping[str, Any]) -> list[str]:
    """Each rule or tier of an item as one sentence."""
    text = str(params.get("formula") or "")
    words = formula_words(text) if text else ""
    way = "越高越好" if params.get("high_is_good") is not False else "越低越好"
    match primitive:
        case "DEDUCT" | "ADD":
            return [_rule(rule, "扣" if primitive == "DEDUCT" else "加") for rule in params.get("rules") or ()]
        case "PROPORTION":
            return [f"{words}达到 {mark(text, params.get('full'))} 得满分，不足的按比例"]
        case "TIERS":
            rows = sorted(params.get("tiers") or (), key=lambda row: -(number(row.get("at_least")) or 0))
            return [f"{words}达到 {mark(text, row.get('at_least'))}，得 {row.get('score')} 分" for row in rows]
        case "BINARY":
            return [f"{words}达到 {mark(text, params.get('at_least'))} 得满分，否则得 0"]
        case "RANK_TIERS":
            rows = sorted(params.get("tiers") or (), key=lambda row: number(row.get("share")) or 0)
            tiers = [f"前 {said((number(row.get('share')) or 0) * 100)}%，得 {row.get('score')} 分" for row in rows]
            return [f"按{words}排名，{way}", *tiers]
        case "RANK_LINEAR":
            return [f"按{words}排名，{way}；第一名满分，末位 {params.get('least')} 分，中间均匀递减"]
        case "MIN_MAX":
            return [f"按{words}在最好和最差之间折算，{way}"]
        case "OTHER":
            return [f"按“{params.get('name')}”的得分率折算"]
    hint = str(params.get("hint") or "")
    return [hint] if hint else ["由复核人评分并写明理由"]


def _rule(rule: Mapping[str, Any], verb: str) -> str:
    text = str(rule.get("formula") or "")
    words = f"{rule.get('label')}：每 1 {verb} {rule.get('each')} 分"
    if rule.get("cap"):
        words += f"，最多 {rule['cap']} 分"
    return f"{words}；取数：{formula_words(text)}" if text else f"{words}；人工填写"


def keys_of(items: Iterable[tuple[str, Mapping[str, Any]]]) -> list[Measure]:
    """The measures these items (primitive, params) ask for, each once, in the order of the list of all."""
    texts = [str(params.get("formula") or "") for _, params in items]
    texts += [str(rule.get("formula") or "") for _, params in items for rule in params.get("rules") or ()]
    named = frozenset().union(*(formula.names_in(text) for text in texts if text)) if texts else frozenset()
    return [measure for key, measure in MEASURES.items() if key in named]


@dataclass(frozen=True)
class Worked:
    """A worked result of an example: what it is of, and what it came to."""

    name: str
    total: str
    converted: str


def worked(content: Mapping[str, Any]) -> list[Worked]:
    return [
        Worked(case["name"], case["expected"]["final"] or "待补", case["expected"]["converted"] or "待补")
        for case in content.get("worked") or ()
    ]
