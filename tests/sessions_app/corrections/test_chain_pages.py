"""The pages from the roll to the correction: shown, saved, refused, and not there for others."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from sessions_app.attendance import actions as attendance
from sessions_app.attendance.models import LeaveRequest, MakeUpStudy
from sessions_app.minutes.models import Minutes
from sessions_app.outcomes import actions as outcomes
from sessions_app.sessions.models import SessionStage
from tests import build
from tests.sessions_app.attendance import studying

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock():
    with override_settings(CLOCK=build.AT):
        yield


def client_of(user):
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def room():
    where = build.committee("市发改委党组")
    leader = build.leader_of(where)
    people = [row.person for row in build.group(where, 8)]
    secretary = build.secretary_of(where)
    session = studying.session(where)
    session.chair, session.recorder = leader.person, secretary.person
    session.save()
    studying.agenda(session, speaker=people[0])
    return session, studying.part_of(session), secretary, leader, people


def sheet(row, away=None):
    """What the roll's form sends."""
    away = away or {}
    part = row.study_session.parts.get()
    found = {"version": row.version, "part": part.pk}
    for mark in studying.marks(row):
        status, reason = away.get(mark["person"], ("PRESENT", ""))
        found |= {f"mark-{mark['person']}": status, f"reason-{mark['person']}": reason}
    return found


def test_the_roll_is_one_screen_and_one_request(room):
    session, row, secretary, leader, people = room
    url = reverse("roll", args=[row.pk])
    page = client_of(secretary).get(url).content.decode()
    assert page.count('class="roll-row') == 9 and "保存，去写记录" in page
    answer = client_of(secretary).post(url, sheet(row, {people[0].pk: ("ABSENT", "")}))
    assert answer.status_code == 422 and "缺席没有事由" in answer.content.decode()
    answer = client_of(secretary).post(url, sheet(row, {people[0].pk: ("ABSENT", "下乡")}))
    assert answer["Location"] == reverse("minutes", args=[session.pk])
    # a stale form keeps what was typed and shows both
    answer = client_of(secretary).post(url, sheet(row, {people[1].pk: ("ON_LEAVE", "病假：发烧")}))
    said = answer.content.decode()
    assert (
        answer.status_code == 409
        and "病假：发烧" in said
        and "缺席（下乡）" in said
        and 'name="version" value="2"' in said
    )
    assert "由本委员会的学习秘书记考勤" in client_of(leader).get(url).content.decode()
    assert client_of(leader).post(url, sheet(row)).status_code == 404
    assert client_of(build.secretary_of(build.committee())).get(url).status_code == 404
    assert client_of(build.account(people[0])).get(url).status_code == 404


def test_the_roll_saves_by_itself(room):
    _, row, secretary, _, people = room
    url = reverse("roll_autosave", args=[row.pk])
    answer = client_of(secretary).post(url, sheet(row))
    assert answer.json() == {"at": "10:00", "version": 2}
    told = client_of(secretary).post(url, sheet(row, {people[0].pk: ("ABSENT", "下乡")}))
    assert told.status_code == 409 and told.json()["version"] == 2
    row.refresh_from_db()
    told = client_of(secretary).post(url, sheet(row, {people[0].pk: ("ABSENT", "")}))
    assert told.status_code == 422 and "事由" in str(told.json())


def test_a_roll_not_taken_yet_keeps_what_was_touched_and_nothing_else(room):
    """Everybody starts as 出席: shown, counted as unmarked, and kept when the button is pressed."""
    _, row, secretary, _, people = room
    client, page = client_of(secretary), reverse("roll", args=[row.pk])
    before = client.get(page).content.decode()
    assert "未记 <b>9</b>" in before and "出席 <b>0</b>" in before and before.count("is-default") == 9
    touched = {"touched": str(people[0].pk)}
    answer = client.post(
        reverse("roll_autosave", args=[row.pk]), sheet(row, {people[0].pk: ("ABSENT", "下乡")}) | touched
    )
    assert answer.json() == {"at": "10:00", "version": 2}
    assert [(mark.person_id, mark.status) for mark in row.marks.all()] == [(people[0].pk, "ABSENT")]
    row.refresh_from_db()
    assert row.roll_saved_at is None and row.unmarked_marks == 8
    after = client.get(page).content.decode()
    assert "未记 <b>8</b>" in after and "缺席 <b>1</b>" in after and after.count("is-default") == 8
    # the button takes the roll
    client.post(page, sheet(row, {people[0].pk: ("ABSENT", "下乡")}))
    row.refresh_from_db()
    assert row.roll_saved_at is not None and (row.unmarked_marks, row.absent_marks) == (0, 1)


def test_equal_texts_are_no_conflict_and_ones_own_window_is_called_so(room):
    session, _, secretary, _, _ = room
    client, url = client_of(secretary), reverse("minutes_autosave", args=[session.pk])
    first = {"version": 0, "discussion": "甲", "summary": "乙"}
    assert client.post(url, first).json()["version"] == 2
    assert client.post(url, first).json() == {"at": "10:00", "version": 2}  # the window that was opened before
    told = client.post(url, first | {"discussion": "丙"}).json()
    assert told["by"] == "您自己在另一个窗口" and told["saved"] == {"discussion": "甲"}


def test_minutes_from_skeleton_to_archive(room):
    session, row, secretary, leader, _ = room
    studying.save_roll(row, secretary)
    url = reverse("minutes", args=[session.pk])
    assert "一、领学规定篇目" in client_of(secretary).get(url).content.decode()
    assert not Minutes.objects.exists()
    items = {f"item-{n}-{part}": "" for n in range(2) for part in ("text", "owner", "due")}
    reading = session.agenda.get(kind="LEAD_READING")
    typed = {
        "version": 0,
        "discussion": "谈了意见",
        "summary": "",
        f"agenda-{reading.pk}": "领学了原文",
        **items,
        "then": "submit",
    }
    answer = client_of(secretary).post(url, typed | {"item-0-text": "报送方案", "item-0-owner": "李四"})
    assert answer.status_code == 422 and "缺主持人总结" in answer.content.decode()
    row = Minutes.objects.get()
    assert row.discussion == "谈了意见" and row.action_items.get().owner == "李四"
    stale = client_of(secretary).post(url, typed | {"version": 1, "discussion": "别的话"})
    assert stale.status_code == 409 and "别的话" in stale.content.decode() and "谈了意见" in stale.content.decode()
    speech = row.sections.get(speech__isnull=False)
    sent = typed | {"version": row.version, "summary": "抓落实", f"speech-{speech.speech_id}": speech.text}
    assert client_of(secretary).post(url, sent).status_code == 302
    row.refresh_from_db()
    assert row.stage == "SUBMITTED"
    assert (
        client_of(secretary).post(reverse("minutes_approve", args=[session.pk]), {"version": row.version}).status_code
        == 404
    )
    client_of(leader).post(reverse("minutes_approve", args=[session.pk]), {"version": row.version})
    row.refresh_from_db()
    assert row.stage == "APPROVED"
    assert "归档" in client_of(secretary).get(url).content.decode()
    client_of(secretary).post(reverse("session_archive", args=[session.pk]), {"version": session.version})
    session.refresh_from_db()
    assert session.stage == SessionStage.ARCHIVED


def test_minutes_autosave(room):
    session, _, secretary, _, _ = room
    url = reverse("minutes_autosave", args=[session.pk])
    answer = client_of(secretary).post(url, {"version": 0, "discussion": "甲", "summary": "乙"})
    assert answer.json() == {"at": "10:00", "version": 2}
    told = client_of(secretary).post(url, {"version": 0, "discussion": "丙", "summary": "乙"})
    assert told.status_code == 409 and told.json()["saved"] == {"discussion": "甲"}


def test_a_member_asks_leave_for_himself_and_sees_only_his_own(room):
    session, row, secretary, leader, people = room
    session.stage = SessionStage.APPROVED
    session.save()
    session.parts.update(day=build.DAY + timedelta(days=3))
    me = build.account(people[0])
    url = reverse("leave_new", args=[row.pk])
    assert people[1].name not in client_of(me).get(url).content.decode()
    assert client_of(me).post(url, {"person": people[1].pk, "kind": "SICK", "reason": "x"}).status_code == 422
    assert client_of(me).post(url, {"person": people[0].pk, "kind": "SICK", "reason": "住院"}).status_code == 302
    client_of(secretary).post(url, {"person": people[1].pk, "kind": "DUTY", "reason": "赴省开会"})
    page = client_of(me).get(reverse("leave_list")).content.decode()
    assert "住院" in page and "赴省开会" not in page
    mine = LeaveRequest.objects.get(person=people[0])
    assert (
        client_of(me).post(reverse("leave_decide", args=[mine.pk]), {"version": 1, "agree": "yes"}).status_code == 404
    )
    client_of(leader).post(reverse("leave_decide", args=[mine.pk]), {"version": 1, "agree": "yes"})
    mine.refresh_from_db()
    assert mine.stage == "AGREED"
    client_of(me).post(reverse("leave_withdraw", args=[mine.pk]), {"version": 2})
    mine.refresh_from_db()
    assert mine.stage == "WITHDRAWN"


def test_make_up_page(room):
    _, row, secretary, _, people = room
    studying.save_roll(row, secretary, {people[0]: ("ABSENT", "下乡")})
    study = MakeUpStudy.objects.get()
    url = reverse("make_up", args=[study.pk])
    me = build.account(people[0])
    assert client_of(build.account(people[1])).get(url).status_code == 404
    bad = client_of(me).post(url, {"version": 1, "done_on": "2026-04-20", "method": "自学", "content": "读"})
    assert bad.status_code == 422 and "还没有到" in bad.content.decode()
    client_of(me).post(url, {"version": 1, "done_on": "2026-03-20", "method": "自学", "content": "读"})
    assert "确认补学" not in client_of(me).get(url).content.decode()
    assert "确认补学" in client_of(secretary).get(url).content.decode()
    client_of(secretary).post(reverse("make_up_confirm", args=[study.pk]), {"version": 2})
    study.refresh_from_db()
    assert study.stage == "CONFIRMED"


def test_correction_from_asking_to_agreed(room):
    session, row, secretary, leader, people = room
    studying.save_roll(row, secretary)
    session.stage = SessionStage.ARCHIVED
    session.save()
    url = reverse("correction_new", args=[session.pk])
    assert client_of(leader).get(url).status_code == 404
    assert "原记 出席" in client_of(secretary).get(url).content.decode()
    part = session.parts.get().pk
    sent = {"kind": "ATTENDANCE", "reason": "当日住院", "evidence": "请假条"}
    for mark in studying.marks(row):
        sent[f"mark-{part}-{mark['person']}"] = "PRESENT"
    assert client_of(secretary).post(url, sent).status_code == 422
    sent |= {f"mark-{part}-{people[0].pk}": "ON_LEAVE", f"reason-{part}-{people[0].pk}": "病假：住院"}
    answer = client_of(secretary).post(url, sent)
    page = client_of(leader).get(answer["Location"]).content.decode()
    assert "请假（病假：住院）" in page and "同意更正" in page
    asked = session.corrections.get()
    client_of(leader).post(reverse("correction_decide", args=[asked.pk]), {"version": 1, "agree": "yes"})
    row.refresh_from_db()
    assert (row.present_marks, row.leave_marks) == (8, 1)


def test_outcome_pages(room):
    session, _, secretary, leader, _ = room
    url = reverse("outcome_new")
    assert client_of(leader).get(url).status_code == 404
    assert client_of(secretary).get(url + f"?session={session.pk}").status_code == 200
    sent = {
        "committee": session.committee_id,
        "kind": "PROPOSAL",
        "title": "提速建议",
        "authors": "张三",
        "day": "2026-03-20",
    }
    assert client_of(secretary).post(url, sent | {"title": ""}).status_code == 422
    first = client_of(secretary).post(url, sent | {"study_session": session.pk})["Location"]
    source = first.strip("/").split("/")[-1]
    bad = client_of(secretary).post(url, sent | {"kind": "POLICY", "title": "提速办法", "derived_from": source})
    assert bad.status_code == 422 and "凭据" in bad.content.decode()
    good = client_of(secretary).post(
        url, sent | {"kind": "POLICY", "title": "提速办法", "derived_from": source, "document_number": "5号"}
    )
    page = client_of(leader).get(good["Location"]).content.decode()
    assert "对策建议《提速建议》" in page and "撤销这项成果" not in page
    assert "已转化" in client_of(leader).get(first).content.decode()
    assert client_of(build.secretary_of(build.committee())).get(first).status_code == 404
    edit = first + "edit/"
    start = {"kind": "PROPOSAL", "title": "提速的建议", "authors": "张三", "day": "2026-03-20", "version": 1}
    assert client_of(secretary).post(edit, start).status_code == 409


def test_lists_need_the_same_queries_for_one_row_and_thirty():
    def fill(size):
        where = build.committee()
        secretary = build.secretary_of(where)
        who = build.group(where, 1)[0].person
        for n in range(size):
            session = studying.session(
                where, date(2026, 1, 1) + timedelta(days=n), number=n + 1, stage=SessionStage.APPROVED
            )
            row = studying.part_of(session)
            before = build.at(session.day - timedelta(days=1))
            attendance.ask_leave(row, person=who, kind="DUTY", reason="公务", by=secretary, at=before)
            session.stage = SessionStage.HELD
            session.save()
            studying.save_roll(row, secretary, {who: ("ON_LEAVE", "公务")}, at=build.AT)
            outcomes.register(
                committee=where, day=session.day, kind="ESSAY", title=f"心得{n}", authors="张三", study_session=session,
                by=secretary, at=build.AT,
            )  # fmt: skip
        return client_of(secretary)

    few, many = fill(1), fill(30)
    for name in ("leave_list", "make_up_list", "outcome_list", "correction_list"):
        counts = []
        for client in (few, many):
            client.get(reverse(name))
            with CaptureQueriesContext(connection) as seen:
                assert client.get(reverse(name) + "?per=50").status_code == 200
            counts.append(len(seen))
        assert counts[0] == counts[1], (name, counts)
