"""Files beside the PDF: kept at issue, downloaded within scope, working copies in Word, the commands."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from docx import Document

from roster.accounts.models import User
from roster.accounts.roles import Role
from roster.audit.models import AuditEvent
from roster.audit.moves import Refused
from roster.committees.models import Committee
from sessions_app.papers import actions, copies, handlers, sheets
from sessions_app.papers.models import IssuedPaper, PaperFile, PaperKind
from tests import build
from tests.sessions_app.papers.test_papers_pages import browser, held
from tests.sessions_app.papers.word_ground import facts_of, squeezed

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _prepared(settings: Any, tmp_path: Any) -> None:
    handlers.register()
    settings.CLOCK = build.AT
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path / "kept"},
        },
    }


@pytest.fixture
def where() -> Committee:
    return build.committee("测试县委", parent=build.committee("测试市委", code="CITY"), code="XIAN")


def issued(where: Committee, kind: str = "outcomes", by: User | None = None) -> IssuedPaper:
    return actions.issue(
        kind, committee=where, year=2026, subject_id=None, facts=facts_of(kind), by=by or build.granted(Role.REVIEWER, where),
        at=build.AT,
    )  # fmt: skip


def test_issued_with_word_and_lists_with_excel_too(where: Committee) -> None:
    paper = issued(where)
    assert sorted(paper.files.values_list("format", flat=True)) == ["docx", "xlsx"]
    assert AuditEvent.objects.filter(verb="add_file", subject_id=paper.pk).count() == 2
    client = browser(build.granted(Role.REVIEWER, where))
    page = client.get(f"/papers/{paper.pk}/").content.decode()
    assert f"/papers/{paper.pk}/files/docx/" in page and f"/papers/{paper.pk}/files/xlsx/" in page
    for format_ in ("docx", "xlsx"):
        answer = client.get(f"/papers/{paper.pk}/files/{format_}/")
        assert answer.status_code == 200 and answer.content[:2] == b"PK"
        assert f".{format_}" in answer["Content-Disposition"] and "attachment" in answer["Content-Disposition"]
    assert client.get(f"/papers/{paper.pk}/files/zip/").status_code == 404
    assert copies.formats("minutes") == ["docx"] and copies.formats(PaperKind.VOLUME) == []
    assert {kind for kind in PaperKind.values if sheets.has_sheet(kind)} == set(map(str, sheets.LISTS))


def test_a_file_is_kept_once_and_never_changed(where: Committee) -> None:
    paper = issued(where, "outcomes")
    row = paper.files.get(format="docx")
    with pytest.raises(Refused):
        actions.add_file(paper, "docx", b"x", edition="0" * 64, by=build.granted(Role.REVIEWER, where), at=build.AT)
    for change in (lambda: PaperFile.objects.filter(pk=row.pk).update(sha256="0" * 64), row.delete):
        with pytest.raises(Exception, match="(?i)paper|不能|never"), transaction.atomic():
            change()
    assert connection.is_usable()


def test_outside_the_scope_there_is_no_file(where: Committee) -> None:
    paper = issued(where)
    other = build.committee("另一县委", parent=where.parent, code="LING")
    assert browser(build.granted(Role.REVIEWER, other)).get(f"/papers/{paper.pk}/files/docx/").status_code == 404


def test_a_working_copy_in_word_is_marked_and_kept_nowhere(where: Committee) -> None:
    session = held(where)
    client = browser(build.secretary_of(where))
    answer = client.get(f"/papers/print/sign-in/{session.pk}/?format=docx")
    assert answer.status_code == 200 and "docx" in answer["Content-Disposition"]
    document = Document(io.BytesIO(answer.content))
    assert "工作稿，未印发" in document.sections[0].header.paragraphs[0].text
    assert session.topic in squeezed("".join(each.text for each in document.paragraphs))
    assert not PaperFile.objects.exists() and not IssuedPaper.objects.exists()


def test_the_commands_write_and_verify_every_format(where: Committee, tmp_path: Path, capsys: Any) -> None:
    for format_ in ("pdf", "docx", "xlsx"):
        out = tmp_path / f"x.{format_}"
        call_command(
            "issue_paper",
            "outcomes",
            "--year",
            "2026",
            "--committee",
            "XIAN",
            "--format",
            format_,
            "-o",
            str(out),
            "--json",
        )
        said = json.loads(capsys.readouterr().out)
        assert said["format"] == format_ and out.stat().st_size > 1000
        call_command("verify_paper", str(out), "--json")
        told = json.loads(capsys.readouterr().out)
        assert told["well"] and told["format"] == format_ and told["paper"], told["words"]
        assert IssuedPaper.objects.get(pk=told["paper"]).title == said["title"]
    with pytest.raises(CommandError, match="没有 xlsx 格式"):
        call_command("issue_paper", "sign-in", "--year", "2026", "--format", "xlsx", "-o", str(tmp_path / "y"))
    changed = tmp_path / "x.docx"
    changed.write_bytes(changed.read_bytes() + b"\0")
    with pytest.raises(SystemExit):
        call_command("verify_paper", str(changed))
