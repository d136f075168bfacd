"""Years with ranks: what tests of 约谈 start from."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from roster.accounts.models import User
from roster.accounts.roles import Role
from roster.committees.models import Committee, CommitteeKind
from sessions_app.assessment.candidates import OWN
from sessions_app.assessment.models import (
    Assessment,
    AssessmentSheet,
    AssessmentStage,
    OtherResult,
    Scheme,
    SchemeStage,
)
from tests import build

ON = date(2026, 3, 20)


@dataclass
class Ranked:
    """A city with `units` of 2023 or before, its reviewer and its head."""

    city: Committee
    reviewer: User
    head: User
    units: list[Committee] = field(default_factory=list)


def make(size: int = 10) -> Ranked:
    city = build.committee("云州市委", kind=CommitteeKind.PARTY_COMMITTEE, since=date(2020, 1, 1))
    found = Ranked(city, build.granted(Role.REVIEWER, city), build.granted(Role.HEAD, city))
    found.units = [unit(city, f"第{number}单位") for number in range(1, size + 1)]
    return found


def unit(city: Committee, name: str, *, since: date = date(2020, 1, 1)) -> Committee:
    row = build.committee(name, parent=city, since=since)
    build.leader_of(row)
    return row


def entered(year: int, rows: dict[Committee, int], *, of: int | None = None) -> None:
    """Ranks of a year before the system."""
    for committee, rank in rows.items():
        OtherResult.objects.create(
            committee=committee, year=year, name=OWN, score=Decimal(100 - rank), rank=rank, of=of or len(rows),
            source="年度通报", entered_at=build.AT,
        )  # fmt: skip


def final(
    department: Committee, year: int, rows: dict[Committee, int], *, number: int = 1, stage: str = AssessmentStage.FINAL
) -> Assessment:
    """A final assessment of a year with these ranks."""
    scheme, _ = Scheme.objects.get_or_create(
        committee=department, year=year, edition=1,
        defaults={
            "title": f"{year}年度考核办法", "effective_from": date(year, 1, 1), "stage": SchemeStage.PUBLISHED,
            "published_at": build.AT,
        },
    )  # fmt: skip
    done = stage == AssessmentStage.FINAL
    row = Assessment.objects.create(
        committee=department, scheme=scheme, year=year, number=number, as_of=date(year, 12, 31), stage=stage,
        finalised_at=datetime(year + 1, 1, 20, tzinfo=build.SHANGHAI) if done else None,
        published_on=date(year + 1, 1, 10), objection_until=date(year + 1, 1, 17),
    )  # fmt: skip
    AssessmentSheet.objects.bulk_create(
        AssessmentSheet(assessment=row, committee=committee, rank=rank, total=Decimal(100 - rank))
        for committee, rank in rows.items()
    )
    return row


def straight(units: list[Committee]) -> dict[Committee, int]:
    """The first is first, the last is last."""
    return {committee: number for number, committee in enumerate(units, 1)}
