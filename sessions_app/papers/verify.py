"""Is this file a paper that was issued, PDF, Word or Excel: by its hash, and by making it again from its frozen facts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from roster.audit.actions import SHANGHAI
from sessions_app.papers import copies, typeset
from sessions_app.papers.edition import edition
from sessions_app.papers.models import IssuedPaper, PaperFile, PaperFormat
from sessions_app.papers.pdf import PaperFailed
from sessions_app.papers.rules import day_words

AT_ONCE = 3  # sections that are set again while somebody waits


@dataclass(frozen=True)
class Verdict:
    """`well` only when the file is known and comes out again the same; `words` say it in Chinese.

    `paper` None: nothing like it was ever issued. `format` is "pdf", "docx", "xlsx" or "zip".
    """

    well: bool
    words: str
    paper: IssuedPaper | None = None
    format: str = "pdf"
    sha256: str = ""


def verify(content: bytes, *, again: bool = True) -> Verdict:
    """Looks the file up by SHA-256 and compares its bytes with those made anew from the paper's frozen facts.

    `again` False: only looks up, for papers that take minutes to make.
    """
    digest = hashlib.sha256(content).hexdigest()
    paper = IssuedPaper.objects.filter(sha256=digest).select_related("issued_by__person").order_by("id").first()
    if paper is not None:
        return _compare(
            paper, "pdf", "", content, digest, again, paper.edition, edition,
            lambda: typeset.finished(paper.kind, paper.facts).pdf,
        )  # fmt: skip
    rows = PaperFile.objects.filter(sha256=digest).select_related(
        "paper__issued_by__person", "paper__committee", "template"
    )
    row = rows.order_by("id").first()
    if row is None:
        words = f"没有印发过这样的文书（SHA-256 {digest[:16]}…）。文件可能被改动过，或不是本系统印发的。"
        return Verdict(False, words, sha256=digest)
    name = row.get_format_display()
    if row.format == PaperFormat.ZIP:
        words = f"{known(row.paper, name)}。原件包只核对校验值，不重新生成。"
        return Verdict(True, words, row.paper, row.format, digest)
    return _compare(
        row.paper, row.format, name, content, digest, again, row.edition, lambda: copies.edition_now(row),
        lambda: copies.again(row),
    )  # fmt: skip


def known(paper: IssuedPaper, name: str = "") -> str:
    """What was issued, when, by whom, and that the file is as it was."""
    by = paper.issued_by.display_name if paper.issued_by else "系统"
    day = day_words(paper.issued_at.astimezone(SHANGHAI).date())
    of = f"的 {name} 文件" if name else ""
    return f"《{paper.title}》第{paper.number}次印发件{of}（{day}，{by}印发），文件与登记的校验值一致"


def _compare(
    paper: IssuedPaper, format_: str, name: str, content: bytes, digest: str, again: bool, then: str,
    now: Callable[[], str], make: Callable[[], bytes],
) -> Verdict:  # fmt: skip
    said = known(paper, name)
    if not again and len(paper.facts.get("sections") or paper.facts.get("parts") or ()) > AT_ONCE:
        words = f"{said}，没有被改动。这份文书较长，要逐字节重排核对请到文书页点“校验”。"
        return Verdict(True, words, paper, format_, digest)
    current = now()
    if then != current:
        words = (
            f"{said}，没有被改动。但它按版式 {then[:12]} 印发，现在的版式是 {current[:12]}，"
            "不能逐字节重排核对；请用印发时的程序版本和字体核对。"
        )
        return Verdict(False, words, paper, format_, digest)
    try:
        made = make()
    except PaperFailed as error:
        return Verdict(False, f"{said}，但重排没有做成：{error.sentence}", paper, format_, digest)
    if made != content:
        words = f"{said}，但用登记的数据重排得到的文件不同。请联系管理员检查字体和程序是否改动过。"
        return Verdict(False, words, paper, format_, digest)
    words = f"{said}；用登记的数据和版式 {then[:12]} 重新排版，逐字节相同。"
    return Verdict(True, words, paper, format_, digest)
