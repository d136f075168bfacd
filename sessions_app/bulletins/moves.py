"""The life cycle of a bulletin as one table. Pure."""

from roster.audit.moves import Move, Moves

MOVES = Moves(
    thing="学情通报",
    labels={"DRAFT": "编制", "FROZEN": "数据冻结", "CHECKING": "核稿", "CHECKED": "待签发", "ISSUED": "已签发"},
    moves=[
        Move("freeze", "冻结数据", ("DRAFT",), "FROZEN"),
        Move("thaw", "解冻", ("FROZEN",), "DRAFT"),
        Move("submit", "送核稿", ("FROZEN",), "CHECKING"),
        Move("check", "核稿通过", ("CHECKING",), "CHECKED"),
        Move("send_back", "退回修改", ("CHECKING", "CHECKED"), "FROZEN"),
        # The compilers take it back themselves; a check that was given is void, and the record says so.
        Move("take_back", "撤回修改", ("CHECKING", "CHECKED"), "FROZEN"),
        Move("sign", "签发", ("CHECKED",), "ISSUED"),
    ],
)
WRITABLE = ("DRAFT", "FROZEN")
