"""The small papers: what each says, who prints and issues it, what is refused, and that its page offers it."""

import io
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pypdf
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from roster.accounts.models import User
from roster.accounts.roles import Role
from roster.committees.models import Committee, CommitteeKind
from roster.people.models import GroupRole
from sessions_app.attendance.models import LeaveKind, LeaveRequest, LeaveStage, MakeUpStage, MakeUpStudy
from sessions_app.minutes.models import Minutes, MinutesStage
from sessions_app.papers import frozen, frozen_assessment, frozen_people, typeset
from sessions_app.papers.models import IssuedPaper
from sessions_app.papers.pdf import PRESS
from sessions_app.policies.models import PolicyParameter
from sessions_app.sessions.models import (
    ExtraParticipant,
    FilingStage,
    SpeakerFiling,
    Speech,
    SpeechKind,
    SpeechStage,
    StudySession,
)
from tests import build
from tests.sessions_app.attendance import studying

pytestmark = pytest.mark.django_db
LATER = build.DAY + timedelta(days=5)
HOSTILE = '<img src="http://127.0.0.1:9/x"><img src="file:///etc/passwd"><script>x</script>{{ 7 }}'


@pytest.fixture(autouse=True)
def _prepared(settings: Any, tmp_path: Any) -> None:
    settings.CLOCK = build.AT
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}},
    }


class World:
    """A unit below a city with one session held and one of each thing a small paper is about."""

    def __init__(self) -> None:
        self.city = build.committee("中共测试市委员会", code="CITY", kind=CommitteeKind.PARTY_COMMITTEE)
        self.unit = build.committee("测试市发改委党组", parent=self.city, code="UNIT")
        self.leader = build.leader_of(self.unit)
        self.secretary = build.secretary_of(self.unit)
        self.reviewer = build.granted(Role.REVIEWER, self.city)
        self.member = build.member(self.unit, build.person("张𪚥"), rank=2)
        self.session = studying.session(self.unit)
        self.session.chair = self.leader.person
        self.session.save()
        part = studying.part_of(self.session)
        studying.save_roll(part, self.secretary, {self.member.person: ("ON_LEAVE", "公务")})
        self.speech = Speech.objects.create(
            participation=part, speaker=self.member.person, kind=SpeechKind.KEYNOTE, title="推动高质量发展", edition=2,
            text="一是认识。\n二是措施。", link_to_work="分管投资", proposal="建议", stage=SpeechStage.SUBMITTED,
            submitted_at=build.AT,
        )  # fmt: skip
        self.leave = LeaveRequest.objects.create(
            participation=part, person=self.member.person, kind=LeaveKind.DUTY, reason="赴省开会", asked_at=build.AT
        )
        self.make_up = MakeUpStudy.objects.filter(person=self.member.person).get()
        self.filing = SpeakerFiling.objects.create(
            study_session=self.session, speaker="赵六", unit="省委党校", title="教授", topic="形势报告", summary="提要"
        )
        ExtraParticipant.objects.create(study_session=self.session, committee=self.unit, name="周九", post="办公室主任")
        self.minutes = Minutes.objects.create(
            study_session=self.session, author=self.secretary.person, discussion="大家认为", summary="主持人强调"
        )

    def pk(self, kind: str) -> int:
        of = {
            "speech": self.speech, "leave": self.leave, "make-up": self.make_up, "speaker-filing": self.filing,
            "members": self.unit, "briefing": self.city, "summary": self.session,
        }  # fmt: skip
        return of[kind].pk

    def settle(self) -> None:
        """Each thing as far as it must be for its paper to be issued."""
        leader = self.leader.person
        Speech.objects.update(stage=SpeechStage.APPROVED, reviewed_by=leader, reviewed_at=build.AT, review_note="同意")
        LeaveRequest.objects.update(stage=LeaveStage.AGREED, decided_by=leader, decided_at=build.AT)
        MakeUpStudy.objects.update(
            stage=MakeUpStage.CONFIRMED, done_on=LATER, method="自学", content="补学文件", reflection="体会",
            confirmed_by=leader, confirmed_on=LATER,
        )  # fmt: skip
        SpeakerFiling.objects.update(stage=FilingStage.APPROVED, decided_by=leader, decided_at=build.AT)
        Minutes.objects.update(stage=MinutesStage.APPROVED, approver=leader, approved_at=build.AT)


@pytest.fixture
def world() -> World:
    return World()


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def text_of(content: bytes) -> str:
    return re.sub(r"\s+", "", "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages))


SAYS = {
    "speech": ["发言提纲审核表", "张𪚥", "推动高质量发展", "重点发言", "二是措施。", "分管投资", "第2稿"],
    "leave": ["请假条", "张𪚥", "公务（赴省开会）", "特此请假"],
    "make-up": ["补学登记表", "张𪚥", "待补"],
    "speaker-filing": ["外请报告备案表", "赵六", "省委党校", "形势报告", "提要"],
    "members": ["成员名单备案表", "张𪚥", "共2人"],
    "briefing": ["工作情况汇报", "出席率", "中共测试市委宣传部", "请示事项"],
    "summary": ["学习纪要", "2026年第1次", "主持人强调", "出席：", "请假：张𪚥（公务）", "列席：周九（办公室主任）"],
}


@pytest.mark.parametrize("kind", SAYS)
def test_a_working_copy_says_what_is_known_and_is_marked(kind: str, world: World) -> None:
    user = world.reviewer if kind == "briefing" else world.secretary
    answer = browser(user).get(reverse("paper_print", args=[kind, world.pk(kind)]))
    assert answer.status_code == 200
    text = text_of(answer.content)
    assert [word for word in SAYS[kind] if word not in text] == [], text
    assert "工作稿，未印发" in text and not IssuedPaper.objects.exists()


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("speech", "还没有审核通过"), ("leave", "还没有同意"), ("make-up", "还没有确认"),
        ("speaker-filing", "还没有同意备案"), ("summary", "还没有审签"),
    ],
)  # fmt: skip
def test_what_is_not_settled_is_not_issued(kind: str, sentence: str, world: World) -> None:
    answer = browser(world.secretary).post(reverse("paper_issue", args=[kind, world.pk(kind)]), follow=True)
    assert sentence in answer.content.decode()
    assert not IssuedPaper.objects.exists()


@pytest.mark.parametrize("kind", SAYS)
def test_settled_it_is_issued_and_comes_out_again_byte_for_byte(kind: str, world: World) -> None:
    world.settle()
    client = browser(world.reviewer if kind == "briefing" else world.secretary)
    client.post(reverse("paper_issue", args=[kind, world.pk(kind)]), {"year": 2026})
    paper = IssuedPaper.objects.get()
    assert paper.kind == kind and paper.year == 2026
    assert paper.committee == (world.city if kind == "briefing" else world.unit)
    text = text_of(client.get(reverse("paper_download", args=[paper.pk])).content)
    assert "工作稿" not in text
    again = client.post(reverse("paper_verify", args=[paper.pk]), follow=True).content.decode()
    assert "逐字节相同" in again


@pytest.mark.parametrize("kind", SAYS)
def test_outside_the_scope_there_is_nothing(kind: str, world: World) -> None:
    world.settle()
    other = build.committee("别的党组", parent=world.city)
    for user in (build.secretary_of(other), build.account(world.member.person)):
        client, args = browser(user), [kind, world.pk(kind)]
        assert client.get(reverse("paper_print", args=args)).status_code in (403, 404)
        assert client.post(reverse("paper_issue", args=args)).status_code in (403, 404)
    assert not IssuedPaper.objects.exists()


def test_a_briefing_is_the_departments_own(world: World) -> None:
    """The study secretary of the city's own group reads papers of the city, but not what its leader is told."""
    own = build.secretary_of(world.city)
    address = reverse("paper_print", args=["briefing", world.city.pk])
    assert browser(own).get(address).status_code == 404
    browser(world.reviewer).post(reverse("paper_issue", args=["briefing", world.city.pk]), {"year": 2026, "quarter": 1})
    paper = IssuedPaper.objects.get()
    assert paper.subject_id == 1 and "第一季度" in paper.title
    assert browser(own).get(reverse("paper", args=[paper.pk])).status_code == 404
    assert browser(world.reviewer).get(reverse("paper", args=[paper.pk])).status_code == 200
    assert browser(build.granted(Role.HEAD, world.city)).get(reverse("paper", args=[paper.pk])).status_code == 200


def test_the_pages_of_the_things_offer_their_papers(world: World) -> None:
    client = browser(world.secretary)
    pages = {
        "speech": reverse("speech", args=[world.speech.pk]), "leave": reverse("leave_list"),
        "make-up": reverse("make_up", args=[world.make_up.pk]), "speaker-filing": reverse("filing", args=[world.filing.pk]),
        "members": reverse("committee", args=[world.unit.pk]), "summary": world.session.get_absolute_url(),
    }  # fmt: skip
    unsettled = {kind: client.get(page).content.decode() for kind, page in pages.items()}
    world.settle()
    for kind, page in pages.items():
        body, args = client.get(page).content.decode(), [kind, world.pk(kind)]
        assert reverse("paper_print", args=args) in body and reverse("paper_issue", args=args) in body, kind
        assert reverse("paper_print", args=args) in unsettled[kind], kind
        if kind != "members":
            assert reverse("paper_issue", args=args) not in unsettled[kind], kind
    for kind in ("sign-in", "session-plan"):
        assert reverse("paper_issue", args=[kind, world.session.pk]) in client.get(pages["summary"]).content.decode()
    listed = client.get(reverse("outcome_list")).content.decode()
    assert reverse("paper_issue", args=["outcomes", world.unit.pk]) in listed
    board = browser(world.reviewer).get(reverse("dashboard"), {"year": 2026, "quarter": 1}).content.decode()
    assert reverse("paper_issue", args=["briefing", world.city.pk]) in board and 'name="quarter" value="1"' in board


def test_a_list_of_leave_costs_the_same_with_few_and_many_rows(world: World) -> None:
    client = browser(world.secretary)
    world.settle()

    def queries() -> int:
        client.get(reverse("leave_list"))
        with CaptureQueriesContext(connection) as caught:
            client.get(reverse("leave_list"))
        return len(caught)

    one = queries()
    part = studying.part_of(world.session)
    for _ in range(7):
        row = LeaveRequest.objects.create(
            participation=part, person=build.person(), kind=LeaveKind.SICK, reason="病", asked_at=build.AT
        )
        row.stage, row.decided_by, row.decided_at = LeaveStage.AGREED, world.leader.person, build.AT
        row.save()
    assert queries() == one


# ------------------------------------------------------------------------------------------------- what they say


def test_a_list_of_members_names_who_came_and_went_and_why(world: World) -> None:
    gone = build.member(world.unit, build.person("孙七"), until=date(2026, 2, 10), rank=5)
    gone.end_reason = "工作调动"
    gone.save()
    build.member(world.unit, build.person("钱八"), since=date(2026, 3, 1), rank=6)
    facts = frozen_people.members(world.unit, 2026, today=build.DAY)
    assert [row["name"] for row in facts["members"]][1:] == ["张𪚥", "钱八"]
    assert [(row["name"], row["joined"], row["reason"]) for row in facts["changes"]] == [
        ("孙七", False, "工作调动"), ("钱八", True, ""),
    ]  # fmt: skip
    text = text_of(typeset.single("members", facts).pdf)
    assert "离任2026年2月10日工作调动" in text and "任职2026年3月1日" in text


def test_a_leaders_own_leave_is_only_recorded(world: World) -> None:
    row = LeaveRequest.objects.create(
        participation=studying.part_of(world.session), person=world.leader.person, kind=LeaveKind.DUTY, reason="开会",
        asked_at=build.AT, is_recorded_only=True, stage=LeaveStage.AGREED,
    )  # fmt: skip
    text = text_of(typeset.single("leave", frozen_people.leave(row)).pdf)
    assert "组长本人请假，仅作记录" in text


def test_a_summary_carries_the_red_head_only_where_the_rule_says_so(world: World) -> None:
    world.settle()
    assert frozen.summary(world.session)["red_head"] is False
    PolicyParameter.objects.create(
        key="red_head", committee=world.city, value=True, since=build.SINCE, source="测办发〔2026〕1号"
    )
    facts = frozen.summary(StudySession.objects.get(pk=world.session.pk))
    assert facts["red_head"] is True and facts["head_mark"] == "测试市发改委党组理论学习中心组学习纪要"
    assert facts["imprint"]["on"] == build.DAY.isoformat()
    assert "2026年3月20日印发" in text_of(typeset.single("summary", facts).pdf)


# ------------------------------------------------------------------------------------------------- the one page


def figures_of(facts: dict[str, Any]) -> dict[str, Any]:
    return {row["label"]: row["now"] for row in facts["rows"]}


def test_a_briefing_tells_figures_what_is_behind_and_what_is_asked(world: World) -> None:
    facts = frozen_assessment.briefing(world.city, 2026, today=build.DAY, quarter=1)
    assert 5 <= len(facts["rows"]) <= 7
    said = figures_of(facts)
    assert said["委员会场次"] == 1 and said["出席率"] == 0.5 and facts["before"] == "2025年第四季度（至12月20日）"
    behind = {row["key"]: row["words"] for row in facts["behind"]}
    assert behind["idle"] == "没有开展集体学习的：中共测试市委员会1家。"
    assert "测试市发改委党组" in behind["low"] and "90" in behind["low"]
    assert any("1家" in ask for ask in facts["asks"])


def test_a_briefing_is_one_page_however_long_the_names(world: World) -> None:
    long = "测试市高新技术产业开发区人力资源和社会保障服务中心党组"
    for number in range(12):
        unit = build.committee(f"{long}{number}", parent=world.city)
        build.member(unit)
    facts = frozen_assessment.briefing(world.city, 2026, today=build.DAY, quarter=1)
    facts["behind"] = facts["behind"] + [{**facts["behind"][0], "key": "more"}] * (4 - len(facts["behind"]))
    facts["asks"] = (facts["asks"] * 3)[:3]
    made = typeset.single("briefing", facts)
    assert made.pages == 1
    assert "等" in facts["behind"][0]["words"] and "13家" in facts["behind"][0]["words"]


def test_a_briefing_costs_the_same_for_few_and_many_committees(world: World) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            frozen_assessment.briefing(world.city, 2026, today=build.DAY)
        return len(caught)

    few = queries()
    for _ in range(15):
        build.member(build.committee(parent=world.city), role=GroupRole.LEADER)
    assert queries() == few


def test_quarters_that_do_not_exist_are_not_there(world: World) -> None:
    address = reverse("paper_print", args=["briefing", world.city.pk])
    assert browser(world.reviewer).get(address, {"quarter": "5"}).status_code == 404


# ------------------------------------------------------------------------------------------ nothing from outside


def test_typed_words_stay_words_and_reach_nothing(world: World) -> None:
    """An <img> in a speech, a record, a reason: printed as it was typed; nothing is asked for."""
    Speech.objects.update(text=HOSTILE, link_to_work=HOSTILE, title=HOSTILE[:100])
    Minutes.objects.update(summary=HOSTILE, discussion=HOSTILE)
    LeaveRequest.objects.update(reason=HOSTILE)
    SpeakerFiling.objects.update(summary=HOSTILE, unit=HOSTILE)
    MakeUpStudy.objects.update(content=HOSTILE, reflection=HOSTILE)
    world.speech.refresh_from_db()
    papers = {
        "speech": frozen_people.speech(world.speech), "summary": frozen.summary(world.session),
        "leave": frozen_people.leave(LeaveRequest.objects.get()), "make-up": frozen_people.make_up(MakeUpStudy.objects.get()),
        "speaker-filing": frozen_people.filing(SpeakerFiling.objects.get()),
    }  # fmt: skip
    heard: list[tuple[str, ...]] = []
    printing = PRESS.print

    class Listening:
        def print(self, html: str, **more: Any) -> Any:
            made = printing(html, **more)
            heard.append(made.refused)
            return made

    for kind, facts in papers.items():
        made = typeset.single(kind, facts, press=Listening())  # type: ignore[arg-type]
        text = text_of(made.pdf)
        assert '<imgsrc="http://127.0.0.1:9/x">' in text and "<script>x</script>{{7}}" in text, kind
        assert b"root:x" not in made.pdf
    assert heard == [()] * len(papers), "not even asked for"


# ---------------------------------------------------------------------------------------------------- the command


def test_the_command_issues_them_too(world: World, tmp_path: Path) -> None:
    world.settle()
    out = tmp_path / "paper.pdf"
    given: dict[str, Any] = {"year": 2026, "committee": "UNIT", "output": str(out)}
    for kind in ("speech", "leave", "make-up", "speaker-filing"):
        call_command("issue_paper", kind, subject=world.pk(kind), **given)
    call_command("issue_paper", "members", **given)
    call_command("issue_paper", "summary", number=1, **given)
    call_command("issue_paper", "briefing", quarter=1, **{**given, "committee": "CITY"})
    assert IssuedPaper.objects.count() == 7 and out.read_bytes().startswith(b"%PDF")
    with pytest.raises(CommandError, match="--subject"):
        call_command("issue_paper", "leave", **given)
    with pytest.raises(CommandError, match="没有编号"):
        call_command("issue_paper", "leave", subject=world.leave.pk, **{**given, "committee": "CITY"})
    Minutes.objects.update(stage=MinutesStage.DRAFT, approver=None, approved_at=None)
    with pytest.raises(CommandError, match="审签"):
        call_command("issue_paper", "summary", number=1, **given)


def test_a_committee_of_its_own_has_no_button_of_another(world: World) -> None:
    other: Committee = build.committee("别的党组", parent=world.city)
    body = browser(world.reviewer).get(reverse("committee", args=[other.pk])).content.decode()
    assert reverse("paper_issue", args=["members", other.pk]) in body
    seen = browser(world.secretary).get(reverse("committee", args=[other.pk]))
    assert seen.status_code == 404 or reverse("paper_issue", args=["members", other.pk]) not in seen.content.decode()
