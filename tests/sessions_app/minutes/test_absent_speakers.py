"""Nobody speaks at a meeting he is not at: by page, action, workbook, minutes and paper; a written speech stays possible."""

from datetime import date

import pytest

from roster.audit.moves import Refused
from sessions_app.attendance import actions as rolls
from sessions_app.minutes import actions as minutes
from sessions_app.minutes.skeleton import blocks, missing_for_archive, missing_in
from sessions_app.papers import frozen
from sessions_app.sessions import speech_actions
from sessions_app.sessions.models import Speech, SpeechKind
from tests import build
from tests.build import AT, DAY
from tests.sessions_app.attendance import studying
from tests.sessions_app.workbooks.making import look, reasons, sheets, take

pytestmark = pytest.mark.django_db
SPOKEN = pytest.mark.parametrize("kind", [SpeechKind.KEYNOTE, SpeechKind.DISCUSSION])
AWAY = pytest.mark.parametrize(("status", "word"), [("ON_LEAVE", "请假"), ("ABSENT", "缺席")])


@pytest.fixture
def place():
    where = build.committee("市发改委党组")
    build.leader_of(where)
    return where


@pytest.fixture
def keeper(place):
    return build.secretary_of(place)


@pytest.fixture
def people(place):
    return [row.person for row in build.group(place, 3)]


def ready(place, keeper):
    session = studying.session(place)
    session.chair, session.recorder = place.memberships.get(group_role="LEADER").person, keeper.person
    session.save()
    studying.agenda(session)
    return session


@SPOKEN
@AWAY
def test_a_speech_of_somebody_away_is_refused_as_an_action(place, keeper, people, kind, status, word):
    session = ready(place, keeper)
    row = studying.save_roll(studying.part_of(session), keeper, {people[0]: (status, "公务")})
    with pytest.raises(Refused, match=f"这次学习{word}，不能登记{kind.label}发言"):
        speech_actions.add_speech(row, speaker=people[0], kind=kind, title="谈体会", by=keeper, at=AT)
    paper = speech_actions.add_speech(row, speaker=people[0], kind="WRITTEN", title="谈体会", by=keeper, at=AT)
    with pytest.raises(Refused, match=word):
        speech_actions.edit_speech(paper, kind=kind, title="谈体会", version=None, by=keeper, at=AT)
    speech_actions.add_speech(row, speaker=people[1], kind=kind, title="谈体会", by=keeper, at=AT)


@SPOKEN
def test_leave_agreed_before_the_session_counts_until_the_roll_says_otherwise(place, keeper, people, kind):
    session = studying.session(place, date(2026, 4, 10), stage="PREPARING")
    row = studying.part_of(session)
    leave = rolls.ask_leave(row, person=people[0], kind="DUTY", reason="出差", by=keeper, at=AT)
    rolls.decide_leave(leave, agree=True, version=None, by=build.leader_of(build.committee()), at=AT)
    with pytest.raises(Refused, match="请假"):
        speech_actions.add_speech(row, speaker=people[0], kind=kind, title="谈体会", by=keeper, at=AT)
    session.stage = "HELD"
    session.save()
    studying.save_roll(row, keeper)
    speech_actions.add_speech(row, speaker=people[0], kind=kind, title="谈体会", by=keeper, at=AT)


@SPOKEN
@AWAY
def test_minutes_do_not_ask_for_it_and_do_not_go_out_with_it(place, keeper, people, kind, status, word):
    session = ready(place, keeper)
    row = studying.part_of(session)
    speech = Speech.objects.create(
        participation=row, speaker=people[0], kind=kind, title="以学促干", stage="APPROVED", text="三点体会。"
    )
    studying.save_roll(row, keeper, {people[0]: (status, "公务")})
    text = minutes.start(session, by=keeper, at=AT)
    found = {one.name: one for block in blocks(session, text) for one in block.fields}
    assert not found[f"speech-{speech.pk}"].required and f"{word}，未到会" in found[f"speech-{speech.pk}"].note
    told = f"{people[0].name}{word}，{kind.label}发言请改为书面发言，没有材料的请删去"
    assert told in missing_in(text)
    printed = frozen.minutes(session)["speeches"][0]
    assert printed["speaker"] == f"{people[0].name}（{word}，未到会）"
    with pytest.raises(Refused) as refused:
        minutes.submit(text, version=text.version, by=keeper, at=AT)
    assert told in refused.value.reasons
    speech_actions.make_written(speech, version=None, by=keeper, at=AT)
    assert told not in missing_in(text)
    speech.refresh_from_db()
    assert (speech.kind, speech.stage, speech.text) == ("WRITTEN", "APPROVED", "三点体会。")


def test_the_archive_asks_for_speeches_still_open(place, keeper, people):
    session = ready(place, keeper)
    row = studying.save_roll(studying.part_of(session), keeper)
    speech = speech_actions.add_speech(row, speaker=people[0], kind="KEYNOTE", title="谈体会", by=keeper, at=AT)
    text = minutes.start(session, by=keeper, at=AT)
    assert f"{people[0].name}的发言还是“待交”，请先办结" in missing_for_archive(session)
    # he did not speak after all: the empty place kept for him goes with the speech
    speech_actions.remove_speech(speech, by=keeper, at=AT)
    assert not any("发言还是" in word for word in missing_for_archive(session))
    assert text.sections.filter(speech__isnull=False).count() == 0


@pytest.mark.parametrize("kind", ["重点", "交流"])
@pytest.mark.parametrize("status", ["请假", "缺席"])
@pytest.mark.parametrize("beside", [True, False], ids=["marks beside", "marks kept before"])
def test_a_workbook_brings_no_speech_of_somebody_away(kind, status, beside):
    line, mark = ["W01", 2025, 1, "R2", kind, "谈体会"], ["W01", 2025, 1, "R2", status, "公务", ""]
    rows = sheets(发言=[line], 考勤=[mark])
    if not beside:
        take(sheets(发言=[], 考勤=[mark]))
        rows = {"发言": [line]}
    assert look(rows)["rejected"] == take(rows)["rejected"]
    (reason,) = reasons(look(rows))
    assert f"李四2025 年第 1 次学习{status}，不能登记{kind}发言；有书面材料的，类型请填“书面”。" in reason
    rows["发言"] = [[*line[:4], "书面", "谈体会"]]
    assert reasons(take(rows)) == []


def test_the_page_refuses_and_offers_the_cure(client, place, keeper, people):
    session = ready(place, keeper)
    row = studying.save_roll(studying.part_of(session), keeper, {people[0]: ("ON_LEAVE", "公务")})
    client.force_login(keeper, backend="django.contrib.auth.backends.ModelBackend")
    sent = {"speaker": people[0].pk, "kind": "KEYNOTE", "title": "谈体会"}
    page = client.post(f"/participations/{row.pk}/speeches/add/", sent)
    assert page.status_code == 422 and "不能登记重点发言" in page.content.decode()
    speech = Speech.objects.create(participation=row, speaker=people[0], kind="KEYNOTE", title="谈体会")
    assert "改为书面发言" in client.get(f"/speeches/{speech.pk}/").content.decode()
    client.post(f"/speeches/{speech.pk}/written/", {"version": speech.version})
    speech.refresh_from_db()
    assert speech.kind == "WRITTEN" and row.day == DAY
