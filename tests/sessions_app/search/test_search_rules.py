"""What is typed, as terms; what Python and the database make of the same text; where a hit is marked."""

import random

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions_app.search import rules
from sessions_app.search.sources import SOURCES
from tests.sizes import examples

LETTERS = "学习党建中央生产力发展第次年度々〇㐀𠮷0123456789abXYZ１２Ａｂ，。（）「」 -"


def lexemes(text: str) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tsvector_to_array(zhixing_bigrams(%s)), zhixing_plain(%s)", [text, text])
        words, plain = cursor.fetchone()
    assert plain == rules.plain(text)
    return set(words)


def answers(text: str, typed: str) -> bool:
    asked = rules.question(typed)
    with connection.cursor() as cursor:
        cursor.execute("SELECT zhixing_bigrams(%s) @@ %s::tsquery", [text, asked.index])
        by_index = cursor.fetchone()[0]
    return by_index and (asked.exact or all(term in rules.plain(text) for term in asked.terms))


@pytest.mark.django_db
def test_pairs_of_han_whole_words_and_what_stands_between_marks() -> None:
    assert lexemes("党建，AI赋能第13次") == {"党建", "ai", "i赋", "赋能", "能第", "第1", "13", "3次"}
    assert lexemes("二〇二六𠮷林㐀々") == {"二〇", "〇二", "二六", "六𠮷", "𠮷林", "林㐀", "㐀々"}
    assert lexemes("，。！") == set() and lexemes("") == set()


@pytest.mark.django_db
def test_the_function_stands_a_restore_with_an_empty_search_path_and_any_length() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('search_path', '', true)")
        cursor.execute("SELECT public.zhixing_bigrams('Ａ党建'), public.zhixing_plain('Ａ党建')")
        assert cursor.fetchone() == ("'a' 'a党' '党建'", "a党建")
        everything = "".join(chr(code) for code in range(0x4E00, 0x9FFF))
        for text in ("a" * 300_000, "党建" * 200_000, everything * 12):
            cursor.execute("SELECT length(public.zhixing_bigrams(%s)) > 0", [text])
            assert cursor.fetchone()[0]
        cursor.execute("SELECT provolatile, proparallel FROM pg_proc WHERE proname ~ '^zhixing_(bigrams|plain)$'")
        assert cursor.fetchall() == [("i", "s"), ("i", "s")]


@pytest.mark.django_db
def test_what_is_typed_wide_or_small_finds_what_was_written_otherwise() -> None:
    text = "关于第１３次集体学习（ＡＩ赋能）的通知"
    for typed in ("第13次", "ai赋能", "ＡＩ 第１３次", "（AI赋能）的通知", "集体学习 通知"):
        assert answers(text, typed), typed
    assert not answers(text, "学习集体") and not answers(text, "第3次") and not answers(text, "通知 学体")
    assert answers("编号20260101", "2026") and not answers("编号12026", "2026")


@pytest.mark.django_db
@settings(max_examples=examples(60), deadline=None)
@given(st.text(LETTERS, min_size=1, max_size=30), st.integers(0, 29), st.integers(1, 8))
def test_whatever_is_cut_out_of_a_text_at_a_letter_finds_the_text(text: str, begin: int, length: int) -> None:
    """Two Han letters or more, cut anywhere; a word or number is cut at its beginning."""
    low = rules.plain(text)
    begin %= len(text)
    if (
        begin
        and low[begin].isascii()
        and low[begin].isalnum()
        and low[begin - 1].isascii()
        and low[begin - 1].isalnum()
    ):
        return
    piece = text[begin : begin + length]
    asked = rules.question(piece)
    if not asked.problem and asked.index:
        assert answers(text, piece)


def test_a_question_that_cannot_be_asked_says_why() -> None:
    assert "两个相邻的汉字" in rules.question("党").problem
    assert "两个相邻的汉字" in rules.question("学习 党").problem
    assert "两个相邻的汉字" in rules.question("，。").problem
    assert rules.question("  ").problem == "" and rules.question("").index == ""
    assert "6 个词" in rules.question("学习 党建 发展 中央 生产 年度 计划").problem
    assert rules.question("党建").exact and not rules.question("新质生产力").exact


def test_hits_are_marked_and_the_pieces_are_the_text() -> None:
    chance = random.Random(1)
    for _ in range(200):
        text = "".join(chance.choices(LETTERS, k=chance.randint(1, 60)))
        terms = rules.question("".join(chance.choices(LETTERS, k=4))).terms
        pieces = rules.marked(text, terms)
        assert "".join(piece for piece, _ in pieces) == text
        assert all(any(term in rules.plain(piece) for term in terms) for piece, is_hit in pieces if is_hit)
    long = "前" * 300 + "新质生产力" + "后" * 300
    found = rules.snippet(long, ("生产力",))
    assert [piece for piece, is_hit in found if is_hit] == ["生产力"]
    assert found[0] == ("…", False) and found[-1] == ("…", False)
    assert len("".join(piece for piece, _ in found)) <= rules.SNIPPET + 2
    assert rules.snippet("没有这个词", ("生产力",)) == []


@pytest.mark.django_db
def test_every_kind_has_its_index_and_says_the_same_words_as_it() -> None:
    """An index serves only the expression it was made for: the planner must find it for each kind."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for source in SOURCES:
            table = source.rows.__code__ and _table(source)
            words = source.words.format(t="t")
            cursor.execute(f"EXPLAIN SELECT 1 FROM {table} t WHERE zhixing_bigrams({words}) @@ '''党建'''::tsquery")
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert f"search_{table.removeprefix('sessions_app_')}" in plan, plan


def _table(source: object) -> str:
    from roster.accounts.models import UserReach

    class Nobody:
        pk, person_id, today = 0, None, None

        def reach(self, permission: str) -> UserReach:
            return UserReach(frozenset(), frozenset(), frozenset(), None)

    return str(source.rows(Nobody()).model._meta.db_table)  # type: ignore[attr-defined]
