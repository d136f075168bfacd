"""Two reviewers in the same moment, in real threads: one choice, one number, one word of an observer."""

import pytest

from roster.audit.models import AuditEvent
from sessions_app.visits import actions
from sessions_app.visits.models import ObservationVisit, VisitObserver, VisitRound, VisitStage
from tests import build
from tests.sessions_app.guidance.test_guidance_races import race
from tests.sessions_app.visits import arranging

pytestmark = pytest.mark.usefixtures("committed")
AT = build.AT


def test_of_two_who_send_a_team_to_one_committee_the_second_is_told():
    here = arranging.city(units=1)
    row = arranging.round_of(here)

    def send(team):
        return lambda: actions.assign_by_hand(
            row, committee=here.units[0], team=team, people=here.people[team.pk], by=here.reviewer, at=AT
        )

    assert race(*map(send, here.teams)) == ["done", "stale"]
    visit = ObservationVisit.objects.get()
    assert set(visit.observers.values_list("person_id", flat=True)) == {one.pk for one in here.people[visit.team_id]}
    assert AuditEvent.objects.filter(verb="assign").count() == 1


def test_two_proposals_at_once_make_one_visit_a_place():
    here = arranging.city(units=3)
    row = arranging.round_of(here)
    act = lambda: actions.propose(row, by=here.reviewer, at=AT)
    assert race(act, act) == ["done", "done"]
    assert ObservationVisit.objects.count() == 3
    assert VisitObserver.objects.count() == 6


def test_rounds_made_at_once_have_numbers_of_their_own():
    here = arranging.city(units=0)
    act = lambda: arranging.round_of(here)
    assert race(act, act, act) == ["done"] * 3
    assert sorted(VisitRound.objects.values_list("number", flat=True)) == [1, 2, 3]


def test_a_lead_who_accepts_while_the_visit_is_cancelled():
    here = arranging.city(units=1, teams=1)
    arranging.opened(here)
    visit = ObservationVisit.objects.get()
    lead = here.user(visit.observers.get(is_lead=True).person)
    came = race(
        lambda: actions.accept(visit, by=lead, at=AT),
        lambda: actions.cancel(visit, reason="改期", version=visit.version, by=here.reviewer, at=AT),
    )
    visit.refresh_from_db()
    # the cancel came first and the lead is told, or it finds another version than its page showed
    wanted = {VisitStage.CANCELLED: ["done", "refused"], VisitStage.ACCEPTED: ["done", "stale"]}
    assert came == wanted[visit.stage]
