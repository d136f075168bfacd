"""Which team visits which committee, and who of it goes: OR-Tools CP-SAT over plain values, with the reasons in words.

Hard: nobody visits his own unit, nobody returns within the years the local rule says, nobody goes while he is away or more often
than he may, a visit has its observers, and no team has more than `spread` visits more than another. Wished, in this order: what
was arranged already stays; the team that looks after the committee (包片) goes; somebody knows the topic's field.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from ortools.sat.python import cp_model

KEPT, AREA, FIELD = 1000, 20, 1


@dataclass(frozen=True)
class Away:
    since: date
    until: date


@dataclass(frozen=True)
class Member:
    """An expert of a team. `unit` is the id of his own committee; `visited` the committees he may not see again yet."""

    person: int
    name: str
    unit: int | None = None
    fields: frozenset[str] = frozenset()
    most: int = 99
    away: tuple[Away, ...] = ()
    visited: frozenset[int] = frozenset()
    is_leader: bool = False


@dataclass(frozen=True)
class Team:
    id: int
    name: str
    members: tuple[Member, ...]
    areas: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Place:
    """A committee to be visited: the day of its session where it is known, else the round's days; `field` of its topic."""

    id: int
    name: str
    since: date
    until: date
    field: str = ""


@dataclass(frozen=True)
class Choice:
    """A team for a place, with those who go, and why, in sentences."""

    place: int
    team: int
    people: tuple[int, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """`choices` for every place, or none and `obstacles`: which rule is in the way, and of whom."""

    choices: tuple[Choice, ...] = ()
    obstacles: tuple[str, ...] = ()
    is_best: bool = False


@dataclass(frozen=True)
class Terms:
    """What the local rules and the round ask. `per_visit` people go to a visit (fewer where a team is smaller)."""

    per_visit: int = 2
    spread: int = 1
    years: int = 2
    seconds: float = 8.0
    dropped: frozenset[str] = field(default_factory=frozenset)

    def holds(self, rule: str) -> bool:
        return rule not in self.dropped


OWN, REPEAT, AWAY, LOAD, SPREAD = "own", "repeat", "away", "load", "spread"
RULE_WORDS: Mapping[str, str] = {
    OWN: "不旁听本人所在单位", REPEAT: "规定年限内不重复旁听同一单位", AWAY: "不在可用时段的不派",
    LOAD: "每人旁听次数上限", SPREAD: "各组任务数相差不超过规定",
}  # fmt: skip


def is_away(member: Member, place: Place) -> bool:
    """Away on the day of the session; where only the round's days are known, away on every one of them."""
    return any(gone.since <= place.since and gone.until >= place.until for gone in member.away)


def hindrance(member: Member, place: Place, terms: Terms) -> str:
    """The rule that keeps this person from this place, or ""."""
    if terms.holds(OWN) and member.unit == place.id:
        return OWN
    if terms.holds(REPEAT) and place.id in member.visited:
        return REPEAT
    if terms.holds(AWAY) and is_away(member, place):
        return AWAY
    return ""


def free(team: Team, place: Place, terms: Terms) -> list[Member]:
    return [member for member in team.members if not hindrance(member, place, terms)]


def wanted(team: Team, terms: Terms) -> int:
    return max(1, min(terms.per_visit, len(team.members)))


def reasons_for(team: Team, place: Place, terms: Terms, *, load: int, kept: bool = False) -> tuple[str, ...]:
    """What speaks for the team, in the words printed beside it."""
    said = []
    if kept:
        said.append("原已安排，保持不变")
    if place.id in team.areas:
        said.append("分组包片单位")
    if place.field and any(place.field in member.fields for member in team.members):
        said.append(f"有熟悉“{place.field}”的专家")
    off = [(member, hindrance(member, place, terms)) for member in team.members]
    said += [f"{member.name}回避（{RULE_WORDS[rule]}）" for member, rule in off if rule]
    said.append(f"本批次第 {load} 家")
    return tuple(said)


def rank(
    place: Place, teams: Iterable[Team], load: Mapping[int, int], terms: Terms
) -> list[tuple[Team, tuple[str, ...], str]]:
    """Every team for one place, the best first: (team, what speaks for it, the rule against it or "")."""

    def key(row: tuple[Team, tuple[str, ...], str]) -> tuple[bool, int, bool, bool, int]:
        team, _, against = row
        knows = bool(place.field) and any(place.field in member.fields for member in team.members)
        return (
            bool(against),
            load.get(team.id, 0) - 2 * (place.id in team.areas),
            place.id not in team.areas,
            not knows,
            team.id,
        )

    rows = []
    for team in teams:
        against = ""
        if len(free(team, place, terms)) < wanted(team, terms):
            found = [hindrance(member, place, terms) for member in team.members]
            against = "；".join(dict.fromkeys(RULE_WORDS[rule] for rule in found if rule)) or "组内没有专家"
        rows.append((team, reasons_for(team, place, terms, load=load.get(team.id, 0) + 1), against))
    return sorted(rows, key=key)


def assign(
    places: Sequence[Place], teams: Sequence[Team], *, terms: Terms, kept: Mapping[int, int] | None = None
) -> Answer:
    """A team and its people for every place. `kept` {place: team} is changed as little as the rules allow."""
    kept = kept or {}
    if not places:
        return Answer(is_best=True)
    stuck = list(_stuck(places, teams, terms))
    if stuck:
        return Answer(obstacles=tuple(stuck))
    found = _solve(places, teams, terms, kept)
    if found is not None:
        return found
    return Answer(obstacles=tuple(_in_the_way(places, teams, terms)))


def _stuck(places: Sequence[Place], teams: Sequence[Team], terms: Terms) -> Iterator[str]:
    """Places that no team may visit, with every rule that stands against one."""
    if not teams:
        yield "没有可派的旁听组，请先建立旁听组并安排成员。"
        return
    for place in places:
        if not any(len(free(team, place, terms)) >= wanted(team, terms) for team in teams if team.members):
            rules = {hindrance(member, place, terms) for team in teams for member in team.members} - {""}
            words = "、".join(RULE_WORDS[rule] for rule in RULE_WORDS if rule in rules) or "各组都没有专家"
            yield f"{place.name}没有一个组可派：{words}。"


def _in_the_way(places: Sequence[Place], teams: Sequence[Team], terms: Terms) -> Iterator[str]:
    """Each rule without which there would be an answer; all of them when no single one is enough."""
    alone = []
    for rule in RULE_WORDS:
        looser = Terms(terms.per_visit, terms.spread, terms.years, 3.0, terms.dropped | {rule})
        if terms.holds(rule) and not list(_stuck(places, teams, looser)) and _solve(places, teams, looser, {}):
            alone.append(rule)
    for rule in alone:
        yield f"“{RULE_WORDS[rule]}”使这一批排不出来；放宽这一条就可以排出。"
    if not alone:
        yield f"{len(places)} 家单位、{len(teams)} 个组排不出来，要放宽的不止一条规则：请增加专家、分两批安排，或调整人数。"


def _solve(places: Sequence[Place], teams: Sequence[Team], terms: Terms, kept: Mapping[int, int]) -> Answer | None:
    model = cp_model.CpModel()
    goes: dict[tuple[int, int], cp_model.IntVar] = {}
    named: dict[tuple[int, int, int], cp_model.IntVar] = {}
    worth = []
    for place in places:
        for team in teams:
            able = free(team, place, terms)
            if len(able) < wanted(team, terms) or not team.members:
                continue
            goes[place.id, team.id] = pick = model.new_bool_var("")
            people = []
            for member in able:
                named[place.id, team.id, member.person] = one = model.new_bool_var("")
                people.append(one)
            model.add(sum(people) == wanted(team, terms) * pick)
            knows = bool(place.field) and any(place.field in member.fields for member in able)
            points = KEPT * (kept.get(place.id) == team.id) + AREA * (place.id in team.areas) + FIELD * knows
            if points:
                worth.append(points * pick)
        model.add_exactly_one(goes[place.id, team.id] for team in teams if (place.id, team.id) in goes)
    if terms.holds(LOAD):
        for team in teams:
            for member in team.members:
                mine = [one for (_, at, person), one in named.items() if (at, person) == (team.id, member.person)]
                if mine:
                    model.add(sum(mine) <= member.most)
    if terms.holds(SPREAD):
        _even(model, places, teams, goes, terms)
    model.maximize(sum(worth))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = terms.seconds
    solver.parameters.random_seed = 1
    solver.parameters.num_workers = 2
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    return Answer(tuple(_read(places, teams, terms, kept, goes, named, solver)), (), status == cp_model.OPTIMAL)


def _even(
    model: cp_model.CpModel, places: Sequence[Place], teams: Sequence[Team],
    goes: Mapping[tuple[int, int], cp_model.IntVar], terms: Terms,
) -> None:  # fmt: skip
    manned = [team for team in teams if team.members]
    least = model.new_int_var(0, len(places), "")
    for team in manned:
        load = sum(goes[place.id, team.id] for place in places if (place.id, team.id) in goes)
        model.add(load >= least)
        model.add(load <= least + terms.spread)


def _read(
    places: Sequence[Place], teams: Sequence[Team], terms: Terms, kept: Mapping[int, int],
    goes: Mapping[tuple[int, int], cp_model.IntVar], named: Mapping[tuple[int, int, int], cp_model.IntVar],
    solver: cp_model.CpSolver,
) -> Iterator[Choice]:  # fmt: skip
    load: dict[int, int] = {}
    for place in sorted(places, key=lambda place: (place.since, place.id)):
        for team in teams:
            pick = goes.get((place.id, team.id))
            if pick is None or not solver.value(pick):
                continue
            load[team.id] = load.get(team.id, 0) + 1
            people = [
                member.person
                for member in sorted(team.members, key=lambda member: not member.is_leader)
                if (one := named.get((place.id, team.id, member.person))) is not None and solver.value(one)
            ]
            said = reasons_for(team, place, terms, load=load[team.id], kept=kept.get(place.id) == team.id)
            yield Choice(place.id, team.id, tuple(people), said)
