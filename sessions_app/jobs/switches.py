"""Whether a line of the beat table is on. Every scheduled task asks here first; `actions.switch` turns the switch."""

from __future__ import annotations

from sessions_app.jobs.beat import ROWS
from sessions_app.jobs.models import BeatSwitch


def is_on(name: str) -> bool:
    """On unless somebody switched it off. `name` is that of the line ("notices.deliver.mail"); another is a KeyError."""
    row = ROWS[name]
    return row.essential or not BeatSwitch.objects.filter(name=row.name, is_on=False).exists()
