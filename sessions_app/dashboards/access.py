"""Whose figures a reader may open: a subtree where his role reaches one, otherwise the one committee."""

from dataclasses import dataclass

from django.http import Http404

from roster import outside
from roster.accounts.models import User
from roster.committees.models import Committee
from sessions_app.facts.scope import Scope, only, subtree


@dataclass(frozen=True)
class Place:
    """The committee on top; `whole`: with all below it."""

    committee: Committee
    whole: bool

    @property
    def scope(self) -> Scope:
        return subtree(self.committee.path) if self.whole else only(self.committee.pk)

    @property
    def path(self) -> str:
        return self.committee.path


def place(user: User, permission: str, committee: str = "", *, alone: bool = False) -> Place:
    """The committee of the address (its pk), or the one the reader acts for; Http404 outside his reach."""
    reached = Committee.objects.open_to(user, permission)
    if committee:
        found = reached.filter(pk=outside.key(committee)).first()
    else:
        holds = list(user.holds_with(permission))
        acting = [hold for hold in holds if hold == user.acting] or holds
        found = reached.filter(pk=acting[0].committee_id).first() if acting else None
    if found is None:
        raise Http404
    whole = not alone and any(found.path.startswith(path) for path in user.reach(permission).paths)
    return Place(found, whole)
