"""Who hears of what is due: the roles of a day read once, for any number of committees."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Case, Exists, F, OuterRef, Value, When

from roster.accounts.models import Grant
from roster.accounts.roles import SEPARATED, Role
from roster.committees.models import Committee
from roster.people.models import ActingLeader, GroupRole, Membership, StudySecretary
from sessions_app.policies.rules import ancestors, nearest
from sessions_app.reminders.models import Audience
from sessions_app.reminders.rules import KINDS
from sessions_app.reminders.world import Due, World

Heads = Mapping[int, tuple[int, ...]]


@dataclass(frozen=True)
class Roles:
    """Persons by committee, as of a day. `reviewers`: by the committee their grant stands over.

    `secretaries` and `leaders` hold their stand-ins where a committee has none: the leaders, the deputies.
    `barred`: the three administrators see no content, whatever the roster says of them.
    """

    paths: Mapping[int, str]
    secretaries: Heads
    leaders: Heads
    reviewers: Heads
    barred: frozenset[int]

    def of(self, audience: str, due: Due) -> tuple[int, ...]:
        """The persons that an audience means for one due thing."""
        match audience:
            case Audience.PERSON:
                return (due.person_id,) if due.person_id and due.person_id not in self.barred else ()
            case Audience.SECRETARY:
                return self.secretaries.get(due.committee_id, ())
            case Audience.LEADER:
                return self.leaders.get(due.committee_id, ())
            case _:
                return self.nearest_reviewers(due.department_id or due.committee_id)

    def nearest_reviewers(self, committee_id: int) -> tuple[int, ...]:
        """Those whose grant stands closest up the path; the committee itself comes first."""
        found = nearest(self.paths.get(committee_id, ""), self.reviewers)
        return found[1] if found else ()

    def reviewers_above(self, committee_id: int) -> set[int]:
        """Everybody in whose subtree the committee lies."""
        above = ancestors(self.paths.get(committee_id, ""))
        return {person for one in above for person in self.reviewers.get(one, ())}


def load(world: World) -> Roles:
    """Four queries; of a world of some committees, the roles in these alone."""
    day = world.day
    here = {} if world.whole else {"committee_id__in": list(world.committees)}
    grants = Grant.objects.on(day).filter(user__is_active=True, user__person__isnull=False)
    separated = grants.filter(role__in=[role.value for role in SEPARATED])
    barred = frozenset(separated.values_list("user__person_id", flat=True))
    secretaries = _by_committee(
        StudySecretary.objects.in_office(day).filter(**here).values_list("committee_id", "person_id"), barred
    )
    # Who decides in the leader's place is told what the leader is told.
    acts = ActingLeader.objects.in_force(day).filter(committee=OuterRef("committee"), person=OuterRef("person"))
    heads = Membership.objects.in_office(day).filter(**here).alias(acting=Exists(acts)).annotate(
        told_as=Case(When(acting=True, then=Value(GroupRole.LEADER.value)), default=F("group_role"))
    ).filter(told_as__in=[GroupRole.LEADER, GroupRole.DEPUTY])  # fmt: skip
    rows = list(heads.order_by("rank", "pk").values_list("committee_id", "person_id", "told_as"))
    leaders = _by_committee([(where, who) for where, who, role in rows if role == GroupRole.LEADER], barred)
    deputies = _by_committee([(where, who) for where, who, role in rows if role == GroupRole.DEPUTY], barred)
    leaders = {**deputies, **leaders}
    reviewing = grants.filter(role=Role.REVIEWER, committee__in=Committee.objects.active_on(day)).order_by("pk")
    reviewers = reviewing.values_list("committee_id", "user__person_id")
    return Roles(
        {pk: committee.path for pk, committee in world.committees.items()},
        {**leaders, **secretaries}, leaders, _by_committee(reviewers, barred), barred,
    )  # fmt: skip


def _by_committee(rows: Iterable[tuple[int, int]], barred: frozenset[int]) -> dict[int, tuple[int, ...]]:
    found: dict[int, list[int]] = defaultdict(list)
    for committee_id, person_id in rows:
        if person_id not in barred and person_id not in found[committee_id]:
            found[committee_id].append(person_id)
    return {committee_id: tuple(persons) for committee_id, persons in found.items() if persons}


@dataclass(frozen=True, slots=True)
class Heard:
    """One due thing, one person who is to hear of it, as what, and whether only because it is long overdue."""

    index: int
    person_id: int
    audience: str
    escalated: bool


def hearers(found: list[Due], world: World, roles: Roles) -> Iterator[Heard]:
    """Everybody who hears of each of `found` today (by its place in the list); a person once a thing and reason."""
    late: dict[date, int] = {}
    for index, due in enumerate(found):
        told: set[int] = set()
        for audience in due.to or KINDS[due.kind].to:
            for person in roles.of(audience, due):
                if person not in told:
                    told.add(person)
                    yield Heard(index, person, audience, False)
        if due.due_on >= world.day or not KINDS[due.kind].escalates:
            continue
        if due.due_on not in late:
            late[due.due_on] = world.calendar.between(due.due_on, world.day)
        for audience in escalation(late[due.due_on], world.rules[due.committee_id]):
            for person in roles.of(audience, due):
                yield Heard(index, person, audience, True)


def escalation(passed: int, rules: Mapping[str, Any]) -> list[str]:
    """Who else hears of a thing that is `passed` working days overdue; a rule of 0 tells nobody."""
    steps = (
        (Audience.LEADER, rules["escalate_leader_working_days"]),
        (Audience.REVIEWER, rules["escalate_reviewer_working_days"]),
    )
    return [audience for audience, days in steps if 0 < days <= passed]
