"""What findings owe: measures to be handed in, rectification near and past its date, what waits for the department."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from sessions_app.findings import actions, closing_actions, extension_actions, plan_actions
from sessions_app.findings.models import Finding
from sessions_app.reminders import due
from sessions_app.reminders.due_findings import plan_owed, rectification_due, review_waiting
from sessions_app.reminders.recipients import Audience, Roles
from sessions_app.reminders.rules import KINDS, Kind
from tests import build
from tests.sessions_app.findings.found import DUE, at_stage, place, planned, raised

pytestmark = pytest.mark.django_db
AT = build.AT


@pytest.fixture
def here():
    return place()


def found(finder, day):
    return [(one.kind, one.subject, one.committee_id, one.due_on, one.person_id) for one in finder(due.load(day))]


def test_measures_are_owed_five_working_days_after_it_was_confirmed(here):
    row = at_stage(here, "OPEN")
    end = date(2026, 3, 27)  # Friday the 20th and five working days
    assert found(plan_owed, build.DAY) == [(Kind.FINDING_PLAN_DUE, f"finding-plan:{row.pk}", here.unit.pk, end, None)]
    assert found(plan_owed, build.DAY - timedelta(days=1)) == [], "not confirmed yet"
    planned(here, row)
    assert found(plan_owed, end) == []
    plan_actions.return_plan(row, note="不清", by=here.reviewer, at=AT)
    assert len(found(plan_owed, end)) == 1


def test_rectification_is_told_near_and_past_its_date_to_its_owner_and_the_secretary(here):
    row = at_stage(here, "IN_PROGRESS", due_on=date(2026, 4, 17))
    expected = (Kind.RECTIFICATION_DUE, f"finding:{row.pk}", here.unit.pk, date(2026, 4, 17), here.owner.pk)
    assert found(rectification_due, date(2026, 4, 9)) == []
    for day in (date(2026, 4, 10), date(2026, 4, 17), date(2026, 6, 1)):
        assert found(rectification_due, day) == [expected]
    assert KINDS[Kind.RECTIFICATION_DUE].to == (Audience.PERSON, Audience.SECRETARY)
    assert KINDS[Kind.RECTIFICATION_DUE].escalates


def test_an_application_rests_the_date_and_a_return_wakes_it(here):
    row = at_stage(here, "SUBMITTED", due_on=date(2026, 3, 24))
    assert found(rectification_due, build.DAY) == []
    assert len(found(rectification_due, build.DAY - timedelta(days=1))) == 0, "not confirmed yet that day"
    closing_actions.send_back(row, note="再改", by=here.reviewer, at=AT)
    assert len(found(rectification_due, build.DAY)) == 1
    Finding.objects.filter(pk=row.pk).update(due_on=DUE)
    assert found(rectification_due, build.DAY) == []


def test_kept_up_and_closed_are_not_due(here):
    at_stage(here, "CLOSED", due_on=date(2026, 3, 23))
    row = at_stage(here, "IN_PROGRESS", due_on=date(2026, 3, 23))
    plan_actions.keep_up(row, reason="常抓", milestones=[(DUE, "一次")], by=here.reviewer, at=AT)
    assert found(rectification_due, date(2026, 6, 1)) == []


def test_what_waits_too_long_goes_to_the_department(here):
    row, asks = at_stage(here, "SUBMITTED"), at_stage(here, "IN_PROGRESS", name="互动不够")
    new = raised(here, name="以会代学")
    extension = extension_actions.ask(asks, new_due_on=DUE + timedelta(days=9), reason="等", by=here.secretary, at=AT)
    over = date(2026, 3, 25)  # three working days after Friday the 20th
    assert found(review_waiting, over - timedelta(days=1)) == []
    assert {(kind, subject, committee, day) for kind, subject, committee, day, _ in found(review_waiting, over)} == {
        (Kind.FINDING_REVIEW, f"finding-close:{row.pk}", here.city.pk, over),
        (Kind.FINDING_REVIEW, f"finding-confirm:{new.pk}", here.city.pk, over),
        (Kind.FINDING_REVIEW, f"finding-extension:{extension.pk}", here.city.pk, over),
    }
    actions.dismiss(new, reason="不实", by=here.reviewer, at=AT)
    extension_actions.decide(extension, agree=True, by=here.reviewer, at=AT)
    closing_actions.send_back(row, note="改", by=here.reviewer, at=AT)
    assert found(review_waiting, over) == []


def test_as_many_queries_for_thirty_as_for_one(here, django_assert_num_queries):
    for _ in range(2):
        at_stage(here, "OPEN")
        world = due.load(date(2026, 6, 1))
        with django_assert_num_queries(5):
            assert list(plan_owed(world)) and not list(rectification_due(world)) and not list(review_waiting(world))


def test_a_finding_of_the_city_in_a_county_is_no_matter_of_the_countys_reviewers():
    """They could not open it: it belongs to the department that confirmed it."""
    city, county, unit = 1, 2, 3
    paths = {city: "0000001/", county: "0000001/0000002/", unit: "0000001/0000002/0000003/"}
    roles = Roles(paths, {}, {}, {city: (10,), county: (20,)}, frozenset())
    told = due.Due(Kind.RECTIFICATION_DUE, "finding:1", unit, DUE, "整改", "/findings/1/")
    assert roles.of(Audience.REVIEWER, told) == (20,)
    assert roles.of(Audience.REVIEWER, replace(told, department_id=city)) == (10,)


def test_the_finders_say_whose_the_finding_is(here):
    row = at_stage(here, "IN_PROGRESS", due_on=date(2026, 4, 17))
    assert [one.department_id for one in rectification_due(due.load(date(2026, 4, 17)))] == [row.department_id]
