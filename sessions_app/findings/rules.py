"""The life cycle of a finding as one table, and who may not close it. Pure."""

from collections.abc import Iterable

from roster.audit.moves import Move, Moves

MOVES = Moves(
    thing="这个问题",
    labels={
        "RAISED": "待确认", "OPEN": "待整改", "IN_PROGRESS": "整改中", "SUBMITTED": "申请销号", "RETURNED": "退回整改",
        "CLOSED": "已销号", "DISMISSED": "不成立", "LONG_TERM": "长期坚持",
    },
    moves=[
        Move("confirm", "确认", ("RAISED",), "OPEN"),
        Move("dismiss", "判为不成立", ("RAISED",), "DISMISSED"),
        Move("agree_plan", "认可整改措施", ("OPEN",), "IN_PROGRESS"),
        Move("submit", "申请销号", ("IN_PROGRESS", "RETURNED"), "SUBMITTED"),
        Move("withdraw", "撤回申请", ("SUBMITTED",), "IN_PROGRESS"),
        Move("return", "退回整改", ("SUBMITTED",), "RETURNED"),
        Move("close", "销号", ("SUBMITTED",), "CLOSED"),
        Move("keep_up", "转为长期坚持", ("IN_PROGRESS", "SUBMITTED", "RETURNED"), "LONG_TERM"),
        Move("resume", "恢复整改", ("LONG_TERM",), "IN_PROGRESS"),
        Move("reopen", "回头看重开", ("CLOSED",), "IN_PROGRESS"),
    ],
)  # fmt: skip


def closer_reasons(closer: int | None, *, took_part: Iterable[tuple[str, int | None]]) -> list[str]:
    """Why this person may not close: by person, never by role. `took_part`: (what he did, person id)."""
    if closer is None:
        return ["销号须由有人员身份的复核人办理，系统账号不能销号。"]
    did = [word for word, person in took_part if person == closer]
    if did:
        return [f"您是这个问题的{'、'.join(dict.fromkeys(did))}，不能由您销号；请由没有参与整改的复核人办理。"]
    return []
