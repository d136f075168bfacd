"""Many approved minutes at once (demo): written as of their day, by the rules of the page.

    take_in(rows, by=, at=)

Only for sessions that took place and have none yet. Every agenda item and every speech must have its text; the approver is
not the author.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from roster.audit.actions import Actor, Entry, record_many
from roster.audit.moves import Refused
from roster.people.models import Person
from sessions_app.minutes.models import ActionItem, Minutes, MinutesSection, MinutesStage
from sessions_app.sessions.models import TOOK_PLACE, StudySession


@dataclass(slots=True)
class MinutesRow:
    """`agenda` and `speeches` hold one text for each of the session's agenda items and speeches, in their order."""

    committee: str
    year: int
    number: int
    author: str  # person codes
    approver: str
    submitted_at: datetime
    approved_at: datetime
    discussion: str
    summary: str
    agenda: list[str] = field(default_factory=list)
    speeches: list[str] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)


@transaction.atomic
def take_in(rows: Iterable[MinutesRow], *, by: Actor, at: datetime) -> int:
    """Seven queries for any number of rows. Raises Refused naming every row that does not fit."""
    wanted = {(row.committee, row.year, row.number): row for row in rows}
    sessions = _sessions(wanted)
    people = {
        p.code: p for p in Person.objects.filter(code__in={c for r in wanted.values() for c in (r.author, r.approver)})
    }
    reasons, made = [], []
    for key, row in wanted.items():
        session = sessions.get(key)
        if session is None:
            reasons.append(f"{row.committee} {row.year}年第{row.number}次：没有已召开且未写记录的学习，请核对期次。")
            continue
        speeches = [speech for part in session.participations.all() for speech in part.speeches.all()]
        if row.author == row.approver:
            reasons.append(f"{row.committee} {row.year}年第{row.number}次：审签人不能是记录人，请更换审签人。")
        if len(row.agenda) != len(session.agenda.all()) or len(row.speeches) != len(speeches):
            reasons.append(f"{row.committee} {row.year}年第{row.number}次：议程或发言有缺文字的，请补“无”。")
        minutes = Minutes(
            study_session=session, stage=MinutesStage.APPROVED, discussion=row.discussion, summary=row.summary,
            author=people[row.author], submitted_at=row.submitted_at, approver=people[row.approver],
            approved_at=row.approved_at,
        )  # fmt: skip
        made.append((row, minutes, list(session.agenda.all()), speeches))
    if reasons:
        raise Refused(reasons)
    Minutes.objects.bulk_create([minutes for _, minutes, _, _ in made], batch_size=1000)
    sections, agreed, entries = [], [], []
    for row, minutes, agenda, speeches in made:
        for item, text in zip(agenda, row.agenda, strict=True):
            sections.append(MinutesSection(minutes=minutes, agenda_item=item, text=text))
        for speech, text in zip(speeches, row.speeches, strict=True):
            sections.append(MinutesSection(minutes=minutes, speech=speech, text=text))
        agreed += [ActionItem(minutes=minutes, text=text) for text in row.actions]
        chain = minutes.study_session.committee_id
        for verb, before, after, when in (
            ("start", "", MinutesStage.DRAFT, row.submitted_at),
            ("submit", MinutesStage.DRAFT, MinutesStage.SUBMITTED, row.submitted_at),
            ("approve", MinutesStage.SUBMITTED, MinutesStage.APPROVED, row.approved_at),
        ):
            entries.append(Entry(minutes, verb, when, before, after, chain=chain))
    MinutesSection.objects.bulk_create(sections, batch_size=2000)
    ActionItem.objects.bulk_create(agreed, batch_size=2000)
    record_many(entries, by=by)
    return len(made)


def _sessions(wanted: Mapping[tuple[str, int, int], MinutesRow]) -> dict[tuple[str, int, int], StudySession]:
    rows = (
        StudySession.objects.filter(stage__in=TOOK_PLACE, minutes__isnull=True)
        .filter(committee__code__in={code for code, _, _ in wanted})
        .select_related("committee")
        .prefetch_related("agenda", "participations__speeches")
    )
    found = {}
    for session in rows:
        for part in session.participations.all():
            if part.is_host:
                found[session.committee.code, part.year, part.number] = session
    return {key: found[key] for key in wanted if key in found}
