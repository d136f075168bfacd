"""Two reviewers in the same moment: real threads, real locks. Each letter has a number of its own, without a gap."""

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError

from roster.accounts.roles import Role
from sessions_app.letters import actions
from sessions_app.letters.models import ReminderLetter
from sessions_app.notices.models import Notice
from tests import build
from tests.sessions_app.letters.owing import owes
from tests.sessions_app.sessions.test_sessions_races import race

ANSWER = build.DAY + timedelta(days=7)


@pytest.fixture
def city(committed, monkeypatch):
    monkeypatch.setattr(actions.papers, "issue", lambda *args, **more: None)
    return build.committee("云州市委")


def writing(unit, by, token=""):
    item = owes(unit)
    return lambda: actions.issue(
        unit, items=[item.pk], demand="请办理。", answer_by=ANSWER, form_token=token, by=by, at=build.AT
    )


def test_letters_written_at_once_get_numbers_of_their_own(city):
    users = [build.granted(Role.REVIEWER, city) for _ in range(4)]
    units = [build.committee(parent=city) for _ in users]
    assert race(*(writing(unit, user) for unit, user in zip(units, users, strict=True))) == ["done"] * 4
    assert sorted(ReminderLetter.objects.values_list("number", flat=True)) == [1, 2, 3, 4]


def test_a_double_click_is_one_letter(city):
    unit, user = build.committee(parent=city), build.granted(Role.REVIEWER, city)
    build.secretary(unit)
    assert race(*(writing(unit, user, "token") for _ in range(3))) == ["done"] * 3
    assert ReminderLetter.objects.count() == Notice.objects.count() == 1


def test_the_lock_is_what_keeps_the_numbers_apart(city, monkeypatch):
    """The negative control: without it two reckon the same number, and the database refuses the second."""
    reckoned, original = threading.Barrier(2), actions._next_number

    def together(*given: int) -> int:
        number = original(*given)
        reckoned.wait(timeout=20)
        return number

    monkeypatch.setattr(actions, "_lock_numbers", lambda pk: actions.Committee.objects.get(pk=pk))
    monkeypatch.setattr(actions, "_next_number", together)
    broken = []

    def attempt(act):
        def run():
            try:
                act()
            except IntegrityError as error:
                broken.append(str(error))

        return run

    users = [build.granted(Role.REVIEWER, city) for _ in range(2)]
    race(*(attempt(writing(build.committee(parent=city), user)) for user in users))
    assert len(broken) == 1 and "letter_number" in broken[0]
    assert ReminderLetter.objects.count() == 1
