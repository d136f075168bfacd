"""Posting notices: the inbox has them at once; mail and chat get a delivery each, sent by whoever drains the channel."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from roster.audit.actions import Actor, record
from roster.audit.moves import Move, Moves, Refused
from roster.people.models import Person
from sessions_app.jobs.work import moment
from sessions_app.notices.bulk import copy_in
from sessions_app.notices.models import Channel, ChatTarget, Delivery, DeliveryStage, Notice, Preference, Rhythm


@dataclass(frozen=True)
class Draft:
    """A notice to be posted. `person_id` None: to the chat group of `committee_id`, whose words every member may read."""

    rhythm: str
    period: str
    title: str
    person_id: int | None = None
    committee_id: int | None = None
    lead: str = ""
    lines: list[dict[str, Any]] = field(default_factory=list)
    more: int = 0
    url: str = ""


@transaction.atomic
def post(drafts: Sequence[Draft], *, at: datetime) -> list[Notice | None]:
    """Each draft's notice, in their order; None where that person, rhythm and period were told already.

    Queries do not grow with the number of drafts. The caller serialises rounds (advisory lock).
    """
    told = _told(drafts)
    fresh: list[Notice | None] = []
    for draft in drafts:
        key = (draft.person_id, draft.committee_id if draft.person_id is None else None, draft.rhythm, draft.period)
        if key in told:
            fresh.append(None)
            continue
        if draft.rhythm not in ("URGENT", "LETTER"):
            told.add(key)
        fresh.append(
            Notice(
                person_id=draft.person_id, committee_id=draft.committee_id, rhythm=draft.rhythm, period=draft.period,
                title=draft.title, lead=draft.lead, lines=draft.lines, more=draft.more, url=draft.url, created_at=at,
            )
        )  # fmt: skip
    notices = copy_in([notice for notice in fresh if notice])
    copy_in(_deliveries(notices))
    return fresh


def own_account(person_id: int, title: str, lead: str, at: datetime) -> None:
    """What happened to somebody's own account: told at once, as often as it happens."""
    period = f"{at:%Y-%m-%d}"
    draft = Draft(Rhythm.URGENT, period, title, person_id=person_id, lead=lead, url="/account/profile/")
    post([draft], at=at)


def _told(drafts: Sequence[Draft]) -> set[tuple[int | None, int | None, str, str]]:
    rounds = {(draft.rhythm, draft.period) for draft in drafts if draft.rhythm not in ("URGENT", "LETTER")}
    found: set[tuple[int | None, int | None, str, str]] = set()
    for rhythm, period in rounds:
        rows = Notice.objects.filter(rhythm=rhythm, period=period).values_list("person_id", "committee_id")
        found |= {(person, None if person else committee, rhythm, period) for person, committee in rows}
    return found


def _deliveries(notices: Sequence[Notice]) -> list[Delivery]:
    now = moment()  # the machines' clock: retries are their matter
    made = []
    if settings.MAIL_HOST:
        ids = {notice.person_id for notice in notices if notice.person_id}
        silent = set(Preference.objects.filter(by_mail=False).values_list("person_id", flat=True))
        people = Person.objects.filter(pk__in=ids - silent).exclude(email="")
        mail = dict(people.values_list("pk", "email"))
        made += [
            Delivery(notice=notice, channel=Channel.MAIL, address=mail[notice.person_id], next_try_at=now)
            for notice in notices
            if notice.person_id in mail
        ]
    groups = {notice.committee_id for notice in notices if notice.person_id is None}
    chats = dict(ChatTarget.objects.filter(committee_id__in=groups, is_active=True).values_list("committee_id", "pk"))
    made += [
        Delivery(notice=notice, channel=Channel.CHAT, address=str(chats[notice.committee_id]), next_try_at=now)
        for notice in notices
        if notice.person_id is None and notice.committee_id in chats
    ]
    return made


MOVES = Moves(
    thing="这次发送",
    labels=dict(DeliveryStage.choices),
    moves=[Move("resend", "重发", (DeliveryStage.FAILED,), DeliveryStage.WAITING)],
)


@transaction.atomic
def resend(delivery: Delivery, *, by: Actor, at: datetime) -> Delivery:
    """Send once more what failed, to the address of today. One that may have arrived stays marked as possibly double."""
    row = Delivery.objects.select_for_update(of=("self",)).select_related("notice__person").get(pk=delivery.pk)
    before, row.stage = row.stage, MOVES.target(row.stage, "resend")
    row.address = _address_now(row)
    row.attempts, row.claim, row.error, row.next_try_at = 0, "", "", moment()
    row.save(update_fields=["stage", "address", "attempts", "claim", "error", "next_try_at"])
    record(
        row, verb="resend", before=before, after=row.stage, by=by, at=at, chain=row.notice.committee_id,
        data={"channel": row.channel, "uncertain": row.uncertain},
    )  # fmt: skip
    return row


def resend_many(deliveries: Sequence[Delivery], *, by: Actor, at: datetime) -> tuple[int, Counter[str]]:
    """Each by itself: how many were put back, and how often each reason stood against it."""
    done, refused = 0, Counter[str]()
    for delivery in deliveries:
        try:
            resend(delivery, by=by, at=at)
        except Refused as refusal:
            refused.update(refusal.reasons)
        else:
            done += 1
    return done, refused


def _address_now(row: Delivery) -> str:
    if row.channel == Channel.CHAT:
        robot = ChatTarget.objects.filter(committee_id=row.notice.committee_id, is_active=True).first()
        if robot is None:
            raise Refused("这个委员会的工作群没有设置或已停用，请先在“工作群”里启用。")
        return str(robot.pk)
    if row.notice.person is None or not row.notice.person.email:
        raise Refused("收件人没有邮箱，请先在人员页填写。")
    return row.notice.person.email
