"""学习清单, 问题清单, 整改台账, 整改通知: what they say, who prints and issues them, whose words stand in them."""

import io
from datetime import timedelta
from typing import Any

import pypdf
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from roster.accounts.models import User
from roster.accounts.roles import Role
from sessions_app.facts.figures import for_committee, for_scope
from sessions_app.facts.periods import span
from sessions_app.findings.models import Finding
from sessions_app.papers import frozen_findings
from sessions_app.papers.models import IssuedPaper
from tests import build
from tests.sessions_app.facts.world import World
from tests.sessions_app.findings import found

pytestmark = pytest.mark.django_db
TODAY = build.DAY + timedelta(days=60)
LISTS = ("learning", "findings", "rectification")


@pytest.fixture(autouse=True)
def _prepared(settings: Any, tmp_path: Any) -> None:
    settings.CLOCK = build.at(TODAY)
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}},
    }


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def text_of(pdf: bytes) -> str:
    return "".join("".join(page.extract_text().split()) for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)


@pytest.fixture
def at() -> found.Place:
    at = found.place()
    found.at_stage(at, "CLOSED", text="没有结合分管工作", basis="查阅3月学习记录")
    found.at_stage(at, "IN_PROGRESS", text="研讨以念稿代替发言")
    found.at_stage(at, "OPEN", text="记录要素不全", name="记录要素不全")
    found.at_stage(at, "RAISED", text="还没有确认的问题")
    return at


def test_the_lists_count_what_the_figures_count() -> None:
    world = World(5)
    for committee in world.committees:
        for whole in (False, True):
            figures = for_scope(committee.path, span(2026), today=TODAY) if whole else for_committee(committee.pk, span(2026), today=TODAY)  # fmt: skip
            mine = Finding.objects.filter(department=world.root)
            for read in (frozen_findings.findings, frozen_findings.rectification):
                facts = read(committee, 2026, today=TODAY, whole=whole, mine=mine)
                assert (facts["findings"], facts["closed"], facts["overdue"]) == (
                    figures.findings, figures.findings_closed, figures.findings_overdue,
                )  # fmt: skip
                assert len(facts["rows"]) + sum(row["findings"] for row in facts["others"]) == figures.findings
                assert facts["departments"] in ([], [world.root.path])
                assert len(read(committee, 2026, today=TODAY, whole=whole)["rows"]) == figures.findings
            late = sum(row["late"] for row in frozen_findings.rectification(committee, 2026, today=TODAY, whole=whole)["rows"])  # fmt: skip
            assert late == figures.findings_overdue
            learned = frozen_findings.learning(committee, 2026, today=TODAY, whole=whole)
            topics = [row for group in learned["groups"] for row in group["topics"]]
            assert len(topics) == figures.planned_items
            assert sum(row["state"] == "已完成" for row in topics) == figures.completed_items


def test_each_list_has_its_number_of_queries() -> None:
    def counts(world: World) -> list[int]:
        numbers = []
        for name in LISTS:
            with CaptureQueriesContext(connection) as caught:
                frozen_findings.LISTS[name](world.root, 2026, today=TODAY, whole=True)
            numbers.append(len(caught))
        return numbers

    assert counts(World(1, counties=1, townships=1, sessions=2)) == counts(
        World(2, counties=4, townships=3, sessions=2)
    )


def test_printing_the_ledger_and_the_notice(at: found.Place) -> None:
    client = browser(at.secretary)
    ledger = text_of(client.get(f"/papers/print/rectification/{at.unit.pk}/?year=2026").content)
    for words in (
        "整改台账",
        "没有结合分管工作",
        "改为专题研讨",
        "佐证：4月研讨记录",
        "已核对",
        "（逾期）",
        at.owner.name,
    ):
        assert words in ledger
    assert "还没有确认的问题" not in ledger and "确认问题3项，已销号1项，销号率33.3%，逾期未销号1项" in ledger
    listed = text_of(client.get(f"/papers/print/findings/{at.unit.pk}/?year=2026").content)
    assert "问题清单" in listed and "查阅3月学习记录" in listed and "2026-巡察-001" in listed
    notice = browser(at.reviewer).get(f"/papers/print/rect-notice/{at.unit.pk}/")
    words = text_of(notice.content)
    assert (
        "教育局党组：" in words
        and "下列2项问题" in words
        and "由你单位提出" in words
        and "没有结合分管工作" not in words
    )
    assert client.get(f"/papers/print/rect-notice/{at.unit.pk}/").status_code in (403, 404)


def test_issuing_freezes_the_list_for_the_unit_and_its_department(at: found.Place) -> None:
    answer = browser(at.reviewer).post(f"/papers/issue/rectification/{at.unit.pk}/", {"year": "2026"})
    paper = IssuedPaper.objects.get()
    assert answer.status_code == 302 and answer["Location"] == f"/papers/{paper.pk}/"
    assert (paper.kind, paper.committee, paper.number, len(paper.facts["rows"])) == ("rectification", at.unit, 1, 3)
    assert paper.facts["departments"] == [at.city.path]
    for user in (at.reviewer, at.secretary, build.granted(Role.HEAD, at.city)):
        assert browser(user).get(f"/papers/{paper.pk}/").status_code == 200
    assert "整改通知" in text_of(_issued(at, "rect-notice"))
    client = browser(at.reviewer)
    other = build.committee("没有问题的单位", parent=at.city)
    page = client.post(f"/papers/issue/rect-notice/{other.pk}/", follow=True).content.decode()
    assert "不用发整改通知" in page and IssuedPaper.objects.count() == 2


def _issued(at: found.Place, kind: str) -> bytes:
    browser(at.reviewer).post(f"/papers/issue/{kind}/{at.unit.pk}/")
    paper = IssuedPaper.objects.get(kind=kind)
    with paper.file.open("rb") as file:
        return file.read()


def test_a_department_above_prints_numbers_of_what_a_county_works_on() -> None:
    city = build.committee("云州市委")
    county = build.committee("清河县委", parent=city)
    at = found.place(county)
    found.at_stage(at, "OPEN", text="县里自己督办的事")
    top = browser(build.granted(Role.REVIEWER, city))
    words = text_of(top.get(f"/papers/print/findings/{city.pk}/?year=2026").content)
    assert "确认问题1项" in words and "清河县委督办1项" in words and "县里自己督办的事" not in words
    browser(at.reviewer).post(f"/papers/issue/findings/{county.pk}/", {"year": "2026"})
    paper = IssuedPaper.objects.get()
    assert paper.facts["rows"][0]["text"] == "县里自己督办的事"
    assert top.get(f"/papers/{paper.pk}/").status_code == 404
    assert browser(at.reviewer).get(f"/papers/{paper.pk}/").status_code == 200
    assert top.get(f"/papers/print/rect-notice/{at.unit.pk}/").status_code == 200
    assert "县里自己督办的事" not in text_of(top.get(f"/papers/print/rect-notice/{at.unit.pk}/").content)


def test_the_command_issues_them(at: found.Place, tmp_path: Any) -> None:
    for kind in (*LISTS, "rect-notice"):
        out = tmp_path / f"{kind}.pdf"
        call_command("issue_paper", kind, "--year", "2026", "--committee", at.unit.code, "-o", str(out))
        assert out.read_bytes()[:4] == b"%PDF"
    assert IssuedPaper.objects.count() == 4
    with pytest.raises(CommandError, match="不用发整改通知"):
        call_command("issue_paper", "rect-notice", "--year", "2026", "--committee", at.city.code, "-o", str(out))
