"""What visits owe: the unit told in time, every observer's sheet after the session; of the department that runs the round."""

from datetime import date, timedelta

import pytest

from sessions_app.reminders import due
from sessions_app.reminders.due_visits import visit_notice, visit_score
from sessions_app.sessions.models import StudySession
from sessions_app.visits import dossier_actions as actions
from sessions_app.visits.models import ObservationVisit, VisitObserver, VisitStage
from tests import build
from tests.sessions_app.visits import sat_in
from tests.sessions_app.visits.sat_in import SatIn
from tests.sessions_app.visits.test_dossier_actions import FULL

pytestmark = pytest.mark.django_db


@pytest.fixture
def it() -> SatIn:
    return sat_in.make()


def asked(it: SatIn, day: date) -> list[tuple[str, date]]:
    return [(row.subject, row.due_on) for row in visit_notice(due.load(day))]


def test_a_unit_not_told_is_asked_for_until_its_session(it: SatIn) -> None:
    """Thursday 26 March: told by Tuesday 24 March; asked for from five working days before that day."""
    StudySession.objects.filter(pk=it.session.pk).update(day=date(2026, 3, 26))
    ObservationVisit.objects.filter(pk=it.visit.pk).update(stage=VisitStage.PROPOSED)
    wanted = [(f"visit-notice:{it.visit.pk}", date(2026, 3, 24))]
    assert asked(it, date(2026, 3, 16)) == []
    for day in (17, 24, 25, 26):
        assert asked(it, date(2026, 3, day)) == wanted, day
    assert asked(it, date(2026, 3, 27)) == [], "too late to be told"
    found = next(visit_notice(due.load(date(2026, 3, 20))))
    assert found.committee_id == it.department.pk and found.what == "通知市发改委党组：3月26日列席旁听"
    assert found.url == it.visit.get_absolute_url()
    ObservationVisit.objects.filter(pk=it.visit.pk).update(stage=VisitStage.ASSIGNED, noticed_on=date(2026, 3, 23))
    assert asked(it, date(2026, 3, 22)) == wanted, "as of a past day it was still owed"
    assert asked(it, date(2026, 3, 23)) == []


@pytest.mark.parametrize("stage", [VisitStage.CANCELLED, VisitStage.DECLINED])
def test_a_visit_that_ended_owes_no_notice(it: SatIn, stage: str) -> None:
    StudySession.objects.filter(pk=it.session.pk).update(day=date(2026, 3, 26))
    ObservationVisit.objects.filter(pk=it.visit.pk).update(stage=stage, stop_reason="改期")
    assert asked(it, date(2026, 3, 24)) == []


def owed(day: date) -> list[tuple[str, int | None, date]]:
    return [(row.subject, row.person_id, row.due_on) for row in visit_score(due.load(day))]


def test_every_observer_who_accepted_owes_his_sheet_after_the_session(it: SatIn) -> None:
    """The session was on Thursday 19 March, the sheets are due on Friday."""
    assert owed(it.session.day) == []
    lines = [
        (f"visit-score:{it.visit.pk}:{user.person_id}", user.person_id, date(2026, 3, 20))
        for user in (it.lead, it.second)
    ]
    assert owed(build.DAY) == lines
    actions.submit_score(it.visit, points=FULL, comment="", version=0, by=it.lead, at=build.AT)
    assert owed(build.DAY) == lines[1:], "also after the lead's moved the visit"
    assert owed(build.DAY - timedelta(days=1)) == []
    VisitObserver.objects.filter(person_id=it.second.person_id).update(accepted_at=None)
    assert owed(build.DAY) == []


def test_a_returned_sheet_is_owed_again_and_nothing_once_the_feedback_is_out(it: SatIn) -> None:
    row = actions.submit_score(it.visit, points=FULL, comment="", version=0, by=it.second, at=build.AT)
    actions.return_score(row, reason="有误", by=it.reviewer, at=build.AT)
    assert len(owed(build.DAY)) == 2
    ObservationVisit.objects.filter(pk=it.visit.pk).update(stage=VisitStage.FED_BACK, observed_on=it.session.day)
    assert owed(build.DAY) == []


def test_as_many_queries_for_one_visit_as_for_thirty(it: SatIn, django_assert_num_queries) -> None:
    for number in (1, 29):
        for _ in range(number):
            unit = build.committee(parent=it.department)
            sat_in.add_visit(it.department, unit, sat_in.session_of(unit), [it.lead], stage=VisitStage.ACCEPTED)
            ahead = build.committee(parent=it.department)
            session = sat_in.session_of(ahead, build.DAY + timedelta(days=3))
            sat_in.add_visit(it.department, ahead, session, [it.lead], stage=VisitStage.PROPOSED)
        world = due.load(build.DAY)
        with django_assert_num_queries(2):
            found = [*visit_notice(world), *visit_score(world)]
    assert len(found) == 30 + 2 + 30
