"""One person expected at two sessions at the same time: a warning to both secretaries, never a block."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from roster.people.models import Membership
from sessions_app.sessions.models import Participation, ParticipationState, SessionPart, SessionStage, StudySession
from sessions_app.sessions.rules import Part, clash, day_words


@dataclass(frozen=True)
class Conflict:
    """`person` is expected at this session and at the other committee's on the same day, hours overlapping."""

    session_id: int
    person_id: int
    person: str
    day: date
    hours: str
    other_committee: str
    other_session_id: int

    @property
    def sentence(self) -> str:
        return f"{self.person} {day_words(self.day)} {self.hours}还要参加{self.other_committee}的学习，时间冲突。"


def conflicts(sessions: Iterable[StudySession]) -> dict[int, list[Conflict]]:
    """{session id: its conflicts}, six queries for any number of sessions. Agreed leave from either side settles it."""
    mine = {s.pk: s for s in sessions if s.stage != SessionStage.CANCELLED}
    parts = list(SessionPart.objects.filter(study_session__in=mine)) if mine else []
    if not parts:
        return {}
    days = {part.day for part in parts}
    others = list(
        SessionPart.objects.filter(day__in=days)
        .exclude(study_session__stage=SessionStage.CANCELLED)
        .select_related("study_session__committee")
    )
    by_day: dict[date, list[SessionPart]] = defaultdict(list)
    for part in others:
        by_day[part.day].append(part)
    session_ids = {part.study_session_id for part in others}
    rows = Participation.objects.filter(study_session__in=session_ids, state=ParticipationState.ACCEPTED)
    rooms: dict[int, list[Participation]] = defaultdict(list)
    for row in rows.select_related("committee"):
        rooms[row.study_session_id].append(row)
    away = set(
        Participation.objects.filter(study_session__in=session_ids, leaves__stage="AGREED").values_list(
            "study_session", "leaves__person"
        )
    )
    committee_ids = {row.committee_id for found in rooms.values() for row in found}
    members: dict[int, list[Membership]] = defaultdict(list)
    memberships = Membership.objects.filter(committee__in=committee_ids).during(min(days), max(days))
    for member in memberships.select_related("person").order_by("rank", "id"):
        members[member.committee_id].append(member)

    def expected(session_id: int, day: date) -> dict[int, tuple[Membership, Participation]]:
        found = {}
        for row in rooms[session_id]:
            for m in members[row.committee_id]:
                if m.since <= day and (m.until is None or m.until >= day) and (session_id, m.person_id) not in away:
                    found[m.person_id] = (m, row)
        return found

    told: dict[int, dict[tuple[int, int], Conflict]] = defaultdict(dict)
    for part in parts:
        here = None
        for other in by_day[part.day]:
            if other.study_session_id == part.study_session_id or not clash(_plain(part), _plain(other)):
                continue
            here = here or expected(part.study_session_id, part.day)
            for person_id, (_, row) in expected(other.study_session_id, part.day).items():
                if person_id in here:
                    member = here[person_id][0]
                    key = (person_id, other.study_session_id)
                    told[part.study_session_id].setdefault(
                        key,
                        Conflict(
                            part.study_session_id, person_id, member.person.name, part.day, _hours(other),
                            str(row.committee), other.study_session_id,
                        ),
                    )  # fmt: skip
    return {session_id: list(found.values()) for session_id, found in told.items()}


def _plain(part: SessionPart) -> Part:
    return Part(part.day, part.starts_at, part.ends_at, part.days)


def _hours(part: SessionPart) -> str:
    if not part.starts_at:
        return ""
    return f"{part.starts_at:%H:%M}" + (f"–{part.ends_at:%H:%M} " if part.ends_at else " ")
