"""A scheme read from its rows, from what was typed, or from one of the examples that come with the product.

`Content` is the plain nested structure the editor, the examples and the actions share: title, source, subject, weight,
bonus_cap, bands [{label, at_least}], indicators [{name, weight, items [{key?, name, max, primitive, params, basis}]}];
numbers are strings as they were typed.
"""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from sessions_app.assessment.models import Scheme
from sessions_app.assessment.rules import IndicatorSpec, ItemSpec, SchemeSpec

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
