"""What the house above knows of a hand-over: what is open in a committee. `sessions_app` adds its reader in `ready()`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class OpenThing:
    """One thing the next secretary takes over. `group` is 到期, 计划, 场次, 记录 or 材料."""

    group: str
    what: str
    due: date | None = None
    url: str = ""

    def frozen(self) -> dict[str, str]:
        """As it is kept in a signed hand-over."""
        return {
            "group": self.group, "what": self.what, "due": self.due.isoformat() if self.due else "", "url": self.url,
        }  # fmt: skip


readers: list[Callable[[int, date], list[OpenThing]]] = []


def open_things(committee_id: int, on: date) -> list[OpenThing]:
    """Deadlines, drafts, unfinished sessions and their materials as of that day. Reads only."""
    return [thing for reader in readers for thing in reader(committee_id, on)]
