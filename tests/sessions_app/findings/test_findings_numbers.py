"""A number names one thing: the department is part of it, links go by key, and the county reads what the city found."""

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from roster.accounts.roles import Permission, Role
from roster.committees.models import CommitteeLevel
from sessions_app.findings import ledger
from sessions_app.findings.models import Finding
from tests import build
from tests.sessions_app.findings import found

pytestmark = pytest.mark.django_db


@pytest.fixture
def two():
    """The same unit, one finding of the city and one of its county, both the first of their year and source."""
    city = build.committee("云州市委")
    county = build.committee("清河县委", parent=city, level=CommitteeLevel.COUNTY)
    above, below = found.place(city), found.place(county)
    above.unit = below.unit
    of_city, of_county = found.at_stage(above, "OPEN"), found.at_stage(below, "OPEN")
    return above, below, of_city, of_county


def entered(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_two_departments_never_give_the_same_number(two):
    _, _, of_city, of_county = two
    assert (of_city.number, of_county.number) == ("云州市委2026-考核-001", "清河县委2026-考核-001") or (
        of_city.number.startswith("云州市委2026-") and of_county.number.startswith("清河县委2026-")
    )
    assert of_city.serial == of_county.serial == 1 and of_city.number != of_county.number
    with pytest.raises(IntegrityError), transaction.atomic():
        Finding.objects.filter(pk=of_county.pk).update(department=of_city.department)


def test_a_new_name_of_the_department_changes_no_number(two):
    _, _, of_city, _ = two
    said = of_city.number
    of_city.department.short_name = "云州市委宣传部"
    of_city.department.save()
    again = Finding.objects.get(pk=of_city.pk)
    again.save()
    assert again.number == said


def test_a_printed_number_finds_its_own_row_only(two):
    _, _, of_city, of_county = two
    for row in (of_city, of_county):
        assert list(Finding.objects.filter(ledger._numbered(row.number))) == [row]
    bare = of_city.number.removeprefix("云州市委")
    assert set(Finding.objects.filter(ledger._numbered(bare))) == {of_city, of_county}


def test_the_county_reads_what_the_city_found_at_her_units_and_does_nothing_with_it(two):
    above, below, of_city, of_county = two
    county = below.reviewer
    assert set(Finding.objects.open_to(county, Permission.FINDING_READ)) == {of_city, of_county}
    assert list(Finding.objects.open_to(county, Permission.FINDING_CONFIRM)) == [of_county]
    client = entered(county)
    page = client.get(of_city.get_absolute_url())
    assert page.status_code == 200 and of_city.number in page.content.decode()
    listed = client.get(reverse("finding_list")).content.decode()
    for row in (of_city, of_county):
        assert f'href="{row.get_absolute_url()}">{row.number}</a>' in listed
    drill = client.get(reverse("drill"), {"key": "findings", "year": 2026}).content.decode()
    assert of_city.get_absolute_url() in drill
    # what it found at other units, and what is not confirmed, stays its own
    elsewhere = found.at_stage(found.place(above.city), "OPEN")
    raised = found.raised(above)
    mine = Finding.objects.open_to(county, Permission.FINDING_READ)
    assert not mine.filter(pk__in=[elsewhere.pk, raised.pk]).exists()
    # and a county beside it reads nothing of it
    other = build.granted(Role.REVIEWER, build.committee("石桥县委", parent=above.city, level=CommitteeLevel.COUNTY))
    assert not Finding.objects.open_to(other, Permission.FINDING_READ).exists()
