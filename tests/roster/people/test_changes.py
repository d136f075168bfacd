"""成员变动: a change entered by the secretary reaches the reviewer as a filing (scenario 3.2)."""

from datetime import date

import pytest
from django.test import Client, override_settings
from django.urls import reverse

from roster.accounts.roles import Role
from roster.people import actions
from tests import build

pytestmark = pytest.mark.django_db
JULY = build.at(date(2026, 7, 2))


def entering(user) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@override_settings(CLOCK=JULY)
def test_who_leaves_and_who_joins_stand_in_the_reviewers_list() -> None:
    city = build.committee("某市委")
    bureau = build.committee("某局党组", parent=city)
    leaving = build.member(bureau, build.person("周离任"))
    secretary = build.secretary_of(bureau, on=JULY.date())
    actions.end_membership(
        leaving, until=date(2026, 6, 30), reason="工作调动", version=leaving.version, by=secretary, at=JULY
    )
    actions.add_membership(
        committee=bureau,
        person=build.person("吴到任"),
        group_role="MEMBER",
        since=date(2026, 7, 1),
        by=secretary,
        at=JULY,
    )
    reviewer = build.granted(Role.REVIEWER, city, on=JULY.date())
    page = entering(reviewer).get(reverse("member_changes")).content.decode()
    assert "周离任" in page
    assert "吴到任" in page
    assert "工作调动" in page
    june = entering(reviewer).get(reverse("member_changes"), {"year": 2026, "month": 6}).content.decode()
    assert "周离任" in june
    assert "吴到任" not in june
    elsewhere = build.granted(Role.REVIEWER, build.committee("邻县委", parent=city), on=JULY.date())
    assert "周离任" not in entering(elsewhere).get(reverse("member_changes")).content.decode()


@override_settings(CLOCK=JULY)
def test_the_list_costs_the_same_with_one_row_and_with_thirty(django_assert_max_num_queries) -> None:
    city = build.committee()
    client = entering(build.granted(Role.REVIEWER, city, on=JULY.date()))
    client.get(reverse("member_changes"))
    counts = []
    for more in (1, 29):
        for _ in range(more):
            build.member(city, since=date(2026, 5, 1))
        with django_assert_max_num_queries(60) as asked:
            client.get(reverse("member_changes"), {"per": 50})
        counts.append(len(asked))
    assert counts[0] == counts[1]
