"""Foreign values: one reader of numbers and days, nothing unreadable past the door, and no address that breaks on them."""

import os
import random
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import Resolver404, resolve, reverse
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as lxml_html

from roster import outside
from tests import test_access
from tests.access import Address, Somebody, cases, is_open
from tests.test_access import House, ask
from tests.test_house import OURS, ROOT

pytestmark = pytest.mark.django_db
_django_db_helper = test_access._django_db_helper
house = test_access.house
LONG = os.environ.get("ZHIXING_TEST_LONG") == "1"


# ------------------------------------------------------------------------------------------------------- one reader
@pytest.mark.parametrize(
    "text", ["", " 1", "1 ", "²", "٣", "１", "1_0", "+1", "-1", "1.0", "1e3", "0x1", "9" * 5000, None, "\x00"]
)
def test_what_is_no_number_is_none(text: Any) -> None:
    assert outside.whole(text) is None
    assert outside.key(text) == 0


def test_numbers_lie_within_their_bounds() -> None:
    assert outside.whole("007") == 7
    assert outside.whole(str(2**31 - 1)) == 2**31 - 1
    assert outside.whole(str(2**31)) is None
    assert outside.whole("1999", least=2000, most=2100) is None


@pytest.mark.parametrize(
    "text", ["0001-01-01", "9999-12-31", "2026-02-30", "2026-2-3", "20260203", "²026-01-01", "2026-W01-1", "", None]
)
def test_what_is_no_day_is_none(text: Any) -> None:
    assert outside.day(text) is None


@given(st.text())
def test_the_readers_never_raise(text: str) -> None:
    for read in (outside.whole, outside.key, outside.day, outside.is_readable):
        read(text)


BARE = re.compile(
    r"\bisdigit\(|\bisdecimal\(|\bisnumeric\(|\bint\(\s*\w*\.?(?:GET|POST|posted|data)\b|fromisoformat\(\s*(?:request|typed|posted)"
)
KNOWN = {"sessions_app/papers/word_blocks.py": 1}  # reads the names in our own templates


def test_nobody_reads_outside_numbers_for_himself() -> None:
    found = {}
    for path in OURS:
        name = str(path.relative_to(ROOT))
        lines = [line for line in path.read_text().splitlines() if BARE.search(line)]
        if "/migrations/" not in name and "/demo/" not in name and len(lines) > KNOWN.get(name, 0):
            found[name] = lines
    assert found == {}, "roster.outside reads numbers and days of requests"


def test_fields_of_forms_know_their_bounds() -> None:
    """A bare DateField takes the years 1 and 9999, on which reckoning breaks."""
    bare = []
    for path in OURS:
        for line in path.read_text().splitlines():
            if re.search(r"\bforms\.Date(Time)?Field\(", line):
                bare.append(f"{path.relative_to(ROOT)}: {line.strip()}")
    assert bare == []


# ------------------------------------------------------------------------------------------------------- at the door
@pytest.mark.parametrize("where", ["/people/?q=%00", "/people/%00/", "/?a%00=1", "/account/login/?next=%00"])
def test_nul_is_answered_at_the_door(house: House, where: str) -> None:
    answer = house.clients["secretary"].get(where)
    assert answer.status_code == 400 and "这个请求看不懂" in answer.text


def test_nul_and_half_characters_in_a_form_are_answered_at_the_door(house: House) -> None:
    client = house.clients["secretary"]
    assert client.post("/account/login/", {"login": "a\x00b", "password": "x"}).status_code == 400
    raw = "login=%ED%A0%80"  # what decodes to no character is replaced by the frame, and is no error
    kind = "application/x-www-form-urlencoded"
    assert client.post("/account/login/", raw, content_type=kind).status_code < 500


# ------------------------------------------------------------------------------------------------------- every address
EVIL = [
    "²", "٣", "-1", "0", "2147483648", "9223372036854775808", "1" * 4400, "1e999", "NaN", "0001-01-01", "9999-12-31", "2026-02-30",
    "1", "<!--" * 50, "(" * 300, "24:00", "", "\u202e", "{}", "%s", "'\"", "x" * 3000, "Infinity", "2026", "12345-1", "²-1", "a-1",
]  # fmt: skip
NAMES = [
    "q",
    "year",
    "quarter",
    "month",
    "committee",
    "under",
    "only",
    "department",
    "page",
    "per",
    "sort",
    "stage",
    "state",
    "kind",
    "key",
    "until",
    "first",
    "last",
    "category",
    "mode",
    "item",
    "visit",
    "version",
    "reason",
    "note",
    "ids",
    "m",
    "all",
    "drop",
    "topic",
    "day",
    "on",
    "secretary",
    "person",
    "card",
    "below",
    "format",
    "named",
    "since",
    "part",
    "session",
    "op",
    "add",
    "form_token",
]
A_ROUND = 10_000 if LONG else 1


def _welcome(house: House, name: str, address: Address) -> list[Somebody]:
    target = house.world.targets[address.at]["own"] if address.at else None
    found = [one for one in house.world.visitors if is_open(one, house.marks[name].access, target, address.needs)]
    return found if LONG else found[:1]


def _arguments(house: House, address: Address) -> tuple[Any, ...]:
    target = house.world.targets[address.at]["own"] if address.at else None
    return (*address.before, *(target.args if target and not address.named else ()), *address.after)


TRIED: set[tuple[object, ...]] = set()  # forms of the frame stand on every page


def _forms(page: str, here: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    """(method, address, fields as they stand) of every form of a page that was not met before."""
    for form in lxml_html.fromstring(page).forms:
        fields = dict.fromkeys(filter(None, form.fields), "")
        fields |= {name: value or "" for name, value in form.form_values()}
        fields.pop("csrfmiddlewaretoken", None)
        verb, where = (form.method or "GET").upper(), (form.action or here).split("?")[0] or here
        try:
            found = resolve(where)
        except Resolver404:
            continue
        mark = (verb, found.url_name, *(value for value in found.kwargs.values() if isinstance(value, str)))
        if LONG or mark not in TRIED:
            TRIED.add(mark)
            yield verb, where, fields


def _broken(house: House, who: Somebody, verb: str, url: str, fields: dict[str, str]) -> str:
    status, text, _ = ask(house, who, url, "G" if verb == "GET" else "P", fields)
    shown = {name: value[:40] for name, value in fields.items()}
    return f"{verb} {url} by {who.name}: {status} {shown}\n{text[-1500:]}" if status >= 500 else ""


def _tries(chance: random.Random, fields: dict[str, str]) -> Iterator[dict[str, str]]:
    """One field wrong at a time, the others as they were; in the long run every one with everything."""
    every = [(name, evil) for name in fields for evil in EVIL]
    for name, evil in every if LONG else chance.sample(every, min(len(every), A_ROUND)):
        yield {**fields, name: evil}
    for evil in EVIL if LONG else chance.sample(EVIL, 1):
        yield dict.fromkeys(fields, evil)


def _fuzzed(house: House, name: str, address: Address) -> list[str]:
    chance = random.Random(f"{name} {address}")
    url = reverse(name, args=_arguments(house, address))
    wrong = []
    for who in _welcome(house, name, address):
        forms = []
        if "G" in address.verbs:
            status, text, _ = ask(house, who, url, "G", dict(address.query))
            forms = list(_forms(text, url)) if status == 200 and "<form" in text else []
            forms.append(("GET", url, dict.fromkeys(NAMES, "") | {str(k): str(v) for k, v in address.query}))
        if "P" in address.verbs and not any(verb == "POST" and where == url for verb, where, _ in forms):
            forms.append(("POST", url, dict.fromkeys(NAMES, "")))
        for verb, where, fields in forms:
            if not where.startswith("/account/") and fields:
                wrong += [_broken(house, who, verb, where, one) for one in _tries(chance, fields)]
    return [line for line in wrong if line]


CASES = [(name, address) for name, address in cases() if name not in ("healthz", "readyz") and not address.heavy]


@pytest.mark.parametrize("part", range(8))
def test_no_address_breaks_on_foreign_values(house: House, part: int) -> None:
    wrong = [line for name, address in CASES[part::8] for line in _fuzzed(house, name, address)]
    assert not wrong, f"{len(wrong)}\n" + "\n".join(wrong[:20])


NUMBERS = ["0", "2147483648", "99999999999999999999", "1" * 4400]
WORDS = ["²", "x" * 300, "0001-01-01", "-1"]


def _led_astray(name: str, given: tuple[Any, ...]) -> Iterator[str]:
    """The address with one of its arguments wrong, as far as the router lets it in."""
    url = reverse(name, args=given)
    for value in given:
        evils = NUMBERS if str(value).isdigit() else WORDS
        for evil in evils if LONG else random.Random(url).sample(evils, 1):
            path = "/".join(evil if part == str(value) else part for part in url.split("/"))
            try:
                resolve(path)
            except Resolver404:
                continue
            yield path


def test_no_address_breaks_on_a_foreign_path(house: House) -> None:
    wrong = [
        _broken(house, who, "GET" if verb == "G" else "POST", path, {})
        for name, address in CASES
        for path in _led_astray(name, _arguments(house, address))
        for who in _welcome(house, name, address)[:1]
        for verb in address.verbs
    ]
    found = [line for line in wrong if line]
    assert not found, f"{len(found)}\n" + "\n".join(found[:20])
