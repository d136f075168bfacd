"""What the findings say of the visit they came from: which there are, and which still wait for the department's word."""

from typing import Any

from roster.accounts.roles import Permission
from sessions_app.findings.models import Finding, FindingStage
from sessions_app.visits.consequences import Raised

TONES = {
    FindingStage.RAISED: "near", FindingStage.OPEN: "behind", FindingStage.IN_PROGRESS: "near",
    FindingStage.SUBMITTED: "near", FindingStage.RETURNED: "behind", FindingStage.CLOSED: "ok",
    FindingStage.DISMISSED: "muted", FindingStage.LONG_TERM: "near",
}  # fmt: skip


def against_closing(visit_id: int) -> list[str]:
    """A visit is not closed while a finding of it is neither confirmed nor dismissed."""
    waiting = Finding.objects.filter(visit_id=visit_id, stage=FindingStage.RAISED).order_by("year", "serial")
    return [f"问题 {row.number} 还没有确认或判为不成立，请先办理。" for row in waiting]


def raised(visit_id: int, user: Any) -> list[Raised]:
    """One query. What the reader may not see is not told, not even counted."""
    rows = Finding.objects.open_to(user, Permission.FINDING_READ).filter(visit_id=visit_id)
    rows = rows.select_related("score_item").order_by("year", "serial")
    return [
        Raised(
            row.number, row.text, row.get_stage_display(), TONES[FindingStage(row.stage)], row.get_absolute_url(),
            row.score_item_id, row.score_item.text if row.score_item else "",
        )
        for row in rows
    ]  # fmt: skip
