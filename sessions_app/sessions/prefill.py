"""What a new session starts from: the plan item, the roster of the day, the last session. Nothing is asked twice."""

from dataclasses import dataclass, field
from datetime import date, time
from typing import Any

from roster.audit.actions import SHANGHAI, Actor
from roster.committees.models import Committee
from roster.people.models import GroupRole, Membership, Person, StudySecretary
from sessions_app.plans.models import PlanItem
from sessions_app.plans.rules import names_in
from sessions_app.sessions.models import TOOK_PLACE, ReleaseType, StudySession
from sessions_app.sessions.rules import DEFAULT_AGENDA

__all__ = ["SHANGHAI", "Prefill", "for_session", "usual"]


@dataclass(frozen=True)
class Prefill:
    """Values for a new session; empty where nothing is known."""

    topic: str = ""
    mode: str = ""
    category: int | None = None
    chair: Person | None = None
    recorder: Person | None = None
    contact: str = ""
    agenda: list[dict[str, Any]] = field(default_factory=list)
    materials: list[dict[str, Any]] = field(default_factory=list)
    speakers: list[Person] = field(default_factory=list)

    def carried(self, session: StudySession) -> int:
        """How many values of the session came from here and not from a keyboard."""
        same = [
            (self.topic, session.topic), (self.mode, session.mode), (self.category, session.category),
            (self.chair, session.chair), (self.recorder, session.recorder), (self.contact, session.contact),
        ]  # fmt: skip
        kept = sum(bool(mine) and mine == theirs for mine, theirs in same)
        steps = {row["content"] for row in self.agenda}
        titles = {row["title"] for row in self.materials}
        kept += sum(content in steps for content in session.agenda.values_list("content", flat=True))
        kept += sum(title in titles for title in session.materials.values_list("title", flat=True))
        return kept + len(self.speakers)


@dataclass(frozen=True)
class Usual:
    """How the last session that took place was held: its place, hours and leave rule."""

    place: str = ""
    leave_rule: str = ""
    starts_at: time | None = None
    ends_at: time | None = None

    @property
    def days(self) -> str:
        """Half a day when the usual hours stay on one side of 13:00, else a day."""
        noon = time(13)
        if self.starts_at is None or self.ends_at is None:
            return "1"
        return "0.5" if self.ends_at <= noon or self.starts_at >= noon else "1"


def usual(committee: Committee) -> Usual:
    last = (
        StudySession.objects.filter(committee=committee, stage__in=TOOK_PLACE)
        .exclude(place="")
        .prefetch_related("parts")
        .order_by("-day", "-id")
        .first()
    )
    if last is None:
        return Usual()
    part = next(iter(last.parts.all()), None)
    return Usual(last.place, last.leave_rule, part.starts_at if part else None, part.ends_at if part else None)


def for_session(committee: Committee, day: date, item: PlanItem | None, by: Actor) -> Prefill:
    """Four queries at most. Names in the plan are matched against the members of the day."""
    rows = Membership.objects.filter(committee=committee).on(day).select_related("person").order_by("rank", "id")
    members = [(row.person, row.group_role) for row in rows]
    by_name = {person.name: person for person, _ in members}
    leader = next((person for person, role in members if role == GroupRole.LEADER), None)
    chair = by_name.get(item.chair.strip()) if item and item.chair else None
    speakers = [by_name[name] for name in names_in(item.speakers) if name in by_name] if item else []
    titles = [line.strip() for line in item.materials.splitlines() if line.strip()] if item else []
    secretaries = StudySecretary.objects.filter(committee=committee).on(day).select_related("person")
    mine = next((row.person for row in secretaries if row.person_id == by.person_id), None)
    recorder = mine or next((row.person for row in secretaries), None)
    return Prefill(
        topic=item.topic if item else "",
        mode=item.mode if item else "",
        category=item.category if item else None,
        chair=chair or leader,
        recorder=recorder,
        contact=recorder.name if recorder else "",
        agenda=[
            {"kind": kind, "content": content, "lead_reader": (chair or leader) if kind == "SUMMARY" else None}
            for kind, content in DEFAULT_AGENDA
        ],
        materials=[{"title": title[:200], "release_type": ReleaseType.FULL_TEXT} for title in titles],
        speakers=speakers,
    )
