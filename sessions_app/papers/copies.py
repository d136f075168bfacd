"""The other editions of a paper, Word and Excel: made from the same frozen facts when it is issued, and again to verify."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from roster.committees.models import Committee
from sessions_app.papers import sheets, word
from sessions_app.papers.models import PaperFile, PaperFormat, WordTemplate

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Copy:
    """An edition ready to be kept beside the PDF."""

    format: str
    content: bytes
    edition: str
    template: WordTemplate | None = None

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def template_for(kind: str, committee: Committee) -> WordTemplate | None:
    """The Word template in use for papers of `committee`: the nearest up the path, its newest edition. One query."""
    pieces = committee.path.rstrip("/").split("/")
    above = ["/".join(pieces[: count + 1]) + "/" for count in range(len(pieces))]
    rows = WordTemplate.objects.in_use().filter(kind=kind, committee__path__in=above).select_related("committee")
    found = sorted(rows, key=lambda row: (len(row.committee.path), row.number))
    return found[-1] if found else None


def content_of(template: WordTemplate | None) -> bytes | None:
    if template is None:
        return None
    with template.file.open("rb") as file:
        return bytes(file.read())


def formats(kind: str) -> list[str]:
    """Which formats a paper of this kind has besides PDF."""
    found = [PaperFormat.DOCX] if word.has_word(kind) else []
    return [*found, PaperFormat.XLSX] if sheets.has_sheet(kind) else list(found)


def made(kind: str, facts: Facts, committee: Committee) -> list[Copy]:
    """Word for every kind with a PDF, Excel for lists. Raises PaperFailed."""
    found = []
    for format_ in formats(kind):
        if format_ == PaperFormat.DOCX:
            template = template_for(kind, committee)
            content = content_of(template)
            copy = Copy(format_, word.docx(kind, facts, template=content), word.edition(kind, content), template)
        else:
            copy = Copy(format_, sheets.xlsx(kind, facts), sheets.edition(kind))
        found.append(copy)
    return found


def draft(kind: str, facts: Facts, committee: Committee, *, who: str, at: str) -> bytes:
    """A working copy in Word, marked on every page, kept nowhere."""
    content = content_of(template_for(kind, committee))
    return word.docx(kind, facts, template=content, draft={"who": who, "at": at})


def edition_now(row: PaperFile) -> str:
    """The edition a kept file would have if it were made today."""
    if row.format == PaperFormat.DOCX:
        return word.edition(row.paper.kind, content_of(row.template))
    return sheets.edition(row.paper.kind) if row.format == PaperFormat.XLSX else ""


def again(row: PaperFile) -> bytes:
    """The kept file made once more from the paper's frozen facts."""
    if row.format == PaperFormat.DOCX:
        return word.docx(row.paper.kind, row.paper.facts, template=content_of(row.template))
    return sheets.xlsx(row.paper.kind, row.paper.facts)
