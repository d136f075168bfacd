"""What is due in the demo's small year: every page opens for the secretary who is told."""

from datetime import date

import pytest
from django.test import Client

from roster.accounts.models import User
from roster.people.models import Membership, StudySecretary
from sessions_app.reminders import due
from sessions_app.reminders.rules import KINDS
from tests import build
from tests.sessions_app.conftest import DEMO_AT


@pytest.mark.parametrize("day", [DEMO_AT.date(), date(2026, 1, 12)])
def test_every_page_of_the_demo_opens_for_whoever_is_told(demo, settings, day: date) -> None:
    settings.CLOCK = build.at(day)
    opened: set[tuple[str, str]] = set()
    rows = due.find(due.load(day))
    for row in rows:
        audience = (row.to or KINDS[row.kind].to)[-1]
        if (row.kind, audience) in opened or audience == "REVIEWER":
            continue
        people = (
            StudySecretary.objects.all() if audience == "SECRETARY" else Membership.objects.filter(group_role="LEADER")
        )
        held = people.filter(committee=row.committee_id).on(day).select_related("person").first()
        if held is None:
            continue
        client = Client()
        client.force_login(User.objects.filter(person=held.person).first() or build.account(held.person, on=day))
        assert client.get(row.url).status_code == 200, (row, audience)
        opened.add((row.kind, audience))
    assert opened, f"nothing is due on {day} of {len(rows)}"
