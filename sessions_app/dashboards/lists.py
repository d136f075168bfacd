"""学习清单, 问题清单, 整改清单: three views of one set of rows, the ones the figures count."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Prefetch, QuerySet

from roster.committees.models import Viewer
from sessions_app.dashboards.access import Place
from sessions_app.dashboards.overview import QUARTER_WORDS
from sessions_app.facts import counted
from sessions_app.facts.drill import finding_address, with_openness
from sessions_app.facts.learned import STATE_WORDS, item_state, sessions_of
from sessions_app.facts.periods import Span
from sessions_app.findings.models import UNDER_WAY, Evidence
from sessions_app.findings.proof import LIVE
from sessions_app.papers.rules import day_words

STATE_TONES = {"done": "ok", "late": "behind", "open": "muted"}


@dataclass(frozen=True)
class Cell:
    """One or several lines of text; `url` where the first opens something; `tone` of a state."""

    lines: tuple[str, ...]
    url: str = ""
    tone: str = ""

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


Cells = tuple[Cell, ...]


@dataclass(frozen=True)
class ThreeList:
    """`cells` of a page of rows in a constant number of queries; the cell at `head` names its row."""

    title: str
    paper: str
    heads: tuple[str, ...]
    head: int
    rows: QuerySet
    cells: Callable[[Sequence[Any]], list[Cells]]
    keys: tuple[str, ...]
    unit: str


def _cell(*lines: Any, url: str = "", tone: str = "") -> Cell:
    said = (day_words(line) if isinstance(line, date) else str(line) for line in lines if line not in (None, ""))
    return Cell(tuple(said), url, tone)


def _placed(name: str, *rest: str) -> tuple[str, ...]:
    return (f"{name}level_order", f"{name}sort_order", f"{name}code", *rest)


# --------------------------------------------------------------------------------------------------- learning
def learning(place: Place, period: Span, today: date, viewer: Viewer) -> ThreeList:
    """Plan items in force with the sessions that closed them."""
    rows = counted.plan_items(place.scope, period).select_related("plan__committee")
    rows = rows.order_by(*_placed("plan__committee__", "quarter", "month", "serial", "pk"))

    def cells(items: Sequence[Any]) -> list[Cells]:
        held = sessions_of(items, period.year)
        return [_item(row, held.get((row.plan.committee_id, row.serial), []), period.year, today) for row in items]

    heads = ("单位", "序号", "时间", "学习专题", "内容类别", "完成场次", "状态")
    keys = ("planned_items", "completed_items", "items_behind")
    return ThreeList("学习清单", "learning", heads, 3, rows, cells, keys, "项")


def _item(row: Any, held: Sequence[Any], year: int, today: date) -> Cells:
    state = item_state(held=bool(held), quarter=row.quarter, year=year, today=today)
    return (
        _cell(row.plan.committee), _cell(row.serial),
        _cell(QUARTER_WORDS[row.quarter - 1], f"{row.month}月" if row.month else ""),
        _cell(row.topic, url=row.plan.get_absolute_url()), _cell(row.get_category_display()),
        _cell(
            *(f"第{one.number}次 {day_words(one.day)}" for one in held),
            url=held[0].study_session.get_absolute_url() if held else "",
        ),
        _cell(STATE_WORDS[state], tone=STATE_TONES[state]),
    )  # fmt: skip


# -------------------------------------------------------------------------------------- findings, rectification
FINDING_KEYS = ("findings", "findings_closed", "findings_overdue")
TONES = {
    "OPEN": "behind", "IN_PROGRESS": "near", "SUBMITTED": "near", "RETURNED": "behind", "CLOSED": "ok", "LONG_TERM": "muted",
}  # fmt: skip


def _rows(place: Place, period: Span, viewer: Viewer) -> QuerySet:
    rows = with_openness(counted.findings(place.scope, period), viewer)
    rows = rows.select_related("committee", "department", "type", "found_by", "owner", "accountable_leader", "closed_by", "recurs")  # fmt: skip
    return rows.order_by(*_placed("committee__", "year", "source", "serial", "pk"))


def _words(row: Any) -> str:
    """What a department below works on has no words here."""
    return row.text if row.is_open else f"由{row.department}督办，内容不在此列"


def _state(row: Any, judged: date) -> Cell:
    late = row.stage in UNDER_WAY and row.due_on is not None and row.due_on < judged
    return _cell(row.get_stage_display() + ("（逾期）" if late else ""), tone="overdue" if late else TONES[row.stage])


def findings(place: Place, period: Span, today: date, viewer: Viewer) -> ThreeList:
    """Columns of domain 3.8, and the state."""
    judged = period.until(today)

    def cells(rows: Sequence[Any]) -> list[Cells]:
        return [
            (
                _cell(row.number, url=finding_address(row)), _cell(row.get_source_display()), _cell(row.committee),
                _cell(row.type, f"重复发生，上次 {row.recurs.number}" if row.recurs else ""), _cell(_words(row)),
                _cell(row.basis if row.is_open else ""), _cell("共性" if row.is_systemic else "个性"),
                _cell(row.found_on, row.found_by if row.is_open else ""), _state(row, judged),
            )
            for row in rows
        ]  # fmt: skip

    heads = ("编号", "来源", "单位", "类别", "问题表述", "依据", "共性/个性", "发现日期、发现人", "状态")
    return ThreeList("问题清单", "findings", heads, 0, _rows(place, period, viewer), cells, FINDING_KEYS, "项")


def rectification(place: Place, period: Span, today: date, viewer: Viewer) -> ThreeList:
    """Columns of domain 3.9."""
    judged = period.until(today)
    proof = Prefetch("evidence", queryset=Evidence.objects.filter(LIVE).order_by("id"))
    rows = _rows(place, period, viewer).prefetch_related("measures", "progress", proof)

    def cells(found: Sequence[Any]) -> list[Cells]:
        return [_rectified(row, judged) for row in found]

    heads = (
        "编号",
        "单位",
        "问题",
        "整改措施",
        "责任领导、责任人",
        "整改时限",
        "进展",
        "佐证材料",
        "状态",
        "申请销号",
        "复核",
    )
    return ThreeList("整改清单", "rectification", heads, 0, rows, cells, FINDING_KEYS, "项")


def _rectified(row: Any, judged: date) -> Cells:
    shown = row.is_open
    measures = [f"{number}．{one.text}" for number, one in enumerate(row.measures.all(), 1)] if shown else []
    progress = [f"{day_words(one.day)} {one.text}" for one in row.progress.all()] if shown else []
    review = (row.closed_by, row.closed_on, row.close_note) if shown and row.stage == "CLOSED" else ()
    extended = f"原定 {day_words(row.first_due_on)}" if row.first_due_on and row.first_due_on != row.due_on else ""
    return (
        _cell(row.number, url=finding_address(row)), _cell(row.committee), _cell(_words(row)), _cell(*measures),
        _cell(*((row.accountable_leader, row.owner) if shown else ())), _cell(row.due_on, extended), _cell(*progress),
        _cell(*((one.text for one in row.evidence.all()) if shown else ())), _state(row, judged), _cell(row.submitted_on),
        _cell(*review),
    )  # fmt: skip


LISTS: dict[str, Callable[[Place, Span, date, Viewer], ThreeList]] = {
    "learning": learning, "findings": findings, "rectification": rectification,
}  # fmt: skip
