"""The feedback letter: its moves, its length, what it needs, and how a remark is cut into findings. Pure."""

from roster.audit.moves import Move, Moves
from sessions_app.visits.rules import FEEDBACK_MOST, VISIT_LABELS, feedback_length

MOVES = Moves(
    thing="反馈意见",
    labels={"DRAFT": "草稿", "SUBMITTED": "待审", "RETURNED": "退回", "ISSUED": "已反馈", "ACKNOWLEDGED": "已签收"},
    moves=[
        Move("submit", "提交", ("DRAFT", "RETURNED"), "SUBMITTED"),
        Move("return", "退回", ("SUBMITTED",), "RETURNED"),
        Move("issue", "发出", ("SUBMITTED",), "ISSUED"),
        Move("acknowledge", "签收", ("ISSUED",), "ACKNOWLEDGED"),
    ],
)
PARTS = ("overall", "highlights", "problems")
ADVICE = "advice"
PART_WORDS = {"overall": "总体评价", "highlights": "特色亮点", "problems": "存在问题", ADVICE: "意见建议"}
REPLY_MOST = 500
ADVICE_MOST = 500


def clean(text: str) -> str:
    """Line ends of one kind, no blanks at the end of a line, none around the text."""
    return "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")).strip()


def write_refusals(*, visit_stage: str, is_observer: bool) -> list[str]:
    found = []
    if visit_stage in ("FED_BACK", "ACKNOWLEDGED", "CLOSED"):
        found.append("反馈意见已经发出，正文不能再改；单位的回复写在旁边。")
    elif visit_stage == "FEEDBACK_PENDING":
        found.append("反馈意见正在审核，不能修改；需要修改请审核人退回。")
    elif visit_stage != "OBSERVED":
        found.append(f"这次旁听现在是“{VISIT_LABELS[visit_stage]}”，旁听之后才能写反馈意见。")
    if not is_observer:
        found.append("反馈意见由这次旁听的旁听人撰写和提交。")
    return found


def too_many(*parts: str) -> int:
    """Characters above the limit of the three parts together; 0 when they fit."""
    return max(feedback_length(*parts) - FEEDBACK_MOST, 0)


def submit_refusals(*, overall: str, highlights: str, problems: str) -> list[str]:
    parts = {"overall": overall, "highlights": highlights, "problems": problems}
    found = [f"请写{PART_WORDS[name]}，没有的请填“无”。" for name, text in parts.items() if not text.strip()]
    if over := too_many(overall, highlights, problems):
        found.append(f"三部分合计最多 {FEEDBACK_MOST} 字，现在 {FEEDBACK_MOST + over} 字，超出 {over} 字，请精简。")
    return found


def reply_refusals(*, visit_stage: str, text: str) -> list[str]:
    found = []
    if visit_stage == "FED_BACK":
        found.append("请先签收，再回复。")
    elif visit_stage == "CLOSED":
        found.append("这次旁听已办结，回复不能再改。")
    elif visit_stage != "ACKNOWLEDGED":
        found.append("反馈意见还没有发出，不能回复。")
    if not text.strip():
        found.append("请填写回复。")
    elif (size := feedback_length(text)) > REPLY_MOST:
        found.append(f"回复最多 {REPLY_MOST} 字，现在 {size} 字，超出 {size - REPLY_MOST} 字，请精简。")
    return found


def remarks(problems: str) -> list[str]:
    """存在问题, one remark a paragraph; 无 is none."""
    lines = [line.strip() for line in problems.splitlines()]
    return [line for line in lines if line and line.rstrip("。.") not in ("无", "没有", "暂无")]
