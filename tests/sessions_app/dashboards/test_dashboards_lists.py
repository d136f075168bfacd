"""Every number opens the list it counts, and the list counts the same."""

import re
from datetime import date
from decimal import Decimal
from fractions import Fraction
from html import unescape
from io import BytesIO

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from roster.accounts.roles import Role
from roster.audit.models import AuditEvent
from sessions_app.dashboards.exceptions import KINDS, exception_listing, exceptions, situation
from sessions_app.facts.drill import MAKERS, Narrow, listing
from sessions_app.facts.figures import KEYS, MODES, for_scope
from sessions_app.facts.figures import KINDS as OUTCOME_KINDS
from sessions_app.facts.periods import Span, span
from sessions_app.facts.rules import plain
from sessions_app.facts.scope import subtree
from tests import build
from tests.sessions_app.facts.world import World

pytestmark = pytest.mark.django_db
TODAY = date(2026, 12, 31)
ALL = Narrow()
SPANS = [span(2026), span(2025), span(2026, 2), span(2026, month=5)]


def counted_by(key: str, path: str, period: Span, narrow: Narrow = ALL) -> object:
    """The list's own sum: its rows, one by one."""
    found = listing(key, subtree(path), period, narrow)
    order = next(iter(found.orders), "")
    rows = list(found.rows.order_by(*found.orders[order])) if order else list(found.rows)
    lines = [found.line(row) for row in rows]
    assert len({row.pk for row in rows}) == len(rows)
    if key.endswith("_rate"):
        return found.total()
    if found.weighted:
        by_row = sum((Fraction(line.amount) for line in lines), Fraction(0))
        total = found.total()
        assert abs(float(total) - float(by_row)) < 0.01
        return total
    assert found.total() == len(lines)
    return len(lines)


@pytest.mark.parametrize("seed", range(2))
def test_every_key_equals_its_list(seed: int) -> None:
    world = World(seed)
    for period in SPANS:
        for top in (world.root, world.counties[0]):
            figures = for_scope(top.path, period)
            for key in KEYS:
                value = getattr(figures, key)
                if not isinstance(value, dict):
                    assert counted_by(key, top.path, period) == value, key
            for mode, label in MODES.items():
                got = counted_by("sessions_by_mode", top.path, period, Narrow(mode=mode))
                assert got == figures.sessions_by_mode[label]
            for category, number in figures.sessions_by_category.items():
                narrow = Narrow(category=int(category))
                assert counted_by("sessions_by_category", top.path, period, narrow) == number
            for kind, label in OUTCOME_KINDS.items():
                got = counted_by("outcomes_by_kind", top.path, period, Narrow(kind=kind))
                assert got == figures.outcomes_by_kind[label]
    for month, number in for_scope(world.root.path, span(2026)).sessions_by_month.items():
        assert counted_by("sessions_by_month", world.root.path, span(2026, month=int(month))) == number
    assert set(MAKERS) == set(KEYS)


def signed_in(where, role: Role = Role.REVIEWER) -> Client:
    user = build.granted(role, where, on=TODAY)
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def world(settings) -> World:
    settings.CLOCK = build.at(TODAY)
    return World(11)


def urls_of(html: str) -> set[str]:
    return {unescape(url) for url in re.findall(r'href="([^"]*/dashboard/list/[^"]*)"', html)}


def test_every_number_of_the_overview_opens_its_list(world: World) -> None:
    client = signed_in(world.root)
    page = client.get("/dashboard/?year=2026")
    assert page.status_code == 200
    urls = {url for url in urls_of(page.content.decode()) if "only=1" not in url}
    assert len(urls) > 60
    for url in sorted(urls):
        answer = client.get(url)
        assert answer.status_code == 200, url
        found = answer.context["found"]
        if not found.key.endswith("_rate") and not found.weighted:
            assert answer.context["page_obj"].paginator.count == answer.context["total"], url


def test_the_exceptions_count_their_lists(world: World) -> None:
    seen = set()
    for today in (date(2026, 5, 20), TODAY, date(2027, 2, 1)):
        for period in (span(2026), span(2026, 2), span(2025)):
            at = situation(subtree(world.root.path), world.root, period, today)
            for one in exceptions(at):
                found = exception_listing(one.key, at)
                rows = found.rows.order_by(*next(iter(found.orders.values())))
                assert len([found.line(row) for row in rows]) == one.count == found.total()
                assert str(one.count) in one.sentence
                seen.add(one.key)
    assert seen >= set(KINDS) - {"plan_late"}


def test_heat_cells_are_the_months_figures(world: World) -> None:
    client = signed_in(world.root)
    heat = client.get("/dashboard/?year=2026").context["heat"]
    for row in heat:
        assert row["total"] == sum(
            client.get(cell["url"]).context["page_obj"].paginator.count for cell in row["cells"]
        )  # fmt: skip


def test_scope_is_the_permission(world: World) -> None:
    county, other = world.counties
    client = signed_in(county)
    assert client.get("/dashboard/").context["place"].committee == county
    for path in ("/dashboard/", "/dashboard/committees/", "/dashboard/list/?key=sessions"):
        join = "&" if "?" in path else "?"
        assert client.get(f"{path}{join}committee={other.pk}").status_code == 404
        assert client.get(f"{path}{join}committee={world.root.pk}").status_code == 404
        assert client.get(f"{path}{join}committee=x").status_code == 404
        assert client.get(f"{path}{join}committee={county.pk}").status_code == 200
    assert client.get("/dashboard/list/?key=nonsense").status_code == 404


def test_a_secretary_opens_lists_of_the_own_committee_only(world: World) -> None:
    county = world.counties[0]
    secretary = build.secretary_of(county, on=TODAY)
    client = Client()
    client.force_login(secretary)
    assert client.get("/dashboard/").status_code == 404
    answer = client.get(f"/dashboard/list/?key=committee_sessions&year=2026&committee={county.pk}")
    assert answer.status_code == 200
    assert {line.committee for line in answer.context["lines"]} <= {str(county)}
    assert client.get(f"/dashboard/list/?key=sessions&committee={world.townships[0].pk}").status_code == 404


def test_query_counts_do_not_grow(settings) -> None:
    settings.CLOCK = build.at(TODAY)
    paths = ["/dashboard/?year=2026", "/dashboard/committees/?year=2026&per=100"]
    paths += [f"/dashboard/list/?year=2026&per=100&key={key}" for key in (*KEYS, *KINDS)]

    def counts(where: Client) -> dict[str, tuple[int, int]]:
        """Rows and queries of each page, after one look that fills what is kept."""
        found = {}
        where.get(paths[0])
        for path in paths:
            with CaptureQueriesContext(connection) as caught:
                answer = where.get(path)
            assert answer.status_code == 200
            found[path] = (answer.context["page_obj"].paginator.count, len(caught))
        return found

    few = counts(signed_in(World(1, counties=1, townships=0, sessions=3).root))
    many = counts(signed_in(World(2, counties=5, townships=5, sessions=3).root))
    assert many[paths[1]][0] > 25
    for path, (rows, queries) in many.items():
        empty = few[path][0] == 0  # a page without rows saves the query for them
        assert queries <= few[path][1] + empty, (path, rows, few[path])


@pytest.mark.parametrize(
    "query", ["quarter=9", "month=13", "year=abc", "quarter=1&month=7", "page=zz", "per=7", "sort=x"]
)
def test_strange_addresses_still_answer(world: World, query: str) -> None:
    client = signed_in(world.root)
    for path in ("/dashboard/?", "/dashboard/committees/?", "/dashboard/list/?key=days&"):
        assert client.get(path + query).status_code == 200


def test_the_exported_table_is_what_is_shown_and_safe(world: World) -> None:
    world.townships[0].name = "=HYPERLINK(1)"
    world.townships[0].since, world.townships[0].until = date(2020, 1, 1), None
    world.townships[0].save()
    client = signed_in(world.root)
    page = client.get("/dashboard/committees/?year=2026&per=100&sort=-sessions")
    answer = client.get("/dashboard/committees/?year=2026&per=100&sort=-sessions&format=xlsx")
    sheet = openpyxl.load_workbook(BytesIO(answer.content)).active
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=5)]
    assert [row[2].lstrip("'") for row in rows] == [line["name"] for line in page.context["lines"]]
    assert [row[3] for row in rows] == [line["cells"][0]["text"] for line in page.context["lines"]]
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    assert any(row[2] == "'=HYPERLINK(1)" for row in rows)
    drill = client.get("/dashboard/list/?year=2026&key=sessions&format=xlsx")
    count = client.get("/dashboard/list/?year=2026&key=sessions").context["total"]
    assert openpyxl.load_workbook(BytesIO(drill.content)).active.max_row == 4 + count
    kept = AuditEvent.objects.filter(verb="export", chain=world.root.pk).order_by("seq")
    assert [event.data["query"].split("&")[-1] for event in kept] == ["format=xlsx", "format=xlsx"]


def test_decimals_print_plainly() -> None:
    assert [plain(Fraction(13, 2)), plain(Fraction(1, 3)), plain(Decimal("36.0")), plain(0)] == [
        Decimal("6.5"), Decimal("0.3333"), 36, 0,
    ]  # fmt: skip
