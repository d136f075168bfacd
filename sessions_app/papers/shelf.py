"""Rendered sections kept by fingerprint: a row and a file of that name. The same thing put twice stays one."""

from __future__ import annotations

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from sessions_app.jobs import work
from sessions_app.papers import typeset
from sessions_app.papers.models import PaperSection
from sessions_app.papers.pdf import Printed


class DatabaseShelf(typeset.Shelf):
    def get(self, fingerprint: str) -> bytes | None:
        kept = PaperSection.objects.filter(fingerprint=fingerprint).first()
        if kept is None:
            return None
        try:
            with kept.file.open("rb") as file:
                content = file.read()
        except FileNotFoundError:  # a shelf may be emptied by hand; what is gone is set anew
            return None
        return content if content.startswith(b"%PDF-") and content.rstrip().endswith(b"%%EOF") else None

    def put(self, fingerprint: str, printed: Printed) -> None:
        """The row is written after the whole file, under a name of its own, so that a kill leaves no torn section."""
        path = default_storage.save(f"sections/{fingerprint[:2]}/{fingerprint}.pdf", ContentFile(printed.pdf))
        row, made = PaperSection.objects.get_or_create(
            fingerprint=fingerprint,
            defaults={"file": path, "pages": printed.pages, "rendered_at": work.moment()},
        )
        if not made:
            old = row.file.name
            PaperSection.objects.filter(pk=row.pk).update(file=path, pages=printed.pages, rendered_at=work.moment())
            if old != path:
                default_storage.delete(old)
