"""The edition of the papers: one hash over everything that decides what the same facts look like."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

import pikepdf
from django.conf import settings

from sessions_app.papers import charts, fonts
from sessions_app.papers.rules import canonical

SOURCES = (
    "templates/papers/print/*.html",
    "static/papers/*.css",
    "sessions_app/papers/bind.py",
    "sessions_app/papers/charts.py",
    "sessions_app/papers/fonts.py",
    "sessions_app/papers/pdf.py",
    "sessions_app/papers/pdf_child.py",
    "sessions_app/papers/rules.py",
    "sessions_app/papers/typeset.py",
    "sessions_app/templatetags/papers.py",
)
LIBRARIES = ("weasyprint", "pydyf", "tinyhtml5", "tinycss2", "fonttools", "pikepdf", "django")


def sources() -> list[Path]:
    base = Path(settings.BASE_DIR)
    return [path for pattern in SOURCES for path in sorted(base.glob(pattern))]


@cache
def edition() -> str:
    """SHA-256 of templates, style sheets, the code that sets them, the renderers' versions and this machine's fonts."""
    whole = hashlib.sha256()
    for path in sources():
        whole.update(f"{path.relative_to(settings.BASE_DIR)}\n".encode())
        whole.update(path.read_bytes())
    versions = {name: version(name) for name in LIBRARIES}
    whole.update(canonical([versions, pikepdf.__libqpdf_version__, charts.VERSION]).encode())
    whole.update(canonical([fonts.wanted(), fonts.installed()]).encode())
    return whole.hexdigest()
