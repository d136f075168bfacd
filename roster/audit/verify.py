"""Walks the chains of the record and names the first broken link of each."""

from collections.abc import Iterator
from dataclasses import dataclass

from roster.audit.actions import SHANGHAI
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
