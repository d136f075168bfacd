"""取数公式: numbers, keys of facts, + - * /, parentheses, min() and max(); nothing else, and no code is ever run.

The text is read by `ast` in eval mode and walked by an allow-list; values are exact. Unknown in, unknown out; a division
by nothing is unknown too.
"""

import ast
import re
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

LONGEST = 200
DEEPEST = 30
Value = Fraction | Decimal | int | None

# As people type them in a Chinese input method.
WIDE = str.maketrans({"（": "(", "）": ")", "，": ",", "×": "*", "÷": "/", "＋": "+", "－": "-", "−": "-", "＊": "*", "／": "/"})  # fmt: skip
_TOKEN = re.compile(r"\s*(?:[A-Za-z_][A-Za-z0-9_]*|\d{1,9}(?:\.\d{1,6})?(?![\w.])|[-+*/(),])")
_OPERATORS: Mapping[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
}
_CALLS: Mapping[str, Callable[[list[Fraction]], Fraction]] = {"min": min, "max": max}


class _Wrong(Exception):
    """What a formula must not hold, as a sentence."""


def problems(text: str, known: Collection[str] | None) -> list[str]:
    """Every reason why `text` cannot be kept, as sentences; [] when it can. `known` None: any name goes."""
    try:
        names = _read(text)[1]
    except _Wrong as wrong:
        return [str(wrong)]
    if known is None:
        return []
    return [f"取数“{name}”不在可用的取数之列，请从列表中选。" for name in sorted(names - set(known))]


def names_in(text: str) -> frozenset[str]:
    """The keys of facts a formula asks for; none of one that cannot be read."""
    try:
        return _read(text)[1]
    except _Wrong:
        return frozenset()


def value(text: str, facts: Mapping[str, Value]) -> Fraction | None:
    """What it comes to; None when an input is unknown or missing, when it divides by nothing or cannot be read."""
    try:
        body, names = _read(text)
    except _Wrong:
        return None
    known: dict[str, Fraction] = {}
    for name in names:
        found = facts.get(name)
        if found is None:
            return None
        known[name] = Fraction(found)
    try:
        return _work_out(body, known)
    except ZeroDivisionError:
        return None


@lru_cache(maxsize=1024)
def _parsed(text: str) -> tuple[ast.expr, frozenset[str]] | str:
    """The tree and its names, or the sentence that says why not: both are worth keeping."""
    if len(text) > LONGEST:
        return f"公式最长 {LONGEST} 个字符，现有 {len(text)} 个。"
    plain = " ".join(text.translate(WIDE).split())
    if not plain:
        return "请填写公式。"
    at = 0
    while at < len(plain):
        found = _TOKEN.match(plain, at)
        if not found:
            return f"公式中“{plain[at : at + 12].strip()}”处不合要求：只能写取数、数字、+ - * /、括号、min()、max()。"
        at = found.end()
    try:
        body = ast.parse(plain, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return "公式写法不完整：请检查括号是否成对、运算符两边是否都有内容。"
    names: set[str] = set()
    try:
        _check(body, names, 1)
    except _Wrong as wrong:
        return str(wrong)
    return body, frozenset(names)


def _read(text: str) -> tuple[ast.expr, frozenset[str]]:
    found = _parsed(text)
    if isinstance(found, str):
        raise _Wrong(found)
    return found


def _check(node: ast.expr, names: set[str], depth: int) -> None:
    """Only what the grammar names passes; the names asked for are gathered on the way."""
    if depth > DEEPEST:
        raise _Wrong("公式嵌套太深，请拆成几个评分项。")
    match node:
        case ast.Constant(value=int() | float()) if not isinstance(node.value, bool):
            return
        case ast.Name(id=name):
            if name in _CALLS:
                raise _Wrong(f"{name} 后面要跟括号，如 {name}(sessions, 4)。")
            names.add(name)
        case ast.UnaryOp(op=ast.UAdd() | ast.USub()):
            _check(node.operand, names, depth + 1)
        case ast.BinOp() if type(node.op) in _OPERATORS:
            _check(node.left, names, depth + 1)
            _check(node.right, names, depth + 1)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _CALLS:
            if len(args) < 2:
                raise _Wrong(f"{name}() 里至少要有两项，用逗号隔开。")
            for arg in args:
                _check(arg, names, depth + 1)
        case _:
            raise _Wrong("公式只能写取数、数字、+ - * /、括号、min()、max()。")


def _work_out(node: ast.expr, known: Mapping[str, Fraction]) -> Fraction:
    match node:
        case ast.Constant(value=number):
            return Fraction(str(number))
        case ast.Name(id=name):
            return known[name]
        case ast.UnaryOp(op=op, operand=operand):
            inner = _work_out(operand, known)
            return -inner if isinstance(op, ast.USub) else inner
        case ast.BinOp(left=left, op=op, right=right):
            return _OPERATORS[type(op)](_work_out(left, known), _work_out(right, known))
        case ast.Call(func=ast.Name(id=name), args=args):
            return _CALLS[name]([_work_out(arg, known) for arg in args])
        case _:  # pragma: no cover - _check let it pass
            raise AssertionError(node)
