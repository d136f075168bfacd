"""What every action on a finding stands on: its lock, its event, the persons of its committee on a day."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from roster.audit.actions import SHANGHAI, Actor, record
from roster.people.models import Membership, Person, StudySecretary
from sessions_app.findings.models import Finding


def day_of(at: datetime) -> date:
    return at.astimezone(SHANGHAI).date()


def lock(finding: Finding, version: int | None = None) -> Finding:
    row: Finding = Finding.objects.lock(finding.pk, version)
    return row


def tell(
    row: Finding, verb: str, *, by: Actor, at: datetime, before: str | None = None, reason: str = "",
    data: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """One event of a finding. Every one names the stage before and after, so that the record alone tells it."""
    record(
        row,
        verb=verb,
        before=row.stage if before is None else before,
        after=row.stage,
        reason=reason,
        by=by,
        at=at,
        data=data,
    )


def members_on(committee_id: int, day: date) -> set[int]:
    """Persons of the study group on the day."""
    return set(Membership.objects.on(day).filter(committee_id=committee_id).values_list("person_id", flat=True))


def people_on(committee_id: int, day: date) -> set[int]:
    """Members and secretaries of the day: who may be the one person responsible."""
    secretaries = StudySecretary.objects.on(day).filter(committee_id=committee_id).values_list("person_id", flat=True)
    return members_on(committee_id, day) | set(secretaries)


def choices_on(committee_id: int, day: date) -> list[Person]:
    """Members in rank order, then secretaries, each once."""
    members = (
        Membership.objects.on(day).filter(committee_id=committee_id).order_by("rank", "id").select_related("person")
    )
    rows = StudySecretary.objects.on(day).filter(committee_id=committee_id).order_by("id").select_related("person")
    return list(dict.fromkeys([*(row.person for row in members), *(row.person for row in rows)]))
