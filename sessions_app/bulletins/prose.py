"""Numbers in prose against the frozen figures: which of them say something else. Pure.

A number refers to a figure when a name of that figure stands right beside it, in the grammar of such papers; whatever
narrows, compares, plans or estimates is let pass: a false alarm costs more trust than a missed one. What counts as
"right beside" and what narrows: docs/decisions/0037-prose-and-figures.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any, TypeVar

from sessions_app.bulletins import markup, numerals, rules


@dataclass(frozen=True)
class Mismatch:
    """`start`, `end`: in `markup.plain(html)`; `html_start`, `html_end`: the same place in the HTML that was given."""

    start: int
    end: int
    said: str
    should: str
    key: str
    label: str
    sentence: str
    html_start: int = 0
    html_end: int = 0


@dataclass(frozen=True)
class Unchecked:
    """A number that was compared with nothing. Places as in `Mismatch`."""

    start: int
    end: int
    said: str
    near: str
    html_start: int = 0
    html_end: int = 0


One = TypeVar("One", Mismatch, Unchecked)


@dataclass(frozen=True)
class Reading:
    """What the check came to: how many numbers were compared, which of them differ, which were not compared at all."""

    checked: int
    mismatches: list[Mismatch]
    unchecked: list[Unchecked]


@dataclass(frozen=True, eq=False)
class Term:
    """A name of a figure in prose. `units`: what it is counted in, and the keys that unit may mean.

    `after`: the number may also stand before the name (36项问题). `total`: it then has to be said to be the whole.
    """

    words: tuple[str, ...]
    units: Mapping[str, tuple[str, ...]]
    after: bool = False
    total: bool = False


def _same(units: str, *keys: str) -> dict[str, tuple[str, ...]]:
    return dict.fromkeys(units.split(), keys)


HELD = {"场次": ("committee_sessions",), "场": ("sessions",)} | _same("次 期", "sessions", "committee_sessions")
TERMS: tuple[Term, ...] = (
    Term(("集体学习研讨", "集体学习", "集中学习研讨", "集中学习", "中心组学习"), HELD | {"天": ("days",)}, after=True),
    Term(("委员会场次",), _same("场次 场 次", "committee_sessions")),
    Term(("学习天数",), _same("天", "days")),
    Term(("出席率", "出勤率", "到会率"), _same("%", "presence_rate")),
    Term(("参学率",), _same("%", "participation_rate")),
    Term(("问题销号率", "销号率"), _same("%", "closing_rate")),
    Term(("计划完成率", "专题完成率", "计划专题完成率"), _same("%", "completion_rate")),
    Term(("应到",), _same("人次", "expected")),
    Term(("出席", "实到"), _same("人次", "present")),
    Term(("请假",), _same("人次", "on_leave")),
    Term(("缺席",), _same("人次", "absent")),
    Term(("补学",), _same("人次", "made_up")),
    Term(("发言",), _same("人次", "speeches")),
    Term(("学习成果", "成果"), _same("项 个 件 篇", "outcomes"), after=True),
    Term(("心得体会",), _same("篇 份 项", "outcomes_by_kind.心得体会"), after=True),
    Term(("理论文章",), _same("篇 项", "outcomes_by_kind.理论文章"), after=True),
    Term(("调研报告",), _same("篇 份 项 个", "outcomes_by_kind.调研报告"), after=True),
    Term(("对策建议",), _same("条 项 个", "outcomes_by_kind.对策建议", "proposals_converted"), after=True),
    Term(("政策文件",), _same("项 个 份 件", "outcomes_by_kind.政策文件", "policies_from_proposals"), after=True),
    Term(("解决问题",), _same("个 项 件", "outcomes_by_kind.解决问题")),
    Term(("列席旁听", "旁听"), _same("次 场 场次", "visits") | _same("家", "committees_visited"), after=True),
    Term(("旁听覆盖", "覆盖"), _same("家", "committees_visited")),
    Term(("发现问题", "确认问题", "问题"), _same("项 个 条", "findings"), after=True),
    Term(("超期未销号", "逾期未销号"), _same("项 个", "findings_overdue")),
    Term(("已销号", "销号"), _same("项 个", "findings_closed")),
    Term(("学习秘书",), _same("人 名 位", "secretaries"), after=True, total=True),
    Term(("中心组成员", "成员"), _same("人 名 位", "members"), after=True, total=True),
    Term(("党委（党组）", "党委(党组)"), _same("家 个", "committees"), after=True, total=True),
    Term(("计划专题",), _same("项 个", "planned_items")),
    Term(("已完成专题", "完成专题"), _same("项 个", "completed_items")),
    Term(("补录",), _same("场 场次", "late_entries")),
    *(
        Term((mode,), _same("场 次 场次", f"sessions_by_mode.{mode}"))
        for mode in ("领导带头学", "研讨交流学", "实地调研学", "以讲促干学", "现场观摩学", "线上线下同步学")
    ),
)
RATE_UNIT = "%"

# ------------------------------------------------------------------------------------------------------- grammar
MASK = "\ue000"  # stands for a figure put in from the snapshot: read by its own rule
NARROW = str.maketrans("０１２３４５６７８９．％　", "0123456789.% ")
NUMBER = r"(?P<number>\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?)"
PERIODS = r"(?:上[一个]{0,2}季度|上一?期|上年度?|去年|上年同期|去年同期|同期|上半年|第?[一二三四1-4]季度)"
MOVED = r"(?:提高|提升|上升|增长|增加|下降|降低|减少|回升|回落)"
FILL = (
    r"(?:总人数|总场次|总次数|总数|总量|人数|次数|场数|场次数|家数|数量|数)?"
    r"(?:(?:比|较)" + PERIODS + MOVED + r"了?[\d.,]+(?:个百分点|%|场次|场|人次|项|家|次)，)?"
    r"(?:(?:由|从)" + PERIODS + r"?的?[\d.,]+(?:%|场次|场|人次|人|项|家|次)?)?"
    r"(?:[ :：]|，(?=共|累计|合计|总计|达|为)|稳步|持续|进一步|"
    + MOVED
    + r"(?:到了?|至|为)|升至|升到|降至|降到|增至|减至"
    r"|保持在|稳定在|维持在|共计|共有|总共|合计|总计|累计|共|计|为|是|达到|已达|达|有|了)*"
)
ROUGH = r"(?P<rough>约为|约有|大约|约|将近|接近|近|超过|突破|超|逾|不足|不到)?"
TAIL = r"(?P<wan>万)?(?P<tail>多|余)?"
FOLLOWS = re.compile(
    r"$|[，。；、：！？,;()（）”’」 "
    + MASK
    + r"]|和|与|及|以及|且|并|比|较|同比|环比|其中|左右|上下|以上|以下|位居|基本|总体"
)
STANDS = (  # what may stand right before a name, or before a number that comes before its name
    "开展 组织 召开 举办 举行 完成 进行 参加 安排 实现 形成 登记 产生 取得 收到 提交 撰写 确认 发现 查找 查摆 反馈 指出 提出 累计 共计 合计 "
    "总计 共有 现有 共 有 了 其中 中心组 理论学习 平均 总体 整体 综合 及 和 与 且 并 已 各单位 各地 本季度 本年度 全年 季度 年度 年 月 月份 党组 "
    "党委 工委 委员会 各类 各项 各种 全市 全县 全区 全州 全省 全系统 出台 制定 转化为 推动 列入 集体学习 配备 选配 设立 接受 列席 成员 经 年内 期内"
)
STANDS_BEFORE = re.compile(
    r"(?:^|[，。；：、,;:（(“「 " + MASK + "]|" + "|".join(STANDS.split()) + r"|全[市县区州省]的)$"
)
TOTAL_BEFORE = re.compile(
    r"(?:^|[，。；：、,;:（( " + MASK + r"]|共有|现有|有|全[市县区州省]|理论学习|中心组|配备|选配|及|和|所属|年|季度)$"
)
WHOLE_BEFORE = re.compile(r"(?:共有|现有|共|合计|总计|全市|全县|全区|全州|全省|所属|下辖|配备|选配)$")
AFTER_NAME = re.compile(r"$|[，。；、！？,;）) ]|(?:理论学习)?中心组(?:$|[，。；、]|共|累计)|共|累计")
CLAUSE_ENDS = re.compile(r"，|,(?!\d{3}(?!\d))|：")
SENTENCE_ENDS = re.compile(r"(?<=[。！？；;\n])")
# In the same clause: it plans, asks, divides or picks out.
PASSED_OVER = re.compile(
    r"不低于|不少于|不得|至少|力争|确保|争取|目标|要求|应当|应达|必须|预计|拟|每|人均|场均|家均|最高|最低|最多|最少|首次|连续|占|其余|另有"
    r"|分别|依次|标准|规定|下季度|明年|今后|低于|高于"
)
PLANNED = re.compile(r"力争|确保|争取|目标|下季度|明年")  # for the rest of the sentence
NARROWS = re.compile(
    r"围绕|聚焦|针对|关于|专题(?!学习|项|\d)|以[^，。]{1,14}(?:方式|形式|主题|主线)|采取|通过|联组|扩大|读书班|线上|视频"
)
WHOLE = re.compile(r"全[市县区州省]|全系统|各级|各单位|各地区?各部门|总体[上看]?|整体|合计|总计")
GROUP = re.compile(
    r"(?:市|县|区|省)(?:直|级)|县（|县\(|县区|各县|各区|乡镇|街道|企业|国企|高校|学校|医院|部分|个别|少数|有的|多数|一些|半数|其他|其余|试点"
    r"|[一二两三四五六七八九十几]+(?:家|个(?:单位|党|县))|同类"
)
COUNTED_UNITS = re.compile(r"(?<!\d)(\d+)(?:家|个单位)")
ALL_UNITS = re.compile(r"(?:全[市县区州省]|共有|现有)\d+家(?:党委|理论)$")
STRANGER = re.compile(
    r"[\u4e00-\u9fff]{2,14}?(?:党组(?!）|\))|党委(?!（|\()|党工委|工委|集团|公司)"
    r"|[\u4e00-\u9fff]{2,10}?(?:(?:局|院|镇|乡)(?=党|开展|组织|集体|召开|理论)|办(?=党))|[市县区省]委(?=理论学习|中心组)"
)
NOT_ONE = re.compile(r"各|全|级|基层|每|等|多数|大局|格局|布局")
PLACE = re.compile(
    r"(?:^|[，。；、：（“ ]|其中)((?!全|各|本|我|社|地|园|辖|郊|该)[\u4e00-\u9fff]{1,4}[县区州旗市])(?=[\u4e00-\u9fff])"
)
OF_A_NAME = re.compile(r"宣传部|办公室|组织部|领导|主要|书记|要求|决定|部署|批准|同意")
NOT_OF_A_NAME = re.compile(r"所属|下属|系统|各|等|以外|之外|除外")
JOINED = re.compile(r"^(?:理论学习中心组|中心组)?(?:、|和|与|及|以及)")
COMPARED = re.compile(
    r"(?:由|从)" + PERIODS + r"的?[\d.,]+|"
    r"(?:比|较|与|同|和)" + PERIODS + r"(?:的?[\d.,]+[%\u4e00-\u9fff]{0,2})?(?:相比|比较|基本持平|持平)?"
)
PERIOD_WORDS = re.compile(
    r"(?P<now>本季度|本期|本年度|当季)|(?P<quarter>(?:(?P<qy>20\d\d)年)?第?(?P<q>[一二三四1-4])季度)|(?P<until>截至(?:(?P<uy>20\d\d)年)?(?:(?P<um>\d{1,2})月(?:(?P<ud>\d{1,2})日|底|末)?|目前))"
    r"|(?P<between>(?P<m1>\d{1,2})月?[至到\-—–~～](?P<m2>\d{1,2})月)|(?P<dayday>\d{1,2}月\d{1,2}日)|(?P<month>(?P<m>\d{1,2})月(?!度))"
    r"|(?P<year>(?P<y>20\d\d)年)|(?P<whole_year>全年|今年以来|今年|年度内|年内|年度(?:学习)?计划)"
    r"|(?P<other>上[一个]{0,2}季度|上一?期|上年|去年|同期|上半年|下半年|前[一二三两\d]个?(?:季度|月)|年初以来|近年来|往年|历年|下季度|明年|近[一二三两\d]+年)"
)
QUARTERS = {word: place for place, pair in enumerate(("一1", "二2", "三3", "四4"), start=1) for word in pair}
DOWN = ("下降", "降低", "减少", "回落")
DELTA = re.compile(
    r"(?:(?:比|较|与|同|和)(?P<period>"
    + PERIODS
    + r")(?:的)?(?:相比|比较)?，?|(?P<chain>环比))(?P<own>[\u4e00-\u9fff]{0,8}?)"
    r"(?P<moved>" + MOVED + r")了?" + ROUGH + NUMBER + r"(?P<unit>个百分点|场次|人次|场|次|项|家|篇|天|人|名|件|份|个)"
)
NEXT_CHAPTER = re.compile(r"^[一二三四五六七八九十]+、(?:下一?步|下阶段|工作要求|有关要求|几点要求|工作打算)")


@cache
def _grammar() -> tuple[re.Pattern[str], dict[str, Term], dict[Term, tuple[re.Pattern[str], ...]]]:
    """All names, longest first; the term of each; for each term the number behind its name, before it, and a second one."""
    of = {word: term for term in TERMS for word in term.words}
    names = re.compile("|".join(re.escape(word) for word in sorted(of, key=len, reverse=True)))
    found = {}
    for term in TERMS:
        unit = "|".join(sorted((re.escape(unit) for unit in term.units), key=len, reverse=True))
        behind = re.compile(f"{FILL}{ROUGH}{NUMBER}{TAIL}(?P<unit>{unit})(?P<more>左右|上下|以上|以下|多|余)?")
        ahead = re.compile(f"{ROUGH}(?<![\\d.第—–~～至到/\\-]){NUMBER}{TAIL}(?P<unit>{unit})的?$")
        found[term] = (behind, ahead, re.compile(f"、{ROUGH}{NUMBER}{TAIL}(?P<unit>{unit})"))
    return names, of, found


# ------------------------------------------------------------------------------------------------------ the check
def length(html: str) -> int:
    """字数 of the body: blocks do not count."""
    return rules.length(markup.plain(html))


def check(html: str, facts: Mapping[str, Any] | None) -> list[Mismatch]:
    """Every number that refers to a figure of the snapshot and differs from it, in the order of the text."""
    return read(html, facts).mismatches


def read(html: str, facts: Mapping[str, Any] | None) -> Reading:
    """Every number of the text: compared with the snapshot, or named as not compared."""
    if not facts:
        return Reading(0, [], [])
    reader = _Reader(facts)
    mismatches: list[Mismatch] = []
    unchecked: list[Unchecked] = []
    start = checked = 0
    for line in markup.lines(html):
        if line.tag == "figure":
            continue
        at = [place for run in line.runs for place in run.at]
        wrong = sorted([*_figures(line, facts), *reader.line(line)], key=lambda one: one.start)
        mismatches += [_moved(one, start, at) for one in wrong]
        left = _left(line, reader.compared)
        unchecked += [_moved(one, start, at) for one in left]
        checked += len(reader.compared) + sum(1 for run in line.runs if run.fact)
        start += len(line.text) + 1
    return Reading(checked, mismatches, unchecked)


ANY_NUMBER = re.compile(
    r"(?<![\d.])(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?万?(?:个百分点|%|个单位|人次|场次|[\u4e00-\u9fff])?"
)
# Days, years, quarters, ordinals, numbers of documents: they count nothing.
NO_COUNT = re.compile(r"\d(?:年|月|日|号|时|分|届)$")
ORDINAL = re.compile(r"(?:第|〔|\[|（|\()$")


def _left(line: markup.Line, compared: Sequence[tuple[int, int]]) -> Iterator[Unchecked]:
    """The numbers of a line that were neither compared nor put in from the snapshot."""
    plain = _plain_of(line)
    text, places = numerals.read(plain)
    taken = [*compared]
    for found in ANY_NUMBER.finditer(text):
        start, end = places[found.start()], places[found.end()]
        if NO_COUNT.search(found[0]) or ORDINAL.search(text[: found.start()]):
            continue
        if any(first < end and start < last for first, last in taken):
            continue
        yield _unchecked(line, start, end)
    for vague in numerals.vague(plain):
        yield _unchecked(line, *vague.span())


def _unchecked(line: markup.Line, start: int, end: int) -> Unchecked:
    said = line.text[start:end]
    return Unchecked(start, end, said, line.text[max(0, start - 10) : end + 6].strip())


def _plain_of(line: markup.Line) -> str:
    """The text as it is read: full-width digits narrow, figures put in from the snapshot masked."""
    return "".join(MASK * len(run.text) if run.fact else run.text for run in line.runs).translate(NARROW)


def _moved(one: One, by: int, at: Sequence[int]) -> One:
    place = {"html_start": at[one.start], "html_end": at[one.end - 1] + 1}
    return replace(one, start=one.start + by, end=one.end + by, **place)


def _figures(line: markup.Line, facts: Mapping[str, Any]) -> Iterator[Mismatch]:
    """Figures put in from the snapshot print exactly what it says."""
    place = 0
    for run in line.runs:
        if run.fact:
            should = rules.printed(facts, run.fact, run.of)
            if run.text.strip() != should:
                label = _label_of(run.fact)
                said = f"应为 {should}" if should else "冻结的数据里没有这一项"
                yield Mismatch(
                    place, place + len(run.text), run.text.strip(), should, run.fact, label,
                    f"插入的“{label}”印成了“{run.text.strip()}”，{said}。",
                )  # fmt: skip
        place += len(run.text)


def _label_of(key: str) -> str:
    if "." in key and not key.startswith("previous."):
        return key.split(".", 1)[1]
    key = key.removeprefix("previous.")
    return next((term.words[0] for term in TERMS for keys in term.units.values() if key in keys), key)


class _Reader:
    """Reads the lines in order, and knows under which heading and about whom the last one was."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self.facts = facts
        self.period = facts.get("period", {})
        self.names: dict[str, str] = {}
        for row in facts.get("committees", ()):
            for name in (row["name"], row.get("short") or ""):
                if len(name) > 1:
                    self.names[name] = row["code"]
        ordered = sorted(self.names, key=len, reverse=True)
        self.known = re.compile("|".join(map(re.escape, ordered))) if ordered else re.compile(r"(?!)")
        self.called = {row["code"]: row.get("short") or row["name"] for row in facts.get("committees", ())}
        self.next_steps = False  # what is asked for, not what was
        self.told = False  # under the heading of good practice: what single units did
        self.under_name = False
        self.compared: list[tuple[int, int]] = []  # places in the last line of the numbers that were compared
        self.seen: list[tuple[int, int]] = []  # the same within the sentence that is being read

    def line(self, line: markup.Line) -> Iterator[Mismatch]:
        self.compared = []
        text, places = numerals.read(_plain_of(line))
        if line.tag in ("h2", "h3", "h4"):
            if line.tag == "h2":
                self.next_steps = bool(NEXT_CHAPTER.match(text.strip()))
                self.told = bool(re.search(r"做法|亮点|经验|典型", text))
            self.under_name = bool(self.known.search(text))
            return
        if self.next_steps:
            return
        place, carried = 0, "" if not self.under_name else None
        for sentence in SENTENCE_ENDS.split(text):
            self.seen = []
            for one in [*self._sentence(sentence, carried), *self._moves(sentence, carried)]:
                start, end = places[one.start + place], places[one.end + place]
                yield replace(one, start=start, end=end, said=line.text[start:end])
            self.compared += [(places[first + place], places[last + place]) for first, last in self.seen]
            if sentence.strip():
                subject = self._subject(sentence, carried)
                carried = "" if subject == "" else None
            place += len(sentence)

    def _sentence(self, sentence: str, carried: str | None) -> Iterator[Mismatch]:
        names, of, grammar = _grammar()
        taken: set[int] = set()
        labels = [(found, of[found[0]]) for found in names.finditer(sentence)]
        behind = []
        for found, term in labels:
            match = grammar[term][0].match(sentence, found.end())
            if match:
                taken.add(match.start("number"))
                head = sentence[: found.start()]
                if self._stands(term, head):
                    behind.append((found, term, match, found.start()))
        for found, term, match, first in behind:
            if FOLLOWS.match(sentence, match.end()) or match["more"]:
                yield from self._compare(sentence, term, found, match, first, carried)
            # the same in another unit: 集体学习22场、27场次
            second = grammar[term][2].match(sentence, match.end())
            if second and FOLLOWS.match(sentence, second.end()):
                yield from self._compare(sentence, term, found, second, first, carried)
        for found, term in labels:
            if not term.after or any(found is one[0] for one in behind):
                continue
            match = grammar[term][1].search(sentence[: found.start()])
            if match is None or match.start("number") in taken or not AFTER_NAME.match(sentence, found.end()):
                continue
            head = sentence[: match.start()]
            if WHOLE_BEFORE.search(head) if term.total else self._stands(term, head):
                yield from self._compare(sentence, term, found, match, match.start(), carried)

    def _stands(self, term: Term, head: str) -> bool:
        """Whether the name of a figure stands free of words that would make it another: 线上集体学习, 新任学习秘书."""
        if "覆盖" in term.words and "旁听" not in head:
            return False
        return bool((TOTAL_BEFORE if term.total else STANDS_BEFORE).search(head)) or self._ends_with_name(head)

    def _ends_with_name(self, head: str) -> bool:
        head = re.sub(r"(?:理论学习中心组|中心组)$", "", head)
        return any(head.endswith(name) for name in self.names)

    def _compare(
        self, sentence: str, term: Term, found: re.Match[str], match: re.Match[str], first: int, carried: str | None
    ) -> Iterator[Mismatch]:
        keys, rate = term.units[match["unit"]], match["unit"] == RATE_UNIT
        head = sentence[:first]
        clause = self._clause(sentence, first, match.end())
        if (
            PASSED_OVER.search(clause)
            or PLANNED.search(head)
            or not rate
            and self._narrowed(head, clause, found[0], match[0])
        ):
            return
        subject = self._subject(head, carried)
        if subject == "" and self.told and term.units.keys() & {"场次", "人次"} and not WHOLE.search(head):
            return
        month = self._month(head)
        if subject is None or month is None:
            return
        if month:
            if not keys[0].endswith("sessions") or subject:
                return
            keys = (f"sessions_by_month.{month}",) if "sessions" in keys else ()
        values = [(key, rules.fact(self.facts, key, subject)) for key in keys]
        values = [(key, value) for key, value in values if value is not None]
        start, end = match.start("number"), match.end("unit")
        if values:
            self.seen.append((start, end))
        if not values or any(_agrees(match, value, rate=rate) for _, value in values):
            return
        key = values[0][0]
        should = rules.printed(self.facts, key, subject) + ("" if rate else match["unit"])
        whose = self.called.get(subject, "") if subject else ""
        if month:
            whose = f"{month}月"
        words = sentence[start:end]
        name = f"{whose}{found[0]}"
        yield Mismatch(
            start, end, words, should, key, found[0],
            f"“{name}”写的是 {words}，冻结的数据是 {should}。请核对，以数据为准或说明原因。",
        )  # fmt: skip

    def _moves(self, sentence: str, carried: str | None) -> Iterator[Mismatch]:
        """Comparisons with the period before: 比上季度提高2.5个百分点, 较上期增加3场."""
        names, of, _ = _grammar()
        for match in DELTA.finditer(sentence):
            inside = names.search(match["own"] or "")
            before = [inside] if inside else list(names.finditer(sentence, 0, match.start()))
            if not before or not self._is_previous(match["period"] or match["chain"]):
                continue
            found, head = before[-1], sentence[: match.start() if inside else before[-1].start()]
            clause = self._clause(sentence, match.start(), match.end())
            if PASSED_OVER.search(clause) or PLANNED.search(head) or self._subject(head, carried) != "":
                continue
            if self._month(head) != 0 or (not inside and not self._stands(of[found[0]], head)):
                continue
            yield from self._compare_moved(found[0], of[found[0]], match)

    def _compare_moved(self, name: str, term: Term, match: re.Match[str]) -> Iterator[Mismatch]:
        unit = match["unit"]
        keys = term.units.get(RATE_UNIT if unit == "个百分点" else unit, ())
        pairs = [(key, rules.fact(self.facts, key), rules.fact(self.facts, f"previous.{key}")) for key in keys]
        moves = [(key, _move(now, was, points=unit == "个百分点")) for key, now, was in pairs if None not in (now, was)]
        if not moves:
            return
        self.seen.append((match.start("number"), match.end("unit")))
        said = Decimal(match["number"].replace(",", ""))
        said = -said if match["moved"] in DOWN else said
        rough = bool(match["rough"])
        if any(move == said or rough and move * said > 0 and abs(move - said) <= abs(said) / 4 for _, move in moves):
            return
        key, move = moves[0]
        same = move * said > 0
        word = match["moved"] if same else "增加" if move > 0 else "减少"
        if unit == "个百分点" and not same:
            word = "提高" if move > 0 else "下降"
        should = f"{word}{abs(move):f}{unit}" if move else "持平"
        words = match[0][match.start("moved") - match.start() :]
        yield Mismatch(
            match.start("moved"), match.end("unit"), words, should, key, name,
            f"“{name}”与上期比较写的是{words}，按冻结的数据应为{should}。请核对，以数据为准或说明原因。",
        )  # fmt: skip

    def _is_previous(self, words: str) -> bool:
        """Whether what it is compared with is the period the snapshot holds: 去年同期 is in none."""
        quarter = self.period.get("quarter") or 0
        if "previous" not in self.facts or "同期" in words or "半年" in words:
            return False
        if words in ("上期", "上一期"):
            return True
        if not quarter:
            return words in ("去年", "上年", "上年度")
        if words == "环比" or re.fullmatch(r"上[一个]{0,2}季度", words):
            return True
        named = re.search(r"([一二三四1-4])季度", words)
        return bool(named) and quarter > 1 and QUARTERS[named[1]] == quarter - 1  # type: ignore[index]

    @staticmethod
    def _clause(sentence: str, first: int, last: int) -> str:
        """From the comma before to the comma behind."""
        begin = max((found.end() for found in CLAUSE_ENDS.finditer(sentence, 0, first)), default=0)
        behind = CLAUSE_ENDS.search(sentence, last)
        return sentence[begin : behind.start() if behind else len(sentence)]

    def _narrowed(self, head: str, clause: str, name: str, said: str) -> bool:
        """Only a part is counted: about one topic, in one way, or the same thing a second time after 其中."""
        if "其中" in head and name in head[: head.rindex("其中")]:
            return True
        if re.search(r"共|合计|总计|累计", said):
            return False
        if NARROWS.search(clause.split(name)[0]):
            return not re.search(r"共|合计|总计|累计", clause.split(name)[0])
        return bool(NARROWS.search(head)) and not WHOLE.search(head) and "共" not in clause

    def _subject(self, head: str, carried: str | None) -> str | None:
        """The code of the committee it speaks of, "" for all of them, None where that cannot be told."""
        events: list[tuple[int, str | None]] = [(found.start(), "") for found in WHOLE.finditer(head)]
        covered: list[tuple[int, int]] = []
        for found in self.known.finditer(head):
            covered.append(found.span())
            rest = head[found.end() :]
            if OF_A_NAME.match(rest):
                continue
            before = head[: found.start()]
            alone = not (
                JOINED.match(rest) or NOT_OF_A_NAME.match(rest) or re.search(r"(?:、|和|与|及|除|除了)$", before)
            )
            events.append((found.start(), self.names[found[0]] if alone else None))
        for found in STRANGER.finditer(head):
            inside = any(start < found.end() and found.start() < end for start, end in covered)
            if not inside and not NOT_ONE.search(found[0][-6:]):
                events.append((found.start(), None))
        own = self.facts.get("committee", {}).get("name", "")
        for found in PLACE.finditer(head):
            if not any(start <= found.start(1) < end for start, end in covered):
                events.append((found.start(1), "" if found[1] in own else None))
        for found in GROUP.finditer(head):
            if not any(start <= found.start() < end for start, end in covered):
                events.append((found.start(), None))
        total = self.facts.get("figures", {}).get("committees")
        for found in COUNTED_UNITS.finditer(head):
            if int(found[1]) != total:  # wrong in number, it may still be meant to be all: 全市14家党委（党组）
                events.append((found.start(), "" if ALL_UNITS.search(head[: found.end() + 2]) else None))
        return max(events, key=lambda event: event[0])[1] if events else carried

    def _month(self, head: str) -> int | None:
        """0 when the period of the bulletin is meant, a month of it by its number, None for any other time."""
        year, quarter = self.period.get("year"), self.period.get("quarter") or 0
        if not year:
            return 0
        first, last = date.fromisoformat(self.period["first"]), date.fromisoformat(self.period["last"])
        state: int | None = 0
        for found in PERIOD_WORDS.finditer(COMPARED.sub(lambda one: MASK * len(one[0]), head)):
            kind = found.lastgroup
            if found["now"]:
                state = 0
            elif found["quarter"]:
                same = QUARTERS[found["q"]] == quarter and found["qy"] in (None, str(year))
                state = 0 if same else None
            elif found["until"]:
                state = self._until(found, year, first, last)
            elif found["between"]:
                state = 0 if (int(found["m1"]), int(found["m2"])) == (first.month, last.month) else None
            elif found["dayday"]:
                state = None
            elif found["month"]:
                month = int(found["m"])
                state = month if first.month <= month <= last.month and quarter else None
            elif found["year"]:
                state = 0 if int(found["y"]) == year else None
            elif found["whole_year"]:
                state = state if not quarter else None
            elif kind:
                state = None
        return state

    @staticmethod
    def _until(found: re.Match[str], year: int, first: date, last: date) -> int | None:
        if not found["um"]:
            return None
        when = (int(found["uy"] or year), int(found["um"]))
        return 0 if when >= (last.year, last.month) and (found["ud"] is None or when > (last.year, last.month) or int(found["ud"]) >= last.day) else None  # fmt: skip


def _agrees(match: re.Match[str], value: Any, *, rate: bool) -> bool:
    """Whether what was written may be said of the value, at the decimals written."""
    written = match["number"].replace(",", "")
    said, real = Decimal(written), Decimal(str(value))
    real = real * 100 if rate else real / 10_000 if match["wan"] else real
    groups = match.groupdict()
    rough, more = groups.get("rough") or "", (groups.get("more") or "") + (match["tail"] or "")
    if rough in ("约为", "约有", "大约", "约") or more in ("左右", "上下"):
        return abs(real - said) <= said * Decimal("0.05")
    if rough in ("将近", "接近", "近"):
        return said * Decimal("0.85") <= real <= said
    if rough in ("不足", "不到") or more == "以下":
        return real <= said
    if rough == "逾" or more in ("多", "余"):
        return said <= real < said + max(_place(written), said / 10)
    if rough in ("超过", "突破", "超") or more == "以上":
        return real >= said
    step = Decimal(1).scaleb(-len(written.partition(".")[2]))
    return real.quantize(step, ROUND_HALF_UP) == said


def _move(now: Any, was: Any, *, points: bool) -> Decimal:
    """How far a figure moved, as the table of comparison prints it: of rates the difference of the printed ones."""
    first, last = Decimal(str(was)) * (100 if points else 1), Decimal(str(now)) * (100 if points else 1)
    tenth = Decimal("0.1")
    return (last.quantize(tenth, ROUND_HALF_UP) - first.quantize(tenth, ROUND_HALF_UP)).normalize()


def _place(written: str) -> Decimal:
    """What one more of the last digit that is not zero would be: 100 for 300, 10 for 310."""
    whole = written.partition(".")[0]
    zeros = len(whole) - len(whole.rstrip("0"))
    return Decimal(10) ** zeros
