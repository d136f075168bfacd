"""Due finders: each kind found, not found, as of a past day, after a closed period, under a rule of one county."""

from __future__ import annotations

from datetime import date

import pytest

from sessions_app.plans.models import StudyPlan
from sessions_app.reminders import due
from sessions_app.reminders.rules import Kind
from tests import build

pytestmark = pytest.mark.django_db


def found(day: date, kind: Kind) -> dict[str, due.Due]:
    return {one.subject: one for one in due.find(due.load(day)) if one.kind == kind}


def test_a_plan_is_due_until_it_is_filed() -> None:
    here = build.committee()
    assert found(date(2026, 1, 5), Kind.PLAN_DUE)[f"plan:{here.pk}:2026"].due_on == date(2026, 1, 31)
    StudyPlan.objects.create(
        committee=here, year=2026, stage="FILED", filed_on=date(2026, 1, 20), approved_on=date(2026, 1, 10),
        approving_meeting="党组会",
    )  # fmt: skip
    assert found(date(2026, 1, 19), Kind.PLAN_DUE) and not found(date(2026, 1, 20), Kind.PLAN_DUE)
