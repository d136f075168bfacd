"""Keeping what is typed until it is saved (docs/decisions/0061-drafts.md). Drafts are nobody's records: no event tells of them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from roster.accounts.draft_rules import LIVES, MOST_DRAFTS, without_nul
from roster.accounts.models import Draft, User


@transaction.atomic
def keep(given: Mapping[str, Any], *, by: User, at: datetime) -> Draft | None:
    """Keep what stands in a form; None where the form was saved meanwhile, so that a late message brings nothing back."""
    row, _ = Draft.objects.select_for_update().get_or_create(user=by, key=given["key"], defaults={"kept_at": at})
    if row.closed_at is not None:
        return None
    row.place, row.version, row.kept_at = given["place"], given.get("version", ""), at
    row.content = without_nul({"values": given["values"], "words": given.get("words", {})})
    row.save()
    newest = Draft.objects.waiting(by, at).order_by("-kept_at", "-pk").values("pk")[:MOST_DRAFTS]
    Draft.objects.filter(user=by, closed_at=None).exclude(pk__in=list(newest.values_list("pk", flat=True))).delete()
    return row


@transaction.atomic
def close(key: str, *, by: User, at: datetime) -> None:
    """The text is saved, or thrown away by its writer. The key stays for a while, empty (see `keep`)."""
    Draft.objects.update_or_create(
        user=by, key=key, defaults={"kept_at": at, "closed_at": at, "content": {}, "place": "", "version": ""}
    )


def clear(at: datetime) -> int:
    """Whatever is older than a draft lives."""
    return Draft.objects.filter(kept_at__lt=at - LIVES).delete()[0]
