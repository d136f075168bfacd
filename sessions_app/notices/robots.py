"""The chat robot of a committee's group: kept, changed, switched off. Its key is never shown again and in no record."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from roster.audit.actions import Actor, record
from roster.audit.moves import Refused, Stale
from roster.committees.models import Committee
from sessions_app.notices.models import ChatTarget
from sessions_app.notices.rules import KEY_WORDS, key_faults

NO_ROW = 0  # the version a form carries that was opened before there was a row


@transaction.atomic
def keep(
    committee: Committee, *, provider: str, key: str, sign: str, is_active: bool, version: int, by: Actor, at: datetime
) -> ChatTarget:
    """Keep the robot. An empty `key` (and then an empty `sign`) leaves what is kept, as long as the provider stays."""
    Committee.objects.lock(committee.pk)  # two first robots in one moment: the second waits, and is stale
    row = ChatTarget.objects.select_for_update().filter(committee=committee).first()
    if (row.version if row else NO_ROW) != version:
        raise Stale(row.version if row else NO_ROW)
    fresh, before = row is None, _state(row)
    row = row or ChatTarget(committee=committee)
    renewed = bool(key)
    if renewed:
        faults = key_faults(provider, key, sign)
        if faults:
            raise Refused(faults.values())
        row.token, row.secret = key, sign
    elif fresh or provider != row.provider:
        raise Refused(f"请填写机器人密钥。{KEY_WORDS[provider]}")
    elif sign:
        raise Refused("改加签密钥时，请把机器人密钥也填一遍。")
    row.provider, row.is_active = provider, is_active
    if not fresh and not renewed and before == _state(row):
        return row
    if fresh:
        row.save()
    else:
        row.save_changed()
    record(
        row, verb="create" if fresh else "edit", by=by, at=at, before=before, after=_state(row),
        data={"provider": provider, "is_active": is_active, "key_renewed": renewed},
    )  # fmt: skip
    return row


def _state(row: ChatTarget | None) -> str:
    return "" if row is None else f"{row.get_provider_display()}{'启用' if row.is_active else '停用'}"
