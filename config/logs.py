"""What a log may not say: the address of a calendar is its key, so it is cut off before a line is written."""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any

CALENDAR = re.compile(r"(/calendar/\d+-)[^\s\"'?]+")


def without_calendar_keys(logger: Any, name: str, said: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog step: in every text of the line (`event`, `request` …) the secret half of such an address is left out."""
    for key, value in said.items():
        if isinstance(value, str) and "/calendar/" in value:
            said[key] = CALENDAR.sub(r"\1…", value)
    return said
