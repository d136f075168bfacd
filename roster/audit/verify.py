"""Walks the chains of the record and names the first broken link of each."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from roster.audit.actions import KEEP_HEADS, SHANGHAI
from roster.audit.models import AuditEvent
from roster.audit.rules import GENESIS, event_hash


@dataclass(frozen=True)
class Broken:
    """The first link of a chain that does not hold; `event_id` is None when rows are missing before `seq`."""

    chain: int
    seq: int
    event_id: int | None
    reason: str


@dataclass(frozen=True)
class Head:
    """How far a chain reaches: kept outside the house, it shows a tail that was cut off."""

    chain: int
    seq: int
    hash: str


def own_hash(event: AuditEvent) -> str:
    """What the hash should be, from the row itself; times are said as they were when it was written."""
    event.at = event.at.astimezone(SHANGHAI)
    return event_hash(event.previous_hash, event.content())


def kept_heads() -> dict[int, Head]:
    """The last head of each chain that the record itself keeps, day by day, in chain 0."""
    heads: dict[int, Head] = {}
    rows = AuditEvent.objects.filter(chain=0, verb=KEEP_HEADS).order_by("seq").values_list("data", flat=True)
    for data in rows.iterator(chunk_size=100):
        for chain, seq, digest in data["heads"]:
            heads[chain] = Head(chain, seq, digest)
    return heads


def missing(known: Iterable[Head]) -> list[Broken]:
    """What was there when `known` was written and is not there now: a chain, a tail, a row of another content."""
    found = []
    for head in known:
        row = AuditEvent.objects.filter(chain=head.chain, seq=head.seq).values_list("pk", "hash").first()
        if row is None:
            found.append(Broken(head.chain, head.seq, None, _cut(head)))
        elif row[1] != head.hash:
            found.append(Broken(head.chain, head.seq, row[0], "与留存的链尾不符，本条或之前的记录被换过"))
    return found


def _cut(head: Head) -> str:
    last = AuditEvent.objects.filter(chain=head.chain).order_by("-seq").values_list("seq", flat=True).first()
    if last is None:
        return f"整条链不见了，留存的链尾是第 {head.seq} 条"
    return f"链尾被截去：留存到第 {head.seq} 条，现在只到第 {last} 条"


def walk() -> Iterator[Broken | Head]:
    """One Broken or one Head a chain, in the order of chains; memory stays flat however long the record is."""
    chain: int | None = None
    seq, previous, broken = 0, GENESIS, False
    for event in AuditEvent.objects.in_order().iterator(chunk_size=2000):
        if event.chain != chain:
            if chain is not None and not broken:
                yield Head(chain, seq, previous)
            chain, seq, previous, broken = event.chain, 0, GENESIS, False
        if broken:
            continue
        fault = _fault(event, seq, previous)
        if fault:
            broken = True
            yield fault
        seq, previous = event.seq, event.hash
    if chain is not None and not broken:
        yield Head(chain, seq, previous)


def _fault(event: AuditEvent, seq: int, previous: str) -> Broken | None:
    if event.seq != seq + 1:
        return Broken(event.chain, seq + 1, None, f"第 {seq + 1} 条到第 {event.seq - 1} 条缺失")
    if event.previous_hash != previous:
        return Broken(event.chain, event.seq, event.pk, "与上一条的散列接不上，上一条或本条被改过")
    if own_hash(event) != event.hash:
        return Broken(event.chain, event.seq, event.pk, "内容与散列不符，本条被改过")
    return None
