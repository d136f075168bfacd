"""What is due in the demo's small year: every page opens for the secretary who is told."""

from datetime import date

import pytest
from django.test import Client

from roster.accounts.models import Grant, User
from roster.accounts.roles import Role
from roster.committees.models import Committee
from roster.people.models import Membership, Person, StudySecretary
from sessions_app.reminders import due
from sessions_app.reminders.rules import KINDS
from tests import build
from tests.sessions_app.conftest import DEMO_AT


def told(row: due.Due, audience: str, day: date) -> Person | None:
    if audience == "PERSON":
        return Person.objects.filter(pk=row.person_id).first()
    people = StudySecretary.objects.all() if audience == "SECRETARY" else Membership.objects.filter(group_role="LEADER")
    held = people.filter(committee=row.committee_id).on(day).select_related("person").first()
    return held.person if held else None


@pytest.mark.parametrize("day", [DEMO_AT.date(), date(2026, 1, 12)])
def test_every_page_of_the_demo_opens_for_whoever_is_told(demo, settings, day: date) -> None:
    settings.CLOCK = build.at(day)
    opened: set[tuple[str, str]] = set()
    rows = due.find(due.load(day))
    for row in rows:
        audience = (row.to or KINDS[row.kind].to)[-1]
        if (row.kind, audience) in opened or audience == "REVIEWER":
            continue
        person = told(row, audience, day)
        if person is None:
            continue
        user = User.objects.filter(person=person).first() or build.account(person, on=day)
        if audience == "PERSON" and not user.grants.exists():  # an expert named in a visit comes in as observer
            root = Committee.objects.get(pk=row.committee_id)
            Grant.objects.create(user=user, role=Role.OBSERVER, committee=root, since=build.SINCE)
        client = Client()
        client.force_login(user)
        assert client.get(row.url).status_code == 200, (row, audience)
        opened.add((row.kind, audience))
    assert opened, f"nothing is due on {day} of {len(rows)}"
