"""Results from elsewhere, typed or pasted: another assessment an item refers to, or our own before the system was used."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import transaction

from roster import outside
from roster.audit.actions import Actor, Entry, changes, record, record_many, saying
from roster.audit.moves import Refused
from roster.committees.models import Committee
from sessions_app.assessment.models import OtherResult

MOST_LINES = 2000
CENT = Decimal("0.01")
FIRST_YEAR = 2000


@dataclass(frozen=True)
class Line:
    """One pasted line: what it says, or why it cannot be taken (`wrong`)."""

    number: int
    text: str
    committee: Committee | None = None
    score: Decimal | None = None
    rank: int | None = None
    wrong: str = ""


def _refusals(
    *, name: str, year: int, this_year: int, out_of: Decimal, score: Decimal | None, rank: int | None, of: int | None,
    source: str,
) -> list[str]:  # fmt: skip
    found = []
    if not name.strip():
        found.append("请填写考核名称。")
    if not FIRST_YEAR <= year <= this_year:
        found.append(f"年度须在 {FIRST_YEAR} 到 {this_year} 之间。")
    if out_of <= 0:
        found.append("满分须大于 0。")
    if not source.strip():
        found.append("请写明来源，如文件名称和文号。")
    if score is None and rank is None:
        found.append("得分和名次至少填一项。")
    if score is not None and not 0 <= score <= out_of:
        found.append(f"得分须在 0 到满分 {out_of} 之间。")
    if (rank is None) != (of is None):
        found.append("名次和参评家数须一起填。")
    elif rank is not None and of is not None and not 1 <= rank <= of:
        found.append("名次须在 1 到参评家数之间。")
    return found


@transaction.atomic
def save_result(
    committee: Committee, *, year: int, name: str, score: Decimal | None, out_of: Decimal, rank: int | None,
    of: int | None, source: str, row: OtherResult | None = None, version: int | None = None, by: Actor, at: datetime,
) -> OtherResult:  # fmt: skip
    """A new result, or another reading of one that is there (`row`)."""
    name, source = name.strip()[:60], source.strip()[:200]
    wrong = _refusals(
        name=name, year=year, this_year=at.year, out_of=out_of, score=score, rank=rank, of=of, source=source
    )
    taken = OtherResult.objects.filter(committee=committee, year=year, name=name).exclude(pk=row.pk if row else None)
    twice = f"{committee}已有 {year} 年“{name}”的结果，请直接修改那一条。"
    if taken.exists():
        wrong.append(twice)
    if wrong:
        raise Refused(wrong)
    wanted: dict[str, Any] = {
        "year": year, "name": name, "score": score, "out_of": out_of, "rank": rank, "of": of, "source": source,
    }  # fmt: skip
    with saying({"other_result_once": twice}):
        if row is None:
            new = OtherResult(committee=committee, entered_by_id=by.pk, entered_at=at, **wanted)
            new.save()
            record(new, verb="create", by=by, at=at, data={key: _said(value) for key, value in wanted.items()})
            return new
        kept: OtherResult = OtherResult.objects.lock(row.pk, version)
        changed = changes(kept, wanted)
        if changed:
            kept.entered_by_id, kept.entered_at = by.pk, at
            kept.save_changed()
            record(kept, verb="edit", by=by, at=at, data=changed)
    return kept


def _said(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else value


def read_lines(text: str, committees: Any, *, out_of: Decimal, of: int | None) -> list[Line]:
    """What was pasted, line by line: 编码 tab 得分 tab 名次. `committees`: a queryset of those that may be named."""
    rows = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    cells = [(number, line, [cell.strip() for cell in line.replace("，", "\t").split("\t")]) for number, line in rows]
    known = {row.code: row for row in committees.filter(code__in={parts[0] for _, _, parts in cells})}
    found: list[Line] = []
    seen: set[str] = set()
    for number, line, parts in cells[: MOST_LINES + 1]:
        found.append(_read(number, line, parts, known, seen, out_of, of))
        seen.add(parts[0])
    return found


def _read(
    number: int, line: str, parts: list[str], known: dict[str, Committee], seen: set[str], out_of: Decimal, of: int | None
) -> Line:  # fmt: skip
    def wrong(words: str) -> Line:
        return Line(number, line, known.get(parts[0]), wrong=words)

    code, score_text, rank_text = (*parts, "", "")[:3]
    if len(parts) > 3:
        return wrong("一行只能有编码、得分、名次三栏")
    if code not in known:
        return wrong(f"没有编码为“{code}”的单位，或不在您的管辖范围")
    if code in seen:
        return wrong("这个单位在前面已出现过")
    score: Decimal | None = None
    if score_text:
        try:
            score = Decimal(score_text).quantize(CENT)
        except InvalidOperation:
            return wrong(f"得分“{score_text}”不是数字")
        if not score.is_finite() or not 0 <= score <= out_of:
            return wrong(f"得分须在 0 到满分 {out_of} 之间")
    if not score_text and not rank_text:
        return wrong("得分和名次都没有")
    rank: int | None = None
    if rank_text:
        if outside.whole(rank_text, most=999_999) is None:
            return wrong(f"名次“{rank_text}”不是整数")
        rank = int(rank_text)
        if of is None:
            return wrong("有名次的，须填参评家数")
        if not 1 <= rank <= of:
            return wrong(f"名次须在 1 到参评家数 {of} 之间")
    return Line(number, line, known[code], score, rank)


@transaction.atomic
def paste_results(
    lines: list[Line], *, year: int, name: str, out_of: Decimal, of: int | None, source: str, by: Actor, at: datetime
) -> int:
    """All of them or none: lines that cannot be taken refuse the whole. What stood there for the same year is replaced."""
    wrong = _refusals(
        name=name, year=year, this_year=at.year, out_of=out_of, score=Decimal(0), rank=None, of=None, source=source
    )
    if not lines:
        wrong.append("没有粘贴任何一行。")
    if len(lines) > MOST_LINES:
        wrong.append(f"一次最多 {MOST_LINES} 行，请分几次粘贴。")
    bad = sum(bool(line.wrong) for line in lines)
    if bad:
        wrong.append(f"有 {bad} 行不能导入，改正后再保存；没有导入任何一行。")
    if wrong:
        raise Refused(wrong)
    name, source = name.strip()[:60], source.strip()[:200]
    mine = {line.committee.pk: line for line in lines if line.committee}
    # One pasting of a year at a time: two at once would both take the same rows for new.
    rows = OtherResult.objects.select_for_update().filter(year=year, name=name, committee_id__in=mine)
    old = {row.committee_id: row for row in rows.order_by("pk")}
    entries, fresh, changed_rows = [], [], []
    for pk, line in mine.items():
        wanted = {"score": line.score, "out_of": out_of, "rank": line.rank, "of": of if line.rank else None, "source": source}  # fmt: skip
        row = old.get(pk)
        if row is None:
            new = OtherResult(committee_id=pk, year=year, name=name, entered_by_id=by.pk, entered_at=at, **wanted)
            fresh.append(new)
        elif changed := changes(row, wanted):
            row.entered_by_id, row.entered_at, row.version = by.pk, at, row.version + 1
            changed_rows.append(row)
            entries.append(Entry(row, "edit", at, data=changed, chain=pk))
    with saying({"other_result_once": "刚才有人录入了同一年度的结果，请重新预览。"}):
        OtherResult.objects.bulk_create(fresh)
    OtherResult.objects.bulk_update(
        changed_rows, ["score", "out_of", "rank", "of", "source", "entered_by", "entered_at", "version"]
    )
    entries += [
        Entry(row, "import", at, data={"year": year, "name": name, "score": _said(row.score), "rank": row.rank}, chain=row.committee_id)
        for row in fresh
    ]  # fmt: skip
    record_many(entries, by=by)
    return len(fresh) + len(changed_rows)
