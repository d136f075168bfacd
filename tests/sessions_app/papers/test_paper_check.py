"""校验文件: which paper a file is, whether it is as issued; no contents of a paper out of reach."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from roster.accounts.roles import Role
from roster.committees.models import Committee
from sessions_app.papers import actions, copies, verify, word
from sessions_app.papers.models import IssuedPaper
from tests import build
from tests.sessions_app.papers.test_papers_pages import browser
from tests.sessions_app.papers.word_ground import facts_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _prepared(settings: Any, tmp_path: Any) -> None:
    settings.CLOCK = build.AT
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}},
    }


@pytest.fixture
def where() -> Committee:
    return build.committee("测试县委", parent=build.committee("测试市委", code="CITY"), code="XIAN")


@pytest.fixture
def paper(where: Committee) -> IssuedPaper:
    facts = {**facts_of("outcomes"), "title": "测试县委2026年度成果清单"}
    return actions.issue(
        "outcomes",
        committee=where,
        year=2026,
        subject_id=None,
        facts=facts,
        by=build.granted(Role.REVIEWER, where),
        at=build.AT,
    )


def files(paper: IssuedPaper) -> dict[str, bytes]:
    found = {}
    for name, row in (("pdf", paper), *((row.format, row) for row in paper.files.all())):
        with row.file.open("rb") as file:
            found[name] = file.read()
    return found


def checked(client: Client, content: bytes) -> str:
    answer = client.post("/papers/check/", {"file": SimpleUploadedFile("手里的文件", content)})
    assert answer.status_code == 200
    return answer.content.decode()


def test_each_format_is_known_and_made_again_the_same(paper: IssuedPaper, where: Committee) -> None:
    client = browser(build.secretary_of(where))
    assert "校验文件" in client.get("/papers/").content.decode()
    assert client.get("/papers/check/").status_code == 200
    found = files(paper)
    assert set(found) == {"pdf", "docx", "xlsx"}
    for name, content in found.items():
        assert verify.verify(content).well, name
        said = checked(client, content)
        assert "逐字节相同" in said and paper.title in said and name.upper() in said
        assert "没有印发过" in checked(client, content + b"\0")


def test_of_a_paper_out_of_reach_it_says_no_more_than_that_it_is_genuine(paper: IssuedPaper, where: Committee) -> None:
    client = browser(build.granted(Role.REVIEWER, build.committee("另一县委", parent=where.parent, code="LING")))
    for content in files(paper).values():
        said = checked(client, content)
        assert "真实文书" in said and "不显示内容" in said
        assert paper.title not in said and "测试县委" not in said and f"/papers/{paper.pk}/" not in said


def test_another_edition_is_genuine_but_not_compared(paper: IssuedPaper, where: Committee, monkeypatch: Any) -> None:
    content = files(paper)["docx"]
    monkeypatch.setattr(word, "_machinery", lambda: "another")
    verdict = verify.verify(content)
    assert not verdict.well and verdict.paper == paper and "没有被改动" in verdict.words
    assert "真实，但不能重排核对" in checked(browser(build.secretary_of(where)), content)
    monkeypatch.undo()
    monkeypatch.setattr(copies, "again", lambda row: b"other")
    assert "得到的文件不同" in verify.verify(content).words


def test_it_names_the_later_issue(paper: IssuedPaper, where: Committee) -> None:
    by = build.granted(Role.REVIEWER, where)
    facts = {**facts_of("outcomes"), "title": paper.title}
    later = actions.issue("outcomes", committee=where, year=2026, subject_id=None, facts=facts, by=by, at=build.AT)
    said = checked(browser(build.secretary_of(where)), b"x")
    assert "没有印发过" in said
    found = files(IssuedPaper.objects.get(number=1))["pdf"]
    # the same facts are the same bytes: the first issue is named, and the later one beside it
    assert f"/papers/{later.pk}/" in checked(browser(build.secretary_of(where)), found)


def test_nothing_handed_in_is_kept(paper: IssuedPaper, where: Committee, tmp_path: Any) -> None:
    before = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    client = browser(build.secretary_of(where))
    checked(client, b"some other file")
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == before
    assert client.post("/papers/check/").status_code == 422
