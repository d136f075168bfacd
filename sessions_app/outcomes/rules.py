"""Life cycle of an outcome, its code, and what a conversion needs: plain values only."""

import re
from collections.abc import Iterable
from datetime import date

from roster.audit.moves import Move, Moves

MOVES = Moves(
    thing="这项成果",
    labels={"REGISTERED": "已登记", "ADOPTED": "已采纳", "CONVERTED": "已转化", "NOT_ADOPTED": "未采纳"},
    moves=[
        Move("adopt", "登记采纳", ("REGISTERED", "NOT_ADOPTED"), "ADOPTED"),
        Move("reject", "标为未采纳", ("REGISTERED", "ADOPTED"), "NOT_ADOPTED"),
        # By the first result that derives from it; taken back with the last one.
        Move("convert", "转化", ("REGISTERED", "ADOPTED", "CONVERTED"), "CONVERTED"),
        Move("unconvert", "撤销转化", ("CONVERTED",), "ADOPTED"),
    ],
)
KINDS = ("ESSAY", "ARTICLE", "RESEARCH_REPORT", "PROPOSAL", "POLICY", "REGULATION", "PROBLEM_SOLVED")


def next_code(committee_code: str, year: int, taken: Iterable[str]) -> str:
    """`<committee code>-<year>-<nn>`, one above the highest taken; at least two digits."""
    pattern = re.compile(rf"{re.escape(committee_code)}-{year}-(\d+)")
    found = (pattern.fullmatch(code) for code in taken)
    return f"{committee_code}-{year}-{max((int(one[1]) for one in found if one), default=0) + 1:02d}"


def refusals(*, title: str, authors: str, day: date | None, today: date, kind: str, document_number: str) -> list[str]:
    """What is wrong with an outcome as typed (domain.md 3.10)."""
    found = []
    if not title.strip():
        found.append("请填写成果名称。")
    if len(title) > 200:
        found.append("成果名称超过 200 字，请压缩。")
    if not authors.strip():
        found.append("请填写作者。")
    if len(authors) > 200:
        found.append("作者超过 200 字，请压缩。")
    if day is None:
        found.append("请填写成果日期。")
    elif day > today:
        found.append("成果日期还没有到，请核对。")
    if kind not in KINDS:
        found.append("请选择成果类型。")
    if len(document_number) > 80:
        found.append("文号超过 80 字，请核对。")
    return found


def link_refusals(
    *, document_number: str, has_file: bool, day: date, source_day: date, source_title: str, source_stage: str,
    source_withdrawn: bool, in_circle: bool,
) -> list[str]:  # fmt: skip
    """Why this result cannot be said to derive from that one. A link needs a document number or a file."""
    found = []
    if in_circle:
        found.append(f"《{source_title}》本身来自这项成果，不能互为来源。")
    if source_withdrawn:
        found.append(f"来源成果《{source_title}》已撤销，请另选。")
    if source_stage == "NOT_ADOPTED":
        found.append(f"来源成果《{source_title}》标为未采纳，请先改为已采纳。")
    if source_day > day:
        found.append(f"来源成果《{source_title}》的日期晚于这项成果，请核对。")
    if not document_number.strip() and not has_file:
        found.append("转化要有凭据：请填写文号，或上传文件。")
    return found
