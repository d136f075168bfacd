"""How the blocks of a bulletin are drawn from their plain data, on a page and on paper alike."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import template
from django.utils.safestring import mark_safe

from sessions_app.papers import charts

register = template.Library()


@register.filter
def chart(block: Mapping[str, Any]) -> str:
    """The SVG of a block of the kind "chart"."""
    draw = charts.columns if block["shape"] == "columns" else charts.bars
    rows = [(str(label), value) for label, value in block["rows"]]
    return mark_safe(draw(rows, unit=block["unit"], label=block["caption"]))  # noqa: S308 (made here)


@register.filter
def at(rows: Sequence[Any], place: int) -> Any:
    return rows[place] if 0 <= place < len(rows) else {}
