"""Who had a hand in a finding, by person and back along its whole history: former owners and withdrawn evidence too."""

from roster.audit.models import AuditEvent
from sessions_app.findings.models import Evidence, Extension, Finding, Progress

FINDER = "发现人"
# What somebody did on the unit's side, as the record keeps it: the verb, and what that makes him.
SIDE = {
    "propose_plan": "整改措施提出人", "submit": "申请销号人", "withdraw": "撤回申请人", "file_evidence": "佐证提交人",
    "withdraw_evidence": "佐证撤回人", "add_progress": "进展填报人", "reach": "进展填报人",
}  # fmt: skip
Hand = tuple[str, int | None]


def unit_hands(finding: Finding) -> list[Hand]:
    """(what he is, person) of everybody who took part in putting it right; four queries."""
    found: list[Hand] = [
        ("责任人", finding.owner_id), ("责任领导", finding.accountable_leader_id), ("申请销号人", finding.submitted_by_id),
    ]  # fmt: skip
    for word, rows in (
        ("佐证提交人", Evidence.objects.filter(finding=finding).values_list("filed_by_id", flat=True)),
        ("进展填报人", Progress.objects.filter(finding=finding).values_list("by_id", flat=True)),
        ("延期申请人", Extension.objects.filter(finding=finding).values_list("asked_by_id", flat=True)),
    ):
        found += [(word, person) for person in rows]
    events = AuditEvent.objects.about(finding).filter(verb__in=SIDE)
    for verb, person, data in events.values_list("verb", "actor__person_id", "data"):
        found.append((SIDE[verb], person))
        if verb == "propose_plan":
            found += [("责任人", data.get("owner")), ("责任领导", data.get("leader"))]
    return [(word, person) for word, person in found if person is not None]


def took_part(finding: Finding) -> list[Hand]:
    """Everybody who may not close it: the unit's side, and who found it."""
    raised = AuditEvent.objects.about(finding).filter(verb="raise").values_list("actor__person_id", flat=True)
    finders = [(FINDER, person) for person in (finding.found_by_id, *raised) if person is not None]
    return [*finders, *unit_hands(finding)]
