"""What an agreed correction writes, kind by kind. Each checks that what it changes still is what it was; each leaves an event."""

from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from django.db.models import Max

from roster.audit.actions import Actor, record
from roster.audit.moves import Refused
from roster.people.actions import add_membership, edit_membership
from roster.people.models import Membership, Person
from sessions_app.attendance.actions import local_day, recount_participations
from sessions_app.attendance.models import MakeUpStage, MakeUpStudy
from sessions_app.corrections.models import Correction, CorrectionKind
from sessions_app.outcomes.models import Outcome
from sessions_app.outcomes.rules import next_code
from sessions_app.sessions.models import Participation, SessionPart, Speech, SpeechStage, StudySession
from sessions_app.sessions.rules import MOVES as SESSION_MOVES
from sessions_app.sessions.rules import total_days

MOVED_ON = "申请之后原记录又有变化，更正前的内容已对不上，请由学习秘书重新申请。"
Values = dict[str, Any]


def _same(now: Values, kept: Values) -> None:
    if any(now[name] != kept.get(name) for name in now):
        raise Refused(MOVED_ON)


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _clock(text: str) -> time | None:
    return time.fromisoformat(text) if text else None


def _data(row: Correction) -> dict[str, Any]:
    return {"correction": row.number, "before": row.before, "after": row.after}


def session_day(row: Correction, *, by: Actor, at: datetime) -> None:
    session: StudySession = StudySession.objects.lock(row.study_session_id)
    parts = {part.pk: part for part in session.parts.all()}
    _same({"day": session.day.isoformat()}, row.before)
    if set(parts) != {new["part"] for new in row.after["parts"]}:
        raise Refused(MOVED_ON)
    for old, new in zip(row.before["parts"], row.after["parts"], strict=True):
        part: SessionPart = parts[new["part"]]
        _same({"day": part.day.isoformat()}, old)
        part.day, part.days = date.fromisoformat(new["day"]), Decimal(new["days"])
        part.starts_at, part.ends_at = _clock(new["starts_at"]), _clock(new["ends_at"])
        part.save()
    session.day = date.fromisoformat(row.after["day"])
    session.save_changed()
    session.participations.update(day=session.day, days=total_days(session.parts.all()))  # type: ignore[arg-type]
    recount_participations(session.participations.values_list("pk", flat=True), at)
    record(session, verb="correct", before=session.stage, after=session.stage, by=by, at=at, data=_data(row))


def strike_out(row: Correction, *, by: Actor, at: datetime) -> None:
    session: StudySession = StudySession.objects.lock(row.study_session_id)
    _same({"stage": session.stage}, row.before)
    before, session.stage = session.stage, SESSION_MOVES.target(session.stage, "strike_out")
    session.cancel_reason = row.after["reason"] or row.reason
    session.save_changed()
    record(
        session, verb="strike_out", before=before, after=session.stage, reason=session.cancel_reason, by=by, at=at,
        data=_data(row),
    )  # fmt: skip
    open_rows = MakeUpStudy.objects.filter(participation__study_session=session).exclude(stage=MakeUpStage.VOID)
    for study in open_rows.select_related("participation"):
        was, study.stage = study.stage, MakeUpStage.VOID
        study.save_changed()
        record(study, verb="void", before=was, after=study.stage, reason="场次已划去", by=by, at=at)


def speech(row: Correction, *, by: Actor, at: datetime) -> None:
    new = row.after
    part = Participation.objects.get(study_session=row.study_session_id, committee=row.committee_id)
    if not row.before:
        last = part.speeches.aggregate(last=Max("order"))["last"] or 0
        made = Speech.objects.create(
            participation=part, speaker_id=new["person"], order=last + 1, kind=new["kind"], title=new["title"],
            stage=SpeechStage.APPROVED, edition=1, submitted_at=at, reviewed_at=at,
        )  # fmt: skip
        record(made, verb="correct", after=made.stage, by=by, at=at, data=_data(row))
        return
    kept: Speech = Speech.objects.lock(row.subject_id)
    _same({"kind": kept.kind, "title": kept.title, "person": kept.speaker_id}, row.before)
    if new:
        kept.kind, kept.title = new["kind"], new["title"]
        kept.save_changed()
        record(kept, verb="correct", before=kept.stage, after=kept.stage, by=by, at=at, data=_data(row))
        return
    texts = list(kept.gists.values_list("text", flat=True))
    record(kept, verb="remove", before=kept.stage, by=by, at=at, data=_data(row) | {"text": kept.text, "gists": texts})
    kept.gists.all().delete()
    kept.delete()


def make_up(row: Correction, *, by: Actor, at: datetime) -> None:
    new = row.after
    part = Participation.objects.lock(Participation.objects.get(make_ups=row.subject_id).pk)
    kept: MakeUpStudy = MakeUpStudy.objects.lock(row.subject_id)
    _same({"stage": kept.stage}, row.before)
    before, kept.stage = kept.stage, new["stage"]
    if kept.stage == MakeUpStage.CONFIRMED:
        kept.done_on, kept.method, kept.content = _day(new["done_on"]), new["method"], new["content"]
        hands = [row.decided_by_id, row.countersigned_by_id]
        kept.confirmed_on = local_day(at)
        kept.confirmed_by_id = next((hand for hand in hands if hand and hand != kept.person_id), None)
    else:
        kept.confirmed_on = kept.confirmed_by = None
    kept.save_changed()
    recount_participations([part.pk], at)
    record(kept, verb="correct", before=before, after=kept.stage, by=by, at=at, data=_data(row))


def membership(row: Correction, *, by: Actor, at: datetime) -> None:
    new = row.after
    wanted = {
        "group_role": new["group_role"], "post": new["post"], "since": _day(new["since"]), "until": _day(new["until"]),
    }  # fmt: skip
    if not row.before:
        who = Person.objects.get(pk=new["person"])
        add_membership(committee=row.committee, person=who, correction=row.number, by=by, at=at, **wanted)
        return
    kept = Membership.objects.get(pk=row.subject_id)
    now = {"since": kept.since.isoformat(), "until": kept.until.isoformat() if kept.until else ""}
    _same(now | {"group_role": kept.group_role}, row.before)
    wanted["end_reason"] = new["end_reason"]
    edit_membership(kept, version=kept.version, correction=row.number, by=by, at=at, **wanted)


def outcome(row: Correction, *, by: Actor, at: datetime) -> None:
    new = row.after
    values = {name: new[name] for name in ("kind", "title", "authors", "document_number")}
    day = date.fromisoformat(new["day"])
    if not row.before:
        taken = Outcome.objects.filter(committee=row.committee).values_list("code", flat=True)
        made = Outcome.objects.create(
            committee=row.committee,
            day=day,
            entered_at=at,
            code=next_code(row.committee.code, day.year, taken),
            **values,
        )
        record(made, verb="register", after=made.stage, by=by, at=at, data=_data(row) | {"code": made.code})
        return
    kept: Outcome = Outcome.objects.lock(row.subject_id)
    _same({"day": kept.day.isoformat(), "kind": kept.kind, "title": kept.title}, row.before)
    if kept.is_withdrawn:
        raise Refused(MOVED_ON)
    if new["withdrawn"]:
        if kept.derived.filter(is_withdrawn=False).exists():
            raise Refused("已有别的成果由它转化而来，请先解除那些成果的来源。")
        kept.is_withdrawn, kept.withdrawn_reason = True, row.reason[:200]
    else:
        kept.day = day
        for name, value in values.items():
            setattr(kept, name, value)
    kept.save_changed()
    after = "WITHDRAWN" if kept.is_withdrawn else kept.stage
    record(kept, verb="correct", before=kept.stage, after=after, by=by, at=at, data=_data(row))


APPLY: dict[str, Callable[..., None]] = {
    CorrectionKind.SESSION_DAY: session_day, CorrectionKind.STRIKE_OUT: strike_out, CorrectionKind.SPEECH: speech,
    CorrectionKind.MAKE_UP: make_up, CorrectionKind.MEMBERSHIP: membership, CorrectionKind.OUTCOME: outcome,
}  # fmt: skip
