"""Minutes as they are read: attendance, agenda and speeches flow in and are never retyped; and what they lack."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sessions_app.attendance.models import AWAY, AttendanceMark
from sessions_app.attendance.roll import AttendanceLines, attendance_lines
from sessions_app.minutes import rules
from sessions_app.minutes.models import Minutes
from sessions_app.sessions.ground import away_from
from sessions_app.sessions.models import (
    AgendaItem,
    AgendaKind,
    Participation,
    ParticipationState,
    Speech,
    SpeechKind,
    SpeechStage,
    StudySession,
)

NUMERALS = "一二三四五六七八九十"
GIST_LONGEST = 600


@dataclass(frozen=True)
class Field:
    """One text of the minutes. `name` is its form field: discussion, summary, agenda-<id> or speech-<id>."""

    name: str
    label: str
    text: str
    note: str = ""
    carried: bool = False
    required: bool = True


@dataclass(frozen=True)
class Block:
    """A heading of the minutes with what stands under it."""

    heading: str
    kind: str
    who: str
    fields: list[Field] = field(default_factory=list)


def numeral(index: int) -> str:
    """一 from 0, up to 十九."""
    return NUMERALS[index] if index < 10 else "十" + NUMERALS[index - 10]


def participations_of(study_session: StudySession) -> list[Participation]:
    """Those that take part, the host first."""
    rows = study_session.participations.filter(state=ParticipationState.ACCEPTED).select_related("committee")
    return list(rows.order_by("-is_host", "pk"))


def gist_of(speech: Speech) -> str:
    """What a speech brings along: its approved text when that is short enough to be its gist."""
    short = speech.stage == SpeechStage.APPROVED and len(speech.text) <= GIST_LONGEST
    return speech.text if short else ""


def blocks(study_session: StudySession, minutes: Minutes | None) -> list[Block]:
    """The sheet in the agenda's order, in four queries. Without minutes: the skeleton they will start from.

    The texts of 重点发言, 交流研讨 and 总结讲话 are the gists, the discussion and the summary: nothing is asked twice.
    """
    texts = {}
    if minutes is not None:
        for row in minutes.sections.all():
            texts[f"agenda-{row.agenda_item_id}" if row.agenda_item_id else f"speech-{row.speech_id}"] = row.text
    agenda = list(study_session.agenda.select_related("lead_reader"))
    speeches = list(
        Speech.objects.filter(participation__study_session=study_session)
        .select_related("speaker", "participation__committee")
        .order_by("-participation__is_host", "participation_id", "order", "id")
    )
    away = away_from(study_session.participations.all())
    keynotes = [row for row in speeches if row.kind == SpeechKind.KEYNOTE and not _word_of(row, away)]
    others = [row for row in speeches if row not in keynotes]
    discussion = Field("discussion", "交流发言摘要", minutes.discussion if minutes else "")
    summary = Field("summary", "主持人总结", minutes.summary if minutes else "")
    found: list[Block] = []
    told: set[str] = set()

    def add(heading: str, kind: str, fields: list[Field], who: str = "") -> None:
        found.append(Block(f"{numeral(len(found))}、{heading}", kind, who, fields))

    def gists(rows: list[Speech], required: bool) -> list[Field]:
        return [_gist(row, texts, required, study_session.is_joint, _word_of(row, away)) for row in rows]

    for item in agenda:
        who = item.lead_reader.name if item.lead_reader else ""
        if item.kind == AgendaKind.KEYNOTE and keynotes and "keynote" not in told:
            told.add("keynote")
            add(item.content, item.kind, gists(keynotes, True), who)
        elif item.kind == AgendaKind.DISCUSSION and "discussion" not in told:
            told.add("discussion")
            add(item.content, item.kind, [*gists(others, False), discussion], who)
        elif item.kind == AgendaKind.SUMMARY and "summary" not in told:
            told.add("summary")
            add(item.content, item.kind, [summary], who)
        else:
            add(item.content, item.kind, [_item(item, texts)], who)
    if keynotes and "keynote" not in told:
        add("重点发言", AgendaKind.KEYNOTE, gists(keynotes, True))
    if "discussion" not in told:
        optional = Field(discussion.name, discussion.label, discussion.text, required=False)
        add("交流研讨", AgendaKind.DISCUSSION, [*gists(others, False), optional])
    if "summary" not in told:
        add("主持人总结", AgendaKind.SUMMARY, [summary])
    return found


def _item(item: AgendaItem, texts: dict[str, str]) -> Field:
    name = f"agenda-{item.pk}"
    return Field(name, f"{item.get_kind_display()}情况", texts.get(name, ""))


def _word_of(speech: Speech, away: Mapping[tuple[int, int], str]) -> str:
    """请假 or 缺席 when the speaker was not there; empty when he was."""
    return away.get((speech.participation_id, speech.speaker_id), "")


def _gist(speech: Speech, texts: dict[str, str], required: bool, joint: bool, away: str) -> Field:
    name = f"speech-{speech.pk}"
    carried = gist_of(speech)
    text = texts.get(name, carried)
    who = f"{speech.speaker.name}（{speech.participation.committee}）" if joint else speech.speaker.name
    kind = speech.get_kind_display()
    note = f"{kind}发言《{speech.title}》" + (f"（{away}，未到会）" if away else "")
    return Field(name, f"{who} 发言要点", text, note, bool(text) and text == carried, required)


@dataclass(frozen=True)
class Missing:
    """What is missing and the page where it is mended: roll-<pk>, session, minutes."""

    word: str
    place: str


def attendance_of(study_session: StudySession) -> list[AttendanceLines]:
    """出席、请假、缺席 by committee, the host first."""
    return [attendance_lines(row) for row in participations_of(study_session)]


def _roll_state(rows: list[Participation]) -> tuple[list[str], list[tuple[str, int]]]:
    unsaved = [str(row.committee) for row in rows if row.roll_saved_at is None]
    unmarked = [(str(row.committee), -(-row.unmarked_marks // row.part_count)) for row in rows if row.unmarked_marks]
    return unsaved, unmarked


def missing_in(minutes: Minutes) -> list[str]:
    """Everything that keeps these minutes from being submitted, in a constant number of queries."""
    session = minutes.study_session
    rows = participations_of(session)
    unsaved, unmarked = _roll_state(rows)
    reasonless = AttendanceMark.objects.filter(participation__in=rows, status__in=AWAY, reason="").select_related(
        "person"
    )
    texts = [
        (one.label if one.note else block.heading.split("、", 1)[1], one.text)
        for block in blocks(session, minutes)
        for one in block.fields
        if one.required and one.name != "summary"
    ]
    away = away_from(rows)
    spoken = Speech.objects.filter(participation__in=rows).exclude(kind=SpeechKind.WRITTEN).select_related("speaker")
    return rules.missing(
        spoken_away=[
            (row.speaker.name, word, row.get_kind_display()) for row in spoken if (word := _word_of(row, away))
        ],
        texts=texts, summary=minutes.summary, unsaved_rolls=unsaved, unmarked=unmarked,
        without_reason=[mark.person.name for mark in reasonless], place=session.place,
        chair=session.chair.name if session.chair else "", recorder=session.recorder.name if session.recorder else "",
    )  # fmt: skip


def missing_for_archive(study_session: StudySession) -> list[str]:
    """The archive checklist: everything still open, in words; empty when the session may be archived."""
    rows = participations_of(study_session)
    unsaved, unmarked = _roll_state(rows)
    minutes = Minutes.objects.filter(study_session=study_session).only("stage").first()
    speeches = Speech.objects.filter(
        participation__study_session=study_session, participation__state=ParticipationState.ACCEPTED
    ).exclude(stage=SpeechStage.APPROVED).select_related("speaker")  # fmt: skip
    waiting = study_session.participations.filter(state=ParticipationState.INVITED).select_related("committee")
    return rules.archive_missing(
        minutes_stage=minutes.stage if minutes else None, agenda=study_session.agenda.count(), unmarked=unmarked,
        unsaved_rolls=unsaved, speeches_open=[(row.speaker.name, row.get_stage_display()) for row in speeches],
        invitations=[str(row.committee) for row in waiting],
    )  # fmt: skip
