"""Formulas: what may be written, what it comes to, and that nothing else ever runs."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.assessment import formula

KNOWN = {"sessions", "months_due", "months_with_session", "presence_rate"}
FACTS = {
    "sessions": 6,
    "months_due": Fraction(12),
    "months_with_session": Decimal(11),
    "presence_rate": Fraction("0.85"),
}


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("sessions", 6),
        ("months_due - months_with_session", 1),
        ("2 * (sessions + 1) / 4", Fraction(7, 2)),
        ("-sessions + +1", -5),
        ("min(sessions, 4)", 4),
        ("max(0, 12 - sessions, 3)", 6),
        ("presence_rate / 0.85", 1),
        ("0.1 + 0.2", Fraction(3, 10)),
        ("sessions / 3 * 3", 6),
        ("（months_due－months_with_session）×2÷4，".rstrip("，"), Fraction(1, 2)),
    ],
)
def test_what_may_be_written_is_worked_out_exactly(text: str, result: Fraction) -> None:
    assert formula.problems(text, KNOWN) == []
    assert formula.value(text, FACTS) == Fraction(result)


@pytest.mark.parametrize(
    "text",
    [
        "", "   ", "sessions +", "(sessions", "sessions sessions", "2 sessions", "01", "1 2", "a b",
        "sessions ** 2", "sessions // 2", "sessions % 2", "sessions < 2", "sessions if 1 else 2", "not sessions",
        "sessions.real", "sessions[0]", "[sessions]", "{1}", "(sessions, 1)", "sessions, 1", "*sessions",
        "abs(sessions)", "min(sessions)", "min()", "min(*sessions)", "min(sessions, key=1)", "min", "max + 1",
        "(min)(1, 2)(3)", "__import__('os')", "lambda: 1", "(x := 1)", "'text'", "f'{sessions}'", "True", "None", "...",
        "1e9", "0x1f", "1_000", "1j", "1234567890", "sessions; 1", "sessions # 1", "sessions\\", "会议", "ｓessions",
        "await sessions", "yield", "1 and 2", "~1",
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_one_sentence_and_has_no_value(text: str) -> None:
    found = formula.problems(text, KNOWN)
    assert len(found) == 1 and found[0].endswith("。")
    assert formula.value(text, FACTS) is None
    assert formula.names_in(text) == frozenset()


def test_an_unknown_name_is_said_by_its_name() -> None:
    assert formula.problems("months_dew - sesions", KNOWN) == [
        "取数“months_dew”不在可用的取数之列，请从列表中选。",
        "取数“sesions”不在可用的取数之列，请从列表中选。",
    ]
    assert formula.problems("months_dew", None) == []
    assert formula.names_in("months_due - sessions * 2") == {"months_due", "sessions"}


def test_long_and_deep_texts_are_refused() -> None:
    assert formula.problems("+".join(["sessions"] * 30), KNOWN) == ["公式最长 200 个字符，现有 269 个。"]
    assert formula.problems("-" * 40 + "1", KNOWN) == ["公式嵌套太深，请拆成几个评分项。"]
    assert formula.problems("(" * 99 + "1" + ")" * 99, KNOWN) == []


def test_unknown_in_unknown_out() -> None:
    assert formula.value("sessions + visit_score", FACTS | {"visit_score": None}) is None
    assert formula.value("sessions * 0 + visit_score * 0", FACTS) is None
    assert formula.value("sessions / (sessions - 6)", FACTS) is None
    assert formula.value("min(1, sessions / 0)", FACTS) is None


pieces = st.sampled_from([
    "sessions", "presence_rate", "min(", "max(", "(", ")", ",", "+", "-", "*", "/", "**", "//", "1", "0", "2.5", " ", ".",
    "__", "lambda", "if", "[", "]", "'", "=", "（", "×", "\n", "会",
])  # fmt: skip


@given(st.one_of(st.text(max_size=220), st.lists(pieces, max_size=40).map("".join)))
def test_no_text_ever_raises(text: str) -> None:
    found = formula.problems(text, KNOWN)
    assert all(isinstance(one, str) and one for one in found)
    result = formula.value(text, FACTS)
    assert result is None or (isinstance(result, Fraction) and found == [])
    formula.names_in(text)


numbers = st.integers(0, 999).map(str)
trees = st.recursive(
    st.one_of(numbers, st.sampled_from(sorted(FACTS))),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda t: f"({t[0]}{t[1]}{t[2]})"),
        st.tuples(st.sampled_from(["min", "max"]), inner, inner).map(lambda t: f"{t[0]}({t[1]},{t[2]})"),
    ),
    max_leaves=6,
)


@given(trees)
def test_a_formula_comes_to_what_the_same_sum_comes_to(text: str) -> None:
    if len(text) > formula.LONGEST:
        return
    plain = {name: Fraction(value) for name, value in FACTS.items()}
    assert formula.problems(text, KNOWN) == []
    expected = eval(text, {"__builtins__": {}, "min": min, "max": max, **plain})  # noqa: S307
    assert formula.value(text, FACTS) == Fraction(expected)
