"""The run: what is due is kept as rows, and everybody is told once. It posts notices; mail and chat are sent by others."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db import connection, transaction
from django.db.models import Q

from roster.audit.actions import SHANGHAI, Actor, record
from sessions_app.notices.actions import post
from sessions_app.notices.bulk import copy_in
from sessions_app.notices.models import ChatTarget, Notice, Preference, Rhythm
from sessions_app.reminders import consequences, drafts, due, recipients, rounds
from sessions_app.reminders.drafts import Telling
from sessions_app.reminders.models import Audience, DueItem, Reminder, Round
from sessions_app.reminders.recipients import Heard
from sessions_app.reminders.rules import KINDS, Period
from sessions_app.reminders.world import Due, World

RUN_LOCK = 727_011  # beside jobs.work.RECONCILER_LOCK
CHOSEN = (Rhythm.MONTHLY, Rhythm.WEEKLY, Rhythm.DAILY)


@dataclass
class Told:
    """What a run did. `found` things are due (`by_kind`), `skipped` of them nobody was reminded of now; `sent` notices posted
    (`by_rhythm`, `notices`: their ids).

    `busy`: another run was under way, nothing was done.
    """

    found: int = 0
    sent: int = 0
    skipped: int = 0
    by_kind: dict[str, int] = field(default_factory=dict)
    by_rhythm: dict[str, int] = field(default_factory=dict)
    notices: list[int] = field(default_factory=list)
    busy: bool = False


@transaction.atomic
def send_due(*, at: datetime, by: Actor) -> Told:
    """Find what is due on the day of `at`, tell whoever was not told yet. Two at once: the second finds the first busy."""
    if not _alone():
        return Told(busy=True)
    world = due.load(at.astimezone(SHANGHAI).date())
    return run(due.find(world), world, at=at, by=by)


def _alone() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [RUN_LOCK])
        return bool(cursor.fetchone()[0])


@transaction.atomic
def run(found: Sequence[Due], world: World, *, at: datetime, by: Actor) -> Told:
    """The run over what was found; the caller holds the lock. The number of queries does not grow with committees."""
    dues = list({(one.kind, one.subject): one for one in found}.values())
    items = sync(dues, on=world.day)
    roles = recipients.load(world)
    hall = drafts.Hall(world, dues, items, roles, list(recipients.hearers(dues, world, roles)))
    opened = rounds.to_do(world)
    tellings = [telling for rhythm, period in opened.items() for telling in _round(rhythm, period, hall)]
    tellings += _urgent(hall, tellings)
    notices = post([telling.draft for telling in tellings], at=at)
    _remember(tellings, notices, items)
    sent = Counter(notice.rhythm for notice in notices if notice is not None)
    for rhythm, period in opened.items():
        row = Round.objects.create(
            rhythm=rhythm, period=period.key, opened_on=period.opens_on, done_at=at, notices=sent[rhythm]
        )
        record(row, verb="remind", by=by, at=at, chain=0, data={"notices": sent[rhythm]})
    consequences.ran(at)
    told = {index for telling in tellings for index, _, _ in telling.reminders}
    return Told(
        found=len(dues), sent=sum(sent.values()), skipped=len(dues) - len(told),
        by_kind=dict(sorted(Counter(one.kind.value for one in dues).items())), by_rhythm=dict(sorted(sent.items())),
        notices=[notice.pk for notice in notices if notice is not None],
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------------- rows

UPDATE = """
UPDATE sessions_app_dueitem AS item SET due_on = fresh.due_on, what = fresh.what, url = fresh.url, person_id = fresh.person_id
FROM unnest(%s::bigint[], %s::date[], %s::text[], %s::text[], %s::bigint[]) AS fresh (id, due_on, what, url, person_id)
WHERE item.id = fresh.id
"""
MET = "UPDATE sessions_app_dueitem SET met_on = greatest(found_on, %s) WHERE id = ANY(%s)"
KEPT = ("due_on", "what", "url", "person_id")
WIDTH = 200


@transaction.atomic
def sync(dues: Sequence[Due], *, on: date) -> list[int]:
    """Bring the open rows in line with what is due; their ids in the order of `dues`, no two of one kind and subject.

    No event a row: the row itself says from when to when.
    """
    rows = DueItem.objects.open().order_by().values_list("kind", "subject", "pk", *KEPT)
    stands = {(kind, subject): (pk, tuple(kept)) for kind, subject, pk, *kept in rows}
    ids: dict[tuple[str, str], int] = {}
    changed: list[tuple] = []
    fresh: list[DueItem] = []
    for one in dues:
        key = (one.kind.value, one.subject)
        kept = (one.due_on, one.what[:WIDTH], one.url[:WIDTH], one.person_id)
        if key not in stands:
            fresh.append(
                DueItem(
                    kind=one.kind.value, subject=one.subject, committee_id=one.committee_id, found_on=on,
                    **dict(zip(KEPT, kept, strict=True)),
                )
            )  # fmt: skip
            continue
        ids[key], before = stands[key]
        if before != kept:
            changed.append((ids[key], *kept))
    for row in copy_in(fresh):
        ids[(row.kind, row.subject)] = row.pk
    met = [pk for key, (pk, _) in stands.items() if key not in ids]
    with connection.cursor() as cursor:
        if changed:
            cursor.execute(UPDATE, [list(column) for column in zip(*changed, strict=True)])
        if met:
            cursor.execute(MET, [on, met])
    return [ids[(one.kind.value, one.subject)] for one in dues]


def _remember(tellings: Sequence[Telling], notices: Sequence[Notice | None], items: Sequence[int]) -> None:
    rows = [
        Reminder(person_id=telling.draft.person_id, item_id=items[index], period=period, audience=audience, notice=notice)
        for telling, notice in zip(tellings, notices, strict=True)
        if notice is not None
        for index, period, audience in telling.reminders
    ]  # fmt: skip
    copy_in(rows)


# ----------------------------------------------------------------------------------------------------- rounds


def _round(rhythm: Rhythm, period: Period, hall: drafts.Hall) -> list[Telling]:
    """Everybody's notice of one round, and the chat groups'."""
    match rhythm:
        case Rhythm.QUARTERLY:
            return drafts.quarter(hall, rounds.load_quarter(hall.world), period, chats=_chats(hall))
        case Rhythm.YEAR_OPEN:
            return drafts.year_open(hall, rounds.load_year(hall.world, int(period.key)), period)
        case Rhythm.YEAR_CLOSE:
            year = int(period.key)
            materials = rounds.load_year(hall.world, year, hall.dues)
            return drafts.year_close(hall, materials, period, rounds.closes_on(hall.world, year))
        case _:
            chats = _chats(hall) if rhythm == Rhythm.MONTHLY else []
            return drafts.digest(hall, rhythm, period, _rhythms(), chats=chats)


def _rhythms() -> dict[int, str]:
    """Who chose another rhythm than the monthly one."""
    rows = Preference.objects.exclude(rhythm=Rhythm.MONTHLY)
    return dict(rows.values_list("person_id", "rhythm"))


def _chats(hall: drafts.Hall) -> list[int]:
    """The committees whose group is told."""
    active = ChatTarget.objects.filter(is_active=True).order_by("committee_id").values_list("committee_id", flat=True)
    return [committee_id for committee_id in active if committee_id in hall.world.committees]


# ----------------------------------------------------------------------------------------------------- urgent


def at_once(heard: Heard, one: Due) -> str:
    """The period under which a person is told at once: again when `tell` is new; empty when it can wait for the digest."""
    if heard.escalated:
        return "leader" if heard.audience == Audience.LEADER else "reviewer"
    return f"now:{one.tell or one.due_on.isoformat()}" if KINDS[one.kind].urgent else ""


def _urgent(hall: drafts.Hall, tellings: Sequence[Telling]) -> list[Telling]:
    """One notice a person of what cannot wait and was not told; what a digest of this run tells is told by it."""
    asked = [(heard, period) for heard in hall.heard if (period := at_once(heard, hall.dues[heard.index]))]
    if not asked:
        return []
    digests = {(t.draft.person_id, index): t for t in tellings for index, _, _ in t.reminders}
    urgent_ones = Q(period__startswith="now:") | Q(period__in=["leader", "reviewer"])
    rows = Reminder.objects.filter(urgent_ones, item__met_on__isnull=True)
    told = set(rows.values_list("person_id", "item_id", "period"))
    fresh: dict[int, list[tuple[Heard, str]]] = defaultdict(list)
    for heard, period in asked:
        if (heard.person_id, hall.items[heard.index], period) in told:
            continue
        if (digest := digests.get((heard.person_id, heard.index))) is not None:
            digest.reminders.append((heard.index, period, heard.audience))
        else:
            fresh[heard.person_id].append((heard, period))
    return [drafts.urgent(hall, person_id, rows) for person_id, rows in sorted(fresh.items())]
