"""Every change to minutes, and the archiving of a session."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from roster.audit.actions import Actor, record
from roster.audit.models import AuditEvent
from roster.audit.moves import Refused
from roster.people.models import GroupRole, Membership
from sessions_app.attendance.actions import local_day
from sessions_app.minutes.models import ActionItem, Minutes, MinutesSection, MinutesStage
from sessions_app.minutes.rules import MOVES, ROLL_CHANGED, WRITABLE
from sessions_app.minutes.skeleton import gist_of, missing_for_archive, missing_in
from sessions_app.policies.actions import require_open
from sessions_app.sessions.models import (
    TOOK_PLACE,
    AgendaItem,
    Participation,
    SessionStage,
    Speech,
    StudySession,
)
from sessions_app.sessions.rules import MOVES as SESSION_MOVES

WRITING = ("start", "save", "submit")
LONGEST = 20_000


@transaction.atomic
def start(study_session: StudySession, *, by: Actor, at: datetime) -> Minutes:
    """The minutes of a session that took place, as a skeleton from agenda and speeches; those there already, if any."""
    session = StudySession.objects.lock(study_session.pk)
    row = Minutes.objects.filter(study_session=session).select_related("study_session").first()
    if row is not None:
        return row
    if session.stage not in TOOK_PLACE:
        raise Refused("学习召开之后才写记录，请先在场次页点“已召开”。")
    require_open(session.committee, session.day)
    row = Minutes.objects.create(study_session=session, author_id=by.person_id)
    _sync_sections(row)
    record(row, verb="start", after=row.stage, by=by, at=at)
    return row


def _sync_sections(minutes: Minutes) -> dict[str, MinutesSection]:
    """A section for every agenda item and speech, those added since too; by form name."""
    kept: dict[str, MinutesSection] = {}
    for row in minutes.sections.all():
        kept[f"agenda-{row.agenda_item_id}" if row.agenda_item_id else f"speech-{row.speech_id}"] = row
    fresh: dict[str, MinutesSection] = {}
    for item in AgendaItem.objects.filter(study_session_id=minutes.study_session_id):
        if f"agenda-{item.pk}" not in kept:
            fresh[f"agenda-{item.pk}"] = MinutesSection(minutes=minutes, agenda_item=item)
    for speech in Speech.objects.filter(participation__study_session_id=minutes.study_session_id):
        if f"speech-{speech.pk}" not in kept:
            fresh[f"speech-{speech.pk}"] = MinutesSection(minutes=minutes, speech=speech, text=gist_of(speech))
    MinutesSection.objects.bulk_create(fresh.values())
    return kept | fresh


def _locked(minutes: Minutes, version: int | None) -> Minutes:
    row: Minutes = Minutes.objects.select_related("study_session__committee").lock(minutes.pk, version)
    if row.study_session.stage == SessionStage.ARCHIVED:
        raise Refused("这场学习已归档，记录只能通过“更正”修改。")
    return row


def _problems(texts: Mapping[str, str], action_items: Sequence[Mapping[str, Any]] | None) -> list[str]:
    found = [f"有一段文字超过 {LONGEST} 字，请压缩。" for text in texts.values() if len(text) > LONGEST]
    for row in action_items or ():
        if not str(row.get("text") or "").strip():
            found.append("议定事项要写明事项；不需要的一行请整行留空。")
        if len(str(row.get("text") or "")) > 300 or len(str(row.get("owner") or "")) > 60:
            found.append("议定事项最多 300 字，责任人最多 60 字，请压缩。")
    return found


@transaction.atomic
def save(
    minutes: Minutes, *, discussion: str | None = None, summary: str | None = None,
    sections: Mapping[str, str] | None = None, action_items: Sequence[Mapping[str, Any]] | None = None,
    version: int | None, by: Actor, at: datetime,
) -> Minutes:  # fmt: skip
    """Keep what was typed; None leaves a piece alone. `sections` by form name: agenda-<id>, speech-<id>.

    `action_items`: all of them, as dicts of text, owner, due_on. Who saves the first text is the author.
    """
    row = _locked(minutes, version)
    if row.stage not in WRITABLE:
        cure = "请先由审签人退回。" if row.stage == MinutesStage.SUBMITTED else "归档后如有误，请申请更正。"
        raise Refused(f"学习记录现在是“{row.get_stage_display()}”，内容已锁定。{cure}")
    texts = {name: clean(text) for name, text in (sections or {}).items()}
    blank = [not row.discussion, not row.summary].count(True)
    if discussion is not None:
        row.discussion = texts["discussion"] = clean(discussion)
    if summary is not None:
        row.summary = texts["summary"] = clean(summary)
    filled = blank - [not row.discussion, not row.summary].count(True)
    if wrong := _problems(texts, action_items):
        raise Refused(list(dict.fromkeys(wrong)))
    require_open(row.study_session.committee, row.study_session.day)
    kept = _sync_sections(row)
    changed = []
    for name, section in kept.items():
        if name in texts and section.text != texts[name]:
            filled += bool(texts[name]) - bool(section.text)
            section.text = texts[name]
            changed.append(section)
    MinutesSection.objects.bulk_update(changed, ["text"])
    if action_items is not None:
        _put_action_items(row, action_items)
    if row.author_id is None:
        row.author_id = by.person_id
    row.save_changed()
    if filled > 0:
        # The burden meter: fields that were empty and now hold a text; what flowed in was never empty.
        StudySession.objects.filter(pk=row.study_session_id).update(typed_fields=F("typed_fields") + filled)
    record(row, verb="save", before=row.stage, after=row.stage, by=by, at=at, data={"sections": len(changed)})
    return row


def clean(text: str) -> str:
    """Line ends of one kind, no trailing blanks, no control characters."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    kept = "\n".join(
        "".join(ch for ch in line if ch == "\t" or ch.isprintable() or ch == "　").rstrip() for line in lines
    )
    return kept.strip("\n")


def _put_action_items(minutes: Minutes, wanted: Sequence[Mapping[str, Any]]) -> None:
    rows = [
        (str(row["text"]).strip(), str(row.get("owner") or "").strip(), row.get("due_on") or None) for row in wanted
    ]
    if rows == list(minutes.action_items.order_by("id").values_list("text", "owner", "due_on")):
        return
    minutes.action_items.all().delete()
    ActionItem.objects.bulk_create(
        ActionItem(minutes=minutes, text=text, owner=owner, due_on=due_on) for text, owner, due_on in rows
    )


@transaction.atomic
def submit(minutes: Minutes, *, version: int | None, by: Actor, at: datetime) -> Minutes:
    """To the leader or a deputy. Refused with all that is missing at once."""
    row = _locked(minutes, version)
    stage = MOVES.target(row.stage, "submit")
    if wrong := missing_in(row):
        raise Refused(wrong)
    require_open(row.study_session.committee, row.study_session.day)
    before, row.stage = row.stage, stage
    row.author_id = row.author_id or by.person_id
    row.submitted_at, row.return_note = at, ""
    row.save_changed()
    record(row, verb="submit", before=before, after=stage, by=by, at=at)
    return row


@transaction.atomic
def send_back(minutes: Minutes, *, note: str, version: int | None, by: Actor, at: datetime) -> Minutes:
    row = _locked(minutes, version)
    stage = MOVES.target(row.stage, "send_back")
    if not note.strip():
        raise Refused("请写明退回意见，记录人据此修改。")
    before, row.stage, row.return_note = row.stage, stage, note.strip()[:300]
    row.save_changed()
    record(row, verb="send_back", before=before, after=stage, reason=row.return_note, by=by, at=at)
    return row


def writers(minutes: Minutes) -> set[int]:
    """Persons who wrote or submitted the text."""
    hands = AuditEvent.objects.about(minutes).filter(verb__in=WRITING, actor__person__isnull=False)
    found = set(hands.values_list("actor__person_id", flat=True))
    return found | ({minutes.author_id} if minutes.author_id else set())


@transaction.atomic
def approve(minutes: Minutes, *, version: int | None, by: Actor, at: datetime) -> Minutes:
    """审签 by the leader or a deputy, never by somebody who wrote it. A leader who came later signs with a note."""
    row = _locked(minutes, version)
    stage = MOVES.target(row.stage, "approve")
    reasons = []
    if by.person_id is None:
        reasons.append("这个账号没有对应的人员，不能审签。")
    elif by.person_id in writers(row):
        reasons.append("您参与了这份记录的撰写或提交，不能由本人审签；请由组长或副组长中的另一位审签。")
    # A roll opened after the submission may have left somebody unmarked.
    reasons += missing_in(row)
    if reasons:
        raise Refused(reasons)
    require_open(row.study_session.committee, row.study_session.day)
    before, row.stage = row.stage, stage
    row.approver_id, row.approved_at = by.person_id, at
    row.approval_note = _leader_note(row.study_session, by.person_id, at)
    row.save_changed()
    record(row, verb="approve", before=before, after=stage, reason=row.approval_note, by=by, at=at)
    return row


def _leader_note(session: StudySession, approver: int, at: datetime) -> str:
    """A sentence when the leader of the day of approval was not the leader of the session's day."""
    leaders = Membership.objects.filter(committee=session.committee_id, group_role=GroupRole.LEADER).select_related(
        "person"
    )
    then = leaders.in_office(session.day).first()
    now = leaders.in_office(local_day(at)).first()
    if then is None or now is None or then.person_id == now.person_id or now.person_id != approver:
        return ""
    return f"学习时组长为{then.person.name}，组长变更后由现任组长{now.person.name}审签"


class MinutesFollowRoll:
    """Registered with sessions_app.attendance.consequences: a changed roll takes the signature back."""

    def roll_changed(self, study_session_id: int, *, by: Actor, at: datetime) -> None:
        row = (
            Minutes.objects.select_related("study_session")
            .select_for_update(of=("self",))
            .filter(study_session_id=study_session_id, stage__in=MOVES.moves["void"].sources)
            .exclude(study_session__stage=SessionStage.ARCHIVED)
            .first()
        )
        if row is None:
            return
        before, row.stage = row.stage, MOVES.target(row.stage, "void")
        row.approver = row.approved_at = None
        row.approval_note, row.return_note = "", ROLL_CHANGED
        row.save_changed()
        record(row, verb="void", before=before, after=row.stage, reason=ROLL_CHANGED, by=by, at=at)


@transaction.atomic
def archive(study_session: StudySession, *, version: int | None, by: Actor, at: datetime) -> StudySession:
    """File the session away: only with approved minutes and a complete checklist. From now on only corrections."""
    session: StudySession = StudySession.objects.lock(study_session.pk, version)
    # A roll being saved at this moment ends first; what follows reads what it left.
    list(Participation.objects.select_for_update(of=("self",)).filter(study_session=session).order_by("pk"))
    stage = SESSION_MOVES.target(session.stage, "archive")
    if wrong := missing_for_archive(session):
        raise Refused(wrong)
    require_open(session.committee, session.day)
    before, session.stage, session.archived_at = session.stage, stage, at
    session.save_changed()
    record(session, verb="archive", before=before, after=stage, by=by, at=at)
    return session


@transaction.atomic
def correct_text(
    minutes: Minutes, *, sections: Mapping[int, str], discussion: str | None = None, summary: str | None = None,
    number: int, by: Actor, at: datetime,
) -> Minutes:  # fmt: skip
    """The text of an agreed correction, after archive; `sections` by section id. The event carries its number."""
    row: Minutes = Minutes.objects.select_related("study_session").lock(minutes.pk)
    kept = {section.pk: section for section in row.sections.all()}
    for pk, text in sections.items():
        kept[pk].text = clean(text)
    MinutesSection.objects.bulk_update([kept[pk] for pk in sections], ["text"])
    if discussion is not None:
        row.discussion = clean(discussion)
    if summary is not None:
        row.summary = clean(summary)
    row.save_changed()
    record(row, verb="correct", before=row.stage, after=row.stage, by=by, at=at, data={"correction": number})
    return row
