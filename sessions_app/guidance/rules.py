"""The life cycle of a study prompt, and what a committee has done with one topic. Pure."""

from enum import StrEnum

from roster.audit.moves import Move, Moves

MOVES = Moves(
    thing="学习提示",
    labels={"DRAFT": "草稿", "PUBLISHED": "已发布", "CLOSED": "已结束"},
    moves=[
        Move("publish", "发布", ("DRAFT",), "PUBLISHED"),
        Move("close", "结束", ("PUBLISHED",), "CLOSED"),
    ],
)


class TopicState(StrEnum):
    """Where a committee stands with one topic: the cells of the matrix, in order of progress."""

    UNRECEIVED = "未收"
    RECEIVED = "已收"
    PLANNED = "已列入"
    STUDIED = "已学"


def topic_state(*, received: bool, mapped: bool, held: bool) -> TopicState:
    """`mapped`: to a plan item or a session; `held`: that session, or one that closed that plan item, took place."""
    if mapped:
        return TopicState.STUDIED if held else TopicState.PLANNED
    return TopicState.RECEIVED if received else TopicState.UNRECEIVED
