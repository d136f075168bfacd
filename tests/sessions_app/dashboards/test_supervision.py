"""督导总览: every number opens the list it counts; the parts add up; names only to the department itself."""

import re
from datetime import date
from decimal import Decimal
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from roster.accounts.roles import Role
from sessions_app.facts import supervision
from sessions_app.facts.figures import for_scope
from sessions_app.facts.periods import span
from sessions_app.facts.scope import subtree
from sessions_app.visits.models import (
    ObservationVisit,
    ScoreSheet,
    ScoreStage,
    VisitObserver,
    VisitScore,
)
from tests import build
from tests.sessions_app.facts.world import World

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 20)


@pytest.fixture(autouse=True)
def _clock(settings) -> None:
    settings.CLOCK = build.at(TODAY)


def scored(world: World) -> World:
    """Every visit sat in has one or two observers with their sheets."""
    sheet = ScoreSheet.objects.create(committee=world.root, name="评分表", since=date(2024, 1, 1))
    for number, visit in enumerate(ObservationVisit.objects.sat_in().order_by("pk")):
        for person in world.people[number % 3 : number % 3 + 1 + number % 2]:
            VisitObserver.objects.create(visit=visit, person=person)
            VisitScore.objects.create(
                visit=visit, sheet=sheet, person=person, stage=ScoreStage.SUBMITTED, total=Decimal(80 + number % 7),
                submitted_at=build.AT,
            )  # fmt: skip
    return world


def signed_in(where, role: Role = Role.REVIEWER) -> Client:
    client = Client()
    client.force_login(build.granted(role, where, on=TODAY))
    return client


def test_every_number_opens_the_list_it_counts() -> None:
    world = scored(World(11, sessions=2))
    client = signed_in(world.root, Role.HEAD)
    page = client.get("/dashboard/supervision/?year=2026")
    opened = 0
    for block in page.context["blocks"]:
        assert block.rows
        for row in block.rows:
            for cell in row["cells"]:
                if cell["url"]:
                    assert client.get(cell["url"]).context["total"] == cell["text"], (block.title, row["label"], cell)
                    opened += 1
    for one in page.context["figures"]:
        assert client.get(one["url"]).context["total"] == one["value"]
    assert opened > 40 and "<svg" in page.content.decode()
    assert all(
        "/dashboard/list/" in unescape(url) for url in re.findall(r'xlink:href="([^"]+)"', page.content.decode())
    )


@pytest.mark.parametrize("seed", [11, 4])
def test_the_parts_add_up_to_the_figures(seed: int) -> None:
    world = scored(World(seed, sessions=2))
    for top in (world.root, *world.counties):
        for period in (span(2026), span(2025), span(2026, 2)):
            scope, figures = subtree(top.path), for_scope(top.path, period, today=TODAY)
            found = supervision.funnel(scope, period, TODAY)
            assert found["step_confirmed"] == figures.findings and found["step_closed"] == figures.findings_closed
            stages = {key: number for key, number in found.items() if key.startswith("stage_")}
            assert sum(stages.values()) == figures.findings
            under_way = figures.findings - stages["stage_CLOSED"] - stages["stage_LONG_TERM"]
            assert sum(number for key, number in found.items() if key.startswith("age_")) == under_way
            assert sum(number for key, number in found.items() if key.startswith("late_")) == figures.findings_overdue
            assert sum(row.findings for row in supervision.types(scope, period)) == figures.findings
            assert sum(row.visits for row in supervision.visits_by_department(scope, period)) == figures.visits
            rows = supervision.findings_by_department(scope, period, TODAY)
            assert sum(row.findings for row in rows) == figures.findings
            assert sum(row.overdue for row in rows) == figures.findings_overdue
            assert len(supervision.visits(scope, period)) == figures.visits
            assert sum(row.late for row in supervision.findings(scope, period, TODAY)) == figures.findings_overdue


def test_a_city_sees_numbers_of_a_county_and_no_names() -> None:
    world = scored(World(11, sessions=2))
    county = next(
        one for one in world.counties if ObservationVisit.objects.sat_in().filter(round__committee=one).exists()
    )
    titles = [
        [block.title for block in signed_in(where).get(f"/dashboard/supervision/?year={year}&committee={county.pk}").context["blocks"]]
        for where in (world.root, county) for year in (2025, 2026)
    ]  # fmt: skip
    assert not {"评分（按旁听人）", "旁听覆盖（按旁听组）"} & {*titles[0], *titles[1]}
    assert {"评分（按旁听人）", "旁听覆盖（按旁听组）"} <= {*titles[2], *titles[3]}


def test_query_count_does_not_grow() -> None:
    few, many = scored(World(1, counties=1, townships=1, sessions=1)), World(11, counties=4, townships=3, sessions=1)

    def count(world: World) -> int:
        client = signed_in(world.root)
        client.get("/dashboard/supervision/?year=2026")
        with CaptureQueriesContext(connection) as caught:
            client.get("/dashboard/supervision/?year=2026")
        return len(caught)

    assert abs(count(many) - count(few)) <= 3
