"""Charts as SVG, made once for page and paper alike, kept in the cache by the hash of what they show."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from typing import Any

import vl_convert
from django.core.cache import cache

INK, MUTED, LINE, BAR = "#1f2328", "#57606a", "#d8dee4", "#0b5cad"
FONT = "Noto Sans CJK SC"
KEEP_SECONDS = 30 * 24 * 3600
VERSION = f"2 vl-convert {vl_convert.__version__}"

Row = tuple[str, float | int]


def columns(rows: Sequence[Row], *, unit: str, label: str, links: Sequence[str] = (), height: int = 150) -> str:
    """Upright bars, one a row (label, value), with the value written on top. `links`: an address a bar, for pages."""
    return _kept("columns", rows, unit, label, links, height)


def bars(rows: Sequence[Row], *, unit: str, label: str, links: Sequence[str] = ()) -> str:
    """Lying bars for long labels, one a row, with the value written at the end."""
    return _kept("bars", rows, unit, label, links, 24 * max(1, len(rows)))


def _kept(shape: str, rows: Sequence[Row], unit: str, label: str, links: Sequence[str], height: int) -> str:
    asked = json.dumps([VERSION, shape, list(rows), unit, label, list(links), height], ensure_ascii=False)
    key = "chart:" + hashlib.sha256(asked.encode()).hexdigest()
    svg = cache.get(key)
    if svg is None:
        svg = _drawn(shape, rows, unit, label, links, height)
        cache.set(key, svg, KEEP_SECONDS)
    return svg


def _drawn(shape: str, rows: Sequence[Row], unit: str, label: str, links: Sequence[str], height: int) -> str:
    values = [
        {"label": name, "value": value, "words": f"{value:g}", **({"link": f"zhixing-{index}"} if links else {})}
        for index, (name, value) in enumerate(rows)
    ]
    highest = max([1, *(float(value) for _, value in rows)]) * 1.15
    names: dict[str, Any] = {
        "field": "label", "type": "nominal", "sort": [name for name, _ in rows],
        "axis": {"title": None, "labelAngle": 0, "ticks": False, "domainColor": LINE, "labelLimit": 160, "labelPadding": 6},
        "scale": {"paddingInner": 0.45 if shape == "columns" else 0.4},
    }  # fmt: skip
    amounts: dict[str, Any] = {
        "field": "value", "type": "quantitative", "scale": {"domain": [0, highest], "nice": False},
        "axis": {"title": None, "labels": False, "ticks": False, "domain": False, "grid": False},
    }  # fmt: skip
    upright = shape == "columns"
    places = {"x": names, "y": amounts} if upright else {"x": amounts, "y": names}
    beside = {"dy": -7, "align": "center"} if upright else {"dx": 5, "align": "left"}
    bar = {"mark": {"type": "bar", "color": BAR}, "encoding": places}
    if links:
        bar = bar | {"encoding": places | {"href": {"field": "link", "type": "nominal"}}}
    written = {
        "mark": {"type": "text", "color": INK, "fontSize": 12, **beside},
        "encoding": places | {"text": {"field": "words", "type": "nominal"}},
    }
    chart = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "data": {"values": values}, "layer": [bar, written], "width": 560 if upright else 430, "height": height,
        "background": "transparent",
        "config": {
            "font": FONT, "padding": {"left": 4, "right": 12, "top": 12, "bottom": 4},
            "axis": {"labelFontSize": 12, "labelColor": MUTED}, "view": {"stroke": None},
        },
    }  # fmt: skip
    svg = vl_convert.vegalite_to_svg(chart, allowed_base_urls=[])
    # Vega completes every address with its own host, so ours are put in afterwards.
    svg = re.sub(r"; link: zhixing-\d+", "", svg)
    svg = re.sub(r'"[^"]*zhixing-(\d+)"', lambda found: f'"{_attribute(links[int(found[1])])}"', svg)
    return _calm(svg, label=f"{label}（{unit}）：" + "，".join(f"{name} {value:g}" for name, value in rows))


def _calm(svg: str, *, label: str) -> str:
    """No style attribute (the page's policy drops it), a name for readers aloud, the same text every time."""
    svg = re.sub(r'\sstyle="[^"]*"', "", svg)
    return svg.replace("<svg ", f'<svg role="img" aria-label="{_attribute(label)}" ', 1)


def _attribute(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
