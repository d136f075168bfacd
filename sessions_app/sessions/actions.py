"""Every change to a study session, its invitations and who comes to listen; speeches and filings have actions of their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Max, ProtectedError

from roster.audit.actions import Actor, Entry, record, record_many
from roster.audit.models import AuditEvent
from roster.audit.moves import Refused
from roster.committees.models import Committee
from roster.people.models import Membership, Person
from sessions_app.plans.models import PlanItem, StudyMode
from sessions_app.policies import parameters
from sessions_app.policies.actions import require_open
from sessions_app.sessions import prefill, rules
from sessions_app.sessions.consequences import days_moved
from sessions_app.sessions.ground import lock, require_open_for_all, writable
from sessions_app.sessions.models import (
    AgendaKind,
    ExtraParticipant,
    Form,
    Participation,
    ParticipationState,
    ReleaseType,
    SessionPart,
    SessionStage,
    Speech,
    SpeechKind,
    StudySession,
)
from sessions_app.sessions.quarters import left_in_quarter
from sessions_app.sessions.rules import INVITE_MOVES, MOVES, Part

Row = Mapping[str, Any]
HEAD_FIELDS = (
    "topic", "form", "mode", "category", "place", "chair", "recorder", "contact", "self_study", "leave_rule", "is_expanded",
)  # fmt: skip
# Known only at or after the meeting: who comes to listen voids no approval (docs/decisions/sessions.md).
WRITING = ("create", "edit", "move", "submit", "invite")


@dataclass(frozen=True)
class Moved:
    """A session on its new day, and what the plan now lacks (SESSION_TOO_FEW) in sentences."""

    session: StudySession
    warnings: list[str] = field(default_factory=list)


# ------------------------------------------------------------------------------------------------ ground
def _lock_numbers(*committee_ids: int) -> None:
    """One giver of numbers a committee at a time, until the transaction ends."""
    rows = Committee.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=committee_ids)
    list(rows.order_by("pk").values_list("pk", flat=True))


def _next_number(committee_id: int, year: int) -> int:
    """After `_lock_numbers`. Cancelled sessions keep theirs, so it is the highest plus one."""
    rows = Participation.objects.filter(committee_id=committee_id, year=year)
    return rules.free_number([rows.aggregate(highest=Max("number"))["highest"] or 0])


def _void(session: StudySession) -> None:
    """Back to 筹备 when the plan was approved or waits for approval."""
    if MOVES.may(session.stage, "void"):
        session.stage = MOVES.target(session.stage, "void")
        session.approved_by = session.approved_at = None


def _parts_of(session: StudySession) -> list[Part]:
    return [Part(p.day, p.starts_at, p.ends_at, p.days) for p in session.parts.order_by("order")]


def _last_day(session: StudySession) -> date:
    return session.parts.aggregate(last=Max("day"))["last"] or session.day


def _settle_late(session: StudySession, last_day: date, reason: str) -> None:
    """Days late from the dates, their reason, or a refusal that asks for it."""
    grace = int(parameters.value("late_entry_grace_days", session.committee, session.day))
    entered = session.entered_at.astimezone(prefill.SHANGHAI).date()
    if wrong := rules.late_problems(last_day, entered, reason, grace):
        raise Refused(wrong)
    session.late_days = rules.late_days(last_day, entered)
    session.late_reason = rules.late_reason(session.late_days, reason, grace)


def _expect(session: StudySession) -> None:
    """应到 of every committee whose roll is not kept yet: members of each part's day, all of them 未记."""
    days = [part.day for part in session.parts.all()]
    open_rolls = session.participations.filter(
        state=ParticipationState.ACCEPTED, roll_saved_at__isnull=True, marks__isnull=True
    )
    for row in open_rolls:
        members = list(Membership.objects.filter(committee_id=row.committee_id).during(min(days), max(days)))
        count = sum(m.since <= day and (m.until is None or m.until >= day) for day in days for m in members)
        Participation.objects.filter(pk=row.pk).update(expected_marks=count, unmarked_marks=count)


def _check_item(item: PlanItem | None, committee_id: int, year: int) -> list[str]:
    if item is None:
        return []
    if item.plan.committee_id != committee_id:
        return ["所选计划条目不是本委员会的，请重新选择。"]
    if item.plan.year != year:
        return [f"所选计划条目属于 {item.plan.year} 年，与学习日期不在同一年，请重新选择。"]
    return []


# ------------------------------------------------------------------------------------------------ what a plan holds
def _put_parts(session: StudySession, parts: Sequence[Part]) -> bool:
    """Parts by their order; a part with marks can change its hours, not vanish. Keeps the participations' copies."""
    if wrong := rules.part_problems(parts):
        raise Refused(wrong)
    old = list(session.parts.order_by("order"))
    if [Part(p.day, p.starts_at, p.ends_at, p.days) for p in old] == list(parts):
        return False
    marked = session.participations.filter(marks__isnull=False).exists()
    if old and marked and [p.day for p in old] != [p.day for p in parts]:
        raise Refused("已经点过名，不能再增减时段或改日期；如考勤有误请先改考勤。")
    for order, part in enumerate(parts, start=1):
        row = old[order - 1] if order <= len(old) else SessionPart(study_session=session, order=order)
        row.day, row.starts_at, row.ends_at, row.days = part.day, part.starts_at, part.ends_at, part.days
        row.save()
    for row in old[len(parts) :]:
        try:
            row.delete()
        except ProtectedError:
            raise Refused(f"第 {row.order} 个时段已有请假，不能删去；请先由请假人撤回。") from None
    session.day = parts[0].day
    session.participations.update(day=session.day, part_count=len(parts), days=rules.total_days(parts))
    return True


def _move_parts(session: StudySession, parts: Sequence[Part], *, by: Actor, at: datetime) -> bool:
    """Put the parts of a session that is there already; who has leave from a day that moved is asked anew."""
    before = dict(session.parts.values_list("pk", "day"))
    if not _put_parts(session, parts):
        return False
    now = dict(session.parts.values_list("pk", "day"))
    if moved := {pk for pk, day in now.items() if before.get(pk, day) != day}:
        days_moved(session, moved, by=by, at=at)
    return True


def _put_rows(
    session: StudySession, manager: Any, rows: Sequence[Row], fields: Sequence[str], keys: Sequence[str], held: str
) -> bool:
    """Make `manager` hold exactly `rows` in their order. A row is the same one by `id`, else by equal `keys`."""
    old = {row.pk: row for row in manager.all()}
    spare = dict(old)
    chosen = []
    for values in rows:
        same = spare.get(values.get("id")) or next(
            (r for r in spare.values() if all(getattr(r, key) == values.get(key) for key in keys)), None
        )
        if same is not None:
            del spare[same.pk]
        chosen.append(same)
    changed = bool(spare) or any(row is None for row in chosen)
    if spare:
        try:
            manager.filter(pk__in=spare).delete()
        except ProtectedError:
            raise Refused(held) from None
    moved = [row for place, row in enumerate(chosen, start=1) if row is not None and row.order != place]
    if moved:
        changed = True
        manager.filter(pk__in=[row.pk for row in moved]).update(order=F("order") + 1000)  # clear of the unique order
    for place, (row, values) in enumerate(zip(chosen, rows, strict=True), start=1):
        target = row or manager.model(study_session=session)
        wanted = {name: values.get(name) for name in fields}
        if row is not None and row.order == place and all(getattr(row, n) == v for n, v in wanted.items()):
            continue
        changed, target.order = True, place
        for name, value in wanted.items():
            setattr(target, name, value)
        target.save()
    return changed


def _put_agenda(session: StudySession, rows: Sequence[Row]) -> bool:
    if wrong := rules.row_problems(rows, "content", "议程", "内容", 300):
        raise Refused(wrong)
    clean = [{**row, "content": str(row["content"]).strip()} for row in rows]
    if any(row.get("kind") not in AgendaKind.values for row in clean):
        raise Refused("议程的环节不在列表之内，请重新选择。")
    return _put_rows(
        session, session.agenda, clean, ("kind", "content", "lead_reader", "minutes"), ("kind", "content"),
        "学习记录已经引用了要删去的议程，不能删去；可以改内容。",
    )  # fmt: skip


def _put_materials(session: StudySession, rows: Sequence[Row]) -> bool:
    if wrong := rules.row_problems(rows, "title", "学习资料", "篇目", 200):
        raise Refused(wrong)
    clean = [
        {**row, "title": str(row["title"]).strip(), "release_type": row.get("release_type") or ReleaseType.FULL_TEXT}
        for row in rows
    ]
    return _put_rows(
        session, session.materials, clean, ("title", "release_type", "sent_on"), ("title",), "资料已被引用，不能删去。"
    )


def _put_extras(session: StudySession, rows: Sequence[Row]) -> bool:
    if wrong := rules.row_problems(rows, "name", "列席人员", "姓名", 60):
        raise Refused(wrong)
    old = {row.pk: row for row in session.extras.all()}
    changed = False
    kept = set()
    for values in rows:
        target = old.get(values.get("id")) or ExtraParticipant(study_session=session)
        wanted = {
            "name": str(values["name"]).strip(), "post": str(values.get("post") or "").strip(),
            "is_outside_speaker": bool(values.get("is_outside_speaker")),
            "committee_id": getattr(values.get("committee"), "pk", None) or target.committee_id or session.committee_id,
        }  # fmt: skip
        if target.pk is None or any(getattr(target, name) != value for name, value in wanted.items()):
            changed = True
            for name, value in wanted.items():
                setattr(target, name, value)
            target.save()
        kept.add(target.pk)
    gone = [pk for pk in old if pk not in kept]
    session.extras.filter(pk__in=gone).delete()
    return changed or bool(gone)


def _put_head(session: StudySession, changes: Row) -> list[str]:
    unknown = set(changes) - {*HEAD_FIELDS, "plan_item"}
    if unknown:
        raise TypeError(f"not fields of a session's head: {sorted(unknown)}")
    wrong = rules.head_problems({"topic": session.topic, **changes})
    host = session.participations.get(is_host=True)
    if "plan_item" in changes:
        wrong += _check_item(changes["plan_item"], session.committee_id, session.day.year)
    if session.stage == SessionStage.HELD and changes.get("topic", session.topic).strip() != session.topic:
        wrong.append("已经召开，学习主题不再改；写错了请申请更正。")
    if wrong:
        raise Refused(wrong)
    changed = []
    for name in HEAD_FIELDS:
        if name in changes:
            value = changes[name].strip() if isinstance(changes[name], str) else changes[name]
            if getattr(session, name) != value:
                changed.append(name)
                setattr(session, name, value)
    if "plan_item" in changes and host.plan_item != changes["plan_item"]:
        changed.append("plan_item")
        host.plan_item = changes["plan_item"]
        host.save_changed()
    return changed


# ------------------------------------------------------------------------------------------------ the session
@transaction.atomic
def create(
    *, committee: Committee, day: date, topic: str = "", plan_item: PlanItem | None = None, form: str = Form.GROUP_STUDY,
    mode: str | None = None, category: int | None = None, place: str = "", chair: Person | None = None,
    recorder: Person | None = None, contact: str | None = None, self_study: str = "", leave_rule: str = "",
    parts: Sequence[Row] | None = None, agenda: Sequence[Row] | None = None, materials: Sequence[Row] | None = None,
    extras: Sequence[Row] = (), late_reason: str = "", is_expanded: bool = False, number: int | None = None,
    typed_fields: int = 0, form_token: str = "", by: Actor, at: datetime,
) -> StudySession:  # fmt: skip
    """A session of `committee`, in 筹备, with its number of the committee's year and its default agenda.

    What is not given comes from the plan item (topic, mode, category, chair, materials, speakers) and the roster
    (chair: the leader of the day). A past day makes it a late entry (补录). The same `form_token` makes it once.
    """
    _lock_numbers(committee.pk)
    if form_token:
        made = StudySession.objects.filter(form_token=form_token, committee=committee).first()
        if made is not None:
            return made
    known = prefill.for_session(committee, day, plan_item, by)
    rows = [Part.of(part) for part in parts] if parts is not None else [Part(day)]
    wrong = _check_item(plan_item, committee.pk, day.year) + rules.part_problems(rows)
    topic = topic.strip() or known.topic
    wrong += rules.head_problems({"topic": topic, "place": place, "contact": contact, "leave_rule": leave_rule})
    if rows and rows[0].day != day:
        wrong.append("第一个时段应在学习日期当天，请核对。")
    if not (committee.since <= day and (committee.until is None or day <= committee.until)):
        wrong.append(f"{committee} 在 {day:%Y-%m-%d} 不在启用期内，请核对日期。")
    if number is not None and Participation.objects.filter(committee=committee, year=day.year, number=number).exists():
        wrong.append(f"{day.year} 年第 {number} 次已经有了，请换一个期次或留空由系统编号。")
    if wrong:
        raise Refused(wrong)
    require_open(committee, day)
    session = StudySession(
        committee=committee, day=day, topic=topic, form=form, mode=mode or known.mode or StudyMode.DISCUSSION,
        category=category or known.category, place=place.strip(), chair=chair or known.chair,
        recorder=recorder or known.recorder, contact=(known.contact if contact is None else contact).strip(),
        self_study=self_study, leave_rule=leave_rule, is_expanded=is_expanded, entered_at=at,
        typed_fields=typed_fields, form_token=form_token or None,
    )  # fmt: skip
    _settle_late(session, rows[-1].day, late_reason)
    session.save()
    host = Participation.objects.create(
        study_session=session, committee=committee, year=day.year, day=day, plan_item=plan_item,
        number=number if number is not None else _next_number(committee.pk, day.year),
    )  # fmt: skip
    _put_parts(session, rows)
    _put_agenda(session, known.agenda if agenda is None else agenda)
    _put_materials(session, known.materials if materials is None else materials)
    _put_extras(session, extras)
    speeches = [
        Speech.objects.create(
            participation=host, speaker=person, order=order, kind=SpeechKind.KEYNOTE, title=topic[:200]
        )
        for order, person in enumerate(known.speakers, start=1)
    ]
    session.carried_fields = known.carried(session)
    session.save()
    record(
        session, verb="create", after=session.stage, by=by, at=at, reason=session.late_reason,
        data={"number": host.number, "day": str(day), "late_days": session.late_days},
    )  # fmt: skip
    carried = {"session": session.pk, "from_plan_item": plan_item.pk if plan_item else None}
    record_many(
        [Entry(one, "create", at, after=one.stage, data=carried, chain=committee.pk) for one in speeches], by=by
    )
    return session


@transaction.atomic
def save_plan(
    session: StudySession, *, head: Row | None = None, parts: Sequence[Row] | None = None,
    agenda: Sequence[Row] | None = None, materials: Sequence[Row] | None = None, extras: Sequence[Row] | None = None,
    typed_fields: int = 0, version: int | None, by: Actor, at: datetime,
) -> StudySession:  # fmt: skip
    """Everything of one page under one version and one event; None leaves that piece alone.

    A change to a plan that was approved (or waits for it) takes it back to 筹备; extras alone do not.
    """
    session = lock(session, version)
    writable(session)
    before, changed = session.stage, []
    if head is not None:
        changed += _put_head(session, head)
    if parts is not None:
        rows = [Part.of(part) for part in parts]
        if rows and rows[0].day != session.day:
            raise Refused("改日期请用“改期”，要写明事由；原定日期会留下来。")
        if _move_parts(session, rows, by=by, at=at):
            changed.append("parts")
            _settle_late(session, rows[-1].day, session.late_reason)
            if session.stage == SessionStage.HELD:
                _expect(session)
    if agenda is not None and _put_agenda(session, agenda):
        changed.append("agenda")
    if materials is not None and _put_materials(session, materials):
        changed.append("materials")
    if changed:
        _void(session)
    if extras is not None and _put_extras(session, extras):
        changed.append("extras")
    session.typed_fields += typed_fields
    session.save_changed()
    record(session, verb="edit", before=before, after=session.stage, by=by, at=at, data={"changed": changed})
    return session


def edit(
    session: StudySession, *, version: int | None, by: Actor, at: datetime, typed_fields: int = 0, **changes: Any
) -> StudySession:
    """Head fields (HEAD_FIELDS and `plan_item`) alone."""
    return save_plan(session, head=changes, typed_fields=typed_fields, version=version, by=by, at=at)


def save_agenda(
    session: StudySession, *, agenda: Sequence[Row], version: int | None, by: Actor, at: datetime
) -> StudySession:
    """Rows: kind, content, lead_reader, minutes, and `id` of the row they were."""
    return save_plan(session, agenda=agenda, version=version, by=by, at=at)


def save_materials(
    session: StudySession, *, materials: Sequence[Row], version: int | None, by: Actor, at: datetime
) -> StudySession:
    """Rows: title, release_type, sent_on, and `id` of the row they were."""
    return save_plan(session, materials=materials, version=version, by=by, at=at)


def set_parts(
    session: StudySession, *, parts: Sequence[Row], version: int | None, by: Actor, at: datetime
) -> StudySession:
    """Rows: day, starts_at, ends_at, days. The first stays on the session's day: another day is `move`."""
    return save_plan(session, parts=parts, version=version, by=by, at=at)


@transaction.atomic
def move(session: StudySession, *, day: date, reason: str, version: int | None, by: Actor, at: datetime) -> Moved:
    """To another day, all parts by the same distance. Both dates stay in the event; the approval is taken back.

    Across the turn of the year each committee gets its next number of the new year; the old year keeps the gap.
    """
    session = lock(session, version)
    writable(session, stages=rules.BEFORE_STAGES)
    old = session.day
    wrong = [] if reason.strip() else ["请写明改期事由。"]
    if day == old:
        wrong.append("新日期与原定日期相同，请核对。")
    if wrong:
        raise Refused(wrong)
    require_open_for_all(session, day)
    before = session.stage
    _void(session)
    session.moved_from = old
    parts = rules.shifted(_parts_of(session), day)
    if day.year != old.year:
        rows = list(session.participations.select_for_update(of=("self",)))
        _lock_numbers(*(row.committee_id for row in rows))
        for row in rows:
            row.year = day.year
            row.number = _next_number(row.committee_id, day.year) if row.number else 0
            row.save_changed()
    _move_parts(session, parts, by=by, at=at)
    _settle_late(session, parts[-1].day, session.late_reason or reason)
    session.save_changed()
    record(
        session, verb="move", before=before, after=session.stage, by=by, at=at, reason=reason.strip(),
        data={"from": str(old), "to": str(day)},
    )  # fmt: skip
    return Moved(session, _too_few(session.committee, old, at) if _other_quarter(old, day) else [])


def _other_quarter(one: date, two: date) -> bool:
    return (one.year, rules.quarter_of(one)) != (two.year, rules.quarter_of(two))


def _too_few(committee: Committee, day: date, at: datetime) -> list[str]:
    minimum = int(parameters.value("sessions_per_quarter", committee, day))
    quarter = rules.quarter_of(day)
    return rules.too_few(quarter, day.year, left_in_quarter(committee.pk, day.year, quarter), minimum)


@transaction.atomic
def cancel(session: StudySession, *, reason: str, version: int | None, by: Actor, at: datetime) -> Moved:
    """It stays and keeps its number, counts nowhere; prepared speeches may go to another session."""
    session = lock(session, version)
    before, session.stage = session.stage, MOVES.target(session.stage, "cancel")
    require_open_for_all(session, session.day)
    if not reason.strip():
        raise Refused("请写明取消事由。")
    session.cancel_reason = reason.strip()
    session.save_changed()
    record(session, verb="cancel", before=before, after=session.stage, by=by, at=at, reason=session.cancel_reason)
    return Moved(session, _too_few(session.committee, session.day, at))


@transaction.atomic
def submit(session: StudySession, *, version: int | None, by: Actor, at: datetime) -> StudySession:
    session = lock(session, version)
    before, session.stage = session.stage, MOVES.target(session.stage, "submit")
    require_open(session.committee, session.day)
    if wrong := missing_in_plan(session):
        raise Refused(wrong)
    session.submitted_by_id, session.submitted_at, session.return_note = by.person_id, at, ""
    session.save_changed()
    record(session, verb="submit", before=before, after=session.stage, by=by, at=at)
    return session


def missing_in_plan(session: StudySession) -> list[str]:
    """What the session plan lacks before it can be submitted."""
    return rules.submit_problems(
        place=session.place, chair=bool(session.chair_id), contact=session.contact,
        agenda=session.agenda.count(), materials=session.materials.count(),
    )  # fmt: skip


@transaction.atomic
def send_back(session: StudySession, *, note: str, version: int | None, by: Actor, at: datetime) -> StudySession:
    session = lock(session, version)
    before, session.stage = session.stage, MOVES.target(session.stage, "send_back")
    if not note.strip():
        raise Refused("请写明退回意见，学习秘书据此修改。")
    session.return_note = note.strip()
    session.save_changed()
    record(session, verb="send_back", before=before, after=session.stage, by=by, at=at, reason=session.return_note)
    return session


def writers(session: StudySession) -> set[int]:
    """Persons who had a hand in the session's plan."""
    hands = AuditEvent.objects.about(session).filter(verb__in=WRITING, actor__person__isnull=False)
    found = set(hands.values_list("actor__person_id", flat=True))
    return found | ({session.submitted_by_id} if session.submitted_by_id else set())


@transaction.atomic
def approve(session: StudySession, *, version: int | None, by: Actor, at: datetime) -> StudySession:
    """The session plan, by the leader; not by a person who wrote or submitted it."""
    session = lock(session, version)
    before, session.stage = session.stage, MOVES.target(session.stage, "approve")
    require_open(session.committee, session.day)
    if by.person_id and by.person_id in writers(session):
        raise Refused("您参与了这份方案的编制或提交，不能由本人审定；请由组长本人或另一位有权的同志审定。")
    session.approved_by_id, session.approved_at = by.person_id, at if by.person_id else None
    session.save_changed()
    record(session, verb="approve", before=before, after=session.stage, by=by, at=at)
    return session


@transaction.atomic
def hold(session: StudySession, *, version: int | None, by: Actor, at: datetime) -> StudySession:
    """It took place: on or after its day, with an approved plan. A late entry (补录) may skip the approval, and says so.

    From now on it counts, and so does the plan item of every committee that takes part.
    """
    session = lock(session, version)
    is_late = session.late_days > 0
    verb = "hold_late" if is_late and session.stage != SessionStage.APPROVED else "hold"
    wrong = []
    if not MOVES.may(session.stage, verb):
        try:
            MOVES.target(session.stage, verb)
        except Refused as refusal:
            wrong += refusal.reasons
    today = at.astimezone(prefill.SHANGHAI).date()
    if today < session.day:
        wrong.append(f"这场学习定在 {rules.day_words(session.day)}，到了当天才能记为已召开。")
    if wrong:
        raise Refused(wrong)
    require_open_for_all(session, session.day)
    before, session.stage = session.stage, MOVES.target(session.stage, verb)
    session.save_changed()
    _expect(session)
    record(
        session, verb=verb, before=before, after=session.stage, by=by, at=at,
        reason=session.late_reason if verb == "hold_late" else "", data={"approval_skipped": verb == "hold_late"},
    )  # fmt: skip
    return session


# ------------------------------------------------------------------------------------------------ 联组学习
@transaction.atomic
def invite(
    session: StudySession, *, committee: Committee, version: int | None = None, by: Actor, at: datetime
) -> Participation:
    """A guest committee: it takes part once its own secretary accepts. Asking again after 谢绝 is allowed."""
    session = lock(session, version)
    writable(session, stages=rules.BEFORE_STAGES)
    wrong = []
    row = session.participations.filter(committee=committee).first()
    if committee.pk == session.committee_id:
        wrong.append("本委员会是主办方，不用邀请。")
    elif row is not None and not INVITE_MOVES.may(row.state, "invite"):
        wrong.append(f"{committee} 已在邀请之列（{row.get_state_display()}）。")
    if not (committee.since <= session.day and (committee.until is None or session.day <= committee.until)):
        wrong.append(f"{committee} 在 {session.day:%Y-%m-%d} 不在启用期内，不能邀请。")
    if wrong:
        raise Refused(wrong)
    parts = _parts_of(session)
    if row is None:
        row = Participation(study_session=session, committee=committee, is_host=False, number=0)
    before = row.state if row.pk else ""
    row.state, row.day, row.year = ParticipationState.INVITED, session.day, session.day.year
    row.part_count, row.days = len(parts), rules.total_days(parts)
    row.save()
    stage = session.stage
    _void(session)
    session.is_joint = True
    session.save_changed()
    record(row, verb="invite", before=before, after=row.state, by=by, at=at, data={"session": session.pk})
    record(
        session, verb="invite", before=stage, after=session.stage, by=by, at=at,
        data={"committee": committee.pk, "name": str(committee)},
    )  # fmt: skip
    return row


def _answer(participation: Participation, verb: str) -> tuple[Participation, str]:
    """Until the session is filed away: a guest that came but forgot to answer still gets its roll."""
    session = lock(participation.study_session, None)
    row: Participation = Participation.objects.lock(participation.pk)
    if session.stage not in rules.WRITABLE_STAGES:
        raise Refused(f"这场学习已经“{session.get_stage_display()}”，不用再答复。")
    before, row.state = row.state, INVITE_MOVES.target(row.state, verb)
    row.study_session = session
    return row, before


@transaction.atomic
def accept(
    participation: Participation, *, plan_item: PlanItem | None = None, by: Actor, at: datetime
) -> Participation:
    """The guest takes part under its own next number of its own year, and may close its own plan item."""
    row, before = _answer(participation, "accept")
    if wrong := _check_item(plan_item, row.committee_id, row.day.year):
        raise Refused(wrong)
    require_open(row.committee, row.day)
    _lock_numbers(row.committee_id)
    row.number, row.plan_item = _next_number(row.committee_id, row.year), plan_item
    row.save_changed()
    if row.study_session.stage == SessionStage.HELD:
        _expect(row.study_session)
    record(row, verb="accept", before=before, after=row.state, by=by, at=at, data={"number": row.number})
    return row


@transaction.atomic
def decline(participation: Participation, *, reason: str, by: Actor, at: datetime) -> Participation:
    row, before = _answer(participation, "decline")
    if not reason.strip():
        raise Refused("请写明不参加的理由，主办方会看到。")
    row.save_changed()
    record(row, verb="decline", before=before, after=row.state, by=by, at=at, reason=reason.strip())
    return row


@transaction.atomic
def withdraw_invitation(participation: Participation, *, reason: str, by: Actor, at: datetime) -> Participation:
    """The host takes back an invitation that was never answered; it may invite again before the session."""
    row, before = _answer(participation, "withdraw")
    if not reason.strip():
        raise Refused("请写明撤回邀请的事由，受邀单位会看到。")
    row.save_changed()
    record(row, verb="withdraw", before=before, after=row.state, by=by, at=at, reason=reason.strip())
    return row


# ------------------------------------------------------------------------------------------------ 列席
@transaction.atomic
def add_extra(
    session: StudySession, *, name: str, post: str = "", is_outside_speaker: bool = False,
    committee: Committee | None = None, by: Actor, at: datetime,
) -> ExtraParticipant:  # fmt: skip
    """Somebody who attends without being a member: listed, in no rate. `committee` is the one that brings him."""
    session = lock(session, None)
    writable(session)
    if wrong := rules.row_problems([{"name": name}], "name", "列席人员", "姓名", 60):
        raise Refused(wrong)
    row = ExtraParticipant.objects.create(
        study_session=session, committee=committee or session.committee, name=name.strip(), post=post.strip(),
        is_outside_speaker=is_outside_speaker,
    )  # fmt: skip
    session.save_changed()
    record(session, verb="add_extra", before=session.stage, after=session.stage, by=by, at=at, data={"name": row.name})
    return row


@transaction.atomic
def remove_extra(extra: ExtraParticipant, *, by: Actor, at: datetime) -> None:
    session = lock(extra.study_session, None)
    writable(session)
    name = extra.name
    session.extras.filter(pk=extra.pk).delete()
    session.save_changed()
    record(session, verb="remove_extra", before=session.stage, after=session.stage, by=by, at=at, data={"name": name})
