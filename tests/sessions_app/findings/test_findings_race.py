"""Two people in the same second: real threads, real locks. One wins, the other is told clearly."""

import threading

import pytest
from django.db import IntegrityError

from roster.accounts.roles import Role
from roster.audit.models import AuditEvent
from sessions_app.findings import actions, closing_actions, evidence_actions
from sessions_app.findings.models import Finding
from tests import build
from tests.sessions_app.findings.found import at_stage, fresh, kind, place, raised
from tests.sessions_app.sessions.test_sessions_races import race

AT = build.AT


@pytest.fixture
def here(committed):
    return place()


def closing(row, by):
    return lambda: closing_actions.close(row, note="已核对", version=row.version, by=by, at=AT)


def test_two_reviewers_close_at_once_and_one_does(here):
    row = at_stage(here, "SUBMITTED")
    assert sorted(race(closing(row, here.reviewer), closing(row, here.other))) == ["done", "stale"]
    assert AuditEvent.objects.about(row).filter(verb="close").count() == 1
    assert fresh(row).stage == "CLOSED"


def test_closed_and_sent_back_at_once_is_one_of_the_two(here):
    row = at_stage(here, "SUBMITTED")

    def back():
        closing_actions.send_back(row, note="再改", version=row.version, by=here.other, at=AT)

    assert sorted(race(closing(row, here.reviewer), back)) == ["done", "stale"]
    moved = AuditEvent.objects.about(row).filter(verb__in=["close", "return"])
    assert moved.count() == 1 and moved.get().after == fresh(row).stage


def test_evidence_filed_while_it_is_being_closed_never_slips_in(here):
    row = at_stage(here, "SUBMITTED")

    def more():
        evidence_actions.file_evidence(row, text="后补", by=here.secretary, at=AT)

    results = race(closing(row, here.reviewer), more)
    row = fresh(row)
    if row.stage == "CLOSED":
        assert sorted(results) == ["done", "refused"] and row.evidence.count() == 1
    else:
        assert row.stage == "IN_PROGRESS" and sorted(results) == ["done", "stale"] and row.evidence.count() == 2


def test_without_the_lock_both_would_close(here, monkeypatch):
    """The negative control: reading without the lock, two closings of one finding stand in the record."""
    row = at_stage(here, "SUBMITTED")
    both_read = threading.Barrier(2)

    def unlocked(finding, version=None):
        found = Finding.objects.get(pk=finding.pk)
        both_read.wait(timeout=20)
        return found

    monkeypatch.setattr(closing_actions, "lock", unlocked)
    assert race(closing(row, here.reviewer), closing(row, here.other)) == ["done", "done"]
    assert AuditEvent.objects.about(row).filter(verb="close").count() == 2


def raising(here, by, token=""):
    return lambda: raised(here, by=by, form_token=token)


def test_findings_raised_at_once_get_numbers_of_their_own(here):
    kind()
    users = [build.granted(Role.REVIEWER, here.city) for _ in range(4)]
    assert race(*(raising(here, user) for user in users)) == ["done"] * 4
    assert sorted(Finding.objects.values_list("serial", flat=True)) == [1, 2, 3, 4]


def test_a_double_click_at_once_is_one_finding(here):
    kind()
    assert race(*(raising(here, here.finder, "token") for _ in range(3))) == ["done"] * 3
    assert Finding.objects.count() == 1


def test_the_lock_is_what_keeps_the_numbers_apart(here, monkeypatch):
    kind()
    reckoned, original, broken = threading.Barrier(2), actions._next_serial, []

    def together(*given):
        number = original(*given)
        reckoned.wait(timeout=20)
        return number

    def attempt():
        try:
            raised(here)
        except IntegrityError as error:
            broken.append(str(error))

    monkeypatch.setattr(actions, "_lock_numbers", lambda pk: actions.Committee.objects.get(pk=pk))
    monkeypatch.setattr(actions, "_next_serial", together)
    race(attempt, attempt)
    assert len(broken) == 1 and "finding_number" in broken[0]
    assert Finding.objects.count() == 1
