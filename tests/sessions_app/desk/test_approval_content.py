"""Read before signed: the whole content opens in the card, and counts follow at once."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from roster.people.models import GroupRole
from sessions_app.attendance import actions as attendance
from sessions_app.desk.approvals import WORDS, kinds
from sessions_app.desk.contents import READ
from sessions_app.desk.decisions import DECIDE
from sessions_app.minutes.models import Minutes
from sessions_app.sessions.models import SessionPart
from tests import build
from tests.sessions_app.attendance import studying

pytestmark = pytest.mark.django_db


@pytest.fixture
def place(settings: Any, client: Client) -> Any:
    settings.CLOCK = build.AT
    committee = build.committee("测试党组")
    leader = build.member(committee, role=GroupRole.LEADER, rank=1)
    client.force_login(build.account(leader.person), "django.contrib.auth.backends.ModelBackend")
    return committee


def opened(client: Client, kind: str, pk: int) -> str:
    answer = client.get(reverse("approval_content", args=[kind, pk]))
    assert answer.status_code == 200
    return answer.text


def test_every_kind_has_its_words_and_what_is_decided_by_two_taps_can_be_read() -> None:
    assert set(WORDS) == set(kinds())
    assert set(DECIDE) <= set(READ) <= set(kinds())


def test_the_text_and_the_roll_of_minutes_open_in_the_card(place: Any, client: Client) -> None:
    absent = build.member(place, rank=2).person
    session = studying.session(place, build.DAY - timedelta(days=3))
    part = studying.part_of(session)
    secretary = build.secretary_of(place)
    attendance.record_roll(
        part, marks=studying.marks(part, {absent: ("ON_LEAVE", "赴省开会")}), version=part.version, by=secretary,
        at=build.AT,
    )  # fmt: skip
    row = Minutes.objects.create(
        study_session=session,
        discussion="谈到粮食安全",
        summary="下一步抓落实",
        stage="SUBMITTED",
        submitted_at=build.AT,
    )
    text = opened(client, "minutes", row.pk)
    for words in ("谈到粮食安全", "下一步抓落实", "赴省开会", absent.name, "应到 2 人，实到 1 人"):
        assert words in text
    page = client.get(reverse("approvals")).text
    assert reverse("approval_content", args=["minutes", row.pk]) in page
    title = re.search(r'<h2><a href="([^"]+)">学习记录', page)
    assert title and title.group(1) == reverse("minutes", args=[session.pk])
    assert "审签" in client.get(title.group(1)).text


def test_a_leave_says_which_of_the_days(place: Any, client: Client) -> None:
    person = build.member(place, rank=2).person
    days = [build.DAY + timedelta(days=10), build.DAY + timedelta(days=11)]
    session = studying.session(place, days[0], days=days, stage="APPROVED")
    second = SessionPart.objects.get(study_session=session, order=2)
    leave = attendance.ask_leave(
        studying.part_of(session), person=person, kind="DUTY", reason="出差", part=second,
        by=build.secretary_of(place), at=build.AT,
    )  # fmt: skip
    text = opened(client, "leave", leave.pk)
    assert f"只请{days[1].month}月{days[1].day}日" in text


def test_counts_follow_the_answer_at_once(place: Any, client: Client) -> None:
    people = [build.member(place, rank=rank).person for rank in (2, 3)]
    session = studying.session(place, build.DAY + timedelta(days=10), stage="APPROVED")
    leaves = [
        attendance.ask_leave(
            studying.part_of(session), person=person, kind="DUTY", reason="出差", by=build.secretary_of(place),
            at=build.AT,
        )
        for person in people
    ]  # fmt: skip
    assert re.search(r'id="approvals-waiting">2 件', client.get(reverse("approvals")).text)
    answer = client.post(
        reverse("decide", args=["leave", leaves[0].pk, "approve"]),
        {"version": leaves[0].version},
        headers={"HX-Request": "true"},
    )
    assert re.search(r'id="approvals-waiting" hx-swap-oob="true">1 件', answer.text)
    assert re.search(r'id="todo-count" class="count count-due" hx-swap-oob="true">1<', answer.text)
