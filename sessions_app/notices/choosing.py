"""How a person wants to be told: the change of his own preference."""

from datetime import datetime

from django.db import transaction

from roster.audit.actions import Actor, record
from roster.audit.actions import changes as changed_by
from roster.audit.moves import Stale
from roster.people.models import Person
from sessions_app.notices.models import Preference

NO_ROW = 0  # the version a form carries that was opened before there was a row


@transaction.atomic
def choose(person: Person, *, rhythm: str, by_mail: bool, version: int, by: Actor, at: datetime) -> Preference:
    """Keep what was chosen; Stale when it was chosen again since the form was opened. The same choice leaves no event."""
    Person.objects.lock(person.pk)  # two first choices in one moment: the second waits, and is stale
    row = Preference.objects.select_for_update().filter(person=person).first()
    if (row.version if row else NO_ROW) != version:
        raise Stale(row.version if row else NO_ROW)
    fresh = row is None
    row = row or Preference(person=person)
    changes = changed_by(row, {"rhythm": rhythm, "by_mail": by_mail})
    if fresh:
        row.save()
    elif changes:
        row.save_changed()
    if fresh or changes:
        record(row, verb="choose", by=by, at=at, data=changes)
    return row
