"""Every regular expression of the house on growing evil strings: four times the text takes about four times as long.

Expressions are found by walking the source; the strings are made of each expression's own letters. Not seconds are asked
for but a ratio, so that a slow machine says the same.
"""

import ast
import importlib
import random
import re
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from roster.people.rules import PHONE
from sessions_app.bulletins import clean, markup, plain, prose
from sessions_app.workbooks import rules as workbook_rules

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import re._parser as grammar

ROOT = Path(settings.BASE_DIR)
# These read what stands in our own repository, never what somebody sent.
OUR_OWN = {
    "sessions_app/papers/word_blocks.py": "print templates of the house",
    "sessions_app/papers/charts.py": "SVG that our own child drew",
    "sessions_app/papers/bind.py": "fonts of this machine",
    "sessions_app/papers/word.py": "markup of our own templates",
    "roster/accounts/middleware.py": "SQL that Django wrote",
}
METHODS = ("search", "finditer", "findall", "sub", "subn", "split", "match", "fullmatch")
SMALL, LARGE, BOUND, NOTICED = 1500, 6000, 9.0, 0.006


def sources() -> Iterator[tuple[str, ast.Module]]:
    for app in ("roster", "sessions_app", "config"):
        for path in sorted((ROOT / app).rglob("*.py")):
            name = str(path.relative_to(ROOT))
            if "/migrations/" not in name and "/demo/" not in name and name not in OUR_OWN:
                yield name, ast.parse(path.read_text())


def named(tree: ast.Module, name: str) -> Iterator[tuple[str, re.Pattern[Any]]]:
    """Expressions that stand under a name of the module, alone or in a tuple."""
    if not any(isinstance(node, ast.Import) and node.names[0].name == "re" for node in ast.walk(tree)):
        return
    module = importlib.import_module(name.removesuffix(".py").replace("/", "."))
    for key, value in vars(module).items():
        for one in [value, *(value if isinstance(value, tuple | list) else [])]:
            for found in [one, *(one if isinstance(one, tuple) else [])]:
                if isinstance(found, re.Pattern):
                    yield key, found


def inline(tree: ast.Module) -> Iterator[tuple[str, re.Pattern[Any]]]:
    """`re.sub("...", ...)` with the expression written there."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            of, first = node.func.value, node.args[0]
            written = isinstance(first, ast.Constant) and isinstance(first.value, str | bytes)
            if isinstance(of, ast.Name) and of.id == "re" and node.func.attr in METHODS and written:
                yield node.func.attr, re.compile(first.value)


def collected() -> list[tuple[str, re.Pattern[Any], str]]:
    """(where, expression, the method it is used with: the one that looks everywhere, if it is used so anywhere)."""
    everything = "\n".join(
        path.read_text() for app in ("roster", "sessions_app", "config") for path in (ROOT / app).rglob("*.py")
    )
    found = []
    for name, tree in sources():
        for method, pattern in inline(tree):
            found.append((name, pattern, "search" if method not in ("match", "fullmatch") else method))
        for key, pattern in named(tree, name):
            used = re.findall(rf"\b{key}\.({'|'.join(METHODS)})\(", everything)
            method = (
                "fullmatch"
                if used and set(used) == {"fullmatch"}
                else "match"
                if used and set(used) <= {"match", "fullmatch"}
                else "search"
            )
            found.append((f"{name} {key}", pattern, method))
    _, _, terms = prose._grammar()
    for behind, ahead, second in list(terms.values())[:3]:
        found += [
            ("prose behind", behind, "match"),
            ("prose ahead", ahead, "search"),
            ("prose second", second, "match"),
        ]
    return found


def letters(parsed: Any) -> Iterator[str]:
    """A letter for each thing the expression asks for, in its order."""
    for kind, what in parsed:
        word = str(kind)
        if word in ("LITERAL", "NOT_LITERAL"):
            yield chr(what)
        elif word == "IN":
            yield from _of_a_class(what)
        elif word in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            yield from letters(what[2])
        elif word == "SUBPATTERN":
            yield from letters(what[-1])
        elif word == "BRANCH":
            for branch in what[1]:
                yield from letters(branch)
        elif word in ("ASSERT", "ASSERT_NOT"):
            yield from letters(what[1])
        elif word == "ATOMIC_GROUP":
            yield from letters(what)


def _of_a_class(what: Any) -> Iterator[str]:
    for kind, value in what:
        if str(kind) == "LITERAL":
            yield chr(value)
        elif str(kind) == "RANGE":
            yield chr(value[0])
        elif str(kind) == "CATEGORY":
            yield {"CATEGORY_DIGIT": "1", "CATEGORY_SPACE": " "}.get(str(value), "a")
        elif str(kind) == "NEGATE":
            yield "~"


def evil(pattern: re.Pattern[Any]) -> list[tuple[str, str, str]]:
    """(before, what is repeated, behind)."""
    source = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    sample = list(letters(grammar.parse(source, pattern.flags & ~re.UNICODE)))[:40]
    few = list(dict.fromkeys([*sample, " ", "a", "1", "(", "<", "~"]))[:14]
    chance = random.Random(repr(source))
    units = [
        *few,
        *("".join(sample[:size]) for size in (2, 3, 5, 8, 20)),
        *("".join(chance.sample(few, 2)) for _ in range(6)),
    ]
    starts = ["", *("".join(sample[:size]) for size in (1, 2, 4))]
    return [
        (before, unit, behind)
        for unit in dict.fromkeys(filter(None, units))
        for before in starts
        for behind in ("", "~")
    ]


def seconds(pattern: re.Pattern[Any], method: str, text: str) -> float:
    given: Any = text if isinstance(pattern.pattern, str) else text.encode("latin-1", "replace")
    begin = time.process_time()
    if method == "search":
        for _ in pattern.finditer(given):
            pass
    else:
        getattr(pattern, method)(given)
    return time.process_time() - begin


def faults(where: str, pattern: re.Pattern[Any], method: str) -> Iterator[str]:
    for before, unit, behind in evil(pattern):
        if seconds(pattern, method, before + unit * (200 // len(unit)) + behind) > 0.1:
            yield f"{where}: {before!r} {unit!r} {behind!r} at 200 letters"
            continue
        texts = [before + unit * (size // len(unit)) + behind for size in (SMALL, LARGE)]
        if seconds(pattern, method, texts[1]) > NOTICED:
            small, large = (min(seconds(pattern, method, text) for _ in range(3)) for text in texts)
            if large > NOTICED and large / max(small, 1e-9) > BOUND:
                yield f"{where} ({method}) {pattern.pattern!r:.80}: {before!r} + {unit!r}*n + {behind!r}: ×{large / small:.0f}"


def test_no_expression_grows_faster_than_its_text() -> None:
    found = collected()
    assert len(found) > 100
    slow = {}
    for where, pattern, method in found:
        if fault := next(faults(where, pattern, method), ""):
            slow[where] = fault
    assert not slow, "\n".join(slow.values())


def test_the_test_notices_a_quadratic_expression() -> None:
    assert next(faults("control", re.compile(r"\(.*?\)"), "search"), "")
    assert next(faults("control", re.compile(r"<!--[\s\S]*?-->"), "search"), "")
    assert not list(faults("control", PHONE, "fullmatch"))


READERS = {
    "bulletin, cleaned": lambda text: clean.cleaned(text, None), "bulletin, lines": markup.lines, "bulletin, plain": plain.to_plain,
    "heading of a workbook": workbook_rules.heading_text, "cell": workbook_rules.plain, "name": workbook_rules.name_text,
}  # fmt: skip
UNITS = [
    "<!--",
    "<a ",
    '<a "',
    "<",
    "&",
    "&#9",
    "<svg>",
    "</svg>",
    "<p>",
    "<b>",
    "<td>",
    "<script>",
    "<ul>",
    "<!",
    "<?",
    "a=",
    '<a ">" ',
    "(",
    ")",
    " ",
    "中 ",
]


@pytest.mark.parametrize("name", READERS)
def test_no_reader_of_foreign_text_grows_faster_than_its_text(name: str) -> None:
    """The reported cases: 32,767 brackets in a heading, a bulletin of `<!--` or `<a `."""
    for unit in UNITS:
        taken = []
        for size in (4000, 16000):
            text = unit * (size // len(unit))
            runs = []
            for _ in range(3):
                begin = time.process_time()
                READERS[name](text)
                runs.append(time.process_time() - begin)
            taken.append(min(runs))
        assert taken[1] < 0.02 or taken[1] / taken[0] < BOUND, (name, unit, taken)
