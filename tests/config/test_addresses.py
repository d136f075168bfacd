"""Every route of every included app against a list: a new one is a decision, not something a library brings."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLResolver, get_resolver

from roster.accounts.models import User
from roster.accounts.roles import Role
from tests import build

OURS = ("roster", "sessions_app", "config")
ALLOWED = {
    "account/login/", "account/logout/", "account/inactive/", "account/reauthenticate/", "account/2fa/",
    "account/2fa/authenticate/", "account/2fa/reauthenticate/", "account/2fa/totp/activate/",
    "account/2fa/totp/deactivate/", "account/2fa/recovery-codes/", "account/2fa/recovery-codes/generate/",
    "account/2fa/recovery-codes/download/",
    "backstage/", "backstage/login/", "backstage/logout/", "backstage/jsi18n/", "backstage/password_change/",
    r"backstage/^(?P<app_label>roster|sessions_app)/$",
}  # fmt: skip
# Shown in Django's admin, each as list, row and history; none can be written there.
SHOWN = {
    "roster/committee", "roster/person", "roster/membership", "roster/studysecretary", "roster/user", "roster/grant",
    "sessions_app/policyparameter", "sessions_app/workingday", "sessions_app/period", "sessions_app/finding",
}  # fmt: skip
CLOSED = [
    "email/", "confirm-email/", "confirm-email/abc:def/", "signup/", "password/set/", "password/reset/",
    "password/reset/done/", "password/reset/key/1-abc/", "password/reset/key/done/", "password/reset/confirm/",
    "login/code/", "login/code/confirm/", "phone/verify/", "phone/change/", "signup/passkey/", "2fa/webauthn/",
    "2fa/webauthn/add/", "2fa/webauthn/login/", "2fa/trust/", "3rdparty/", "social/signup/",
]  # fmt: skip


def routes(resolver: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    for entry in resolver.url_patterns:
        where = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry, where)
        else:
            yield where, entry


def foreign() -> set[str]:
    return {
        where for where, entry in routes(get_resolver()) if entry.callback.__module__.split(".")[0] not in OURS
    }  # fmt: skip


def test_every_route_of_an_included_app_is_on_the_list() -> None:
    rows = {
        f"backstage/{thing}/{page}"
        for thing in SHOWN
        for page in ("", "<path:object_id>/change/", "<path:object_id>/history/")
    }
    assert foreign() == ALLOWED | rows


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("place", CLOSED)
def test_the_ways_round_the_administrator_are_closed(place: str, method: str, settings: Any) -> None:
    settings.CLOCK = build.AT
    inside, street = Client(), Client()
    inside.force_login(build.account(), backend="django.contrib.auth.backends.ModelBackend")
    for client in (inside, street):
        answer = getattr(client, method)(f"/account/{place}", {"email": "fremd@example.com", "action_add": ""})
        assert answer.status_code == 404, place


@pytest.mark.django_db
def test_the_backstage_opens_and_writes_nothing(settings: Any) -> None:
    settings.CLOCK = build.AT
    city = build.committee("云州市委")
    admin = build.granted(Role.ADMIN, city)
    User.objects.filter(pk=admin.pk).update(is_staff=True, is_superuser=True)
    other = build.account()
    client = Client()
    client.force_login(admin, backend="django.contrib.auth.backends.ModelBackend")
    for place in ("", "roster/", "roster/user/", f"roster/user/{other.pk}/change/", f"roster/user/{other.pk}/history/"):
        assert client.get(f"/backstage/{place}").status_code == 200, place
    for place in (f"roster/user/{other.pk}/change/", "roster/user/add/", f"roster/user/{other.pk}/delete/",
                  f"roster/user/{other.pk}/password/", "auth/group/add/", "account/emailaddress/add/"):  # fmt: skip
        assert client.post(f"/backstage/{place}", {"is_superuser": "on", "email": "a@b.cn"}).status_code in (403, 404)
    assert client.post("/backstage/password_change/", {"old_password": "x"})["Location"] == "/account/password/change/"
