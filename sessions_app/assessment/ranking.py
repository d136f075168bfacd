"""The order of units of an assessment: for reviewers and heads alone, and what goes into the annual appraisal."""

from __future__ import annotations

from collections import Counter

from django.db.models import F, QuerySet

from roster.accounts.sheets import workbook
from sessions_app.assessment.models import Assessment, AssessmentSheet

SORTS = {
    "rank": ("rank", "committee__level_order", "committee__sort_order", "committee__code"),
    "committee": ("committee__level_order", "committee__sort_order", "committee__code"),
    "total": ("total", "committee__level_order", "committee__sort_order", "committee__code"),
    "system": ("system_total", "committee__code"),
    "self": ("self_total", "committee__code"),
}
HEADS = ("名次", "单位", "编码", "复核分", "加分", "总分", "权重（%）", "折算分", "等次")


def ranked(run: Assessment) -> QuerySet:
    """Every sheet, those without a total last."""
    rows: QuerySet = AssessmentSheet.objects.filter(assessment=run).select_related("committee")
    return rows.order_by(F("rank").asc(nulls_last=True), *SORTS["committee"])


def tied(run: Assessment) -> set[int]:
    """The ranks that more than one unit shares; of the whole run, not of a page of it."""
    ranks = AssessmentSheet.objects.filter(assessment=run, rank__isnull=False).order_by().values_list("rank", flat=True)
    return {rank for rank, units in Counter(ranks).items() if units > 1}


def sheet(run: Assessment, *, note: str) -> bytes:
    """The workbook for the annual appraisal: unknown prints 待补."""
    weight = run.scheme.weight
    rows = (
        (
            row.rank, str(row.committee), row.committee.code, row.verified_total, row.bonus, row.total, weight,
            row.converted, row.grade,
        )
        for row in ranked(run)
    )  # fmt: skip
    return workbook(f"{run}结果", HEADS, rows, note=note)
