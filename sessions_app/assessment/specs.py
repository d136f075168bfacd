"""A scheme read from its rows, from what was typed, or from one of the examples that come with the product.

`Content` is the plain nested structure the editor, the examples and the actions share: title, source, subject, weight,
bonus_cap, bands [{label, at_least}], indicators [{name, weight, items [{key?, name, max, primitive, params, basis}]}];
numbers are strings as they were typed.
"""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from sessions_app.assessment.models import Scheme
from sessions_app.assessment.rules import PARAMS, IndicatorSpec, ItemSpec, Problem, SchemeSpec, problems_of
from sessions_app.facts.appraisal import MEASURES

Content = Mapping[str, Any]
FOLDER = Path(__file__).parent / "examples"
# Sheets in use somewhere, and the six indicators most begin with. One sheet that counts daily points of an app is left
# out on purpose: docs/decisions/0034-schemes-as-data.md.
EXAMPLES = (
    "default", "city_sheet", "university", "learning_organ", "college", "district_credits", "cadre_credits",
    "bank_branch",
)  # fmt: skip
_POINTS = re.compile(r"\d{1,4}(\.\d{1,2})?")


def points(text: Any, otherwise: str = "0") -> Decimal:
    """A number of points or percent as typed; what is none becomes `otherwise`, which the rules then refuse."""
    said = str(text if text is not None else "").strip()
    return Decimal(said if _POINTS.fullmatch(said) else otherwise)


def spec_of(scheme: Scheme) -> SchemeSpec:
    """The rows of a scheme as the engine reads them; two queries. The key of an item is its pk."""
    return SchemeSpec(
        title=scheme.title, subject=scheme.subject, weight=scheme.weight, bonus_cap=scheme.bonus_cap,
        bands=tuple(scheme.bands),
        indicators=tuple(
            IndicatorSpec(row.name, row.weight, tuple(
                ItemSpec(item.pk, item.name, item.max, item.primitive, item.params) for item in row.items.all()
            ))
            for row in scheme.indicators.prefetch_related("items")
        ),
    )  # fmt: skip


def spec_from(content: Content) -> SchemeSpec:
    """What was typed, as the engine reads it. Items are named by their own key, else by their place ("0.2")."""
    return SchemeSpec(
        title=str(content.get("title") or ""), subject=str(content.get("subject") or "COMMITTEE"),
        weight=points(content.get("weight"), "-1"), bonus_cap=points(content.get("bonus_cap"), "-1"),
        bands=tuple(content.get("bands") or ()),
        indicators=tuple(
            IndicatorSpec(str(row.get("name") or ""), points(row.get("weight")), tuple(
                ItemSpec(
                    str(item.get("key") or f"{at}.{place}"), str(item.get("name") or ""), points(item.get("max")),
                    str(item.get("primitive") or ""), item.get("params") or {},
                )
                for place, item in enumerate(row.get("items") or ())
            ))
            for at, row in enumerate(content.get("indicators") or ())
        ),
    )  # fmt: skip


def content_of(scheme: Scheme) -> dict[str, Any]:
    """A scheme as the editor shows it and a copy takes it."""
    return {
        "title": scheme.title, "source": scheme.source, "subject": scheme.subject, "weight": plain(scheme.weight),
        "bonus_cap": plain(scheme.bonus_cap), "bands": list(scheme.bands),
        "indicators": [
            {
                "name": row.name, "weight": plain(row.weight),
                "items": [
                    {"name": item.name, "max": plain(item.max), "primitive": item.primitive, "params": item.params,
                     "basis": item.basis}
                    for item in row.items.all()
                ],
            }
            for row in scheme.indicators.prefetch_related("items")
        ],
    }  # fmt: skip


def plain(number: Decimal) -> str:
    """Points without trailing zeros: 15, 0.5."""
    return f"{number.normalize():f}"


def example(name: str) -> dict[str, Any]:
    """One of EXAMPLES: a Content with `letter`, `note` and `worked` (inputs with the results they must give)."""
    if name not in EXAMPLES:
        raise KeyError(name)
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return found


# ------------------------------------------------------------------------------------------------ what was typed
_COUNTED_RULE = ("key", "label", "formula", "each", "cap")
_LENGTHS = (("title", 120, "名称"), ("source", 200, "依据"))


def _text(value: Any) -> str:
    return str(value if value is not None else "").strip()


def tidy(content: Content) -> dict[str, Any]:
    """The same content with texts stripped, blank rows left out, and of `params` only what the primitive knows."""
    bands = [
        {"label": _text(row.get("label")), "at_least": _text(row.get("at_least"))} for row in content.get("bands") or ()
    ]
    indicators = [
        {
            "name": _text(row.get("name")), "weight": _text(row.get("weight")),
            "items": [item for item in map(_tidy_item, row.get("items") or ()) if _says(item)],
        }
        for row in content.get("indicators") or ()
    ]  # fmt: skip
    return {
        **{key: _text(content.get(key)) for key in ("title", "source", "weight", "bonus_cap")},
        "subject": _text(content.get("subject")) or "COMMITTEE",
        "bands": [row for row in bands if any(row.values())],
        "indicators": [row for row in indicators if row["name"] or row["weight"] or row["items"]],
    }


def _says(item: Content) -> bool:
    return bool(
        item["name"]
        or item["max"]
        or item["basis"]
        or any(item["params"].get(key) for key in ("rules", "tiers", "formula", "hint"))
    )


def _tidy_item(item: Content) -> dict[str, Any]:
    primitive = _text(item.get("primitive")) or "MANUAL"
    return {
        **{key: _text(item.get(key)) for key in ("name", "max", "basis")},
        "primitive": primitive, "params": tidy_params(primitive, item.get("params") or {}),
    }  # fmt: skip


def tidy_params(primitive: str, params: Content) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in PARAMS.get(primitive, ()):
        if name == "rules":
            found["rules"] = _tidy_rules(params.get("rules") or ())
        elif name == "tiers":
            by = "share" if primitive == "RANK_TIERS" else "at_least"
            rows = [{by: _text(row.get(by)), "score": _text(row.get("score"))} for row in params.get("tiers") or ()]
            found["tiers"] = [row for row in rows if any(row.values())]
        elif name == "high_is_good":
            found[name] = _text(params.get(name)) not in ("False", "false", "0", "否")
        else:
            found[name] = _text(params.get(name))
    return found


def _tidy_rules(rows: Iterable[Content]) -> list[dict[str, Any]]:
    """Rules with the key they have; one that has none gets the next free."""
    kept = [{name: _text(row.get(name)) for name in _COUNTED_RULE} for row in rows]
    kept = [row for row in kept if row["label"] or row["formula"] or row["each"] or row["cap"]]
    taken, number = {row["key"] for row in kept}, 1
    for row in kept:
        while not row["key"]:
            if f"r{number}" not in taken:
                row["key"] = f"r{number}"
                taken.add(row["key"])
            number += 1
    return [{**row, "formula": row["formula"] or None, "cap": row["cap"] or None} for row in kept]


def problems(content: Content, *, year: int, effective_from: date | None) -> list[Problem]:
    """Everything that keeps a tidy content from being saved, each with its place on the sheet."""
    found = [Problem((key,), f"{label}最长 {most} 个字。") for key, most, label in _LENGTHS if len(content[key]) > most]
    if effective_from is None:
        found.append(Problem(("effective_from",), "请填写生效日期。"))
    elif effective_from.year != year:
        found.append(Problem(("effective_from",), f"生效日期应在 {year} 年内。"))
    for at, row in enumerate(content["indicators"]):
        if len(row["name"]) > 60:
            found.append(Problem((at, "name"), f"第 {at + 1} 个指标的名称最长 60 个字。"))
        for place, item in enumerate(row["items"]):
            found += [
                Problem((at, place, key), f"第 {at + 1} 个指标第 {place + 1} 项的{label}最长 200 个字。")
                for key, label in (("name", "名称"), ("basis", "考核依据")) if len(item[key]) > 200
            ]  # fmt: skip
    return found + problems_of(spec_from(content), MEASURES)
