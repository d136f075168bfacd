"""Reads a round's rows, in one go, into the plain values of the solver: places, teams, who is away, who has been there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q

from roster.committees.models import Committee
from roster.corps.models import ExpertAway, TeamArea, TeamMember, VisitTeam
from roster.people.models import Membership, StudySecretary
from sessions_app.policies import parameters
from sessions_app.sessions.models import SessionStage, StudySession
from sessions_app.visits.assign import Away, Member, Place, Team, Terms
from sessions_app.visits.models import ObservationVisit, VisitObserver, VisitRound, VisitStage

# What may still be given to another team; what went further stays, and weighs on its team and people.
OPEN = (VisitStage.PROPOSED, VisitStage.ASSIGNED, VisitStage.ACCEPTED)
YEARS = "visit_repeat_years"


@dataclass(frozen=True)
class Ground:
    """Everything a proposal stands on. `visits`: the live visit of each chosen committee; `load`: of those that stay."""

    places: tuple[Place, ...]
    teams: tuple[Team, ...]
    terms: Terms
    kept: Mapping[int, int]
    kept_people: Mapping[int, frozenset[int]]
    visits: Mapping[int, Any]
    load: Mapping[int, int]
    committees: Mapping[int, Committee]
    since: date
    until: date

    def place(self, committee: Committee, visit: Any = None) -> Place:
        """One place, also when it is not among those to be arranged."""
        found = [place for place in self.places if place.id == committee.pk]
        return found[0] if found else Place(committee.pk, str(committee), *self.days(visit))

    def days(self, visit: Any) -> tuple[date, date]:
        day = visit.study_session.day if visit is not None and visit.study_session_id else None
        return (day, day) if day else (self.since, self.until)

    def all_load(self) -> dict[int, int]:
        """How many committees each team has in this round, all together."""
        return _count(visit.team_id for visit in self.visits.values())


def _count(ids: Iterable[int]) -> dict[int, int]:
    found: dict[int, int] = defaultdict(int)
    for one in ids:
        found[one] += 1
    return dict(found)


def years_back(day: date, years: int) -> date:
    """The same day `years` years ago; the 29th of February becomes the 28th."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


def read(round_: VisitRound, *, on: date) -> Ground:
    """The ground of a round as of `on`, in a fixed number of queries whatever its size."""
    visits = {
        visit.committee_id: visit
        for visit in ObservationVisit.objects.live()
        .filter(round=round_)
        .select_related("study_session", "committee", "team")
        .prefetch_related("observers")
    }
    committees = {row.pk: row for row in round_.places.in_order()}
    terms = Terms(years=int(parameters.value(YEARS, round_.committee, on)))
    stay = {pk: visit for pk, visit in visits.items() if visit.stage not in OPEN}
    teams = _teams(round_, terms, on=on, stay=stay.values())
    return Ground(
        places=tuple(_places(round_, committees, visits)), teams=teams, terms=terms,
        kept={pk: visit.team_id for pk, visit in visits.items() if visit.stage in OPEN},
        kept_people={
            pk: frozenset(row.person_id for row in visit.observers.all()) for pk, visit in visits.items()
            if visit.stage in OPEN
        },
        visits=visits, load=_count(visit.team_id for visit in stay.values()),
        committees=committees, since=round_.since, until=round_.until,
    )  # fmt: skip


def _places(round_: VisitRound, committees: Mapping[int, Committee], visits: Mapping[int, Any]) -> Iterable[Place]:
    """Those still to be arranged. The day is that of the chosen session, else of the only one in the round's days."""
    called: dict[int, list[StudySession]] = defaultdict(list)
    sessions = StudySession.objects.filter(committee__in=committees, day__range=(round_.since, round_.until))
    for session in sessions.exclude(stage=SessionStage.CANCELLED).only("committee_id", "day", "category"):
        called[session.committee_id].append(session)
    for pk, committee in committees.items():
        visit = visits.get(pk)
        if visit is not None and visit.stage not in OPEN:
            continue
        session = visit.study_session if visit is not None and visit.study_session_id else None
        if session is None and len(called[pk]) == 1:
            session = called[pk][0]
        since, until = (session.day, session.day) if session else (round_.since, round_.until)
        field = session.get_category_display() if session and session.category else ""
        yield Place(pk, str(committee), since, until, field)


def _teams(round_: VisitRound, terms: Terms, *, on: date, stay: Iterable[Any]) -> tuple[Team, ...]:
    """Teams and members who serve through all of the round's days that are left."""
    first = min(max(on, round_.since), round_.until)
    teams = list(VisitTeam.objects.filter(committee=round_.committee_id).on(first).on(round_.until).order_by("pk"))
    rows = list(
        TeamMember.objects.filter(team__in=teams).on(first).on(round_.until)
        .filter(expert__since__lte=first).filter(Q(expert__until__isnull=True) | Q(expert__until__gte=round_.until))
        .select_related("expert__person").order_by("team_id", "-is_leader", "pk")
    )  # fmt: skip
    people = {row.expert.person_id for row in rows}
    units = _units(rows, people, on)
    away: dict[int, list[Away]] = defaultdict(list)
    for gone in ExpertAway.objects.filter(expert__in=[row.expert_id for row in rows], since__lte=round_.until, until__gte=round_.since):  # fmt: skip
        away[gone.expert_id].append(Away(gone.since, gone.until))
    refused: dict[int, set[int]] = defaultdict(set)
    said_no = VisitObserver.objects.filter(visit__round=round_, visit__stage=VisitStage.DECLINED, is_lead=True)
    for person, pk in said_no.order_by().values_list("person_id", "visit__committee_id"):
        refused[person].add(pk)
    seen, team_seen = _been(round_, people, [team.pk for team in teams], terms.years)
    areas: dict[int, set[int]] = defaultdict(set)
    for team_id, pk in TeamArea.objects.filter(team__in=teams).on(first).values_list("team_id", "committee_id"):
        areas[team_id].add(pk)
    done = _count(row.person_id for visit in stay for row in visit.observers.all())
    members: dict[int, list[Member]] = defaultdict(list)
    for row in rows:
        who = row.expert.person_id
        members[row.team_id].append(Member(
            who, row.expert.person.name, units=frozenset(units[who]), fields=frozenset(row.expert.fields),
            most=max(0, row.expert.max_load - done.get(who, 0)), away=tuple(away[row.expert_id]),
            visited=frozenset(seen[who] | team_seen[row.team_id]), declined=frozenset(refused[who]), is_leader=row.is_leader,
        ))  # fmt: skip
    return tuple(Team(team.pk, team.name, tuple(members[team.pk]), frozenset(areas[team.pk])) for team in teams)


def _units(rows: Iterable[TeamMember], people: set[int], on: date) -> dict[int, set[int]]:
    """The committees a person belongs to today: the expert's unit, any membership, any secretaryship."""
    own: dict[int, set[int]] = defaultdict(set)
    for row in rows:
        if row.expert.unit_id:
            own[row.expert.person_id].add(row.expert.unit_id)
    for model in (Membership, StudySecretary):
        for person, committee in (
            model.objects.filter(person__in=people).on(on).values_list("person_id", "committee_id")
        ):
            own[person].add(committee)
    return own


def own_units(people: Iterable[int], *, on: date, department: int) -> dict[int, set[int]]:
    """As `_units`, for people who need not be in any team: of the pool of `department`."""
    wanted = set(people)
    found = _units([], wanted, on)
    pool = Committee.objects.filter(own_experts__person__in=wanted, own_experts__committee=department)
    for person, pk in pool.values_list("own_experts__person_id", "pk"):
        found[person].add(pk)
    return found


def _been(
    round_: VisitRound, people: set[int], teams: Sequence[int], years: int
) -> tuple[dict[int, set[int]], dict[int, set[int]]]:
    """{person: committees}, {team: committees}: sat in within `years` of the round, or about to in another round."""
    persons: dict[int, set[int]] = defaultdict(set)
    of_team: dict[int, set[int]] = defaultdict(set)
    if not years:
        return persons, of_team
    limit = years_back(round_.since, years)
    rows = ObservationVisit.objects.live().exclude(round=round_).exclude(stage=VisitStage.PROPOSED)
    rows = rows.filter(Q(observed_on__gte=limit) | Q(observed_on__isnull=True, round__until__gte=limit))
    for team_id, pk in rows.filter(team__in=teams).order_by().values_list("team_id", "committee_id"):
        of_team[team_id].add(pk)
    named = VisitObserver.objects.filter(person__in=people, visit__in=rows.order_by().values("pk")).order_by()
    for person, pk in named.values_list("person_id", "visit__committee_id"):
        persons[person].add(pk)
    return persons, of_team
