"""The roll as it is opened: members of each part's day in rank order, with marks or what they start from."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from roster.people.models import GroupRole, Membership
from sessions_app.attendance.models import Attendance, AttendanceMark, LeaveRequest, LeaveStage
from sessions_app.sessions.models import Participation, SessionPart

REASONS_OFFERED = 8


@dataclass(frozen=True)
class RollRow:
    """One member of the part's day. `status` None is 未记; `saved` says it is a mark already kept."""

    part_id: int
    person_id: int
    name: str
    post: str
    pinyin: str
    role: str
    status: str | None
    reason: str = ""
    late: bool = False
    early: bool = False
    saved: bool = False
    note: str = ""
    note_tone: str = ""


@dataclass(frozen=True)
class RollPart:
    """A part of the session with its rows; `is_open`: its day has come."""

    part: SessionPart
    rows: list[RollRow]
    is_open: bool = True
    is_taken: bool = True

    @property
    def is_saved(self) -> bool:
        """Somebody saved it by hand; what the page saved by itself is a beginning."""
        return self.is_taken and any(row.saved for row in self.rows)


@dataclass(frozen=True)
class Roll:
    participation: Participation
    parts: list[RollPart]
    last_reasons: list[str] = field(default_factory=list)


def members_on(committee_id: int, days: Iterable[date]) -> dict[date, list[Membership]]:
    """The members of each day in rank order, `person` loaded; one query."""
    wanted = sorted(set(days))
    if not wanted:
        return {}
    rows = list(
        Membership.objects.filter(committee_id=committee_id)
        .during(wanted[0], wanted[-1])
        .select_related("person")
        .order_by("rank", "id")
    )
    return {
        day: [row for row in rows if row.since <= day and (row.until is None or row.until >= day)] for day in wanted
    }


def open_roll(participation: Participation, *, today: date) -> Roll:
    """Six queries whatever the size. A part nobody saved starts with everybody 出席, agreed leave set: shown, not kept."""
    parts = list(participation.study_session.parts.order_by("order"))
    members = members_on(participation.committee_id, [part.day for part in parts])
    marks = {(mark.part_id, mark.person_id): mark for mark in participation.marks.all()}
    leaves: dict[tuple[int | None, int], LeaveRequest] = {}
    live = [LeaveStage.ASKED, LeaveStage.AGREED]
    for leave in participation.leaves.filter(stage__in=live).order_by("pk"):
        leaves[leave.part_id, leave.person_id] = leave
    opened = []
    for part in parts:
        people = members.get(part.day, [])
        begun = any((part.pk, row.person_id) in marks for row in people)
        untouched = not begun or participation.roll_saved_at is None
        rows = [
            _row(part, member, marks.get((part.pk, member.person_id)), _leave(leaves, part, member), untouched)
            for member in people
        ]
        is_taken = participation.roll_saved_at is not None
        opened.append(RollPart(part, rows, part.day <= today, is_taken))
    return Roll(participation, opened, last_reasons(participation.committee_id))


def _leave(
    leaves: dict[tuple[int | None, int], LeaveRequest], part: SessionPart, member: Membership
) -> LeaveRequest | None:
    return leaves.get((part.pk, member.person_id)) or leaves.get((None, member.person_id))


def _row(
    part: SessionPart, member: Membership, mark: AttendanceMark | None, leave: LeaveRequest | None, untouched: bool
) -> RollRow:
    note = tone = ""
    if leave is not None:
        agreed = leave.stage == LeaveStage.AGREED
        note, tone = ("请假已记录" if leave.is_recorded_only else "已批假", "ok") if agreed else ("请假待批", "near")
    who = (part.pk, member.person_id, member.person.name, member.post, member.person.pinyin, member.group_role)
    if mark is not None:
        return RollRow(*who, mark.status, mark.reason, mark.is_late, mark.left_early, True, note, tone)
    if leave is not None and leave.stage == LeaveStage.AGREED:
        return RollRow(*who, Attendance.ON_LEAVE, leave_reason(leave), note=note, note_tone=tone)
    # Somebody who joins a roll already saved is unknown until the secretary says.
    return RollRow(*who, Attendance.PRESENT if untouched else None, note=note, note_tone=tone)


def leave_reason(leave: LeaveRequest) -> str:
    """公务：在省里开会, as it stands in the roll, the minutes and the sign-in sheet."""
    return f"{leave.get_kind_display()}：{leave.reason}"[:200]


def last_reasons(committee_id: int) -> list[str]:
    """The reasons this committee typed last, each once, newest first."""
    recent = (
        AttendanceMark.objects.filter(participation__committee_id=committee_id)
        .exclude(reason="")
        .order_by("-id")
        .values_list("reason", flat=True)[:60]
    )
    return list(dict.fromkeys(recent))[:REASONS_OFFERED]


@dataclass(frozen=True)
class AttendanceLines:
    """Who was there, for minutes and papers: 出席, 请假（事由）, 缺席（原因）, 未记, each in rank order.

    A session of several parts says for who was not there all the time in which part.
    """

    participation: Participation
    present: list[str]
    on_leave: list[tuple[str, str]]
    absent: list[tuple[str, str]]
    unmarked: list[str]
    leader: str

    @property
    def expected(self) -> int:
        return len(self.names)

    @property
    def names(self) -> list[str]:
        seen = [*self.present, *(n for n, _ in self.on_leave), *(n for n, _ in self.absent), *self.unmarked]
        return list(dict.fromkeys(seen))


def attendance_lines(participation: Participation) -> AttendanceLines:
    """Three queries. Members and the leader are those of the session's days, not today's."""
    parts = list(participation.study_session.parts.order_by("order"))
    members = members_on(participation.committee_id, [part.day for part in parts])
    marks = {(mark.part_id, mark.person_id): mark for mark in participation.marks.all()}
    order: dict[int, str] = {}
    found: dict[int, list[tuple[SessionPart, AttendanceMark | None]]] = {}
    leader = ""
    for part in parts:
        for member in members.get(part.day, []):
            order.setdefault(member.person_id, member.person.name)
            found.setdefault(member.person_id, []).append((part, marks.get((part.pk, member.person_id))))
            if member.group_role == GroupRole.LEADER and not leader:
                leader = member.person.name
    present: list[str] = []
    lists: dict[str, list[tuple[str, str]]] = {Attendance.ON_LEAVE: [], Attendance.ABSENT: []}
    unmarked = []
    for person_id, name in order.items():
        pairs = found[person_id]
        for status, lines in lists.items():
            away = [(part, mark) for part, mark in pairs if mark and mark.status == status]
            if away:
                where = "、".join(f"{part.day.month}月{part.day.day}日" for part, _ in away) if len(parts) > 1 else ""
                why = "；".join(dict.fromkeys(mark.reason for _, mark in away))
                lines.append((name, f"{where}：{why}" if where else why))
        if any(mark and mark.status in (Attendance.PRESENT, Attendance.VIDEO) for _, mark in pairs):
            flags = _flags([mark for _, mark in pairs if mark])
            present.append(f"{name}（{flags}）" if flags else name)
        if any(mark is None for _, mark in pairs):
            unmarked.append(name)
    return AttendanceLines(
        participation, present, lists[Attendance.ON_LEAVE], lists[Attendance.ABSENT], unmarked, leader
    )


def _flags(marks: list[AttendanceMark]) -> str:
    words = []
    if any(mark.status == Attendance.VIDEO for mark in marks):
        words.append("视频参会")
    if any(mark.is_late for mark in marks):
        words.append("迟到")
    if any(mark.left_early for mark in marks):
        words.append("早退")
    return "、".join(words)
