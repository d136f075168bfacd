"""Rendered sections kept by fingerprint: a row and a file of that name. The same thing put twice stays one."""

from __future__ import annotations

import os
from pathlib import Path

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from sessions_app.jobs import work
from sessions_app.papers import typeset
from sessions_app.papers.models import PaperSection
from sessions_app.papers.pdf import Printed


class DatabaseShelf(typeset.Shelf):
    def __init__(self) -> None:
        """Keeps its files in the storage, not in a place of its own."""

    def close(self) -> None:
        return None

    def get(self, fingerprint: str) -> Path | None:
        kept = PaperSection.objects.filter(fingerprint=fingerprint).first()
        if kept is None:
            return None
        path = Path(kept.file.path)
        return path if whole(path) else None

    def put(self, fingerprint: str, printed: Printed) -> Path:
        """The row is written after the whole file, under a name of its own, so that a kill leaves no torn section."""
        name = default_storage.save(f"sections/{fingerprint[:2]}/{fingerprint}.pdf", ContentFile(printed.pdf))
        row, made = PaperSection.objects.get_or_create(
            fingerprint=fingerprint,
            defaults={"file": name, "pages": printed.pages, "rendered_at": work.moment()},
        )
        if made:
            return Path(default_storage.path(name))
        if row.file.name == name:  # the file was gone and its name free: the new file is the section now
            PaperSection.objects.filter(pk=row.pk).update(pages=printed.pages, rendered_at=work.moment())
            return Path(default_storage.path(name))
        kept = Path(row.file.path)
        if whole(kept):  # another worker was quicker, and may be binding from its file already
            default_storage.delete(name)
            return kept
        old = row.file.name
        PaperSection.objects.filter(pk=row.pk).update(file=name, pages=printed.pages, rendered_at=work.moment())
        default_storage.delete(old)
        return Path(default_storage.path(name))


def whole(path: Path) -> bool:
    """A shelf may be emptied by hand; what is gone or torn is set anew."""
    try:
        with path.open("rb") as file:
            head = file.read(5)
            file.seek(-16, os.SEEK_END)
            return head == b"%PDF-" and file.read().rstrip().endswith(b"%%EOF")
    except OSError:
        return False
