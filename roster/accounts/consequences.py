"""What the house above does when something happens to somebody's account. `sessions_app` adds its listener in `ready()`."""

from collections.abc import Callable
from datetime import datetime

# person id, title, what happened, and when
Teller = Callable[[int, str, str, datetime], None]
tellers: list[Teller] = []


def tell(person_id: int | None, title: str, lead: str, at: datetime) -> None:
    """The owner is told in his inbox; an account without a person has none."""
    for teller in tellers if person_id else ():
        teller(person_id, title, lead, at)
