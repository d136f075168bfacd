"""The life cycle of a study prompt, what it needs, and what a committee has done with one topic. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Any

from roster.audit.moves import Move, Moves
from sessions_app.policies.rules import period_last_day

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


TITLE_LIMIT, TEXT_LIMIT = 120, 200
TOPICS_AT_MOST, READINGS_AT_MOST = 12, 40
QUARTER_WORDS = {1: "第一季度", 2: "第二季度", 3: "第三季度", 4: "第四季度"}
STARTED_STAGES = ("HELD", "ARCHIVED", "CANCELLED")


def quarter_span(year: int, quarter: int) -> tuple[date, date]:
    """First and last day of a quarter."""
    return date(year, quarter * 3 - 2, 1), period_last_day(year, quarter)


def _rows(texts: Sequence[str], what: str, at_most: int) -> list[str]:
    """What is wrong with ordered rows of short text: empty, too long, twice, too many."""
    found, seen = [], set()
    for place, text in enumerate((text.strip() for text in texts), start=1):
        if not text:
            found.append(f"第 {place} 条{what}没有文字，请填写或删去这一行。")
        elif len(text) > TEXT_LIMIT:
            found.append(f"第 {place} 条{what}超过 {TEXT_LIMIT} 字，请缩短。")
        elif text in seen:
            found.append(f"{what}“{text[:30]}”写了两遍，请删去一行。")
        seen.add(text)
    if len(texts) > at_most:
        found.append(f"{what}最多 {at_most} 条，现有 {len(texts)} 条，请合并。")
    return found


def draft_problems(
    *, title: str, year: int, quarter: int, topics: Sequence[str], readings: Sequence[Mapping[str, Any]],
    releases: Sequence[str], consulted: Sequence[str], departments: Sequence[str],
) -> list[str]:  # fmt: skip
    """What keeps a draft from being saved. A draft may still lack a part: publishing may not."""
    wrong = []
    if not title.strip():
        wrong.append("缺少标题，请填写。")
    elif len(title.strip()) > TITLE_LIMIT:
        wrong.append(f"标题超过 {TITLE_LIMIT} 字，请缩短。")
    if quarter not in QUARTER_WORDS or not 2000 <= year <= 2100:
        wrong.append("请选择年度和季度。")
    wrong += _rows(topics, "学习主题", TOPICS_AT_MOST)
    wrong += _rows([str(row.get("title") or "") for row in readings], "学习篇目", READINGS_AT_MOST)
    if any((row.get("release_type") or releases[0]) not in releases for row in readings):
        wrong.append("学习篇目的发布方式不在列表之内，请重新选择。")
    if set(consulted) - set(departments):
        wrong.append("会商部门不在列表之内，请重新选择。")
    return wrong


def publish_problems(*, topics: int, focus: str, outcomes: str, year: int, quarter: int, today: date) -> list[str]:
    """Everything that keeps a draft from being published, at once: the three parts, and a quarter that is not over."""
    wrong = []
    if not topics:
        wrong.append("还没有学习主题，请至少写一条。")
    if not focus.strip():
        wrong.append("“研讨重点”还是空的，请填写。")
    if not outcomes.strip():
        wrong.append("“成果转化”还是空的，请填写。")
    if quarter_span(year, quarter)[1] < today:
        wrong.append(f"{year}年{QUARTER_WORDS[quarter]}已经过去，请改为当前或以后的季度。")
    return wrong


def receive_problems(*, stage: str, above: bool, active: bool, name: str) -> list[str]:
    """Why a committee cannot receive a prompt or take up its topics. `above`: it is published to this committee."""
    if not above:
        return [f"这份学习提示没有发给{name}，不用签收。"]
    if stage == "DRAFT":
        return ["学习提示还没有发布，不能签收。"]
    if stage == "CLOSED":
        return ["学习提示已经结束，不能再签收或改落实；已有的记录不变。"]
    return [] if active else [f"{name}已停用，不能签收。"]


def item_problems(*, own: bool, in_force: bool, year: int, item_year: int) -> list[str]:
    """Why a plan item is no answer to a topic of a prompt of `year`."""
    if not own:
        return ["所选计划条目不是本委员会的，请重新选择。"]
    if item_year != year:
        return [f"所选计划条目属于 {item_year} 年，请选 {year} 年度计划中的条目。"]
    return [] if in_force else ["所选计划条目不在现行的年度计划中（计划已调整），请重新选择。"]


def session_problems(*, takes_part: bool, stage: str, counted: bool, day: date, since: date) -> list[str]:
    """Why a session is no answer to a topic. `since`: the first day of the prompt's quarter."""
    wrong = []
    if not takes_part:
        return ["本委员会没有参加所选的学习场次，请重新选择。"]
    if stage == "CANCELLED":
        wrong.append("所选的学习场次已取消，请重新选择。")
    if not counted:
        wrong.append("“第一议题”不算集体学习研讨，请选集体学习的场次。")
    if day < since:
        wrong.append(f"所选的学习场次在 {since.month}月{since.day}日以前，请选本季度以来的场次。")
    return wrong


def reading_problems(*, is_host: bool, stage: str) -> list[str]:
    """Why the reading list cannot be put among a session's materials."""
    if not is_host:
        return ["学习资料由主办单位登记，请不要勾选“带入学习资料”。"]
    if stage in STARTED_STAGES:
        return ["这场学习已经召开或取消，学习资料不再改，请不要勾选“带入学习资料”。"]
    return []


def new_titles(wanted: Sequence[str], present: Sequence[str]) -> list[str]:
    """The titles of `wanted` that are not among `present` yet, book-title marks and spaces apart."""

    def bare(title: str) -> str:
        return "".join(title.split()).strip("《》〈〉“”")

    known = {bare(title) for title in present}
    found = []
    for title in wanted:
        if bare(title) not in known:
            known.add(bare(title))
            found.append(title)
    return found


def consulted_warning(missing: Sequence[str]) -> str:
    """A sentence when not all of the coordination group were consulted: said before publishing, blocks nothing."""
    return f"还没有会商：{'、'.join(missing)}。" if missing else ""
