"""The solver over plain values: hard rules kept, load even, little changed, obstacles named."""

import time
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest

from bench.assign import check, world
from sessions_app.visits.assign import (
    AWAY,
    DECLINED,
    LOAD,
    OWN,
    REPEAT,
    RULE_WORDS,
    SPREAD,
    Away,
    Member,
    Place,
    Team,
    Terms,
    assign,
    rank,
)

DAY = date(2026, 5, 12)
TERMS = Terms()


def place(pk: int, **more):
    return Place(pk, f"单位{pk}", more.pop("since", DAY), more.pop("until", DAY), **more)


def member(pk: int, **more):
    return Member(pk, f"专家{pk}", **more)


def team(pk: int, *members, **more):
    return Team(pk, f"第{pk}组", members or (member(pk * 10, is_leader=True), member(pk * 10 + 1)), **more)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_whole_city_is_arranged_by_every_rule(seed):
    places, teams = world(seed)
    begun = time.perf_counter()
    answer = assign(places, teams, terms=TERMS)
    assert time.perf_counter() - begun < 10
    assert {choice.place for choice in answer.choices} == {one.id for one in places}
    assert all(len(choice.people) == 2 and choice.reasons for choice in answer.choices)
    broken, spread = check(places, teams, answer, TERMS)
    assert (broken, spread <= 1) == (0, True)
    load = Counter(person for choice in answer.choices for person in choice.people)
    assert max(load.values()) <= 12


@pytest.mark.parametrize(
    ("hindered", "rule"),
    [
        ({"units": frozenset({1})}, OWN), ({"visited": frozenset({1})}, REPEAT), ({"declined": frozenset({1})}, DECLINED),
        ({"away": (Away(DAY, DAY),)}, AWAY),
    ],
)  # fmt: skip
def test_who_may_not_go_is_left_out_and_named(hindered, rule):
    off = member(10, is_leader=True, **hindered)
    here = team(1, off, member(11), member(12))
    [choice] = assign([place(1)], [here], terms=TERMS).choices
    assert choice.people == (11, 12)
    assert f"专家10回避（{RULE_WORDS[rule]}）" in choice.reasons
    # where he is needed, the rule is in the way, by name
    answer = assign([place(1)], [team(1, off, member(11))], terms=TERMS)
    assert answer.choices == ()
    assert answer.obstacles == (f"单位1没有一个组可派：{RULE_WORDS[rule]}。",)


def test_away_on_some_of_the_rounds_days_is_not_away():
    here = team(1, member(10, away=(Away(DAY, DAY),)), member(11))
    open_days = place(1, since=DAY - timedelta(days=9), until=DAY)
    assert assign([open_days], [here], terms=TERMS).choices


def test_the_area_decides_among_equals_and_even_load_beats_it():
    teams = [team(1), team(2, areas=frozenset({1, 2, 3, 4}))]
    [choice] = assign([place(1)], teams, terms=TERMS).choices
    assert choice.team == 2
    assert "分组包片单位" in choice.reasons
    load = Counter(choice.team for choice in assign([place(n) for n in range(1, 5)], teams, terms=TERMS).choices)
    assert sorted(load.values()) in ([2, 2], [1, 3]) and max(load.values()) - min(load.values()) <= 1


def test_a_topic_goes_to_who_knows_it():
    knows = team(2, member(20, fields=frozenset({"党史"})), member(21))
    [choice] = assign([place(1, field="党史")], [team(1), knows, team(3)], terms=TERMS).choices
    assert (choice.team, choice.reasons[0]) == (2, "有熟悉“党史”的专家")


def test_moved_sessions_change_as_little_as_they_must():
    places, teams = [place(n) for n in range(1, 9)], [team(n) for n in range(1, 5)]
    first = assign(places, teams, terms=TERMS)
    kept = {choice.place: choice.team for choice in first.choices}
    people = {choice.place: frozenset(choice.people) for choice in first.choices}
    moved = DAY + timedelta(days=30)
    gone = kept[1]
    teams = [
        replace(one, members=tuple(replace(m, away=(Away(moved, moved),)) for m in one.members))
        if one.id == gone
        else one
        for one in teams
    ]
    places = [place(1, since=moved, until=moved), *places[1:]]
    again = {
        choice.place: choice for choice in assign(places, teams, terms=TERMS, kept=kept, kept_people=people).choices
    }
    changed = [pk for pk in kept if again[pk].team != kept[pk]]
    assert len(changed) == 2 and changed[0] == 1  # one has to go, one comes in exchange: two each as before
    assert again[1].reasons[0] == f"原派第{gone}组，因不在可用时段的不派调整"
    assert again[changed[1]].reasons[0].endswith("因各组要均衡调整")
    rest = set(kept) - set(changed)
    assert all(frozenset(again[pk].people) == people[pk] for pk in rest)
    assert all("原已安排，保持不变" in again[pk].reasons for pk in rest)


def test_people_of_a_kept_team_stay_too():
    here = team(1, *(member(n) for n in range(10, 16)))
    for pair in ((10, 13), (12, 15)):
        [choice] = assign([place(1)], [here], terms=TERMS, kept={1: 1}, kept_people={1: frozenset(pair)}).choices
        assert choice.people == pair


def test_somebody_in_two_teams_has_one_limit():
    shared = member(10, most=2)
    teams = [team(1, shared, member(11)), team(2, shared, member(21))]
    assert len(assign([place(1), place(2)], teams, terms=TERMS).choices) == 2
    answer = assign([place(n) for n in range(1, 5)], teams, terms=TERMS)
    assert any(RULE_WORDS[LOAD] in sentence for sentence in answer.obstacles)


def test_what_teams_have_already_counts_when_they_are_evened():
    choices = assign([place(1), place(2)], [team(1), team(2)], terms=TERMS, load={1: 2}).choices
    assert [choice.team for choice in choices] == [2, 2]
    # a team that had far more than the others is left alone, and is no obstacle
    choices = assign([place(1)], [team(1), team(2), team(3)], terms=TERMS, load={1: 7}).choices
    assert len(choices) == 1 and choices[0].team != 1


@pytest.mark.parametrize(
    ("places", "teams", "said"),
    [
        (3, [team(1, member(10, most=2), member(11, most=2))], "“每人旁听次数上限”使这一批排不出来；放宽这一条就可以排出。"),
        (4, [team(1), team(2, member(20, most=1), member(21, most=1))], "“各组任务数相差不超过规定”使这一批排不出来；放宽这一条就可以排出。"),
        (2, [], "没有可派的旁听组，请先建立旁听组并安排成员。"),
        (2, [Team(1, "空组", ())], "没有可派的旁听组，请先建立旁听组并安排成员。"),
    ],
)  # fmt: skip
def test_the_rule_in_the_way_is_named(places, teams, said):
    answer = assign([place(n) for n in range(1, places + 1)], teams, terms=TERMS)
    assert answer.choices == ()
    assert said in answer.obstacles


def test_more_than_one_rule_in_the_way_is_said():
    been = frozenset({1, 2})
    teams = [team(1, member(10, visited=been, most=9), member(11, units=frozenset({1}), visited=frozenset({2})))]
    answer = assign([place(1), place(2), place(3)], teams, terms=TERMS)
    assert len(answer.obstacles) == 2  # one sentence a place that nobody may go to
    tight = [team(1, member(10, most=1), member(11, most=1)), team(2, member(20, most=1), member(21, most=1, visited=frozenset(range(1, 9))))]  # fmt: skip
    answer = assign([place(n) for n in range(1, 9)], tight, terms=TERMS)
    assert "8 家至少要 16 人次，专家的次数上限合计只有 4 人次。" in answer.obstacles


def test_the_unsolvable_whole_city_is_told_soon():
    places, teams = world(most=3)
    begun = time.perf_counter()
    answer = assign(places, teams, terms=TERMS)
    assert time.perf_counter() - begun < 10
    assert any(RULE_WORDS[LOAD] in sentence for sentence in answer.obstacles)


def test_candidates_stand_best_first_and_say_what_is_against_them():
    teams = [
        team(1), team(2, areas=frozenset({1})),
        team(3, member(30, units=frozenset({1})), member(31)), Team(4, "空组", ()),
    ]  # fmt: skip
    found = rank(place(1), teams, {1: 0, 2: 1}, TERMS)
    assert [one.id for one, _, _ in found] == [2, 1, 3, 4]
    assert [against for _, _, against in found] == ["", "", RULE_WORDS[OWN], "组内没有专家"]
    assert SPREAD not in str(found)
