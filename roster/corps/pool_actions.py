"""Every change to the expert pool and the visit teams: terms, absences, members, areas."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from roster.audit.actions import Actor, changes, record, saying
from roster.audit.moves import Refused
from roster.committees.models import Committee, periods_meet
from roster.committees.rules import period_reasons, said, span_said
from roster.corps.models import Expert, ExpertAway, TeamArea, TeamMember, VisitTeam
from roster.corps.rules import ends_before, field_reasons, member_reasons, team_reasons
from roster.people.models import Person
from roster.people.rules import Term, overlap_reasons

EXPERT_FIELDS = frozenset({"unit", "unit_name", "fields", "max_load", "since", "until"})
TWICE = "此人在这个专家库的任期与刚刚保存的一段重叠，请刷新后核对日期。"
RESTRAINTS = {
    "expert_no_overlap": TWICE,
    "team_member_no_overlap": "有人在这个组的任期与刚刚保存的一段重叠，请刷新后核对日期。",
    "team_area_one_team": "有单位刚刚由另一组负责，一家单位同时只归一个组，请刷新后核对。",
    "visit_team_name": "已有同名的旁听组，请换一个组名。",
}


def _expert_reasons(
    committee: Committee, person: Person, unit: Committee | None, fields: Sequence[str], max_load: int, term: Term,
    *, but: int | None = None,
) -> list[str]:  # fmt: skip
    reasons = [*period_reasons(term.since, term.until), *field_reasons(fields)]
    if max_load < 1:
        reasons.append("每批次最多旁听的家数应不少于 1。")
    if unit is not None and not unit.path.startswith(_root(committee)):
        reasons.append(f"所在单位“{unit}”不在本地区，请填写工作单位的名称。")
    held = Expert.objects.filter(committee=committee, person=person).exclude(pk=but).values_list("since", "until")
    terms = [Term(since, until) for since, until in held]
    return reasons + overlap_reasons(str(person), f"{committee}专家库", term, terms, what="专家任期")


def _root(committee: Committee) -> str:
    return committee.path.split("/")[0] + "/"


@transaction.atomic
def add_expert(
    *, committee: Committee, person: Person, since: date, until: date | None = None, unit: Committee | None = None,
    unit_name: str = "", fields: Sequence[str] = (), max_load: int = 6, by: Actor, at: datetime,
) -> Expert:  # fmt: skip
    reasons = _expert_reasons(committee, person, unit, fields, max_load, Term(since, until))
    if reasons:
        raise Refused(reasons)
    row = Expert(
        committee=committee, person=person, unit=unit, unit_name=unit_name, fields=list(fields), max_load=max_load,
        since=since, until=until,
    )  # fmt: skip
    with saying(RESTRAINTS):
        row.save()
    record(row, verb="create", by=by, at=at, data={"person": person.code, "since": since.isoformat()})
    return row


@transaction.atomic
def edit_expert(expert: Expert, *, version: int, by: Actor, at: datetime, **wanted: Any) -> Expert:
    """An end of the term ends his places in teams on the same day."""
    unknown = set(wanted) - EXPERT_FIELDS
    if unknown:
        raise TypeError(f"not editable here: {sorted(unknown)}")
    row: Expert = Expert.objects.lock(expert.pk, version)
    changed = changes(row, wanted)
    if not changed:
        return row
    term = Term(row.since, row.until)
    reasons = _expert_reasons(row.committee, row.person, row.unit, row.fields, row.max_load, term, but=row.pk)
    places = list(row.memberships.select_related("team").select_for_update(of=("self",)))
    for place in places:
        if place.since < row.since or (row.until is not None and place.since > row.until):
            span = span_said(place.since, place.until)
            reasons.append(f"{row.person}在“{place.team}”的任期（{span}）会落在专家任期之外，请先调整旁听组。")
    if reasons:
        raise Refused(reasons)
    with saying(RESTRAINTS):
        row.save_changed()
    record(row, verb="edit", by=by, at=at, data={"changes": changed, "person": row.person.code})
    for place in places:
        if row.until is not None and (place.until is None or place.until > row.until):
            place.until = row.until
            place.save_changed()
            record(place, verb="end", by=by, at=at, reason="专家任期结束", data={"until": row.until.isoformat()})
    return row


@transaction.atomic
def add_away(expert: Expert, *, since: date, until: date, reason: str = "", by: Actor, at: datetime) -> ExpertAway:
    expert = Expert.objects.lock(expert.pk)
    reasons = period_reasons(since, until)
    if not reasons:
        for other in expert.aways.filter(periods_meet("", since, until)):
            reasons.append(f"与已登记的不可用时段（{span_said(other.since, other.until)}）重叠，请核对。")
        if until < expert.since or (expert.until is not None and since > expert.until):
            reasons.append(f"这段时间不在专家任期（{span_said(expert.since, expert.until)}）内，不需要登记。")
    if reasons:
        raise Refused(reasons)
    row: ExpertAway = ExpertAway.objects.create(expert=expert, since=since, until=until, reason=reason)
    span = [since.isoformat(), until.isoformat()]
    record(expert, verb="away", by=by, at=at, reason=reason, data={"away": span})
    return row


@transaction.atomic
def remove_away(expert: Expert, *, away: int, by: Actor, at: datetime) -> None:
    expert = Expert.objects.lock(expert.pk)
    row = expert.aways.filter(pk=away).first()
    if row is None:
        raise Refused("这段不可用时段已经删去，请刷新页面。")
    span = [row.since.isoformat(), row.until.isoformat()]
    row.delete()
    record(expert, verb="away_removed", by=by, at=at, data={"away": span})


# ------------------------------------------------------------------------------------------------ teams
def _people(team_committee: Committee, wanted: Iterable[int]) -> tuple[dict[int, Expert], list[str]]:
    ids = set(wanted)
    rows = {row.pk: row for row in Expert.objects.filter(pk__in=ids).select_related("person", "committee")}
    reasons = [
        f"{row.person}是{row.committee}专家库的专家，不能编入{team_committee}的旁听组。"
        for row in rows.values()
        if row.committee_id != team_committee.pk
    ]
    if ids - set(rows):
        reasons.append("所选专家中有人已不在库里，请刷新页面。")
    return rows, reasons


def _elsewhere(team: VisitTeam | None, experts: Iterable[int], day: date) -> list[str]:
    """One expert sits in one team at a time."""
    rows = TeamMember.objects.filter(expert__in=list(experts)).filter(Q(until__isnull=True) | Q(until__gte=day))
    rows = rows.exclude(team=team) if team else rows
    return [
        f"{row.expert.person}已在“{row.team}”（{span_said(row.since, row.until)}），请先从那一组调出。"
        for row in rows.select_related("expert__person", "team")
    ]


@transaction.atomic
def create_team(
    *, committee: Committee, name: str, since: date, leader: int | None, members: Collection[int], until: date | None = None,
    by: Actor, at: datetime,
) -> VisitTeam:  # fmt: skip
    """`leader` and `members` are experts of the department's own pool; the leader need not stand in `members`."""
    everyone = {*members, leader} - {None}
    experts, reasons = _people(committee, [pk for pk in everyone if pk])
    reasons = [*period_reasons(since, until), *team_reasons(leader, members), *reasons]
    for row in experts.values():
        reasons += member_reasons(str(row.person), Term(row.since, row.until), since, until)
    reasons += _elsewhere(None, experts, since)
    if VisitTeam.objects.filter(committee=committee, name=name, since=since).exists():
        reasons.append(RESTRAINTS["visit_team_name"])
    if reasons:
        raise Refused(reasons)
    team = VisitTeam(committee=committee, name=name, since=since, until=until)
    with saying(RESTRAINTS):
        team.save()
    for pk in sorted(experts):
        row = experts[pk]
        TeamMember.objects.create(
            team=team, expert=row, is_leader=pk == leader, since=since, until=_earlier(until, row.until)
        )
    names = {row.person.code: pk == leader for pk, row in experts.items()}
    record(team, verb="create", by=by, at=at, data={"members": names})
    return team


def _earlier(one: date | None, other: date | None) -> date | None:
    return min((day for day in (one, other) if day is not None), default=None)


@transaction.atomic
def edit_team(
    team: VisitTeam, *, version: int, name: str, on: date, leader: int | None, members: Collection[int],
    until: date | None = None, by: Actor, at: datetime,
) -> VisitTeam:  # fmt: skip
    """From `on`, these are its people. Who leaves ends the day before; `until` ends the team, its people and areas."""
    row: VisitTeam = VisitTeam.objects.lock(team.pk, version)
    wanted = {pk for pk in {*members, leader} if pk}
    experts, reasons = _people(row.committee, wanted)
    reasons = [*period_reasons(row.since, until), *team_reasons(leader, members), *reasons]
    if on < row.since:
        reasons.append(f"变动日期 {said(on)} 早于组的起始日期 {said(row.since)}，请核对。")
    places = list(row.members.filter(Q(until__isnull=True) | Q(until__gte=on)).select_for_update(of=("self",)))
    later = [place for place in places if place.since > on]
    if later:
        day = said(min(place.since for place in later))
        reasons.append(f"这个组在 {day} 已有变动，变动日期请填 {day} 或以后。")
    now = {place.expert_id: place for place in places}
    for pk, expert in experts.items():
        if pk not in now:
            reasons += member_reasons(str(expert.person), Term(expert.since, expert.until), on, until)
    reasons += _elsewhere(row, wanted, on)
    same_name = VisitTeam.objects.filter(committee=row.committee, name=name, since=row.since).exclude(pk=row.pk)
    if same_name.exists():
        reasons.append(RESTRAINTS["visit_team_name"])
    areas = list(row.areas.select_for_update(of=("self",)))
    if until is not None and not reasons:
        late = [place for place in [*places, *areas] if place.since > until]
        if late:
            reasons.append("有成员或包片在结束日期之后才开始，请先调整。")
    if reasons:
        raise Refused(reasons)
    changed = changes(row, {"name": name, "until": until})
    moved = _move_members(row, now, experts, leader, on, until)
    if until is not None:
        for thing in [*row.members.filter(Q(until__isnull=True) | Q(until__gt=until)), *areas]:
            if thing.until is None or thing.until > until:
                thing.until = until
                thing.save()
    if not changed and not moved:
        return row
    with saying(RESTRAINTS):
        row.save_changed()
    record(row, verb="edit", by=by, at=at, data={"changes": changed, "members": moved, "on": on.isoformat()})
    return row


def _move_members(
    team: VisitTeam,
    now: dict[int, TeamMember],
    wanted: dict[int, Expert],
    leader: int | None,
    on: date,
    until: date | None,
) -> dict[str, str]:
    """Ends first, then beginnings; a place begun on the very day is taken away or put right instead."""
    moved: dict[str, str] = {}
    gone = [place for pk, place in now.items() if pk not in wanted]
    turned = [place for pk, place in now.items() if pk in wanted and place.is_leader != (pk == leader)]
    fresh = [pk for pk in wanted if pk not in now]
    for place in [*gone, *turned]:
        code = place.expert.person.code
        moved[code] = "out" if place in gone else "leader" if place.expert_id == leader else "member"
        if place.since >= on:
            place.delete()
        else:
            place.until = ends_before(on)
            place.save_changed()
    for pk in sorted([*fresh, *(place.expert_id for place in turned)]):
        expert = wanted[pk]
        moved.setdefault(expert.person.code, "in")
        with saying(RESTRAINTS):
            TeamMember.objects.create(
                team=team, expert=expert, is_leader=pk == leader, since=on, until=_earlier(until, expert.until)
            )
    return moved


@transaction.atomic
def set_areas(
    team: VisitTeam, *, committees: Collection[int], on: date, version: int | None = None, by: Actor, at: datetime
) -> VisitTeam:
    """From `on`, the team looks after these committees. Every committee another team has is named."""
    row: VisitTeam = VisitTeam.objects.lock(team.pk, version)
    home = row.committee
    ids = set(committees)
    found = {c.pk: c for c in Committee.objects.filter(pk__in=ids)}
    reasons = []
    if on < row.since or (row.until is not None and on > row.until):
        reasons.append(f"{said(on)} 不在组的任期（{span_said(row.since, row.until)}）内，请核对。")
    strange = [c for c in found.values() if not c.path.startswith(home.path)]
    if strange or ids - set(found):
        names = "、".join(str(c) for c in strange) or "所选单位"
        reasons.append(f"{names}不在{home}范围内，不能分给它的旁听组。")
    taken = TeamArea.objects.filter(department=home, committee__in=ids).exclude(team=row)
    for other in taken.filter(periods_meet("", on, row.until)).select_related("team", "committee"):
        reasons.append(
            f"{other.committee}由“{other.team}”负责（{span_said(other.since, other.until)}），请先从那一组划出。"
        )
    areas = list(row.areas.filter(Q(until__isnull=True) | Q(until__gte=on)).select_for_update(of=("self",)))
    if any(area.since > on for area in areas):
        day = said(min(area.since for area in areas if area.since > on))
        reasons.append(f"这个组的包片在 {day} 已有变动，变动日期请填 {day} 或以后。")
    if reasons:
        raise Refused(reasons)
    now = {area.committee_id: area for area in areas}
    gone = [area for pk, area in now.items() if pk not in ids]
    new = sorted(ids - set(now))
    if not gone and not new:
        return row
    for area in gone:
        if area.since >= on:
            area.delete()
        else:
            area.until = ends_before(on)
            area.save()
    with saying(RESTRAINTS):
        TeamArea.objects.bulk_create(
            [TeamArea(team=row, department=home, committee_id=pk, since=on, until=row.until) for pk in new]
        )
    row.save_changed()
    codes = {
        "added": [found[pk].code for pk in new],
        "removed": list(Committee.objects.filter(pk__in=[a.committee_id for a in gone]).values_list("code", flat=True)),
    }
    record(row, verb="area", by=by, at=at, data={**codes, "on": on.isoformat()})
    return row
