"""One door to the past: ways in × states of a period × kinds of row.

After a refused way nothing has changed; once a period is closed no way but an agreed correction changes a figure of it or
a pair of person and mark. People and marks are compared, row by row, not sums.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from roster.accounts.models import User
from roster.accounts.roles import Role
from roster.audit.models import AuditEvent
from roster.audit.moves import Refused
from roster.committees.models import Committee
from roster.people import actions as people
from roster.people.models import Membership, Person
from sessions_app.attendance import actions as rolls
from sessions_app.attendance.models import AttendanceMark, MakeUpStudy
from sessions_app.corrections import actions as corrections
from sessions_app.corrections import kinds
from sessions_app.corrections.models import Correction, CorrectionKind
from sessions_app.facts import figures
from sessions_app.facts.periods import span
from sessions_app.minutes import actions as minutes
from sessions_app.outcomes import actions as outcomes
from sessions_app.outcomes.models import Outcome
from sessions_app.policies.models import Period, PeriodStage
from sessions_app.sessions import actions as sessions
from sessions_app.sessions import speech_actions as speeches
from sessions_app.sessions.models import Participation, SessionStage, Speech, StudySession
from sessions_app.workbooks import actions as imports
from tests import build
from tests.build import SHANGHAI
from tests.sessions_app.attendance import studying
from tests.sessions_app.workbooks.making import look, take, workbook

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 7, 20, 10, tzinfo=SHANGHAI)
DAY, OTHER, FREE = date(2026, 5, 20), date(2026, 6, 10), date(2026, 7, 8)
STATES = (PeriodStage.OPEN, PeriodStage.CLOSED, PeriodStage.FROZEN)


@dataclass
class World:
    """One committee with a held session of the second quarter, everything on it, and one of July."""

    where: Committee
    leader: User
    keeper: User
    reviewer: User
    session: StudySession
    free: StudySession
    undoable: Any

    @property
    def roll(self) -> Participation:
        return studying.part_of(self.session)

    def member(self, place: int = 1) -> Membership:
        return Membership.objects.filter(committee=self.where).order_by("rank", "pk")[place]

    def shut(self, stage: str) -> None:
        if stage != PeriodStage.OPEN:
            Period.objects.create(committee=self.where, year=2026, quarter=2, stage=stage)


@pytest.fixture
def world() -> World:
    where = build.committee("市发改委党组", code="D01")
    leader, keeper = build.leader_of(where, on=NOW.date()), build.secretary_of(where, on=NOW.date())
    build.group(where, 4)
    run = _imported(where, keeper)
    session = studying.session(where, DAY, number=1)
    session.chair, session.recorder = leader.person, keeper.person
    session.save()
    studying.agenda(session)
    who = [row.person for row in Membership.objects.filter(committee=where).order_by("rank", "pk")]
    studying.save_roll(
        studying.part_of(session), keeper, {who[1]: ("ABSENT", "事"), who[2]: ("ON_LEAVE", "公务")}, at=NOW
    )
    speeches.add_speech(studying.part_of(session), speaker=who[3], kind="KEYNOTE", title="谈体会", by=keeper, at=NOW)
    outcomes.register(committee=where, day=DAY, kind="ESSAY", title="体会", authors="张三", by=keeper, at=NOW)
    study = MakeUpStudy.objects.get(person=who[1])
    rolls.submit_make_up(study, done_on=DAY, method="自学", content="篇目", version=None, by=keeper, at=NOW)
    free = studying.session(where, FREE, number=2, stage=SessionStage.PREPARING)
    reviewer = build.granted(Role.REVIEWER, where, on=NOW.date())
    return World(where, leader, keeper, reviewer, session, free, run)


def _imported(where: Committee, by: User) -> Any:
    line = [where.code, 2026, 7, OTHER.isoformat(), "", "", "", "", "导入的学习", "研讨交流学", "", "", "已召开", ""]
    mark = [where.code, 2026, 7, by.person.code, "出席", "", ""]
    build.member(where, by.person)
    file = SimpleUploadedFile("a.xlsx", workbook({"学习场次": [line], "考勤": [mark]}).read())
    run = imports.upload(file=file, by=by, at=NOW)
    imports.start_look(run, by=by, at=NOW)
    return imports.take_in(run, by=by, at=NOW)


def seen(world: World) -> dict[str, Any]:
    """Every figure of the quarter and every pair, from the tables themselves."""
    held = Participation.objects.filter(committee=world.where, study_session__stage__in=["HELD", "ARCHIVED"])
    inside = held.filter(day__range=(date(2026, 4, 1), date(2026, 6, 30)))
    terms = list(Membership.objects.filter(committee=world.where))
    return {
        "figures": figures.for_committee(world.where.pk, span(2026, 2)).as_json() | {"corrections": 0},
        "expected": {
            (row.pk, part.day, term.person_id) for row in inside for part in row.study_session.parts.all()
            for term in terms if term.since <= part.day and (term.until is None or term.until >= part.day)
        },
        "marks": set(
            AttendanceMark.objects.filter(participation__in=inside).values_list(
                "participation_id", "part_id", "person_id", "status", "reason", "is_late", "left_early"
            )
        ),
        "made up": set(MakeUpStudy.objects.filter(participation__in=inside, stage="CONFIRMED").values_list("person_id")),
        "speeches": set(Speech.objects.filter(participation__in=inside).values_list("speaker_id", "kind", "title")),
    }  # fmt: skip


# ------------------------------------------------------------------------------------------------------ the ways in
Way = Callable[[World], Any]


def page(address: str, **data: Any) -> Way:
    """A form sent by the secretary; `address` and values may name rows of the world."""

    def send(world: World) -> Any:
        client = Client()
        client.force_login(world.keeper, backend="django.contrib.auth.backends.ModelBackend")
        return client.post(address.format(w=world), {key: str(value).format(w=world) for key, value in data.items()})

    return send


def book(sheet: str, *line: Any) -> Way:
    """One row by workbook; an absent word `{w...}` is filled in. Preview and import must reject alike."""

    def send(world: World) -> Any:
        cells = [cell.format(w=world) if isinstance(cell, str) else cell for cell in line]
        rows = {sheet: [cells]}
        preview = look(rows, at=NOW, user=world.reviewer)
        report = take(rows, at=NOW, user=world.reviewer)
        assert preview["rejected"] == report["rejected"]
        return report

    return send


def _roll(world: World) -> Any:
    row = world.roll
    return rolls.record_roll(
        row, marks=studying.marks(row), version=row.version, by=world.keeper, at=NOW
    )  # fmt: skip


def _held(world: World, session: StudySession) -> Any:
    return sessions.hold(session, version=None, by=world.keeper, at=NOW)


WAYS: dict[str, Way] = {
    "page: roll": _roll,
    "page: new session": lambda w: _held(w, sessions.create(committee=w.where, day=OTHER, topic="补录", late_reason="迟", by=w.keeper, at=NOW)),
    "page: edit session": lambda w: sessions.edit(w.session, version=None, by=w.keeper, at=NOW, mode="FIELD"),
    "page: parts": lambda w: sessions.set_parts(w.session, parts=[{"day": DAY, "days": 3}], version=None, by=w.keeper, at=NOW),
    "page: move in": lambda w: _held(w, sessions.move(w.free, day=OTHER, reason="提前", version=None, by=w.keeper, at=NOW).session),
    "page: speech": lambda w: speeches.add_speech(w.roll, speaker=w.member(4).person, kind="WRITTEN", title="新", by=w.keeper, at=NOW),
    "page: edit speech": lambda w: speeches.edit_speech(Speech.objects.get(), kind="DISCUSSION", title="改", version=None, by=w.keeper, at=NOW),
    "page: written speech": lambda w: speeches.make_written(Speech.objects.get(), version=None, by=w.keeper, at=NOW),
    "page: remove speech": lambda w: speeches.remove_speech(Speech.objects.get(), by=w.keeper, at=NOW),
    "page: outcome": lambda w: outcomes.register(committee=w.where, day=OTHER, kind="ARTICLE", title="文", authors="某", by=w.keeper, at=NOW),
    "page: edit outcome": lambda w: outcomes.edit(Outcome.objects.get(), version=None, by=w.keeper, at=NOW, kind="ARTICLE"),
    "page: move outcome out": lambda w: outcomes.edit(Outcome.objects.get(), version=None, by=w.keeper, at=NOW, day=FREE),
    "page: withdraw outcome": lambda w: outcomes.withdraw(Outcome.objects.get(), reason="误", version=None, by=w.keeper, at=NOW),
    "page: confirm make-up": lambda w: rolls.confirm_make_up(MakeUpStudy.objects.get(stage="SUBMITTED"), version=None, by=w.keeper, at=NOW),
    "page: new member": lambda w: people.add_membership(committee=w.where, person=build.person(), group_role="MEMBER", since=DAY, by=w.reviewer, at=NOW),
    "page: member's dates": lambda w: people.edit_membership(w.member(), version=w.member().version, since=OTHER, by=w.reviewer, at=NOW),
    "page: end of a term": lambda w: people.end_membership(w.member(), until=date(2026, 4, 30), reason="调离", version=w.member().version, by=w.reviewer, at=NOW),
    "page: secretary of the past": lambda w: people.add_secretary(committee=w.where, person=build.person(), since=DAY, by=w.reviewer, at=NOW),
    "page: unit wound up": lambda w: people.wind_up(w.where, on=date(2026, 4, 30), reason="撤并", version=w.where.version, by=w.reviewer, at=NOW),
    "book: session": book("学习场次", "D01", 2026, 8, "2026-06-11", "", "", "", "", "补来的", "研讨交流学", "", "", "已召开", ""),
    "book: other mode": book("学习场次", "D01", 2026, 1, "2026-05-20", "", "", "", "", "{w.session.topic}", "现场观摩学", "", "", "已召开", ""),
    "book: other day": book("学习场次", "D01", 2026, 1, "2026-07-09", "", "", "", "", "{w.session.topic}", "研讨交流学", "", "", "已召开", ""),
    "book: mark": book("考勤", "D01", 2026, 1, "{w.leader.person.code}", "缺席", "事", ""),
    "book: make-up": book("考勤", "D01", 2026, 1, "{w.absent.code}", "缺席", "事", "2026-06-01"),
    "book: speech": book("发言", "D01", 2026, 1, "{w.leader.person.code}", "书面", "题"),
    "book: outcome": book("成果", "DX1", "D01", "2026-06-01", "理论文章", "文", "", "", "", ""),
    "book: member": book("成员", "D01", "{w.stranger.code}", "成员", "", 9, "2026-05-01", ""),
    "book: end of a term": book("成员", "D01", "{w.absent.code}", "成员", "", 9, "2024-01-01", "2026-04-30"),
    "book: secretary of the past": book("学习秘书", "D01", "{w.stranger.code}", "2026-05-01", ""),
    "undo of an import": lambda w: imports.undo(w.undoable, by=w.keeper, at=NOW),
    "address: speech": page("/participations/{w.roll.pk}/speeches/add/", speaker="{w.leader.person.pk}", kind="WRITTEN", title="题"),
    "address: cancel": page("/sessions/{w.session.pk}/cancel/", reason="取消", version="{w.session.version}"),
    "address: make-up": page("/make-ups/{w.study.pk}/confirm/", version="{w.study.version}"),
}  # fmt: skip
World.absent = property(lambda self: MakeUpStudy.objects.get(stage="SUBMITTED").person)  # type: ignore[attr-defined]
World.study = property(lambda self: MakeUpStudy.objects.get(stage="SUBMITTED"))  # type: ignore[attr-defined]
World.stranger = property(lambda self: Person.objects.get_or_create(code="Z9", name="外来")[0])  # type: ignore[attr-defined]
# What changes nothing in an open period either, so that it proves nothing of the gate there.
IDLE = {"address: cancel"}


@pytest.mark.parametrize("stage", STATES)
@pytest.mark.parametrize("way", WAYS)
def test_no_way_but_a_correction_leads_into_a_shut_period(world: World, way: str, stage: str) -> None:
    world.stranger, world.absent  # noqa: B018  rows that must exist before the comparison
    world.shut(stage)
    before, events = seen(world), AuditEvent.objects.count()
    refused = False
    try:
        answer = WAYS[way](world)
        refused = isinstance(answer, dict) and bool(answer["rejected"])
    except Refused as refusal:
        refused = True
        if stage != PeriodStage.OPEN:
            label = PeriodStage(stage).label
            assert any(label in reason or "不能" in reason for reason in refusal.reasons), refusal.reasons
            assert AuditEvent.objects.count() == events
    if stage != PeriodStage.OPEN or refused:
        assert seen(world) == before
    elif way not in IDLE:
        assert seen(world) != before, "the way leads nowhere: it proves nothing"


# ------------------------------------------------------------------------------------------------------ corrections
def _terms(world: World, **changed: Any) -> kinds.Proposal:
    row = world.member()
    values = {
        "group_role": row.group_role, "post": row.post, "since": row.since, "until": row.until, "end_reason": "", **changed,
    }  # fmt: skip
    return kinds.membership(world.where, which=row, person=None, **values)


PROPOSALS: dict[str, Callable[[World], kinds.Proposal]] = {
    "late appointment": lambda w: kinds.membership(w.where, which=None, person=build.person("迟来"), group_role="MEMBER", post="委员", since=DAY, until=None),
    "wrong dates of a term": lambda w: _terms(w, until=date(2026, 4, 30), end_reason="调离"),
    "session's day": lambda w: kinds.session_day(w.roll, day=OTHER, parts=[{"day": OTHER, "starts_at": None, "ends_at": None, "days": "2"}]),
    "session that should not be": lambda w: kinds.strike_out(w.roll, reason="重复登记"),
    "speech left out": lambda w: kinds.speech(w.roll, which=None, speaker=w.member(4).person, kind="WRITTEN", title="漏记", remove=False),
    "speech's kind": lambda w: kinds.speech(w.roll, which=Speech.objects.get().pk, speaker=None, kind="DISCUSSION", title="谈体会", remove=False),
    "speech never held": lambda w: kinds.speech(w.roll, which=Speech.objects.get().pk, speaker=None, kind="KEYNOTE", title="谈体会", remove=True),
    "make-up": lambda w: kinds.make_up(w.roll, which=w.study.pk, confirmed=True, done_on=DAY, method="自学", content="篇目"),
    "outcome left out": lambda w: kinds.outcome(w.where, which=None, day=OTHER, kind="ARTICLE", title="漏记", authors="某", document_number="", withdraw=False),
    "outcome's kind": lambda w: kinds.outcome(w.where, which=Outcome.objects.get(), day=DAY, kind="ARTICLE", title="体会", authors="张三", document_number="", withdraw=False),
    "outcome not to be counted": lambda w: kinds.outcome(w.where, which=Outcome.objects.get(), day=DAY, kind="ESSAY", title="体会", authors="张三", document_number="", withdraw=True),
}  # fmt: skip


def ask(world: World, name: str) -> Correction:
    return corrections.ask_for(PROPOSALS[name](world), reason="漏报", evidence="任免通知", by=world.keeper, at=NOW)


@pytest.mark.parametrize("name", PROPOSALS)
def test_a_correction_of_each_kind_is_asked_agreed_twice_numbered_and_counted(world: World, name: str) -> None:
    world.shut(PeriodStage.CLOSED)
    before = seen(world)
    asked = ask(world, name)
    assert (asked.number, asked.stage) == (1, "ASKED") and seen(world) == before
    half = corrections.decide(asked, agree=True, version=1, by=world.leader, at=NOW)
    assert half.stage == "LEADER_AGREED" and seen(world) == before
    done = corrections.countersign(half, agree=True, version=2, by=world.reviewer, at=NOW)
    assert done.stage == "AGREED" and done.applied_on == NOW.date()
    assert seen(world) != before
    assert figures.for_committee(world.where.pk, span(2026, 3)).corrections == 1
    client = Client()
    client.force_login(world.leader, backend="django.contrib.auth.backends.ModelBackend")
    text = client.get(done.get_absolute_url()).content.decode()
    assert "更正前" in text and "更正后" in text and kinds.lines(done.kind, done.before, done.after)
    assert client.get("/corrections/").status_code == 200
    told = AuditEvent.objects.filter(data__correction=1)
    assert told.exists(), "what was written carries the number of the correction"


@pytest.mark.parametrize("name", PROPOSALS)
def test_a_frozen_period_is_unfrozen_first_and_an_open_one_is_changed_on_the_page(world: World, name: str) -> None:
    before = seen(world)
    with pytest.raises(Refused, match="请直接修改"):
        ask(world, name)
    world.shut(PeriodStage.FROZEN)
    with pytest.raises(Refused, match="已冻结.*两人办理解冻"):
        ask(world, name)
    Period.objects.update(stage=PeriodStage.CLOSED)
    asked = ask(world, name)
    Period.objects.update(stage=PeriodStage.FROZEN)
    with pytest.raises(Refused, match="已冻结"):
        corrections.decide(asked, agree=True, version=1, by=world.leader, at=NOW)
    corrections.decide(asked, agree=False, note="依据不足", version=1, by=world.leader, at=NOW)
    assert seen(world) == before


@pytest.mark.parametrize(
    "name", ["wrong dates of a term", "speech's kind", "make-up", "outcome's kind", "session's day"]
)
def test_what_moved_on_meanwhile_is_not_overwritten(world: World, name: str) -> None:
    world.shut(PeriodStage.CLOSED)
    first = ask(world, name)
    half = corrections.decide(first, agree=True, version=1, by=world.leader, at=NOW)
    Membership.objects.filter(pk=world.member().pk).update(since=date(2025, 1, 1))
    Speech.objects.update(title="别的")
    MakeUpStudy.objects.filter(stage="SUBMITTED").update(stage="RETURNED")
    Outcome.objects.update(title="别的")
    StudySession.objects.filter(pk=world.session.pk).update(day=date(2026, 5, 21))
    before = seen(world)
    with pytest.raises(Refused, match="对不上"):
        corrections.countersign(half, agree=True, version=2, by=world.reviewer, at=NOW)
    assert seen(world) == before


def test_a_struck_out_session_keeps_its_number_and_says_why(world: World) -> None:
    world.shut(PeriodStage.CLOSED)
    row = corrections.decide(ask(world, "session that should not be"), agree=True, version=1, by=world.leader, at=NOW)
    corrections.countersign(row, agree=True, version=2, by=world.reviewer, at=NOW)
    world.session.refresh_from_db()
    assert (world.session.stage, world.session.cancel_reason, world.roll.number) == ("CANCELLED", "重复登记", 1)
    with pytest.raises(Refused):
        minutes.start(world.session, by=world.keeper, at=NOW)


@pytest.mark.parametrize(("kind", "data"), [
    (CorrectionKind.SPEECH, {"which": "", "speaker": "{w.leader.person.pk}", "kind": "WRITTEN", "title": "漏记"}),
    (CorrectionKind.MAKE_UP, {"which": "{w.study.pk}", "confirmed": "yes", "done_on": "2026-05-20", "method": "自学", "content": "篇目"}),
    (CorrectionKind.STRIKE_OUT, {"sure": "on"}),
    (CorrectionKind.SESSION_DAY, {"part-{w.part.pk}-day": "2026-06-10", "part-{w.part.pk}-days": "1"}),
])  # fmt: skip
def test_the_pages_ask(world: World, kind: str, data: dict[str, str]) -> None:
    World.part = property(lambda self: self.session.parts.get())  # type: ignore[attr-defined]
    world.shut(PeriodStage.CLOSED)
    client = Client()
    client.force_login(world.keeper, backend="django.contrib.auth.backends.ModelBackend")
    address = f"/sessions/{world.session.pk}/corrections/new/"
    shown = client.get(f"{address}?kind={kind}")
    assert shown.status_code == 200 and CorrectionKind(kind).label in shown.content.decode()
    filled = {f"of-{key.format(w=world)}": value.format(w=world) for key, value in data.items()}
    sent = filled | {"kind": kind, "reason": "漏报", "evidence": "会议通知"}
    assert client.post(f"{address}?kind={kind}", filled | {"reason": "", "evidence": ""}).status_code == 422
    answer = client.post(address, sent)
    assert answer.status_code == 302, answer.content.decode()[-3000:]
    assert Correction.objects.get().kind == kind


@pytest.mark.parametrize(("address", "data"), [
    ("membership", {"which": "", "person": "{w.stranger.code}", "group_role": "MEMBER", "since": "2026-05-01"}),
    ("outcome", {"which": "", "day": "2026-05-02", "kind": "ARTICLE", "title": "漏记", "authors": "某"}),
])  # fmt: skip
def test_the_pages_of_a_unit_ask(world: World, address: str, data: dict[str, str]) -> None:
    world.shut(PeriodStage.CLOSED)
    client = Client()
    client.force_login(world.keeper, backend="django.contrib.auth.backends.ModelBackend")
    there = f"/committees/{world.where.pk}/corrections/{address}/"
    assert client.get(there).status_code == 200
    sent = {key: value.format(w=world) for key, value in data.items()} | {"reason": "漏报", "evidence": "任免通知"}
    assert client.post(there, sent).status_code == 302
    assert Correction.objects.get().study_session is None
    assert "漏报" in client.get("/corrections/").content.decode()


def test_what_is_left_empty_on_a_correction_of_a_term_stays(world: World) -> None:
    """The page says so: only what is to be corrected is typed."""
    world.shut(PeriodStage.CLOSED)
    member = world.member()
    client = Client()
    client.force_login(world.keeper, backend="django.contrib.auth.backends.ModelBackend")
    there = f"/committees/{world.where.pk}/corrections/membership/"
    given = {"which": member.pk, "since": "2026-05-01", "reason": "写错", "evidence": "任免通知"}
    assert client.post(there, given).status_code == 302
    asked = Correction.objects.get()
    assert {name for name in asked.after if asked.after[name] != asked.before.get(name)} == {"since"}
    assert asked.after["group_role"] == member.group_role and asked.after["post"] == member.post


def test_a_new_term_needs_its_first_day(world: World) -> None:
    world.shut(PeriodStage.CLOSED)
    client = Client()
    client.force_login(world.keeper, backend="django.contrib.auth.backends.ModelBackend")
    there = f"/committees/{world.where.pk}/corrections/membership/"
    answer = client.post(there, {"which": "", "person": "甲", "reason": "漏报", "evidence": "任免通知"})
    assert answer.status_code == 422
    assert "新增的请填写起始日期" in answer.content.decode()
