"""A city department, a unit below it with its people, and a finding at any stage, made by the actions."""

from dataclasses import dataclass
from datetime import date, timedelta

from roster.accounts.models import User
from roster.accounts.roles import Role
from roster.committees.models import Committee
from roster.people.models import GroupRole, Person
from sessions_app.findings import actions, closing_actions, evidence_actions, plan_actions
from sessions_app.findings.models import Finding, ProblemType, Source
from tests import build

DUE = build.DAY + timedelta(days=30)
STAGES = ["RAISED", "OPEN", "PLANNED", "IN_PROGRESS", "SUBMITTED", "CLOSED"]


def kind(name: str = "学习形式单一") -> ProblemType:
    return ProblemType.objects.get_or_create(name=name)[0]


@dataclass
class Place:
    """Who is who: `finder` raises, `reviewer` decides, `secretary` files for the unit; `leader`, `owner` answer for it."""

    city: Committee
    unit: Committee
    finder: User
    reviewer: User
    other: User
    secretary: User
    leader: Person
    owner: Person


def place(city: Committee | None = None) -> Place:
    city = city or build.committee("云州市委")
    unit = build.committee("教育局党组", parent=city)
    return Place(
        city, unit, build.granted(Role.REVIEWER, city), build.granted(Role.REVIEWER, city),
        build.granted(Role.REVIEWER, city), build.secretary_of(unit),
        build.member(unit, role=GroupRole.LEADER, rank=1).person, build.member(unit, rank=2).person,
    )  # fmt: skip


def raised(
    at: Place, *, text: str = "研讨以念稿代替发言", on: date = build.DAY, name: str = "学习形式单一", **more
) -> Finding:
    more = {"source": Source.INSPECTION, "by": at.finder, "at": build.AT} | more
    return actions.raise_finding(at.unit, department=at.city, type=kind(name), text=text, found_on=on, **more)


def planned(at: Place, finding: Finding, due_on: date = DUE) -> Finding:
    return plan_actions.propose_plan(
        finding, measures=["改为专题研讨", "会前一周发题目"], leader=at.leader, owner=at.owner, due_on=due_on, by=at.secretary,
        at=build.AT,
    )  # fmt: skip


def at_stage(at: Place, stage: str, due_on: date = DUE, **more) -> Finding:
    """Walked there by its own people; PLANNED is OPEN with measures that wait."""
    row = raised(at, **more)
    steps = [
        lambda: actions.confirm(row, by=at.reviewer, at=build.AT),
        lambda: planned(at, row, due_on),
        lambda: plan_actions.agree_plan(row, by=at.reviewer, at=build.AT),
        lambda: (
            evidence_actions.file_evidence(row, text="4月研讨记录", by=at.secretary, at=build.AT),
            closing_actions.submit(row, by=at.secretary, at=build.AT),
        ),
        lambda: closing_actions.close(row, note="已核对", version=fresh(row).version, by=at.reviewer, at=build.AT),
    ]
    for step in steps[: STAGES.index(stage)]:
        step()
    return fresh(row)


def fresh(finding: Finding) -> Finding:
    return Finding.objects.get(pk=finding.pk)
