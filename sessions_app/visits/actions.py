"""Every change to a round and to who goes where: chosen places, proposals, assignments, accepting, the session, the end."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Max, Q

from roster.accounts.models import User
from roster.audit.actions import SHANGHAI, Actor, record
from roster.audit.moves import Refused, Stale
from roster.committees.models import Committee
from roster.corps.models import VisitTeam
from roster.people.models import Person
from sessions_app.policies import calendar, parameters
from sessions_app.sessions.models import Participation, ParticipationState, SessionStage, StudySession
from sessions_app.visits import planning
from sessions_app.visits.assign import OWN, RULE_WORDS, SPREAD, Place, Team, assign, hindrance
from sessions_app.visits.models import (
    ObservationVisit,
    Opening,
    RoundStage,
    VisitObserver,
    VisitRound,
    VisitStage,
)
from sessions_app.visits.rules import ROUND_MOVES, VISIT_MOVES, lateness_words

NOTICE = "visit_notice_working_days"
UNSEEN = (VisitStage.PROPOSED, VisitStage.ASSIGNED, VisitStage.ACCEPTED, VisitStage.REVIEWED)


def _today(at: datetime) -> date:
    return at.astimezone(SHANGHAI).date()


def _lock_round(round_: VisitRound, version: int | None = None) -> VisitRound:
    row: VisitRound = VisitRound.objects.select_related("committee").lock(round_.pk, version)
    return row


def _lock(visit: ObservationVisit, version: int | None = None) -> ObservationVisit:
    """The round first, then the visit: the same order everywhere, so that nobody waits in a ring."""
    _lock_round(visit.round)
    row: ObservationVisit = ObservationVisit.objects.select_related(
        "round__committee", "committee", "team", "study_session"
    ).lock(visit.pk, version)
    return row


def _some(names: Iterable[Any], most: int = 5) -> str:
    found = [str(name) for name in names]
    return "、".join(found[:most]) + (f" 等 {len(found)} 家" if len(found) > most else "")


# ---------------------------------------------------------------------------------------------------------- the round
@transaction.atomic
def create_round(
    *, committee: Committee, since: date, until: date, title: str = "", form_token: str = "", by: Actor, at: datetime,
) -> VisitRound:  # fmt: skip
    """A round in 编排, numbered by department and year without a gap. The same `form_token` makes it once."""
    # Numbers are taken one at a time: the second of two waits here and sees the first one's round.
    Committee.objects.select_for_update(of=("self",), no_key=True).get(pk=committee.pk)
    if form_token:
        made: VisitRound | None = VisitRound.objects.filter(form_token=form_token, committee=committee).first()
        if made is not None:
            return made
    wrong = []
    if until < since:
        wrong.append("结束日期早于开始日期，请核对。")
    if until.year != since.year:
        wrong.append("一个批次不跨年，请分成两个批次。")
    if wrong:
        raise Refused(wrong)
    last = VisitRound.objects.filter(committee=committee, year=since.year).aggregate(last=Max("number"))["last"]
    row = VisitRound.objects.create(
        committee=committee, year=since.year, number=(last or 0) + 1, title=title.strip(), since=since, until=until,
        form_token=form_token or None,
    )  # fmt: skip
    record(row, verb="create", after=row.stage, by=by, at=at, data={"since": str(since), "until": str(until)})
    return row


@transaction.atomic
def choose_places(
    round_: VisitRound, *, add: Sequence[Committee] = (), remove: Sequence[Committee] = (), by: Actor, at: datetime
) -> VisitRound:
    """Which committees are visited. A proposal for one that is taken out goes with it."""
    row = _lock_round(round_)
    if row.stage != RoundStage.DRAFT:
        raise Refused(f"{row}已经{row.get_stage_display()}，不再增减单位；请另建一个批次，或取消其中某一家的旁听。")
    wrong = []
    outside = [one for one in add if not one.path.startswith(row.committee.path)]
    if outside:
        wrong.append(f"{_some(outside)}不在{row.committee}范围内。")
    closed = [one for one in add if one.since > row.until or (one.until is not None and one.until < row.since)]
    if closed:
        wrong.append(f"{_some(closed)}在批次的日期内没有启用。")
    if wrong:
        raise Refused(wrong)
    had = set(row.places.values_list("pk", flat=True))
    new, gone = {one.pk for one in add} - had, {one.pk for one in remove} & had
    if not new and not gone:
        return row
    row.places.add(*new)
    row.places.remove(*gone)
    for visit in ObservationVisit.objects.filter(round=row, committee__in=gone, stage=VisitStage.PROPOSED):
        record(visit, verb="remove", before=visit.stage, by=by, at=at)
        visit.delete()
    row.save_changed()
    record(row, verb="choose", by=by, at=at, data={"added": sorted(new), "removed": sorted(gone)})
    return row


def _name(visit: ObservationVisit, people: Sequence[int], lead: int) -> bool:
    """Write who goes; whoever was named and accepted before keeps his answer. Whether anybody changed."""
    had = {row.person_id: row for row in visit.observers.all()}
    if set(had) == set(people) and had[lead].is_lead:
        return False
    visit.observers.exclude(person__in=people).delete()
    for person in people:
        row = had.get(person) or VisitObserver(visit=visit, person_id=person)
        row.is_lead = person == lead
        row.save()
    return True


@transaction.atomic
def propose(round_: VisitRound, *, by: Actor, at: datetime) -> dict[str, int]:
    """The solver's proposal for every chosen place that is still open; what stands changes as little as the rules allow.

    Answers with how many were `made`, `changed` and `kept`. Refused with each rule in the way when there is no answer.
    """
    row = _lock_round(round_)
    if row.stage == RoundStage.CLOSED:
        raise Refused(f"{row}已结束，不再编排。")
    ground = planning.read(row, on=_today(at))
    if not ground.committees:
        raise Refused("批次里还没有单位，请先选择要旁听的单位。")
    answer = assign(
        ground.places,
        ground.teams,
        terms=ground.terms,
        kept=ground.kept,
        kept_people=ground.kept_people,
        load=ground.load,
    )
    if answer.obstacles:
        raise Refused(answer.obstacles)
    leaders = {member.person for team in ground.teams for member in team.members if member.is_leader}
    told = {"made": 0, "changed": 0, "kept": 0}
    for choice in answer.choices:
        visit = ground.visits.get(choice.place)
        lead = next((pk for pk in choice.people if pk in leaders), choice.people[0])
        told[_take(row, visit, choice.place, choice.team, choice.people, lead, choice.reasons, by=by, at=at)] += 1
    row.save_changed()
    record(row, verb="propose", before=row.stage, after=row.stage, by=by, at=at, data={**told, "best": answer.is_best})
    return told


def _take(
    round_: VisitRound, visit: ObservationVisit | None, place: int, team: int, people: Sequence[int], lead: int,
    reasons: Sequence[str], *, by: Actor, at: datetime,
) -> str:  # fmt: skip
    """Write one choice of the solver; a visit already sent out to another team is sent out anew."""
    if visit is None:
        visit = ObservationVisit.objects.create(round=round_, committee_id=place, team_id=team, reasons=list(reasons))
        _name(visit, people, lead)
        record(visit, verb="propose", after=visit.stage, by=by, at=at, data={"team": team, "people": list(people)})
        return "made"
    before, had = visit.stage, {row.person_id: row.is_lead for row in visit.observers.all()}
    if visit.team_id == team and set(people) == set(had):
        return "kept"
    led_on = visit.team_id == team and had.get(lead, False)
    visit.team_id, visit.reasons, visit.override_reason = team, list(reasons), ""
    _name(visit, people, lead)
    if before != VisitStage.PROPOSED and not led_on:
        visit.stage = VISIT_MOVES.target(before, "reassign")
        visit.observers.update(accepted_at=None)
    visit.save_changed()
    record(
        visit,
        verb="reassign",
        before=before,
        after=visit.stage,
        by=by,
        at=at,
        data={"team": team, "people": list(people)},
    )
    return "changed"


# ------------------------------------------------------------------------------------------------------------ by hand
def against(ground: planning.Ground, team: Team | None, place: Place, people: Sequence[int]) -> list[tuple[str, str]]:
    """(rule, sentence) for every rule a hand-made choice breaks."""
    found = []
    members = {member.person: member for member in team.members} if team else {}
    load = ground.all_load()
    for person in people:
        member = members.get(person)
        if member is None:
            continue
        rule = hindrance(member, place, ground.terms)
        if rule:
            found.append((rule, f"{member.name}：{RULE_WORDS[rule]}。"))
    if team is not None:
        had = ground.visits.get(place.id)
        if had is not None:
            load[had.team_id] = load.get(had.team_id, 0) - 1
        load[team.id] = load.get(team.id, 0) + 1
        least = (
            min(load.get(one.id, 0) for one in ground.teams if one.members)
            if any(t.members for t in ground.teams)
            else 0
        )
        if load[team.id] > least + ground.terms.spread:
            found.append(
                (SPREAD, f"{team.name}将有 {load[team.id]} 家，最少的组只有 {least} 家：{RULE_WORDS[SPREAD]}。")
            )
    return found


@transaction.atomic
def assign_by_hand(
    round_: VisitRound, *, committee: Committee, team: VisitTeam, people: Sequence[Person], lead: Person | None = None,
    override_reason: str = "", version: int | None = None, by: Actor, at: datetime,
) -> tuple[ObservationVisit, list[str]]:  # fmt: skip
    """Who goes, chosen by a person. Rules broken want `override_reason`, which is kept; the own unit is never allowed.

    In an open round the visit is sent out at once. `version` is that of the visit the form showed, None where it showed
    none: of two who send somebody to the same committee the second is told. Answers with the visit and its warnings.
    """
    row = _lock_round(round_)
    if row.stage == RoundStage.CLOSED:
        raise Refused(f"{row}已结束，不再派出。")
    ground = planning.read(row, on=_today(at))
    wrong, warned = [], []
    if committee.pk not in ground.committees:
        wrong.append(f"{committee}不在这个批次里，请先加入。")
    known = {one.id: one for one in ground.teams}.get(team.pk)
    if known is None:
        wrong.append(f"{team}不属于{row.committee}，或在批次的日期内不在任。")
    names = {one.pk: one.name for one in people}
    if not people:
        wrong.append("请至少选一名旁听人。")
    if lead is not None and lead.pk not in names:
        wrong.append(f"带队人{lead}不在所选的旁听人里。")
    own = planning.own_units(names, on=_today(at), department=row.committee_id)
    wrong += [
        f"{names[pk]}是{committee}的人，{RULE_WORDS[OWN]}，这一条不能越过。" for pk in names if committee.pk in own[pk]
    ]
    if known is not None:
        serving = {member.person for member in known.members}
        wrong += [f"{names[pk]}不是{team}在任的成员。" for pk in names if pk not in serving]
    visit = ground.visits.get(committee.pk)
    if (visit.version if visit else None) != version:
        raise Stale(visit.version if visit else 0)
    if visit is not None:
        visit = ObservationVisit.objects.select_related("round__committee", "committee").lock(visit.pk, version)
        if visit.stage not in planning.OPEN:
            wrong.append(f"{committee}的旁听现在是“{visit.get_stage_display()}”，不能再改派。")
    broken = against(ground, known, ground.place(committee, visit), list(names))
    warned = [sentence for rule, sentence in broken if rule != OWN]
    if warned and not override_reason.strip():
        wrong += [*warned, "以上规则要越过，请写明理由。"]
    if wrong:
        raise Refused(wrong)
    leaders = {member.person for member in known.members if member.is_leader} if known else set()
    first = lead.pk if lead else next((pk for pk in names if pk in leaders), next(iter(names)))
    visit = _write(
        row, visit, committee, team, list(names), first, override_reason.strip() if warned else "", warned, by, at
    )
    return visit, warned


def _write(
    round_: VisitRound, visit: ObservationVisit | None, committee: Committee, team: VisitTeam, people: list[int],
    lead: int, override: str, warned: list[str], by: Actor, at: datetime,
) -> ObservationVisit:  # fmt: skip
    before = visit.stage if visit else ""
    reasons = ["审核人指定", *(f"越过：{sentence}" for sentence in warned)]
    if visit is None:
        visit = ObservationVisit(round=round_, committee=committee)
        visit.version = 0
    visit.team, visit.reasons, visit.override_reason = team, reasons, override
    if round_.stage == RoundStage.OPEN:
        visit.stage = VISIT_MOVES.target(visit.stage, "assign" if visit.stage == VisitStage.PROPOSED else "reassign")
    visit.save_changed()
    _name(visit, people, lead)
    if visit.stage == VisitStage.ASSIGNED:
        visit.observers.update(accepted_at=None)
    record(
        visit, verb="assign" if not before or before == VisitStage.PROPOSED else "reassign", before=before,
        after=visit.stage, reason=override, by=by, at=at, data={"team": team.pk, "people": people, "broken": warned},
    )  # fmt: skip
    return visit


# ------------------------------------------------------------------------------------------------------ open and close
@transaction.atomic
def open_round(round_: VisitRound, *, version: int | None, by: Actor, at: datetime) -> int:
    """下达: every proposed visit is sent out. In an open round: those proposed since. How many were sent out."""
    row = _lock_round(round_, version)
    before = row.stage
    if row.stage != RoundStage.OPEN:
        row.stage = ROUND_MOVES.target(row.stage, "open")
    visits = list(ObservationVisit.objects.select_for_update(of=("self",)).filter(round=row).live().order_by("pk"))
    placed = {visit.committee_id for visit in visits}
    missing = list(row.places.exclude(pk__in=placed).in_order())
    wrong = []
    if not row.places.exists():
        wrong.append("批次里还没有单位，不能下达。")
    if missing and before == RoundStage.DRAFT:
        wrong.append(f"{_some(missing)}还没有派组，请先自动编排或指定。")
    proposed = [visit for visit in visits if visit.stage == VisitStage.PROPOSED]
    if before == RoundStage.OPEN and not proposed:
        wrong.append("没有等待下达的旁听。")
    if wrong:
        raise Refused(wrong)
    for visit in proposed:
        visit.stage = VISIT_MOVES.target(visit.stage, "assign")
        visit.save_changed()
        record(visit, verb="assign", before=VisitStage.PROPOSED, after=visit.stage, by=by, at=at)
    row.save_changed()
    record(row, verb="open", before=before, after=row.stage, by=by, at=at, data={"sent": len(proposed)})
    return len(proposed)


@transaction.atomic
def close_round(round_: VisitRound, *, version: int | None, by: Actor, at: datetime) -> VisitRound:
    """结束, when every visit was sat in or ended. Feedback may still be on its way."""
    row = _lock_round(round_, version)
    before, row.stage = row.stage, ROUND_MOVES.target(row.stage, "close")
    waiting = ObservationVisit.objects.filter(round=row, stage__in=UNSEEN).select_related("committee")
    left = [visit.committee for visit in waiting]
    if left:
        raise Refused(f"还没有旁听的有 {len(left)} 家：{_some(left)}。请先旁听，或取消并写明原因。")
    row.save_changed()
    record(row, verb="close", before=before, after=row.stage, by=by, at=at)
    return row


# ------------------------------------------------------------------------------------------------------- the observers
def _own_line(visit: ObservationVisit, by: Actor) -> VisitObserver:
    line = VisitObserver.objects.filter(visit=visit, person_id=by.person_id).first() if by.person_id else None
    if line is None:
        raise Refused("您不在这次旁听的名单里。")
    return line


@transaction.atomic
def accept(visit: ObservationVisit, *, version: int | None = None, by: Actor, at: datetime) -> ObservationVisit:
    """Each observer for himself; with the lead's word the visit is accepted."""
    row = _lock(visit, version)
    line = _own_line(row, by)
    before = row.stage
    if line.is_lead and line.accepted_at is None:
        row.stage = VISIT_MOVES.target(row.stage, "accept")
    elif row.stage not in (VisitStage.ASSIGNED, VisitStage.ACCEPTED):
        raise Refused(f"这次旁听现在是“{row.get_stage_display()}”，不用再接受。")
    if line.accepted_at is not None:
        raise Refused("您已经接受过了。")
    line.accepted_at = at
    line.save()
    row.save_changed()
    record(row, verb="accept", before=before, after=row.stage, by=by, at=at, data={"person": line.person_id})
    return row


@transaction.atomic
def decline(
    visit: ObservationVisit, *, reason: str, version: int | None = None, by: Actor, at: datetime
) -> ObservationVisit:
    """The lead declines for the visit, which is then to be arranged anew; another observer for himself alone."""
    row = _lock(visit, version)
    line = _own_line(row, by)
    before, target = row.stage, VISIT_MOVES.target(row.stage, "decline")
    if not reason.strip():
        raise Refused("请写明谢绝原因。")
    if line.is_lead:
        row.stage, row.stop_reason = target, reason.strip()
    else:
        line.delete()
    row.save_changed()
    record(
        row, verb="decline", before=before, after=row.stage, reason=reason.strip(), by=by, at=at,
        data={"person": line.person_id},
    )  # fmt: skip
    return row


@transaction.atomic
def cancel(visit: ObservationVisit, *, reason: str, version: int | None, by: Actor, at: datetime) -> ObservationVisit:
    """Before it was sat in, with a reason. The committee leaves the round with it."""
    row = _lock(visit, version)
    before, row.stage = row.stage, VISIT_MOVES.target(row.stage, "cancel")
    if not reason.strip():
        raise Refused("请写明取消原因。")
    row.stop_reason = reason.strip()
    row.save_changed()
    row.round.places.remove(row.committee_id)
    record(row, verb="cancel", before=before, after=row.stage, reason=row.stop_reason, by=by, at=at)
    return row


# --------------------------------------------------------------------------------------------------------- the session
@transaction.atomic
def choose_session(
    visit: ObservationVisit, *, study_session: StudySession, contact: str = "", reason: str = "", notice: bool = False,
    version: int | None, by: Actor, at: datetime,
) -> tuple[ObservationVisit, list[str]]:  # fmt: skip
    """The session that will be sat in, and whether the unit is told today. Late is said and let through."""
    row = _lock(visit, version)
    today, wrong = _today(at), []
    if row.stage not in UNSEEN:
        wrong.append(f"这次旁听现在是“{row.get_stage_display()}”，不能再换学习场次。")
    taking = Q(committee_id=row.committee_id, state=ParticipationState.ACCEPTED)
    part = Participation.objects.filter(taking, study_session=study_session).first()
    if study_session.committee_id != row.committee_id and part is None:
        wrong.append(f"这场学习不是{row.committee}的，请选它自己的学习。")
    if study_session.stage == SessionStage.CANCELLED:
        wrong.append("这场学习已取消，请另选一场。")
    day = study_session.day
    if not row.round.since <= day <= row.round.until and not reason.strip():
        wrong.append(
            f"{day.month}月{day.day}日不在批次的日期（{row.round.since} 至 {row.round.until}）内；要选它，请写明理由。"
        )
    if notice and row.stage == VisitStage.PROPOSED:
        wrong.append("还没有下达，不能通知单位；请先下达。")
    if wrong:
        raise Refused(wrong)
    row.study_session = study_session
    row.contact = contact.strip() or row.contact or study_session.contact
    if notice:
        row.noticed_on = today
    row.save_changed()
    record(
        row, verb="choose", before=row.stage, after=row.stage, reason=reason.strip(), by=by, at=at,
        data={"session": study_session.pk, "day": str(day), "noticed_on": str(row.noticed_on or "")},
    )  # fmt: skip
    return row, _session_warnings(row, today) if notice else _away_warnings(row)


def _session_warnings(visit: ObservationVisit, today: date) -> list[str]:
    needed = int(parameters.value(NOTICE, visit.committee, today))
    left = calendar.working_days_between(today, visit.study_session.day)
    said = lateness_words(left, needed)
    return [*([said] if said else []), *_away_warnings(visit)]


def _away_warnings(visit: ObservationVisit) -> list[str]:
    """Observers who are away on the day of the session: to be replaced, or to be asked."""
    day = visit.study_session.day
    gone = visit.observers.filter(
        person__expertises__committee=visit.round.committee_id, person__expertises__aways__since__lte=day,
        person__expertises__aways__until__gte=day,
    ).distinct().select_related("person")  # fmt: skip
    return [f"{row.person}那天不在可用时段，请重新编排或另派人。" for row in gone]


# ----------------------------------------------------------------------------------------------------------- a sample
@transaction.atomic
def open_sample(visit: ObservationVisit, *, reason: str, by: User, at: datetime) -> Opening:
    """抽查: a department above looks at one visit of a department below and says why. It stays open that day."""
    if not reason.strip():
        raise Refused("请写明抽查理由。")
    row, made = Opening.objects.get_or_create(
        user=by, kind="visit", subject_id=visit.pk, opened_on=_today(at),
        defaults={"reason": reason.strip(), "opened_at": at},
    )  # fmt: skip
    if made:
        record(visit, verb="sample", reason=row.reason, by=by, at=at, data={"opening": row.pk})
    return row
