"""The inbox: whose it is, what is read, what is done by now; the count in the top bar; how one wants to be told."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from roster.accounts.models import User
from roster.accounts.roles import Role
from roster.audit.models import AuditEvent
from roster.people.models import Person
from sessions_app.notices import actions
from sessions_app.notices.models import Notice, Preference, Rhythm
from sessions_app.reminders.models import DueItem
from sessions_app.reminders.rules import KINDS
from tests import build

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def clock(settings):
    settings.CLOCK = build.AT


@pytest.fixture
def place():
    return build.committee("市发改委党组")


@pytest.fixture
def secretary(place):
    return build.secretary_of(place)


def enter(user: User, client: Client | None = None) -> Client:
    client = client or Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


def line(item: int | None = None, what: str = "3月5日学习记录", **more) -> dict:
    return {"item": item, "kind": "学习记录未提交", "what": what, "committee": "市发改委党组", "due": "2026-03-12",
            "left": "还剩 2 个工作日", "tone": "behind", "url": "/sessions/1/minutes/"} | more  # fmt: skip


def told(person: Person, period: str = "2026-03", rhythm: str = Rhythm.MONTHLY, **more) -> Notice:
    draft = actions.Draft(
        rhythm=rhythm, period=period, title=more.pop("title", f"{period} 月提醒"), person_id=person.pk, **more
    )
    made = actions.post([draft], at=build.AT)[0]
    assert made is not None
    return made


# ---------------------------------------------------------------------------------------------------------- inbox


def test_one_reads_his_own_notices_newest_first(secretary) -> None:
    other = build.account()
    told(secretary.person, "2026-02", title="二月的提醒")
    told(secretary.person, "2026-03", title="三月的提醒")
    told(other.person, "2026-03", title="别人的提醒")
    text = enter(secretary).get(reverse("notice_list")).text
    assert text.index("三月的提醒") < text.index("二月的提醒")
    assert "别人的提醒" not in text
    assert text.count("</i>未读</span>") == 2


def test_a_notice_to_a_chat_group_is_in_nobodys_inbox(place, secretary) -> None:
    actions.post(
        [actions.Draft(rhythm=Rhythm.MONTHLY, period="2026-03", title="工作群的提醒", committee_id=place.pk)],
        at=build.AT,
    )
    assert "工作群的提醒" not in enter(secretary).get(reverse("notice_list")).text


def test_the_inbox_narrows_to_a_kind_and_to_what_is_unread(secretary) -> None:
    told(secretary.person, title="月里的提醒")
    old = told(secretary.person, "2026-Q1", Rhythm.QUARTERLY, title="季里的安排")
    Notice.objects.filter(pk=old.pk).update(read_at=build.AT)
    client = enter(secretary)
    quarter = client.get(reverse("notice_list"), {"rhythm": "QUARTERLY"}).text
    assert "季里的安排" in quarter and "月里的提醒" not in quarter
    unread = client.get(reverse("notice_list"), {"state": "unread"}).text
    assert "季里的安排" not in unread and "月里的提醒" in unread
    assert "没有符合条件的提醒" in client.get(reverse("notice_list"), {"rhythm": "DAILY"}).text
    assert client.get(reverse("notice_list"), {"rhythm": "nonsense", "page": "99"}).status_code == 200


def test_an_empty_inbox_says_what_will_come(secretary) -> None:
    assert "还没有提醒" in enter(secretary).get(reverse("notice_list")).text


def test_an_account_without_a_person_has_no_inbox_and_no_count(place) -> None:
    user = User.objects.create(username="nobody")
    answer = enter(user).get(reverse("notice_list"))
    assert "还没有提醒" in answer.text and "inbox-count" not in answer.text
    assert "没有对应的人员" in enter(user).get(reverse("preference")).text
    assert enter(user).post(reverse("preference"), {"rhythm": "DAILY", "version": 0}).status_code == 404


def test_a_notice_stands_as_it_was_told_and_says_what_is_done(place, secretary) -> None:
    items = [
        DueItem.objects.create(kind="MINUTES_DUE", subject=f"minutes:{n}", committee=place, due_on=build.DAY, what="x",
                               found_on=build.DAY, met_on=met)
        for n, met in ((1, None), (2, build.DAY))
    ]  # fmt: skip
    lines = [line(items[0].pk, "没办的事"), line(items[1].pk, "办了的事"), line(None, "谁落后", url="", left="")]
    row = told(secretary.person, lines=lines, more=4, lead="各位秘书：\n请看下面。", url="/behind/")
    text = enter(secretary).get(row.get_absolute_url()).text
    todo = {what: text[text.index(f"</b> {what}") :].split("</li>")[0] for what in ("没办的事", "办了的事", "谁落后")}
    assert "还剩 2 个工作日" in todo["没办的事"] and "已办" not in todo["没办的事"]
    assert "已办" in todo["办了的事"] and "还剩" not in todo["办了的事"]
    assert "todo-go" not in todo["谁落后"]
    assert "列出的还有 1 项没有办完" in text and "另有 4 项" in text and "请看下面" in text


def test_what_is_nothing_due_is_neither_open_nor_done(place, secretary) -> None:
    """The lines of a quarter's arrangement are to be read; a letter leads to its paper."""
    row = told(secretary.person, "2026-Q1", Rhythm.QUARTERLY, lines=[line(None, "一季度专题")], url="/plans/1/")
    client = enter(secretary)
    text = client.get(row.get_absolute_url()).text
    assert "没有办完" not in text and "全部办完" not in text and ">去办<" not in text
    item = DueItem.objects.create(kind="MINUTES_DUE", subject="minutes:1", committee=place, due_on=build.DAY, what="x",
                                  found_on=build.DAY, met_on=build.DAY)  # fmt: skip
    row = told(secretary.person, lines=[line(item.pk)], url="/")
    assert "列出的全部办完" in client.get(row.get_absolute_url()).text
    row = told(secretary.person, "letter:1", Rhythm.LETTER, url="/letters/1/")
    assert "打开提醒函" in client.get(row.get_absolute_url()).text


def test_foreign_notices_are_not_there(secretary) -> None:
    row = told(build.account().person)
    client = enter(secretary)
    assert client.get(row.get_absolute_url()).status_code == 404
    assert client.post(reverse("notice_read", args=[row.pk])).status_code == 404
    row.refresh_from_db()
    assert row.read_at is None


def test_opening_writes_nothing_and_the_page_marks_it_read_by_itself(secretary) -> None:
    row = told(secretary.person)
    client = enter(secretary)
    page = client.get(row.get_absolute_url()).text
    row.refresh_from_db()
    assert row.read_at is None
    mark = reverse("notice_read", args=[row.pk])
    assert f'hx-post="{mark}" hx-trigger="load"' in page
    answer = client.post(mark, headers=HTMX)
    row.refresh_from_db()
    assert row.read_at == build.AT
    assert 'id="inbox-count" hx-swap-oob="innerHTML"><span class="count">0<' in answer.text
    assert mark not in client.get(row.get_absolute_url()).text


def test_the_first_reading_stays_and_leaves_no_event(secretary, settings) -> None:
    row = told(secretary.person)
    client = enter(secretary)
    events = AuditEvent.objects.count()
    assert client.post(reverse("notice_read", args=[row.pk])).url == reverse("notice_list")
    settings.CLOCK = build.AT + timedelta(minutes=5)
    client.post(reverse("notice_read", args=[row.pk]))
    row.refresh_from_db()
    assert row.read_at == build.AT
    assert AuditEvent.objects.count() == events


def test_all_are_marked_read_at_once_and_nobody_elses(secretary) -> None:
    other = told(build.account().person)
    told(secretary.person, "2026-02")
    told(secretary.person, "2026-03")
    answer = enter(secretary).post(reverse("notice_read_all"), follow=True)
    assert "2 条提醒已标为已读" in answer.text
    assert Notice.objects.of(secretary.person_id).unread().count() == 0
    other.refresh_from_db()
    assert other.read_at is None


def test_inbox_and_notice_cost_the_same_for_one_and_thirty(place) -> None:
    counts = []
    for size in (1, 30):
        user = build.secretary_of(place)
        for n in range(size):
            told(user.person, f"2026-{n:02d}", Rhythm.DAILY)
        items = [
            DueItem.objects.create(kind="MINUTES_DUE", subject=f"minutes:{size}-{n}", committee=place, due_on=build.DAY,
                                   what="x", found_on=build.DAY)
            for n in range(size)
        ]  # fmt: skip
        row = told(user.person, "2026-W12", Rhythm.WEEKLY, lines=[line(item.pk) for item in items])
        client = enter(user)
        client.get(reverse("notice_list"))
        for url in (reverse("notice_list") + "?per=50", row.get_absolute_url()):
            with CaptureQueriesContext(connection) as seen:
                assert client.get(url).status_code == 200
            counts.append(len(seen))
    assert counts[:2] == counts[2:]


# ---------------------------------------------------------------------------------------------------------- count


def test_the_count_stands_in_the_frame_and_costs_one_query(secretary, django_assert_num_queries) -> None:
    told(secretary.person)
    text = enter(secretary).get(reverse("profile")).text
    assert '<span class="count count-new">1</span>' in text
    assert f'hx-get="{reverse("notice_count")}" hx-trigger="every 60s"' in text
    assert 'id="inbox-count-phone"' in text
    client = enter(secretary)
    client.get(reverse("notice_count"))
    with CaptureQueriesContext(connection) as seen:
        answer = client.get(reverse("notice_count"), headers=HTMX)
    notices = [query["sql"] for query in seen if "sessions_app_notice" in query["sql"]]
    assert len(notices) == 1 and "read_at" in notices[0]
    assert 'count-new">1<' in answer.text and "no-store" in answer["Cache-Control"]
    assert "<html" not in answer.text


def test_a_poll_does_not_prolong_a_session(secretary, settings) -> None:
    settings.SESSION_IDLE_SECONDS = 1800
    client = enter(secretary)
    client.get(reverse("profile"))
    began = client.session["seen"]
    for minute in range(1, 30):
        settings.CLOCK = build.AT + timedelta(minutes=minute)
        with CaptureQueriesContext(connection) as seen:
            assert client.get(reverse("notice_count"), headers=HTMX).status_code == 200
        assert not [query for query in seen if query["sql"].startswith(("UPDATE", "INSERT"))]
    assert client.session["seen"] == began == build.AT.timestamp()
    settings.CLOCK = build.AT + timedelta(minutes=32)
    assert reverse("account_login") in client.get(reverse("profile")).url


def test_any_other_page_does_prolong_it(secretary, settings) -> None:
    """Negative control of the test above."""
    settings.SESSION_IDLE_SECONDS = 1800
    client = enter(secretary)
    for minute in (0, 20, 40):
        settings.CLOCK = build.AT + timedelta(minutes=minute)
        assert client.get(reverse("profile")).status_code == 200


def test_a_poll_after_the_session_idled_out_answers_in_its_place(secretary, settings) -> None:
    settings.SESSION_IDLE_SECONDS = 1800
    client = enter(secretary)
    client.get(reverse("profile"))
    settings.CLOCK = build.AT + timedelta(minutes=40)
    for _ in range(2):  # the one that ends the session, and another window's
        answer = client.get(reverse("notice_count"), headers=HTMX)
        assert answer.status_code == 286, "htmx asks no more after 286"
        assert "已退出" in answer.text and "<html" not in answer.text
    page = client.get(reverse("profile"), follow=True)
    assert "离开时间较长" in page.text, "what happened is said where he logs in again"


def test_a_poll_is_never_sent_to_the_change_of_password(secretary) -> None:
    secretary.must_change_password = True
    secretary.save()
    client = enter(secretary)
    assert client.get(reverse("notice_list")).status_code == 302
    assert client.get(reverse("notice_count"), headers=HTMX).status_code == 200


def test_a_poll_is_never_sent_to_the_second_factor(place, settings) -> None:
    settings.REQUIRE_ADMIN_MFA = True
    client = enter(build.granted(Role.ADMIN, place))
    assert client.get(reverse("notice_list")).status_code == 302
    assert client.get(reverse("notice_count"), headers=HTMX).status_code == 200


# ----------------------------------------------------------------------------------------------------- preference


def chosen(client: Client, **more):
    return client.post(reverse("preference"), {"rhythm": "WEEKLY", "by_mail": "on", "version": 0} | more)


def test_a_preference_is_chosen_kept_and_recorded(secretary) -> None:
    client = enter(secretary)
    page = client.get(reverse("preference")).text
    assert 'value="MONTHLY" ' in page and "checked" in page.split('value="MONTHLY"')[1].split(">")[0]
    assert chosen(client).url == reverse("preference")
    row = Preference.objects.get(person=secretary.person)
    assert (row.rhythm, row.by_mail, row.version) == ("WEEKLY", True, 1)
    assert chosen(client, rhythm="DAILY", by_mail="", version=1).status_code == 302
    row.refresh_from_db()
    assert (row.rhythm, row.by_mail, row.version) == ("DAILY", False, 2)
    events = AuditEvent.objects.about(row).in_order()
    assert [event.verb for event in events] == ["choose", "choose"]
    assert events[1].data == {"rhythm": ["WEEKLY", "DAILY"], "by_mail": [True, False]}


def test_saving_what_is_there_already_leaves_no_event(secretary) -> None:
    client = enter(secretary)
    chosen(client)
    chosen(client, version=1)
    row = Preference.objects.get()
    assert row.version == 1 and AuditEvent.objects.about(row).count() == 1


@pytest.mark.parametrize("version", [0, 7])
def test_a_stale_preference_is_refused_and_shown(secretary, version) -> None:
    client = enter(secretary)
    chosen(client, rhythm="DAILY")
    answer = chosen(client, version=version)
    assert answer.status_code == 422
    assert "打开之后已被他人改动" in answer.text and "日提醒" in answer.text
    assert Preference.objects.get().rhythm == "DAILY"
    assert 'name="version" value="1"' in answer.text


@pytest.mark.parametrize("wrong", [{"rhythm": "URGENT"}, {"rhythm": ""}, {"version": ""}])
def test_what_may_not_be_chosen_is_refused(secretary, wrong) -> None:
    assert chosen(enter(secretary), **wrong).status_code == 422
    assert not Preference.objects.exists()


def test_the_page_says_where_mail_goes_and_what_comes_at_once(secretary, settings) -> None:
    settings.MAIL_HOST = "mail.invalid"
    client = enter(secretary)
    page = client.get(reverse("preference")).text
    assert "还没有登记您的邮箱" in page and reverse("profile") in page and "没有接通邮件" not in page
    urgent = [row.label for row in KINDS.values() if row.urgent]
    assert urgent and all(word in page for word in urgent)
    assert not any(f"<li>{row.label}</li>" in page for row in KINDS.values() if not row.urgent)
    Person.objects.filter(pk=secretary.person_id).update(email="mishu@example.cn")
    settings.MAIL_HOST = ""
    page = client.get(reverse("preference")).text
    assert "mishu@example.cn" in page and "没有接通邮件" in page


def test_who_chose_no_mail_gets_none(secretary, settings) -> None:
    settings.MAIL_HOST = "mail.invalid"
    Person.objects.filter(pk=secretary.person_id).update(email="mishu@example.cn")
    assert told(secretary.person, "2026-02").deliveries.count() == 1
    chosen(enter(secretary), rhythm="MONTHLY", by_mail="")
    assert told(secretary.person, date(2026, 3, 1).strftime("%Y-%m")).deliveries.count() == 0
