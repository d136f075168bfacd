"""学习清单, 问题清单, 整改清单: the rows the figures count, in scope and period, with words only where they are open."""

import io
from datetime import date

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from roster.accounts.roles import Role
from roster.audit.models import AuditEvent
from sessions_app.facts.figures import for_committee, for_scope
from sessions_app.facts.periods import span
from sessions_app.findings.models import Finding
from tests import build
from tests.sessions_app.facts.world import World
from tests.sessions_app.findings import found

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 20)
NAMES = ("learning", "findings", "rectification")


@pytest.fixture(autouse=True)
def _clock(settings) -> None:
    settings.CLOCK = build.at(TODAY)


def signed_in(where, role: Role = Role.REVIEWER) -> Client:
    client = Client()
    client.force_login(build.granted(role, where, on=TODAY))
    return client


def test_the_three_lists_have_the_numbers_of_the_figures() -> None:
    world = World(11, sessions=2)
    client = signed_in(world.root)
    for query, period in (("year=2026", span(2026)), ("year=2026&quarter=2", span(2026, 2)), ("year=2025", span(2025))):
        for committee in (world.root, world.counties[0]):
            for own in ("", "&only=1"):
                if own:
                    figures = for_committee(committee.pk, period, today=TODAY)
                else:
                    figures = for_scope(committee.path, period, today=TODAY)
                expected = {
                    "learning": figures.planned_items,
                    "findings": figures.findings,
                    "rectification": figures.findings,
                }
                for name in NAMES:
                    page = client.get(f"/lists/{name}/?{query}&committee={committee.pk}{own}")
                    assert page.context["page_obj"].paginator.count == expected[name], (name, query, committee, own)
                    shown = [one["value"] for one in page.context["figures"]]
                    if name == "learning":
                        assert shown[:2] == [figures.planned_items, figures.completed_items]
                    else:
                        assert shown == [figures.findings, figures.findings_closed, figures.findings_overdue]


def test_every_number_on_them_opens_its_list() -> None:
    world = World(11, sessions=2)
    client = signed_in(world.root, Role.HEAD)
    for name in NAMES:
        for one in client.get(f"/lists/{name}/?year=2026").context["figures"]:
            assert client.get(one["url"]).context["page_obj"].paginator.count == one["value"]


def test_words_of_a_county_stay_with_the_county() -> None:
    city = build.committee("云州市委")
    county = build.committee("清河县委", parent=city)
    at = found.place(county)
    found.at_stage(at, "SUBMITTED", text="县里自己督办的事")
    for name in NAMES[1:]:
        top = signed_in(city).get(f"/lists/{name}/?year=2026")
        assert top.context["page_obj"].paginator.count == 1
        words = top.content.decode()
        assert (
            "由清河县委督办，内容不在此列" in words and "县里自己督办的事" not in words and at.owner.name not in words
        )
        assert f"/findings/?below={county.pk}" in words
        client = Client()
        for user in (at.reviewer, at.secretary):
            client.force_login(user)
            assert "县里自己督办的事" in client.get(f"/lists/{name}/?year=2026").content.decode()
    page = client.get(f"/lists/rectification/?year=2026&committee={at.unit.pk}").content.decode()
    assert "改为专题研讨" in page and "4月研讨记录" in page and at.owner.name in page and "印发整改通知" not in page
    client.force_login(at.reviewer)
    page = client.get(f"/lists/rectification/?year=2026&committee={at.unit.pk}&only=1").content.decode()
    assert "印发整改通知" in page


def test_the_workbook_has_every_row_and_is_recorded() -> None:
    world = World(13, sessions=2)
    client = signed_in(world.root)
    for name, title in zip(NAMES, ("学习清单", "问题清单", "整改清单"), strict=True):
        answer = client.get(f"/lists/{name}/?year=2026&format=xlsx")
        sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
        total = client.get(f"/lists/{name}/?year=2026").context["page_obj"].paginator.count
        assert sheet["A1"].value == title and sheet.max_row == 4 + total and total > 5
    assert AuditEvent.objects.filter(verb="export").count() == 3


def test_query_counts_do_not_grow() -> None:
    few, many = World(1, counties=0, townships=0, sessions=1), World(2, counties=3, townships=3, sessions=1)
    assert Finding.objects.filter(committee__path__startswith=many.root.path).count() > 20

    def counts(world: World) -> list[int]:
        client = signed_in(world.root)
        client.get("/lists/findings/?year=2026")
        numbers = []
        for name in NAMES:
            with CaptureQueriesContext(connection) as caught:
                client.get(f"/lists/{name}/?year=2026&per=100")
            numbers.append(len(caught))
        return numbers

    small, large = counts(few), counts(many)
    assert all(more <= less + 3 for less, more in zip(small, large, strict=True)), (small, large)
    assert max(large) < 40
