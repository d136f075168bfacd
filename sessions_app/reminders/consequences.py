"""What the rooms above do once the run has brought the due items in line. Filled by `sessions_app/hooks.py`."""

from collections.abc import Callable
from datetime import datetime

after_run: list[Callable[[datetime], None]] = []


def ran(at: datetime) -> None:
    """Called by `reminders.actions.send_due` at its end, inside its transaction."""
    for act in after_run:
        act(at)
