"""Kept sections and issued files that are gone or torn."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from roster.accounts.roles import Role
from roster.audit.models import AuditEvent
from sessions_app.papers.models import IssuedPaper, PaperSection
from sessions_app.papers.pdf import Printed
from sessions_app.papers.shelf import DatabaseShelf
from tests import build

pytestmark = pytest.mark.django_db
KEY = "ab" * 32
FIRST = Printed(b"%PDF-1.7\nfirst first first first\n%%EOF\n", 1)
SECOND = Printed(b"%PDF-1.7\nsecond second second\n%%EOF\n", 2)


@pytest.fixture(autouse=True)
def own_storage(settings: Any, tmp_path: Path) -> Path:
    place = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}}
    settings.STORAGES = settings.STORAGES | {"default": place}
    settings.CLOCK = build.AT
    return tmp_path


def gone(path: Path) -> None:
    path.unlink()


def torn(path: Path) -> None:
    path.write_bytes(b"%PDF-1.7\nfirst fi")


@pytest.mark.parametrize("harm", [gone, torn])
def test_a_section_that_is_gone_or_torn_is_set_anew_as_often_as_needed(harm: Any) -> None:
    shelf = DatabaseShelf()
    for printed in (FIRST, SECOND, FIRST):
        path = shelf.put(KEY, printed)
        assert path.read_bytes() == printed.pdf
        assert shelf.get(KEY) == path
        assert PaperSection.objects.get(fingerprint=KEY).pages == printed.pages
        harm(path)
        assert shelf.get(KEY) is None


def test_the_same_section_put_twice_stays_one(own_storage: Path) -> None:
    shelf = DatabaseShelf()
    assert shelf.put(KEY, FIRST) == shelf.put(KEY, SECOND)
    assert [path.read_bytes() for path in own_storage.rglob("*.pdf")] == [FIRST.pdf]


def test_a_paper_whose_file_is_gone_is_told_in_words_and_no_download_is_recorded(client: Client) -> None:
    from django.core.files.base import ContentFile

    committee = build.committee("测试党组")
    reviewer = build.granted(Role.REVIEWER, committee)
    paper = IssuedPaper(
        kind="minutes", committee=committee, year=2026, subject_id=1, title="学习记录", facts={}, edition="0" * 64,
        sha256="0" * 64, pages=1, as_of=build.AT, issued_by=reviewer, issued_at=build.AT,
    )  # fmt: skip
    paper.file.save("paper.pdf", ContentFile(FIRST.pdf), save=True)
    Path(paper.file.path).unlink()
    client.force_login(reviewer, "django.contrib.auth.backends.ModelBackend")
    for verb, address in (("get", "download"), ("post", "verify")):
        answer = getattr(client, verb)(f"/papers/{paper.pk}/{address}/", follow=True)
        assert answer.status_code == 200
        assert "不在文件存储里" in answer.text
    assert not AuditEvent.objects.filter(verb="download").exists()
