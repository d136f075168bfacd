"""Life cycle of a correction, and what one needs: plain values only."""

from typing import Any

from roster.audit.moves import Move, Moves

MOVES = Moves(
    thing="这次更正",
    labels={"ASKED": "申请", "LEADER_AGREED": "待宣传部同意", "AGREED": "同意", "REFUSED": "不同意"},
    moves=[
        Move("agree", "同意", ("ASKED",), "AGREED"),
        # After the year is closed the leader's word is not enough.
        Move("pass_on", "同意", ("ASKED",), "LEADER_AGREED"),
        Move("refuse", "不同意", ("ASKED",), "REFUSED"),
        Move("countersign", "会签", ("LEADER_AGREED",), "AGREED"),
        Move("refuse_countersign", "不同意", ("LEADER_AGREED",), "REFUSED"),
    ],
)


def ask_refusals(*, locked: bool, reason: str, evidence: str, changes: int, of_session: bool = True) -> list[str]:
    """Why a correction cannot be asked for. `locked`: archived, or of a period that is closed."""
    found = []
    if not locked and of_session:
        found.append("这场学习还没有归档，请直接修改，不用申请更正。")
    elif not locked:
        found.append("所在的季度和年度都还开放，请直接修改，不用申请更正。")
    if not reason.strip():
        found.append("请写明更正理由。")
    if not evidence.strip():
        found.append("请写明依据，如 请假条、签到表原件。")
    if len(reason) > 300 or len(evidence) > 300:
        found.append("更正理由和依据各不超过 300 字。")
    if not changes:
        found.append("没有任何改动，请先改好需要更正的内容。")
    return found


def shown_mark(mark: dict[str, Any], labels: dict[str, str]) -> str:
    """请假（病假：住院）, 出席（迟到）, 未记."""
    status = labels.get(mark.get("status") or "", "未记")
    extra = [word for word, key in (("迟到", "late"), ("早退", "early")) if mark.get(key)]
    if mark.get("reason"):
        extra.append(mark["reason"])
    return f"{status}（{'、'.join(extra)}）" if extra else status
