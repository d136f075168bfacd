"""What a draft may look like: plain values, no database."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from roster.outside import is_readable

LIVES = timedelta(days=7)
MOST_BYTES = 400_000  # of one draft; the longest minutes of the demo take a twentieth
MOST_DRAFTS = 60  # a person keeps; the oldest goes first
KEY = re.compile(r"[0-9a-f]{32}")
UNREADABLE = re.compile("[\x00\ud800-\udfff]")
PLACE_LENGTH, VERSION_LENGTH = 600, 40


def faults(given: Any) -> str:
    """Why this cannot be kept, in one sentence; empty if it can."""
    if not isinstance(given, Mapping):
        return "内容读不出来，没有留存。"
    if not isinstance(given.get("key"), str) or not KEY.fullmatch(given["key"]):
        return "草稿没有编号，没有留存。"
    place, version = given.get("place"), given.get("version", "")
    if not isinstance(place, str) or not place.startswith("/") or len(place) > PLACE_LENGTH:
        return "草稿不知道是哪一页的，没有留存。"
    if not isinstance(version, str) or len(version) > VERSION_LENGTH:
        return "草稿的版本读不出来，没有留存。"
    if not isinstance(given.get("values"), Mapping) or not isinstance(given.get("words", {}), Mapping):
        return "内容读不出来，没有留存。"
    return "" if is_readable(place + version) else "内容里有不能保存的字符，没有留存。"


def without_nul(value: Any) -> Any:
    """PostgreSQL keeps every character but NUL and halves of characters."""
    if isinstance(value, str):
        return value if is_readable(value) else UNREADABLE.sub("", value)
    if isinstance(value, Mapping):
        return {without_nul(name): without_nul(one) for name, one in value.items()}
    if isinstance(value, list):
        return [without_nul(one) for one in value]
    return value


def said_at(kept_at: datetime, now: datetime) -> str:
    """When it was kept, as short as it stays clear; both in the site's time zone."""
    if kept_at.date() == now.date():
        return f"{kept_at:%H:%M}"
    return f"{kept_at.month}月{kept_at.day}日 {kept_at:%H:%M}"
