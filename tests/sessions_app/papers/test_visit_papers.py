"""旁听记录表 and 反馈意见: what they say, who reads them, when they may be issued, and that they verify."""

import io
import json
import re
from pathlib import Path
from typing import Any

import pypdf
import pytest
from django.core.management import CommandError, call_command
from django.test import Client, override_settings
from django.urls import reverse

from roster.accounts.models import User
from roster.accounts.roles import Permission, Role
from roster.committees.models import CommitteeLevel
from sessions_app.papers import frozen_supervision
from sessions_app.papers.models import IssuedPaper, PaperKind
from sessions_app.papers.verify import verify
from sessions_app.visits import actions as visits
from sessions_app.visits import feedback_actions as actions
from sessions_app.visits.models import Interview, VisitCheck
from tests import build
from tests.sessions_app.visits import fed_back
from tests.sessions_app.visits.fed_back import GOOD, OBSERVED, World

pytestmark = pytest.mark.django_db
AT = build.AT
P = Permission


@pytest.fixture(autouse=True)
def clock() -> Any:
    with override_settings(CLOCK=AT):
        yield


@pytest.fixture
def world() -> World:
    found = fed_back.make()
    fed_back.scored(found)
    Interview.objects.create(
        visit=found.visit, day=OBSERVED, who="李某", post="办公室主任", text="建议多安排实地研学。"
    )
    VisitCheck.objects.create(visit=found.visit, key="plan", text="年度学习计划已审定、已备案", is_well=True)
    actions.save(found.visit, **GOOD, advice="每场安排四人发言。", version=0, by=found.lead, at=AT)
    return found


def issued(world: World) -> None:
    row = actions.submit(world.visit, version=None, by=world.lead, at=AT)
    actions.issue(world.visit, version=row.version, by=world.reviewer, at=AT)


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


def text_of(pdf: bytes) -> str:
    return re.sub(r"\s+", "", "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages))


def printed(user: User, kind: str, world: World) -> Any:
    return client_of(user).get(reverse("paper_print", args=[kind, world.visit.pk]))


def test_the_record_says_what_was_seen(world: World) -> None:
    answer = printed(world.lead, "visit-record", world)
    said = text_of(answer.content)
    for words in (
        "市发改委党组列席旁听记录表", "2026年第1批", "旁听一组", "（带队）", "2026年3月17日", "三楼会议室", "学习贯彻全会精神",
        "应到9人实到7人", "年度学习计划已审定、已备案", "齐全", "互动研讨107只有两人交流发言", "15分", "满分18分", "总体较好。",
        "准备充分，研讨有质量。", "联系实际紧。", "互动不够。", "每场安排四人发言。", "李某（办公室主任）：建议多安排实地研学。",
        "旁听人签字", "被旁听单位签收", "工作稿，未印发",
    ):  # fmt: skip
        assert words in said, words


def test_the_letter_goes_to_the_unit_signed_by_the_department(world: World) -> None:
    issued(world)
    said = text_of(printed(world.secretary, "feedback", world).content)
    for words in (
        "市发改委党组：", "列席旁听了你单位理论学习中心组2026年第2次集体学习，主题为“学习贯彻全会精神”", "一、总体评价准备充分",
        "二、特色亮点", "三、存在问题互动不够。主题不聚焦。", "四、意见建议", "请于2026年3月25日前签收，于2026年4月3日前书面回复",
        "云州市委宣传部2026年3月20日",
    ):  # fmt: skip
        assert words in said, words


def test_facts_are_plain_and_without_row_ids(world: World) -> None:
    issued(world)
    for facts in (
        frozen_supervision.visit_record(world.visit),
        frozen_supervision.feedback(world.visit, today=build.DAY),
    ):
        assert json.loads(json.dumps(facts, ensure_ascii=False)) == facts
        assert "id" not in facts and "id" not in facts["committee"]


def test_what_is_not_known_says_so() -> None:
    bare = fed_back.make()
    bare.visit.study_session.participations.update(roll_saved_at=None)
    said = text_of(printed(bare.lead, "visit-record", bare).content)
    assert "应到待补实到待补" in said and "（评分待补）" in said and said.count("（待补）") == 3


def test_two_observers_have_a_sheet_each_and_a_mean(world: World) -> None:
    score = world.visit.scores.get()
    lines = list(score.lines.all())
    score.pk, score.person, score.total = None, world.second.person, 18
    score.save()
    for line in lines:
        line.pk, line.score, line.points, line.reason = None, score, line.max_points, ""
        line.save()
    facts = frozen_supervision.visit_record(world.visit)
    assert [row["total"] for row in facts["scores"]] == ["15", "18"] and facts["mean"] == "16.5"


@pytest.mark.parametrize(("kind", "before", "after"), [("feedback", 404, 200), ("visit-record", 404, 404)])
def test_the_unit_reads_the_letter_once_it_is_issued(world: World, kind: str, before: int, after: int) -> None:
    assert printed(world.secretary, kind, world).status_code == before
    issued(world)
    assert printed(world.secretary, kind, world).status_code == after


def test_only_the_department_issues_and_only_what_is_out(world: World) -> None:
    address = reverse("paper_issue", args=["feedback", world.visit.pk])
    for user in (world.secretary, world.lead):
        assert client_of(user).post(address).status_code == 404
    client = client_of(world.reviewer)
    refused = client.post(address, follow=True)
    assert "还没有审核发出" in refused.content.decode() and not IssuedPaper.objects.exists()
    issued(world)
    assert client.post(address).status_code == 302
    assert client.post(reverse("paper_issue", args=["visit-record", world.visit.pk])).status_code == 302
    letter, record = IssuedPaper.objects.get(kind="feedback"), IssuedPaper.objects.get(kind="visit-record")
    assert (letter.committee, record.committee) == (world.unit, world.city)
    for paper in (letter, record):
        with paper.file.open("rb") as file:
            assert verify(file.read()).well


def test_a_department_above_reads_none_of_it_unasked() -> None:
    root = build.committee("云州市委")
    county = build.committee("清河县委", parent=root, level=CommitteeLevel.COUNTY)
    world = fed_back.make(county)
    actions.save(world.visit, **GOOD, version=0, by=world.lead, at=AT)
    issued(world)
    for kind in ("feedback", "visit-record"):
        client_of(world.reviewer).post(reverse("paper_issue", args=[kind, world.visit.pk]))

    def kinds(user: User) -> set[str]:
        return set(IssuedPaper.objects.open_to(user, P.PAPER_READ).values_list("kind", flat=True))

    city = build.granted(Role.REVIEWER, root)
    assert kinds(city) == set() and printed(city, "feedback", world).status_code == 404
    assert kinds(world.reviewer) == {PaperKind.FEEDBACK, PaperKind.VISIT_RECORD}
    assert kinds(world.secretary) == {PaperKind.FEEDBACK}
    assert set(IssuedPaper.objects.open_to(world.secretary, P.PAPER_ISSUE)) == set(), "no errata by the unit"
    visits.open_sample(world.visit, reason="抽查", by=city, at=AT)
    assert kinds(city) == {PaperKind.FEEDBACK} and printed(city, "feedback", world).status_code == 200


def test_the_command_issues_both(world: World, tmp_path: Path) -> None:
    out = tmp_path / "paper.pdf"
    common = {"year": 2026, "committee": world.unit.code, "output": str(out)}
    with pytest.raises(CommandError, match="还没有审核发出"):
        call_command("issue_paper", "feedback", **common)
    issued(world)
    call_command("issue_paper", "feedback", **common)
    assert "反馈意见" in text_of(out.read_bytes())
    call_command("issue_paper", "visit-record", **common)
    assert "旁听记录表" in text_of(out.read_bytes())
    with pytest.raises(CommandError, match="没有已经旁听"):
        call_command("issue_paper", "visit-record", **common, number=7)
