"""Rows of one session for the tests of the rooms above it: held, with its parts, without going through the plan."""

from datetime import date, datetime, time

from roster.committees.models import Committee
from roster.people.models import Membership, Person
from sessions_app.attendance import actions
from sessions_app.sessions.models import (
    AgendaItem,
    AgendaKind,
    Participation,
    SessionPart,
    SessionStage,
    Speech,
    SpeechKind,
    StudySession,
)
from tests import build


def session(
    where: Committee, day: date = build.DAY, *, days: list[date] | None = None, stage: str = SessionStage.HELD,
    topic: str = "学习贯彻全会精神", starts_at: time | None = None, number: int = 1, guests: tuple[Committee, ...] = (),
    late_days: int = 0,
) -> StudySession:  # fmt: skip
    days = days or [day]
    row = StudySession.objects.create(
        committee=where, day=days[0], topic=topic, stage=stage, entered_at=build.at(days[0]), place="三楼会议室",
        is_joint=bool(guests), late_days=late_days, late_reason="补录" if late_days else "",
    )  # fmt: skip
    for order, one in enumerate(days, 1):
        SessionPart.objects.create(study_session=row, order=order, day=one, starts_at=starts_at)
    for place, committee in enumerate((where, *guests)):
        Participation.objects.create(
            study_session=row, committee=committee, is_host=not place, year=days[0].year, number=number, day=days[0],
            part_count=len(days),
        )  # fmt: skip
    actions.recount_participations(row.participations.values_list("pk", flat=True), build.at(days[0]))
    return row


def part_of(row: StudySession, where: Committee | None = None) -> Participation:
    return row.participations.get(committee=where or row.committee)


def marks(
    row: Participation, away: dict[Person, tuple[str, str]] | None = None, *, parts: list[SessionPart] | None = None,
    only: list[Person] | None = None,
) -> list[dict]:  # fmt: skip
    """Everybody 出席 but those in `away`: {person: (status, reason)}."""
    away = away or {}
    found = []
    for part in parts or list(row.study_session.parts.all()):
        for member in Membership.objects.filter(committee=row.committee).on(part.day).select_related("person"):
            if only is None or member.person in only:
                status, reason = away.get(member.person, ("PRESENT", ""))
                found.append({"person": member.person_id, "part": part.pk, "status": status, "reason": reason})
    return found


def save_roll(
    row: Participation, by, away: dict[Person, tuple[str, str]] | None = None, *, at: datetime | None = None, **more
) -> Participation:
    row = Participation.objects.get(pk=row.pk)
    return actions.record_roll(
        row, marks=marks(row, away, **more), version=row.version, by=by, at=at or build.at(row.day)
    )


def agenda(row: StudySession, *, speaker: Person | None = None) -> None:
    steps = [
        ("LEAD_READING", "领学规定篇目"),
        ("KEYNOTE", "重点发言"),
        ("DISCUSSION", "交流研讨"),
        ("SUMMARY", "主持人总结讲话"),
    ]
    for order, (kind, content) in enumerate(steps, 1):
        AgendaItem.objects.create(study_session=row, order=order, kind=AgendaKind(kind), content=content)
    if speaker:
        Speech.objects.create(
            participation=part_of(row), speaker=speaker, kind=SpeechKind.KEYNOTE, title="以学促干", stage="APPROVED",
            text="围绕项目建设谈了三点体会。",
        )  # fmt: skip


def held(where: Committee, day: date = build.DAY, **more) -> tuple[StudySession, Participation]:
    row = session(where, day, **more)
    return row, part_of(row)
