"""The score sheet over plain values: the default of 100, bands, suggestions, everything that is missing at once."""

from decimal import Decimal

import pytest

from sessions_app.visits import score_rules
from sessions_app.visits.score_rules import Line

D = Decimal


def test_the_default_sheet_is_100_points_in_30_45_25() -> None:
    by_part = {
        part: sum(D(row[2]) for row in score_rules.SHEET if row[0] == part) for part in ("BEFORE", "AT", "AFTER")
    }
    assert by_part == {"BEFORE": 30, "AT": 45, "AFTER": 25}
    items = [(part, text, D(most), key) for part, text, most, key in score_rules.SHEET]
    assert score_rules.sheet_problems(items, [(D(least), word) for least, word in score_rules.BANDS]) == []


@pytest.mark.parametrize(
    ("points", "word"),
    [("100", "好"), ("90", "好"), ("89.9", "较好"), ("80", "较好"), ("60", "一般"), ("59.9", "较差"), ("0", "较差")],
)
def test_a_total_falls_into_the_highest_band_it_reaches(points: str, word: str) -> None:
    assert score_rules.band(D(points), [(D(least), name) for least, name in score_rules.BANDS]) == word


def test_nothing_scored_has_no_band() -> None:
    assert score_rules.band(None, [(D(0), "较差")]) == ""


@pytest.mark.parametrize(("share", "points"), [("1", "8"), ("0.75", "6"), ("0.9", "7"), ("0", "0")])
def test_a_share_suggests_half_points(share: str, points: str) -> None:
    assert score_rules.plain(score_rules.suggest(D(8), D(share))) == points
    assert score_rules.suggest(D(8), None) is None


def test_all_that_is_missing_is_said_at_once() -> None:
    lines = [
        Line(1, "计划", D(8), D(8)), Line(2, "方案", D(8), D(6)), Line(3, "发言", D(8), None), Line(4, "备案", D(6), D(5), " "),
        Line(5, "出席", D(10), D(9), "一人缺席"),
    ]  # fmt: skip
    assert score_rules.unfinished(lines) == [
        "第 3 项“发言”还没有评分。",
        "第 2 项“方案”给了 6 分（满分 8），请写明扣分理由。",
        "第 4 项“备案”给了 5 分（满分 6），请写明扣分理由。",
    ]
    assert score_rules.out_of_range([Line(1, "计划", D(8), D("8.5"))]) == ["第 1 项“计划”应在 0 到 8 分之间。"]


def test_a_sheet_needs_100_points_and_a_band_from_0() -> None:
    wrong = score_rules.sheet_problems(
        [("BEFORE", "一项", D(90), "plan"), ("AT", "又一项", D(5), "x")], [(D(60), "好"), (D(60), "坏")]
    )
    assert wrong == [
        "各项满分合计应为 100 分，现在是 95 分。", "依据只能从列出的几种里选。", "各等次的起点分不能相同。", "最低一个等次应从 0 分起。",
    ]  # fmt: skip
