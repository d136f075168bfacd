"""A person's calendar: the sessions of his committees and the deadlines he hears of, read as of a day, written as .ics.

It lies on telephones and in other people's clouds: no reason and no name of who is on leave stands in it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Max
from icalendar import Calendar, Event, vDuration

from roster.accounts.models import User
from roster.accounts.roles import Role
from roster.audit.actions import SHANGHAI
from roster.audit.models import AuditEvent
from roster.committees.models import Committee
from sessions_app.reminders import due, recipients
from sessions_app.reminders.models import Audience, DueItem, Reminder
from sessions_app.reminders.rules import KINDS, Kind
from sessions_app.sessions.models import (
    Participation,
    ParticipationState,
    SessionPart,
    SessionStage,
    StudySession,
)

DAYS_BACK, DAYS_AHEAD = 30, 366
REFRESH = timedelta(hours=6)
BELONGS = (Role.SECRETARY, Role.LEADER, Role.DEPUTY, Role.MEMBER)
# Their words name who is on leave or owes a make-up: told whole to himself alone.
OF_PERSONS = (Kind.MAKEUP_DUE, Kind.LEAVE_WAITING)
BEFORE_TIMES = datetime.min.replace(tzinfo=UTC)  # what has no time stands first on its day
CONFIRMED, TENTATIVE, CANCELLED = "CONFIRMED", "TENTATIVE", "CANCELLED"
STATUS = {
    SessionStage.PREPARING: TENTATIVE, SessionStage.SUBMITTED: TENTATIVE, SessionStage.APPROVED: CONFIRMED,
    SessionStage.HELD: CONFIRMED, SessionStage.ARCHIVED: CONFIRMED, SessionStage.CANCELLED: CANCELLED,
}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One line of the calendar. `start` None: the whole day. `stamp`: when the row behind it last changed."""

    uid: str
    day: date
    title: str
    url: str
    stamp: datetime
    start: datetime | None = None
    end: datetime | None = None
    place: str = ""
    status: str = CONFIRMED
    word: str = ""
    sequence: int = 0
    is_deadline: bool = False


def entries(user: User, *, day: date, stamp: datetime) -> list[Entry]:
    """Everything in the calendar of a user who acts on `day`, in order; a number of queries that rows do not change.

    `stamp` stands for what has no time of its own: a deadline is a date.
    """
    own = {hold.committee_id: hold.committee_label for hold in user.holds if hold.role in BELONGS}
    found = _sessions(own, day) + _deadlines(user, own, day, stamp)
    return sorted(found, key=lambda entry: (entry.day, entry.start or BEFORE_TIMES, entry.uid))


def _named(own: dict[int, str], committee_id: int, words: str) -> str:
    """With the committee's name where it is not clear which one is meant."""
    return f"{own[committee_id]}：{words}" if len(own) > 1 and committee_id in own else words


# ------------------------------------------------------------------------------------------------------- sessions


def _sessions(own: dict[int, str], day: date) -> list[Entry]:
    rows = (
        Participation.objects.filter(
            committee_id__in=own, day__range=(day - timedelta(days=DAYS_BACK), day + timedelta(days=DAYS_AHEAD))
        )
        .exclude(state=ParticipationState.DECLINED)
        .select_related("study_session")
        .prefetch_related("study_session__parts")
        .order_by("-is_host", "pk")
    )
    firsts: dict[int, Participation] = {}
    for row in rows:
        firsts.setdefault(row.study_session_id, row)  # of two of his committees in one session, the host
    changed = dict(
        AuditEvent.objects.filter(subject_type=StudySession._meta.model_name, subject_id__in=firsts)
        .order_by()
        .values_list("subject_id")
        .annotate(Max("at"))
    )
    return [entry for row in firsts.values() for entry in _parts(row, own, changed.get(row.study_session_id))]


def _parts(row: Participation, own: dict[int, str], changed: datetime | None) -> list[Entry]:
    """One entry a part; the order of a part keeps its identity when it is moved."""
    session = row.study_session
    status = STATUS[SessionStage(session.stage)]
    if row.state == ParticipationState.INVITED and status == CONFIRMED:
        status = TENTATIVE
    title = _named(own, row.committee_id, f"{session.get_form_display()}：{session.topic}")
    parts = list(session.parts.all()) or [SessionPart(study_session=session, day=session.day)]
    return [
        Entry(
            uid=f"session-{session.pk}-{part.order}", day=part.day, url=session.get_absolute_url(),
            title=f"【已取消】{title}" if status == CANCELLED else title, stamp=changed or session.entered_at,
            start=_moment(part.day, part.starts_at), end=_moment(part.day, part.ends_at) if part.starts_at else None,
            place=session.place, status=status, word=_word(session, row), sequence=session.version - 1,
        )
        for part in parts
    ]  # fmt: skip


def _moment(day: date, at: time | None) -> datetime | None:
    return datetime.combine(day, at, SHANGHAI) if at else None


def _word(session: StudySession, row: Participation) -> str:
    return "待接受邀请" if row.state == ParticipationState.INVITED else str(session.get_stage_display())


# ------------------------------------------------------------------------------------------------------ deadlines


def _deadlines(user: User, own: dict[int, str], day: date, stamp: datetime) -> list[Entry]:
    """Of his own committees what is due today; of the subtrees he reviews what he was told of and is still open."""
    found = {(one.kind, one.subject): one for one in _due_to(user, own, day)}
    for item in _told_as_reviewer(user):
        found.setdefault((Kind(item.kind), item.subject), item)
    return [_deadline(one, user, own, stamp) for one in found.values()]


def _due_to(user: User, own: dict[int, str], day: date) -> list[due.Due]:
    if not own:
        return []
    world = due.load(day, Committee.objects.filter(pk__in=own))
    found = due.find(world)
    hearers = recipients.hearers(found, world, recipients.load(world))
    mine = {heard.index for heard in hearers if heard.person_id == user.person_id}
    return [found[index] for index in sorted(mine)]


def _told_as_reviewer(user: User) -> Iterable[DueItem]:
    """His subtree may be the whole city: its finders are for the nightly run, not for a telephone every six hours."""
    paths = tuple(hold.path for hold in user.holds if hold.role == Role.REVIEWER)
    if not paths:
        return []
    told = Reminder.objects.filter(person_id=user.person_id, audience=Audience.REVIEWER, item__met_on__isnull=True)
    items = DueItem.objects.filter(pk__in=told.values("item_id")).select_related("committee")
    return [item for item in items if item.committee.path.startswith(paths)]


def _deadline(one: due.Due | DueItem, user: User, own: dict[int, str], stamp: datetime) -> Entry:
    kind = Kind(one.kind)
    whole = kind not in OF_PERSONS or one.person_id == user.person_id
    words = one.what if whole else KINDS[kind].label
    if isinstance(one, DueItem) and one.committee_id not in own:
        words = f"{one.committee}：{words}"
    words = _named(own, one.committee_id, words)
    return Entry(
        uid=f"due-{kind.lower()}-{one.subject.replace(':', '-')}", day=one.due_on, url=one.url, stamp=stamp,
        title=f"【期限】{words}", word="期限", is_deadline=True,
    )  # fmt: skip


# ----------------------------------------------------------------------------------------------------------- .ics


def as_ics(found: Iterable[Entry], *, name: str, absolute: Callable[[str], str]) -> bytes:
    """The calendar as its readers take it (RFC 5545, RFC 7986). The same entries give the same bytes: no clock in it."""
    calendar = Calendar()
    calendar.add("prodid", "-//Zhixing//Study calendar//ZH")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    calendar.add("x-wr-timezone", "Asia/Shanghai")
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", vDuration(REFRESH).to_ical().decode())
    for entry in found:
        calendar.add_component(_event(entry, absolute))
    return calendar.to_ical(sorted=True)


def _event(entry: Entry, absolute: Callable[[str], str]) -> Event:
    """Times in UTC, which every reader knows without a table of zones; no alarm: his own calendar knows how he likes them."""
    event = Event()
    event.add("uid", f"{entry.uid}@zhixing")
    event.add("dtstamp", entry.stamp.astimezone(UTC))
    event.add("last-modified", entry.stamp.astimezone(UTC))
    event.add("sequence", entry.sequence)
    event.add("summary", entry.title)
    if entry.start:
        event.add("dtstart", entry.start.astimezone(UTC))
        if entry.end:
            event.add("dtend", entry.end.astimezone(UTC))
    else:
        event.add("dtstart", entry.day)
        event.add("dtend", entry.day + timedelta(days=1))
    if entry.place:
        event.add("location", entry.place)
    if entry.url:
        event.add("url", absolute(entry.url))
    event.add("description", "\n".join(line for line in (entry.word, entry.url and absolute(entry.url)) if line))
    event.add("status", entry.status)
    event.add("transp", "TRANSPARENT" if entry.is_deadline or entry.status == CANCELLED else "OPAQUE")
    event.add("categories", ["期限" if entry.is_deadline else "学习"])
    return event
