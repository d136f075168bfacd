"""What every change to a session or to what hangs on it stands on: the locked row, whether it may change, who belongs to it."""

from collections.abc import Iterable, Sequence
from datetime import date

from roster.audit.moves import Refused
from roster.people.models import Membership
from sessions_app.policies.actions import require_open
from sessions_app.sessions import rules
from sessions_app.sessions.models import Participation, ParticipationState, SessionStage, SpeechKind, StudySession


def lock(session: StudySession, version: int | None) -> StudySession:
    """The row, locked until the transaction ends; Stale when it is not at `version` any more (None: whatever it is at)."""
    row: StudySession = StudySession.objects.lock(session.pk, version)
    return row


def writable(session: StudySession, *, stages: Sequence[str] = rules.WRITABLE_STAGES) -> None:
    """Refused when the session is past changing, or its period closed."""
    if session.stage not in stages:
        cure = "要改请申请更正。" if session.stage == SessionStage.ARCHIVED else "请刷新页面核对。"
        raise Refused(f"这场学习现在是“{session.get_stage_display()}”，不能改动。{cure}")
    require_open_for_all(session, session.day)


def require_open_for_all(session: StudySession, day: date) -> None:
    """The gate of every committee that takes part: a joint session is counted in the period of each."""
    require_open(session.committee, day)
    guests = session.participations.filter(is_host=False, state=ParticipationState.ACCEPTED)
    for row in guests.select_related("committee"):
        require_open(row.committee, day)


# Words of the attendance room, which stands above this one.
HERE, AWAY = {"PRESENT", "VIDEO"}, {"ON_LEAVE": "请假", "ABSENT": "缺席"}


def away_from(participations: Iterable[Participation]) -> dict[tuple[int, int], str]:
    """{(participation id, person id): 请假 or 缺席}: who was in no part of it by the roll; while there is no mark
    of his, who has leave for the whole of it. Two queries."""
    rows = Participation.objects.filter(pk__in=[row.pk for row in participations]).order_by("pk")
    found: dict[tuple[int, int], str] = {}
    here: set[tuple[int, int]] = set()
    for pk, person, status in rows.filter(marks__isnull=False).values_list("pk", "marks__person_id", "marks__status"):
        if status in HERE:
            here.add((pk, person))
        else:
            found[pk, person] = AWAY[status]
    agreed = rows.filter(leaves__stage="AGREED", leaves__part__isnull=True)
    for pk, person in agreed.values_list("pk", "leaves__person_id"):
        found.setdefault((pk, person), AWAY["ON_LEAVE"])
    return {who: word for who, word in found.items() if who not in here}


def spoken_away(participation: Participation, speaker_id: int, kind: str, name: str) -> list[str]:
    """Why this kind of speech cannot be his: nobody speaks at a meeting he is not at."""
    word = "" if kind == SpeechKind.WRITTEN else away_from([participation]).get((participation.pk, speaker_id), "")
    if not word:
        return []
    kind_word = SpeechKind(kind).label if kind in SpeechKind.values else ""
    return [f"{name}这次学习{word}，不能登记{kind_word}发言；有书面材料的，类型请选“书面”。"]


def members_of(session: StudySession, committee_id: int) -> set[int]:
    """Persons who belong to the committee on one of the session's days."""
    days = [part.day for part in session.parts.all()] or [session.day]
    rows = Membership.objects.filter(committee_id=committee_id)
    return {person for day in days for person in rows.on(day).values_list("person_id", flat=True)}
