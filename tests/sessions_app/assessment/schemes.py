"""A department with a county and units below it, and schemes made by actions."""

from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from typing import Any

from roster.accounts.models import User
from roster.accounts.roles import Role
from roster.committees.models import Committee, CommitteeLevel
from sessions_app.assessment import scheme_actions as actions
from sessions_app.assessment.models import Scheme
from sessions_app.assessment.specs import example
from tests import build

AT = build.AT
YEAR = 2026
FIRST = date(YEAR, 1, 1)


@dataclass
class Place:
    city: Committee
    county: Committee
    unit: Committee
    reviewer: User
    county_reviewer: User
    secretary: User


def place() -> Place:
    city = build.committee("云州市委")
    county = build.committee("清河县委", parent=city, level=CommitteeLevel.COUNTY)
    unit = build.committee("市发改委党组", parent=city)
    return Place(
        city, county, unit, build.granted(Role.REVIEWER, city), build.granted(Role.REVIEWER, county),
        build.secretary_of(unit),
    )  # fmt: skip


def content(**changed: Any) -> dict[str, Any]:
    """The six indicators, as the editor would send them."""
    return {**deepcopy(example("default")), **changed}


def weights(*values: str) -> dict[str, Any]:
    found = content()
    for row, value in zip(found["indicators"], values, strict=False):
        row["weight"] = value
    return found


def draft(where: Committee, by: User, *, effective_from: date | None = FIRST, **more: Any) -> Scheme:
    given = {"year": YEAR, "content": content(), **more}
    return actions.create(committee=where, effective_from=effective_from, by=by, at=AT, **given)


def published(where: Committee, by: User, **more: Any) -> Scheme:
    row = draft(where, by, **more)
    return actions.publish(row, version=row.version, by=by, at=AT)
