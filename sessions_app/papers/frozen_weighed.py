"""What an annual report says of the year's assessment and interviews: results that are final, interviews that were held.

An interview is an internal matter: the report of many says how many there were, never whose.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Count, Q

from roster.committees.models import Committee
from sessions_app.assessment.models import (
    Assessment,
    AssessmentSheet,
    AssessmentStage,
    InterviewStage,
    LeaderInterview,
)
from sessions_app.facts.tables import as_plain

Facts = dict[str, Any]
UNGRADED = "未分等次"


def whole(committee: Committee, year: int) -> Facts:
    """Every assessment of the year that weighs somebody of the subtree, by its organiser. Four queries."""
    sheets = AssessmentSheet.objects.filter(assessment__year=year, committee__path__startswith=committee.path)
    runs = list(
        Assessment.objects.filter(pk__in=sheets.order_by().values("assessment")).select_related("committee", "scheme").prefetch_related("committee__names")
        .order_by("committee__level_order", "committee__sort_order", "committee__code", "number")
    )  # fmt: skip
    counts: dict[int, dict[str, int]] = {}
    for row in sheets.order_by().values("assessment", "grade").annotate(units=Count("pk"), known=Count("total")):
        found = counts.setdefault(row["assessment"], {"units": 0})
        found["units"] += row["units"]
        if row["known"]:
            found[row["grade"] or UNGRADED] = found.get(row["grade"] or UNGRADED, 0) + row["known"]
    return {
        "rows": [_run(run, counts[run.pk]) for run in runs],
        "interviews": _interviews(Q(committee__path__startswith=committee.path), year),
    }


def _run(run: Assessment, counts: Mapping[str, int]) -> Facts:
    final = run.stage == AssessmentStage.FINAL
    order = [str(band.get("label", "")) for band in run.scheme.bands]
    grades = [label for label in counts if label != "units"]
    grades.sort(key=lambda label: (label == UNGRADED, order.index(label) if label in order else len(order)))
    graded = [f"{label}{counts[label]}家" for label in grades]
    return {
        "organiser": run.committee.name_on(run.as_of), "name": str(run), "units": counts["units"], "final": final,
        "result": "、".join(graded) if final else f"尚未定稿（{run.get_stage_display()}）",
        "median": as_plain(run.median) if final else None,
    }  # fmt: skip


def _interviews(whose: Q, year: int) -> list[Facts]:
    """How many interviews of the year were held, by the department that held them. One query."""
    rows = LeaderInterview.objects.filter(whose, year=year, stage=InterviewStage.HELD)
    order = ("department__level_order", "department__sort_order", "department__code")
    found = rows.order_by(*order).values("department__name", *order).annotate(held=Count("pk"))
    return [{"organiser": row["department__name"], "held": row["held"]} for row in found]


def own(committee: Committee, year: int) -> Facts:
    """The unit's own results of the year, those that are final, and how often its leader was interviewed. Three queries."""
    sheets = (
        AssessmentSheet.objects.filter(
            assessment__year=year, committee=committee, assessment__stage=AssessmentStage.FINAL
        )
        .select_related("assessment__committee")
        .prefetch_related("assessment__committee__names")
    )
    sheets = sheets.order_by("assessment__committee__level_order", "assessment__committee__code", "assessment__number")
    return {
        "rows": [
            {
                "organiser": row.assessment.committee.name_on(row.assessment.as_of), "name": str(row.assessment),
                "total": as_plain(row.total), "rank": row.rank, "grade": row.grade,
            }
            for row in sheets
        ],
        "interviews": _interviews(Q(committee=committee), year),
    }  # fmt: skip
