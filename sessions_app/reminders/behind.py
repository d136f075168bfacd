"""Who is behind: the open due items of a subtree by tone, by committee or one by one. A fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Case, CharField, Count, DateField, Exists, Min, OuterRef, Q, QuerySet, Value, When
from django.urls import Resolver404, resolve

from roster import outside
from roster.accounts.models import User
from roster.audit.actions import SHANGHAI
from roster.committees.models import Committee
from sessions_app.policies import calendar
from sessions_app.policies.models import PolicyParameter
from sessions_app.policies.rules import KEYS, Tone, WorkingDays, ancestors, left_words, nearest
from sessions_app.reminders.models import Audience, DueItem, Reminder, Round

RULE = "behind_working_days"
LEVELS = ("level_order", "sort_order", "code")
COMMITTEE_ORDER = tuple(f"committee__{field}" for field in LEVELS)
# "-overdue" is what one sees first: the most overdue on top, of these the oldest, of these the official order.
DOWN = tuple(f"-{field}" for field in COMMITTEE_ORDER)
COMMITTEE_SORTS = {
    "overdue": ("overdue", "-oldest", "behind", "near", *DOWN),
    "behind": ("behind", "overdue", *DOWN),
    "near": ("near", "overdue", *DOWN),
    "oldest": ("oldest", "-overdue", *COMMITTEE_ORDER),
    "committee": COMMITTEE_ORDER,
}
ITEM_SORTS = {
    "due": ("due_on", "id"),
    "kind": ("kind", "due_on", "id"),
    "committee": (*COMMITTEE_ORDER, "due_on", "id"),
}
ESCALATED = {"leader": "组长", "reviewer": "宣传部"}  # the periods under which an escalation is kept
CHUNK = 2000
SHOWN = 3  # how many of those who were told are named


@dataclass(frozen=True)
class Asked:
    """What the address asks for; empty is everything. `alone`: `under` itself without those below it."""

    kind: str = ""
    tone: str = ""
    under: Committee | None = None
    alone: bool = False
    text: str = ""


def tops(user: User, permission: str, asked: str = "") -> QuerySet[Any]:
    """What a list may be narrowed to: the tops of one's reach, every committee with others below it, the one asked for."""
    named = [hold.committee_id for hold in user.holds_with(permission)]
    named.append(outside.key(asked))
    below = Exists(Committee.objects.filter(parent_id=OuterRef("pk")))
    return Committee.objects.open_to(user, permission).filter(Q(pk__in=named) | below).in_order()


def rows(user: User, permission: str, asked: Asked, day: date, working: WorkingDays) -> QuerySet[Any]:
    """Open items in the user's reach that fit all of `asked` but its tone, each with its `tone`."""
    found = DueItem.objects.open().open_to(user, permission)
    if asked.kind:
        found = found.filter(kind=asked.kind)
    if asked.under:
        found = (
            found.filter(committee=asked.under)
            if asked.alone
            else found.filter(committee__path__startswith=asked.under.path)
        )
    if asked.text:
        found = found.filter(Q(what__icontains=asked.text) | Q(committee__in=Committee.objects.search(asked.text)))
    tone = Case(
        When(due_on__lt=day, then=Value(Tone.OVERDUE.value)),
        When(due_on__lte=_yellow_until(day, working), then=Value(Tone.BEHIND.value)),
        default=Value(Tone.NEAR.value),
        output_field=CharField(),
    )
    return found.annotate(tone=tone)


def _yellow_until(day: date, working: WorkingDays) -> Case:
    """The last day that counts as 紧迫, by the local rule nearest above each committee."""
    set_values = PolicyParameter.objects.on(day).filter(key=RULE).order_by("since")
    by_committee = {pk: (path, value) for pk, path, value in set_values.values_list("committee_id", "committee__path", "value")}  # fmt: skip
    values = {pk: value for pk, (_, value) in by_committee.items()}
    default = KEYS[RULE].default
    cases = []
    for pk, (path, value) in by_committee.items():
        above = nearest("/".join(str(one) for one in ancestors(path) if one != pk), values)
        if value != (above[1] if above else default):  # what only repeats the rule above needs no case
            cases.append((path, value))
    cases.sort(key=lambda case: -len(case[0]))  # the nearest is the longest

    def last(days: int) -> Value:
        return Value(working.add(day, days + 1) - timedelta(days=1), output_field=DateField())

    return Case(
        *(When(committee__path__startswith=path, then=last(value)) for path, value in cases), default=last(default),
        output_field=DateField(),
    )  # fmt: skip


def figures(found: QuerySet[Any]) -> dict[str, int]:
    """Committees with something overdue, and items by tone; one query."""
    overdue = Q(tone=Tone.OVERDUE.value)
    return found.aggregate(
        committees=Count("committee", distinct=True, filter=overdue), **_counts(),
    )  # fmt: skip


def _counts() -> dict[str, Count]:
    return {tone.value: Count("pk", filter=Q(tone=tone.value)) for tone in Tone}


def overdue_in(scope: Q, day: date) -> tuple[int, int]:
    """How many committees of a scope have something overdue, and how many things; one query."""
    found = DueItem.objects.open().filter(scope, due_on__lt=day)
    counted = found.aggregate(committees=Count("committee", distinct=True), items=Count("pk"))
    return counted["committees"], counted["items"]


def by_committee(found: QuerySet[Any], tone: str) -> QuerySet[Any]:
    """One line a committee with its counts; `tone` keeps those that have one of it, their counts stay whole."""
    names = ("committee_id", "committee__name", "committee__short_name", "committee__path")
    grouped = found.order_by().values(*names, *COMMITTEE_ORDER)
    oldest = Min("due_on", filter=Q(tone=Tone.OVERDUE.value))
    grouped = grouped.annotate(oldest=oldest, total=Count("pk"), **_counts())
    return grouped.filter(**{f"{tone}__gt": 0}) if tone else grouped


def letters_of(committee_ids: Sequence[int]) -> Mapping[int, tuple[int, int]]:
    """{committee: (letters ever sent to it, those that still stand)}; one query. Letters are the room above: by name only."""
    rows = Committee.objects.filter(pk__in=committee_ids, letters__isnull=False).order_by()
    standing = Count("letters", filter=Q(letters__stage="ISSUED"))
    return {pk: (sent, still) for pk, sent, still in rows.annotate(sent=Count("letters"), still=standing).values_list("pk", "sent", "still")}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One item as it is shown and exported. `told`: {who, role, on, when}, each person once, the latest telling."""

    item: DueItem
    tone: str
    left: str
    told: Sequence[Mapping[str, Any]]
    escalated: str

    @property
    def told_shown(self) -> Sequence[Mapping[str, Any]]:
        return self.told[:SHOWN]

    @property
    def told_more(self) -> int:
        return max(len(self.told) - SHOWN, 0)

    @property
    def told_words(self) -> str:
        return "；".join(f"{one['role']}{one['who']} {one['when']}" for one in self.told)


def lines(items: Sequence[DueItem], day: date, working: WorkingDays) -> list[Line]:
    """The items of a page with what was told of them; two queries."""
    ids = [item.pk for item in items]
    told: dict[int, list[dict[str, Any]]] = defaultdict(list)
    latest = Reminder.objects.filter(item__in=ids).select_related("person", "notice")
    for row in latest.order_by("item_id", "person_id", "-id").distinct("item_id", "person_id"):
        on = row.notice.created_at.astimezone(SHANGHAI).date()
        told[row.item_id].append(
            {"who": row.person.name, "role": Audience(row.audience).label, "on": on, "when": f"{on.month}月{on.day}日"}
        )
    raised: dict[int, set[str]] = defaultdict(set)
    for item_id, period in Reminder.objects.filter(item__in=ids, period__in=ESCALATED).values_list("item_id", "period"):
        raised[item_id].add(period)
    left = {due_on: left_words(due_on, day, working) for due_on in {item.due_on for item in items}}
    return [
        Line(
            item, item.tone, left[item.due_on],
            sorted(told[item.pk], key=lambda one: one["on"], reverse=True),
            "、".join(word for period, word in ESCALATED.items() if period in raised[item.pk]),
        )
        for item in items
    ]  # fmt: skip


def in_chunks(found: QuerySet[Any], day: date, working: WorkingDays) -> Iterable[Line]:
    """All lines, for the export: a few at a time."""
    batch: list[DueItem] = []
    for item in found.iterator(CHUNK):
        batch.append(item)
        if len(batch) == CHUNK:
            yield from lines(batch, day, working)
            batch = []
    yield from lines(batch, day, working)


def days_round(day: date) -> WorkingDays:
    """The calendar from two years back, older than any open item, to a year ahead."""
    return calendar.load(day - timedelta(days=800), day + timedelta(days=400))


@dataclass(frozen=True)
class AsOf:
    """When the items were last gone through. `idle`: working days without a run since, today not counted."""

    words: str
    idle: int


def as_of(day: date, working: WorkingDays) -> AsOf:
    """By the newest round and the newest item; two queries over indexes."""
    done: datetime | None = Round.objects.order_by("-done_at").values_list("done_at", flat=True).first()
    found: date | None = DueItem.objects.order_by("-id").values_list("found_on", flat=True).first()
    local = done.astimezone(SHANGHAI) if done else None
    if local and (found is None or found <= local.date()):
        last, words = local.date(), f"截至 {local.month}月{local.day}日 {local:%H:%M} 的清点"
    elif found:
        last, words = found, f"截至 {found.month}月{found.day}日的清点"
    else:
        return AsOf("还没有清点过", 0)
    return AsOf(words, max(working.between(last, day) - 1, 0))


def opens(user: User, url: str) -> bool:
    """Whether the reader's roles come through the door of this page: a secretary's page is no link for the department."""
    try:
        access = getattr(resolve(url.partition("?")[0]).func, "access", ())
    except Resolver404:
        return False
    return access in ("any_login", "public") or any(user.may(one) for one in access)
