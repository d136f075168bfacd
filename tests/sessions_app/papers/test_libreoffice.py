"""Word files opened by another program: LibreOffice sets them, and the words are those of our PDF."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from sessions_app.papers import typeset, word
from sessions_app.papers.pdf import PRESS
from tests.sessions_app.papers.test_word import _html
from tests.sessions_app.papers.word_ground import facts_of, paragraphs, pdf_text

KINDS = ("annual", "bulletin", "minutes", "year-plan", "scores", "rectification", "sign-in")


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Each kind as LibreOffice sets it; one run for all, with a profile of its own."""
    assert shutil.which("soffice"), "bin/setup --test installs LibreOffice Writer"
    place: Path = tmp_path_factory.mktemp("libreoffice")
    for kind in KINDS:
        (place / f"{kind}.docx").write_bytes(word.docx(kind, facts_of(kind)))
    run = subprocess.run(
        [
            "soffice", f"-env:UserInstallation=file://{place}/profile", "--headless", "--convert-to", "pdf", "--outdir",
            str(place), *(str(place / f"{kind}.docx") for kind in KINDS),
        ],
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    found = {kind: (place / f"{kind}.pdf") for kind in KINDS}
    assert all(path.is_file() for path in found.values()), run.stderr[-2000:]
    return {kind: path.read_bytes() for kind, path in found.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_another_program_reads_the_same_words(kind: str, opened: dict[str, bytes]) -> None:
    facts = facts_of(kind)
    theirs = pdf_text(opened[kind])
    ours = pdf_text(typeset.annual(facts).pdf if kind == "annual" else PRESS.print(_html(kind, facts)).pdf)
    said = paragraphs(word.docx(kind, facts))
    assert [words for words in said if words not in theirs] == []
    assert [
        words for words in said if words not in ours and "系统登记" not in words and not words.startswith("附件")
    ] == []


def test_pages_are_numbered_at_the_outer_edge(opened: dict[str, bytes], tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(opened["annual"])
    run = subprocess.run(
        ["pdftotext", "-layout", str(tmp_path / "a.pdf"), "-"], capture_output=True, text=True, check=True
    )
    pages = run.stdout.split("\f")
    numbers = {}
    for page in pages:
        for line in page.splitlines():
            if found := re.fullmatch(r"(\s*)—\s*(\d+)\s*—\s*", line):
                numbers[int(found[2])] = len(found[1])
    assert sorted(numbers) == list(range(1, len(numbers) + 1)) and len(numbers) >= 4
    assert all((indent > 20) == (number % 2 == 1) for number, indent in numbers.items())
