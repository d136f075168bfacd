"""When a bulletin falls due: to be checked once it was handed in, to be received by each committee below once it is out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from django.db.models import OuterRef, Subquery

from roster.audit.actions import SHANGHAI
from roster.audit.models import AuditEvent
from sessions_app.bulletins.models import Bulletin, BulletinReceipt, BulletinStage
from sessions_app.reminders.rules import Kind
from sessions_app.reminders.world import OLDEST, Due, World, page, short

SENT = [BulletinStage.CHECKING, BulletinStage.CHECKED, BulletinStage.ISSUED]


def bulletin_waiting(world: World) -> Iterator[Due]:
    """Handed in by the day and not checked by then, once the longest waiting the local rule allows is over."""
    sent_in = AuditEvent.objects.filter(
        subject_type="bulletin", subject_id=OuterRef("pk"), verb="submit", at__lt=world.end
    )
    rows = Bulletin.objects.filter(stage=BulletinStage.CHECKING) | Bulletin.objects.filter(
        stage__in=SENT, checked_at__gte=world.end
    )
    rows = rows.annotate(sent_at=Subquery(sent_in.order_by("-at").values("at")[:1])).filter(sent_at__isnull=False)
    address = page("bulletin")
    for pk, committee_id, sent_at, title in (
        world.within(rows).order_by("pk").values_list("pk", "committee_id", "sent_at", "title")
    ):
        if committee_id not in world.committees:
            continue
        due_on = world.after(
            sent_at.astimezone(SHANGHAI).date(), world.rules[committee_id]["approval_wait_working_days"]
        )
        if due_on <= world.near_until(world.rules[committee_id]["near_working_days"]):
            what = f"核稿：{short(title, 60)}"
            yield Due(Kind.BULLETIN_WAITING, f"bulletin-waiting:{pk}", committee_id, due_on, what, address(pk))


def bulletin_unreceipted(world: World) -> Iterator[Due]:
    """Issued by the day; of each committee below that did not receive it by then. Those founded later have their whole term."""
    rows = Bulletin.objects.filter(
        stage=BulletinStage.ISSUED, signed_at__lt=world.end, signed_at__gte=world.end - OLDEST
    ).order_by("pk")  # fmt: skip
    issued = list(rows.values_list("pk", "committee_id", "committee__path", "signed_at", "title"))
    if not issued:
        return
    received: dict[int, set[int]] = defaultdict(set)
    receipts = BulletinReceipt.objects.filter(bulletin__in=[pk for pk, *_ in issued], at__lt=world.end)
    for bulletin_id, committee_id in world.within(receipts).values_list("bulletin_id", "committee_id"):
        received[bulletin_id].add(committee_id)
    address = page("bulletin")
    for pk, department_id, path, signed_at, title in issued:
        day = signed_at.astimezone(SHANGHAI).date()
        what, done = f"签收：{short(title, 60)}", received[pk]
        for committee_id, committee in world.committees.items():
            if committee_id in done or committee_id == department_id or not committee.path.startswith(path):
                continue
            rules = world.rules[committee_id]
            due_on = world.after(max(day, committee.since), rules["bulletin_receipt_working_days"])
            if due_on <= world.near_until(rules["near_working_days"]):
                yield Due(
                    Kind.BULLETIN_UNRECEIPTED, f"bulletin:{pk}:{committee_id}", committee_id, due_on, what, address(pk)
                )
