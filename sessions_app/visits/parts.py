"""The four sections of a visit's page: each part reads what its template shows. Add a reader here, its template in templates/visits/."""

from collections.abc import Callable, Mapping
from typing import Any

from sessions_app.visits import dossier, feedback_page
from sessions_app.visits.seen import Seen

Part = Callable[[Seen], Mapping[str, Any]]
PARTS: tuple[Part, ...] = (dossier.before, dossier.at, dossier.after, feedback_page.part)


def context(seen: Seen) -> dict[str, Any]:
    """What all four sections show."""
    found: dict[str, Any] = {}
    for part in PARTS:
        found.update(part(seen))
    return found
