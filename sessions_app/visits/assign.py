"""Which team visits which committee, and who of it goes: OR-Tools CP-SAT over plain values, with the reasons in words.

Hard: nobody visits his own unit, nobody returns within the years the local rule says, nobody goes while he is away or more often
than he may, a visit has its observers, and no team has more than `spread` visits more than another. Wished, in this order: what
was arranged already stays; the team that looks after the committee (包片) goes; somebody knows the topic's field.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from ortools.graph.python import max_flow
from ortools.sat.python import cp_model

KEPT, SAME_PERSON, AREA, FIELD = 1000, 100, 20, 1


@dataclass(frozen=True)
class Away:
    since: date
    until: date


@dataclass(frozen=True)
class Member:
    """An expert of a team. `units`: the committees he belongs to; `visited`: those he may not see again yet.

    `most`: how many visits he may still take on in this round; `declined`: what he said no to in it.
    """

    person: int
    name: str
    units: frozenset[int] = frozenset()
    fields: frozenset[str] = frozenset()
    most: int = 99
    away: tuple[Away, ...] = ()
    visited: frozenset[int] = frozenset()
    declined: frozenset[int] = frozenset()
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
    seconds: float = 6.0
    dropped: frozenset[str] = field(default_factory=frozenset)

    def holds(self, rule: str) -> bool:
        return rule not in self.dropped


OWN, REPEAT, AWAY, DECLINED, LOAD, SPREAD = "own", "repeat", "away", "declined", "load", "spread"
RULE_WORDS: Mapping[str, str] = {
    OWN: "不旁听本人所在单位", REPEAT: "规定年限内不重复旁听同一单位", AWAY: "不在可用时段的不派",
    DECLINED: "本批次谢绝过的不再派",
    LOAD: "每人旁听次数上限", SPREAD: "各组任务数相差不超过规定",
}  # fmt: skip


def is_away(member: Member, place: Place) -> bool:
    """Away on the day of the session; where only the round's days are known, away on every one of them."""
    return any(gone.since <= place.since and gone.until >= place.until for gone in member.away)


def hindrance(member: Member, place: Place, terms: Terms) -> str:
    """The rule that keeps this person from this place, or ""."""
    if terms.holds(OWN) and place.id in member.units:
        return OWN
    if terms.holds(REPEAT) and place.id in member.visited:
        return REPEAT
    if terms.holds(AWAY) and is_away(member, place):
        return AWAY
    if terms.holds(DECLINED) and place.id in member.declined:
        return DECLINED
    return ""


def free(team: Team, place: Place, terms: Terms) -> list[Member]:
    return [member for member in team.members if not hindrance(member, place, terms)]


def wanted(team: Team, terms: Terms) -> int:
    return max(1, min(terms.per_visit, len(team.members)))


def reasons_for(
    team: Team, place: Place, terms: Terms, *, load: int, kept: bool = False, before: Team | None = None
) -> tuple[str, ...]:
    """What speaks for the team, in the words printed beside it. `before`: the team it was taken from."""
    said = []
    if kept:
        said.append("原已安排，保持不变")
    if before is not None:
        rules = {hindrance(member, place, terms) for member in before.members} - {""}
        short = len(free(before, place, terms)) < wanted(before, terms) and rules
        why = "、".join(RULE_WORDS[rule] for rule in RULE_WORDS if rule in rules) if short else "各组要均衡"
        said.append(f"原派{before.name}，因{why}调整")
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
    places: Sequence[Place], teams: Sequence[Team], *, terms: Terms, kept: Mapping[int, int] | None = None,
    kept_people: Mapping[int, frozenset[int]] | None = None, load: Mapping[int, int] | None = None,
) -> Answer:  # fmt: skip
    """A team and its people for every place. `kept` {place: team} and its people change as little as the rules allow.

    `load` {team: visits} is what each team has in this round beside these places, and counts when they are evened.
    """
    if not places:
        return Answer(is_best=True)
    stuck = list(_stuck(places, teams, terms))
    if stuck:
        return Answer(obstacles=tuple(stuck))
    asked = _Asked(places, teams, terms, kept or {}, kept_people or {}, load or {})
    if _adds_up(asked):
        found, proven = _solve(asked)
        if found is not None:
            return found
        if not proven:
            return Answer(obstacles=(f"{terms.seconds:g} 秒内没有排出来：请分两批安排，或先手工派出一部分。",))
    return Answer(obstacles=tuple(_in_the_way(asked)))


@dataclass(frozen=True)
class _Asked:
    """The whole question, handed round."""

    places: Sequence[Place]
    teams: Sequence[Team]
    terms: Terms
    kept: Mapping[int, int]
    kept_people: Mapping[int, frozenset[int]]
    load: Mapping[int, int]

    @property
    def manned(self) -> list[Team]:
        return [team for team in self.teams if team.members]

    def without(self, rule: str) -> _Asked:
        """The same question less one rule; what was arranged and what is wished plays no part in whether it can be."""
        return replace(self, terms=replace(self.terms, seconds=2.0, dropped=self.terms.dropped | {rule}))


def _stuck(places: Sequence[Place], teams: Sequence[Team], terms: Terms) -> Iterator[str]:
    """Places that no team may visit, with every rule that stands against one."""
    if not any(team.members for team in teams):
        yield "没有可派的旁听组，请先建立旁听组并安排成员。"
        return
    for place in places:
        if not any(len(free(team, place, terms)) >= wanted(team, terms) for team in teams if team.members):
            rules = {hindrance(member, place, terms) for team in teams for member in team.members} - {""}
            words = "、".join(RULE_WORDS[rule] for rule in RULE_WORDS if rule in rules) or "各组都没有专家"
            yield f"{place.name}没有一个组可派：{words}。"


# -------------------------------------------------------------------------- counts that must hold, before any search
def _adds_up(asked: _Asked) -> bool:
    """Whether the counts allow an answer at all: places against what teams can carry, one flow each. False is certain."""
    teams, terms = asked.manned, asked.terms
    able = {
        team.id: [index for index, place in enumerate(asked.places) if len(free(team, place, terms)) >= wanted(team, terms)]
        for team in teams
    }  # fmt: skip
    most = {team.id: _carries(team, len(able[team.id]), terms) for team in teams}
    count = len(asked.places)
    if terms.holds(LOAD) and _seats(asked) > _hands(asked):
        return False
    if not terms.holds(SPREAD):
        return _reach(able, most, count) == count
    base = asked.load
    for least in range(count + max(base.values(), default=0) + 1):
        upper = {pk: max(0, min(most[pk], least + terms.spread - base.get(pk, 0))) for pk in able}
        if _reach(able, upper, count) < count:
            continue
        # Places all served, and every team served up to `least`: both together whenever each alone (Mendelsohn, Dulmage).
        lower = {pk: max(0, least - base.get(pk, 0)) for pk in able}
        return all(lower[pk] <= most[pk] for pk in able) and _reach(able, lower, count) == sum(lower.values())
    return False


def _carries(team: Team, places: int, terms: Terms) -> int:
    """How many visits the team's people can make together, each at most `most`."""
    if not terms.holds(LOAD):
        return places
    need = wanted(team, terms)
    fits = (k for k in range(places, -1, -1) if sum(min(member.most, k) for member in team.members) >= need * k)
    return next(fits, 0)


def _seats(asked: _Asked) -> int:
    return len(asked.places) * min(wanted(team, asked.terms) for team in asked.manned)


def _hands(asked: _Asked) -> int:
    return sum({member.person: member.most for team in asked.manned for member in team.members}.values())


def _reach(able: Mapping[int, Sequence[int]], most: Mapping[int, int], count: int) -> int:
    """Places that can be served at once: the largest flow place → team → sink."""
    flow = max_flow.SimpleMaxFlow()
    sink = count + len(able) + 1
    for index in range(count):
        flow.add_arc_with_capacity(0, index + 1, 1)
    for number, (pk, indexes) in enumerate(able.items(), start=count + 1):
        flow.add_arc_with_capacity(number, sink, most[pk])
        for index in indexes:
            flow.add_arc_with_capacity(index + 1, number, 1)
    flow.solve(0, sink)
    return int(flow.optimal_flow())


def _in_the_way(asked: _Asked) -> Iterator[str]:
    """Each rule without which there would be an answer; all of them when no single one is enough."""
    terms, found = asked.terms, False
    if terms.holds(LOAD) and _seats(asked) > _hands(asked):
        yield f"{len(asked.places)} 家至少要 {_seats(asked)} 人次，专家的次数上限合计只有 {_hands(asked)} 人次。"
    for rule in RULE_WORDS:
        looser = asked.without(rule)
        if not terms.holds(rule) or list(_stuck(asked.places, asked.teams, looser.terms)) or not _adds_up(looser):
            continue
        if _solve(looser, wishes=False)[0] is not None:
            found = True
            yield f"“{RULE_WORDS[rule]}”使这一批排不出来；放宽这一条就可以排出。"
    if not found:
        yield f"{len(asked.places)} 家单位、{len(asked.manned)} 个组排不出来，要放宽的不止一条规则：请增加专家、分两批安排，或调整人数。"


# ------------------------------------------------------------------------------------------------------ the search
def _solve(asked: _Asked, *, wishes: bool = True) -> tuple[Answer | None, bool]:
    """The answer, or None and whether there is proven to be none."""
    places, terms, kept = asked.places, asked.terms, asked.kept
    model = cp_model.CpModel()
    goes: dict[tuple[int, int], cp_model.IntVar] = {}
    named: dict[tuple[int, int, int], cp_model.IntVar] = {}
    worth = []
    for place in places:
        same = asked.kept_people.get(place.id, frozenset())
        for team in asked.manned:
            able = free(team, place, terms)
            if len(able) < wanted(team, terms):
                continue
            goes[place.id, team.id] = pick = model.new_bool_var("")
            stays = kept.get(place.id) == team.id
            people = []
            for member in able:
                named[place.id, team.id, member.person] = one = model.new_bool_var("")
                people.append(one)
                worth.append((SAME_PERSON * (stays and member.person in same), one))
            model.add(sum(people) == wanted(team, terms) * pick)
            knows = bool(place.field) and any(place.field in member.fields for member in able)
            worth.append((KEPT * stays + AREA * (place.id in team.areas) + FIELD * knows, pick))
            if stays:
                model.add_hint(pick, True)
        model.add_exactly_one(goes[place.id, team.id] for team in asked.manned if (place.id, team.id) in goes)
    if terms.holds(LOAD):
        _within(model, asked, named)
    if terms.holds(SPREAD):
        _even(model, asked, goes)
    if wishes:
        model.maximize(sum(points * variable for points, variable in worth if points))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = terms.seconds
    solver.parameters.random_seed = 1
    solver.parameters.num_workers = 2
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None, status == cp_model.INFEASIBLE
    return Answer(tuple(_read(asked, goes, named, solver)), (), status == cp_model.OPTIMAL), False


def _within(model: cp_model.CpModel, asked: _Asked, named: Mapping[tuple[int, int, int], cp_model.IntVar]) -> None:
    """Nobody goes more often than he may, in whichever team."""
    most = {member.person: member.most for team in asked.manned for member in team.members}
    mine: dict[int, list[cp_model.IntVar]] = {}
    for (_, _, person), one in named.items():
        mine.setdefault(person, []).append(one)
    for person, ones in mine.items():
        model.add(sum(ones) <= most[person])


def _even(model: cp_model.CpModel, asked: _Asked, goes: Mapping[tuple[int, int], cp_model.IntVar]) -> None:
    """Teams differ by at most `spread`. One that had more before is not to blame: it just gets nothing new."""
    least = model.new_int_var(0, len(asked.places) + max(asked.load.values(), default=0), "")
    for team in asked.manned:
        new = [goes[place.id, team.id] for place in asked.places if (place.id, team.id) in goes]
        base = asked.load.get(team.id, 0)
        model.add(base + sum(new) >= least)
        if base <= asked.terms.spread:
            model.add(base + sum(new) <= least + asked.terms.spread)
            continue
        busy = model.new_bool_var("")
        for one in new:
            model.add_implication(one, busy)
        model.add(base + sum(new) <= least + asked.terms.spread).only_enforce_if(busy)


def _read(
    asked: _Asked, goes: Mapping[tuple[int, int], cp_model.IntVar],
    named: Mapping[tuple[int, int, int], cp_model.IntVar], solver: cp_model.CpSolver,
) -> Iterator[Choice]:  # fmt: skip
    load, known = dict(asked.load), {team.id: team for team in asked.teams}
    for place in sorted(asked.places, key=lambda place: (place.since, place.id)):
        for team in asked.manned:
            pick = goes.get((place.id, team.id))
            if pick is None or not solver.value(pick):
                continue
            load[team.id] = load.get(team.id, 0) + 1
            people = [
                member.person
                for member in sorted(team.members, key=lambda member: not member.is_leader)
                if (one := named.get((place.id, team.id, member.person))) is not None and solver.value(one)
            ]
            was = asked.kept.get(place.id)
            before = known.get(was) if was is not None and was != team.id else None
            said = reasons_for(team, place, asked.terms, load=load[team.id], kept=was == team.id, before=before)
            yield Choice(place.id, team.id, tuple(people), said)
