"""The life cycles of a round, a visit and its feedback, as tables. Pure."""

from roster.audit.moves import Move, Moves

ROUND_MOVES = Moves(
    thing="批次",
    labels={"DRAFT": "编排", "OPEN": "进行中", "CLOSED": "已结束"},
    moves=[Move("open", "下达", ("DRAFT",), "OPEN"), Move("close", "结束", ("OPEN",), "CLOSED")],
)
VISIT_LABELS = {
    "PROPOSED": "拟派", "ASSIGNED": "已派", "ACCEPTED": "已接受", "DECLINED": "谢绝", "REVIEWED": "会前审核",
    "OBSERVED": "已旁听", "FEEDBACK_PENDING": "反馈待审", "FED_BACK": "已反馈", "ACKNOWLEDGED": "单位已签收",
    "CLOSED": "办结", "CANCELLED": "取消",
}  # fmt: skip
BEFORE = ("PROPOSED", "ASSIGNED", "ACCEPTED", "REVIEWED")
VISIT_MOVES = Moves(
    thing="这次旁听",
    labels=VISIT_LABELS,
    moves=[
        Move("assign", "派出", ("PROPOSED",), "ASSIGNED"),
        Move("reassign", "改派", ("ASSIGNED", "ACCEPTED"), "ASSIGNED"),
        Move("accept", "接受", ("ASSIGNED",), "ACCEPTED"),
        Move("decline", "谢绝", ("ASSIGNED", "ACCEPTED"), "DECLINED"),
        Move("review", "完成会前审核", ("ACCEPTED",), "REVIEWED"),
        Move("observe", "登记已旁听", ("ACCEPTED", "REVIEWED"), "OBSERVED"),
        Move("submit_feedback", "提交反馈意见", ("OBSERVED",), "FEEDBACK_PENDING"),
        Move("return_feedback", "退回反馈意见", ("FEEDBACK_PENDING",), "OBSERVED"),
        Move("issue_feedback", "发出反馈意见", ("FEEDBACK_PENDING",), "FED_BACK"),
        Move("acknowledge", "签收", ("FED_BACK",), "ACKNOWLEDGED"),
        Move("close", "办结", ("ACKNOWLEDGED",), "CLOSED"),
        Move("cancel", "取消", BEFORE, "CANCELLED"),
    ],
)
FEEDBACK_MOST = 500  # characters of the three parts together


def feedback_length(*parts: str) -> int:
    """Characters without white space, as the letter's limit counts them."""
    return sum(len("".join(part.split())) for part in parts)


def lateness_words(left: int, needed: int) -> str:
    """What is said when a unit is told of a visit with fewer working days ahead than the local rule asks."""
    if left >= needed:
        return ""
    if left < 0:
        return f"学习日已过 {-left} 个工作日，规定提前 {needed} 个工作日通知；已如实记录。"
    return f"距学习日只有 {left} 个工作日，规定提前 {needed} 个工作日通知；已如实记录。"
