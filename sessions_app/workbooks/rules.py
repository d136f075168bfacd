"""What a workbook may say: sheets and headings, and how a cell as offices write it becomes a value. Pure."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

WINDOWS_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001  Excel counts days from here, without a zone


@dataclass(frozen=True)
class Column:
    heading: str
    required: bool = False
    hint: str = ""
    width: int = 14

    @property
    def label(self) -> str:
        return f"{self.heading}*" if self.required else self.heading


@dataclass(frozen=True)
class Sheet:
    name: str
    columns: tuple[Column, ...]
    more: tuple[Column, ...] = ()  # what the pages ask besides; never required

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(column.heading for column in self.columns if column.required)


Given = tuple[str, int] | tuple[str, int, str]


def _columns(*columns: Given) -> tuple[Column, ...]:
    made = []
    for column in columns:
        heading = column[0]
        made.append(Column(heading.rstrip("*"), heading.endswith("*"), column[2] if len(column) > 2 else "", column[1]))
    return tuple(made)


def _sheet(name: str, *columns: Given) -> Sheet:
    return Sheet(name, _columns(*columns), _columns(*MORE.get(name, ())))


# Columns after the given ones: what the pages ask and the offices' own table has no room for.
MORE: dict[str, tuple[Given, ...]] = {
    "委员会": (("参照执行", 9, "是/否"),),
    "成员": (("第一责任人", 10, "是/否"), ("变动原因", 16)),
    "年度计划": (
        ("学习篇目", 30), ("主持人", 12), ("责任部门", 14), ("调研题目", 24), ("备注", 20),
        ("学习目标", 30, "全年的，写在第一行"), ("学习要求", 30, "全年的，写在第一行"),
    ),
    "学习场次": (
        ("学习形式", 12, "集体学习研讨/专题读书班/专家辅导/现场教学/专题调研/第一议题"), ("内容类别", 10, "1-9"), ("记录人", 10),
        ("联系人", 12), ("会前自学要求", 30), ("请假规定", 20), ("扩大学习", 9, "是/否"),
        ("学习篇目", 40, "一行一篇：篇目｜发布方式｜发送日期"), ("议程", 40, "一行一项：环节｜内容｜负责人｜分钟"),
        ("列席人员", 30, "一行一人：姓名｜单位及职务｜外请报告人"), ("各时段", 30, "一行一段：日期｜开始｜结束｜天数"),
    ),
    "考勤": (
        ("时段", 6, "多天的学习写第几段"), ("迟到", 6, "是/否"), ("早退", 6, "是/否"), ("补学日期", 12), ("补学方式", 14),
        ("补学内容", 30), ("学习体会", 30),
    ),
    "发言": (("提纲或全文", 40), ("联系实际", 30), ("对策建议", 30)),
}  # fmt: skip


_ALL = (
    _sheet(
        "委员会", ("编码*", 10), ("名称*", 34), ("简称", 16), ("类型*", 10, "党委/党组/党工委/机关"), ("层级", 8, "市级/县级/乡镇"),
        ("上级编码", 10), ("排序", 6), ("启用日期", 12), ("停用日期", 12),
    ),
    _sheet("人员", ("人员编码*", 12), ("姓名*", 12), ("手机", 14), ("邮箱", 24)),
    _sheet(
        "成员", ("委员会编码*", 12), ("人员编码*", 12), ("组内职务*", 10, "组长/副组长/成员"), ("党政职务", 24), ("排名", 6),
        ("起始日期*", 12), ("结束日期", 12),
    ),
    _sheet("学习秘书", ("委员会编码*", 12), ("人员编码*", 12), ("起始日期*", 12), ("结束日期", 12)),
    _sheet("专家", ("人员编码*", 12), ("工作单位", 24), ("研究领域", 24, "用顿号隔开，如 经济、党建"), ("起始日期*", 12), ("结束日期", 12)),
    _sheet(
        "年度计划", ("委员会编码*", 12), ("年度*", 8), ("序号*", 6), ("季度*", 6), ("月份", 6), ("专题*", 44),
        ("内容类别*", 10, "1-9"), ("学习方式", 14, "六学之一"), ("重点发言人", 20), ("预期成果", 20),
    ),
    _sheet(
        "学习场次", ("委员会编码*", 12), ("年度*", 8), ("期次*", 6), ("日期*", 12), ("开始时间", 9), ("结束时间", 9), ("天数", 6),
        ("地点", 18), ("主题*", 44), ("学习方式*", 14), ("主持人", 10), ("计划序号", 9), ("状态*", 9, "已召开/取消"), ("补录事由", 20),
    ),
    _sheet(
        "考勤", ("委员会编码*", 12), ("年度*", 8), ("期次*", 6), ("人员编码*", 12), ("状态*", 10, "出席/视频参会/请假/缺席"),
        ("事由", 18), ("补学确认日期", 14),
    ),
    _sheet(
        "发言", ("委员会编码*", 12), ("年度*", 8), ("期次*", 6), ("人员编码*", 12), ("类型*", 8, "重点/交流/书面"), ("题目*", 40),
    ),
    _sheet(
        "成果", ("成果编码*", 14), ("委员会编码*", 12), ("日期*", 12),
        ("类型*", 12, "心得体会/理论文章/调研报告/对策建议/政策文件/制度/解决问题"), ("名称*", 40), ("作者", 16), ("来源期次", 10),
        ("文号", 20), ("来源成果编码", 14),
    ),
)  # fmt: skip
SHEETS: dict[str, Sheet] = {sheet.name: sheet for sheet in _ALL}
# The heading of 委员会 that other sheets call 委员会编码; both are understood.
SYNONYMS = {"委员会": {"编号": "编码", "委员会编码": "编码"}}
REJECTED_COLUMN = "未导入原因"
NOTHING = ("无", "-", "—", "——", "/", "／")
LEADS = re.compile(r"'*[=+\-@\t\r]")
KEPT_LEADS = re.compile(r"'+[=+\-@\t\r]")


@dataclass(frozen=True)
class NoValue:
    """A cell from which nothing can be read: a formula nobody calculated, or an error of Excel's."""

    shown: str
    reason: str


class Unreadable(ValueError):
    """The cell's text is no such value; the message says what to write."""


def neutral(text: str) -> str:
    """For export: a text that a spreadsheet might take for a formula gets an apostrophe in front."""
    return f"'{text}" if LEADS.match(text) else text


def plain(value: Any) -> str:
    """Any cell as text: outer spaces and control characters gone, the export's apostrophe taken off again."""
    if value is None:
        return ""
    if isinstance(value, NoValue):
        return value.shown
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "minutes")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.strftime("%H:%M")
    if not isinstance(value, str):
        return str(value)
    text = value
    if KEPT_LEADS.match(text):
        text = text[1:]
    if not text.isprintable():
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        text = "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs", "Cf"))
    return text.strip()


def squeezed(value: Any) -> str:
    """For codes, numbers and fixed words: full-width made half-width, every space out."""
    text = plain(value)
    return text if text.isascii() and text.isalnum() else "".join(unicodedata.normalize("NFKC", text).split())


LONGEST_HEADING = 200  # what is longer heads no column
CJK = re.compile(r"(?<=[\u3400-\u9fff·•．])\s+(?=[\u3400-\u9fff·•．])")


def name_text(value: Any) -> str:
    """张 三 is 张三; a Latin name keeps its single spaces; full-width digits and letters made half-width."""
    text = plain(value)
    text = "".join(unicodedata.normalize("NFKC", c) if "０" <= c <= "ｚ" and c.isalnum() else c for c in text)
    return CJK.sub("", " ".join(text.split()))


def heading_text(value: Any) -> str:
    """人员编码* , 类型（党委/党组）: , 组内 职务 → the bare heading."""
    text = squeezed(plain(value)[:LONGEST_HEADING])
    return re.sub(r"\([^()]*\)|[*:：∗]", "", text)


DATE = re.compile(r"(\d{4})[-/.年—–](\d{1,2})[-/.月—–](\d{1,2})日?号?(?:T?\d{1,2}:\d{2}(?::\d{2})?(?:\.\d+)?)?")
DIGITS = str.maketrans("〇零一二三四五六七八九", "00123456789")
CHINESE_DATE = re.compile(
    r"([〇零一二三四五六七八九]{4})年([一二三四五六七八九十]{1,3})月([一二三四五六七八九十]{1,3})日"
)


def chinese_number(text: str) -> int:
    if "十" not in text:
        return int(text.translate(DIGITS))
    tens, ones = text.split("十", 1)
    return (int(tens.translate(DIGITS)) if tens else 1) * 10 + (int(ones.translate(DIGITS)) if ones else 0)


def read_date(value: Any, epoch: datetime = WINDOWS_EPOCH) -> date:
    """2026-03-05, 2026/3/5, 2026.3.5, 2026年3月5日, 20260305, a date cell or an Excel serial."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and 20000 <= value < 80000:
        return (epoch + timedelta(days=int(value))).date()
    text = squeezed(value)
    if re.fullmatch(r"\d{5}(\.0+)?", text) and 20000 <= float(text) < 80000:
        return (epoch + timedelta(days=int(float(text)))).date()
    if re.fullmatch(r"(19|20)\d{6}", text):
        year, month, day = int(text[:4]), int(text[4:6]), int(text[6:])
    elif found := DATE.fullmatch(text):
        year, month, day = (int(part) for part in found.groups())
    elif found := CHINESE_DATE.fullmatch(text):
        year = int(found[1].translate(DIGITS))
        month, day = chinese_number(found[2]), chinese_number(found[3])
    else:
        raise Unreadable("日期看不懂，请写成 2026-03-05 的样子。")
    try:
        return date(year, month, day)
    except ValueError:
        raise Unreadable(f"没有 {year}年{month}月{day}日 这一天，请核对日期。") from None


TIME = re.compile(r"(上午|下午|晚上|中午)?(\d{1,2})(?::|点|时)(\d{1,2})?(?:分)?(?::\d{2})?")


def read_time(value: Any) -> time:
    """9:00, 09：00, 下午3点30分, a time cell or a fraction of a day."""
    if isinstance(value, datetime):
        return value.time().replace(second=0, microsecond=0)
    if isinstance(value, time):
        return value.replace(second=0, microsecond=0)
    if isinstance(value, timedelta) and timedelta(0) <= value < timedelta(days=1):
        return (WINDOWS_EPOCH + value).time().replace(second=0, microsecond=0)
    if isinstance(value, float) and 0 <= value < 1:
        minutes = round(value * 1440)
        return time(minutes // 60 % 24, minutes % 60)
    found = TIME.fullmatch(squeezed(value))
    hour = int(found[2]) if found else 99
    if found and found[1] in ("下午", "晚上") and hour < 12:
        hour += 12
    minute = int(found[3] or 0) if found else 0
    if hour > 23 or minute > 59:
        raise Unreadable("时间看不懂，请写成 09:00 的样子。")
    return time(hour, minute)


NUMBER = re.compile(r"第?(\d{1,9})(?:\.0+)?(?:年度?|次|期|场|号|季度|季|月份?|类|天|名|项)?")
ORDINAL = re.compile(r"第?([一二三四五六七八九十]{1,3})(?:次|期|场|季度|季|月份?|类)")


def read_whole(value: Any, least: int, most: int) -> int:
    """3, ３, 3.0, 第3次, 第三季度; between `least` and `most`."""
    text = squeezed(value)
    found = NUMBER.fullmatch(text.upper().removeprefix("Q"))
    number = int(found[1]) if found else None
    if number is None and (spoken := ORDINAL.fullmatch(text)):
        number = chinese_number(spoken[1])
    if number is None or not least <= number <= most:
        raise Unreadable(f"应为 {least} 到 {most} 之间的整数，请核对。")
    return number


def read_yes(value: Any) -> bool:
    """是, 否, √, 1, 0."""
    text = squeezed(value)
    if text in ("是", "√", "有", "1", "对", "Y", "y"):
        return True
    if text in ("否", "×", "无", "0", "不", "N", "n"):
        return False
    raise Unreadable("只能填 是 或 否，请改正。")


def read_days(value: Any) -> Decimal:
    """0.5 to 30 in half days; 半天 is 0.5."""
    text = squeezed(value).removesuffix("天")
    try:
        days = Decimal("0.5") if text == "半" else Decimal(text)
    except InvalidOperation:
        days = Decimal(0)
    if not days.is_finite() or not Decimal("0.5") <= days <= 30 or days * 2 != int(days * 2):
        raise Unreadable("天数应为 0.5 到 30，半天写 0.5。")
    return days


def read_choice(value: Any, choices: dict[str, Any]) -> Any:
    """`choices` maps the words of the sheet to values; the first of each value is the official word."""
    text = squeezed(value)
    if text in choices:
        return choices[text]
    words: dict[Any, str] = {}
    for word, meaning in choices.items():
        words.setdefault(meaning, word)
    raise Unreadable(f"只能填 {'、'.join(words.values())} 之一，请改正。")


EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s.]{2,}")


def read_email(value: Any) -> str:
    text = squeezed(value)
    if not EMAIL.fullmatch(text) or len(text) > 254:
        raise Unreadable("邮箱写得不对，应像 name@example.cn；没有可以不填。")
    return text


def read_session(value: Any) -> tuple[int | None, int]:
    """来源期次: 3, 第3次, 2025-3, 2025年第3次 → (year or None, number)."""
    text = squeezed(value)
    if re.fullmatch(r"\d{1,3}(\.0+)?", text):
        return None, int(float(text))
    found = re.fullmatch(r"(\d{4})(?:年度?第?|[-/.]第?)(\d{1,3})(?:次|期|场)?", text)
    if found:
        return int(found[1]), int(found[2])
    found = re.fullmatch(r"第(\d{1,3})(?:次|期|场)?|(\d{1,3})(?:次|期|场)", text)
    if found:
        return None, int(found[1] or found[2])
    raise Unreadable("来源期次应写期次（如 3），往年的写成 2025-3。")
