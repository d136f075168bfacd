"""A department's own Word templates: uploaded, used for its papers, taken out of use; refused with a reason and a cure."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from docx import Document

from roster.accounts.models import User
from roster.accounts.roles import Role
from roster.audit.models import AuditEvent
from roster.audit.moves import Refused
from roster.committees.models import Committee
from sessions_app.papers import actions, copies, verify, word, word_actions, word_templates, zipped
from sessions_app.papers.models import PaperFile, WordTemplate
from tests import build
from tests.sessions_app.papers.test_papers_pages import browser
from tests.sessions_app.papers.word_ground import facts_of, with_text

pytestmark = pytest.mark.django_db
KIND = "outcomes"


@pytest.fixture(autouse=True)
def _prepared(settings: Any, tmp_path: Any) -> None:
    settings.CLOCK = build.AT
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}},
    }


@pytest.fixture
def where() -> Iterator[Committee]:
    city = build.committee("测试市委", code="CITY")
    yield build.committee("测试县委", parent=city, code="XIAN")


def office(committee: Committee) -> User:
    return build.granted(Role.REVIEWER, committee)


def own(words: str) -> bytes:
    return zipped.same(with_text(word_templates.built_in(KIND), f"{words} {{{{ facts.title }}}}"))


def uploaded(client: Client, content: bytes, name: str = "改.docx", kind: str = KIND) -> Any:
    return client.post(f"/papers/word/{kind}/new/", {"file": SimpleUploadedFile(name, content), "note": "换抬头"})


def text_of(row: PaperFile) -> str:
    with row.file.open("rb") as file:
        return "\n".join(paragraph.text for paragraph in Document(io.BytesIO(file.read())).paragraphs)


def issued(committee: Committee) -> Any:
    return actions.issue(
        KIND, committee=committee, year=2026, subject_id=None, facts=facts_of(KIND), by=office(committee), at=build.AT
    )


def test_the_built_in_template_comes_back_unchanged_by_every_kind() -> None:
    for kind in word_templates.kinds():
        assert word.template_reasons(kind, word_templates.built_in(kind)) == [], kind


def test_an_own_template_is_used_from_then_on_and_the_nearest_one_wins(where: Committee) -> None:
    city = where.parent
    client = browser(office(city))
    assert client.get("/papers/word/").status_code == 200
    page = client.get(f"/papers/word/{KIND}/")
    assert "facts.title" in page.content.decode() and "内置模板" in page.content.decode()
    built_in = client.get(f"/papers/word/{KIND}/built-in/")
    assert built_in.content == word_templates.built_in(KIND)
    assert uploaded(client, own("市委抬头")).status_code == 302
    row = WordTemplate.objects.get()
    assert (row.number, row.note, row.committee) == (1, "换抬头", city)
    assert AuditEvent.objects.filter(verb="upload", subject_id=row.pk).exists()
    below = issued(where).files.get(format="docx")
    assert "市委抬头 样例" in text_of(below) and below.template == row
    word_actions.upload(KIND, committee=where, content=own("县委抬头"), note="", by=office(where), at=build.AT)
    assert "县委抬头" in text_of(issued(where).files.get(format="docx"))
    assert "市委抬头" in text_of(issued(city).files.get(format="docx"))
    assert client.get(f"/papers/word/editions/{row.pk}/download/").content == own("市委抬头")


def test_out_of_use_the_edition_before_it_is_used_again(where: Committee) -> None:
    by = office(where)
    first = word_actions.upload(KIND, committee=where, content=own("第一版"), note="", by=by, at=build.AT)
    second = word_actions.upload(KIND, committee=where, content=own("第二版"), note="", by=by, at=build.AT)
    assert copies.template_for(KIND, where) == second
    with pytest.raises(Refused) as refused:
        word_actions.upload(KIND, committee=where, content=own("第二版"), note="", by=by, at=build.AT)
    assert "完全相同" in refused.value.reasons[0]
    paper = issued(where)
    client = browser(by)
    assert client.post(f"/papers/word/editions/{second.pk}/withdraw/").status_code == 302
    assert copies.template_for(KIND, where) == first
    with pytest.raises(Refused):
        word_actions.withdraw(second, by=by, at=build.AT)
    kept = paper.files.get(format="docx")
    with kept.file.open("rb") as file:
        assert verify.verify(file.read()).well, "what was issued with it is made again with it"
    word_actions.withdraw(first, by=by, at=build.AT)
    assert copies.template_for(KIND, where) is None


def test_refused_in_sentences_beside_the_form(where: Committee) -> None:
    client = browser(office(where))
    bad = uploaded(client, with_text(word_templates.built_in(KIND), "{{ facts.salary }} {{ facts.topic.upper() }}"))
    assert bad.status_code == 422 and "不能调用函数" in bad.content.decode()
    for content, name, words in (
        (b"x", "模板.doc", "只收 .docx"), (b"not a file", "模板.docx", "不是 Word 文件"), (b"", "模板.docx", "空的"),
    ):  # fmt: skip
        answer = uploaded(client, content, name)
        assert answer.status_code == 422 and words in answer.content.decode()
    assert uploaded(client, own("甲"), kind="volume").status_code == 404
    assert client.get("/papers/word/nothing/").status_code == 404
    assert not WordTemplate.objects.exists()


def test_who_edits_templates(where: Committee) -> None:
    row = word_actions.upload(KIND, committee=where, content=own("县"), note="", by=office(where), at=build.AT)
    other = build.committee("另一县委", parent=where.parent, code="LING")
    for user in (build.secretary_of(where), office(other)):
        client = browser(user)
        assert client.get(f"/papers/word/editions/{row.pk}/download/").status_code in (403, 404)
        assert client.post(f"/papers/word/editions/{row.pk}/withdraw/").status_code in (403, 404)
    assert browser(build.secretary_of(where)).get("/papers/word/").status_code in (403, 404)
    row.refresh_from_db()
    assert row.withdrawn_at is None


def test_the_list_asks_the_same_number_of_questions_however_many_editions_there_are(where: Committee) -> None:
    client = browser(office(where))
    client.get("/papers/word/")

    def asked(address: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert client.get(address).status_code == 200
        return len(found)

    by = office(where)
    word_actions.upload(KIND, committee=where, content=own("0"), note="", by=by, at=build.AT)
    few = [asked("/papers/word/"), asked(f"/papers/word/{KIND}/")]
    for number in range(3):
        word_actions.upload(KIND, committee=where, content=own(str(number + 1)), note="", by=by, at=build.AT)
    assert [asked("/papers/word/"), asked(f"/papers/word/{KIND}/")] == few
