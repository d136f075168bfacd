"""Costly pages: so many at once and a minute for one user; another user, and cheap pages, never wait."""

import pytest
from django.core.cache import cache
from django.urls import reverse

from roster.accounts import costly
from tests import test_access
from tests.test_access import House
from tests.test_house import our_addresses

pytestmark = pytest.mark.django_db
_django_db_helper = test_access._django_db_helper
house = test_access.house


def test_the_list_names_addresses_that_are_there() -> None:
    assert {entry.name for _, entry in our_addresses()} >= costly.COSTLY


def test_the_fourth_at_once_waits_and_nobody_else_does(house: House) -> None:
    me, url = house.world.users["secretary"], reverse("workbook_export")
    for number in range(costly.AT_ONCE):
        cache.add(f"costly:{me.pk}:place:{number}", "x", 60)
    answer = house.clients["secretary"].get(url)
    assert answer.status_code == 429 and int(answer["Retry-After"]) > 0 and "太快了" in answer.text
    assert house.clients["secretary"].get(reverse("profile")).status_code == 200
    assert house.clients["reviewer of the county"].get(url).status_code == 200
    cache.delete(f"costly:{me.pk}:place:1")
    assert house.clients["secretary"].get(url).status_code == 200
    assert house.clients["secretary"].get(url).status_code == 200, "the place is free again"


def test_too_many_in_a_minute_wait_for_the_next(house: House) -> None:
    url, client = reverse("workbook_export"), house.clients["secretary"]
    answers = [client.get(url).status_code for _ in range(costly.A_MINUTE + 2)]
    assert answers == [200] * costly.A_MINUTE + [429] * 2
    assert house.clients["reviewer of the county"].get(url).status_code == 200
