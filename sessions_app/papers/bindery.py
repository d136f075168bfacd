"""The parent of the binding child: a long report is bound by a process of its own, which ends with its memory."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings

from sessions_app.papers.bind import Bound, Section
from sessions_app.papers.bind import bind as bind_here
from sessions_app.papers.pdf import PaperFailed, environment

BY_HAND = 3  # sections; so few are bound at once, a process would take longer to start


def bind(
    out: Path, front: Path, sections: Sequence[Section], stamps: Path, specimen: Path | None, *, title: str, annex: str
) -> Bound:
    """The same file either way. Memory and seconds are limited by the settings of papers; raises PaperFailed."""
    if len(sections) <= BY_HAND:
        return bind_here(out, front, sections, stamps, specimen, title=title, annex=annex)
    asked = {
        "out": str(out), "front": str(front), "stamps": str(stamps), "specimen": str(specimen) if specimen else None,
        "sections": [[str(section.path), section.under, section.group] for section in sections], "title": title, "annex": annex,
        "memory_mb": settings.PAPER_MEMORY_MB, "seconds": settings.PAPER_SECONDS,
    }  # fmt: skip
    too_slow = f"这份文书装订超过 {settings.PAPER_SECONDS} 秒，已停止。请缩小范围后再试。"
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "sessions_app.papers.bind"], input=json.dumps(asked).encode(), capture_output=True,
            cwd=settings.BASE_DIR, env=environment(), timeout=settings.PAPER_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise PaperFailed(too_slow) from None
    if ended.returncode == -signal.SIGXCPU:
        raise PaperFailed(too_slow)
    if ended.returncode:
        detail = ended.stderr.decode(errors="replace")[-500:]
        if "MemoryError" in detail or "bad_alloc" in detail:
            raise PaperFailed(
                f"这份文书太大，装订所需内存超过 {settings.PAPER_MEMORY_MB} MB。请缩小范围后再试。", detail
            )
        raise PaperFailed("装订进程中断，这一份没有做成。可以再试一次。", f"exit {ended.returncode} {detail}")
    said = json.loads(ended.stdout)
    return Bound(said["pages"], tuple(said["fonts"]))
