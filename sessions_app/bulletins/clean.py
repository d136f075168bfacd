"""Rich text down to the subset a bulletin prints: what people paste never styles, runs, links or loads.

One pass reads foreign marks into plain lines, the lines are put in order, and one writer says them in one way. Nothing of
the given HTML is passed on: only words, escaped, and the few tags written here. So cleaning twice is cleaning once.
"""

from __future__ import annotations

import html as entities
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from sessions_app.bulletins import markup, rules
from sessions_app.bulletins.blocks import NAMES
from sessions_app.bulletins.markup import Line, Run

# Word and web pages write these: what they say is kept under the tag that prints.
RENAMED = {"b": "strong", "i": "em", "h1": "h2"} | dict.fromkeys(
    ["div", "tr", "blockquote", "pre", "section", "article", "dt", "dd", "center", "h5", "h6", "table"], "p"
)
RAW = frozenset(["script", "style", "title", "iframe", "noscript", "textarea"])  # all words until their own end
GONE = frozenset(["head", "xml", "svg", "math", "object", "template"])  # with what stands inside
MARK = re.compile(r"""<(?P<end>/?)(?P<name>[a-zA-Z][a-zA-Z0-9:]*+)(?P<rest>(?:"[^"<]*"|'[^'<]*'|[^"'<>])*+|[^<>]*+)>""")
INVISIBLE = re.compile(
    "[\u0000-\u0008\u000b\u000e-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff"
    "\ufeff\ufff9-\uffff]"
)
SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f \t\r\n\f]+")
WIDE = "[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]"
BETWEEN = re.compile(f"(?<={WIDE}) (?={WIDE})")
EDGES = " \u3000"
DEEPEST = 30  # lists in lists, drawings in drawings: nobody goes deeper


@dataclass(frozen=True)
class Cleaned:
    """`notes`: what was taken out that somebody may miss, a sentence each."""

    html: str
    notes: tuple[str, ...] = ()


def cleaned(html: str, facts: Mapping[str, Any] | None) -> Cleaned:
    """The subset, written in one way: cleaning it again changes nothing.

    A figure the snapshot does not have becomes plain text (while nothing is frozen, figures stay); an unknown block goes.
    """
    notes: list[str] = []
    ready = [one for line in _Reader(html).lines() if (one := _in_order(line, facts, notes))]
    return Cleaned(_written(ready), tuple(dict.fromkeys(notes)))


# ------------------------------------------------------------------------------------------------------- reading
def _marks(html: str) -> Iterator[tuple[str, str, str, str]]:
    """(text before, "/" or "", name, the rest) of each mark, in one pass. What is never closed is text."""
    words: list[str] = []
    at = 0
    ends: dict[str, bool] = {}  # whether a closing is still to come: looked for in vain once
    while (found := html.find("<", at)) >= 0:
        words.append(html[at:found])
        at = _skipped(html, found, ends)
        if at:
            continue
        mark = MARK.match(html, found)
        if mark is None:
            words.append("<")
            at = found + 1
            continue
        yield "".join(words), mark["end"], mark["name"].lower(), mark["rest"]
        words, at = [], mark.end()
        if mark["name"].lower() in RAW and not mark["end"]:
            closing = re.compile(rf"</{mark['name']}", re.IGNORECASE).search(html, at)
            at = closing.start() if closing else len(html)
    yield "".join(words) + html[at:], "", "", ""


def _skipped(html: str, at: int, ends: dict[str, bool]) -> int:
    """Where a comment or a declaration that begins here ends; 0 when none does."""
    for start, end in (("<!--", "-->"), ("<!", ">"), ("<?", ">")):
        if html.startswith(start, at) and ends.get(end, True):
            place = html.find(end, at + len(start))
            if place >= 0:
                return place + len(end)
            ends[end] = False
    return 0


@dataclass
class _Reader:
    """Foreign marks as lines: what is open while the text is read, front to back."""

    html: str
    found: list[Line] = field(default_factory=list)
    line: Line | None = None
    kinds: list[str] = field(default_factory=list)
    depth: dict[str, int] = field(default_factory=lambda: {"strong": 0, "em": 0})
    fact: tuple[str, str] = ("", "")
    gone: list[str] = field(default_factory=list)
    comma: bool = False

    def lines(self) -> list[Line]:
        for text, end, name, rest in _marks(self.html):
            if text and not self.gone:
                self._put(INVISIBLE.sub("", markup.decoded(text)))
            if name in GONE:
                self._hide(name, end, rest)
            elif name and not self.gone and name not in RAW:
                self._turn(RENAMED.get(name, name), end, rest)
        self._close()
        return self.found

    def _hide(self, name: str, end: str, rest: str) -> None:
        if not end and not rest.rstrip().endswith("/"):
            self.gone += [name] * (len(self.gone) < DEEPEST)
        elif end and name in self.gone:
            del self.gone[self.gone.index(name) :]

    def _put(self, text: str) -> None:
        if self.line is None:
            if not SPACES.sub("", text).strip(EDGES):
                return
            self.line = Line("p")
        if self.comma and SPACES.sub("", text):
            text, self.comma = f"，{text}", False
        self.line.runs.append(Run(text, self.depth["strong"] > 0, self.depth["em"] > 0, *self.fact))

    def _close(self) -> None:
        if self.line is not None:
            self.found.append(self.line)
        self.line, self.comma = None, False

    def _turn(self, tag: str, end: str, rest: str) -> None:
        if tag in markup.BLOCKS:
            self._close()
            if not end:
                self.line = Line(tag, kind=(self.kinds[-1] if self.kinds else "ul") if tag == "li" else "")
        elif tag in ("ul", "ol"):
            self._close()
            self.kinds = self.kinds[:-1] if end else [*self.kinds[-DEEPEST:], tag]
        elif tag == "figure":
            self._close()
            if not end and (name := _said(markup.attributes(rest).get("data-block", ""))):
                self.found.append(Line("figure", block=name))
        elif tag in self.depth:
            self.depth[tag] = max(0, self.depth[tag] + (-1 if end else 1))
        elif tag == "span":
            given = {} if end else markup.attributes(rest)
            fact = _said(given.get("data-fact", ""))
            self.fact = (fact, _said(given.get("data-of", ""))) if fact else ("", "")
        elif tag == "br":
            self._close()
        elif tag in ("td", "th") and not end:
            self.comma = self.line is not None and any(run.text.strip() for run in self.line.runs)


def _said(value: str) -> str:
    return INVISIBLE.sub("", value)


# ------------------------------------------------------------------------------------------------- putting in order
def _in_order(line: Line, facts: Mapping[str, Any] | None, notes: list[str]) -> Line | None:
    """The line as it will stand, or nothing of it. A line in order comes out as it is."""
    if line.tag == "figure":
        if line.block in NAMES:
            return line
        notes.append(f"删去了没有的图表“{line.block[:20]}”。")
        return None
    plain = line.tag not in ("p", "li")
    looks: list[tuple[bool, bool, str, str]] = []
    for run in line.runs:
        known = run.fact and (facts is None or rules.printed(facts, run.fact, run.of))
        if run.fact and not known and run.text.strip():
            notes.append(f"“{run.text[:20]}”不是快照里的数据，改成了普通文字。")
        fact = (run.fact, run.of) if known else ("", "")
        looks += [(run.bold and not plain, run.italic and not plain, *fact)] * len(run.text)
    kept = _spaced("".join(run.text for run in line.runs))
    signs = ((looks[place], sign) for place, sign in kept)
    line.runs = [
        Run("".join(sign for _, sign in group), *look) for look, group in groupby(signs, key=lambda pair: pair[0])
    ]
    return line if line.runs else None


def _spaced(text: str) -> list[tuple[int, str]]:
    """Each sign that stays with its place: one space where there were several, none at the edges or between wide signs."""
    kept: list[tuple[int, str]] = []
    for place, sign in enumerate(text):
        if not SPACES.match(sign):
            kept.append((place, sign))
        elif kept and kept[-1][1] != " ":
            kept.append((place, " "))
    said = "".join(sign for _, sign in kept)
    first = len(said) - len(said.lstrip(EDGES))
    last = len(said.rstrip(EDGES))
    between = {found.start() for found in BETWEEN.finditer(said)}
    return [pair for at, pair in enumerate(kept) if first <= at < last and at not in between]


# ------------------------------------------------------------------------------------------------------- writing
def _written(lines: list[Line]) -> str:
    out: list[str] = []
    for kind, group in groupby(lines, key=lambda line: line.kind):
        out.append(f"<{kind}>" * bool(kind))
        for line in group:
            if line.tag == "figure":
                out.append(f'<figure data-block="{entities.escape(line.block)}"></figure>')
            else:
                out.append(f"<{line.tag}>{''.join(map(_run, line.runs))}</{line.tag}>")
        out.append(f"</{kind}>" * bool(kind))
    return "".join(out)


def _run(run: Run) -> str:
    text = entities.escape(run.text, quote=False)
    if run.fact:
        text = f'<span data-fact="{entities.escape(run.fact)}" data-of="{entities.escape(run.of)}">{text}</span>'
    if run.italic:
        text = f"<em>{text}</em>"
    return f"<strong>{text}</strong>" if run.bold else text


FIGURE = re.compile(r'<span data-fact="([^"]*)" data-of="([^"]*)">([^<]*)</span>')


def reprinted(html: str, facts: Mapping[str, Any]) -> tuple[str, int]:
    """Figures put into clean HTML with the values of a new snapshot, and how many of them changed."""
    changed = 0

    def anew(found: re.Match[str]) -> str:
        nonlocal changed
        text = rules.printed(facts, entities.unescape(found[1]), entities.unescape(found[2]))
        if not text or text == entities.unescape(found[3]):
            return found[0]
        changed += 1
        return f'<span data-fact="{found[1]}" data-of="{found[2]}">{text}</span>'

    return FIGURE.sub(anew, html), changed
