"""The secret address of a calendar stands in no line of the log."""

import logging

import pytest
from django.conf import settings
from django.test import Client, override_settings

from config.logs import without_calendar_keys
from tests import build

TOKEN = "9728424f987e7c8e57fd1f67518a6abf211b85b6"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (f"GET /calendar/195-{TOKEN}.ics", "GET /calendar/195-…"),
        (f"Not Found: /calendar/195-{TOKEN}.ics", "Not Found: /calendar/195-…"),
        (f'"HEAD /calendar/7-{TOKEN}.ics?x=1 HTTP/1.1"', '"HEAD /calendar/7-…?x=1 HTTP/1.1"'),
        ("GET /calendar/renew/", "GET /calendar/renew/"),
        ("GET /sessions/195-1/", "GET /sessions/195-1/"),
    ],
)
def test_the_key_is_cut_off_and_the_rest_stays(said: str, kept: str) -> None:
    assert without_calendar_keys(None, "info", {"event": said, "request": said, "code": 404}) == {
        "event": kept, "request": kept, "code": 404,
    }  # fmt: skip


def test_lines_of_libraries_go_through_it_too() -> None:
    assert without_calendar_keys in settings.LOGGING["formatters"]["line"]["foreign_pre_chain"]


@pytest.mark.django_db
@override_settings(CLOCK=build.AT)
def test_asking_for_a_calendar_leaves_no_key_behind(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="django_structlog"):
        Client().get(f"/calendar/195-{TOKEN}.ics")
    said = [str(record.msg) for record in caplog.records if record.name.startswith("django_structlog")]
    assert said and any("/calendar/195-" in line for line in said)
    assert not any(TOKEN in line for line in said), said
