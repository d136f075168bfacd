"""How long a proposal takes: 115 committees, 24 teams, 60 experts, 15 away periods; and how soon an unsolvable one is named.

    python bench/assign.py

Plain values, no database. Prints seconds, the spread of the load, broken rules (none), and what stood in the way.
"""

import random
import sys
import time
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sessions_app.visits.assign import Answer, Away, Member, Place, Team, Terms, assign, hindrance

FIELDS = ("党史", "经济", "法治", "生态")
FIRST, LAST = date(2026, 3, 1), date(2026, 12, 31)


def world(seed: int = 7, *, most: int = 12) -> tuple[list[Place], list[Team]]:
    """24 teams out of 60 experts (36 of them in one team, 24 leading one), 15 away, a fifth of the places visited before."""
    dice = random.Random(seed)  # noqa: S311
    places = []
    for n in range(1, 116):
        day = FIRST + timedelta(days=dice.randrange(300))
        places.append(Place(n, f"单位{n}", day, day, dice.choice(FIELDS)))
    away = {
        n: (Away(start := FIRST + timedelta(days=dice.randrange(250)), start + timedelta(days=45)),) for n in range(15)
    }

    def member(n: int) -> Member:
        been = frozenset(dice.sample(range(1, 116), 20))
        return Member(
            n,
            f"专家{n}",
            frozenset({1 + n % 115}),
            frozenset({FIELDS[n % 4]}),
            most,
            away.get(n, ()),
            been,
            is_leader=n < 24,
        )

    teams = []
    for t in range(24):
        mine = [t, *(n for n in range(24, 60) if n % 24 == t)]
        teams.append(Team(t + 1, f"第{t + 1}组", tuple(map(member, mine)), frozenset(range(1 + t * 5, 5 + t * 5))))
    return places, teams


def check(places: list[Place], teams: list[Team], answer: Answer, terms: Terms) -> tuple[int, int]:
    """(broken rules, spread of the load)."""
    known = {member.person: member for team in teams for member in team.members}
    at = {place.id: place for place in places}
    broken = sum(
        bool(hindrance(known[pk], at[choice.place], terms)) for choice in answer.choices for pk in choice.people
    )
    load = Counter({team.id: 0 for team in teams})
    load.update(choice.team for choice in answer.choices)
    return broken, max(load.values()) - min(load.values())


def main() -> None:
    terms = Terms()
    places, teams = world()
    begun = time.perf_counter()
    answer = assign(places, teams, terms=terms)
    took = time.perf_counter() - begun
    broken, spread = check(places, teams, answer, terms)
    print(f"{len(places)} places, {len(teams)} teams: {took:.2f} s, best {answer.is_best}, {len(answer.choices)} chosen,"
          f" broken rules {broken}, spread {spread}, obstacles {answer.obstacles}")  # fmt: skip

    kept = {choice.place: choice.team for choice in answer.choices}
    people = {choice.place: frozenset(choice.people) for choice in answer.choices}
    moved = [
        Place(p.id, p.name, d := p.since + timedelta(days=20), d, p.field) if p.id % 10 == 0 else p for p in places
    ]
    begun = time.perf_counter()
    again = assign(moved, teams, terms=terms, kept=kept, kept_people=people)
    took = time.perf_counter() - begun
    changed = sum(kept[choice.place] != choice.team for choice in again.choices)
    print(f"11 sessions moved: {took:.2f} s, best {again.is_best}, {changed} of {len(again.choices)} changed teams")

    for name, most in (("too few hands", 3),):
        places, teams = world(most=most)
        begun = time.perf_counter()
        answer = assign(places, teams, terms=terms)
        print(f"unsolvable, {name}: {time.perf_counter() - begun:.2f} s: {'；'.join(answer.obstacles)}")
    places, teams = world()
    seen = frozenset(range(1, 116))
    teams[0] = Team(
        1, "第1组", tuple(Member(m.person, m.name, m.units, m.fields, 99, (), seen) for m in teams[0].members)
    )
    begun = time.perf_counter()
    answer = assign(places, teams, terms=terms)
    print(f"unsolvable, one team has seen them all: {time.perf_counter() - begun:.2f} s: {'；'.join(answer.obstacles)}")


if __name__ == "__main__":
    main()
