"""反馈整改: the observers write, the department issues, the unit signs for it and answers; then the visit is closed."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from django.db import transaction

from roster.audit.actions import SHANGHAI, Actor, changes, record
from roster.audit.models import AuditEvent
from roster.audit.moves import Refused
from sessions_app.policies import calendar, parameters
from sessions_app.visits import consequences, deadlines, feedback_rules
from sessions_app.visits.feedback_rules import ADVICE, MOVES, PARTS
from sessions_app.visits.models import Feedback, ObservationVisit, VisitStage
from sessions_app.visits.rules import VISIT_MOVES

WRITING = ("create", "save", "submit")
TEXTS = (*PARTS, ADVICE)


def _today(at: datetime) -> date:
    return at.astimezone(SHANGHAI).date()


def _lock_visit(visit: ObservationVisit) -> ObservationVisit:
    row: ObservationVisit = ObservationVisit.objects.select_related("round__committee", "committee").lock(visit.pk)
    return row


def _lock(visit: ObservationVisit, version: int | None) -> tuple[ObservationVisit, Feedback]:
    """The visit first, then what is written about it: the same order everywhere."""
    row = _lock_visit(visit)
    found = Feedback.objects.filter(visit=row).values_list("pk", flat=True).first()
    if found is None:
        raise Refused("还没有写反馈意见。")
    return row, Feedback.objects.select_related("visit").lock(found, version)


def _finish(
    feedback: Feedback, visit: ObservationVisit, verb: str, before: str, *, by: Actor, at: datetime, reason: str = "",
    data: Mapping[str, object] | None = None,
) -> Feedback:  # fmt: skip
    feedback.save_changed()
    record(feedback, verb=verb, before=before, after=feedback.stage, reason=reason, by=by, at=at, data=data or {})
    return feedback


def _move_visit(visit: ObservationVisit, verb: str, *, by: Actor, at: datetime) -> None:
    before, visit.stage = visit.stage, VISIT_MOVES.target(visit.stage, verb)
    visit.save_changed()
    record(visit, verb=verb, before=before, after=visit.stage, by=by, at=at)


def writers(feedback: Feedback) -> set[int]:
    """Persons who wrote or submitted the text."""
    hands = AuditEvent.objects.about(feedback).filter(verb__in=WRITING, actor__person__isnull=False)
    found = set(hands.values_list("actor__person_id", flat=True))
    return found | ({feedback.submitted_by_id} if feedback.submitted_by_id else set())


# --------------------------------------------------------------------------------------------------------- writing
@transaction.atomic
def save(
    visit: ObservationVisit, *, overall: str, highlights: str, problems: str, advice: str = "", version: int, by: Actor,
    at: datetime,
) -> Feedback:  # fmt: skip
    """Keep the draft, begun by the first save (`version` 0). Too long is kept too: the limit is asked on submission."""
    row = _lock_visit(visit)
    if wrong := feedback_rules.write_refusals(visit_stage=row.stage, is_observer=_is_named(row, by)):
        raise Refused(wrong)
    pk = Feedback.objects.filter(visit=row).values_list("pk", flat=True).first()
    wanted = {
        "overall": overall, "highlights": highlights, "problems": problems, "advice": advice,
    }  # fmt: skip
    wanted = {name: feedback_rules.clean(text) for name, text in wanted.items()}
    if pk is None:
        feedback = Feedback.objects.create(visit=row, **wanted)
        record(feedback, verb="create", after=feedback.stage, by=by, at=at)
        return feedback
    # Opened before the first save of somebody else: version 0 is stale by now.
    feedback = Feedback.objects.select_related("visit").lock(pk, version)
    changed = changes(feedback, wanted)
    if not changed:
        return feedback
    return _finish(feedback, row, "save", feedback.stage, by=by, at=at, data={"fields": sorted(changed)})


def _is_named(visit: ObservationVisit, by: Actor) -> bool:
    return by.person_id is not None and visit.observers.filter(person_id=by.person_id).exists()


@transaction.atomic
def submit(visit: ObservationVisit, *, version: int | None, by: Actor, at: datetime) -> Feedback:
    """To the department. Late is counted at the first submission, marked and let through; a return does not make it later."""
    row, feedback = _lock(visit, version)
    wrong = feedback_rules.write_refusals(visit_stage=row.stage, is_observer=_is_named(row, by))
    wrong += feedback_rules.submit_refusals(**{name: getattr(feedback, name) for name in PARTS})
    if wrong:
        raise Refused(wrong)
    before, feedback.stage = feedback.stage, MOVES.target(feedback.stage, "submit")
    if feedback.submitted_at is None:
        feedback.late_days = _late_days(row, _today(at))
    feedback.submitted_by_id, feedback.submitted_at = by.person_id, at
    _move_visit(row, "submit_feedback", by=by, at=at)
    return _finish(feedback, row, "submit", before, by=by, at=at, data={"late_days": feedback.late_days})


def _late_days(visit: ObservationVisit, today: date) -> int:
    term = int(parameters.value("visit_feedback_working_days", visit.committee, today))
    days = calendar.load(visit.observed_on, max(today, visit.observed_on + timedelta(days=2 * term + 30)))
    return deadlines.late_by(days.add(visit.observed_on, term), today, days)


# -------------------------------------------------------------------------------------------------- the department
@transaction.atomic
def send_back(visit: ObservationVisit, *, note: str, version: int | None, by: Actor, at: datetime) -> Feedback:
    """To its observers, with a word on what is to be mended."""
    row, feedback = _lock(visit, version)
    before, target = feedback.stage, MOVES.target(feedback.stage, "return")
    if not note.strip():
        raise Refused("请写明退回意见，旁听人据此修改。")
    feedback.stage, feedback.return_note = target, note.strip()[:300]
    _move_visit(row, "return_feedback", by=by, at=at)
    return _finish(feedback, row, "return", before, by=by, at=at, reason=feedback.return_note)


@transaction.atomic
def issue(visit: ObservationVisit, *, version: int | None, by: Actor, at: datetime) -> Feedback:
    """To the unit, by somebody who did not write it. The text is fixed from here on."""
    row, feedback = _lock(visit, version)
    before, target = feedback.stage, MOVES.target(feedback.stage, "issue")
    wrong = []
    if by.person_id is None:
        wrong.append("这个账号没有对应的人员，不能发出反馈意见。")
    elif by.person_id in writers(feedback):
        wrong.append("这份反馈意见由您撰写或提交，须由另一位审核人发出。")
    if wrong:
        raise Refused(wrong)
    feedback.stage, feedback.return_note = target, ""
    feedback.issued_by_id, feedback.issued_at = by.person_id, at
    _move_visit(row, "issue_feedback", by=by, at=at)
    return _finish(feedback, row, "issue", before, by=by, at=at)


# -------------------------------------------------------------------------------------------------------- the unit
@transaction.atomic
def acknowledge(visit: ObservationVisit, *, version: int | None, by: Actor, at: datetime) -> Feedback:
    """签收, for the unit."""
    row, feedback = _lock(visit, version)
    before, target = feedback.stage, MOVES.target(feedback.stage, "acknowledge")
    if by.person_id is None:
        raise Refused("这个账号没有对应的人员，不能签收。")
    feedback.stage, feedback.acknowledged_by_id, feedback.acknowledged_at = target, by.person_id, at
    _move_visit(row, "acknowledge", by=by, at=at)
    return _finish(feedback, row, "acknowledge", before, by=by, at=at)


@transaction.atomic
def reply(visit: ObservationVisit, *, text: str, version: int | None, by: Actor, at: datetime) -> Feedback:
    """The unit's word beside the letter; it may be mended until the visit is closed."""
    row, feedback = _lock(visit, version)
    text = feedback_rules.clean(text)
    if wrong := feedback_rules.reply_refusals(visit_stage=row.stage, text=text):
        raise Refused(wrong)
    changed = changes(feedback, {"reply": text})
    if not changed:
        return feedback
    return _finish(feedback, row, "reply", feedback.stage, by=by, at=at, data={"length": len(text)})


@transaction.atomic
def close(visit: ObservationVisit, *, version: int | None, by: Actor, at: datetime) -> ObservationVisit:
    """办结: the unit replied, and of every finding it was said whether it stands. `version` is the visit's own."""
    row: ObservationVisit = ObservationVisit.objects.select_related("round__committee").lock(visit.pk, version)
    before, target = row.stage, VISIT_MOVES.target(row.stage, "close")
    wrong = []
    if not Feedback.objects.filter(visit=row).exclude(reply="").exists():
        wrong.append("单位还没有回复反馈意见，不能办结。")
    wrong += consequences.against_closing(row.pk)
    if wrong:
        raise Refused(wrong)
    row.stage, row.closed_on = VisitStage(target), _today(at)
    row.save_changed()
    record(row, verb="close", before=before, after=row.stage, by=by, at=at)
    return row
