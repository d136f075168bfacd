"""Drafts: kept and read by their writer alone, closed by the request that saves, by whatever way it was sent."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from roster.accounts import draft_actions
from roster.accounts.middleware import DraftMiddleware
from roster.accounts.models import Draft, User
from tests import build

pytestmark = pytest.mark.django_db
KEY = "0123456789abcdef" * 2
PLACE = "/sessions/new/"


def window(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def keep(client: Client, key: str = KEY, place: str = PLACE, **more: Any) -> Any:
    body = {"key": key, "place": place, "version": "", "values": {"topic": "写到一半"}, "words": {}, **more}
    return client.post(reverse("draft_keep"), json.dumps(body), content_type="application/json")


def waiting(client: Client, place: str = PLACE) -> list[dict[str, Any]]:
    return client.get(reverse("draft_list"), {"at": place}).json()["drafts"]


@pytest.fixture
def office() -> Any:
    where = build.committee("市发改委党组")
    return build.secretary_of(where), build.leader_of(where)


def test_a_draft_is_kept_and_read_by_its_writer_alone(office: Any) -> None:
    writer, other = window(office[0]), window(office[1])
    assert keep(writer).status_code == 200
    assert [one["values"] for one in waiting(writer)] == [{"topic": "写到一半"}]
    assert waiting(other) == [] and waiting(writer, "/sessions/1/edit/") == []
    # the same key of somebody else is another draft
    assert keep(other, values={"topic": "别人的"}).status_code == 200
    assert waiting(writer)[0]["values"] == {"topic": "写到一半"}
    other.post(reverse("draft_drop"), {"key": KEY})
    assert waiting(other) == [] and len(waiting(writer)) == 1


def test_two_occasions_of_one_form_are_two_drafts(office: Any) -> None:
    writer = window(office[0])
    keep(writer)
    keep(writer, key="f" * 32, values={"topic": "另一场"})
    assert {one["values"]["topic"] for one in waiting(writer)} == {"写到一半", "另一场"}


def test_what_is_closed_does_not_come_back(office: Any) -> None:
    """A message of the page that comes after its saving changes nothing."""
    writer = window(office[0])
    keep(writer)
    writer.post(reverse("draft_drop"), {"key": KEY})
    assert keep(writer).json() == {"closed": True}
    assert waiting(writer) == []
    assert Draft.objects.get(user=office[0]).content == {}


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b'{"key": 1}', b"[" * 30_000, json.dumps({"key": KEY, "place": "x", "values": {}}).encode(),
     json.dumps({"key": KEY, "place": "/" + "x" * 700, "values": {}}).encode(),
     json.dumps({"key": KEY, "place": "/a/", "values": []}).encode(),
     json.dumps({"key": KEY, "place": "/a\x00/", "values": {}}).encode(),
     json.dumps({"key": "0" * 31 + "\n", "place": "/a/", "values": {}}).encode()],
)  # fmt: skip
def test_what_is_no_draft_is_refused_in_words(office: Any, body: bytes) -> None:
    answer = window(office[0]).post(reverse("draft_keep"), body, content_type="application/json")
    assert answer.status_code == 422 and "没有留存" in answer.json()["error"]
    assert not Draft.objects.exists()


def test_a_form_is_no_draft(office: Any) -> None:
    answer = window(office[0]).post(reverse("draft_keep"), {"key": KEY, "place": PLACE})
    assert answer.status_code == 422 and not Draft.objects.exists()


def test_a_draft_has_a_largest_size_and_a_person_a_largest_number(office: Any) -> None:
    writer = window(office[0])
    assert keep(writer, values={"topic": "长" * 200_000}).status_code == 413
    for number in range(65):
        assert keep(writer, key=f"{number:032x}").status_code == 200
    assert Draft.objects.filter(user=office[0]).count() == 60
    assert keep(writer, key="a" * 32, values={"a\x00b": ["c\x00"]}).status_code == 200
    assert Draft.objects.get(key="a" * 32).content["values"] == {"ab": ["c"]}


def test_nobody_logged_in_reads_none(office: Any) -> None:
    keep(window(office[0]))
    assert Client().get(reverse("draft_list"), {"at": PLACE}).status_code == 302
    assert keep(Client()).status_code == 302 and Draft.objects.count() == 1


def test_a_week_later_it_is_gone(office: Any) -> None:
    keep(window(office[0]))
    row = Draft.objects.get()
    assert draft_actions.clear(row.kept_at + timedelta(days=6)) == 0
    assert draft_actions.clear(row.kept_at + timedelta(days=8)) == 1
    assert not Draft.objects.exists()


def test_the_request_that_saves_closes_it_and_a_refused_one_does_not() -> None:
    where = build.committee("市发改委党组")
    user = build.secretary_of(where)
    client = window(user)
    place = reverse("preference")
    keep(client, place=place)
    # a form that comes back with faults
    assert client.post(reverse("profile"), {"draft_key": KEY, "phone": "x", "version": "1"}).status_code == 422
    assert len(waiting(client, place)) == 1
    good = {"draft_key": KEY, "phone": "13800000001", "email": "", "version": str(user.person.version)}
    assert client.post(reverse("profile"), good).status_code == 302
    assert waiting(client, place) == []


def test_a_refusal_that_ends_in_a_redirect_leaves_the_draft() -> None:
    """The small forms of a panel go back to their page whatever came of them."""
    request = RequestFactory().post("/x/", {"draft_key": KEY})
    request.POST  # noqa: B018 - the view read it
    for refused in (True, False):
        request.was_refused = refused
        assert DraftMiddleware.is_saved(request, HttpResponseRedirect("/x/")) is not refused
    assert not DraftMiddleware.is_saved(request, HttpResponse("the form again", status=422))
    assert not DraftMiddleware.is_saved(request, HttpResponse("one row more"))
    assert DraftMiddleware.is_saved(request, JsonResponse({"version": 2}))


def test_logging_out_says_what_waits(office: Any) -> None:
    client = window(office[0])
    keep(client)
    page = client.post(reverse("account_logout"), follow=True)
    assert "1 份没有提交的内容" in page.content.decode()
    assert waiting(window(office[0]))[0]["values"] == {"topic": "写到一半"}


def test_half_a_character_is_left_out_and_breaks_nothing(office: Any) -> None:
    writer = window(office[0])
    assert keep(writer, values={"topic": "写\ud83d到\x00一半"}).status_code == 200
    assert waiting(writer)[0]["values"] == {"topic": "写到一半"}
    assert keep(writer, place="/sessions/new/?\ud83d").status_code < 500
