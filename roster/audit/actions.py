"""Writing the record: called by every action, in its transaction. If the record fails, the action fails."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from django.db import IntegrityError, connection, models, transaction

from roster.audit.models import AuditEvent
from roster.audit.moves import Refused
from roster.audit.rules import GENESIS, event_hash

SHANGHAI = ZoneInfo("Asia/Shanghai")
KEEP_HEADS = "keep_heads"  # the verb of the rows that keep the heads of all chains


class Actor(Protocol):
    """Whoever acts: a User prepared by the middleware, or the system itself."""

    pk: Any
    person_id: Any
    display_name: str
    address: str | None
    request_id: str

    def label_for(self, committee_id: int) -> str: ...

    def stands_above(self, path: str) -> bool: ...


@dataclass(frozen=True)
class SystemActor:
    """The machine itself, named (定时任务, 导入, 演示装载): no account, no role."""

    display_name: str
    pk: None = None
    address: str | None = None
    request_id: str = ""
    person_id: None = None

    def label_for(self, committee_id: int) -> str:
        return "系统"

    def stands_above(self, path: str) -> bool:
        """What the machine brings (installation, demo, a command) is given from above."""
        return True


@dataclass
class Entry:
    """One event to be written. `chain` is the committee's id, 0 for what belongs to none."""

    subject: models.Model
    verb: str
    at: datetime
    before: str = ""
    after: str = ""
    reason: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    chain: int = 0


def record(
    subject: models.Model, *, verb: str, by: Actor, at: datetime, before: str = "", after: str = "",
    reason: str = "", data: Mapping[str, Any] | None = None, chain: int | None = None,
) -> AuditEvent:  # fmt: skip
    """Write one event about `subject`. Its chain is the subject's `committee_id` unless given."""
    if chain is None:
        chain = getattr(subject, "committee_id", None) or 0
    entry = Entry(subject, verb, at, before, after, reason, data or {}, chain)
    return record_many([entry], by=by)[0]


@transaction.atomic
def record_many(entries: Iterable[Entry], *, by: Actor) -> list[AuditEvent]:
    """Write events in the order given, in one query a chain for the heads and one insert for all."""
    wanted = list(entries)
    heads: dict[int, tuple[int, str]] = {}
    for chain in sorted({entry.chain for entry in wanted}):
        with connection.cursor() as cursor:
            # One writer a chain at a time, released with the transaction.
            cursor.execute("SELECT pg_advisory_xact_lock(727001, %s)", [chain % 2**31])
        last = AuditEvent.objects.filter(chain=chain).order_by("-seq").values_list("seq", "hash").first()
        heads[chain] = last or (0, GENESIS)
    rows = []
    for entry in wanted:
        seq, previous = heads[entry.chain]
        row = AuditEvent(
            chain=entry.chain, seq=seq + 1, at=entry.at.astimezone(SHANGHAI), actor_id=by.pk,
            actor_name=by.display_name, actor_role=by.label_for(entry.chain), address=by.address, request_id=by.request_id,
            verb=entry.verb, subject_type=entry.subject._meta.model_name, subject_id=entry.subject.pk,
            subject_label=str(entry.subject)[:200], before=entry.before, after=entry.after, reason=entry.reason,
            data=dict(entry.data), previous_hash=previous,
        )  # fmt: skip
        row.hash = event_hash(previous, row.content())
        heads[entry.chain] = (row.seq, row.hash)
        rows.append(row)
    return AuditEvent.objects.bulk_create(rows, batch_size=2000)


@transaction.atomic
def keep_heads(*, by: Actor, at: datetime) -> int:
    """Write into chain 0 how far every chain reaches that went on since they were last kept; once a day.

    A chain that is deleted whole, or whose tail is cut, is missed by `audit_verify` from then on. Returns how many
    chains were written down.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(727001, 0)")
    kept = AuditEvent.objects.filter(chain=0, verb=KEEP_HEADS).order_by("-seq").first()
    if kept and kept.at.astimezone(SHANGHAI).date() >= at.astimezone(SHANGHAI).date():
        return 0
    since = kept.pk if kept else 0
    last = AuditEvent.objects.filter(pk__gt=since).order_by("chain", "-seq").distinct("chain")
    heads = [[row.chain, row.seq, row.hash] for row in last]
    newest = AuditEvent.objects.order_by("-pk").first()
    if not heads or newest is None:
        return 0
    record(newest, verb=KEEP_HEADS, by=by, at=at, data={"heads": heads}, chain=0)
    return len(heads)


@contextmanager
def saying(sentences: Mapping[str, str]) -> Iterator[None]:
    """Inside, a broken database constraint named in `sentences` becomes a Refused with its sentence.

    The words come from a query made before; this is for the second of two who save in the same moment.
    """
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        for name, sentence in sentences.items():
            if name in str(error):
                raise Refused(sentence) from error
        raise


def changes(row: models.Model, wanted: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Set `wanted` on `row`; what really changed as {field: [before, after]}, ready for an event's `data`."""
    changed: dict[str, list[Any]] = {}
    for name, value in wanted.items():
        old = getattr(row, name)
        if old != value:
            setattr(row, name, value)
            changed[name] = [old if _plain(old) else str(old), value if _plain(value) else str(value)]
    return changed


def _plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | bool)
