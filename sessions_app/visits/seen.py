"""Who looks at a visit, and as what: the department that runs it, an observer named in it, the unit, or one who opened a sample."""

from dataclasses import dataclass
from datetime import date, datetime

from roster.accounts.models import User
from roster.accounts.roles import Permission
from sessions_app.visits.models import ObservationVisit, VisitObserver

P = Permission


@dataclass(frozen=True)
class Seen:
    """`runs`: his department runs the round. `observer`: his own line among the observers. `is_unit`: the visited committee."""

    visit: ObservationVisit
    user: User
    today: date
    now: datetime
    observers: tuple[VisitObserver, ...]
    runs: bool
    observer: VisitObserver | None
    is_unit: bool

    @property
    def leads(self) -> bool:
        return self.observer is not None and self.observer.is_lead


def seen(visit: ObservationVisit, user: User, *, today: date, now: datetime) -> Seen:
    """One query: the observers. `visit` comes with its round, the round's committee and its own."""
    observers = tuple(visit.observers.select_related("person"))
    mine = [row for row in observers if user.person_id and row.person_id == user.person_id]
    return Seen(
        visit, user, today, now, observers,
        runs=visit.round.committee.path in user.reach(P.VISIT_EDIT).paths,
        observer=mine[0] if mine and user.may(P.VISIT_OBSERVE) else None,
        is_unit=visit.committee_id in user.reach(P.VISIT_READ).committee_ids,
    )  # fmt: skip
