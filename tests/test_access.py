"""Who may come in where: every address x verb x visitor x row, against an oracle that knows nothing of the house's scoping."""

import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import transaction
from django.test import Client, override_settings
from django.urls import reverse

from roster.committees.models import ScopedQuerySet
from tests import build
from tests.access import Address, Somebody, Target, cases, is_open
from tests.access_world import CONTENT, PRIVATE, SECRET, UNIT, World, make
from tests.test_house import our_addresses

pytestmark = pytest.mark.django_db


@pytest.fixture
def _django_db_helper(house: "House") -> None:
    """In the place of pytest-django's transaction for each test: the module's own, see `house`."""


# Whoever holds nothing over B. (The street is sent to the log-in, whatever it asks for.)
NOT_OF_B = {
    "secretary", "leader", "deputy", "acting", "member", "observer", "nobody", "reviewer of the county", "admin of the county",
    "security of the county", "auditor of the county",
}  # fmt: skip
BLIND = {"admin of the city", "admin of the county", "security of the city", "security of the county"}
# Names of other committees are told here: whom to invite.
TELLS_NAMES = {"session_invite"}
# A joint session has one record: who was away and why stands in it for all who took part.
ONE_RECORD = {"minutes"}


@dataclass
class House:
    world: World
    clients: dict[str, Client]
    marks: dict[str, Any]
    wrong: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def house(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any) -> Iterator[House]:
    """One world for the whole file, in one transaction that is taken back; each request stands in a savepoint."""
    with (
        django_db_blocker.unblock(),
        override_settings(CLOCK=build.AT, STORAGES=_files(tmp_path_factory)),
        transaction.atomic(),
    ):
        world = make()
        clients = {}
        for who in world.visitors:
            clients[who.name] = Client(raise_request_exception=False)
            if who.logged_in:
                clients[who.name].force_login(world.users[who.name], "django.contrib.auth.backends.ModelBackend")
        yield House(world, clients, {entry.name: entry.callback for _, entry in our_addresses()})
        transaction.set_rollback(True)


def _files(factory: Any) -> dict[str, Any]:
    from django.conf import settings

    place = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": factory.mktemp("media")}}
    return settings.STORAGES | {"default": place}


def ask(house: House, who: Somebody, url: str, verb: str, query: dict[str, Any]) -> tuple[int, str, str]:
    """Status, text and where to, of one request that leaves nothing behind."""
    client = house.clients[who.name]
    with transaction.atomic():
        answer = client.get(url, query) if verb == "G" else client.post(url, query)
        told = answer.get("Content-Type", "").startswith(("text", "application/json")) and not answer.streaming
        text = answer.text if told else ""
        if answer.streaming:
            b"".join(answer.streaming_content)  # to its end, which closes the file
        failure = answer.exc_info
        transaction.set_rollback(True)
    if failure:
        text = "".join(traceback.format_exception(*failure)[-3:])
    return answer.status_code, text, answer.get("Location", "")


def judge(
    house: House, name: str, address: Address, who: Somebody, which: str, target: Target | None, verb: str
) -> str:
    """What is wrong with the answer to one visitor, or nothing."""
    args = (*address.before, *(target.args if target and not address.named else ()), *address.after)
    query = dict(address.query) | ({address.named: target.args[0]} if target and address.named else {})
    mark = house.marks[name].access
    if which not in ("", "own") and who.logged_in and not is_open(who, mark, None):
        return ""  # turned away at the door, whatever the row: asked for once
    welcome = is_open(who, mark, target, address.needs)
    if welcome and address.heavy and who.name not in ("secretary", "the street"):
        return ""
    status, text, where = ask(house, who, reverse(name, args=args), verb, query)
    told = f"{verb} {name} {'/'.join((*address.before, *address.after))} {dict(query) or ''} {which} by {who.name}: {status}"
    if status >= 500 and not (name == "readyz" and status == 503):
        return f"{told}\n{text}"
    if not who.logged_in:
        sent_away = status == 302 and "/account/login/" in where
        return "" if sent_away != (mark == "public") else f"{told}, mark {mark}"
    if welcome != (status != 404) or status in (403, 405):
        return f"{told}, the oracle says {'open' if welcome else 'closed'}"
    if status == 302 and "/account/login/" in where:
        return f"{told}, sent to the log-in"
    return leaks(name, who, status, text, told)


def leaks(name: str, who: Somebody, status: int, text: str, told: str) -> str:
    if status == 404:
        return ""
    banned = []
    if who.name in NOT_OF_B:
        banned += [word for word, told_at in ((SECRET, ONE_RECORD), (UNIT, TELLS_NAMES)) if name not in told_at]
    if who.name == "member":
        banned.append(PRIVATE)
    if who.name in BLIND:
        banned += [CONTENT, PRIVATE]
    found = [word for word in banned if word in text]
    if not found:
        return ""
    at = text.index(found[0])
    return f"{told} tells {found}: …{' '.join(text[max(0, at - 120) : at + 60].split())}…"


def judged(house: House, name: str, address: Address) -> list[str]:
    rows: dict[str, Target | None] = dict(house.world.targets[address.at]) if address.at else {"": None}
    found = [
        judge(house, name, address, who, which, target, verb)
        for which, target in rows.items()
        for who in house.world.visitors
        for verb in address.verbs
    ]
    return [line for line in found if line]


def _known(found: list[tuple[str, Address]]) -> list[Any]:
    return [
        pytest.param(name, address, id="-".join([name, *address.before, *address.after, address.named, *dict(address.query).values()]))
        for name, address in found
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "address"), _known(cases()))
def test_an_address_is_open_exactly_where_the_oracle_says(house: House, name: str, address: Address) -> None:
    wrong = judged(house, name, address)
    assert not wrong, "\n".join(wrong)


def test_an_address_that_writes_takes_no_get(house: House) -> None:
    """And so no link, no picture and no reload changes anything."""
    taking: dict[str, str] = {}
    for name, address in cases():
        taking[name] = taking.get(name, "") + address.verbs
    found = []
    for name, address in cases():
        if "G" in taking[name] or address.before:
            continue
        target = house.world.targets[address.at]["own"] if address.at else None
        who = next(one for one in house.world.visitors if is_open(one, house.marks[name].access, target, address.needs))
        args = (*(target.args if target and not address.named else ()), *address.after)
        status = ask(house, who, reverse(name, args=args), "G", {})[0]
        if status != 405:
            found.append((name, status))
    assert found == []


def test_a_committee_outside_is_no_choice_of_the_export(house: House) -> None:
    """The form comes back with a sentence, and no file with it."""
    for who in house.world.visitors:
        if is_open(who, house.marks["workbook_export"].access, None):
            for which, target in house.world.targets["committee"].items():
                query = {"download": "1", "committee": target.args[0], "sheets": "人员"}
                with transaction.atomic():
                    answer = house.clients[who.name].get(reverse("workbook_export"), query)
                    transaction.set_rollback(True)
                got_a_file = "Content-Disposition" in answer
                assert got_a_file == is_open(who, house.marks["workbook_export"].access, target), (who.name, which)


def test_the_oracle_notices_a_view_without_scope(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: with `open_to` taken out, the plan of a sibling opens, and the matrix says so."""
    monkeypatch.setattr(ScopedQuerySet, "open_to", lambda rows, user, permission: rows)
    wrong = judged(house, "plan", Address("plan"))
    assert any("G plan  " in line and "other by secretary: 200, the oracle says closed" in line for line in wrong), (
        wrong
    )


def test_the_leak_check_notices_a_list_without_scope(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ScopedQuerySet, "open_to", lambda rows, user, permission: rows)
    wrong = judged(house, "filing_list", Address())
    assert any("by secretary: 200 tells" in line for line in wrong), wrong
