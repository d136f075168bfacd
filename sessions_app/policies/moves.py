"""The life of a period: open, closed, frozen, as one table."""

from roster.audit.moves import Move, Moves

LABELS = {"OPEN": "开放", "CLOSED": "截止", "FROZEN": "冻结"}
MOVES = Moves(
    thing="期间",
    labels=LABELS,
    moves=[
        Move("close", "截止", ("OPEN",), "CLOSED"),
        Move("reopen", "重新开放", ("CLOSED",), "OPEN"),
        Move("freeze", "冻结", ("CLOSED",), "FROZEN"),
        Move("unfreeze", "解冻", ("FROZEN",), "CLOSED"),
    ],
)
