"""Pages of sessions: prefilled creation, one page of editing, moves, speeches, invitations, filings."""

import re
from datetime import date, time
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from roster.accounts.roles import Role
from roster.people.models import GroupRole
from sessions_app.plans import actions as plans
from sessions_app.sessions import actions, filing_actions, speech_actions
from sessions_app.sessions.models import SpeechStage, StudySession
from tests import build

pytestmark = pytest.mark.django_db
DAY, AT = build.DAY, build.AT


@pytest.fixture(autouse=True)
def clock(settings):
    settings.CLOCK = AT


@pytest.fixture
def place():
    return build.committee("市发改委党组")


@pytest.fixture
def secretary(place):
    return build.secretary_of(place)


@pytest.fixture
def leader(place):
    return build.leader_of(place)


def enter(client, user):
    client.force_login(user)
    return client


def made(committee, by, day=DAY, **more):
    given = {"topic": "专题学习", "place": "三楼会议室", "materials": [{"title": "公报"}], **more}
    return actions.create(committee=committee, day=day, by=by, at=AT, **given)


def planned_item(committee, by, **more):
    plan = plans.create(committee=committee, year=2026, by=by, at=build.at(date(2026, 1, 8)))
    rows = [{"quarter": 1, "topic": "学习全会精神", "category": 1, "mode": "FIELD", **more}]
    return plans.save_items(plan, items=rows, version=plan.version, by=by, at=AT).items.get()


def fields(page):
    """What a browser would send back from the page's main form, untouched."""
    form = re.search(r'<form class="form[^"]*" method="post"[^>]*data-burden.*?</form>', page, re.S)[0]
    form = re.sub(r"<template.*?</template>", "", form, flags=re.S)
    sent = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name = re.search(r'name="([^"]+)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        if name and ("checkbox" not in tag or " checked" in tag):
            sent[name[1]] = unescape(value[1]) if value else ""
    for name, text in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', form, re.S):
        sent[name] = unescape(text).strip()
    for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.search(r'<option value="([^"]*)"[^>]* selected', options)
        sent[name] = chosen[1] if chosen else ""
    return sent


def test_a_session_from_a_plan_item_needs_only_the_day_typed(client, place, secretary, leader):
    speaker = build.member(place, build.person("张三")).person
    item = planned_item(place, secretary, materials="全会公报", speakers="张三")
    enter(client, secretary)
    assert "学习全会精神" in client.get(reverse("session_new")).text
    page = client.get(reverse("session_new"), {"item": item.pk}).text
    form = fields(page) | {"day": "2026-03-25", "place": "三楼", "typed_fields": "2"}
    answer = client.post(reverse("session_new") + f"?item={item.pk}", form, follow=True)
    assert "已建立 2026 年第 1 次学习" in answer.text
    session = StudySession.objects.get()
    host = session.participations.get()
    assert (session.topic, session.mode, session.chair, session.typed_fields) == (
        "学习全会精神",
        "FIELD",
        leader.person,
        2,
    )
    assert host.plan_item == item and host.speeches.get().speaker == speaker
    assert session.agenda.count() == 4 and session.materials.get().title == "全会公报"
    assert session.carried_fields > 10
    # sent twice: one session
    client.post(reverse("session_new") + f"?item={item.pk}", form)
    assert StudySession.objects.count() == 1


def test_a_late_entry_asks_for_its_reason_and_keeps_what_was_typed(client, place, secretary):
    enter(client, secretary)
    form = fields(client.get(reverse("session_new"), {"late": 1}).text)
    form |= {"topic": "补录的一场", "day": "2026-02-10", "place": "三楼"}
    answer = client.post(reverse("session_new") + "?late=1", form)
    assert answer.status_code == 422
    assert "属于补录" in answer.text and "补录的一场" in answer.text
    answer = client.post(reverse("session_new") + "?late=1", form | {"late_reason": "秘书交接"}, follow=True)
    assert "补录 38 天" in answer.text
    session = StudySession.objects.get()
    client.post(reverse("session_hold", args=[session.pk]), {"version": session.version})
    session.refresh_from_db()
    assert session.stage == "HELD"


def test_one_page_saves_head_agenda_materials_parts_and_listeners(client, place, secretary):
    build.group(place, 3)
    session = made(place, secretary)
    enter(client, secretary)
    url = reverse("session_edit", args=[session.pk])
    form = fields(client.get(url).text)
    form |= {
        "place": "大礼堂", "parts-TOTAL_FORMS": "1", "parts-0-day": "2026-03-21", "parts-0-days": "1",
        "agenda-0-content": "领学公报全文", "agenda-2-DELETE": "on",
        "extras-TOTAL_FORMS": "1", "extras-0-name": "李教授", "extras-0-is_outside_speaker": "on", "typed_fields": "5",
    }  # fmt: skip
    answer = client.post(url, form, follow=True)
    assert "外请报告未备案：李教授" in answer.text
    session.refresh_from_db()
    assert (session.place, session.typed_fields, session.parts.count()) == ("大礼堂", 5, 2)
    assert [row.kind for row in session.agenda.all()] == ["LEAD_READING", "KEYNOTE", "SUMMARY"]
    assert session.agenda.first().content == "领学公报全文"
    assert session.participations.get().part_count == 2


def test_the_untouched_form_changes_nothing_and_voids_nothing(client, place, secretary, leader):
    build.group(place, 3)
    session = made(place, secretary)
    session = actions.submit(session, version=session.version, by=secretary, at=AT)
    session = actions.approve(session, version=session.version, by=leader, at=AT)
    enter(client, secretary)
    url = reverse("session_edit", args=[session.pk])
    page = client.get(url).text
    assert "审定作废" in page  # said before saving
    client.post(url, fields(page))
    session.refresh_from_db()
    assert session.stage == "APPROVED"
    answer = client.post(url, fields(client.get(url).text) | {"place": "别处"}, follow=True)
    assert "审定作废，请重新提交" in answer.text
    session.refresh_from_db()
    assert session.stage == "PREPARING"


def test_a_stale_save_shows_both_texts_and_keeps_what_was_typed(client, place, secretary):
    session = made(place, secretary)
    enter(client, secretary)
    url = reverse("session_edit", args=[session.pk])
    form = fields(client.get(url).text) | {"place": "我写的地方"}
    session = actions.edit(session, place="别人写的地方", version=session.version, by=secretary, at=AT)
    answer = client.post(url, form)
    assert answer.status_code == 409
    assert "我写的地方" in answer.text and "别人写的地方" in answer.text
    assert fields(answer.text)["version"] == str(session.version)
    client.post(url, fields(answer.text))
    session.refresh_from_db()
    assert session.place == "我写的地方"


def test_a_row_is_added_without_script(client, place, secretary):
    session = made(place, secretary)
    enter(client, secretary)
    url = reverse("session_edit", args=[session.pk])
    answer = client.post(url, fields(client.get(url).text) | {"add": "agenda", "place": "还在"})
    assert (answer.status_code, fields(answer.text)["agenda-TOTAL_FORMS"]) == (200, "5")
    assert fields(answer.text)["place"] == "还在"


def test_moving_warns_and_cancelling_keeps_the_number(client, place, secretary):
    session = made(place, secretary)
    enter(client, secretary)
    url = reverse("session_move", args=[session.pk])
    answer = client.post(url, {"version": session.version, "day": "2026-04-02", "reason": ""})
    assert answer.status_code == 422 and "改期事由" in answer.text
    answer = client.post(url, {"version": session.version, "day": "2026-04-02", "reason": "省里开会"}, follow=True)
    assert "第 1 季度只剩 0 场" in answer.text
    session.refresh_from_db()
    answer = client.post(
        reverse("session_cancel", args=[session.pk]), {"version": session.version, "reason": "防汛"}, follow=True
    )
    assert "期次保留" in answer.text
    assert made(place, secretary, day=date(2026, 6, 1)).participations.get().number == 2


def test_calendar_counts_the_quarters(client, place, secretary):
    made(place, secretary, day=date(2026, 4, 2))
    made(place, secretary, day=date(2026, 4, 10), parts=[{"day": date(2026, 4, 10)}, {"day": date(2026, 4, 11)}])
    page = enter(client, secretary).get(reverse("session_calendar"), {"year": 2026}).text
    row = page[page.index("第2季度") :]
    assert 'data-label="场次">2<' in row and 'data-label="天数">3<' in row
    assert "场次不足" in page


def test_a_clash_is_told_to_both_secretaries_and_leave_settles_it(client, place, secretary, leader):
    from sessions_app.attendance.models import LeaveRequest
    from sessions_app.sessions.conflicts import conflicts

    county = build.committee("县委")
    person = build.person("赵某")
    build.member(place, person)
    build.member(county, person)
    hours = [{"day": DAY, "starts_at": time(15), "ends_at": time(17)}]
    ours = made(place, secretary, parts=hours)
    theirs = made(county, build.secretary_of(county), parts=hours)
    later = made(county, build.secretary_of(county), parts=[{"day": DAY, "starts_at": time(17), "ends_at": time(18)}])
    found = conflicts([ours, theirs, later])
    assert [c.person for c in found[ours.pk]] == ["赵某"] and [c.person for c in found[theirs.pk]] == ["赵某"]
    assert later.pk not in found
    assert "赵某" in found[ours.pk][0].sentence and "县委" in found[ours.pk][0].sentence
    assert "时间冲突" in enter(client, secretary).get(reverse("session_list")).text
    LeaveRequest.objects.create(
        participation=ours.participations.get(), person=person, kind="DUTY", reason="县里开会", stage="AGREED", asked_at=AT,
        decided_by=leader.person,
    )  # fmt: skip
    assert conflicts([ours, theirs]) == {}


def test_speeches_are_added_written_reviewed_by_page(client, place, secretary, leader):
    speaker = build.member(place, build.person("张三")).person
    session = made(place, secretary)
    enter(client, secretary)
    host = session.participations.get()
    form = {"speaker": speaker.pk, "kind": "KEYNOTE", "title": "体会"}
    client.post(reverse("speech_add", args=[host.pk]), form)
    answer = client.post(reverse("speech_add", args=[host.pk]), form)
    assert answer.status_code == 422 and "已经登记过" in answer.text
    speech = host.speeches.get()
    himself = build.account(speaker)
    enter(client, himself)
    url = reverse("speech_submit", args=[speech.pk])
    answer = client.post(url, {"version": speech.version, "title": "体会", "text": "正文一段"})
    assert answer.status_code == 422 and "联系实际" in answer.text and "正文一段" in answer.text
    client.post(url, {"version": speech.version, "title": "体会", "text": "正文", "link_to_work": "分管"})
    speech.refresh_from_db()
    assert speech.stage == SpeechStage.SUBMITTED
    enter(client, leader)
    answer = client.post(reverse("speech_return", args=[speech.pk]), {"version": speech.version})
    assert answer.status_code == 422
    client.post(reverse("speech_return", args=[speech.pk]), {"version": speech.version, "reason": "再实些"})
    speech.refresh_from_db()
    stale = {"version": speech.version, "title": "体会", "text": "我的二稿", "link_to_work": "分管"}
    speech_actions.edit_speech(speech, kind="KEYNOTE", title="新题目", version=speech.version, by=secretary, at=AT)
    answer = enter(client, himself).post(url, stale)
    assert answer.status_code == 409 and "我的二稿" in answer.text and "新题目" in answer.text
    client.post(url, stale | {"version": speech.version + 1})
    speech.refresh_from_db()
    enter(client, leader).post(reverse("speech_approve", args=[speech.pk]), {"version": speech.version})
    speech.refresh_from_db()
    assert (speech.stage, speech.edition) == (SpeechStage.APPROVED, 2)
    assert client.get(reverse("session_speeches", args=[session.pk])).status_code == 200


def test_an_invitation_is_accepted_by_the_guests_secretary_alone(client, place, secretary):
    guest = build.committee("市财政局党组")
    guests = build.secretary_of(guest)
    item = planned_item(guest, guests)
    session = made(place, secretary)
    enter(client, secretary).post(reverse("session_invite", args=[session.pk]), {"committee": guest.pk})
    row = session.participations.get(committee=guest)
    assert client.post(reverse("invitation_accept", args=[row.pk])).status_code == 404
    enter(client, guests)
    assert "专题学习" in client.get(reverse("invitation_list")).text
    assert client.get(reverse("session_edit", args=[session.pk])).status_code == 404  # the host's alone
    answer = client.post(reverse("invitation_accept", args=[row.pk]), {f"i{row.pk}-plan_item": item.pk}, follow=True)
    assert "2026 年第 1 次" in answer.text
    row.refresh_from_db()
    assert (row.state, row.plan_item) == ("ACCEPTED", item)


def test_a_filing_is_sent_and_decided_by_page(client, place, secretary):
    session = made(place, secretary, extras=[{"name": "李教授", "is_outside_speaker": True}])
    enter(client, secretary)
    url = reverse("filing_new", args=[session.pk])
    assert 'value="李教授"' in client.get(url).text
    answer = client.post(url, {"speaker": "李教授", "unit": "党校", "topic": "讲座"}, follow=True)
    assert "待审" in answer.text
    filing = session.filings.get()
    assert client.post(reverse("filing_approve", args=[filing.pk])).status_code == 404
    enter(client, build.granted(Role.REVIEWER, place))
    assert client.get(reverse("filing", args=[filing.pk])).status_code == 200
    client.post(reverse("filing_approve", args=[filing.pk]), {"version": filing.version})
    filing.refresh_from_db()
    assert filing.stage == "APPROVED"
    assert "李教授" in client.get(reverse("filing_list"), {"stage": "APPROVED"}).text


def test_others_do_not_find_it(client, place, secretary, leader):
    session = made(place, secretary)
    stranger = build.secretary_of(build.committee())
    member = build.account(build.member(place).person)
    admin = build.granted(Role.ADMIN, place)
    reading = ("session_edit", "session_move", "session_cancel", "session_invite", "filing_new")
    for user in (stranger, leader, member, admin):
        enter(client, user)
        for name in reading:
            assert client.get(reverse(name, args=[session.pk])).status_code == 404, (user, name)
    enter(client, stranger)
    assert client.get(reverse("session_speeches", args=[session.pk])).status_code == 404
    assert enter(client, admin).get(reverse("session_list")).status_code == 404
    for name in ("session_approve", "session_return"):
        assert enter(client, secretary).post(reverse(name, args=[session.pk])).status_code == 404
    for name in ("session_submit", "session_hold", "session_move", "session_cancel", "session_edit"):
        assert enter(client, leader).post(reverse(name, args=[session.pk])).status_code == 404
    assert enter(client, secretary).get(reverse("session_edit", args=[session.pk])).status_code == 200  # the control


def test_submitted_approved_held_by_page(client, place, secretary, leader):
    session = made(place, secretary)
    enter(client, secretary)
    assert client.post(reverse("session_submit", args=[session.pk]), {"version": 99}).status_code == 302
    session.refresh_from_db()
    assert session.stage == "PREPARING"  # the stale version
    client.post(reverse("session_submit", args=[session.pk]), {"version": session.version})
    session.refresh_from_db()
    enter(client, leader)
    client.post(reverse("session_approve", args=[session.pk]), {"version": session.version})
    session.refresh_from_db()
    assert session.stage == "APPROVED"
    enter(client, secretary).post(reverse("session_hold", args=[session.pk]), {"version": session.version})
    session.refresh_from_db()
    assert session.stage == "HELD"


def queries(client, url):
    with CaptureQueriesContext(connection) as found:
        assert client.get(url).status_code == 200
    return len(found)


@pytest.mark.parametrize("name", ["session_list", "invitation_list", "filing_list", "session_calendar"])
def test_lists_cost_the_same_for_one_and_thirty(client, place, name):
    """Rows of every kind: each session has an outside speaker, a filing, an invitation and clashing hours."""
    city = build.committee("市委", code="CITY")
    host = build.committee("主办", parent=city)
    by = build.secretary_of(host)
    build.secretary(place, by.person)
    both = by.act(on=DAY)

    def one(n):
        session = made(host, by, day=date(2026, 4, 1 + n % 28), chair=build.member(host).person)
        filing_actions.file_speaker(session, speaker=f"教授{n}", unit="党校", topic=f"讲座{n}", by=by, at=AT)
        actions.invite(session, committee=place, by=by, at=AT)

    one(0)
    enter(client, both)
    url = reverse(name) + "?year=2026&per=50"
    client.get(url)
    first = queries(client, url)
    for n in range(1, 30):
        one(n)
    assert queries(client, url) == first


def test_the_speeches_page_costs_the_same_for_one_and_thirty(client, place, secretary):
    session = made(place, secretary)
    host = session.participations.get()
    enter(client, secretary)
    url = reverse("session_speeches", args=[session.pk])

    def add():
        who = build.member(place, role=GroupRole.MEMBER).person
        speech_actions.add_speech(host, speaker=who, kind="DISCUSSION", title="交流", by=secretary, at=AT)

    add()
    client.get(url)
    first = queries(client, url)
    for _ in range(29):
        add()
    assert queries(client, url) == first


def test_place_and_hours_come_from_the_last_session_that_took_place(client, place, secretary):
    past = made(
        place, secretary, day=date(2026, 3, 10), place="老地方", late_reason="补",
        parts=[{"day": date(2026, 3, 10), "starts_at": time(15), "ends_at": time(17)}],
    )  # fmt: skip
    actions.hold(past, version=past.version, by=secretary, at=AT)
    made(place, secretary, day=date(2026, 4, 1), place="没去过的地方")
    form = fields(enter(client, secretary).get(reverse("session_new"), {"blank": 1}).text)
    assert (form["place"], form["starts_at"], form["ends_at"]) == ("老地方", "15:00", "17:00")
