"""Chinese numerals in prose, read as digits without losing where they stood. Pure.

三百二十一人次 becomes 321人次, 百分之九十五点三 becomes 95.3%. Only where a unit follows: 二十届, 第三季度, 进一步 stay as they
are, and so does 一项, which is a way of speaking more often than a count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import cn2an

UNITS = "个百分点|人次|场次|场|次|项|家|篇|天|名|位|份|件|条|人|个单位|个党委|期"
DIGITS = "〇零一二两三四五六七八九"
RUN = re.compile(
    rf"百分之(?P<share>[{DIGITS}十百点]+)|(?<![第{DIGITS}十百千万几数])(?P<count>[{DIGITS}十百千万点]+)(?=(?:多|余)?(?:{UNITS}))"
)
SINGLE = re.compile(r"[一两]$")
# What is no exact number in Chinese and is only named: 十几家, 数百人次, 两三场.
VAGUE = re.compile(rf"[{DIGITS}十百千万]{{0,12}}[几数][{DIGITS}十百千万]{{0,12}}(?:{UNITS})")
LONGEST = 12


def _digits(words: str) -> str | None:
    """The number as digits; None for what is no number: 两三, 三四十."""
    if len(words) > LONGEST:
        return None
    try:
        found = cn2an.cn2an(words, "smart")
    except ValueError:
        return None
    return f"{found:g}" if isinstance(found, float) else str(found)


def _read(match: re.Match[str]) -> str | None:
    if match["share"]:
        found = _digits(match["share"])
        return None if found is None else f"{found}%"
    if SINGLE.fullmatch(match["count"]):
        return None
    return _digits(match["count"])


def read(text: str) -> tuple[str, list[int]]:
    """The text with its numerals as digits, and for each of its places the place in the text that was given.

    The list has one more entry, for the end.
    """
    said: list[str] = []
    places: list[int] = []
    at = 0
    for match in RUN.finditer(text):
        digits = _read(match)
        if digits is None:
            continue
        said.append(text[at : match.start()])
        places += range(at, match.start())
        said.append(digits)
        places += [match.start()] * len(digits)
        at = match.end()
    said.append(text[at:])
    places += range(at, len(text) + 1)
    return "".join(said), places


def vague(text: str) -> Iterator[re.Match[str]]:
    yield from VAGUE.finditer(text)
