"""Whether a notice that waits to be mailed still has something to say; `hooks.py` hands it to the room of the notices."""

from __future__ import annotations

from datetime import date

from django.db.models import Q

from roster.accounts.models import Grant
from roster.audit.actions import SHANGHAI
from roster.committees.models import Committee
from roster.people.models import Membership, StudySecretary
from sessions_app.jobs.work import moment
from sessions_app.notices.models import Notice, Rhythm
from sessions_app.policies.rules import ancestors
from sessions_app.reminders.models import DueItem

MET = "事项均已办结，不再发送。"
LEFT = "收件人已不在所涉单位任职，不再发送。"


def why_drop(notice: Notice) -> str:
    """A Chinese reason to send it no more, or empty."""
    if notice.rhythm == Rhythm.LETTER:
        return ""
    ids = [line["item"] for line in notice.lines if line.get("item")]
    items = DueItem.objects.filter(pk__in=ids)
    only_items = len(ids) == len(notice.lines) and not notice.more
    if ids and only_items and not items.open().exists():
        return MET
    if notice.person_id is None:
        return ""
    # Later than either: a demo's clock stands still, and a message may wait for days.
    day = max(notice.created_at.astimezone(SHANGHAI).date(), moment().astimezone(SHANGHAI).date())
    return "" if _has_role(notice.person_id, set(items.values_list("committee_id", flat=True)), day) else LEFT


def _has_role(person_id: int, committee_ids: set[int], day: date) -> bool:
    """Whether the person holds anything over one of these committees that day; over any at all when none is named."""
    paths = Committee.objects.filter(pk__in=committee_ids).values_list("path", flat=True)
    above = {pk for path in paths for pk in ancestors(path)}
    here = Q(committee_id__in=committee_ids) if committee_ids else Q()
    over = Q(committee_id__in=above) if committee_ids else Q()
    return (
        StudySecretary.objects.in_office(day).filter(here, person_id=person_id).exists()
        or Membership.objects.on(day).filter(here, person_id=person_id).exists()
        or Grant.objects.on(day).filter(over, user__person_id=person_id, user__is_active=True).exists()
    )
