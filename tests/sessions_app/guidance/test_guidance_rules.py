"""The rules of study prompts over plain values."""

from datetime import date

import pytest

from sessions_app.guidance import rules
from sessions_app.guidance.rules import TopicState

RELEASES, DEPARTMENTS = ["FULL_TEXT", "RESTRICTED"], ["OFFICE", "PROPAGANDA"]


def problems(**changed):
    given = {
        "title": "学习提示", "year": 2026, "quarter": 1, "topics": ["一"], "readings": [{"title": "读本"}], "consulted": [],
        "releases": RELEASES, "departments": DEPARTMENTS,
    }  # fmt: skip
    return rules.draft_problems(**{**given, **changed})


def test_a_draft_may_lack_every_part_but_its_title():
    assert problems(topics=[], readings=[]) == []
    assert problems(title=" ") == ["缺少标题，请填写。"]


def test_everything_wrong_with_a_draft_is_said_at_once():
    found = problems(
        title="长" * 121, quarter=5, topics=["一", "一", "", "长" * 201], readings=[{"title": "读本", "release_type": "X"}],
        consulted=["OTHERS"],
    )  # fmt: skip
    assert found == [
        "标题超过 120 字，请缩短。", "请选择年度和季度。", "学习主题“一”写了两遍，请删去一行。",
        "第 3 条学习主题没有文字，请填写或删去这一行。", "第 4 条学习主题超过 200 字，请缩短。",
        "学习篇目的发布方式不在列表之内，请重新选择。", "会商部门不在列表之内，请重新选择。",
    ]  # fmt: skip
    assert problems(topics=[f"主题{n}" for n in range(13)]) == ["学习主题最多 12 条，现有 13 条，请合并。"]


def test_publishing_asks_for_the_three_parts_and_a_quarter_that_is_not_over():
    given = {"topics": 1, "focus": "重点", "outcomes": "成果", "year": 2026, "quarter": 1}
    assert rules.publish_problems(**given, today=date(2026, 3, 31)) == []
    late = rules.publish_problems(topics=0, focus=" ", outcomes="", year=2026, quarter=1, today=date(2026, 4, 1))
    assert late == [
        "还没有学习主题，请至少写一条。", "“研讨重点”还是空的，请填写。", "“成果转化”还是空的，请填写。",
        "2026年第一季度已经过去，请改为当前或以后的季度。",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("year", "quarter", "span"),
    [(2026, 1, (date(2026, 1, 1), date(2026, 3, 31))), (2026, 4, (date(2026, 10, 1), date(2026, 12, 31)))],
)
def test_the_days_of_a_quarter(year, quarter, span):
    assert rules.quarter_span(year, quarter) == span


@pytest.mark.parametrize(
    ("received", "mapped", "held", "state"),
    [
        (False, False, False, TopicState.UNRECEIVED), (True, False, False, TopicState.RECEIVED),
        (True, True, False, TopicState.PLANNED), (True, True, True, TopicState.STUDIED),
        (True, False, True, TopicState.RECEIVED),
    ],
)  # fmt: skip
def test_the_state_of_a_topic(received, mapped, held, state):
    assert rules.topic_state(received=received, mapped=mapped, held=held) == state


def test_a_title_that_is_there_already_is_not_brought_again():
    assert rules.new_titles(["《读本》", "通报", " 通报"], ["读本", "别的"]) == ["通报"]


def test_who_was_not_consulted_is_a_warning():
    assert rules.consulted_warning([]) == ""
    assert rules.consulted_warning(["组织部", "办公室"]) == "还没有会商：组织部、办公室。"
