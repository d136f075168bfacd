"""The lines of a bulletin's clean HTML: what stands where, and the place of each character in the HTML. Pure.

Reads only the subset that `clean` lets through; a foreign tag is passed over, its text kept.
"""

from __future__ import annotations

import html as entities
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

BLOCKS = ("p", "h2", "h3", "h4", "li")
ENTITY = r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});"
# No mark holds a "<", not even in quotes: so each is looked at once, however many are never closed.
TOKENS = re.compile(rf"""<(/?)([a-zA-Z][a-zA-Z0-9]*+)((?:"[^"<]*"|'[^'<]*'|[^'"<>])*+)>|({ENTITY})|([\s\S])""")
ENTITIES = re.compile(ENTITY)
ATTRIBUTE = re.compile(r"""(?<![a-zA-Z-])([a-zA-Z-]++)\s*+=\s*+(?:"([^"]*)"|'([^']*)')""")


@dataclass
class Run:
    """A stretch of text of one look; with `fact` it is a figure put in from the snapshot. `at`: places in the HTML."""

    text: str = ""
    bold: bool = False
    italic: bool = False
    fact: str = ""
    of: str = ""
    at: list[int] = field(default_factory=list)


@dataclass
class Line:
    """A paragraph, a heading, a point of a list, or a block (`tag` "figure", `block` its name)."""

    tag: str
    kind: str = ""  # of a point: ul, ol
    number: int = 0  # of a point of an ol
    block: str = ""
    runs: list[Run] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(run.text for run in self.runs)


def lines(html: str) -> list[Line]:
    """In order. Empty paragraphs are left out."""
    found: list[Line] = []
    open_line: Line | None = None
    kinds: list[tuple[str, int]] = []
    bold = italic = 0
    fact: tuple[str, str] | None = None

    def close() -> None:
        nonlocal open_line
        if open_line is not None and open_line.text.strip():
            found.append(open_line)
        open_line = None

    def put(text: str, at: int) -> None:
        nonlocal open_line
        if open_line is None:
            if not text.strip():
                return
            open_line = Line("p")
        look = (bool(bold), bool(italic), *(fact or ("", "")))
        run = open_line.runs[-1] if open_line.runs else None
        if run is None or (run.bold, run.italic, run.fact, run.of) != look:
            run = Run("", *look)
            open_line.runs.append(run)
        run.text += text
        run.at += [at] * len(text)

    for match in TOKENS.finditer(html):
        end, tag, rest, entity, sign = match.groups()
        if sign is not None:
            put(sign, match.start())
            continue
        if entity is not None:
            put(entities.unescape(entity), match.start())
            continue
        tag = tag.lower()
        if tag in BLOCKS:
            close()
            if not end:
                open_line = Line(tag)
                if tag == "li" and kinds:
                    kind, number = kinds[-1]
                    kinds[-1] = (kind, number + 1)
                    open_line.kind, open_line.number = kind, number + 1 if kind == "ol" else 0
        elif tag in ("ul", "ol"):
            close()
            if end and kinds:
                kinds.pop()
            elif not end:
                kinds.append((tag, 0))
        elif tag == "figure":
            close()
            if not end and (name := attributes(rest).get("data-block")):
                found.append(Line("figure", block=name))
        elif tag == "strong":
            bold = max(0, bold + (-1 if end else 1))
        elif tag == "em":
            italic = max(0, italic + (-1 if end else 1))
        elif tag == "span":
            given = {} if end else attributes(rest)
            fact = (given["data-fact"], given.get("data-of", "")) if given.get("data-fact") else None
        elif tag == "br":
            close()
    close()
    return found


def decoded(text: str) -> str:
    """Character references read, those of a sane length only: the others are letters."""
    return ENTITIES.sub(lambda found: entities.unescape(found[0]), text)


def attributes(rest: str) -> dict[str, str]:
    """Those of one mark, by name in small letters."""
    return {
        name.lower(): decoded(double if double is not None else single or "")
        for name, double, single in ((m[1], m[2], m[3]) for m in ATTRIBUTE.finditer(rest))
    }


def plain(html: str) -> str:
    """The text alone, one line a paragraph: what is counted, searched and checked. Blocks are left out."""
    return "\n".join(line.text for line in lines(html) if line.tag != "figure")


def chapters(html: str) -> list[tuple[str, int]]:
    """Each heading of the first level with how much stands under it; what stands before the first has the name ""."""
    found: list[tuple[str, int]] = [("", 0)]
    for line in lines(html):
        if line.tag == "h2":
            found.append((line.text.strip(), 0))
        else:
            size = 1 if line.tag == "figure" else 0 if line.tag in ("h3", "h4") else len(line.text.strip())
            found[-1] = (found[-1][0], found[-1][1] + size)
    return found


def facts_in(html: str) -> Iterator[Run]:
    return (run for line in lines(html) for run in line.runs if run.fact)


def blocks_in(html: str) -> list[str]:
    return [line.block for line in lines(html) if line.tag == "figure"]
