"""What is filed as evidence and not withdrawn, and its print: the application to close stands on exactly this."""

from django.db.models import Q, QuerySet

from sessions_app.findings.models import Evidence, Finding
from sessions_app.findings.rules import evidence_print

LIVE = Q(withdrawn_at__isnull=True) & (Q(attachment__isnull=True) | Q(attachment__withdrawn_at__isnull=True))


def live_evidence(finding: Finding) -> QuerySet[Evidence]:
    return Evidence.objects.filter(LIVE, finding=finding)


def print_of(finding: Finding) -> str:
    """ "" without evidence; one query."""
    rows = live_evidence(finding).values_list("pk", "text", "attachment__sha256")
    return evidence_print((pk, text, sha256 or "") for pk, text, sha256 in rows)
