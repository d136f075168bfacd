"""Life cycle of minutes, and what they lack before they may be submitted or filed away."""

from collections.abc import Iterable, Sequence

from roster.audit.moves import Move, Moves

MOVES = Moves(
    thing="学习记录",
    labels={"DRAFT": "草稿", "SUBMITTED": "待审签", "APPROVED": "已审签", "RETURNED": "退回"},
    moves=[
        Move("submit", "提交审签", ("DRAFT", "RETURNED"), "SUBMITTED"),
        Move("send_back", "退回", ("SUBMITTED",), "RETURNED"),
        Move("approve", "审签", ("SUBMITTED",), "APPROVED"),
        # The roll changed under a text already submitted or signed: it is read and signed once more.
        Move("void", "撤回审签", ("SUBMITTED", "APPROVED"), "RETURNED"),
    ],
)
WRITABLE = ("DRAFT", "RETURNED")
ROLL_CHANGED = "考勤有改动，请核对出席、请假、缺席名单后重新提交审签。"


def missing(
    *, texts: Iterable[tuple[str, str]], summary: str, unsaved_rolls: Sequence[str] = (),
    unmarked: Sequence[tuple[str, int]] = (), without_reason: Sequence[str] = (),
    spoken_away: Sequence[tuple[str, str, str]] = (), place: str, chair: str, recorder: str,
) -> list[str]:  # fmt: skip
    """All that keeps minutes from being submitted, in the order of the page.

    `texts`: (heading, text) of every agenda item and keynote speech; 无 is an answer, empty is not.
    `unsaved_rolls`: committees; `unmarked`: (committee, members); `without_reason`: names (domain.md 3.2).
    `spoken_away`: (speaker, 请假 or 缺席, kind of speech) of those who are said to have spoken and were not there.
    """
    found = [f"{name}还没有保存考勤" for name in unsaved_rolls]
    found += [f"{name}还有 {count} 人未记考勤" for name, count in unmarked if name not in unsaved_rolls]
    found += [f"{name}没有到会，还缺事由" for name in without_reason]
    found += [f"{name}{word}，{kind}发言请改为书面发言，没有材料的请删去" for name, word, kind in spoken_away]
    found += [
        f"缺{word}"
        for word, value in (("学习地点", place), ("主持人", chair), ("记录人", recorder))
        if not value.strip()
    ]
    found += [f"“{heading}”还没有内容，没有的请填“无”" for heading, text in texts if not text.strip()]
    if not summary.strip():
        found.append("缺主持人总结")
    return found


def archive_missing(
    *, minutes_stage: str | None, agenda: int, unmarked: Sequence[tuple[str, int]], unsaved_rolls: Sequence[str],
    speeches_open: Sequence[tuple[str, str]], invitations: Sequence[str],
) -> list[str]:  # fmt: skip
    """The archive checklist. `speeches_open`: (speaker, stage label); `invitations`: committees that have not answered."""
    found = []
    if minutes_stage is None:
        found.append("学习记录还没有写")
    elif minutes_stage != "APPROVED":
        found.append(f"学习记录还是“{MOVES.labels[minutes_stage]}”，要先审签")
    if not agenda:
        found.append("没有议程，请在方案里补上")
    found += [f"{name}还没有保存考勤" for name in unsaved_rolls]
    found += [f"{name}还有 {count} 人未记考勤" for name, count in unmarked if name not in unsaved_rolls]
    found += [f"{name}的发言还是“{stage}”，请先办结" for name, stage in speeches_open]
    found += [f"{name}还没有答复联组邀请，请先请其答复或撤回邀请" for name in invitations]
    return found
