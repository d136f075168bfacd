"""The words of a notice: title, lead, lines. Pure, over plain values; names stand only in what one person reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sessions_app.notices.models import Rhythm
from sessions_app.policies.rules import Tone, WorkingDays, left_words, tone
from sessions_app.reminders.rules import KINDS
from sessions_app.reminders.world import Due, short_day

Line = dict[str, Any]
SHOWN = 30
TITLE = 120
BEHIND = "谁落后"


def quarter_words(year: int, quarter: int) -> str:
    return f"{year}年第{'一二三四'[quarter - 1]}季度"


@dataclass
class Clock:
    """Words and colours of a deadline as of a day; each day is counted once, however many lines it stands in."""

    day: date
    calendar: WorkingDays
    _words: dict[date, str] = field(default_factory=dict)
    _tones: dict[tuple[date, int], Tone] = field(default_factory=dict)

    def left(self, due_on: date) -> str:
        if due_on not in self._words:
            self._words[due_on] = left_words(due_on, self.day, self.calendar)
        return self._words[due_on]

    def tone(self, due_on: date, behind_days: int) -> Tone:
        key = (due_on, behind_days)
        if key not in self._tones:
            self._tones[key] = tone(due_on, self.day, self.calendar, behind_days=behind_days)
        return self._tones[key]


def line(
    kind: str, what: str, *, item: int | None = None, committee: str = "", due: str = "", left: str = "",
    tone: str = "muted", url: str = "",
) -> Line:  # fmt: skip
    """One line, as `notices.models.Notice` keeps it."""
    return {
        "item": item, "kind": kind, "what": what, "committee": committee, "due": due, "left": left, "tone": tone, "url": url,
    }  # fmt: skip


def due_line(due: Due, item: int, committee: str, behind_days: int, clock: Clock) -> Line:
    return line(
        KINDS[due.kind].label, due.what, item=item, committee=committee, due=due.due_on.isoformat(),
        left=clock.left(due.due_on), tone=clock.tone(due.due_on, behind_days).value, url=due.url,
    )  # fmt: skip


@dataclass(frozen=True)
class Behind:
    """A committee that is behind: how many things are overdue, and since when the oldest."""

    committee: str
    count: int
    oldest: date


def worst_first(rows: Iterable[Behind]) -> list[Behind]:
    return sorted(rows, key=lambda row: (-row.count, row.oldest, row.committee))


def behind_line(row: Behind, clock: Clock, url: str) -> Line:
    return line(
        BEHIND, f"{row.count} 项逾期，最早的 {short_day(row.oldest)}到期", committee=row.committee, due=row.oldest.isoformat(),
        left=clock.left(row.oldest), tone=Tone.OVERDUE.value, url=url,
    )  # fmt: skip


def counted(dues: Sequence[Due], day: date) -> str:
    """3 项待办，其中 1 项已逾期; 3 项待办，最近的 1月31日到期."""
    late = sum(due.due_on < day for due in dues)
    if late:
        return f"{len(dues)} 项待办，" + _late(late, len(dues))
    return f"{len(dues)} 项待办，最近的 {short_day(min(due.due_on for due in dues))}到期"


def _late(late: int, count: int) -> str:
    if late < count:
        return f"其中 {late} 项已逾期"
    return "均已逾期" if count > 1 else "已逾期"


def digest_title(rhythm: Rhythm, dues: Sequence[Due], behind: int, day: date) -> str:
    parts = [counted(dues, day)] if dues else []
    parts += [f"{behind} 个委员会有逾期事项"] if behind else []
    return f"{rhythm.label}：{'；'.join(parts)}"[:TITLE]


def digest_lead(dues: Sequence[Due], behind: int) -> str:
    parts = ["请打开各项逐一办理，办结的下次不再提醒。"] if dues else []
    parts += ["名单列出逾期较多的委员会，请督促办理。"] if behind else []
    return "".join(parts)


def urgent_title(dues: Sequence[Due], committees: Sequence[str], day: date, *, escalated: bool) -> str:
    """One thing is named; several are counted. `escalated`: told because they are long overdue."""
    if not escalated:
        return f"{Rhythm.URGENT.label}：{dues[0].what if len(dues) == 1 else counted(dues, day)}"[:TITLE]
    where = committees[0] if len(committees) == 1 else f"{len(committees)} 个委员会"
    return f"{Rhythm.URGENT.label}：{where}有 {len(dues)} 项逾期未办"[:TITLE]


def urgent_lead(*, told: bool, escalated: bool) -> str:
    parts = ["请及时办理。"] if told else []
    parts += ["逾期已久的事项请督促有关单位尽快办结。"] if escalated else []
    return "".join(parts)


def quarter_title(year: int, quarter: int) -> str:
    return f"{Rhythm.QUARTERLY.label}：{quarter_words(year, quarter)}"


def quarter_lead(prompts: int, items: int) -> str:
    held = [f"上级学习提示 {prompts} 份"] if prompts else []
    held += [f"计划安排 {items} 项"] if items else ["计划还没有安排"]
    return f"本季度{'，'.join(held)}。" + ("请对照计划早作准备。" if items else "请研究安排本季度学习。")


NO_PLAN = "本季度计划没有安排"


def prompt_line(title: str, committee: str, url: str) -> Line:
    return line("学习提示", title, committee=committee, url=url)


def plan_line(topic: str, month: int | None, committee: str, url: str) -> Line:
    return line("计划安排", topic, committee=committee, left=f"{month}月" if month else "", url=url)


def no_plan_line(committee: str, url: str) -> Line:
    return line("计划安排", NO_PLAN, committee=committee, tone=Tone.BEHIND.value, url=url)


def unarchived_line(year: int, count: int, committee: str, url: str) -> Line:
    return line(
        "未归档", f"{year}年已召开的学习有 {count} 场没有归档", committee=committee, tone=Tone.BEHIND.value, url=url
    )


def no_outcome_line(year: int, committee: str, url: str) -> Line:
    return line("未登记成果", f"{year}年还没有登记学习成果", committee=committee, tone=Tone.BEHIND.value, url=url)


COMPLETE = "材料齐全"


def complete_line(committee: str, url: str) -> Line:
    return line("年度材料", COMPLETE, committee=committee, url=url)


def year_open_words(year: int, missing: int) -> tuple[str, str]:
    """Title and lead of 年考核准备."""
    title = f"{Rhythm.YEAR_OPEN.label}：{year}年度" + (f"还缺 {missing} 项材料" if missing else COMPLETE)
    cure = "请在年底前补齐下列材料。" if missing else "请核对全年学习情况，准备年度报告。"
    return title, f"{year}年度学习考核准备开始。{cure}"


def year_close_words(year: int, missing: int, closes: date) -> tuple[str, str]:
    """Title and lead of 年度收尾."""
    return (
        f"{Rhythm.YEAR_CLOSE.label}：{year}年度还有 {missing} 项未办，{short_day(closes)}截止",
        f"{short_day(closes)}以后，{year}年度的内容不能再录入和修改。请在此之前办结下列各项。",
    )


def chat_lines(kinds: Iterable[str]) -> list[Line]:
    """Counts by kind and nothing else: everybody in the group reads it."""
    counts = Counter(kinds)
    labels: Mapping[str, str] = {kind.value: row.label for kind, row in KINDS.items()}
    return [line(labels[kind], f"{count} 项") for kind, count in sorted(counts.items())]


def chat_title(rhythm: Rhythm, count: int, late: int) -> str:
    return f"{rhythm.label}：{count} 项待办" + (f"，{_late(late, count)}" if late else "")
