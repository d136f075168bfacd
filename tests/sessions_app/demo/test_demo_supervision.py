"""The demo's year of supervision: every committee visited once last year, every stage present, nobody on his own unit."""

from collections import Counter
from datetime import timedelta

from roster.accounts.models import User
from roster.audit.models import AuditEvent
from roster.committees.models import Committee
from roster.people.models import Membership, StudySecretary
from sessions_app.findings.hands import took_part
from sessions_app.findings.models import Extension, Finding, FindingStage, Source
from sessions_app.sessions.models import TOOK_PLACE
from sessions_app.visits.dossier import window
from sessions_app.visits.models import (
    ENDED,
    Feedback,
    ObservationVisit,
    RoundStage,
    ScoreStage,
    VisitRound,
    VisitScore,
    VisitScoreLine,
    VisitStage,
)
from sessions_app.visits.rules import FEEDBACK_MOST, feedback_length
from tests.sessions_app.conftest import DEMO_AT

LAST, NOW = DEMO_AT.year - 1, DEMO_AT.year
CITY = "LC00"


def test_every_committee_was_visited_once_last_year_by_the_city(demo) -> None:
    visits = ObservationVisit.objects.filter(round__committee__code=CITY, round__year=LAST)
    assert Counter(visits.values_list("committee", flat=True)) == Counter(
        Committee.objects.values_list("pk", flat=True)
    )
    assert set(visits.values_list("stage", flat=True)) == {VisitStage.CLOSED}
    assert set(visits.values_list("study_session__stage", flat=True)) <= set(TOOK_PLACE)
    assert all(visit.observed_on == visit.study_session.day for visit in visits.select_related("study_session"))
    rounds = VisitRound.objects.filter(committee__code=CITY, year=LAST)
    assert set(rounds.values_list("stage", flat=True)) == {RoundStage.CLOSED}


def test_visits_of_this_year_stand_in_every_stage(demo) -> None:
    visits = ObservationVisit.objects.filter(round__year__gte=NOW)
    missing = set(VisitStage) - set(visits.values_list("stage", flat=True))
    assert missing <= {VisitStage.FEEDBACK_PENDING, VisitStage.FED_BACK, VisitStage.ACKNOWLEDGED}, missing
    assert {VisitStage.PROPOSED, VisitStage.ASSIGNED, VisitStage.ACCEPTED, VisitStage.REVIEWED, VisitStage.OBSERVED,
            VisitStage.CLOSED, *ENDED} <= set(visits.values_list("stage", flat=True))  # fmt: skip


def test_nobody_sits_in_on_his_own_unit(demo) -> None:
    for visit in ObservationVisit.objects.prefetch_related("observers"):
        people = [row.person_id for row in visit.observers.all()]
        assert people
        day = visit.observed_on or DEMO_AT.date()
        for model in (Membership, StudySecretary):
            assert not model.objects.on(day).filter(committee=visit.committee_id, person__in=people).exists()


def test_scores_are_by_two_observers_with_a_reason_below_full_marks_and_differ(demo) -> None:
    sat = ObservationVisit.objects.sat_in().filter(round__committee__code=CITY)
    scores = VisitScore.objects.filter(visit__in=sat, stage=ScoreStage.SUBMITTED)
    assert scores.count() == 2 * sat.count()
    assert not VisitScoreLine.objects.filter(score__in=scores, points__isnull=True).exists()
    lines = VisitScoreLine.objects.filter(score__in=scores).select_related("item")
    assert all(line.reason for line in lines if line.points < line.max_points)
    assert len(set(scores.values_list("total", flat=True))) > 10
    assert all(70 <= score.total <= 100 for score in scores)


def test_letters_are_short_and_issued_by_somebody_else(demo) -> None:
    letters = Feedback.objects.all()
    assert letters.exists()
    assert all(feedback_length(row.overall, row.highlights, row.problems) <= FEEDBACK_MOST for row in letters)
    assert letters.filter(late_days__gt=0).exists()
    assert all(row.issued_by_id != row.submitted_by_id for row in letters)


def test_findings_stand_in_every_state_and_what_comes_back_is_linked(demo) -> None:
    findings = Finding.objects.all()
    assert findings.count() == 45
    assert set(findings.values_list("stage", flat=True)) == set(FindingStage)
    assert set(findings.values_list("source", flat=True)) == set(Source)
    assert set(findings.values_list("year", flat=True)) == {LAST, NOW}
    assert findings.filter(reopened_count__gt=0).exists()
    assert findings.filter(return_count__gt=0).exists()
    assert findings.under_way().filter(due_on__lt=DEMO_AT.date()).exists()
    assert set(Extension.objects.values_list("stage", flat=True)) >= {"ASKED", "AGREED"}
    again = findings.filter(recurs__isnull=False).select_related("recurs")
    assert again
    for row in again:
        assert (row.recurs.committee_id, row.recurs.type_id) == (row.committee_id, row.type_id)
        assert timedelta(0) <= row.found_on - row.recurs.found_on <= timedelta(366)
    for year in (LAST, NOW):
        numbers = findings.filter(year=year, department__code=CITY, source=Source.VISIT).values_list(
            "serial", flat=True
        )
        assert sorted(numbers) == list(range(1, len(numbers) + 1))


def test_whoever_closed_a_finding_took_no_other_part(demo) -> None:
    closed = Finding.objects.filter(stage=FindingStage.CLOSED)
    assert closed
    for row in closed:
        assert row.closed_by_id not in {person for _, person in took_part(row)}
        assert row.evidence_print
    whole = Membership.objects.filter(committee=closed[0].committee_id, person=closed[0].accountable_leader_id)
    assert whole.exists()


def test_a_county_runs_its_own(demo) -> None:
    county = Committee.objects.get(code="LX0100")
    assert VisitRound.objects.filter(committee=county).exists()
    assert Finding.objects.filter(department=county).exists()
    outside = Finding.objects.filter(department=county).exclude(committee__path__startswith=county.path)
    assert not outside.exists()


def test_the_observer_may_open_a_pack_and_score(demo) -> None:
    user = User.objects.get(username="pangting")
    visits = ObservationVisit.objects.filter(
        observers__person=user.person_id, observers__accepted_at__isnull=False, stage=VisitStage.REVIEWED
    )
    assert any(window(visit).is_open(DEMO_AT.date()) for visit in visits)


def test_every_event_is_dated_with_its_day_and_every_state_is_in_the_record(demo) -> None:
    for model in (ObservationVisit, Feedback, Finding, Extension, VisitRound, VisitScore):
        states = set(dict(model._meta.get_field("stage").choices))
        events = AuditEvent.objects.filter(subject_type=model._meta.model_name)
        assert not events.filter(at__gt=DEMO_AT).exists()
        told = dict(events.filter(after__in=states).order_by("chain", "seq").values_list("subject_id", "after"))
        assert {pk: told.get(pk) for pk in told} == dict(model.objects.values_list("pk", "stage")), model.__name__
