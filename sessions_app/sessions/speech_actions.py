"""Every change to a speech: announced, handed in, reviewed, moved to another session, taken off."""

from datetime import datetime

from django.db import transaction
from django.db.models import Max, ProtectedError

from roster.audit.actions import Actor, record
from roster.audit.models import AuditEvent
from roster.audit.moves import Refused
from roster.people.models import Person
from sessions_app.policies.actions import require_open
from sessions_app.sessions import rules
from sessions_app.sessions.ground import lock, members_of, spoken_away
from sessions_app.sessions.models import (
    Participation,
    ParticipationState,
    SessionStage,
    Speech,
    SpeechKind,
    SpeechStage,
    StudySession,
)
from sessions_app.sessions.rules import SPEECH_MOVES


def _speech_open(session: StudySession) -> None:
    if session.stage not in rules.WRITABLE_STAGES:
        raise Refused(f"这场学习现在是“{session.get_stage_display()}”，发言不能再改。")


def _speech_writable(speech: Speech) -> None:
    """The session still open to changes, and its period too: speeches are counted in it."""
    _speech_open(speech.participation.study_session)
    require_open(speech.participation.committee, speech.participation.day)


@transaction.atomic
def add_speech(
    participation: Participation, *, speaker: Person, kind: str, title: str, by: Actor, at: datetime
) -> Speech:
    """A member of that committee on that day is to speak (待交), or spoke."""
    session = lock(participation.study_session, None)
    _speech_open(session)
    require_open(participation.committee, session.day)
    wrong = [] if title.strip() else ["缺少发言题目，请填写。"]
    if participation.state != ParticipationState.ACCEPTED:
        wrong.append(f"{participation.committee} 尚未接受邀请，不能登记发言。")
    if speaker.pk not in members_of(session, participation.committee_id):
        wrong.append(f"{speaker} 在 {session.day:%Y-%m-%d} 不是{participation.committee}的中心组成员，请核对。")
    if kind not in SpeechKind.values:
        wrong.append("发言类型应为重点、交流或书面。")
    wrong += spoken_away(participation, speaker.pk, kind, str(speaker))
    if participation.speeches.filter(speaker=speaker, title=title.strip()).exists():
        wrong.append(f"{speaker} 的《{title.strip()}》已经登记过。")
    if wrong:
        raise Refused(wrong)
    last = participation.speeches.aggregate(last=Max("order"))["last"] or 0
    row = Speech.objects.create(
        participation=participation, speaker=speaker, order=last + 1, kind=kind, title=title.strip()[:200]
    )
    record(row, verb="create", after=row.stage, by=by, at=at, data={"session": session.pk})
    return row


@transaction.atomic
def edit_speech(speech: Speech, *, kind: str, title: str, version: int | None, by: Actor, at: datetime) -> Speech:
    """Kind and title, while the text is not with the reviewer or approved."""
    row: Speech = Speech.objects.lock(speech.pk, version)
    _speech_writable(row)
    SPEECH_MOVES.target(row.stage, "submit")
    if not title.strip():
        raise Refused("缺少发言题目，请填写。")
    if wrong := spoken_away(row.participation, row.speaker_id, kind, str(row.speaker)):
        raise Refused(wrong)
    row.kind, row.title = kind, title.strip()
    row.save_changed()
    record(row, verb="edit", before=row.stage, after=row.stage, by=by, at=at)
    return row


@transaction.atomic
def make_written(speech: Speech, *, version: int | None, by: Actor, at: datetime) -> Speech:
    """He did not come, or his turn did not: the speech stays, as one handed in on paper, whatever its review has come to."""
    row: Speech = Speech.objects.lock(speech.pk, version)
    _speech_writable(row)
    if row.kind == SpeechKind.WRITTEN:
        return row
    before, row.kind = row.kind, SpeechKind.WRITTEN
    row.save_changed()
    told = {"changes": {"kind": [before, row.kind]}}
    record(row, verb="make_written", before=row.stage, after=row.stage, by=by, at=at, data=told)
    return row


@transaction.atomic
def submit_speech(
    speech: Speech, *, text: str, link_to_work: str = "", proposal: str = "", title: str = "", version: int | None,
    by: Actor, at: datetime,
) -> Speech:  # fmt: skip
    """The speaker's or, for him, the secretary's. Each submission is a new 版次."""
    row: Speech = Speech.objects.lock(speech.pk, version)
    _speech_writable(row)
    before, row.stage = row.stage, SPEECH_MOVES.target(row.stage, "submit")
    row.title = title.strip() or row.title
    if wrong := rules.speech_problems(kind=row.kind, title=row.title, text=text, link_to_work=link_to_work):
        raise Refused(wrong)
    row.text, row.link_to_work, row.proposal = text.strip(), link_to_work.strip(), proposal.strip()
    row.edition += 1
    row.submitted_at, row.review_note = at, ""
    row.save_changed()
    record(
        row, verb="submit", before=before, after=row.stage, by=by, at=at,
        data={"edition": row.edition, "characters": len(row.text)},
    )  # fmt: skip
    return row


@transaction.atomic
def review_speech(
    speech: Speech, *, approve: bool, note: str = "", version: int | None = None, by: Actor, at: datetime
) -> Speech:
    """By the leader or a deputy; nobody reviews what he speaks or what he handed in."""
    row: Speech = Speech.objects.lock(speech.pk, version)
    _speech_writable(row)
    verb = "approve" if approve else "return"
    before, row.stage = row.stage, SPEECH_MOVES.target(row.stage, verb)
    wrong = []
    if by.person_id and by.person_id == row.speaker_id:
        wrong.append("本人的发言不能由本人审核，请由组长或另一位副组长审核。")
    elif by.person_id and by.person_id in handed_in_by(row):
        wrong.append("这份发言由您提交，不能由本人审核，请由组长或副组长审核。")
    if not approve and not note.strip():
        wrong.append("请写明需要修改的地方，发言人据此修改。")
    if wrong:
        raise Refused(wrong)
    row.reviewed_by_id, row.reviewed_at, row.review_note = by.person_id, at, note.strip()
    row.save_changed()
    record(row, verb=verb, before=before, after=row.stage, by=by, at=at, reason=row.review_note)
    return row


def handed_in_by(speech: Speech) -> set[int]:
    """Persons who submitted a version of this speech."""
    events = AuditEvent.objects.about(speech).filter(verb="submit", actor__person__isnull=False)
    return set(events.values_list("actor__person_id", flat=True))


@transaction.atomic
def move_speech(speech: Speech, *, to_session: StudySession, by: Actor, at: datetime) -> Speech:
    """A prepared outline goes to another session of the same committee, with its text, 版次 and review."""
    row: Speech = Speech.objects.lock(speech.pk)
    origin = row.participation.study_session
    wrong = []
    if origin.stage not in (SessionStage.CANCELLED, *rules.BEFORE_STAGES):
        wrong.append(f"原场次已经“{origin.get_stage_display()}”，发言不能再移走。")
    if to_session.stage not in rules.BEFORE_STAGES:
        wrong.append(f"目标场次现在是“{to_session.get_stage_display()}”，请选一场还没召开的。")
    target = to_session.participations.filter(
        committee_id=row.participation.committee_id, state=ParticipationState.ACCEPTED
    ).first()
    if target is None or target.pk == row.participation_id:
        wrong.append("请选本委员会参加的另一场学习。")
    elif row.speaker_id not in members_of(to_session, target.committee_id):
        wrong.append(f"{row.speaker} 在 {to_session.day:%Y-%m-%d} 不是中心组成员，不能移到那一场。")
    elif target.speeches.filter(speaker=row.speaker_id, title=row.title).exists():
        wrong.append("那一场已有同一人的同题发言。")
    else:
        wrong += spoken_away(target, row.speaker_id, row.kind, str(row.speaker))
    if wrong:
        raise Refused(wrong)
    require_open(target.committee, to_session.day)
    row.order = (target.speeches.aggregate(last=Max("order"))["last"] or 0) + 1
    row.participation = target
    row.save_changed()
    record(
        row, verb="move", before=row.stage, after=row.stage, by=by, at=at,
        data={"from": origin.pk, "to": to_session.pk, "from_day": str(origin.day), "to_day": str(to_session.day)},
    )  # fmt: skip
    return row


@transaction.atomic
def remove_speech(speech: Speech, *, by: Actor, at: datetime) -> None:
    """Take a speaker off again, as long as no text was ever handed in."""
    row: Speech = Speech.objects.lock(speech.pk)
    _speech_writable(row)
    if row.edition or row.stage != SpeechStage.DUE:
        raise Refused("这份发言已经交过稿，不能删去；不讲了可以改为书面发言。")
    record(row, verb="remove", before=row.stage, by=by, at=at, data={"title": row.title})
    # An empty place kept for it in minutes that are still being written goes with it.
    row.gists.filter(text__in=["", "无"], minutes__stage__in=["DRAFT", "RETURNED"]).delete()
    try:
        row.delete()
    except ProtectedError:
        raise Refused("学习记录已经引用这份发言，不能删去。") from None
