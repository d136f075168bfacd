"""A list of units as it is published (序号, 单位名称): who they are stands in it, what they are is asked once for all."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from roster import outside
from roster.audit.taking import Fault
from roster.committees.intake import CommitteeRow, Committees
from roster.committees.models import Committee, CommitteeKind, CommitteeLevel
from sessions_app.workbooks import headings, office, rules
from sessions_app.workbooks.carry import carried
from sessions_app.workbooks.reader import SheetRows
from sessions_app.workbooks.sheets import Parsed

NAMES = ("单位名称", "单位", "名称", "部门名称", "委员会名称", "党组名称", "党委名称", "单位全称", "部门", "党组织名称")
ORDERS = ("序号", "编号", "排序", "顺序")
SHORT = ("简称", "单位简称")
CODES = ("编码", "单位编码", "委员会编码")
LONGEST = 80


@dataclass(frozen=True)
class Answer:
    """What all units of the list are."""

    kind: str  # CommitteeKind value
    level: str  # CommitteeLevel value
    parent: str  # code of the superior
    since: date

    def kept(self) -> dict[str, str]:
        return {"kind": self.kind, "level": self.level, "parent": self.parent, "since": self.since.isoformat()}

    @classmethod
    def of(cls, kept: dict[str, str]) -> "Answer | None":
        return cls(**{**kept, "since": date.fromisoformat(kept["since"])}) if kept else None  # type: ignore[arg-type]

    def said(self) -> str:
        kind, level = CommitteeKind(self.kind).label, CommitteeLevel(self.level).label
        return f"{kind}，{level}，上级 {self.parent}，{self.since} 起"


@dataclass
class UnitList:
    """One sheet of units: (row number, name, short name, place in the order)."""

    title: str
    heading_row: int
    rows: list[tuple[int, str, str, int | None]] = field(default_factory=list)
    unread: list[dict[str, str]] = field(default_factory=list)
    skipped: list[dict[str, Any]] = field(default_factory=list)

    def question(self) -> dict[str, Any]:
        names = [name for _, name, _, _ in self.rows]
        ask = "这些单位是什么类型、哪一级、上级是谁、从哪天起"
        return {"sheet": self.title, "rows": len(names), "names": names[:20], "ask": ask}


def find(raw: SheetRows) -> UnitList | None:
    """The list, when the sheet has a column of names of units and no codes; None else."""
    rows = carried(raw.rows, raw.merged) if raw.merged else raw.rows
    for index, (number, cells) in enumerate(rows[: headings.HEADING_ROWS]):
        heads = {c: rules.heading_text(v) for c, v in sorted(cells.items()) if isinstance(v, str)}
        column = next((c for c, text in heads.items() if text in NAMES), None)
        if column is None or len(heads) < 2 or any(text in CODES for text in heads.values()):
            continue
        found = UnitList(raw.title, number)
        for above, said in raw.rows[:index]:
            found.skipped.append(_skip(found, above, said, "表头以上的标题行，没有读取。"))
        _read(found, rows[index + 1 :], heads, column)
        return found if found.rows else None
    return None


def _skip(found: UnitList, number: int, cells: dict[int, Any], reason: str) -> dict[str, Any]:
    text = " ".join(t for _, value in sorted(cells.items()) if (t := rules.plain(value)))
    return {"sheet": found.title, "row": number, "column": "", "value": text[:200], "reason": reason}


def _read(found: UnitList, rows: Sequence[tuple[int, dict[int, Any]]], heads: dict[int, str], column: int) -> None:
    order = next((c for c, text in heads.items() if text in ORDERS), None)
    short = next((c for c, text in heads.items() if text in SHORT), None)
    for c, text in heads.items():
        if c not in (column, order, short) and text:
            found.unread.append({"sheet": found.title, "column": text, "offer": ""})
    for number, cells in rows:
        values = [value for _, value in sorted(cells.items()) if rules.plain(value)]
        name = rules.name_text(cells.get(column))
        why = office.why_skipped(values, leftmost=True) or ("" if name else "没有单位名称，没有读取。")
        if why:
            found.skipped.append(_skip(found, number, cells, why))
            continue
        place = rules.squeezed(cells.get(order)) if order else ""
        at = outside.whole(place, most=99_999)
        found.rows.append((number, name, rules.name_text(cells.get(short)) if short else "", at))


def load_known(names: Iterable[str], committees: Committees) -> dict[str, list[Committee]]:
    """Units already there, by name, one query."""
    known: dict[str, list[Committee]] = {}
    for row in Committee.objects.filter(name__in=set(names), until=None).select_related("parent"):
        if committees.scope.may_write(row.path):
            known.setdefault(row.name, []).append(row)
            committees.by_code[row.code] = committees.by_id[row.pk] = row
    return known


def _free_number(parent: str) -> int:
    taken = Committee.objects.filter(code__startswith=f"{parent}-").values_list("code", flat=True)
    numbers = [outside.key(code.rsplit("-", 1)[1]) for code in taken]
    return max(numbers, default=0) + 1


def as_rows(found: UnitList, answer: Answer, committees: Committees) -> list[Parsed]:
    """Rows of the sheet 委员会: units already there keep their code and stay as they are, new ones get the next."""
    known = load_known((name for _, name, _, _ in found.rows), committees)
    parent = answer.parent
    following = _free_number(parent)
    made: list[Parsed] = []
    seen: dict[str, int] = {}
    for number, name, short, at in found.rows:
        cells = {"单位名称": name, "简称": short}
        fault = _fault(name, seen, known)
        if fault:
            made.append(Parsed(number, cells, None, [fault]))
            continue
        seen[name] = number
        place = (found.title, number)
        if name in known:
            one = known[name][0]
            row = CommitteeRow(code=one.code, name=one.name, kind=one.kind, place=place)
        else:
            row = CommitteeRow(
                code=f"{parent}-{following:02d}", name=name, kind=answer.kind, short_name=short or None, place=place,
                level=answer.level, parent=parent, sort_order=at, since=answer.since,
            )  # fmt: skip
            following += 1
        made.append(Parsed(number, {"编码": row.code, **cells}, row, key=row.code))
    return made


def _fault(name: str, seen: dict[str, int], known: dict[str, list[Committee]]) -> Fault | None:
    if len(name) > LONGEST:
        return Fault("单位名称", name[:LONGEST], f"“单位名称”超过 {LONGEST} 字，请缩短。")
    if name in seen:
        return Fault("单位名称", name, f"前面第 {seen[name]} 行已经有这个单位，请删去一行。")
    if len(known.get(name, ())) > 1:
        return Fault("单位名称", name, f"已登记的单位里有几个叫“{name}”，分不清是哪一个，请用“委员会”表按编码导入。")
    return None
