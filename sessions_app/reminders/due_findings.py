"""What falls due about findings: measures the unit owes, rectification near or past its date, what waits for the department.

A finding lies in no period: closing a year does not end what was found in it. Its department is who is asked to review.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from django.db.models import F, Q

from roster.audit.actions import SHANGHAI
from sessions_app.findings.models import UNDER_WAY, Extension, ExtensionStage, Finding, FindingStage, Source
from sessions_app.reminders.rules import Kind
from sessions_app.reminders.world import Due, World, page, short

NUMBERED = ("year", "source", "serial", "text")
SOURCES = dict(Source.choices)


def words(year: int, source: str, serial: int, text: str) -> str:
    """2026-旁听-017 学习形式单一…"""
    return f"{year}-{SOURCES[source]}-{serial:03d} {short(text, 30)}"


def plan_owed(world: World) -> Iterator[Due]:
    """Confirmed by the day, and no measures yet, or sent back."""
    rows = Finding.objects.filter(stage=FindingStage.OPEN, confirmed_on__lte=world.day)
    rows = rows.filter(Q(owner__isnull=True) | ~Q(return_note=""))
    columns = ("pk", "committee_id", "department_id", "confirmed_on", *NUMBERED)
    address = page("finding")
    for pk, committee_id, department, confirmed_on, *named in world.within(rows).order_by("pk").values_list(*columns):
        if committee_id not in world.committees:
            continue
        rules = world.rules[committee_id]
        due_on = world.after(confirmed_on, rules["finding_plan_working_days"])
        if due_on <= world.near_until(rules["near_working_days"]):
            what = f"整改措施待报：{words(*named)}"
            yield Due(
                Kind.FINDING_PLAN_DUE, f"finding-plan:{pk}", committee_id, due_on, what, address(pk),
                department_id=department,
            )  # fmt: skip


def rectification_due(world: World) -> Iterator[Due]:
    """Under way, its date near or past; not while the application waits for the department."""
    later = Q(stage=FindingStage.SUBMITTED, submitted_on__gt=world.day) | Q(
        stage=FindingStage.CLOSED, submitted_on__gt=world.day
    )
    doing = Q(stage__in=[FindingStage.IN_PROGRESS, FindingStage.RETURNED])
    rows = Finding.objects.filter(doing | later, confirmed_on__lte=world.day, due_on__isnull=False)
    columns = ("pk", "committee_id", "department_id", "due_on", "owner_id", *NUMBERED)
    address = page("finding")
    for pk, committee_id, department, due_on, owner_id, *named in (
        world.within(rows).order_by("pk").values_list(*columns)
    ):
        if committee_id not in world.committees:
            continue
        if due_on <= world.near_until(world.rules[committee_id]["near_working_days"]):
            what = f"整改：{words(*named)}"
            yield Due(
                Kind.RECTIFICATION_DUE, f"finding:{pk}", committee_id, due_on, what, address(pk), person_id=owner_id,
                department_id=department,
            )  # fmt: skip


def review_waiting(world: World) -> Iterator[Due]:
    """What waits for the department longer than the local rule allows: to confirm, to close, to answer an extension."""
    yield from _waiting(world, "confirm", FindingStage.RAISED, "found_on", "待确认")
    yield from _waiting(world, "close", FindingStage.SUBMITTED, "submitted_on", "待复核销号")
    asked = Extension.objects.filter(
        stage=ExtensionStage.ASKED, asked_at__lt=world.end, finding__stage__in=UNDER_WAY
    ).annotate(department=F("finding__department_id"))
    columns = ("pk", "finding_id", "department", "asked_at", *(f"finding__{name}" for name in NUMBERED))
    address = page("finding")
    rows = world.within(asked, "finding__department_id").order_by("pk").values_list(*columns)
    for pk, finding, department, asked_at, *named in rows:
        due_on = _since(world, department, asked_at.astimezone(SHANGHAI).date())
        if due_on:
            what = f"延期待答复：{words(*named)}"
            yield Due(Kind.FINDING_REVIEW, f"finding-extension:{pk}", department, due_on, what, address(finding))


def _waiting(world: World, name: str, stage: str, since: str, word: str) -> Iterator[Due]:
    rows = Finding.objects.filter(stage=stage, **{f"{since}__lte": world.day})
    columns = ("pk", "department_id", since, *NUMBERED)
    address = page("finding")
    for pk, department, begun, *named in world.within(rows, "department_id").order_by("pk").values_list(*columns):
        due_on = _since(world, department, begun)
        if due_on:
            what = f"问题{word}：{words(*named)}"
            yield Due(Kind.FINDING_REVIEW, f"finding-{name}:{pk}", department, due_on, what, address(pk))


def _since(world: World, department: int, begun: date) -> date | None:
    """The day the waiting is over, once it is."""
    if department not in world.committees:
        return None
    due_on = world.after(begun, world.rules[department]["approval_wait_working_days"])
    return due_on if due_on <= world.day else None
