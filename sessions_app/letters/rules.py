"""The life cycle of a 提醒函, its sentences and what one needs. Pure."""

from collections.abc import Mapping
from datetime import date, timedelta

from roster.audit.moves import Move, Moves

MOVES = Moves(
    thing="提醒函",
    labels={"ISSUED": "已发出", "WITHDRAWN": "已撤销"},
    moves=[Move("withdraw_letter", "撤销", ("ISSUED",), "WITHDRAWN")],
)
DONE = "所列事项均已办结，自动撤销"
NOT_BELOW = "提醒函由主管部门的审核人发给下级单位；本级的事项请直接提醒。"
ANSWER_WORKING_DAYS = 5  # offered; typed over where it does not fit
MOST_LINES = 40
MOST_WORDS = 500
LONGEST = timedelta(days=366)
# What the letter asks for, offered by name; the second is for who was reminded before.
DEMANDS: Mapping[str, str] = {
    "首次提醒": "请高度重视理论学习中心组学习，对照上列事项逐项办理，在期限前办结并录入系统。",
    "再次提醒": "上列事项此前已多次提醒，至今没有办结。请组长过问，查明原因，明确责任人和完成时间，在期限前办结并录入系统。",
}


def number_words(year: int, number: int) -> str:
    """〔2026〕3号."""
    return f"〔{year}〕{number}号"


def issue_refusals(*, lines: int, strangers: int, demand: str, answer_by: date, today: date) -> list[str]:
    """Why a letter cannot be issued. `strangers`: chosen things that are met by now, or another committee's."""
    found = []
    if strangers:
        found.append("所选事项中有的已经办结，或不属于这个委员会。请刷新页面后重新选择。")
    elif not lines:
        found.append("没有选择事项。请至少选择一项未办结的事项。")
    if lines > MOST_LINES:
        found.append(f"一份提醒函最多列 {MOST_LINES} 项，请分成几份。")
    if not demand.strip():
        found.append("没有写要求。请写明要求对方做什么，可以点选现成的写法。")
    if len(demand) > MOST_WORDS:
        found.append(f"要求不超过 {MOST_WORDS} 字。")
    if answer_by <= today:
        found.append("办理期限应晚于今天。")
    elif answer_by > today + LONGEST:
        found.append("办理期限不能超过一年，请核对。")
    return found


def withdraw_refusals(reason: str) -> list[str]:
    if not reason.strip():
        return ["撤销请写明原因。"]
    return ["撤销原因不超过 200 字。"] if len(reason.strip()) > 200 else []
