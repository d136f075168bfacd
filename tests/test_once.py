"""Same token and same text is the first result; same token and other text is asked about: for every form with a token."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import RequestFactory
from django.urls import reverse
from lxml import html as lxml_html

from roster.accounts.once import fingerprint
from sessions_app.sessions.models import StudySession
from tests import build, test_access
from tests.access import cases, is_open
from tests.test_access import House
from tests.test_house import OURS

pytestmark = pytest.mark.django_db
_django_db_helper = test_access._django_db_helper
house = test_access.house


def _token_forms(house: House) -> list[tuple[Any, str, dict[str, str]]]:
    """(client, where it posts, its fields) of every form with a token, met by walking the access matrix."""
    found = {}
    for name, address in cases():
        if "G" not in address.verbs or address.heavy or not name.endswith(("_new", "scheme", "_list")):
            continue
        target = house.world.targets[address.at]["own"] if address.at else None
        who = next(
            (one for one in house.world.visitors if is_open(one, house.marks[name].access, target, address.needs)), None
        )
        if who is None or not who.logged_in:
            continue
        args = (*address.before, *(target.args if target and not address.named else ()), *address.after)
        query = dict(address.query) | ({address.named: target.args[0]} if target and address.named else {})
        url, client = reverse(name, args=args), house.clients[who.name]
        query |= {"blank": "1"} if name == "session_new" else {}
        _, text, _ = test_access.ask(house, who, url, "G", query)
        for form in lxml_html.fromstring(text).forms if 'name="form_token"' in text else ():
            fields = dict(form.form_values())
            if "form_token" in fields:
                found.setdefault(form.action or url, (client, form.action or url, fields))
    return list(found.values())


def test_every_form_with_a_token_asks_before_it_drops_other_text(house: House) -> None:
    forms = _token_forms(house)
    assert len(forms) >= 6, [where for _, where, _ in forms]
    for client, where, fields in forms:
        with transaction.atomic():
            session = client.session
            sent = {**fields, "note": "第一次"}
            session["once"] = {}
            session.save()
            _as_if_made(client, where, sent)
            again = client.post(where, {**sent, "note": "另一段话"})
            assert again.status_code == 409 and "另一段话" in again.text and "再建一个" in again.text, where
            fresh = re.search(r'name="form_token" value="([0-9a-f-]{36})"', again.text)
            assert fresh and fresh[1] != fields["form_token"], where
            transaction.set_rollback(True)


def _as_if_made(client: Any, where: str, sent: dict[str, str]) -> None:
    """What the door remembers of a form that made its thing."""
    request = RequestFactory().post(where, sent)
    session = client.session
    session["once"] = {sent["form_token"]: [fingerprint(request), "/first/"]}
    session.save()


def test_no_model_with_a_token_stands_outside() -> None:
    """A token under another name would not be seen at the door."""
    named = {m for path in OURS if path.name == "forms.py" or path.name.endswith("_forms.py")
             for m in re.findall(r"^    (\w*token\w*) = forms\.", path.read_text(), re.M)}  # fmt: skip
    assert named <= {"form_token", "token"}, named


class TestBackThenAnother:
    """The reported case, by the pages: make a session, go back, change the topic, send again."""

    def _fields(self, client: Any, **more: str) -> dict[str, str]:
        page = lxml_html.fromstring(client.get(reverse("session_new") + "?blank=1").text)
        form = next(form for form in page.forms if "form_token" in dict(form.form_values()))
        return {
            **dict(form.form_values()),
            "day": f"{build.AT.date() + timedelta(days=9)}",
            "topic": "第一场",
            "place": "会议室",
            **more,
        }

    def test_a_second_click_is_one_and_another_topic_is_asked_about(self, house: House) -> None:
        client = house.clients["secretary"]
        with transaction.atomic():
            before = StudySession.objects.count()
            sent = self._fields(client)
            first = client.post(reverse("session_new") + "?blank=1", sent)
            assert first.status_code == 302, first.text[-3000:]
            assert client.post(reverse("session_new") + "?blank=1", sent)["Location"] == first["Location"]
            assert StudySession.objects.count() == before + 1
            asked = client.post(reverse("session_new") + "?blank=1", {**sent, "topic": "第二场"})
            assert asked.status_code == 409 and "第二场" in asked.text and first["Location"] in asked.text
            assert StudySession.objects.count() == before + 1
            form = next(f for f in lxml_html.fromstring(asked.text).forms if "form_token" in dict(f.form_values()))
            made = client.post(reverse("session_new") + "?blank=1", dict(form.form_values()))
            assert made.status_code == 302 and made["Location"] != first["Location"]
            assert StudySession.objects.filter(topic="第二场").count() == 1
            transaction.set_rollback(True)

    def test_what_was_refused_may_be_mended_and_sent_again(self, house: House) -> None:
        client = house.clients["secretary"]
        with transaction.atomic():
            sent = self._fields(client, day="")
            assert client.post(reverse("session_new") + "?blank=1", sent).status_code == 422
            assert client.post(reverse("session_new") + "?blank=1", {**sent, "day": "2026-03-29"}).status_code == 302
            transaction.set_rollback(True)
