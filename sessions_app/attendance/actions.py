"""Every change to the roll, to leave and to make-up study. The counts on Participation change with them."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection, models, transaction
from django.db.models import F, OuterRef
from django.db.models.functions import JSONObject

from roster.audit.actions import SHANGHAI, Actor, Entry, SystemActor, record, record_many, saying
from roster.audit.moves import Refused, Stale
from roster.people.consequences import Belonging
from roster.people.models import GroupRole, Membership, Person
from roster.people.rules import Term
from sessions_app.attendance import rules
from sessions_app.attendance.consequences import roll_changed
from sessions_app.attendance.models import (
    AttendanceMark,
    LeaveKind,
    LeaveRequest,
    LeaveStage,
    MakeUpStage,
    MakeUpStudy,
)
from sessions_app.attendance.roll import leave_reason
from sessions_app.attendance.rules import LEAVE_MOVES, MAKE_UP_MOVES, Counts, Mark
from sessions_app.policies import parameters
from sessions_app.policies.actions import require_open
from sessions_app.policies.calendar import add_working_days
from sessions_app.policies.periods import Shut, gate_of
from sessions_app.sessions.models import (
    COUNTED_FORMS,
    TOOK_PLACE,
    Participation,
    ParticipationState,
    SessionPart,
    SessionStage,
    StudySession,
)

MAKE_UP_DAYS = "make_up_due_working_days"
LEAVE_RESTRAINTS = {"leave_one_live": "这位成员对这场学习已经请过假，请先撤回原来的那份。"}


def local_day(at: datetime) -> date:
    return at.astimezone(SHANGHAI).date()


# ------------------------------------------------------------------------------------------------------------- roll
@dataclass
class _Sheet:
    """What a roll is checked and counted against, read after the participation was locked."""

    participation: Participation
    study_session: StudySession
    parts: dict[int, date]
    valid: dict[int, dict[int, str]]
    people: dict[int, Person]
    marks: dict[tuple[int, int], tuple[str, bool, bool, str]]
    make_ups: dict[int, MakeUpStudy]

    def away(self, person: int) -> list[date]:
        """The days of the parts this member was away from."""
        return sorted(
            day for part, day in self.parts.items()
            if person in self.valid[part] and self.marks.get((part, person), ("",))[0] in rules.AWAY
        )  # fmt: skip

    def counts(self) -> Counts:
        confirmed = {person for person, row in self.make_ups.items() if row.stage == MakeUpStage.CONFIRMED}
        return rules.count(
            (self.marks[part, person][0] if (part, person) in self.marks else None, person in confirmed)
            for part, people in self.valid.items()
            for person in people
        )


def _sheet(participation_id: int) -> _Sheet:
    """Three queries. The participation is locked first, so everything after it is read fresh."""
    participation = (
        Participation.objects.select_related("committee").select_for_update(of=("self",)).get(pk=participation_id)
    )
    rows = list(
        SessionPart.objects.filter(study_session_id=participation.study_session_id)
        .select_related("study_session")
        .order_by("order")
    )
    if not rows:
        raise Refused("这场学习还没有时段，请先在方案里补上日期和时间。")
    parts = {row.pk: row.day for row in rows}
    marks = AttendanceMark.objects.filter(participation_id=participation_id, person_id=OuterRef("person_id"))
    make_ups = MakeUpStudy.objects.filter(participation_id=participation_id, person_id=OuterRef("person_id"))
    fields = {f.attname: f.attname for f in MakeUpStudy._meta.concrete_fields}
    members = list(
        Membership.objects.filter(committee_id=participation.committee_id)
        .during(min(parts.values()), max(parts.values()))
        .select_related("person")
        .annotate(
            kept=ArraySubquery(
                marks.values(one=JSONObject(part="part_id", status="status", late="is_late", early="left_early", reason="reason"))
            ),
            study=ArraySubquery(make_ups.values(one=JSONObject(**fields))),
        )
        .order_by("rank", "id")
    )  # fmt: skip
    sheet = _Sheet(participation, rows[0].study_session, parts, {part: {} for part in parts}, {}, {}, {})
    for member in members:
        sheet.people[member.person_id] = member.person
        for part, day in parts.items():
            if member.since <= day and (member.until is None or member.until >= day):
                sheet.valid[part][member.person_id] = member.person.name
        for kept in member.kept:
            value = (kept["status"], kept["late"], kept["early"], kept["reason"])
            sheet.marks[kept["part"], member.person_id] = value
        for study in member.study:
            sheet.make_ups[member.person_id] = _make_up_from(study, participation, member.person)
    return sheet


def _make_up_from(values: Mapping[str, Any], participation: Participation, person: Person) -> MakeUpStudy:
    """A row as it came through JSON, dates read back."""
    read = {}
    for one in MakeUpStudy._meta.concrete_fields:
        value = values[one.attname]
        is_day = isinstance(one, models.DateField) and value is not None
        read[one.attname] = date.fromisoformat(value) if is_day else value
    row = MakeUpStudy(**read)
    row._state.adding = False
    row.participation, row.person = participation, person
    return row


def _shut_reasons(participation: Participation, study_session: StudySession, today: date) -> list[str]:
    """Why the roll of this session cannot be written at all."""
    if participation.state != ParticipationState.ACCEPTED:
        return ["本委员会没有接受这次联组学习的邀请，不记考勤。"]
    if study_session.stage == SessionStage.CANCELLED:
        return ["这场学习已取消，不记考勤。"]
    if study_session.stage == SessionStage.ARCHIVED:
        return ["这场学习已归档，考勤只能通过“更正”修改。"]
    if today < study_session.day:
        return [f"学习定在{rules.said(study_session.day)}，到当天才能记考勤。"]
    if study_session.stage not in TOOK_PLACE:
        return ["请先在场次页点“已召开”，再记考勤。"]
    return []


@transaction.atomic
def record_roll(
    participation: Participation,
    *,
    marks: Sequence[Mapping[str, Any]],
    version: int | None,
    by: Actor,
    at: datetime,
    is_whole: bool = True,
) -> Participation:
    """Keep the marks given: dicts of person, part (id or row), status, late, early, reason. Others stay as they are.

    `is_whole` False: the page saves by itself what was touched so far; the roll is not taken yet.

    Six queries of its own for any number of members. Opens a make-up, due in working days, for who was away, and
    voids it when he turns out to have been there. Raises Refused with every reason, Stale when somebody saved since.
    """
    sheet = _sheet(participation.pk)
    row = sheet.participation
    typed = [_mark(values) for values in marks]
    changed = [mark for mark in typed if sheet.marks.get((mark.part, mark.person)) != mark.value]
    if version is not None and row.version != version:
        if typed and not changed:
            return row  # the same form sent twice: it is kept already
        raise Stale(row.version)
    today = local_day(at)
    reasons = _shut_reasons(row, sheet.study_session, today)
    if not reasons:
        names = {person_id: person.name for person_id, person in sheet.people.items()}
        reasons = rules.mark_refusals(typed, parts=sheet.parts, valid=sheet.valid, names=names, today=today)
    if reasons:
        raise Refused(reasons)
    require_open(row.committee, row.day)
    return keep_marks(sheet, changed, verb="record_roll", by=by, at=at, is_whole=is_whole)


def keep_marks(
    sheet: _Sheet,
    changed: Sequence[Mark],
    *,
    verb: str,
    by: Actor,
    at: datetime,
    data: Mapping[str, Any] | None = None,
    is_whole: bool = True,
) -> Participation:
    """Write checked marks with their make-ups, counts and events. `changed` holds only what differs."""
    row = sheet.participation
    said = [_change(sheet.marks.get((mark.part, mark.person)), mark) for mark in changed]
    AttendanceMark.objects.bulk_create(
        [
            AttendanceMark(
                participation=row, part_id=mark.part, person_id=mark.person, status=mark.status, is_late=mark.late,
                left_early=mark.early, reason=mark.reason,
            )
            for mark in sorted(changed, key=lambda mark: (mark.part, mark.person))
        ],
        update_conflicts=True,
        unique_fields=["part", "participation", "person"],
        update_fields=["status", "is_late", "left_early", "reason"],
    )  # fmt: skip
    for mark in changed:
        sheet.marks[mark.part, mark.person] = mark.value
    events = _keep_make_ups(sheet, {mark.person for mark in changed}, at)
    counts = sheet.counts()
    first = row.roll_saved_at is None
    row.roll_saved_at = at if is_whole else row.roll_saved_at
    _put_counts(row, counts)
    row.version += 1
    Participation.objects.filter(pk=row.pk).update(
        version=F("version") + 1, roll_saved_at=row.roll_saved_at, **{name: getattr(row, name) for name in COUNT_FIELDS}
    )
    if changed:
        roll_changed(row.study_session_id, by=by, at=at)
    about = {"marks": said, "counts": list(_count_values(counts)), **(data or {})}
    before = "" if first else "SAVED"
    after = "SAVED" if is_whole else before
    record_many([Entry(row, verb, at, before=before, after=after, data=about, chain=row.committee_id), *events], by=by)
    return row


COUNT_FIELDS = (
    "expected_marks", "present_marks", "video_marks", "leave_marks", "absent_marks", "unmarked_marks", "made_up_marks",
)  # fmt: skip


def _count_values(counts: Counts) -> tuple[int, ...]:
    """In the order of COUNT_FIELDS."""
    return (
        counts.expected, counts.present, counts.video, counts.on_leave, counts.absent, counts.unmarked, counts.made_up,
    )  # fmt: skip


def _put_counts(row: Participation, counts: Counts) -> None:
    for name, value in zip(COUNT_FIELDS, _count_values(counts), strict=True):
        setattr(row, name, value)


def _mark(values: Mapping[str, Any]) -> Mark:
    def key(one: Any) -> int:
        return int(getattr(one, "pk", one))

    return Mark(
        key(values["part"]), key(values["person"]), str(values["status"]), bool(values.get("late")),
        bool(values.get("early")), str(values.get("reason") or "").strip(),
    )  # fmt: skip


def _change(before: tuple[str, bool, bool, str] | None, mark: Mark) -> dict[str, Any]:
    """One line of the event's diff; what is empty is left out."""
    line: dict[str, Any] = {"part": mark.part, "person": mark.person, "to": mark.status}
    if before:
        line |= {"from": before[0]} | ({"reason_from": before[3]} if before[3] else {})
    return line | {
        name: value for name, value in (("reason", mark.reason), ("late", mark.late), ("early", mark.early)) if value
    }


def _keep_make_ups(sheet: _Sheet, people: Iterable[int], at: datetime) -> list[Entry]:
    """Open, shorten, lengthen or void the make-ups of these people; the events to be written."""
    if sheet.study_session.form not in COUNTED_FORMS:
        return []
    today = local_day(at)
    rows: list[tuple[MakeUpStudy, str, str]] = []
    days: int | None = None
    dues: dict[date, date] = {}
    for person in sorted(people):
        away = sheet.away(person)
        row = sheet.make_ups.get(person)
        stage = rules.make_up_next(row.stage if row else None, row.missed_marks if row else 0, len(away))
        if stage is None or (row and row.stage == stage and stage == MakeUpStage.VOID):
            continue
        if row and row.stage == stage and row.missed_marks == len(away):
            continue
        before = row.stage if row else ""
        row = row or MakeUpStudy(participation=sheet.participation, person=sheet.people[person], version=0)
        if stage == MakeUpStage.DUE and before != MakeUpStage.DUE:
            if days is None:
                days = parameters.value(MAKE_UP_DAYS, sheet.participation.committee, today)
            if away[-1] not in dues:
                dues[away[-1]] = make_up_due(away[-1], today, days)
            row.due_on = dues[away[-1]]
            row.confirmed_by_id = row.confirmed_on = None
        row.stage = stage
        if away:
            row.missed_marks = len(away)
        row.version += 1
        rows.append((row, before, stage))
        sheet.make_ups[person] = row
    if not rows:
        return []
    fresh = [row for row, _, _ in rows if row.pk is None]
    MakeUpStudy.objects.bulk_create(fresh)
    kept = [row for row, _, _ in rows if row not in fresh]
    if kept:
        MakeUpStudy.objects.bulk_update(
            kept, ["stage", "due_on", "missed_marks", "version", "confirmed_by", "confirmed_on"]
        )
    verbs = {MakeUpStage.DUE: "open", MakeUpStage.VOID: "void"}
    return [
        Entry(row, verbs.get(MakeUpStage(stage), "edit") if before != stage else "edit", at, before=before, after=stage,
              data={"due_on": str(row.due_on), "missed": row.missed_marks}, chain=sheet.participation.committee_id)
        for row, before, stage in rows
    ]  # fmt: skip


def make_up_due(missed_on: date, today: date, days: int) -> date:
    """`days` working days from the day missed; counted from today when the roll is entered after that (补录)."""
    due = add_working_days(missed_on, days)
    return due if due >= today else add_working_days(today, days)


@transaction.atomic
def correct_marks(
    participation: Participation, *, marks: Sequence[Mapping[str, Any]], number: int, by: Actor, at: datetime
) -> Participation:
    """The marks of an agreed correction: after archive, with the correction's number in the event."""
    sheet = _sheet(participation.pk)
    typed = [_mark(values) for values in marks]
    names = {person_id: person.name for person_id, person in sheet.people.items()}
    reasons = rules.mark_refusals(typed, parts=sheet.parts, valid=sheet.valid, names=names, today=local_day(at))
    if reasons:
        raise Refused(reasons)
    changed = [mark for mark in typed if sheet.marks.get((mark.part, mark.person)) != mark.value]
    return keep_marks(sheet, changed, verb="correct_roll", by=by, at=at, data={"correction": number})


# ---------------------------------------------------------------------------------------------------------- recount
RECOUNT = """
UPDATE sessions_app_participation AS p SET
    expected_marks = c.expected, present_marks = c.present, video_marks = c.video, leave_marks = c.on_leave,
    absent_marks = c.absent, unmarked_marks = c.unmarked, made_up_marks = c.made_up
FROM (
    SELECT t.id, count(m.id) AS expected,
        count(*) FILTER (WHERE k.status IN ('PRESENT', 'VIDEO')) AS present,
        count(*) FILTER (WHERE k.status = 'VIDEO') AS video,
        count(*) FILTER (WHERE k.status = 'ON_LEAVE') AS on_leave,
        count(*) FILTER (WHERE k.status = 'ABSENT') AS absent,
        count(m.id) FILTER (WHERE k.id IS NULL) AS unmarked,
        count(*) FILTER (WHERE k.status IN ('ON_LEAVE', 'ABSENT') AND u.stage = 'CONFIRMED') AS made_up
    FROM sessions_app_participation t
    LEFT JOIN sessions_app_sessionpart s ON s.study_session_id = t.study_session_id AND t.state = 'ACCEPTED'
    LEFT JOIN roster_membership m
        ON m.committee_id = t.committee_id AND m.since <= s.day AND (m.until IS NULL OR m.until >= s.day)
    LEFT JOIN sessions_app_attendancemark k
        ON k.part_id = s.id AND k.participation_id = t.id AND k.person_id = m.person_id
    LEFT JOIN sessions_app_makeupstudy u ON u.participation_id = t.id AND u.person_id = m.person_id
    WHERE t.id = ANY(%(ids)s)
    GROUP BY t.id
) AS c
WHERE c.id = p.id AND (
    p.expected_marks, p.present_marks, p.video_marks, p.leave_marks, p.absent_marks, p.unmarked_marks, p.made_up_marks
) IS DISTINCT FROM (c.expected, c.present, c.video, c.on_leave, c.absent, c.unmarked, c.made_up)
"""


@transaction.atomic
def recount_participations(ids: Iterable[int], at: datetime) -> int:
    """Bring the kept counts in line with members and marks; how many changed. Queries do not grow with `ids`.

    A make-up of somebody who was no member that day is voided. Open forms stay valid: `version` does not move.
    """
    wanted = sorted(set(ids))
    if not wanted:
        return 0
    # Locked before the counting begins, so that it sees what a roll saved meanwhile has written.
    list(Participation.objects.select_for_update(of=("self",)).filter(pk__in=wanted).order_by("pk").values_list("pk"))
    with connection.cursor() as cursor:
        cursor.execute(RECOUNT, {"ids": wanted})
        changed = cursor.rowcount
    _void_strangers(wanted, at)
    return changed


def _void_strangers(ids: list[int], at: datetime) -> None:
    member = Membership.objects.filter(
        committee_id=OuterRef("participation__committee_id"),
        person_id=OuterRef("person_id"),
        since__lte=OuterRef("participation__study_session__parts__day"),
    ).exclude(until__lt=OuterRef("participation__study_session__parts__day"))
    open_rows = MakeUpStudy.objects.filter(participation_id__in=ids).exclude(stage=MakeUpStage.VOID)
    lasting = open_rows.filter(models.Exists(member)).values("pk")
    strangers = list(open_rows.exclude(pk__in=lasting).select_related("participation", "person").order_by("pk"))
    if not strangers:
        return
    entries = []
    for row in strangers:
        before, row.stage = row.stage, MakeUpStage.VOID
        row.version += 1
        entries.append(
            Entry(
                row, "void", at, before=before, after=row.stage, reason="任期变动，当日不是成员", chain=row.committee_id
            )
        )
    MakeUpStudy.objects.bulk_update(strangers, ["stage", "version"])
    record_many(entries, by=SystemActor("系统"))


class CountOnMembership:
    """Registered with roster.people.consequences: a change of members changes who was expected."""

    def _touched(self, committee_ids: Iterable[int], first: date, last: date) -> models.QuerySet[Participation]:
        parts = SessionPart.objects.filter(study_session_id=OuterRef("study_session_id"), day__range=(first, last))
        rows: models.QuerySet[Participation] = Participation.objects.filter(committee_id__in=list(committee_ids))
        return rows.filter(models.Exists(parts))

    def impact(self, committee_id: int, first: date, last: date) -> list[str]:
        rows = self._touched([committee_id], first, last).filter(study_session__stage__in=TOOK_PLACE)
        lines = []
        for row in rows.filter(state=ParticipationState.ACCEPTED).select_related("study_session").order_by("day"):
            now = row.expected_marks / row.part_count
            archived = "（已归档）" if row.study_session.stage == SessionStage.ARCHIVED else ""
            lines.append(
                f"{rules.said(row.day)}第{row.number}次学习{archived}的应到人数会随之变化（现为 {now:g} 人），请核对起止日期。"
            )
        return lines

    def against(self, changes: Sequence[Belonging]) -> list[list[str]]:
        """Three queries for any number of changes; one while nothing is shut. People are compared, not sums."""
        gate = gate_of({change.path for change in changes})
        if not gate.shut:
            return [[] for _ in changes]
        ids = {change.committee_id for change in changes}
        held = _held_days(ids)
        return [_moved(change, gate.spans(change.path), held.get(change.committee_id, [])) for change in changes]

    def recount(self, committee_ids: Iterable[int], first: date, last: date, at: datetime) -> None:
        """Bring the counts in line. Whether the change may be made was asked before it (`against`)."""
        recount_participations(self._touched(committee_ids, first, last).values_list("pk", flat=True), at)


@dataclass(frozen=True)
class _Held:
    """One part of a session that took place; `day` is the session's own, by which it is counted."""

    number: int
    day: date
    part_day: date


def _held_days(committee_ids: Iterable[int]) -> dict[int, list[_Held]]:
    rows = Participation.objects.filter(
        committee_id__in=list(committee_ids), state=ParticipationState.ACCEPTED, study_session__stage__in=TOOK_PLACE
    ).order_by("day", "pk")
    found: dict[int, list[_Held]] = {}
    for pk, number, day, part_day in rows.values_list("committee_id", "number", "day", "study_session__parts__day"):
        found.setdefault(pk, []).append(_Held(number, day, part_day or day))
    return found


def _moved(change: Belonging, spans: Sequence[Shut], held: Sequence[_Held]) -> list[str]:
    """What a change of one person's terms would move in shut periods: who was expected, who belonged at all.

    A unit without any session by the end of a period was not counted in it yet: its roster may still be built up.
    """
    found: dict[str, None] = {}
    for shut in spans:
        if not held or held[0].day > shut.last:
            continue
        for part in held:
            day = part.part_day
            if shut.holds(part.day) and _on(change.before, day) != _on(change.after, day) and change.expected:
                words = f"{change.person}：{rules.said(part.day)}第{part.number}次学习的应到人数会随之变化"
                found.setdefault(f"{words}，但{shut.sentence}")
        if not found and _during(change.before, shut) != _during(change.after, shut):
            seat = "中心组成员" if change.expected else "学习秘书"
            found.setdefault(f"{change.person}：{shut.words}的{seat}人数会随之变化，但{shut.sentence}")
    lines = list(found)
    return lines[:5] + ([f"另有 {len(lines) - 5} 次学习也是这样。"] if len(lines) > 5 else [])


def _on(terms: Iterable[Term], day: date) -> bool:
    return any(term.since <= day and (term.until is None or term.until >= day) for term in terms)


def _during(terms: Iterable[Term], shut: Shut) -> bool:
    return any(term.since <= shut.last and (term.until is None or term.until >= shut.first) for term in terms)


# ------------------------------------------------------------------------------------------------------------ leave
def _starts(participation: Participation, part: SessionPart | None) -> tuple[date, Any]:
    part = part or participation.study_session.parts.order_by("order").first()
    return (part.day, part.starts_at) if part else (participation.day, None)


def _has_started(participation: Participation, part: SessionPart | None, at: datetime) -> bool:
    day, starts_at = _starts(participation, part)
    stage = participation.study_session.stage
    # A further part of a session under way has its own start.
    took_place = stage == SessionStage.ARCHIVED or (stage in TOOK_PLACE and (part is None or part.order == 1))
    return rules.has_started(day, starts_at, took_place=took_place, now=at.astimezone(SHANGHAI))


@transaction.atomic
def ask_leave(
    participation: Participation, *, person: Person, kind: str, reason: str, part: SessionPart | None = None, by: Actor,
    at: datetime,
) -> LeaveRequest:  # fmt: skip
    """Leave from a session or one part of it. The leader's own is recorded at once; the others' waits for him.

    Refused once the session has started: then the roll itself says who was on leave, and why.
    """
    participation = Participation.objects.select_related("study_session", "committee").get(pk=participation.pk)
    reason = reason.strip()
    day, _ = _starts(participation, part)
    member = Membership.objects.on(day).filter(committee_id=participation.committee_id, person=person).first()
    reasons = []
    if participation.state != ParticipationState.ACCEPTED:
        reasons.append("本委员会没有参加这场学习，不用请假。")
    if participation.study_session.stage == SessionStage.CANCELLED:
        reasons.append("这场学习已取消，不用请假。")
    elif _has_started(participation, part, at):
        reasons.append("学习已经开始，请假到此为止；请由学习秘书在考勤表里记请假和事由。")
    if part is not None and part.study_session_id != participation.study_session_id:
        reasons.append("所选时段不属于这场学习，请重选。")
    if member is None:
        reasons.append(f"{person.name}{rules.said(day)}不是本委员会成员，不用请假。")
    if kind not in LeaveKind.values:
        reasons.append("请选择请假类别：公务、病假、出差或其他。")
    if not reason:
        reasons.append("请填写请假事由。")
    if len(reason) > 200:
        reasons.append("请假事由超过 200 字，请压缩。")
    live = LeaveRequest.objects.filter(
        participation=participation, person=person, stage__in=[LeaveStage.ASKED, LeaveStage.AGREED]
    )
    if any(part is None or row.part_id in (None, part.pk) for row in live):
        reasons.append(LEAVE_RESTRAINTS["leave_one_live"])
    if reasons:
        raise Refused(reasons)
    require_open(participation.committee, participation.day)
    leader = member.group_role == GroupRole.LEADER
    row = LeaveRequest(
        participation=participation, part=part, person=person, kind=kind, reason=reason, asked_at=at,
        asked_by_id=by.person_id, stage=LeaveStage.AGREED if leader else LeaveStage.ASKED, is_recorded_only=leader,
    )  # fmt: skip
    if leader:
        row.decided_at = at
    with saying(LEAVE_RESTRAINTS):
        row.save()
    record(row, verb="ask", after=row.stage, reason=leave_reason(row), by=by, at=at, data={"recorded_only": leader})
    return row


def _locked_leave(leave: LeaveRequest, version: int | None) -> LeaveRequest:
    row: LeaveRequest = LeaveRequest.objects.select_related("participation__study_session", "person").lock(
        leave.pk, version
    )
    return row


@transaction.atomic
def decide_leave(
    leave: LeaveRequest, *, agree: bool, note: str = "", version: int | None, by: Actor, at: datetime
) -> LeaveRequest:
    """The leader's word; a question asked in time may still be answered after the session began, not after archive."""
    row = _locked_leave(leave, version)
    stage = LEAVE_MOVES.target(row.stage, "agree" if agree else "refuse")
    reasons = []
    if by.person_id is None or by.person_id == row.person_id:
        reasons.append("本人的请假不能由本人审批。")
    if row.participation.study_session.stage in (SessionStage.ARCHIVED, SessionStage.CANCELLED):
        reasons.append("这场学习已归档或取消，请假不再审批。")
    if not agree and not note.strip():
        reasons.append("不同意请假请写明理由。")
    if reasons:
        raise Refused(reasons)
    before, row.stage = row.stage, stage
    row.decided_by_id, row.decided_at, row.note = by.person_id, at, note.strip()
    row.save_changed()
    record(row, verb="agree" if agree else "refuse", before=before, after=stage, reason=row.note, by=by, at=at)
    return row


@transaction.atomic
def withdraw_leave(leave: LeaveRequest, *, version: int | None, by: Actor, at: datetime) -> LeaveRequest:
    """Until the session starts."""
    row = _locked_leave(leave, version)
    stage = LEAVE_MOVES.target(row.stage, "withdraw")
    if _has_started(row.participation, row.part, at):
        raise Refused("学习已经开始，请假不能再撤回；实际到会的请由学习秘书在考勤表里改为出席。")
    before, row.stage = row.stage, stage
    row.save_changed()
    record(row, verb="withdraw", before=before, after=stage, by=by, at=at)
    return row


class LeavesFollowDays:
    """A session or part on another day: leave agreed for the old day is not agreed for the new one."""

    def days_moved(self, study_session: StudySession, parts: Set[int], *, by: Actor, at: datetime) -> None:
        """Agreed leave goes back to be asked. The leader's own, which nobody decides, lapses: he records it anew."""
        rows = LeaveRequest.objects.filter(
            models.Q(part__isnull=True) | models.Q(part__in=parts),
            participation__study_session=study_session, stage=LeaveStage.AGREED,
        )  # fmt: skip
        for row in rows.select_related("participation").select_for_update(of=("self",)).order_by("pk"):
            verb = "lapse" if row.is_recorded_only else "ask_again"
            before, row.stage = row.stage, LEAVE_MOVES.target(row.stage, verb)
            row.decided_by, row.decided_at, row.note = None, None, ""
            row.save_changed()
            record(row, verb=verb, before=before, after=row.stage, reason="学习改期", by=by, at=at)


def leaves_in_question(study_session: StudySession) -> list[str]:
    """Who has leave from the days as they are, and what becomes of it when the session moves."""
    rows = LeaveRequest.objects.filter(
        participation__study_session=study_session, stage__in=[LeaveStage.ASKED, LeaveStage.AGREED]
    ).select_related("person", "part", "participation")
    return [_in_question(row) for row in rows.order_by("participation__committee__code", "pk")]


def _in_question(row: LeaveRequest) -> str:
    day = rules.said(row.part.day if row.part else row.participation.day)
    if row.stage == LeaveStage.ASKED:
        then = "尚未审批，改期后按新日期审批"
    elif row.is_recorded_only:
        then = "已记录，改期后失效，仍须请假的请重新登记"
    else:
        then = "已同意，改期后重新待批"
    return f"{row.person.name} {day}{'' if row.part else '起全程'}（{leave_reason(row)}）：{then}"


# ---------------------------------------------------------------------------------------------------------- make-up
def _locked_make_up(make_up: MakeUpStudy, version: int | None) -> MakeUpStudy:
    row: MakeUpStudy = MakeUpStudy.objects.select_related("participation__committee", "person").lock(
        make_up.pk, version
    )
    return row


@transaction.atomic
def submit_make_up(
    make_up: MakeUpStudy, *, done_on: date | None, method: str, content: str, reflection: str = "", version: int | None,
    by: Actor, at: datetime,
) -> MakeUpStudy:  # fmt: skip
    """What was studied, when and how; by the member or by a secretary for him. Late is allowed and shows as late."""
    row = _locked_make_up(make_up, version)
    stage = MAKE_UP_MOVES.target(row.stage, "submit")
    reasons = rules.make_up_refusals(
        done_on=done_on, session_day=row.participation.day, today=local_day(at), method=method, content=content
    )
    if reasons:
        raise Refused(reasons)
    require_open(row.participation.committee, row.participation.day)
    before, row.stage = row.stage, stage
    row.done_on, row.method, row.content, row.reflection = done_on, method.strip(), content.strip(), reflection.strip()
    row.save_changed()
    record(
        row,
        verb="submit",
        before=before,
        after=stage,
        by=by,
        at=at,
        data={"done_on": str(done_on), "method": row.method},
    )
    return row


@transaction.atomic
def confirm_make_up(make_up: MakeUpStudy, *, version: int | None, by: Actor, at: datetime) -> MakeUpStudy:
    """Never by the person who made it up. 参学率 rises, 出席率 does not. The same click twice is one confirmation."""
    # The participation first: the roll takes its lock in the same order.
    Participation.objects.lock(make_up.participation_id)
    row = _locked_make_up(make_up, None)
    if row.stage == MakeUpStage.CONFIRMED and row.confirmed_by_id == by.person_id and by.person_id is not None:
        return row
    if version is not None and row.version != version:
        raise Stale(row.version)
    stage = MAKE_UP_MOVES.target(row.stage, "confirm")
    if by.person_id is None or by.person_id == row.person_id:
        raise Refused("补学不能由补学人本人确认，请由学习秘书或组长、副组长确认。")
    require_open(row.participation.committee, row.participation.day)
    before, row.stage = row.stage, stage
    row.confirmed_by_id, row.confirmed_on, row.return_note = by.person_id, local_day(at), ""
    row.save_changed()
    recount_participations([row.participation_id], at)
    record(row, verb="confirm", before=before, after=stage, by=by, at=at)
    return row


@transaction.atomic
def return_make_up(make_up: MakeUpStudy, *, note: str, version: int | None, by: Actor, at: datetime) -> MakeUpStudy:
    """Back to the member, with what to mend."""
    row = _locked_make_up(make_up, version)
    stage = MAKE_UP_MOVES.target(row.stage, "return")
    reasons = [] if note.strip() else ["请写明退回的原因，便于本人补充。"]
    if by.person_id == row.person_id:
        reasons.append("补学不能由补学人本人审核。")
    if reasons:
        raise Refused(reasons)
    before, row.stage, row.return_note = row.stage, stage, note.strip()[:200]
    row.save_changed()
    record(row, verb="return", before=before, after=stage, reason=row.return_note, by=by, at=at)
    return row
