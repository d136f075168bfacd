"""What a bulletin needs, how long it may be, how it is numbered, who may not do two steps of it. Pure."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

OUTLINE = ("一、总体情况", "二、主要做法和亮点", "三、存在问题", "四、下步要求")
QUARTER_WORDS = {1: "第一季度", 2: "第二季度", 3: "第三季度", 4: "第四季度"}
TITLE_LIMIT, LINE_LIMIT, MARK_LIMIT, REASON_LIMIT = 120, 300, 20, 300
CARD_TITLE_LIMIT, CARD_TEXT_LIMIT, CARDS_AT_MOST = 80, 600, 12
BODY_LIMIT = 200_000
WIDE = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u303f\U00020000-\U0003ffff“”‘’—…·]")
WORDS = re.compile(r"[^\s]+")


def period_words(year: int, quarter: int) -> str:
    """2026年第三季度; 2026年度."""
    return f"{year}年{QUARTER_WORDS[quarter]}" if quarter else f"{year}年度"


def default_title(name: str, year: int, quarter: int) -> str:
    return f"{name}{period_words(year, quarter)}理论学习中心组学情通报"


def issue_words(year: int, issue: int) -> str:
    """2026年第2期."""
    return f"{year}年第{issue}期"


def document_words(mark: str, year: int, number: int | None) -> str:
    """云宣通〔2026〕3号; without a number yet the place for it; nothing without a mark."""
    return f"{mark}〔{year}〕{number or '　'}号" if mark else ""


def outline() -> str:
    """The body a new bulletin starts with."""
    return "".join(f"<h2>{chapter}</h2><p></p>" for chapter in OUTLINE)


def length(text: str) -> int:
    """Characters as Word counts 字数: each Chinese character or mark is one, each run of other signs is one."""
    wide = len(WIDE.findall(text))
    return wide + len(WORDS.findall(WIDE.sub(" ", text)))


def length_warning(count: int, limit: int) -> str:
    """A sentence when the text is too long: said, blocks nothing."""
    if count <= limit:
        return ""
    return f"正文 {count:,} 字，超过 {limit:,} 字的上限 {count - limit:,} 字，请压缩；不影响送核稿。"


def period_problems(year: int, quarter: int, this_year: int) -> list[str]:
    if quarter not in (0, 1, 2, 3, 4) or not 2000 <= year <= this_year:
        return ["请选择年度和季度；还没有到的年度不能编制。"]
    return []


def save_problems(
    *, title: str, to: str, copies: str, mark: str, size: int, annexes: Sequence[str], kinds: Sequence[str],
    cards: Sequence[Mapping[str, Any]], modes: Sequence[str],
) -> list[str]:  # fmt: skip
    """What keeps a text from being saved, all at once. `size`: characters of the body's HTML."""
    wrong = []
    if not title.strip():
        wrong.append("缺少标题，请填写。")
    elif len(title.strip()) > TITLE_LIMIT:
        wrong.append(f"标题超过 {TITLE_LIMIT} 字，请缩短。")
    for name, text in (("主送", to), ("抄送", copies)):
        if len(text.strip()) > LINE_LIMIT:
            wrong.append(f"{name}超过 {LINE_LIMIT} 字，请缩短。")
    if len(mark.strip()) > MARK_LIMIT:
        wrong.append(f"发文代字超过 {MARK_LIMIT} 字，请缩短。")
    if size > BODY_LIMIT:
        wrong.append("正文太长，不能保存。请把大段资料改为附件。")
    if set(annexes) - set(kinds) or len(set(annexes)) != len(annexes):
        wrong.append("附件不在列表之内，或选了两遍，请重新选择。")
    if len(cards) > CARDS_AT_MOST:
        wrong.append(f"创新做法最多 {CARDS_AT_MOST} 条，现有 {len(cards)} 条，请精选。")
    for place, card in enumerate(cards, start=1):
        if not card["title"].strip() or not card["text"].strip():
            wrong.append(f"第 {place} 条创新做法缺标题或内容，请补上或删去。")
        if len(card["title"].strip()) > CARD_TITLE_LIMIT or len(card["text"].strip()) > CARD_TEXT_LIMIT:
            wrong.append(
                f"第 {place} 条创新做法太长：标题不超过 {CARD_TITLE_LIMIT} 字，内容不超过 {CARD_TEXT_LIMIT} 字。"
            )
        if card["mode"] not in modes:
            wrong.append(f"第 {place} 条创新做法没有选类别，请在六类中选一类。")
    return wrong


def reason_problems(reason: str, what: str) -> list[str]:
    if not reason.strip():
        return [f"{what}请写明原因。"]
    return [f"原因不超过 {REASON_LIMIT} 字。"] if len(reason.strip()) > REASON_LIMIT else []


def submit_problems(
    *, chapters: Sequence[tuple[str, int]], to: str, mismatches: int, accepted: bool, reason: str
) -> list[str]:
    """Why it cannot go to the checker. `chapters`: heading and how much stands under it ("" is text before the first).

    Numbers that differ from the snapshot warn: whoever keeps them says why.
    """
    wrong = []
    if not any(size for _, size in chapters):
        wrong.append("正文还是空的，请先撰写。")
    else:
        empty = [name for name, size in chapters if name and not size]
        wrong += [f"“{name}”下面还没有内容，请撰写或删去这一章。" for name in empty]
    if not to.strip():
        wrong.append("没有写主送单位，请填写。")
    if mismatches and not accepted:
        wrong.append(f"正文中有 {mismatches} 处数字与冻结的数据不一致，请核对；确认无误的，勾选“保留”并写明原因。")
    elif mismatches:
        wrong += reason_problems(reason, f"保留 {mismatches} 处与冻结数据不一致的数字，")
    return wrong


def until_words(last: date, *, cut: bool) -> str:
    """（至8月30日） behind the name of a period that is cut off, nothing behind another."""
    return f"（至{last.month}月{last.day}日）" if cut else ""


def early_words(last: date, today: date) -> str:
    """What freezing before the last day of the period means; empty on the last day and later."""
    if today >= last:
        return ""
    return (
        f"本期到{last.month}月{last.day}日才结束，现在冻结，数据只到{today.month}月{today.day}日，之后的学习不计入本期；"
        "与上期比较取同样的天数。"
    )


def hand_problems(*, person: bool, compiled: bool, checked: bool, doing: str) -> list[str]:
    """Three hands: who wrote does not check, who wrote or checked does not sign."""
    if not person:
        return [f"这个账号没有对应的人员，不能{doing}。"]
    if compiled:
        return [f"您参与了这期通报的编制，{doing}须由另一位同志办理。"]
    return [f"这期通报由您核稿，{doing}须由第三位同志办理。"] if checked else []


def receive_problems(*, issued: bool, below: bool, active: bool, name: str) -> list[str]:
    if not issued:
        return ["学情通报还没有签发，不能签收。"]
    if not below:
        return [f"这期学情通报没有发给{name}，不用签收。"]
    return [] if active else [f"{name}已停用，不能签收。"]


CHANGED_AFTER_CHECK = "核稿之后内容又有变动，原核稿意见作废，请退回后重新送核稿。"
FREEZE_FIRST = "没有冻结的数据，请先冻结。"


# ------------------------------------------------------------------------------------- one figure of the snapshot
def fact(facts: Mapping[str, Any] | None, key: str, of: str = "") -> Any:
    """The value under `key` of the whole, or of the committee with the code `of`; None where there is none.

    `sessions_by_mode.现场观摩学` looks into a table, `previous.presence_rate` into the period before.
    """
    if not facts:
        return None
    place: Any = facts
    if key.startswith("previous."):
        place, key = facts.get("previous") or {}, key.removeprefix("previous.")
    if of:
        place = next((row for row in place.get("committees", ()) if row["code"] == of), {})
    place = place.get("figures", {})
    for step in key.split("."):
        place = place.get(step) if isinstance(place, Mapping) else None
    return None if isinstance(place, Mapping) else place


def printed(facts: Mapping[str, Any] | None, key: str, of: str = "") -> str:
    """A figure as it stands in the text: 91.2%, 36, 646.3; "" for one that is not there or not known."""
    value = fact(facts, key, of)
    if value is None:
        return ""
    if key.endswith("_rate"):
        return f"{(Decimal(str(value)) * 100).quantize(Decimal('0.1'), ROUND_HALF_UP)}%"
    short = Decimal(str(value)).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return str(int(short)) if short == int(short) else str(short)
