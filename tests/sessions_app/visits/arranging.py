"""A city with a county, units, teams of two, and a round of them, made by actions."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from roster.accounts.models import User
from roster.accounts.roles import Role
from roster.committees.models import Committee, CommitteeLevel
from roster.corps.models import Expert, TeamMember, VisitTeam
from roster.people.models import Person
from sessions_app.sessions.models import Form, Participation, SessionStage, StudySession
from sessions_app.visits import actions
from sessions_app.visits.models import ObservationVisit, VisitObserver, VisitRound, VisitStage
from tests import build

AT = build.AT
FIRST, LAST = date(2026, 4, 1), date(2026, 6, 30)


@dataclass
class City:
    """`teams` have a leader and a member each: `people[team.pk]`, the leader first."""

    city: Committee
    county: Committee
    units: list[Committee]
    reviewer: User
    teams: list[VisitTeam]
    people: dict[int, list[Person]]

    def user(self, person: Person) -> User:
        """The account of an observer."""
        found = User.objects.filter(person=person).first()
        return found.act(on=build.DAY) if found else build.granted(Role.OBSERVER, self.city, person)


def team(where: Committee, name: str, *, size: int = 2, most: int = 6) -> tuple[VisitTeam, list[Person]]:
    row = VisitTeam.objects.create(committee=where, name=name, since=build.SINCE)
    people = []
    for number in range(size):
        person = build.person(f"{name}专家{number + 1}")
        expert = Expert.objects.create(committee=where, person=person, max_load=most, since=build.SINCE)
        TeamMember.objects.create(team=row, expert=expert, is_leader=number == 0, since=build.SINCE)
        people.append(person)
    return row, people


def city(units: int = 4, teams: int = 2, **more: Any) -> City:
    top = build.committee("云州市委")
    county = build.committee("清河县委", parent=top, level=CommitteeLevel.COUNTY)
    below = [build.committee(f"单位{n}党组", parent=top) for n in range(1, units + 1)]
    made = [team(top, f"第{n}组", **more) for n in range(1, teams + 1)]
    return City(
        top, county, below, build.granted(Role.REVIEWER, top), [row for row, _ in made],
        {row.pk: people for row, people in made},
    )  # fmt: skip


def round_of(here: City, *, places: list[Committee] | None = None, **more: Any) -> VisitRound:
    given = {"committee": here.city, "since": FIRST, "until": LAST, **more}
    row = actions.create_round(**given, by=here.reviewer, at=AT)
    return actions.choose_places(row, add=here.units if places is None else places, by=here.reviewer, at=AT)


def proposed(here: City, **more: Any) -> VisitRound:
    row = round_of(here, **more)
    actions.propose(row, by=here.reviewer, at=AT)
    row.refresh_from_db()
    return row


def opened(here: City, **more: Any) -> VisitRound:
    row = proposed(here, **more)
    actions.open_round(row, version=row.version, by=here.reviewer, at=AT)
    row.refresh_from_db()
    return row


def session(where: Committee, day: date, *, stage: str = SessionStage.PREPARING, number: int = 1) -> StudySession:
    reason = "冲突" if stage == SessionStage.CANCELLED else ""
    row = StudySession.objects.create(
        committee=where, day=day, topic=f"{where}专题{number}", stage=stage, form=Form.GROUP_STUDY, entered_at=AT,
        cancel_reason=reason, category=1,
    )  # fmt: skip
    Participation.objects.create(study_session=row, committee=where, year=day.year, day=day, number=number)
    return row


def been(here: City, where: Committee, team: VisitTeam, day: date, *, number: int = 90) -> ObservationVisit:
    """The team sat in there on a day, in a round of that time."""
    visit_round, _ = VisitRound.objects.get_or_create(
        committee=here.city, year=day.year, number=number, defaults={"since": day, "until": day, "stage": "CLOSED"}
    )
    row = ObservationVisit.objects.create(
        round=visit_round, committee=where, team=team, stage=VisitStage.CLOSED, observed_on=day,
        study_session=session(where, day, stage=SessionStage.HELD, number=number),
    )  # fmt: skip
    for person in here.people[team.pk]:
        VisitObserver.objects.create(visit=row, person=person)
    return row
