"""What happened to a thing, as its page tells it: rows of the record, newest first."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.db.models import Model, Q

from roster.audit.actions import SHANGHAI
from roster.audit.models import AuditEvent
from roster.audit.words import verb_word

LONGEST = 60


def history_of(*subjects: Model, more: Callable[[AuditEvent], str] = lambda event: "") -> list[dict[str, Any]]:
    """The last events of these rows, for components/history.html; one query. `more` is put behind what was done."""
    asked = Q(pk__in=[])
    for subject in subjects:
        asked |= Q(subject_type=subject._meta.model_name, subject_id=subject.pk)
    return told(AuditEvent.objects.filter(asked).order_by("-at", "-id")[:LONGEST], more)


def told(events: Iterable[AuditEvent], more: Callable[[AuditEvent], str] = lambda event: "") -> list[dict[str, Any]]:
    """These events in the same words: {"at", "who", "role", "what", "reason"}."""
    return [
        {
            "at": moment_words(event.at), "who": event.actor_name, "role": event.actor_role,
            "what": verb_word(event.verb, event.subject_type) + more(event), "reason": event.reason,
        }
        for event in events
    ]  # fmt: skip


def moment_words(at: datetime) -> str:
    """2026年3月5日 10:30."""
    local = at.astimezone(SHANGHAI)
    return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"
