"""Is this file the paper that was issued: by its hash, and by setting it again from its frozen facts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from roster.audit.actions import SHANGHAI
from sessions_app.papers import typeset
from sessions_app.papers.edition import edition
from sessions_app.papers.models import IssuedPaper
from sessions_app.papers.pdf import PaperFailed
from sessions_app.papers.rules import day_words


@dataclass(frozen=True)
class Verdict:
    """`well` only when the file is known and comes out again the same; `words` say it in Chinese."""

    well: bool
    words: str
    paper: IssuedPaper | None = None


def verify(content: bytes) -> Verdict:
    """Looks the file up by SHA-256, sets the paper anew from its frozen facts and compares the bytes."""
    digest = hashlib.sha256(content).hexdigest()
    paper = IssuedPaper.objects.filter(sha256=digest).order_by("id").first()
    if paper is None:
        return Verdict(False, f"没有印发过这样的文书（SHA-256 {digest[:16]}…）。文件可能被改动过，或不是本系统印发的。")
    known = f"《{paper.title}》第{paper.number}次印发件（{day_words(paper.issued_at.astimezone(SHANGHAI).date())}），文件与登记的校验值一致"
    if paper.edition != edition():
        return Verdict(
            False,
            f"{known}，没有被改动。但它按版式 {paper.edition[:12]} 印发，现在的版式是 {edition()[:12]}，"
            "不能逐字节重排核对；请用印发时的程序版本和字体核对。",
            paper,
        )
    try:
        again = typeset.finished(paper.kind, paper.facts)
    except PaperFailed as error:
        return Verdict(False, f"{known}，但重排没有做成：{error.sentence}", paper)
    if again.pdf != content:
        return Verdict(
            False, f"{known}，但用登记的数据重排得到的文件不同。请联系管理员检查字体和程序是否改动过。", paper
        )
    return Verdict(True, f"{known}；用登记的数据和版式 {paper.edition[:12]} 重新排版，逐字节相同。", paper)
