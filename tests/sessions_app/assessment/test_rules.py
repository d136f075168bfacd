"""The engine: each primitive with its words, sums of a sheet, what would lift it, what cannot be kept."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.assessment import rules
from sessions_app.assessment.models import Primitive
from sessions_app.assessment.rules import IndicatorSpec, Inputs, ItemSpec, LineScore, SchemeSpec

D, F = Decimal, Fraction
LABELS = {
    "months_due": "应学月份",
    "months_with_session": "达到次数的月份",
    "presence_rate": "出席率",
    "sessions": "集体学习",
}


def item(primitive: str, most: str = "10", key: int = 1, **params: Any) -> ItemSpec:
    return ItemSpec(key, "项", D(most), primitive, params)


def rule(key: str, each: str, formula: str | None = None, cap: str | None = None) -> dict[str, Any]:
    return {"key": key, "label": f"情形{key}", "formula": formula, "each": each, "cap": cap}


def scheme(*items: ItemSpec, **more: Any) -> SchemeSpec:
    given: dict[str, Any] = {
        "title": "办法", "subject": "COMMITTEE", "weight": D(10), "bonus_cap": D(3), "bands": (),
        "indicators": (IndicatorSpec("指标", D(100), items),),
    }  # fmt: skip
    return SchemeSpec(**given | more)


def facts(**values: Any) -> Inputs:
    return Inputs({key: None if value is None else F(str(value)) for key, value in values.items()})


def scored(one: ItemSpec, *units: Inputs) -> list[LineScore]:
    found = rules.score_all(scheme(one), dict(enumerate(units)), LABELS)
    return [found[unit][one.key] for unit in range(len(units))]


def told(one: ItemSpec, inputs: Inputs) -> tuple[Decimal | None, Decimal | None, str]:
    line = scored(one, inputs)[0]
    return line.score, line.raw, line.working["words"]


MONTHS = rule("月", "0.5", "months_due - months_with_session")


# ------------------------------------------------------------------------------------------------ by count
def test_eleven_of_twelve_monthly_studies_take_half_a_point() -> None:
    line = scored(item("DEDUCT", "4", rules=[MONTHS]), facts(months_due=12, months_with_session=11))[0]
    assert (line.score, line.raw) == (D("3.50"), D("3.50"))
    assert line.working == {
        "primitive": "DEDUCT", "inputs": {"months_due": "12", "months_with_session": "11"}, "value": "0.5",
        "rules": [{
            "key": "月", "label": "情形月", "formula": "months_due - months_with_session", "count": "1", "points": "0.5",
        }],
        "words": "应学月份 12，达到次数的月份 11，情形月 1 × 0.5 = 0.5；4 − 0.5 = 3.5。",
    }  # fmt: skip


def test_more_than_the_maximum_is_taken_off_gives_nothing_and_says_what_it_was() -> None:
    one = item("DEDUCT", "4", rules=[rule("a", "5.5")])
    assert told(one, Inputs(counts={1: {"a": D(1)}})) == (
        D("0.00"), D("-1.50"), "情形a 1 × 5.5 = 5.5；4 − 5.5 = −1.5；原始 −1.5，按 0 计。",
    )  # fmt: skip


def test_a_count_nobody_typed_is_unknown_and_not_nothing() -> None:
    one = item("DEDUCT", "4", rules=[rule("a", "1"), rule("b", "1")])
    for counts in ({}, {1: {"a": D(2)}}, {1: {"a": D(2), "b": None}}):
        line = scored(one, Inputs(counts=counts))[0]
        assert (line.score, line.raw) == (None, None)
        assert line.working["words"].endswith("情形b。") and line.working["words"].startswith("待补：")
    assert told(one, Inputs(counts={1: {"a": D(0), "b": D(0)}}))[0] == D("4.00")


def test_each_rule_is_capped_for_itself_and_fewer_than_none_gives_nothing_back() -> None:
    one = item("DEDUCT", "10", rules=[rule("a", "1", None, "2"), rule("b", "1", "months_due - months_with_session")])
    score, _, words = told(one, Inputs({"months_due": F(3), "months_with_session": F(5)}, {1: {"a": D(7)}}))
    assert score == D("8.00")
    assert "情形a 7 × 1 = 7（最多 2）" in words


def test_adding_counts_up_to_the_maximum() -> None:
    one = item("ADD", "10", rules=[rule("a", "3"), rule("b", "2.5")])
    assert told(one, Inputs(counts={1: {"a": D(2), "b": D(1)}})) == (
        D("8.50"), D("8.50"), "情形a 2 × 3 = 6；情形b 1 × 2.5 = 2.5；合计 8.5。",
    )  # fmt: skip
    assert told(one, Inputs(counts={1: {"a": D(4), "b": D(0)}}))[:2] == (D("10.00"), D("12.00"))
    assert told(one, Inputs(counts={1: {"a": D(0), "b": D(0)}}))[2] == "没有可计分的项目，得 0。"


def test_the_rules_people_type_are_those_without_a_formula() -> None:
    assert [
        one["key"] for one in rules.typed_rules(item("DEDUCT", rules=[MONTHS, rule("a", "1"), rule("b", "1", " ")]))
    ] == ["a", "b"]
    assert rules.typed_rules(item("MANUAL", rules=[rule("a", "1")])) == []


# ------------------------------------------------------------------------------------------------ by value
def test_the_full_mark_of_a_share_comes_at_its_threshold() -> None:
    one = item("PROPORTION", "30", formula="presence_rate", full="0.85")
    assert told(one, facts(presence_rate="0.85"))[:2] == (D("30.00"), D("30.00"))
    assert told(one, facts(presence_rate="0.8499"))[0] == D("30.00")  # to the cent, a half upwards
    assert told(one, facts(presence_rate="0.84"))[0] == D("29.65")
    assert told(one, facts(presence_rate="0.9")) == (
        D("30.00"), D("31.76"), "出席率 90%，满分线 85%；已达到，得满分 30；原始 31.76，按 30 计。",
    )  # fmt: skip
    assert told(one, facts(presence_rate="0.8"))[2] == ("出席率 80%，满分线 85%；30 × 80% ÷ 85% = 28.2353，计 28.24。")
    assert told(one, facts(presence_rate=None)) == (None, None, "待补：出席率。")
    assert told(one, facts()) == (None, None, "待补：出席率。")


def test_a_share_below_nothing_gives_nothing() -> None:
    one = item("PROPORTION", "10", formula="sessions - 4", full="4")
    assert told(one, facts(sessions=3))[:2] == (D("0.00"), D("-2.50"))


def test_tiers_and_yes_or_no() -> None:
    tiers = [{"at_least": "4", "score": "6"}, {"at_least": "8", "score": "10"}]
    one = item("TIERS", formula="sessions", tiers=tiers)
    assert [line.score for line in scored(one, *(facts(sessions=n) for n in (3, 4, 7, 8, 20)))] == [0, 6, 6, 10, 10]
    assert told(one, facts(sessions=4))[2] == "集体学习 4，达到 4 一档，得 6。"
    yes = item("BINARY", formula="presence_rate", at_least="0.9")
    assert told(yes, facts(presence_rate="0.9"))[2] == "出席率 90%，要求不低于 90%；达到，得 10。"
    assert told(yes, facts(presence_rate="0.89"))[0] == 0
    assert told(yes, facts(presence_rate=None))[0] is None


def test_another_assessments_result_is_unknown_while_it_is_absent() -> None:
    one = item("OTHER", name="党建考核")
    assert told(one, Inputs(others={"党建考核": F("0.925")})) == (
        D("9.25"), D("9.25"), "“党建考核”得分率 92.5%；10 × 92.5% = 9.25。",
    )  # fmt: skip
    for others in ({}, {"党建考核": None}):
        assert told(one, Inputs(others=others)) == (None, None, "待补：“党建考核”结果。")


def test_what_a_person_scores_is_open_until_he_has() -> None:
    assert told(item("MANUAL", hint="看深度"), facts())[:2] == (None, None)


# ------------------------------------------------------------------------------------------------ among others
FIVE = [facts(sessions=n) for n in (8, 6, 6, 4, None)]


def test_ranked_items_share_a_rank_and_leave_the_unknown_out() -> None:
    tiers = [{"share": "0.25", "score": "10"}, {"share": "0.75", "score": "7"}]
    lines = scored(item("RANK_TIERS", formula="sessions", high_is_good=True, tiers=tiers), *FIVE)
    assert [line.score for line in lines] == [10, 7, 7, 0, None]
    assert [(line.working.get("rank"), line.working.get("of")) for line in lines] == [
        (1, 4), (2, 4), (2, 4), (4, 4), (None, None),
    ]  # fmt: skip
    lines = scored(item("RANK_LINEAR", formula="sessions", high_is_good=True, least="4"), *FIVE)
    assert [line.score for line in lines] == [D(10), D(8), D(8), D(4), None]
    assert lines[1].working["words"] == "集体学习 6，在 4 家中列第 2；10 − （10 − 4） × 1 ÷ 3 = 8。"
    lines = scored(item("RANK_LINEAR", formula="sessions", high_is_good=False, least="4"), *FIVE)
    assert [line.score for line in lines] == [D(4), D(8), D(8), D(10), None]


def test_places_of_a_share_are_rounded_up_so_that_the_best_of_three_is_not_left_out() -> None:
    one = item("RANK_TIERS", formula="sessions", high_is_good=True, tiers=[{"share": "0.1", "score": "10"}])
    assert [line.score for line in scored(one, *(facts(sessions=n) for n in (5, 4, 3)))] == [10, 0, 0]


def test_min_max_spreads_between_the_worst_and_the_best() -> None:
    lines = scored(item("MIN_MAX", formula="sessions", high_is_good=True), *FIVE)
    assert [line.score for line in lines] == [D(10), D(5), D(5), D(0), None]
    lines = scored(item("MIN_MAX", formula="sessions", high_is_good=False), *FIVE)
    assert [line.score for line in lines] == [D(0), D(5), D(5), D(10), None]


@pytest.mark.parametrize("primitive", ["RANK_LINEAR", "MIN_MAX"])
def test_all_equal_gives_full_marks_and_so_does_being_alone(primitive: str) -> None:
    one = item(primitive, formula="sessions", high_is_good=True, least="0")
    assert [line.score for line in scored(one, facts(sessions=4), facts(sessions=4))] == [10, 10]
    assert [line.score for line in scored(one, facts(sessions=0))] == [10]
    assert [line.score for line in scored(one, facts(sessions=None))] == [None]


# ------------------------------------------------------------------------------------------------ sums
TWO = scheme(indicators=(
    IndicatorSpec("甲", D(60), (item("MANUAL", "10", 1), item("MANUAL", "5", 2))),
    IndicatorSpec("乙", D(40), (item("MANUAL", "3", 3),)),
))  # fmt: skip


def test_an_indicator_weighs_its_items_by_their_maxima() -> None:
    assert rules.indicator_totals(TWO, {1: D(7), 2: D(5), 3: D(1)}) == [D("48.00"), D("13.33")]
    assert rules.total(TWO, {1: D(7), 2: D(5), 3: D(1)}) == D("61.33")
    assert rules.total(TWO, {1: D(10), 2: D(5), 3: D(3)}) == D("100.00")


def test_one_unknown_item_leaves_the_total_unknown() -> None:
    assert rules.total(TWO, {1: D(7), 2: None, 3: D(1)}) is None
    assert rules.total(TWO, {1: D(7), 3: D(1)}) is None
    assert rules.indicator_totals(TWO, {1: D(7), 3: D(1)}) == [None, D("13.33")]
    assert rules.with_bonus(None, D(3), D(3)) is None
    assert rules.converted(None, D(10)) is None


def test_a_bonus_counts_up_to_the_cap_and_the_result_is_converted_by_weight() -> None:
    assert rules.with_bonus(D("86.50"), D(5), D(3)) == D("89.50")
    assert rules.converted(D("89.50"), D(10)) == D("8.95")
    assert rules.converted(D("86.50"), D(10)) == D("8.65")
    assert rules.with_bonus(D("86.50"), D(2), D(3)) == D("88.50")
    assert rules.with_bonus(D("99.00"), D(3), D(3)) == D("100.00")
    assert rules.converted(D("86.45"), D(10)) == D("8.65")  # a half upwards


def test_ties_share_a_rank_and_the_next_is_skipped() -> None:
    totals = {"a": D("90.00"), "b": D("88.50"), "c": D("88.5"), "d": D("70"), "e": None}
    assert rules.ranks(totals) == {"a": 1, "b": 2, "c": 2, "d": 4, "e": None}


def test_the_median_leaves_the_unknown_out() -> None:
    assert rules.median({"a": D(90), "b": None, "c": D(80), "d": D("80.01")}) == D("80.01")
    assert rules.median([D("80.00"), D("80.01")]) == D("80.01")
    assert rules.median([None]) is None


def test_a_band_is_the_highest_that_is_reached() -> None:
    bands = [{"label": "合格", "at_least": "60"}, {"label": "优秀", "at_least": "90"}]
    assert [rules.grade(bands, total) for total in (D(90), D("89.99"), D("59.99"), None)] == ["优秀", "合格", "", ""]


# ------------------------------------------------------------------------------------------------ what would change it
def test_what_would_change_says_the_nearest_gain_of_each_item_the_largest_first() -> None:
    spec = scheme(
        ItemSpec(1, "学习", D(4), "DEDUCT", {"rules": [MONTHS]}),
        ItemSpec(2, "出勤", D(30), "PROPORTION", {"formula": "presence_rate", "full": "0.85"}),
        ItemSpec(3, "次数", D(10), "TIERS", {"formula": "sessions", "tiers": [{"at_least": "8", "score": "10"}, {"at_least": "4", "score": "5"}]}),
        ItemSpec(4, "名次", D(6), "RANK_LINEAR", {"formula": "sessions", "high_is_good": True, "least": "0"}),
        ItemSpec(5, "深度", D(50), "MANUAL", {"hint": "看记录"}),
        ItemSpec(6, "已满", D(10), "BINARY", {"formula": "sessions", "at_least": "1"}),
    )  # fmt: skip
    inputs = facts(months_due=12, months_with_session=10, presence_rate="0.8", sessions=6)
    scores = {1: D(3), 2: D("28.24"), 3: D(5), 4: D(2), 5: None, 6: D(10)}
    found = rules.would_change(spec, inputs, scores, LABELS)
    assert [(one.key, one.lost, one.gain) for one in found] == [
        (3, D("5"), D("4.55")), (2, D("1.76"), D("1.60")), (1, D("1"), D("0.45")), (4, D("4"), None), (5, None, None),
    ]  # fmt: skip
    words = {one.key: one.words for one in found}
    assert words[3] == "集体学习 6；达到 8 可多得 5 分。"
    assert words[2] == "出席率 80%；达到 85% 得满分，可多得 1.76 分。"
    assert words[1].endswith("“情形月”每少 1，可多得 0.5 分。")
    assert words[4] == "集体学习 6；本项与其他单位比较计分，集体学习越高名次越前。"
    assert words[5] == "人工评分（看记录），尚未评分。"


def test_where_all_is_taken_off_already_it_says_how_far_it_is() -> None:
    one = item("DEDUCT", "4", rules=[rule("a", "1", "sessions")])
    found = rules.would_change(scheme(one), facts(sessions=9), {1: D(0)}, LABELS)
    assert found[0].words.endswith("已扣完，共扣 9 分，减到 4 分以内才有得分。") and found[0].gain is None


# ------------------------------------------------------------------------------------------------ what cannot be kept
def wrong(one: ItemSpec) -> list[str]:
    return [problem.text.split("：", 1)[1] for problem in rules.problems_of(scheme(one), {"sessions"})]


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (item("DEDUCT"), ["至少要有一条扣分规则。"]),
        (item("DEDUCT", rules=[rule("A", "1")]), ["第 1 条扣分规则的代号应以小写字母开头、不重复。"]),
        (item("ADD", rules=[rule("a", "0"), rule("a", "1", None, "-1")]),
         ["第 1 条加分规则：每次加分应是大于 0 的数。", "第 2 条加分规则的代号应以小写字母开头、不重复。", "第 2 条加分规则：上限应是大于 0 的数，不设上限请留空。"]),
        (item("PROPORTION", formula="sessions", full="-1"), ["满分线应是大于 0 的数，如 0.85 即 85%。"]),
        (item("TIERS", formula="", tiers=[]), ["请填写公式。", "至少要有一档。"]),
        (item("TIERS", formula="sessions", tiers=[{"at_least": "1", "score": "11"}, {"at_least": "1", "score": "1"}]),
         ["第 1 档：得分应在 0 到满分 10 之间。", "第 2 档：请填写数字，不要重复。"]),
        (item("RANK_TIERS", formula="sessions", tiers=[{"share": "30", "score": "1"}]),
         ["第 1 档：名次比例应大于 0、不超过 1，如 0.3 即前 30%。"]),
        (item("BINARY", formula="sessions", at_least="many"), ["请填写要达到的数。"]),
        (item("RANK_LINEAR", formula="sessions", least="11"), ["末位得分应在 0 到满分 10 之间。"]),
        (item("MIN_MAX", formula="sesions"), ["取数“sesions”不在可用的取数之列，请从列表中选。"]),
        (item("OTHER", name=" "), ["请填写引用的考核名称。"]),
        (item("MAGIC"), ["请选计分方式。"]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_item_is_said(one: ItemSpec, said: list[str]) -> None:
    assert wrong(one) == said


def test_what_is_wrong_with_the_head_is_said_with_its_place() -> None:
    spec = scheme(item("MANUAL"), title=" ", weight=D(101), bonus_cap=D(-1), bands=(
        {"label": "优", "at_least": "90"}, {"label": "优", "at_least": "90"},
    ), indicators=(IndicatorSpec("", D(95), (item("MANUAL"),)), IndicatorSpec("空", D(0), ())))  # fmt: skip
    assert [problem.place for problem in rules.problems_of(spec)] == [
        ("title",), ("weight",), ("bonus_cap",), ("bands", 1, "label"), ("bands", 1, "at_least"), ("weights",),
        (0, "name"), (1, "weight"), (1, "items"),
    ]  # fmt: skip
    assert "各指标权重合计为 95，应为 100。" in rules.scheme_problems(spec)
    assert rules.scheme_problems(scheme(indicators=()))[0] == "至少要有一个指标。"


# ------------------------------------------------------------------------------------------------ whatever comes
amounts = st.decimals(min_value="-50", max_value="500", places=2)
whole = st.integers(-30, 400)
maxima = st.decimals(min_value="0.01", max_value="100", places=2)


@st.composite
def items(draw: Any, key: int) -> ItemSpec:
    primitive = draw(st.sampled_from([one for one in rules.PRIMITIVES if one != "MANUAL"]))
    most = draw(maxima)
    part = lambda: str(draw(st.decimals(min_value="0", max_value=most, places=2)))
    text = draw(
        st.sampled_from(["sessions", "sessions / 3", "sessions - days", "min(sessions, days)", "days / sessions"])
    )
    each = lambda: str(draw(st.decimals(min_value="0.01", max_value="20", places=2)))
    tiers = [{"at_least": str(mark), "share": str(D(mark + 1) / 4), "score": part()} for mark in range(3)]
    counted = [rule("a", each(), text), rule("b", each(), None, each())]
    return ItemSpec(key, f"项{key}", most, primitive, {
        "formula": text, "full": each(), "at_least": "3", "tiers": tiers, "least": part(), "name": "别的",
        "high_is_good": draw(st.booleans()), "rules": counted,
    })  # fmt: skip


@st.composite
def sheets(draw: Any) -> SchemeSpec:
    first = draw(st.integers(1, 99))
    return scheme(indicators=(
        IndicatorSpec("甲", D(first), (draw(items(1)), draw(items(2)))), IndicatorSpec("乙", D(100 - first), (draw(items(3)),)),
    ))  # fmt: skip


unknown = lambda known: st.one_of(st.none(), known)
units = st.builds(
    lambda sessions, days, count, share: Inputs(
        {"sessions": None if sessions is None else F(sessions), "days": F(days)},
        {key: {"b": count} for key in (1, 2, 3)}, {"别的": None if share is None else F(share)},
    ),
    unknown(whole), whole, unknown(amounts), unknown(st.decimals(min_value="0", max_value="1.2", places=4)),
)  # fmt: skip


@given(sheets(), st.lists(units, min_size=1, max_size=5))
def test_scores_stay_between_nothing_and_the_maximum_and_totals_within_a_hundred(
    spec: SchemeSpec, given_units: list[Inputs]
) -> None:
    found = rules.score_all(spec, dict(enumerate(given_units)))
    assert found == rules.score_all(spec, dict(enumerate(given_units)))
    totals = {}
    for unit, lines in found.items():
        for one in spec.items:
            line = lines[one.key]
            assert (line.score is None) == (line.raw is None)
            assert line.working["words"].endswith("。")
            if line.score is None or line.raw is None:
                assert line.working["missing"]
                continue
            assert 0 <= line.score <= one.max
            assert line.score == max(D(0), min(one.max, line.raw))
        scores = {key: line.score for key, line in lines.items()}
        totals[unit] = rules.total(spec, scores)
        changes = rules.would_change(spec, given_units[unit], scores)
        assert all(one.lost is None or one.lost > 0 for one in changes)
        assert all(one.gain is None or 0 <= one.gain <= 100 for one in changes)
    for total in totals.values():
        assert total is None or 0 <= total <= 100
        bonus = rules.with_bonus(total, D(9), D(3))
        assert bonus is None or total <= bonus <= min(D(100), total + 3)


@given(st.lists(st.one_of(st.none(), st.decimals(min_value="0", max_value="100", places=1)), max_size=12))
def test_a_rank_is_one_more_than_how_many_are_better(values: list[Decimal | None]) -> None:
    totals = dict(enumerate(values))
    found = rules.ranks(totals)
    for unit, value in totals.items():
        better = sum(other > value for other in values if value is not None and other is not None)
        assert found[unit] == (None if value is None else better + 1)
    known = [value for value in values if value is not None]
    middle = rules.median(values)
    assert (middle is None) == (not known)
    if middle is not None:
        assert min(known) <= middle <= max(known)


@given(st.fractions(min_value=-10_000, max_value=10_000))
def test_rounding_is_half_away_from_zero_to_the_cent(exact: Fraction) -> None:
    found = rules.cents(exact)
    assert abs(F(found) - exact) <= F(1, 200)
    assert found == -rules.cents(-exact)
    assert found.as_tuple().exponent == -2


def test_the_primitives_are_those_of_the_model() -> None:
    assert tuple(Primitive.values) == rules.PRIMITIVES
    assert set(rules.PARAMS) == set(Primitive.values)
