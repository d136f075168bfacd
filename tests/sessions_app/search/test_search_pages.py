"""What is found: against a reading of every row, for every role; nothing outside one's scope; always as many queries."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from roster.accounts.models import User
from roster.accounts.roles import Role
from sessions_app.bulletins.models import Bulletin
from sessions_app.demo.load import Loaded
from sessions_app.findings.models import Finding, FindingStage, ProblemType, Source
from sessions_app.minutes.models import Minutes, MinutesSection
from sessions_app.plans.models import PlanItem, StudyPlan
from sessions_app.search import reader, rules
from sessions_app.search.sources import SOURCES
from sessions_app.sessions.models import AgendaItem, Participation, Speech, StudySession
from tests import build

SEARCH = "/search/"


def session(where: Any, topic: str, *, day: date = date(2026, 3, 2), number: int = 1) -> StudySession:
    row: StudySession = StudySession.objects.create(
        committee=where, day=day, topic=topic, stage="HELD", entered_at=build.AT
    )
    Participation.objects.create(study_session=row, committee=where, year=day.year, number=number, day=day)
    return row


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture(autouse=True)
def _clock(settings: Any, db: None) -> Iterator[None]:
    settings.CLOCK = build.AT
    yield


# ------------------------------------------------------------------------------------------------ one page


def test_the_page_says_what_can_be_asked_and_why_one_letter_cannot() -> None:
    client = client_of(build.secretary_of(build.committee("甲")))
    assert "词里的字必须连在一起" in client.get(SEARCH).text
    assert "至少输入两个相邻的汉字" in client.get(SEARCH, {"q": "党"}).text
    assert "没有找到" in client.get(SEARCH, {"q": "查无此词"}).text
    assert client.post(SEARCH, {"q": "党建"}).status_code == 405
    for odd in ({"q": "党建", "year": "x"}, {"q": "党建", "kind": "nothing"}, {"q": "党建", "page": "-1"},
                {"q": "'|| drop %s {t}", "page": "９９"}, {"q": "𠮷" * 500}):  # fmt: skip
        assert client.get(SEARCH, odd).status_code == 200
    assert client.get(SEARCH, {"q": "党建\x00"}).status_code == 400  # turned away at the door


def test_hits_are_marked_linked_and_escaped_and_the_box_keeps_the_words() -> None:
    where = build.committee("甲")
    row = session(where, "<b>新质生产力</b>专题学习")
    text = client_of(build.secretary_of(where)).get(SEARCH, {"q": "质生产"}).text
    assert "&lt;b&gt;新<mark>质生产</mark>力&lt;/b&gt;专题学习" in text
    assert f'href="{row.get_absolute_url()}"' in text and "2026年3月2日" in text
    assert text.count('value="质生产"') == 2  # the page's own field and the box above


def test_newest_first_three_of_a_kind_then_all_of_it_page_by_page_and_by_year() -> None:
    where = build.committee("甲")
    for number in range(1, 29):
        session(where, f"乡村振兴第{number}讲", day=date(2026, 1, number), number=number)
    session(where, "乡村振兴旧讲", day=date(2025, 5, 1))
    client = client_of(build.secretary_of(where))
    first = client.get(SEARCH, {"q": "乡村振兴"})
    assert [hit["when"] for hit in first.context["groups"][0]["hits"]] == [
        date(2026, 1, 28 - each) for each in range(3)
    ]
    assert first.context["groups"][0]["count"] == "29" and "查看全部" in first.text
    page = client.get(SEARCH, {"q": "乡村振兴", "kind": "session"})
    second = client.get(SEARCH, {"q": "乡村振兴", "kind": "session", "page": "2"})
    days = [hit["when"] for answer in (page, second) for hit in answer.context["groups"][0]["hits"]]
    assert len(days) == 29 and days == sorted(days, reverse=True)
    assert page.context["later"] == 2 and second.context["later"] == 0
    old = client.get(SEARCH, {"q": "乡村振兴", "year": "2025"})
    assert [hit["when"] for hit in old.context["groups"][0]["hits"]] == [date(2025, 5, 1)]
    for number in range(29, 110):
        session(where, "乡村振兴又讲", day=date(2026, 2, 1), number=number)
    assert client.get(SEARCH, {"q": "乡村振兴"}).context["groups"][0]["count"] == "99+"


def _texts(where: Any, many: int, year: int = 2026) -> None:
    speaker = build.member(where).person
    plan = StudyPlan.objects.create(committee=where, year=year)
    first = Participation.objects.filter(committee=where).count()
    for number in range(1, many + 1):
        row = session(where, f"共同的话题{number}", day=date(year, 2, 1), number=first + number)
        kept = Minutes.objects.create(study_session=row, summary="共同的话题")
        item = AgendaItem.objects.create(study_session=row, kind="KEYNOTE", content="领学")
        MinutesSection.objects.create(minutes=kept, agenda_item=item, text="讲共同的话题")
        Speech.objects.create(
            participation=row.participations.get(), speaker=speaker, title="共同的话题", kind="KEYNOTE"
        )
        PlanItem.objects.create(plan=plan, serial=number, quarter=1, topic="共同的话题", category=1)


def test_as_many_queries_for_few_rows_as_for_many() -> None:
    where = build.committee("甲")
    client = client_of(build.secretary_of(where))
    _texts(where, 4)
    counts = []
    for query in ({"q": "共同的话题"}, {"q": "共同的话题", "kind": "speech"}):
        client.get(SEARCH, query)
        with CaptureQueriesContext(
            connection,
        ) as few:
            client.get(SEARCH, query)
        counts.append(len(few))
    _texts(where, 40, 2025)
    for query, count in zip(({"q": "共同的话题"}, {"q": "共同的话题", "kind": "speech"}), counts, strict=True):
        with CaptureQueriesContext(connection) as many:
            assert "共同的" in client.get(SEARCH, query).text
        assert len(many) == count


# ------------------------------------------------------------------------------------------------ scope


def test_nobody_learns_of_what_is_outside_his_scope() -> None:
    root = build.committee("市委")
    where, other = build.committee("甲", parent=root), build.committee("乙", parent=root)
    for one in (where, other):
        _texts(one, 2)
    answer = client_of(build.secretary_of(where)).get(SEARCH, {"q": "共同的话题"})
    assert {str(hit["committee"]) for group in answer.context["groups"] for hit in group["hits"]} == {"甲"}
    reviewer = client_of(build.granted(Role.REVIEWER, root)).get(SEARCH, {"q": "共同的话题", "kind": "session"})
    assert {str(hit["committee"]) for hit in reviewer.context["groups"][0]["hits"]} == {"甲", "乙"}
    for role in (Role.ADMIN, Role.SECURITY, Role.AUDITOR):
        blind = client_of(build.granted(role, root))
        assert blind.get(SEARCH, {"q": "共同的话题"}).status_code == 404
        assert "data-search" not in blind.get("/account/profile/").text


def test_a_member_finds_his_own_speech_and_not_his_colleagues_nor_the_minutes() -> None:
    where = build.committee("甲")
    _texts(where, 1)
    mine = build.member(where).person
    part = Participation.objects.get(committee=where)
    Speech.objects.create(participation=part, speaker=mine, title="我讲共同的话题", kind="DISCUSSION")
    answer = client_of(build.account(mine)).get(SEARCH, {"q": "共同的话题"})
    found = {
        group["key"]: ["".join(text for text, _ in hit["title"]) for hit in group["hits"]]
        for group in answer.context["groups"]
    }
    assert found["speech"] == ["我讲共同的话题"]
    assert set(found) == {"session", "plan", "speech"}
    assert [key for key, _ in answer.context["kinds"]] == ["session", "plan", "speech", "finding"]


def test_a_finding_is_found_by_its_unit_only_when_it_was_confirmed_and_above_not_without_a_reason() -> None:
    root = build.committee("市委")
    county = build.committee("县委", parent=root)
    where = build.committee("甲", parent=county)
    kind = ProblemType.objects.create(name="测试类别")
    row = Finding.objects.create(
        committee=where, department=county, source=Source.VISIT, year=2026, serial=1, type=kind, text="记录要素不全",
        found_on=build.DAY, stage=FindingStage.RAISED,
    )  # fmt: skip
    unit, desk, above = (
        build.secretary_of(where),
        build.granted(Role.REVIEWER, county),
        build.granted(Role.REVIEWER, root),
    )

    def finds(user: User) -> bool:
        return bool(client_of(user).get(SEARCH, {"q": "记录要素"}).context["groups"])

    assert [finds(unit), finds(desk), finds(above)] == [False, True, False]
    row.stage = FindingStage.OPEN
    row.save()
    assert [finds(unit), finds(desk), finds(above)] == [True, True, False]


def test_a_bulletin_is_read_without_its_marks_and_below_only_when_issued() -> None:
    root = build.committee("市委")
    where = build.committee("甲", parent=root)
    desk = build.granted(Role.REVIEWER, root)
    Bulletin.objects.create(
        committee=root, year=2026, quarter=1, issue=1, title="学情通报", compiled_by=desk.person,
        body='<p>全市出席率<span data-fact="presence_rate">91.2%</span>，总体向好。</p>',
    )  # fmt: skip
    found = client_of(desk).get(SEARCH, {"q": "出席率91 总体向好"})
    assert [group["key"] for group in found.context["groups"]] == ["bulletin"]
    assert "data-fact" not in found.text
    assert client_of(build.secretary_of(where)).get(SEARCH, {"q": "总体向好"}).context["groups"] == []


# ------------------------------------------------------------------------------------------------ an oracle

WORDS = (
    "学习",
    "党的自我革命",
    "发展 学习",
    "专题",
    "研讨交流",
    "2026",
    "云州",
    "乡村",
    "问题",
    "第1",
    "报告",
    "记录要素",
)


def _text_of(source: Any, row: Any) -> str:
    """The searched text, told in Python."""
    fields = {
        "session": ("topic",), "plan": ("topic", "materials", "research_topic", "expected_outcome"),
        "minutes": ("discussion", "summary"), "section": ("text",),
        "speech": ("title", "text", "link_to_work", "proposal"),
        "outcome": ("title", "authors", "document_number", "adoption"), "finding": ("text", "basis"), "paper": ("title",),
        "bulletin": ("title", "body"),
    }[source.key]  # fmt: skip
    return rules.plain(re.sub("<[^>]*>", "", " ".join(getattr(row, name) for name in fields)))


@dataclass
class Read:
    """A row, read in Python once: its key, its day, its text."""

    pk: int
    at: Any
    text: str


def _read(source: Any, user: User) -> list[Read]:
    """Every row in scope, newest first."""
    way = source.order.split("__")
    rows = source.rows(user).select_related(*(["__".join(way[:-1])] if way[1:] else []))
    found = []
    for row in rows:
        at = row
        for name in way:
            at = getattr(at, name)
        found.append(Read(row.pk, at, _text_of(source, row)))
    return sorted(found, key=lambda row: (row.at, row.pk), reverse=True)


def _holds(text: str, term: str) -> bool:
    """A word or number must begin where one begins."""
    places = [one.start() for one in re.finditer(f"(?={re.escape(term)})", text)]
    latin = term[0].isascii()
    return any(not (latin and place and text[place - 1].isascii() and text[place - 1].isalnum()) for place in places)


@pytest.mark.parametrize(("common", "walked"), [(3000, 4000), (1, 5), (1, 4000), (20, 7)])
def test_every_way_finds_what_a_reading_of_every_row_finds(
    demo: Loaded, monkeypatch: pytest.MonkeyPatch, common: int, walked: int
) -> None:
    """The index, the walk, and the walk that ends without enough; for seven roles and nine kinds."""
    monkeypatch.setattr(reader, "COMMON", common)
    monkeypatch.setattr(reader, "WALKED", walked)
    users = _roles(demo)
    found = 0
    for user in users:
        for source in SOURCES:
            if not user.may(source.permission):
                continue
            rows = _read(source, user)
            for word in WORDS:
                asked = rules.question(word)
                wanted = [row.pk for row in rows if all(_holds(row.text, term) for term in asked.terms)]
                assert reader.ids(source, user, asked, year=None, most=60) == wanted[:60], (str(user), source.key, word)
                found += len(wanted)
    assert found > 500


def _roles(demo: Loaded) -> list[User]:
    """Whoever holds a role that reads something, one of each."""
    day = date(2026, 11, 20)
    chosen: dict[str, User] = {}
    for user in User.objects.order_by("pk"):
        user.act(on=day)
        for hold in user.holds:
            if any(user.may(source.permission) for source in SOURCES):
                chosen.setdefault(hold.role, user)
    assert {Role.SECRETARY, Role.LEADER, Role.REVIEWER, Role.HEAD, Role.MEMBER} <= set(chosen)
    return list(dict.fromkeys(chosen.values()))
