"""How fast papers are set: pages a second beside Chromium printing the same HTML; a city's report cold and warm.

    .venv/bin/python -m bench.papers [sections]

Prints ratios, which travel between machines better than seconds. Needs no data: facts are written by hand.
"""

from __future__ import annotations

import contextlib
import io
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

import pypdf

from sessions_app.papers import typeset
from sessions_app.papers.fonts import style_of_fonts
from sessions_app.papers.pdf import PRESS, STATIC, Press
from tests.sessions_app.papers import sample


class Kept(typeset.Shelf):
    def get(self, fingerprint: str) -> Path | None:
        path = Path(self._place.name) / f"{fingerprint}.pdf"
        return path if path.exists() else None


def facts(count: int) -> dict[str, object]:
    return sample.report(*(sample.section(f"测试第{n + 1}委员会党组", sessions=12, members=14) for n in range(count)))


def chromium(html: str) -> tuple[float, int]:
    """Seconds and pages of Chromium printing `html`; it starts once, as our child does."""
    with tempfile.TemporaryDirectory() as place:
        page, out = Path(place) / "page.html", Path(place) / "page.pdf"
        page.write_text(html)
        began = time.monotonic()
        subprocess.run(
            [shutil.which("chromium") or "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer",
             f"--print-to-pdf={out}", page.as_uri()],
            check=True, capture_output=True, timeout=300,
        )  # fmt: skip
        return time.monotonic() - began, len(pypdf.PdfReader(out).pages)


def together(bodies: list[str]) -> str:
    """All sections as one document, as a browser would be given them."""
    style = f"<style>{(STATIC / 'page.css').read_text()}{style_of_fonts()}</style>"
    inside = "".join(
        html.split("<body", 1)[1].split(">", 1)[1].replace("</body>", "").replace("</html>", "") for html in bodies
    )
    return f'<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">{style}</head><body class="is-section">{inside}</body>'


def two_workers(sections: list[Any], shelf: typeset.Shelf) -> float:
    """Seconds in which two presses set all sections on the shelf."""
    began = time.monotonic()

    def half(start: int) -> None:
        with contextlib.closing(Press()) as press:
            for section in sections[start::2]:
                typeset.section(section, shelf=shelf, press=press)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(half, (0, 1)))
    return time.monotonic() - began


def main(count: int) -> None:
    sections = facts(count)["sections"]
    PRESS.print("<html lang=zh-CN><title>x</title><p>热身")
    bodies = [typeset.section_html(section) for section in sections[:20]]
    began = time.monotonic()
    pages = sum(PRESS.print(html).pages for html in bodies)
    ours = time.monotonic() - began
    seconds, theirs = chromium(together(bodies))
    print(
        f"WeasyPrint {pages / ours:.1f} pages/s, Chromium {theirs / seconds:.1f} pages/s on the same {len(bodies)} sections"
    )
    print(f"ratio Chromium / WeasyPrint {theirs / seconds / (pages / ours):.1f}")

    shelf = Kept()
    setting = two_workers(facts(count)["sections"], shelf)
    began = time.monotonic()
    made = typeset.annual(facts(count), shelf=shelf)
    binding = time.monotonic() - began
    whole, printed = chromium(together([typeset.section_html(section) for section in sections]))
    print(f"Chromium prints the HTML of all {count} sections in {whole:.1f} s ({printed} pages)")
    print(
        f"cold, two workers: {setting:.1f} s setting + {binding:.1f} s binding, ratio to Chromium {(setting + binding) / whole:.2f}"
    )
    began = time.monotonic()
    again = typeset.annual(facts(count), shelf=shelf)
    warm = time.monotonic() - began
    changed = facts(count)
    changed["sections"][count // 2] = sample.section("更正后的委员会党组", sessions=11, members=14)
    began = time.monotonic()
    one = typeset.annual(changed, shelf=shelf)
    after_one = time.monotonic() - began
    assert again.pdf == made.pdf and again.rendered == 0 and one.rendered == 1
    print(f"{count} sections, {made.pages} pages, {len(made.pdf) / 2**20:.1f} MB")
    print(f"warm {warm:.1f} s, ratio to Chromium {warm / whole:.2f}; one section corrected {after_one:.1f} s")
    shelf.close()
    print(f"memory of the parent {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")
    PRESS.close()
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    print(f"memory of the largest child {child} MB (Chromium counted)")
    out = os.environ.get("BENCH_OUT")
    if out:
        Path(out).write_bytes(made.pdf)
        assert len(pypdf.PdfReader(io.BytesIO(made.pdf)).pages) == made.pages


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 115)
