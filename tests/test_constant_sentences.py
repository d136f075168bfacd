"""No constant may claim a fact: every sentence of a paper or a page of figures that holds no variable has a reason.

`constant_sentences.txt` has one line a sentence: template, sentence, why it may stand there. A new sentence without a
line breaks the build, a line without its sentence too. A sentence that says something is not there, or is all there,
stands in a branch of the template: what it says is then a value, whichever reason is given.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LISTED = Path(__file__).with_name("constant_sentences.txt")
PLACES = ("papers", "dashboards", "bulletins", "assessment")
TOKEN = re.compile(
    r"""\{%\s*(?P<tag>.*?)\s*%\}|(?P<out>\{\{.*?\}\})|\{\#.*?\#\}|<!--.*?-->"""
    r"""|<(?P<end>/?)(?P<name>[a-zA-Z][\w-]*)(?P<attrs>(?:\{%.*?%\}|\{\{.*?\}\}|"[^"]*"|[^<>"])*)>""",
    re.DOTALL,
)
INLINE = {"b", "strong", "i", "em", "span", "a", "br", "small", "sup", "u", "kbd"}
VARIABLE = "\ue000"
SENTENCE = re.compile(r"[^。！？]*[。！？]|[^。！？]+$")
# What can be true of one base and false of another.
CLAIMS = re.compile(
    r"^(?:本年度|年内|本次|本场|本期|以往|各委员会|没有|无(?!须)|都|全部|均|已全)|(?:没有|无)[^，。；]{0,8}(?:记录|登记|异常|变动|事项)"
)


@dataclass(frozen=True)
class Found:
    place: str
    sentence: str
    branch: bool


def _pieces(text: str) -> Iterator[tuple[str, bool, bool]]:
    """(words between tags, whether a branch holds them, whether they are the whole of a paragraph)."""
    at, words, depth = 0, "", 0
    opened = False
    for token in TOKEN.finditer(text):
        words, at = words + text[at : token.start()], token.end()
        if token["out"]:
            words += VARIABLE
            continue
        if token["tag"] is None and (token["name"] is None or token["name"].lower() in INLINE):
            continue
        name = (token["name"] or "").lower()
        yield words, depth > 0, opened and bool(token["end"]) and name == "p"
        words, opened = "", name == "p" and not token["end"]
        word = (token["tag"] or "").split(" ")[0]
        depth += {"if": 1, "endif": -1, "for": 1, "endfor": -1}.get(word, 0)
    yield words + text[at:], depth > 0, False


def sentences(place: str, text: str) -> Iterator[Found]:
    for words, branch, alone in _pieces(text):
        for one in SENTENCE.findall(words):
            said = " ".join(one.split())
            ends = said[-1:] in "。！？" or alone
            if said and ends and VARIABLE not in said and len(re.findall(r"[\u4e00-\u9fff]", said)) > 1:
                yield Found(place, said, branch)


def found() -> list[Found]:
    rows: list[Found] = []
    for folder in PLACES:
        for path in sorted((ROOT / "templates" / folder).rglob("*.html")):
            rows += sentences(str(path.relative_to(ROOT / "templates")), path.read_text())
    source = ROOT / "sessions_app/papers/word_templates.py"
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "<p" in node.value:
            rows += sentences("word_templates.py", node.value)
    return rows


def listed() -> dict[tuple[str, str], str]:
    rows = [line.split("\t") for line in LISTED.read_text().splitlines() if line and not line.startswith("#")]
    assert all(len(row) == 3 and row[2].strip() for row in rows), "template, sentence, reason, between tabs"
    return {(row[0], row[1]): row[2] for row in rows}


def test_every_constant_sentence_has_a_reason() -> None:
    known, there = listed(), {(one.place, one.sentence) for one in found()}
    assert not there - known.keys(), "a sentence without a variable and without a reason"
    assert not known.keys() - there, "a reason for a sentence that is not there any more"


def test_a_constant_that_claims_a_fact_stands_in_a_branch() -> None:
    assert [one for one in found() if CLAIMS.search(one.sentence) and not one.branch] == []


def test_the_walk_sees_what_it_is_made_for() -> None:
    """The fault that was found, and its neighbours; what holds a value or is no sentence is let pass."""
    bad = "{% if a %}<p>甲{{ a }}。</p>{% endif %}<p>本年度系统内无考核评价和约谈记录。</p><p>没有异常情况</p><th>名次</th>"
    assert [(one.sentence, one.branch) for one in sentences("x", bad)] == [
        ("本年度系统内无考核评价和约谈记录。", False), ("没有异常情况", False),
    ]  # fmt: skip
    assert all(CLAIMS.search(one.sentence) for one in sentences("x", bad))
    good = "{% if a %}<p>甲{{ a }}。</p>{% else %}<p>本年度系统内无成果登记。</p>{% endif %}"
    assert [(one.sentence, one.branch) for one in sentences("x", good)] == [("本年度系统内无成果登记。", True)]
    assert len(found()) > 80
