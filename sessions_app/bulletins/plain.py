"""The body of a bulletin as plain text and back: for a page without script. Pure.

A paragraph a line; `一、` and `（一）` make headings of the first and second level, `# ` `## ` `### ` make any; `- ` makes a
point of a list; a line `【图表：name】` keeps the place of a block. Figures are plain numbers here.
"""

import re
from collections.abc import Iterable
from html import escape

from sessions_app.bulletins import markup

LEVELS = ((re.compile(r"[一二三四五六七八九十]{1,4}、"), "h2"), (re.compile(r"（[一二三四五六七八九十]{1,4}）"), "h3"))
MARKS = {"# ": "h2", "## ": "h3", "### ": "h4"}
BLOCK = re.compile(r"【图表：([^】]+)】\Z")
LONGEST_HEADING = 40


def level(line: str) -> str:
    """h2 or h3 for a short line with the number of a heading, else nothing."""
    if len(line) > LONGEST_HEADING or "。" in line:
        return ""
    return next((tag for number, tag in LEVELS if number.match(line)), "")


def to_plain(html: str) -> str:
    found = []
    for line in markup.lines(html):
        text = " ".join(line.text.split())
        if line.tag == "figure":
            text = f"【图表：{line.block}】"
        elif line.tag == "li":
            text = f"- {text}"
        elif line.tag != "p" and level(text) != line.tag:
            text = next(mark for mark, of in MARKS.items() if of == line.tag) + text
        found.append(text)
    return "\n".join(found)


def from_plain(text: str, blocks: Iterable[str]) -> str:
    """Clean HTML of typed lines; a block that does not exist stays the words that were typed."""
    known, out, listing = frozenset(blocks), [], False
    for typed in text.splitlines():
        line = typed.strip().strip("\u3000").strip()
        if not line:
            continue
        point = line.startswith("- ")
        if point != listing:
            out.append("<ul>" if point else "</ul>")
            listing = point
        if point:
            out.append(f"<li>{escape(line[2:].strip(), quote=False)}</li>")
            continue
        named = BLOCK.match(line)
        if named and named[1] in known:
            out.append(f'<figure data-block="{escape(named[1])}"></figure>')
            continue
        mark = next((mark for mark in MARKS if line.startswith(mark)), "")
        tag = MARKS[mark] if mark else level(line) or "p"
        out.append(f"<{tag}>{escape(line[len(mark) :].strip(), quote=False)}</{tag}>")
    return "".join([*out, "</ul>" if listing else ""])


def typed_over(text: str, body: str, blocks: Iterable[str]) -> str:
    """The body after its plain text was typed over: untouched text leaves bold words and figures as they are."""
    same = [line.strip() for line in text.splitlines() if line.strip()] == to_plain(body).splitlines()
    return body if same else from_plain(text, blocks)
