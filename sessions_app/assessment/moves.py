"""The life of an assessment and of an objection, as tables."""

from roster.audit.moves import Move, Moves

ASSESSMENT_LABELS = {"RULES": "规则发布", "SELF": "自评", "REVIEW": "复核", "PUBLIC": "公示", "FINAL": "定稿"}
OBJECTION_LABELS = {"ASKED": "待复议", "UPHELD": "维持", "CHANGED": "改分"}
MOVES = Moves(
    thing="这次考核",
    labels=ASSESSMENT_LABELS,
    moves=[
        Move("open_self", "发起自评", ("RULES",), "SELF"),
        Move("start_review", "转入复核", ("SELF",), "REVIEW"),
        Move("publish", "公示", ("REVIEW",), "PUBLIC"),
        Move("finalise", "定稿", ("PUBLIC",), "FINAL"),
    ],
)
OBJECTION_MOVES = Moves(
    thing="这份申诉",
    labels=OBJECTION_LABELS,
    moves=[Move("uphold", "维持", ("ASKED",), "UPHELD"), Move("change", "改分", ("ASKED",), "CHANGED")],
)
# What may be done while the assessment stays in its stage, and how a refusal calls it.
WITHIN: dict[str, tuple[str, tuple[str, ...]]] = {
    "compute": ("核算", ("RULES", "SELF", "REVIEW")),
    "save_counts": ("填写人工计数", ("RULES", "SELF", "REVIEW")),
    "save_self": ("填写自评", ("SELF",)),
    "submit_self": ("提交自评", ("SELF",)),
    "verify": ("复核评分", ("REVIEW",)),
    "ask_bonus": ("申请加分", ("SELF", "REVIEW")),
    "decide_bonus": ("核定加分", ("SELF", "REVIEW")),
    "object_to": ("申诉", ("PUBLIC",)),
    "decide_objection": ("复议", ("PUBLIC",)),
}


def refusal(stage: str, verb: str) -> str:
    """A sentence when `verb` of WITHIN is not for this stage, else empty."""
    label, stages = WITHIN[verb]
    if stage in stages:
        return ""
    where = "、".join(f"“{ASSESSMENT_LABELS[one]}”" for one in stages)
    return f"这次考核现在是“{ASSESSMENT_LABELS[stage]}”，不能{label}；只有{where}时可以。请刷新页面核对。"
