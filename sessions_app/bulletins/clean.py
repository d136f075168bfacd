"""Rich text down to the subset a bulletin prints: what people paste never styles, runs, links or loads."""

from __future__ import annotations

import html as entities
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import nh3

from sessions_app.bulletins import markup, rules
from sessions_app.bulletins.blocks import NAMES

TAGS = {"p", "h2", "h3", "h4", "strong", "em", "ul", "ol", "li", "span", "figure", "br"}
ATTRIBUTES = {"span": {"data-fact", "data-of"}, "figure": {"data-block"}}
GONE = {
    "script",
    "style",
    "head",
    "title",
    "xml",
    "svg",
    "math",
    "object",
    "iframe",
    "template",
    "noscript",
    "textarea",
}
# Word and web pages write these: what they say is kept under the tag that prints.
RENAMED = (
    (re.compile(r"<(/?)b(?=[\s>/])", re.IGNORECASE), r"<\1strong"),
    (re.compile(r"<(/?)i(?=[\s>/])", re.IGNORECASE), r"<\1em"),
    (
        re.compile(r"<(/?)(?:div|tr|blockquote|pre|section|article|dt|dd|center|h5|h6)(?=[\s>/])", re.IGNORECASE),
        r"<\1p",
    ),
    (re.compile(r"<(/?)h1(?=[\s>/])", re.IGNORECASE), r"<\1h2"),
    (re.compile(r"</t[dh]\s*>\s*(?=<t[dh])", re.IGNORECASE), "，"),
)
JUNK = re.compile(r"<!--[\s\S]*?-->|<!\[[^>]*>|<\?[^>]*>|</?[a-z]+:[^>]*>", re.IGNORECASE)
INVISIBLE = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff]"
)
SPACES = re.compile("[\u00a0\u2000-\u200a\u202f\u205f \t\r\n\f]+")
WIDE = "[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]"
BETWEEN = re.compile(f"(?<={WIDE}) (?={WIDE})")


@dataclass(frozen=True)
class Cleaned:
    """`notes`: what was taken out that somebody may miss, a sentence each."""

    html: str
    notes: tuple[str, ...] = ()


def cleaned(html: str, facts: Mapping[str, Any] | None) -> Cleaned:
    """The subset, written in one way: cleaning it again changes nothing.

    A figure the snapshot does not have becomes plain text (while nothing is frozen, figures stay); an unknown block goes.
    """
    html = JUNK.sub("", INVISIBLE.sub("", html))
    for pattern, by in RENAMED:
        html = pattern.sub(by, html)
    html = nh3.clean(
        html, tags=TAGS, clean_content_tags=GONE, attributes=ATTRIBUTES, strip_comments=True, link_rel=None,
        url_schemes=set(),
    )  # fmt: skip
    notes: list[str] = []
    out: list[str] = []
    kind = ""
    for line in markup.lines(html):
        if line.tag == "figure":
            if line.block not in NAMES:
                notes.append(f"删去了没有的图表“{line.block[:20]}”。")
                continue
            text = ""
        else:
            text = _runs(line, facts, notes)
            if not text:
                continue
        wanted = (line.kind or "ul") if line.tag == "li" else ""
        if wanted != kind:
            out.append(f"</{kind}>" * bool(kind) + f"<{wanted}>" * bool(wanted))
            kind = wanted
        if line.tag == "figure":
            out.append(f'<figure data-block="{entities.escape(line.block)}"></figure>')
        else:
            out.append(f"<{line.tag}>{text}</{line.tag}>")
    out.append(f"</{kind}>" * bool(kind))
    return Cleaned("".join(out), tuple(dict.fromkeys(notes)))


def _runs(line: markup.Line, facts: Mapping[str, Any] | None, notes: list[str]) -> str:
    """The runs of one line: spaces put in order over the whole line, marks of look written in one order."""
    pieces: list[tuple[str, markup.Run]] = []
    said = ""
    for run in line.runs:
        text = SPACES.sub(" ", run.text)
        if said.endswith(" ") or not said:
            text = text.lstrip(" \u3000") if not said else text.lstrip(" ")
        said += text
        if text:
            pieces.append((text, run))
    while pieces and not pieces[-1][0].rstrip(" \u3000"):
        pieces.pop()
    found = ""
    for place, (text, run) in enumerate(pieces):
        if place == len(pieces) - 1:
            text = text.rstrip(" \u3000")
        text = entities.escape(BETWEEN.sub("", text), quote=False)
        if run.fact:
            text = _figure(text, run, facts, notes)
        if run.italic and line.tag in ("p", "li"):
            text = f"<em>{text}</em>"
        if run.bold and line.tag in ("p", "li"):
            text = f"<strong>{text}</strong>"
        found += text
    return found


def _figure(text: str, run: markup.Run, facts: Mapping[str, Any] | None, notes: list[str]) -> str:
    if facts is not None and not rules.printed(facts, run.fact, run.of):
        notes.append(f"“{text[:20]}”不是快照里的数据，改成了普通文字。")
        return text
    fact, of = entities.escape(run.fact), entities.escape(run.of)
    return f'<span data-fact="{fact}" data-of="{of}">{text}</span>'


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
