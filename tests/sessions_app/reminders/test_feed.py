"""The calendar: what stands in it and for whom, who gets it by its address, and when the address is dead."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from icalendar import Calendar

from roster.accounts.models import Grant, User
from roster.accounts.roles import Role
from roster.audit.models import AuditEvent
from roster.people.models import GroupRole, Person
from sessions_app.attendance.models import LeaveRequest, MakeUpStudy
from sessions_app.notices import actions as notices
from sessions_app.reminders import feed, keys
from sessions_app.reminders.models import DueItem, FeedKey, Reminder
from sessions_app.sessions import actions as sessions
from sessions_app.sessions.models import ParticipationState, SessionPart, SessionStage, StudySession
from tests import build
from tests.sessions_app.attendance import studying

pytestmark = pytest.mark.django_db
AHEAD = build.DAY + timedelta(days=20)


@pytest.fixture(autouse=True)
def clock(settings):
    settings.CLOCK = build.AT


@pytest.fixture
def place():
    return build.committee("市发改委党组")


def enter(user: User) -> Client:
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


def address_of(user: User) -> str:
    key = FeedKey.objects.filter(person=user.person).first()
    key = key or keys.renew(user.person, version=keys.NO_ROW, by=user, at=build.AT)
    return reverse("feed_ics", args=[user.person_id, keys.token(key)])


def calendar_of(user: User) -> Calendar:
    """As a telephone gets it: without log-in."""
    answer = Client().get(address_of(user))
    assert answer.status_code == 200, answer.status_code
    return Calendar.from_ical(answer.content)


def studied(user: User) -> dict[str, object]:
    """The sessions in it by title; deadlines have tests of their own."""
    return {str(event["SUMMARY"]): event for event in calendar_of(user).walk("VEVENT") if event["TRANSP"] == "OPAQUE"}


def due_in(user: User) -> list[str]:
    return [
        str(event["SUMMARY"])
        for event in calendar_of(user).walk("VEVENT")
        if "期限" in str(event["CATEGORIES"].to_ical().decode())
    ]


# ------------------------------------------------------------------------------------------------------- sessions


def test_a_session_stands_in_it_with_its_time_place_and_page(place) -> None:
    user = build.secretary_of(place)
    session = studying.session(place, AHEAD, stage=SessionStage.APPROVED, starts_at=time(9))
    SessionPart.objects.filter(study_session=session).update(ends_at=time(11, 30))
    event = studied(user)["集体学习研讨：学习贯彻全会精神"]
    assert event.decoded("DTSTART") == datetime(AHEAD.year, AHEAD.month, AHEAD.day, 1, tzinfo=UTC)
    assert event.decoded("DTEND") == datetime(AHEAD.year, AHEAD.month, AHEAD.day, 3, 30, tzinfo=UTC)
    assert str(event["LOCATION"]) == "三楼会议室"
    assert str(event["STATUS"]) == "CONFIRMED"
    assert str(event["URL"]) == f"http://testserver{session.get_absolute_url()}"
    assert not event.walk("VALARM")


def test_without_a_time_it_takes_the_whole_day_and_each_day_its_own(place) -> None:
    user = build.secretary_of(place)
    studying.session(place, AHEAD, days=[AHEAD, AHEAD + timedelta(days=1)], stage=SessionStage.PREPARING)
    events = [event for event in calendar_of(user).walk("VEVENT") if event["TRANSP"] == "OPAQUE"]
    assert [event.decoded("DTSTART") for event in events] == [AHEAD, AHEAD + timedelta(days=1)]
    assert [event.decoded("DTEND") - event.decoded("DTSTART") for event in events] == [timedelta(days=1)] * 2
    assert {str(event["STATUS"]) for event in events} == {"TENTATIVE"}
    assert len({str(event["UID"]) for event in events}) == 2


def test_a_moved_session_keeps_its_identity_and_says_it_changed(place) -> None:
    user = build.secretary_of(place)
    session = studying.session(place, AHEAD, stage=SessionStage.APPROVED)
    before = studied(user)["集体学习研讨：学习贯彻全会精神"]
    later = AHEAD + timedelta(days=7)
    moved = StudySession.objects.get(pk=session.pk)
    sessions.move(moved, day=later, reason="会议冲突", version=moved.version, by=user, at=build.AT + timedelta(hours=1))
    after = studied(user)["集体学习研讨：学习贯彻全会精神"]
    assert after["UID"] == before["UID"]
    assert after.decoded("DTSTART") == later
    assert after["SEQUENCE"] > before["SEQUENCE"]
    assert after.decoded("DTSTAMP") == build.AT + timedelta(hours=1)


def test_a_cancelled_session_says_so(place) -> None:
    user = build.secretary_of(place)
    session = studying.session(place, AHEAD, stage=SessionStage.APPROVED)
    row = StudySession.objects.get(pk=session.pk)
    sessions.cancel(row, reason="另行安排", version=row.version, by=user, at=build.AT)
    event = next(event for event in calendar_of(user).walk("VEVENT") if "学习贯彻" in str(event["SUMMARY"]))
    assert str(event["STATUS"]) == "CANCELLED" and str(event["TRANSP"]) == "TRANSPARENT"
    assert "已取消" in str(event["SUMMARY"])
    assert "另行安排" not in calendar_of(user).to_ical().decode()


def test_a_member_of_two_committees_has_both_and_reads_which(place) -> None:
    second = build.committee("市住建局党组")
    user = build.account(build.member(place).person)
    build.member(second, user.person)
    for where, topic in ((place, "主题一"), (second, "主题二"), (build.committee("市水务局党组"), "别处的主题")):
        studying.session(where, AHEAD, stage=SessionStage.APPROVED, topic=topic)
    assert set(studied(user)) == {"市发改委党组：集体学习研讨：主题一", "市住建局党组：集体学习研讨：主题二"}


def test_a_joint_session_of_two_of_his_committees_stands_in_it_once(place) -> None:
    second = build.committee("市住建局党组")
    user = build.account(build.member(place).person)
    build.member(second, user.person)
    studying.session(place, AHEAD, stage=SessionStage.APPROVED, guests=(second,))
    assert list(studied(user)) == ["市发改委党组：集体学习研讨：学习贯彻全会精神"]


@pytest.mark.parametrize(("state", "status"), [("INVITED", "TENTATIVE"), ("ACCEPTED", "CONFIRMED"), ("DECLINED", None)])
def test_an_invitation_is_tentative_and_a_declined_one_is_gone(place, state, status) -> None:
    user = build.secretary_of(place)
    session = studying.session(build.committee("市水务局党组"), AHEAD, stage=SessionStage.APPROVED, guests=(place,))
    session.participations.filter(committee=place).update(state=ParticipationState(state), number=0)
    found = [str(event["STATUS"]) for event in studied(user).values()]
    assert found == ([status] if status else [])


def test_long_ago_and_far_ahead_is_left_out(place) -> None:
    user = build.secretary_of(place)
    for number, days in enumerate((-31, -30, 366, 367), 1):
        studying.session(
            place, build.DAY + timedelta(days=days), topic=f"{days} 天", number=number, stage=SessionStage.HELD
        )
    assert set(studied(user)) == {"集体学习研讨：-30 天", "集体学习研讨：366 天"}


def test_somebody_elses_subtree_is_not_in_a_reviewers_calendar(place) -> None:
    studying.session(place, AHEAD, stage=SessionStage.APPROVED)
    assert studied(build.granted(Role.REVIEWER, place)) == {}


# ------------------------------------------------------------------------------------------------------ deadlines


def test_deadlines_are_those_the_person_hears_of(place, settings) -> None:
    """The plan of the year is due on 31 January: the secretary's matter, not a member's."""
    settings.CLOCK = build.at(date(2026, 1, 20))
    secretary, member = build.secretary_of(place), build.account(build.member(place).person)
    build.secretary_of(build.committee("市水务局党组"))
    found = [
        event for event in calendar_of(secretary).walk("VEVENT") if "2026年度学习计划尚未备案" in str(event["SUMMARY"])
    ]
    assert len(found) == 1
    assert found[0].decoded("DTSTART") == date(2026, 1, 31)
    assert str(found[0]["TRANSP"]) == "TRANSPARENT" and not found[0].walk("VALARM")
    assert str(found[0]["UID"]) == f"due-plan_due-plan-{place.pk}-2026@zhixing"
    assert due_in(member) == []


def test_nobodys_name_and_no_reason_of_a_leave_or_a_make_up(place) -> None:
    """The leader hears that a leave waits, the secretary that a make-up is due; whose and why stands behind the link."""
    leader, secretary = build.leader_of(place), build.secretary_of(place)
    away, late = build.member(place, build.person("张某某")).person, build.member(place, build.person("李某某")).person
    ahead = studying.session(place, AHEAD, stage=SessionStage.APPROVED, number=2)
    LeaveRequest.objects.create(
        participation=studying.part_of(ahead), person=away, kind="DUTY", reason="住院手术", asked_at=build.AT
    )
    held = studying.session(place, build.DAY - timedelta(days=20))
    MakeUpStudy.objects.create(participation=studying.part_of(held), person=late, due_on=build.DAY)
    build.account(late)
    for user, label in ((leader, "请假待批"), (secretary, "补学未完成")):
        text = calendar_of(user).to_ical().decode().replace("\r\n ", "")
        assert f"SUMMARY:【期限】{label}" in text
        assert not [word for word in ("张某某", "李某某", "住院") if word in text]
    own = due_in(User.objects.get(person=late).act(on=build.DAY))
    assert len(own) == 1 and "李某某补学" in own[0]


def test_a_reviewer_has_what_he_was_told_of_and_what_is_still_open(place) -> None:
    root = build.committee("云州市委")
    under = build.committee("县委", parent=root)
    user = build.granted(Role.REVIEWER, root)
    draft = notices.Draft(rhythm="URGENT", period="now", title="久待审批", person_id=user.person_id)
    notice = notices.post([draft], at=build.AT)[0]
    for n, (where, met) in enumerate(((under, None), (under, build.DAY), (place, None)), 1):
        item = DueItem.objects.create(kind="APPROVAL_WAITING", subject=f"wait-filing:{n}", committee=where, due_on=AHEAD,
                                      what=f"外请备案{n}", found_on=build.DAY, met_on=met)  # fmt: skip
        Reminder.objects.create(person=user.person, item=item, period="now:", audience="REVIEWER", notice=notice)
    assert due_in(user) == ["【期限】县委：外请备案1"]
    Grant.objects.filter(user=user).update(until=build.DAY - timedelta(days=1))
    assert Client().get(address_of(user)).status_code == 404


# -------------------------------------------------------------------------------------------------------- address


def test_it_is_a_calendar_that_readers_take(place) -> None:
    user = build.secretary_of(place)
    studying.session(place, AHEAD, stage=SessionStage.APPROVED)
    answer = Client().get(address_of(user))
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer["Cache-Control"] == "private"
    assert not answer.cookies
    lines = answer.content.split(b"\r\n")
    assert max(map(len, lines)) <= 75, "RFC 5545 3.1"
    assert (
        b"REFRESH-INTERVAL;VALUE=DURATION:PT6H" in lines
        and b"X-PUBLISHED-TTL:PT6H" in lines
        and b"VERSION:2.0" in lines
    )
    assert [line for line in lines if line.startswith(b"PRODID")]
    assert Client().head(address_of(user)).status_code == 200


def test_the_same_data_gives_the_same_bytes(place, settings) -> None:
    user = build.secretary_of(place)
    studying.session(place, AHEAD, stage=SessionStage.APPROVED, starts_at=time(9))
    first = Client().get(address_of(user)).content
    settings.CLOCK = build.AT + timedelta(hours=9)
    assert Client().get(address_of(user)).content == first
    StudySession.objects.update(topic="另一个主题")
    assert Client().get(address_of(user)).content != first


def test_reading_it_writes_nothing(place) -> None:
    user = build.secretary_of(place)
    url = address_of(user)
    with CaptureQueriesContext(connection) as seen:
        Client().get(url)
    assert [query["sql"][:60] for query in seen if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))] == []


def test_a_wrong_address_is_not_there(place) -> None:
    user, other = build.secretary_of(place), build.secretary_of(place)
    good, foreign = address_of(user), address_of(other)
    token = good.rsplit("-", 1)[1]
    for url in (
        good[:-5] + ("0" if good[-5] != "0" else "1") + ".ics",
        reverse("feed_ics", args=[other.person_id, token.removesuffix(".ics")]),
        reverse("feed_ics", args=[user.person_id, "x"]),
        reverse("feed_ics", args=[user.person_id, "é"]),
        reverse("feed_ics", args=[10**6, token.removesuffix(".ics")]),
    ):
        assert Client().get(url).status_code == 404, url
        assert enter(user).get(url).status_code == 404, "being logged in helps nobody"
    assert Client().get(foreign).status_code == 200


def test_a_closed_account_and_an_ended_office_end_it(place, settings) -> None:
    person = build.secretary(place, until=build.DAY).person
    user = build.account(person)
    url = address_of(user)
    assert Client().get(url).status_code == 200
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert Client().get(url).status_code == 404
    User.objects.filter(pk=user.pk).update(is_active=True)
    settings.CLOCK = build.AT + timedelta(days=1)
    assert Client().get(url).status_code == 404, "the last day in office is over"


def test_the_three_administrators_have_none_whatever_the_roster_says(place) -> None:
    user = build.account(build.member(place).person)
    url = address_of(user)
    Grant.objects.create(user=user, role=Role.ADMIN, committee=place, since=build.SINCE)
    assert Client().get(url).status_code == 404
    assert enter(user).get(reverse("feed")).status_code == 404


def test_a_new_address_kills_the_old_one_and_is_recorded_without_its_secret(place) -> None:
    user = build.secretary_of(place)
    client = enter(user)
    assert client.get(reverse("feed")).text.count(".ics") == 0
    assert not FeedKey.objects.exists(), "a page that is read makes none"
    client.post(reverse("feed_renew"), {"version": 0})
    old = address_of(user)
    assert f"http://testserver{old}" in client.get(reverse("feed")).text
    assert f"webcal://testserver{old}" in client.get(reverse("feed")).text
    client.post(reverse("feed_renew"), {"version": 1})
    new = address_of(user)
    assert Client().get(old).status_code == 404 and Client().get(new).status_code == 200
    key = FeedKey.objects.get()
    events = list(AuditEvent.objects.about(key).in_order())
    assert [event.verb for event in events] == ["create", "renew"]
    assert not [event for event in events if key.nonce in str(event.content()) or new[-30:] in str(event.content())]


@pytest.mark.parametrize("version", ["0", "", "5"])
def test_a_stale_page_renews_nothing(place, version) -> None:
    user = build.secretary_of(place)
    url = address_of(user)
    enter(user).post(reverse("feed_renew"), {"version": version})
    assert address_of(user) == url


def test_an_address_outlives_a_change_of_the_houses_secret(place, settings) -> None:
    user = build.secretary_of(place)
    url = address_of(user)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another secret " * 4
    assert Client().get(url).status_code == 200
    assert address_of(user) != url, "new ones are made with the new secret"
    settings.SECRET_KEY_FALLBACKS = []
    assert Client().get(url).status_code == 404


# ----------------------------------------------------------------------------------------------------------- page


def test_the_page_lists_two_months_and_what_is_overdue(place, settings) -> None:
    settings.CLOCK = build.at(date(2026, 2, 10))
    user = build.secretary_of(place, on=date(2026, 2, 10))
    for number, days in enumerate((-5, 20, 61), 1):
        studying.session(place, date(2026, 2, 10) + timedelta(days=days), topic=f"{days} 天后", number=number,
                         stage=SessionStage.APPROVED)  # fmt: skip
    text = enter(user).get(reverse("feed")).text
    assert "20 天后" in text and "61 天后" not in text
    assert "：-5 天后</a></th>" not in text.split("期限")[0]
    assert "年度学习计划尚未备案" in text and "逾期 " in text and "还剩" in text


def test_an_account_without_a_person_is_told_why(place) -> None:
    user = User.objects.create(username="office")
    Grant.objects.create(user=user, role=Role.HEAD, committee=place, since=build.SINCE)
    client = enter(user)
    assert "没有对应的人员" in client.get(reverse("feed")).text
    assert client.post(reverse("feed_renew"), {"version": 0}).status_code == 404


def test_the_calendar_of_sessions_leads_to_it(place) -> None:
    assert f'href="{reverse("feed")}">订阅' in enter(build.secretary_of(place)).get(reverse("session_calendar")).text


def test_feed_and_page_cost_the_same_for_one_and_thirty() -> None:
    counts = []
    for size in (1, 30):
        where = build.committee()
        user = build.secretary_of(where)
        build.member(where, role=GroupRole.LEADER)
        for n in range(size):
            ahead = studying.session(where, AHEAD + timedelta(days=n), number=n + 1, stage=SessionStage.APPROVED)
            held = studying.session(where, build.DAY - timedelta(days=n + 1), number=100 + n)
            MakeUpStudy.objects.create(participation=studying.part_of(held), person=build.person(), due_on=build.DAY)
            LeaveRequest.objects.create(participation=studying.part_of(ahead), person=user.person, kind="DUTY", reason="x",
                                        asked_at=build.AT)  # fmt: skip
        url, client = address_of(user), enter(user)
        client.get(reverse("feed"))
        for get in (Client().get, client.get):
            with CaptureQueriesContext(connection) as seen:
                assert get(url if get.__self__ is not client else reverse("feed")).status_code == 200
            counts.append(len(seen))
    assert counts[:2] == counts[2:], counts
    assert counts[0] < 60, counts


def test_who_never_logged_in_has_no_calendar(place) -> None:
    """A person without an account: no key can be made, and a key made by other means opens nothing."""
    person = Person.objects.get(pk=build.secretary(place).person_id)
    key = FeedKey.objects.create(person=person, nonce="n" * 32, made_at=build.AT)
    assert Client().get(reverse("feed_ics", args=[person.pk, keys.token(key)])).status_code == 404


def test_the_reader_knows_every_stage_of_a_session() -> None:
    assert set(feed.STATUS) == set(SessionStage)
