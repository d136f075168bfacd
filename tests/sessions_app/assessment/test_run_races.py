"""Two people on one run in the same moment: real threads, real locks, and what happens without the locks."""

import threading
from datetime import timedelta

from sessions_app.assessment import ground, sheet_actions
from sessions_app.assessment import run_actions as actions
from sessions_app.assessment.models import (
    Assessment,
    AssessmentSheet,
    AssessmentStage,
    BonusRequest,
    Objection,
    SheetEdition,
)
from tests import build
from tests.sessions_app.assessment import runs
from tests.sessions_app.assessment.runs import AS_OF, AT, YEAR, D
from tests.sessions_app.sessions.test_sessions_races import race


def test_two_reviewers_verify_one_sheet_and_one_wins(committed):
    run = runs.reviewed(1)
    version = run.sheet(0).version
    ways = [
        lambda who=who, points=points: run.verify(0, "30", "10", points, by=who, version=version)
        for who, points in ((run.reviewer, "46"), (run.other, "40"))
    ]
    assert sorted(race(*ways)) == ["done", "stale"]
    sheet = run.sheet(0)
    told = D("86.00") if sheet.verified_by == run.reviewer else D("80.00")
    assert sheet.verified_total == told and sheet.editions.filter(verb="verify").count() == 1


def test_without_the_lock_the_second_overwrites_the_first(committed, monkeypatch):
    """The negative control: both read the same version, both save, and one reviewer's points are lost."""
    run = runs.reviewed(1)
    version, both = run.sheet(0).version, threading.Barrier(2)

    def unlocked(sheet, verb, given=None):
        row = AssessmentSheet.objects.select_related("committee").get(pk=sheet.pk)
        row.assessment = Assessment.objects.select_related("scheme").get(pk=sheet.assessment_id)
        assert row.version == given
        both.wait(timeout=20)
        return row

    monkeypatch.setattr(sheet_actions.ground, "lock_sheet", unlocked)
    monkeypatch.setattr(sheet_actions.ground, "keep", lambda *given, **more: None)
    ways = [
        lambda who=who: run.verify(0, "30", "10", "46", by=who, version=version) for who in (run.reviewer, run.other)
    ]
    assert race(*ways) == ["done", "done"]


def test_an_objection_and_the_final_version_do_not_cross(committed):
    """Asked at the last minute, made final a minute later: either it is decided first, or it comes too late."""
    run = runs.published(1)
    last = build.at(run.row.objection_until, 23)
    after = last + timedelta(hours=2)
    said = race(
        lambda: actions.object_to(run.sheet(0), reason="偏低", by=run.by_unit[0], at=last),
        lambda: actions.finalise(run.row, by=run.reviewer, at=after),
    )
    assert sorted(said) == ["done", "refused"]
    final = run.fresh().stage == AssessmentStage.FINAL
    assert final == (Objection.objects.count() == 0)


def test_without_the_lock_a_final_run_has_an_open_objection(committed, monkeypatch):
    """The negative control of the one before."""
    run = runs.published(1)
    last = build.at(run.row.objection_until, 23)
    both = threading.Barrier(2)

    def unlocked(pk, version=None):
        row = Assessment.objects.select_related("scheme", "committee").get(pk=pk)
        return row

    def counting(*given, **more):
        both.wait(timeout=20)
        return original(*given, **more)

    original = ground.sheets_of
    monkeypatch.setattr(ground, "lock_run", unlocked)
    monkeypatch.setattr(
        ground, "lock_sheet",
        lambda sheet, verb, version=None: _open(AssessmentSheet.objects.select_related("assessment").get(pk=sheet.pk), both),
    )  # fmt: skip
    monkeypatch.setattr(ground, "sheets_of", counting)  # finalise comes here after it has asked for open objections
    said = race(
        lambda: actions.object_to(run.sheet(0), reason="偏低", by=run.by_unit[0], at=last),
        lambda: actions.finalise(run.row, by=run.reviewer, at=last + timedelta(hours=2)),
    )
    assert said == ["done", "done"]
    assert run.fresh().stage == AssessmentStage.FINAL and Objection.objects.count() == 1


def _open(sheet, both):
    both.wait(timeout=20)
    return sheet


def test_two_objections_of_one_unit_are_one(committed):
    run = runs.published(1)
    build.leader_of(run.units[0])
    ways = [
        lambda words=words: actions.object_to(run.sheet(0), reason=words, by=run.by_unit[0], at=AT)
        for words in ("偏低", "偏低", "太低")
    ]
    assert sorted(race(*ways)) in (["done", "done", "refused"], ["done", "refused", "refused"])
    assert Objection.objects.count() == 1


def test_a_double_click_opens_one_run_and_computes_one_result(committed):
    run = runs.make(2)
    ways = [
        lambda: actions.open_assessment(run.city, year=YEAR, as_of=AS_OF, form_token="k", by=run.reviewer, at=AT)
    ] * 3
    assert race(*ways) == ["done"] * 3
    run.row = Assessment.objects.get()
    assert race(*[lambda: actions.compute(run.row, by=run.reviewer, at=AT)] * 3) == ["done"] * 3
    assert SheetEdition.objects.count() == 3 == AssessmentSheet.objects.count()


def test_a_request_is_decided_once_and_before_publication(committed):
    run = runs.reviewed(1)
    for index in range(2):
        run.verify(index, "30", "10", "46")
    request = actions.ask_bonus(run.sheet(0), points=D(2), reason="表彰", by=run.by_unit[0], at=AT)
    said = race(
        lambda: actions.decide_bonus(request, granted=D(2), by=run.reviewer, at=AT),
        lambda: actions.decide_bonus(request, granted=D(2), by=run.other, at=AT),
    )
    assert sorted(said) == ["done", "refused"]
    said = race(
        lambda: actions.publish(run.fresh(), by=run.reviewer, at=AT),
        lambda: actions.ask_bonus(run.sheet(1), points=D(1), reason="也要", by=run.by_unit[1], at=AT),
    )
    assert sorted(said) == ["done", "refused"]
    published = run.fresh().stage == AssessmentStage.PUBLIC
    assert published == (BonusRequest.objects.filter(decided_at=None).count() == 0)
