"""约谈: suggested from the ranks, confirmed or dropped by the head, held and recorded by a reviewer; then it is fixed."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from roster.accounts.models import Grant
from roster.accounts.roles import Role
from roster.audit.actions import SHANGHAI, Actor, Entry, record, record_many
from roster.audit.moves import Refused
from roster.committees.models import Committee
from roster.people.models import GroupRole, Membership, Person, StudySecretary
from sessions_app.assessment import candidates, interview_rules
from sessions_app.assessment.interview_rules import MOVES
from sessions_app.assessment.models import Commitment, InterviewStage, LeaderInterview
from sessions_app.findings.actions import raise_finding
from sessions_app.findings.models import Finding, ProblemType, Source


def _day_of(at: datetime) -> date:
    return at.astimezone(SHANGHAI).date()


@transaction.atomic
def suggest(department: Committee, *, year: int, by: Actor, at: datetime) -> list[LeaderInterview]:
    """A suggestion for each candidate of the year who has none yet; those made. Asked again it makes nothing new.

    Refused where a year of the row has no result at all.
    """
    department = Committee.objects.select_for_update(of=("self",), no_key=True).get(pk=department.pk)
    found = candidates.find(department, year, on=_day_of(at))
    if found.missing:
        years = "、".join(str(one) for one in found.missing)
        raise Refused(
            f"{years} 年没有定稿的考核，也没有补录的“{candidates.OWN}”名次，不能推算；请先定稿或在“其他考核结果”里补录。"
        )
    known = set(LeaderInterview.objects.filter(department=department, year=year).values_list("committee_id", flat=True))
    made = LeaderInterview.objects.bulk_create(
        LeaderInterview(
            department=department, committee=one.committee, year=year, results=[result.kept() for result in one.results],
            reason=f"连续 {len(found.years)} 年考核排名靠后：{one.words}"[:300], suggested_by_id=by.pk, suggested_at=at,
        )
        for one in found.candidates
        if one.committee.pk not in known
    )  # fmt: skip
    record_many(
        [
            Entry(row, "suggest", at, after=row.stage, data={"results": row.results}, chain=row.committee_id)
            for row in made
        ],
        by=by,
    )
    return list(made)


def _lock(row: LeaderInterview, version: int | None) -> LeaderInterview:
    found: LeaderInterview = LeaderInterview.objects.lock(row.pk, version)
    return found


@transaction.atomic
def confirm(
    row: LeaderInterview, *, note: str = "", version: int | None = None, by: Actor, at: datetime
) -> LeaderInterview:
    """The head agrees that the leader of the unit is to be talked to."""
    row = _lock(row, version)
    before, row.stage = row.stage, MOVES.target(row.stage, "confirm")
    row.decision, row.decided_by_id, row.decided_at = note.strip()[:300], by.pk, at
    row.save_changed()
    record(row, verb="confirm", before=before, after=row.stage, reason=row.decision, by=by, at=at)
    return row


@transaction.atomic
def drop(row: LeaderInterview, *, reason: str, version: int | None = None, by: Actor, at: datetime) -> LeaderInterview:
    """The head decides against it, and why."""
    row = _lock(row, version)
    wrong = interview_rules.move_refusals(row.stage, "drop")
    if not reason.strip():
        wrong.append("请写明不约谈的理由。")
    if wrong:
        raise Refused(wrong)
    before, row.stage = row.stage, InterviewStage.DROPPED
    row.decision, row.decided_by_id, row.decided_at = reason.strip()[:300], by.pk, at
    row.save_changed()
    record(row, verb="drop", before=before, after=row.stage, reason=row.decision, by=by, at=at)
    return row


# ------------------------------------------------------------------------------------------------------ who sat there
def leaders_on(committee_id: int, day: date) -> list[Person]:
    """Who leads the unit that day; its deputies on a day without a leader."""
    rows = Membership.objects.on(day).filter(committee_id=committee_id).order_by("rank", "id").select_related("person")
    for role in (GroupRole.LEADER, GroupRole.DEPUTY):
        found = [row.person for row in rows if row.group_role == role]
        if found:
            return found
    return []


def department_people(department_id: int, day: date) -> list[Person]:
    """Who may have talked or written for the department that day: its group, its secretaries, its heads and reviewers."""
    groups = Membership.objects.on(day).filter(committee_id=department_id).values("person_id")
    keepers = StudySecretary.objects.on(day).filter(committee_id=department_id).values("person_id")
    granted = Grant.objects.on(day).filter(committee_id=department_id, role__in=[Role.HEAD, Role.REVIEWER])
    here = Q(pk__in=groups) | Q(pk__in=keepers) | Q(pk__in=granted.values("user__person_id"))
    return list(Person.objects.filter(here).order_by("pinyin", "code"))


@transaction.atomic
def hold(
    row: LeaderInterview, *, held_on: date, place: str, interviewer: Person, interviewee: Person, recorder: Person | None,
    record_text: str, commitments: Sequence[tuple[str, date | None]] = (), version: int | None = None, by: Actor,
    at: datetime,
) -> LeaderInterview:  # fmt: skip
    """It took place: who, where, when, what was said and promised. From now on it is fixed."""
    row = _lock(row, version)
    people = {one.pk for one in department_people(row.department_id, held_on)}
    wrong = interview_rules.move_refusals(row.stage, "hold")
    wrong += interview_rules.record_refusals(
        held_on=held_on, today=_day_of(at), place=place, record=record_text, unit=str(row.committee),
        leads=interviewee.pk in {one.pk for one in leaders_on(row.committee_id, held_on)},
        sat_for=interviewer.pk in people, kept_by=recorder is None or recorder.pk in people,
        same=interviewer.pk == interviewee.pk, commitments=commitments,
    )  # fmt: skip
    if wrong:
        raise Refused(wrong)
    before, row.stage = row.stage, MOVES.target(row.stage, "hold")
    row.held_on, row.place, row.record = held_on, place.strip()[:80], record_text.strip()
    row.interviewer, row.interviewee, row.recorder = interviewer, interviewee, recorder
    row.save_changed()
    Commitment.objects.bulk_create(
        Commitment(interview=row, order=number, text=text.strip(), due_on=due_on)
        for number, (text, due_on) in enumerate(commitments, 1)
    )
    data: dict[str, Any] = {
        "held_on": str(held_on), "interviewer": interviewer.pk, "interviewee": interviewee.pk, "commitments": len(commitments)
    }  # fmt: skip
    record(row, verb="hold", before=before, after=row.stage, by=by, at=at, data=data)
    return row


@transaction.atomic
def to_finding(commitment: Commitment, *, type: ProblemType, by: Actor, at: datetime) -> Finding:
    """What was promised becomes a finding of the unit, source 考核, followed to its end like any other. Once."""
    row = _lock(commitment.interview, None)
    commitment = row.commitments.select_related("finding").get(pk=commitment.pk)
    if row.stage != InterviewStage.HELD or row.held_on is None:
        raise Refused("约谈登记以后才能把承诺事项转为问题。")
    if commitment.finding is not None:
        raise Refused(f"这条承诺已转为问题 {commitment.finding.number}，请在整改台账里办理。")
    day = f"{commitment.due_on.year}年{commitment.due_on.month}月{commitment.due_on.day}日"
    finding = raise_finding(
        row.committee, department=row.department, source=Source.ASSESSMENT, type=type, found_on=row.held_on,
        text=f"约谈承诺事项：{commitment.text}（承诺时限 {day}）", basis=f"{row}，{row.reason}"[:300], by=by, at=at,
    )  # fmt: skip
    commitment.finding = finding
    commitment.save(update_fields=["finding"])
    record(row, verb="to_finding", before=row.stage, after=row.stage, by=by, at=at, data={"finding": finding.number})
    return finding
