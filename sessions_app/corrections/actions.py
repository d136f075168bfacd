"""Corrections of archived records: asked for, agreed by the leader, countersigned after the year is closed, applied."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction

from roster.audit.actions import Actor, record
from roster.audit.moves import Refused
from roster.committees.models import Committee
from roster.people.models import Person
from sessions_app.attendance.actions import correct_marks, local_day
from sessions_app.attendance.models import AttendanceMark
from sessions_app.attendance.roll import members_on
from sessions_app.attendance.rules import Mark, mark_refusals
from sessions_app.corrections import applying, kinds, rules
from sessions_app.corrections.applying import MOVED_ON
from sessions_app.corrections.kinds import Proposal
from sessions_app.corrections.models import Correction, CorrectionKind, CorrectionStage
from sessions_app.corrections.rules import MOVES
from sessions_app.minutes.actions import clean, correct_text
from sessions_app.minutes.models import Minutes
from sessions_app.policies.models import PeriodStage
from sessions_app.sessions.models import (
    TOOK_PLACE,
    Participation,
    ParticipationState,
    SessionStage,
    StudySession,
)


# ---------------------------------------------------------------------------------------------------------- asking
@transaction.atomic
def ask(
    participation: Participation, *, marks: Sequence[Mapping[str, Any]] = (), sections: Mapping[int, str] | None = None,
    discussion: str | None = None, summary: str | None = None, reason: str, evidence: str, by: Actor, at: datetime,
) -> Correction:  # fmt: skip
    """Ask to correct a committee's own marks of an archived session, or (host only) the text of its minutes.

    `marks` as for record_roll, only those that differ are kept; `sections` {section id: text}. Either, not both.
    Figures stay as they are until it is agreed. The same request twice is one.
    """
    session: StudySession = StudySession.objects.lock(participation.study_session_id)
    participation = Participation.objects.select_related("committee").get(pk=participation.pk)
    texts = sections is not None or discussion is not None or summary is not None
    if texts:
        kind = CorrectionKind.MINUTES
        if not Minutes.objects.filter(study_session=session).exists():
            raise Refused("这场学习没有学习记录（由导入补入），没有可以更正的文字；考勤可以更正。")
        before, after, wrong = _text_change(session, participation, sections or {}, discussion, summary)
        size = len(after.get("sections", ())) + ("discussion" in after) + ("summary" in after)
    else:
        kind = CorrectionKind.ATTENDANCE
        before, after, wrong = _mark_change(session, participation, marks, at)
        size = len(after["marks"])
    found = kinds.Proposal(
        kind, participation.committee, session, session.day, session.topic[:200], before, after, wrong=wrong
    )
    return _keep(found, participation, reason=reason, evidence=evidence, changes=size, by=by, at=at)


@transaction.atomic
def ask_for(found: Proposal, *, reason: str, evidence: str, by: Actor, at: datetime) -> Correction:
    """Ask for a correction of any other kind (corrections.kinds): kept with both versions, applied only on agreement."""
    participation = None
    if found.study_session is not None:
        found.study_session = StudySession.objects.lock(found.study_session.pk)
        participation = Participation.objects.get(study_session=found.study_session, committee=found.committee)
    changes = int(found.before != found.after)
    return _keep(found, participation, reason=reason, evidence=evidence, changes=changes, by=by, at=at)


def _keep(
    found: Proposal, participation: Participation | None, *, reason: str, evidence: str, changes: int, by: Actor,
    at: datetime,
) -> Correction:  # fmt: skip
    """Judge a proposal and keep it. The same request twice is one."""
    session = found.study_session
    period = kinds.strictest(found.kind, found.committee, session.pk if session else None, found.ranges)
    if period == PeriodStage.FROZEN:
        raise Refused(_frozen(found.day))
    wrong = list(found.wrong)
    if participation is not None and participation.state != ParticipationState.ACCEPTED:
        wrong.append("本委员会没有参加这场学习，没有可以更正的记录。")
    if session is not None and session.stage not in TOOK_PLACE:
        wrong.append("这场学习没有召开，没有可以更正的记录。")
    archived = session is not None and session.stage == SessionStage.ARCHIVED
    locked = archived or period == PeriodStage.CLOSED
    wrong += rules.ask_refusals(
        locked=locked, reason=reason, evidence=evidence, changes=changes, of_session=session is not None
    )
    if by.person_id is None:
        wrong.append("这个账号没有对应的人员，不能申请更正。")
    if wrong:
        raise Refused(list(dict.fromkeys(wrong)))
    # One giver of numbers at a time: the session is locked, a committee's own are by its row. Two clicks meet here too.
    Committee.objects.select_for_update(of=("self",), no_key=True).get(pk=found.committee.pk)
    if waiting := _waiting(found, by):
        return waiting
    same = Correction.objects.filter(study_session=session)
    if session is None:
        same = same.filter(committee=found.committee)
    highest = same.order_by("-number").values_list("number", flat=True).first()
    row = Correction.objects.create(
        committee=found.committee, study_session=session, subject_id=found.subject_id, day=found.day, about=found.about,
        number=(highest or 0) + 1, kind=found.kind, before=found.before, after=found.after, reason=reason.strip(),
        evidence=evidence.strip(), asked_by_id=by.person_id, asked_at=at,
    )  # fmt: skip
    data = {"number": row.number, "kind": row.kind}
    record(row, verb="ask", after=row.stage, reason=row.reason, by=by, at=at, data=data)
    return row


def _waiting(found: Proposal, by: Actor) -> Correction | None:
    """The same request while it waits; Refused when another one about the same record does."""
    rows = Correction.objects.filter(
        study_session=found.study_session, committee=found.committee, kind=found.kind, subject_id=found.subject_id,
        stage__in=[CorrectionStage.ASKED, CorrectionStage.LEADER_AGREED],
    )  # fmt: skip
    twin: Correction | None = rows.filter(after=found.after, asked_by_id=by.person_id).first()
    if twin is not None:
        return twin
    is_new = found.study_session is None and found.subject_id is None
    other = None if is_new else rows.first()
    if other is not None:
        where = "这场学习" if found.study_session else found.about
        raise Refused(f"{where}的{other.get_kind_display()}已有更正{other.number}在办理，请等它办结。")
    return None


def _frozen(day: date) -> str:
    return f"{day.year} 年度的数据已冻结，不能更正；确需更正请先由主管部门两人办理解冻。"


def _mark_change(
    session: StudySession, participation: Participation, marks: Sequence[Mapping[str, Any]], at: datetime
) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
    parts = {part.pk: part.day for part in session.parts.all()}
    members = members_on(participation.committee_id, parts.values())
    valid = {pk: {row.person_id: row.person.name for row in members.get(day, [])} for pk, day in parts.items()}
    typed = [
        Mark(
            int(getattr(one["part"], "pk", one["part"])), int(getattr(one["person"], "pk", one["person"])),
            str(one["status"]), bool(one.get("late")), bool(one.get("early")), str(one.get("reason") or "").strip(),
        )
        for one in marks
    ]  # fmt: skip
    strangers = {mark.person for mark in typed} - {person for people in valid.values() for person in people}
    names = {person: name for people in valid.values() for person, name in people.items()}
    names |= dict(Person.objects.filter(pk__in=strangers).values_list("pk", "name")) if strangers else {}
    kept = {(mark.part_id, mark.person_id): mark for mark in participation.marks.all()}
    before, after = [], []
    changed = []
    for mark in typed:
        old = kept.get((mark.part, mark.person))
        if old is not None and _value(old) == mark.value:
            continue
        changed.append(mark)
        name = names.get(mark.person, "")
        before.append(_shown(mark, name, _value(old) if old else ("", False, False, "")))
        after.append(_shown(mark, name, mark.value))
    wrong = mark_refusals(changed, parts=parts, valid=valid, names=names, today=local_day(at))
    return {"marks": before}, {"marks": after}, wrong


def _value(mark: AttendanceMark) -> tuple[str, bool, bool, str]:
    return (str(mark.status), mark.is_late, mark.left_early, mark.reason)


def _shown(mark: Mark, name: str, value: tuple[str, bool, bool, str]) -> dict[str, Any]:
    status, late, early, reason = value
    return {
        "part": mark.part, "person": mark.person, "name": name, "status": status, "late": late, "early": early,
        "reason": reason,
    }  # fmt: skip


def _text_change(
    session: StudySession, participation: Participation, sections: Mapping[int, str], discussion: str | None,
    summary: str | None,
) -> tuple[dict[str, Any], dict[str, Any], list[str]]:  # fmt: skip
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    if not participation.is_host:
        return before, after, ["联组学习的记录由主办单位撰写，请联系主办单位申请更正。"]
    minutes = Minutes.objects.filter(study_session=session).first()
    if minutes is None:
        return before, after, ["这场学习没有学习记录，无从更正。"]
    wrong = []
    rows = minutes.sections.select_related("agenda_item", "speech__speaker").order_by("id")
    pairs = [
        (row, clean(sections[row.pk])) for row in rows if row.pk in sections and clean(sections[row.pk]) != row.text
    ]
    if pairs:
        before["sections"] = [{"section": row.pk, "label": section_label(row), "text": row.text} for row, _ in pairs]
        after["sections"] = [{"section": row.pk, "label": section_label(row), "text": text} for row, text in pairs]
        wrong += [
            f"“{section_label(row)}”更正后没有内容，没有的请填“无”。" for row, text in pairs if not text and row.text
        ]
    for name, text in (("discussion", discussion), ("summary", summary)):
        old = getattr(minutes, name)
        if text is not None and clean(text) != old:
            before[name], after[name] = old, clean(text)
    if after.get("summary") == "":
        wrong.append("主持人总结更正后没有内容。")
    return before, after, wrong


def section_label(section: Any) -> str:
    return (
        section.agenda_item.content
        if section.agenda_item
        else f"{section.speech.speaker.name}《{section.speech.title}》"
    )


# -------------------------------------------------------------------------------------------------------- deciding
def _locked(correction: Correction, version: int | None) -> Correction:
    row: Correction = Correction.objects.select_related("committee", "study_session").lock(correction.pk, version)
    return row


def _decider_refusals(row: Correction, by: Actor, agree: bool, note: str) -> list[str]:
    found = []
    if by.person_id is None or by.person_id in (row.asked_by_id, row.decided_by_id):
        found.append("申请更正、同意更正、会签更正须是不同的人，请由另一位有权的同志办理。")
    if not agree and not note.strip():
        found.append("不同意更正请写明理由。")
    return found


@transaction.atomic
def decide(
    correction: Correction, *, agree: bool, note: str = "", version: int | None, by: Actor, at: datetime
) -> Correction:
    """The leader's word. Agreed, it is applied at once; after the year is closed it waits for the reviewer first."""
    row = _locked(correction, version)
    MOVES.target(row.stage, "agree")
    if wrong := _decider_refusals(row, by, agree, note):
        raise Refused(wrong)
    period = kinds.stage_of(row)
    if agree and period == PeriodStage.FROZEN:
        raise Refused(_frozen(row.day))
    verb = "refuse" if not agree else "agree" if period == PeriodStage.OPEN else "pass_on"
    before, row.stage = row.stage, MOVES.target(row.stage, verb)
    row.decided_by_id, row.decided_at, row.note = by.person_id, at, note.strip()[:300]
    return _finish(row, verb, before, by=by, at=at)


@transaction.atomic
def countersign(
    correction: Correction, *, agree: bool, note: str = "", version: int | None, by: Actor, at: datetime
) -> Correction:
    """The reviewer's word, needed once the year is closed."""
    row = _locked(correction, version)
    verb = "countersign" if agree else "refuse_countersign"
    stage = MOVES.target(row.stage, verb)
    if wrong := _decider_refusals(row, by, agree, note):
        raise Refused(wrong)
    if agree and kinds.stage_of(row) == PeriodStage.FROZEN:
        raise Refused(_frozen(row.day))
    before, row.stage = row.stage, stage
    row.countersigned_by_id = by.person_id
    row.note = "；".join(part for part in (row.note, note.strip()) if part)[:300]
    return _finish(row, verb, before, by=by, at=at)


def _finish(row: Correction, verb: str, before: str, *, by: Actor, at: datetime) -> Correction:
    if row.stage == CorrectionStage.AGREED:
        _apply(row, by=by, at=at)
        row.applied_on = local_day(at)
    row.save_changed()
    record(row, verb=verb, before=before, after=row.stage, reason=row.note, by=by, at=at, data={"number": row.number})
    return row


def _apply(row: Correction, *, by: Actor, at: datetime) -> None:
    if row.study_session_id and not StudySession.objects.filter(pk=row.study_session_id, stage__in=TOOK_PLACE).exists():
        raise Refused(MOVED_ON)  # struck out while this was waiting
    if row.kind in applying.APPLY:
        applying.APPLY[row.kind](row, by=by, at=at)
        return
    if row.kind == CorrectionKind.ATTENDANCE:
        participation = Participation.objects.lock(
            Participation.objects.get(study_session=row.study_session_id, committee=row.committee_id).pk
        )
        kept = {(mark.part_id, mark.person_id): _value(mark) for mark in participation.marks.all()}
        for old in row.before["marks"]:
            now = kept.get((old["part"], old["person"]), ("", False, False, ""))
            if now != (old["status"], old["late"], old["early"], old["reason"]):
                raise Refused(MOVED_ON)
        correct_marks(participation, marks=row.after["marks"], number=row.number, by=by, at=at)
        return
    minutes = Minutes.objects.lock(Minutes.objects.get(study_session=row.study_session_id).pk)
    texts = dict(minutes.sections.values_list("pk", "text"))
    same = all(texts.get(old["section"]) == old["text"] for old in row.before.get("sections", ()))
    same = same and all(
        getattr(minutes, name) == row.before[name] for name in ("discussion", "summary") if name in row.before
    )
    if not same:
        raise Refused(MOVED_ON)
    correct_text(
        minutes, sections={one["section"]: one["text"] for one in row.after.get("sections", ())},
        discussion=row.after.get("discussion"), summary=row.after.get("summary"), number=row.number, by=by, at=at,
    )  # fmt: skip
