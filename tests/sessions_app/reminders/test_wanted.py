"""A mail that waits is dropped when all it tells of is done, or its reader left; nothing else drops it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from roster.accounts.models import Grant
from roster.accounts.roles import Role
from roster.committees.models import Committee, CommitteeLevel
from roster.people.models import StudySecretary
from sessions_app.notices.consequences import why_drop
from sessions_app.notices.models import Notice
from sessions_app.reminders.models import DueItem
from sessions_app.reminders.rules import Kind
from sessions_app.reminders.wanted import LEFT, MET
from tests import build
from tests.sessions_app.reminders.told import owed, run, told

pytestmark = pytest.mark.django_db
DAY, SOON = build.DAY, build.DAY + timedelta(days=10)


@pytest.fixture
def here() -> Committee:
    row = build.committee("云州市发改委党组")
    run(DAY - timedelta(days=1))
    run(DAY)
    return row


def urgent(where: Committee, *subjects: str) -> Notice:
    """The one notice posted by a run over so many urgent things."""
    run(DAY, [owed(where, Kind.PROMPT_UNRECEIPTED, on=SOON, subject=subject) for subject in subjects])
    return Notice.objects.get(rhythm="URGENT")


def test_it_is_dropped_when_everything_in_it_is_done(here: Committee) -> None:
    build.secretary(here)
    notice = urgent(here, "a", "b")
    assert why_drop(notice) == ""
    DueItem.objects.filter(subject="a").update(met_on=SOON)
    assert why_drop(notice) == ""
    DueItem.objects.update(met_on=SOON)
    assert why_drop(notice) == MET
    notice.more = 1
    assert why_drop(notice) == "", "what is counted and not named may still be open"


def test_it_is_dropped_when_its_reader_left(here: Committee) -> None:
    seat = build.secretary(here)
    notice = urgent(here, "a")
    StudySecretary.objects.filter(pk=seat.pk).update(until=DAY)
    assert why_drop(notice) == LEFT
    build.member(build.committee(), seat.person)
    assert why_drop(notice) == LEFT, "another committee's matter"
    build.member(here, seat.person)
    assert why_drop(notice) == ""


def test_a_reviewer_hears_while_his_grant_stands(here: Committee) -> None:
    town = build.committee(parent=here, level=CommitteeLevel.TOWNSHIP)
    reviewer = build.granted(Role.REVIEWER, here)
    run(DAY, [owed(town, Kind.APPROVAL_WAITING, on=DAY, to=("REVIEWER",))])
    [notice] = told(reviewer.person, "URGENT")
    assert why_drop(notice) == ""
    reviewer.is_active = False
    reviewer.save()
    assert why_drop(notice) == LEFT
    reviewer.is_active = True
    reviewer.save()
    Grant.objects.update(until=DAY)
    assert why_drop(notice) == LEFT


def test_an_inventory_without_due_things_is_sent_while_its_reader_holds_anything(here: Committee) -> None:
    seat = build.secretary(here)
    run(build.DAY.replace(month=4, day=1))
    [notice] = told(seat.person, "QUARTERLY")
    assert why_drop(notice) == ""
    StudySecretary.objects.filter(pk=seat.pk).update(until=DAY)
    assert why_drop(notice) == LEFT


def test_a_letter_and_a_group_are_not_asked_about_roles(here: Committee) -> None:
    who = build.person()
    letter = Notice.objects.create(person=who, rhythm="LETTER", period="letter:1", title="提醒函", created_at=build.AT)
    group = Notice.objects.create(
        committee=here, rhythm="MONTHLY", period="2026-03", title="月提醒", created_at=build.AT
    )
    assert why_drop(letter) == why_drop(group) == ""
