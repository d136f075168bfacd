"""Who compiles bulletins for which department, and who has to receive one."""

from datetime import date

from django.db.models import Count, Exists, OuterRef, QuerySet

from roster.accounts.models import User
from roster.accounts.roles import Permission
from roster.audit.actions import SHANGHAI
from roster.committees.models import Committee
from sessions_app.bulletins.models import Bulletin, BulletinReceipt

P = Permission


def departments(user: User, today: date) -> QuerySet:
    """The committees over which he compiles: where his grant stands, not each one below."""
    return Committee.objects.filter(path__in=user.reach(P.BULLETIN_EDIT).paths).active_on(today).in_order()


def in_hand(user: User) -> QuerySet:
    """Bulletins of the departments where he compiles, checks or signs, at every stage."""
    rows = Bulletin.objects.none()
    for needed in (P.BULLETIN_EDIT, P.BULLETIN_CHECK, P.BULLETIN_SIGN):
        rows = rows | Bulletin.objects.open_to(user, needed)
    return rows


def issued_on(bulletin: Bulletin) -> date | None:
    return bulletin.signed_at.astimezone(SHANGHAI).date() if bulletin.signed_at else None


def receivers(bulletin: Bulletin) -> QuerySet:
    """The committees that have to receive it: all below the department on the day it was issued; none before."""
    day = issued_on(bulletin)
    if day is None:
        return Committee.objects.none()
    below = Committee.objects.filter(path__startswith=bulletin.committee.path).exclude(pk=bulletin.committee_id)
    return below.active_on(day).in_order()


def with_receipt(committees: QuerySet, bulletin: Bulletin) -> QuerySet:
    """Committees with `received`."""
    taken = BulletinReceipt.objects.filter(bulletin=bulletin, committee=OuterRef("pk"))
    return committees.annotate(received=Exists(taken))


def with_counts(rows: QuerySet) -> QuerySet:
    """Bulletins with `received`: how many committees have received each."""
    return rows.annotate(received=Count("receipts"))


def seats(user: User, bulletin: Bulletin) -> QuerySet:
    """Of the committees that have to receive it, those for which he may."""
    return receivers(bulletin).filter(pk__in=user.reach(P.BULLETIN_RECEIPT).committee_ids)
