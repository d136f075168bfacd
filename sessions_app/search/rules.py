"""What was typed, as terms; what of it the index knows; where it stands in a text. Plain values: no ORM, no clock."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

# The same letters as in migration zhixing_bigrams: Han of the basic plane, its compatibility forms, all further planes.
HAN = "〇々\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
RUN = re.compile(f"[0-9a-z{HAN}]+")
PIECE = re.compile(f"[0-9a-z]+|[{HAN}]")
FOLDED = str.maketrans({chr(0xFEE0 + code): chr(code).lower() for code in range(ord("0"), ord("z") + 1) if chr(code).isalnum()})  # fmt: skip
SMALL = str.maketrans({chr(code): chr(code).lower() for code in range(ord("A"), ord("Z") + 1)})
LONGEST = 60  # letters of a question
MOST_TERMS = 6
LONGEST_WORD = 64  # of Latin letters; the index keeps no more of one
AROUND = 28  # letters of a snippet before the hit
SNIPPET = 110

TOO_SHORT = "请至少输入两个相邻的汉字（如“党建”），或者一个英文单词、一个数字；单个汉字出现得太多，查不出要找的内容。"
TOO_MANY = f"一次最多查 {MOST_TERMS} 个词，请去掉一些再查。"


@dataclass(frozen=True)
class Question:
    """`terms` must all stand in a text, each as it is; `index` is the same as a tsquery. `problem`: why not, in words."""

    terms: tuple[str, ...]
    index: str
    exact: bool  # the index alone decides: no look into the text is needed
    problem: str = ""


def plain(text: str) -> str:
    """As the database sees it (`zhixing_plain`): full-width letters and digits narrow, Latin letters small. The length stays."""
    return text.translate(FOLDED).translate(SMALL)


def pairs(term: str) -> list[str]:
    """Neighbouring letters of which at least one is Han."""
    return [one + two for one, two in zip(term, term[1:], strict=False) if not (one + two).isascii()]


def question(typed: str) -> Question:
    """Marks and blanks part the words; what is typed in compatibility forms (①, ㎡, 豈) is read as what it stands for."""
    text = plain(unicodedata.normalize("NFKC", typed))[:LONGEST]
    terms = tuple(dict.fromkeys(RUN.findall(text)))
    if not terms:
        return Question((), "", False, TOO_SHORT if typed.strip() else "")
    if len(terms) > MOST_TERMS:
        return Question(terms, "", False, TOO_MANY)
    known: dict[str, None] = {}
    exact = True
    for term in terms:
        found = pairs(term)
        pieces = PIECE.findall(term)
        for place, piece in enumerate(pieces):
            if piece.isascii():  # a word that ends the term may go on in the text: 2026 finds 20260101
                last = place == len(pieces) - 1
                found.append(f"{piece[:LONGEST_WORD]}{':*' if last else ''}")
        if not found:
            return Question(terms, "", False, TOO_SHORT)
        exact = exact and len(found) == 1 and len(term) <= LONGEST_WORD
        known.update(dict.fromkeys(found))
    index = " & ".join(f"'{one[:-2]}':*" if one.endswith(":*") else f"'{one}'" for one in known)
    return Question(terms, index, exact)


def _places(text: str, terms: Sequence[str]) -> list[tuple[int, int]]:
    """Where the terms stand, in order, overlaps joined."""
    low = plain(text)
    found = sorted((one.start(), one.end()) for term in terms for one in re.finditer(re.escape(term), low))
    joined: list[tuple[int, int]] = []
    for begin, end in found:
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return joined


def marked(text: str, terms: Sequence[str]) -> list[tuple[str, bool]]:
    """The text in pieces, each with whether it is a hit; together they are the text."""
    pieces, at = [], 0
    for begin, end in _places(text, terms):
        if begin > at:
            pieces.append((text[at:begin], False))
        pieces.append((text[begin:end], True))
        at = end
    if at < len(text):
        pieces.append((text[at:], False))
    return pieces


def snippet(text: str, terms: Sequence[str]) -> list[tuple[str, bool]]:
    """The neighbourhood of the first hit, marked; [] where the text has none."""
    flat = " ".join(text.split())
    places = _places(flat, terms)
    if not places:
        return []
    begin = max(0, places[0][0] - AROUND)
    end = min(len(flat), begin + SNIPPET)
    pieces = marked(flat[begin:end], terms)
    if begin:
        pieces.insert(0, ("…", False))
    if end < len(flat):
        pieces.append(("…", False))
    return pieces
