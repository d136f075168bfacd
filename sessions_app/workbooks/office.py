"""Cells as offices write them: half-years, spans of months, forms for ways, several categories. Pure.

Each reader returns the value and what must be said about it ("" when nothing): a guess is never made in silence.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from roster import outside
from sessions_app.workbooks import rules
from sessions_app.workbooks.rules import Unreadable

ROMAN = {"I": 1, "II": 2, "III": 3, "IV": 4}
HALVES = {"上半年": 1, "下半年": 3}
QUARTERS = {1: "第一季度", 2: "第二季度", 3: "第三季度", 4: "第四季度"}
ONE = r"(\d{1,2}|[一二三四五六七八九十]{1,2})"
SPAN = re.compile(rf"第?{ONE}(?:月份?|季度?)?[-—–―~～至到、,，/和]{{1,2}}第?{ONE}(?:月份?|季度?)")
BARE_SPAN = re.compile(rf"{ONE}[-—–―~～至到、,，/和]{{1,2}}{ONE}")
PART_OF_MONTH = re.compile(r"(.{1,6}月份?)(上旬|中旬|下旬|初|中|底|末|上中旬|中下旬)")
DAY = re.compile(r"(\d{1,2})(?:月|[./])(\d{1,2})[日号]?")
# Words of the forms and of the trade, and the way of study they belong to; "" is none of the six.
WAYS = {
    "集中学习研讨": "研讨交流学", "集体学习研讨": "研讨交流学", "集中研讨": "研讨交流学", "集体研讨": "研讨交流学", "学习研讨": "研讨交流学",
    "专题研讨": "研讨交流学", "交流研讨": "研讨交流学", "研讨交流": "研讨交流学", "研讨": "研讨交流学", "集中学习": "", "集体学习": "",
    "领导带头": "领导带头学", "带头学": "领导带头学", "领学": "领导带头学", "实地调研": "实地调研学", "专题调研": "实地调研学",
    "调研": "实地调研学", "调研学": "实地调研学", "以讲促干": "以讲促干学", "宣讲": "以讲促干学", "现场教学": "现场观摩学",
    "现场观摩": "现场观摩学", "现场学": "现场观摩学", "观摩": "现场观摩学", "线上线下": "线上线下同步学", "线上线下同步": "线上线下同步学",
    "视频学习": "线上线下同步学", "线上学习": "线上线下同步学", "个人自学": "", "自学": "", "专题辅导": "", "专家辅导": "", "辅导报告": "",
    "辅导讲座": "", "专题讲座": "", "专题党课": "", "专题读书班": "", "读书班": "", "第一议题": "",
}  # fmt: skip


def _number(text: str) -> int:
    number = outside.whole(text)
    return rules.chinese_number(text) if number is None else number


def _span(value: Any, most: int) -> tuple[int, int] | None:
    text = rules.squeezed(value)
    found = SPAN.fullmatch(text) or BARE_SPAN.fullmatch(text)
    if not found:
        return None
    first, last = _number(found[1]), _number(found[2])
    if not (1 <= first <= most and 1 <= last <= most) or first > last:
        raise Unreadable(f"应在 1 到 {most} 之间，先小后大，请核对。")
    return first, last


def read_quarter(value: Any) -> tuple[int, str]:
    """第一季度, 二季度, 3, Q4, Ⅳ, 下半年, 一至二季度."""
    text = rules.squeezed(value).upper()
    bare = text.removeprefix("第").removesuffix("季度").removesuffix("季")
    if bare in ROMAN:
        return ROMAN[bare], ""
    if bare in ("一", "二", "三", "四"):
        return _number(bare), ""
    if text in HALVES:
        quarter = HALVES[text]
        return quarter, f"只写了“{text}”，先放在{QUARTERS[quarter]}，月份空着；请核对。"
    if span := _span(value, 4):
        quarter = span[0]
        return quarter, f"写了几个季度（{rules.plain(value)}），先放在{QUARTERS[quarter]}；请核对。"
    return rules.read_whole(value, 1, 4), ""


def read_months(value: Any) -> tuple[tuple[int, int] | None, str]:
    """(first, last) month: 5, 5月, 4—5月, 三月中旬, a date cell. None when no month is said (下半年, 全年)."""
    if isinstance(value, datetime | date):
        return (value.month, value.month), f"写的是日期 {rules.plain(value)}，只记 {value.month} 月。"
    text = rules.squeezed(value)
    if text in HALVES or text in ("全年", "每月", "不定", "待定", "机动"):
        return None, f"“{text}”不是月份，先空着；请核对。"
    if span := _span(value, 12):
        if span[0] == span[1]:
            return span, ""
        return span, f"写的是一段时间（{rules.plain(value)}），月份先空着，只记季度；请核对。"
    if found := PART_OF_MONTH.fullmatch(text):
        month = rules.read_whole(found[1], 1, 12)
        return (month, month), f"“{text}”只记 {month} 月。"
    month = rules.read_whole(value, 1, 12)
    return (month, month), ""


def read_way(value: Any, modes: Mapping[str, Any], *, needed: bool) -> tuple[Any, str]:
    """One of the six ways; words near one are taken for it, words that are none leave the cell empty, both told."""
    text = rules.squeezed(value)
    if text in modes:
        return modes[text], ""
    if text + "学" in modes:
        return modes[text + "学"], ""
    named = [modes[part] for part in re.split(r"[、,，/;；+和]", text) if part in modes]
    if named:
        return named[0], f"写了不止一种（{text}），只记“{_label(named[0], modes)}”。"
    if way := WAYS.get(text):
        return modes[way], f"“{text}”按“{way}”记；不对请改成六种学习方式之一。"
    if needed:
        hint = "它像是学习形式，请写在“学习形式”列。" if text in WAYS else ""
        try:
            return rules.read_choice(value, dict(modes)), ""
        except Unreadable as error:
            raise Unreadable(f"{error}{hint}") from None
    if text in WAYS:
        return None, f"“{text}”不是六种学习方式之一，先空着；请核对。"
    return rules.read_choice(value, dict(modes)), ""


def _label(value: Any, words: Mapping[str, Any]) -> str:
    return next(word for word, meaning in words.items() if meaning == value)


def read_categories(value: Any, labels: Mapping[str, int]) -> tuple[int, str]:
    """1 to 9, the words, both (1.指导思想), a part of the words, or several: the first is taken and it is said."""
    text = rules.squeezed(value)
    if text in labels:
        return labels[text], ""
    parts = [part for part in re.split(r"[、,，/;；和]", text) if part]
    if len(parts) > 1 and all(re.fullmatch(r"第?\d类?", part) for part in parts):
        first = _category(parts[0])
        return first, f"写了几类（{text}），只记第 {first} 类；请核对。"
    if len(text) > 2 and outside.whole(text[0]) and outside.whole(text[1]) is None:
        return _category(text[0]), ""
    near = [number for label, number in labels.items() if len(text) >= 2 and text in rules.squeezed(label)]
    if len(near) == 1:
        return near[0], f"“{text}”按“{_label(near[0], labels)}”记；请核对。"
    return _category(text), ""


def _category(text: str) -> int:
    try:
        return rules.read_whole(text, 1, 9)
    except Unreadable:
        raise Unreadable("应为 1 到 9（九类学习内容），请核对。") from None


def read_day(value: Any, epoch: datetime, year: int | None) -> date:
    """As `rules.read_date`; a day without a year takes the sheet's, where the sheet says one."""
    text = rules.squeezed(value) if isinstance(value, str) else ""
    if year and (found := DAY.fullmatch(text)):
        try:
            return date(year, int(found[1]), int(found[2]))
        except ValueError:
            raise Unreadable(f"没有 {year}年{found[1]}月{found[2]}日 这一天，请核对日期。") from None
    if DAY.fullmatch(text) or re.fullmatch(r"\d{1,2}月", text):
        raise Unreadable("没有写年份，请写成 2026-03-05 的样子。")
    if re.fullmatch(r"\d{4}[年./-]\d{1,2}月?", text):
        raise Unreadable("只有年月，没有日，请写成 2026-03-05 的样子。")
    if text in ("至今", "现任", "在任"):
        raise Unreadable(f"“{text}”不是日期；还在任的请空着。")
    return rules.read_date(value, epoch)


NOTE = re.compile(
    r"(注|备注|附注|说明|填表说明|填报说明|填表人|填报人|制表人|审核人|联系人|联系电话|单位负责人|填报单位|填报日期|填报时间|制表日期)[:：1一].*|注.{0,2}[:：].*"
)
SUMS = ("合计", "总计", "小计", "共计")
SAMPLE = "示例"


def why_skipped(values: list[Any], *, leftmost: bool) -> str:
    """Why a row under the heading is no row of data; "" when it is one.

    `values`: its filled cells, from the left; `leftmost`: the first of them stands in the first column.
    """
    texts = [rules.squeezed(value) for value in values]
    texts = [text for text in texts if text]
    if not texts:
        return ""
    if texts[0].startswith(SAMPLE) or SAMPLE in texts:
        return "示例行，没有读取。"
    if texts[0].rstrip(":：") in SUMS:
        return "合计行，没有读取。"
    if len(texts) == 1 and (NOTE.fullmatch(texts[0][:400]) or leftmost and len(texts[0]) > 30):
        return "像是说明文字，没有读取。"
    if NOTE.fullmatch(texts[0][:400]) and len(texts) <= 4:
        return "像是填表说明，没有读取。"
    return ""
