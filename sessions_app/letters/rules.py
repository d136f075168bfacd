"""The life cycle of a 提醒函, and its sentences. Pure."""

from roster.audit.moves import Move, Moves

MOVES = Moves(
    thing="提醒函",
    labels={"ISSUED": "已发出", "WITHDRAWN": "已撤销"},
    moves=[Move("withdraw_letter", "撤销", ("ISSUED",), "WITHDRAWN")],
)
DONE = "所列事项均已办结，自动撤销"
