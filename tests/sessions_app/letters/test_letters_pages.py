"""The pages of letters: written with a preview, listed, read by the addressee, withdrawn; not there for others."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from roster.accounts.roles import Role
from roster.committees.models import CommitteeKind
from roster.people.models import GroupRole
from sessions_app.letters import actions
from sessions_app.letters.models import ReminderLetter
from sessions_app.reminders import consequences
from tests import build
from tests.sessions_app.letters.owing import BLUE, OVERDUE, YELLOW, met, owes

pytestmark = pytest.mark.django_db
ANSWER = build.DAY + timedelta(days=7)


@pytest.fixture(autouse=True)
def clock(settings):
    settings.CLOCK = build.AT


@pytest.fixture
def city():
    return build.committee("中共云州市委员会", kind=CommitteeKind.PARTY_COMMITTEE)


@pytest.fixture
def unit(city):
    return build.committee("教育局党组", parent=city)


@pytest.fixture
def reviewer(city):
    return build.granted(Role.REVIEWER, city)


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(actions.papers, "issue", lambda *args, **more: None)


def client_of(user):
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


def letter_to(unit, by, *items):
    return actions.issue(
        unit, items=[item.pk for item in items or [owes(unit)]], demand="请办理。", answer_by=ANSWER, by=by, at=build.AT
    )


def test_from_the_list_of_who_is_behind_to_the_paper_and_back(city, unit, reviewer):
    secretary = build.secretary_of(unit)
    leader = build.member(unit, role=GroupRole.LEADER, rank=1).person
    late, near = owes(unit, OVERDUE, "逾期的事"), owes(unit, BLUE, "临近的事")
    client = client_of(reviewer)
    listed = unescape(client.get(reverse("behind_list")).text)
    url = f"{reverse('letter_new')}?committee={unit.pk}"
    assert f'href="{url}"' in listed

    page = client.get(url)
    html = page.text
    assert f'value="{late.pk}" checked' in html and f'value="{near.pk}"> 临近的事' in html
    assert f"学习秘书{secretary.person.name}，组长{leader.name}会收到" in html
    form = page.context["form"]
    assert form.initial["answer_by"] == ANSWER and "请高度重视" in form.initial["demand"]
    sent = {
        "committee": unit.pk, "items": [late.pk, near.pk], "demand": "请抓紧。\n专报结果。", "answer_by": "2026-03-27",
        "form_token": form.initial["form_token"],
    }  # fmt: skip
    preview = client.post(reverse("letter_preview"), sent)
    for words in ("逾期的事", "临近的事", "<p>专报结果。</p>", "中共云州市委宣传部", "〔2026〕　号"):
        assert words in preview.text, words
    assert not ReminderLetter.objects.exists()

    answer = client.post(reverse("letter_new"), sent, follow=True)
    letter = ReminderLetter.objects.get()
    assert answer.redirect_chain == [(letter.get_absolute_url(), 302)]
    assert "还有 2 项未办结" in answer.text and "文书已印发" in answer.text
    assert client.post(reverse("letter_new"), sent)["Location"] == letter.get_absolute_url()
    assert ReminderLetter.objects.count() == 1

    for who in (secretary, build.account(leader)):
        theirs = client_of(who)
        seen = theirs.get(letter.get_absolute_url()).text
        assert "专报结果。" in seen and reverse("letter_withdraw", args=[letter.pk]) not in seen
        assert reverse("paper_download", args=[letter.paper_id]) in seen
        assert theirs.get(reverse("paper_download", args=[letter.paper_id]))["Content-Type"] == "application/pdf"
        assert str(letter) in theirs.get(reverse("letter_list")).text

    again = client.get(url).context["rows"]
    assert [(row["letter"], row["chosen"]) for row in again] == [(letter, False), (letter, False)]
    met(late, near)
    consequences.ran(build.AT)
    assert "所列事项均已办结，自动撤销" in client_of(secretary).get(letter.get_absolute_url()).text


def test_what_is_typed_stays_when_it_is_refused(unit, reviewer):
    item = owes(unit)
    client = client_of(reviewer)
    sent = {"committee": unit.pk, "demand": "写了一半", "answer_by": "2026-03-27"}
    answer = client.post(reverse("letter_new"), sent)
    assert answer.status_code == 422 and "写了一半" in answer.text and "没有选择事项" in answer.text
    sent |= {"items": [item.pk], "answer_by": "2026-03-20"}
    answer = client.post(reverse("letter_new"), sent)
    assert answer.status_code == 422 and "办理期限应晚于今天" in answer.text
    assert f'value="{item.pk}" checked' in answer.text
    owes(unit)
    met(item)
    answer = client.post(reverse("letter_new"), sent | {"answer_by": "2026-03-27"})
    assert answer.status_code == 422 and "有的已经办结" in answer.text
    assert not ReminderLetter.objects.exists()


def test_nothing_to_write_about_is_said(city, unit, reviewer):
    client = client_of(reviewer)
    assert "没有到期未办的事项" in client.get(reverse("letter_new"), {"committee": unit.pk}).text
    assert client.get(reverse("letter_new"))["Location"] == reverse("behind_list")
    owes(city)
    assert "发给下级单位" in client.get(reverse("letter_new"), {"committee": city.pk}, follow=True).text
    assert client.post(reverse("letter_preview"), {"committee": city.pk}).status_code == 422
    for odd in ("x", "99999999999", "999999"):
        assert client.get(reverse("letter_new"), {"committee": odd}).status_code == 404


def test_withdrawing_on_the_page(unit, reviewer, quick):
    letter = letter_to(unit, reviewer)
    client, url = client_of(reviewer), reverse("letter_withdraw", args=[letter.pk])
    client.post(url, {"version": 1, "reason": ""})
    letter.refresh_from_db()
    assert letter.stage == "ISSUED"
    assert "已撤销提醒函" in client.post(url, {"version": 1, "reason": "发错对象"}, follow=True).text
    seen = client.get(letter.get_absolute_url()).text
    assert "原因：发错对象" in seen and url not in seen
    assert "不能撤销" in client.post(url, {"version": 2, "reason": "再撤"}, follow=True).text


def test_not_there_for_others(city, unit, reviewer, quick):
    letter = letter_to(unit, reviewer)
    other = build.committee(parent=city)
    page, withdraw = letter.get_absolute_url(), reverse("letter_withdraw", args=[letter.pk])
    new, preview = reverse("letter_new"), reverse("letter_preview")
    outsiders = [
        build.secretary_of(other), build.granted(Role.REVIEWER, other), build.account(build.member(unit).person),
        build.granted(Role.ADMIN, city),
    ]  # fmt: skip
    for user in outsiders:
        client = client_of(user)
        assert client.get(page).status_code == client.post(withdraw, {"version": 1, "reason": "x"}).status_code == 404
        assert client.get(new, {"committee": unit.pk}).status_code == 404
        assert (
            client.post(new, {"committee": unit.pk}).status_code
            == client.post(preview, {"committee": unit.pk}).status_code
            == 404
        )
    for user in (build.secretary_of(unit), build.granted(Role.HEAD, city)):
        client = client_of(user)
        assert client.get(page).status_code == 200
        assert client.post(withdraw, {"version": 1, "reason": "x"}).status_code == 404
        assert client.get(new, {"committee": unit.pk}).status_code == 404
    assert str(letter) not in client_of(outsiders[0]).get(reverse("letter_list")).text
    letter.refresh_from_db()
    assert letter.stage == "ISSUED"


def test_the_county_does_not_withdraw_what_the_city_sent(city, reviewer, quick):
    county = build.committee("清河县委", parent=city)
    town = build.committee(parent=county)
    below = build.granted(Role.REVIEWER, county)
    mine, citys = letter_to(town, below), letter_to(town, reviewer)
    client = client_of(below)
    assert reverse("letter_withdraw", args=[mine.pk]) in client.get(mine.get_absolute_url()).text
    assert client.get(citys.get_absolute_url()).status_code == 200
    assert client.post(reverse("letter_withdraw", args=[citys.pk]), {"version": 1, "reason": "x"}).status_code == 404


def test_the_list_is_narrowed_by_what_is_asked(city, reviewer, quick):
    county = build.committee("清河县委", parent=city)
    town, unit = build.committee("河镇党委", parent=county), build.committee("教育局党组", parent=city)
    first = letter_to(town, reviewer, owes(town, YELLOW, "三月的记录"))
    second = letter_to(unit, reviewer)
    actions.withdraw(second, reason="发错", version=1, by=reviewer, at=build.AT)
    client = client_of(reviewer)

    def listed(**query):
        return [line["letter"] for line in client.get(reverse("letter_list"), query).context["lines"]]

    assert listed() == [second, first] and listed(sort="number") == [first, second]
    assert listed(stage="ISSUED") == listed(under=county.pk) == listed(q="三月的") == listed(q="河镇") == [first]
    assert listed(stage="WITHDRAWN", year=2026) == [second]
    assert listed(q="没有的") == []


@pytest.mark.parametrize("which", ["list", "letter", "new"])
def test_as_many_queries_for_thirty_rows_as_for_one(city, reviewer, quick, which):
    counts = []
    for size in (1, 30):
        unit = build.committee(parent=city)
        secretary = build.secretary_of(unit)
        items = [owes(unit, YELLOW if which == "new" else OVERDUE) for _ in range(size)]
        letters = (
            [letter_to(unit, reviewer, item) for item in items]
            if which != "letter"
            else [letter_to(unit, reviewer, *items)]
        )
        url = {"list": reverse("letter_list") + "?per=50", "letter": letters[0].get_absolute_url(),
               "new": f"{reverse('letter_new')}?committee={unit.pk}"}[which]  # fmt: skip
        client = client_of(reviewer if which == "new" else secretary)
        client.get(url)
        with CaptureQueriesContext(connection) as seen:
            page = client.get(url)
        assert page.status_code == 200
        assert len(re.findall(r"<tr", page.text)) >= size
        counts.append(len(seen))
    assert counts[0] == counts[1]
