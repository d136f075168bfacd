"""The secret half of a person's calendar address: made, renewed, recognised. The address itself is stored nowhere."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.crypto import constant_time_compare, get_random_string, salted_hmac

from roster.audit.actions import Actor, record
from roster.audit.moves import Stale
from roster.people.models import Person
from sessions_app.reminders.models import FeedKey

SALT = "sessions_app.reminders.feed"
SIGNS = 40  # of a SHA-256 in hex: 160 bits
NO_ROW = 0  # the version a page carries that was opened before there was a key


def token(key: FeedKey, *, secret: str | None = None) -> str:
    """What stands in the address: nobody makes it without the nonce and this house's secret."""
    made = salted_hmac(SALT, f"{key.person_id}:{key.nonce}", secret=secret, algorithm="sha256")
    return made.hexdigest()[:SIGNS]


def fits(key: FeedKey, given: str) -> bool:
    """Whether `given` is the token of this key, also under a secret of the house that is being replaced."""
    right = [token(key, secret=secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    return any(constant_time_compare(one, given) for one in right)


@transaction.atomic
def renew(person: Person, *, version: int, by: Actor, at: datetime) -> FeedKey:
    """A new address, the first or another one; the old one is dead from now. Stale when it was changed since."""
    Person.objects.lock(person.pk)  # two first ones in one moment: the second waits, and is stale
    key = FeedKey.objects.select_for_update().filter(person=person).first()
    if (key.version if key else NO_ROW) != version:
        raise Stale(key.version if key else NO_ROW)
    verb = "renew" if key else "create"
    nonce = get_random_string(32)
    if key is None:
        key = FeedKey.objects.create(person=person, nonce=nonce, made_at=at)
    else:
        key.nonce, key.made_at = nonce, at
        key.save_changed()
    record(key, verb=verb, by=by, at=at)
    return key
