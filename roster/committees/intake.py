"""Many committees at once: judged in memory, written in bulk (import, demo).

    register = Committees(); register.load(codes); verdicts = register.judge(rows); register.write(journal, by=, at=)
    take_in(rows, by=, at=)  does all of it and refuses everything when one row is wrong.

`CommitteeRow.parent` is the superior's code. None or "" in an optional field means: leave as it is (new rows: default).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Concat, Substr

from roster.audit.actions import Actor, Entry
from roster.audit.models import Versioned
from roster.audit.moves import Stale
from roster.audit.taking import (
    BATCH,
    EVERYWHERE,
    OUT_OF_SCOPE,
    Change,
    Fate,
    Fault,
    Journal,
    Scope,
    Verdict,
    rejected,
    same,
    settle,
    shown,
)
from roster.committees.models import Committee, CommitteeLevel, CommitteeName
from roster.committees.pinyin import readings
from roster.committees.rules import level_reasons, period_reasons, within_reasons

# Where a workbook leaves 启用日期 empty: before everything the house can hold.
SINCE_UNKNOWN = date(1949, 10, 1)
LEVELS = list(CommitteeLevel.values)
COLUMNS = {
    "name": "名称", "short_name": "简称", "kind": "类型", "level": "层级", "parent": "上级编码", "sort_order": "排序",
    "since": "启用日期", "until": "停用日期", "by_reference": "参照执行",
}  # fmt: skip


@dataclass(slots=True)
class CommitteeRow:
    code: str
    name: str
    kind: str  # CommitteeKind value
    short_name: str | None = None
    level: str | None = None  # CommitteeLevel value; new and empty: the superior's
    parent: str | None = None  # code of the superior
    sort_order: int | None = None
    since: date | None = None
    until: date | None = None
    by_reference: bool | None = None
    at: datetime | None = None
    place: Any = None  # where the row stands, e.g. ("委员会", 4); handed back in the verdict


def check_versions(model: type[Versioned], versions: dict[int, int]) -> None:
    """Lock the rows about to change; Stale when one changed since it was read."""
    if not versions:
        return
    found = model.objects.select_for_update(of=("self",), no_key=True).order_by("pk").filter(pk__in=versions)  # type: ignore[attr-defined]
    now = dict(found.values_list("pk", "version"))
    for pk, version in versions.items():
        if now.get(pk) != version:
            raise Stale(now.get(pk, 0))


class Committees:
    """The committees an intake speaks of, by code: those there already and those to be made."""

    def __init__(self, *, scope: Scope = EVERYWHERE) -> None:
        self.scope = scope
        self.by_code: dict[str, Committee] = {}
        self.by_id: dict[int, Committee] = {}
        self.refused: dict[str, Any] = {}  # code -> place of the row that was rejected
        self.new: list[tuple[Committee, CommitteeRow]] = []
        self.changed: dict[int, tuple[Committee, CommitteeRow, dict[str, Any]]] = {}
        self.names: dict[int, CommitteeName] = {}

    def load(self, codes: Iterable[str]) -> None:
        """One query for any number of codes."""
        wanted = set(codes) - set(self.by_code)
        for row in Committee.objects.filter(code__in=wanted).select_related("parent") if wanted else ():
            self.by_code[row.code] = self.by_id[row.pk] = row

    def find(self, code: str, column: str = "委员会编码") -> tuple[Committee | None, Fault | None]:
        """The committee, writable by whoever brings the rows, or why not. Unknown and out of reach sound the same."""
        row = self.by_code.get(code)
        if row is None:
            if code in self.refused:
                return None, Fault(
                    column, code, f"{code} 所在的那一行{said_place(self.refused[code])}未被接受，请先改正那一行。"
                )
            return None, Fault(column, code, f"没有编码为“{code}”的委员会，或不在您的管理范围内，请核对编码。")
        if row.pk and not self.scope.may_write(row.path):
            return None, Fault(column, code, f"没有编码为“{code}”的委员会，或不在您的管理范围内，请核对编码。")
        return row, None

    def judge(self, rows: Sequence[CommitteeRow]) -> list[Verdict]:
        """In the order of the tree, so that a superior may stand below its subordinates in the sheet."""
        first: dict[str, int] = {}
        verdicts: dict[int, Verdict] = {}
        for index, row in enumerate(rows):
            if row.code in first:
                earlier = said_place(rows[first[row.code]].place)
                verdicts[index] = rejected(
                    row, Fault("编码", row.code, f"编码“{row.code}”前面{earlier}已经用过，请改编码或删去重复的行。")
                )
            else:
                first[row.code] = index
        waiting = [index for index in range(len(rows)) if index not in verdicts]
        while waiting:
            later = [index for index in waiting if rows[index].parent in first and first[rows[index].parent or ""] in waiting
                     and rows[index].parent != rows[index].code]  # fmt: skip
            ready = [index for index in waiting if index not in set(later)] or waiting
            for index in ready:
                verdicts[index] = self._judge(rows[index], ring=ready is waiting and bool(later))
                if verdicts[index].fate is Fate.REJECTED:
                    self.refused.setdefault(rows[index].code, rows[index].place)
            done = set(ready)
            waiting = [index for index in waiting if index not in done]
        return [verdicts[index] for index in range(len(rows))]

    def _judge(self, row: CommitteeRow, *, ring: bool) -> Verdict:
        if ring:
            return rejected(row, Fault("上级编码", row.parent or "", "上级编码互相指向，成了一个圈，请改正其中一个。"))
        faults: list[Fault] = []
        parent: Committee | None = None
        if row.parent:
            parent = self.by_code.get(row.parent)
            if row.parent == row.code:
                faults.append(
                    Fault("上级编码", row.parent, "上级编码就是本行的编码，请填上级委员会的编码，最高一级留空。")
                )
            elif parent is None and row.parent in self.refused:
                where = said_place(self.refused[row.parent])
                faults.append(
                    Fault("上级编码", row.parent, f"上级“{row.parent}”所在的那一行{where}未被接受，请先改正那一行。")
                )
            elif parent is None:
                faults.append(Fault("上级编码", row.parent, f"没有编码为“{row.parent}”的委员会，请核对上级编码。"))
        if faults:
            return rejected(row, *faults)
        known = self.by_code.get(row.code)
        return self._judge_known(row, known, parent) if known else self._judge_new(row, parent)

    def _frame_faults(
        self, row: CommitteeRow, since: date, until: date | None, level: str, parent: Committee | None
    ) -> list[Fault]:
        faults = [Fault("停用日期", shown(until), reason) for reason in period_reasons(since, until)]
        if parent is not None and not faults:
            faults += [
                Fault("层级", CommitteeLevel(level).label, reason) for reason in level_reasons(level, parent.level)
            ]
            # A start nobody wrote down is taken from the superior, so it never stands before it.
            faults += [
                Fault("启用日期", shown(since), reason)
                for reason in within_reasons(since, until, parent.since, parent.until, frame=f"上级“{parent}”")
                if row.since is not None or "停用" in reason
            ]
        return faults

    def _judge_new(self, row: CommitteeRow, parent: Committee | None) -> Verdict:
        if not self.scope.may_edit_committee(parent.path if parent else ""):
            return rejected(
                row, Fault("编码", row.code, "新建委员会由宣传部审核人或系统管理员办理；请核对编码，或请他们先登记。")
            )
        level = row.level or (parent.level if parent else CommitteeLevel.CITY)
        since = row.since or (parent.since if parent else SINCE_UNKNOWN)
        faults = self._frame_faults(row, since, row.until, level, parent)
        if faults:
            return rejected(row, *faults)
        made = Committee(
            code=row.code, name=row.name, short_name=row.short_name or "", kind=row.kind, level=level,
            level_order=LEVELS.index(level), parent=parent, since=since, until=row.until,
            sort_order=1000 if row.sort_order is None else row.sort_order, by_reference=bool(row.by_reference),
            path=f"{parent.path if parent else ''}0/",  # until it has an id
        )  # fmt: skip
        self.by_code[row.code] = made
        self.new.append((made, row))
        return Verdict(row, Fate.NEW)

    def _judge_known(self, row: CommitteeRow, known: Committee, parent: Committee | None) -> Verdict:
        wanted = {
            name: value
            for name in ("name", "short_name", "kind", "level", "sort_order", "since", "until", "by_reference")
            if (value := getattr(row, name)) is not None and not same(value, getattr(known, name))
        }
        moved = parent is not None and parent is not known.parent and parent.code != getattr(known.parent, "code", "")
        if not wanted and not moved:
            return Verdict(row, Fate.SAME)
        if (
            not self.scope.may_edit_committee(known.path)
            or moved
            and parent
            and not self.scope.may_edit_committee(parent.path)
        ):
            return rejected(row, Fault("编码", row.code, f"这一行与已登记的内容不同，而修改委员会{OUT_OF_SCOPE}"))
        if moved and parent and known.pk and parent.path.startswith(known.path):
            return rejected(row, Fault("上级编码", row.parent or "", "不能移到自己或自己的下级之下，请核对上级编码。"))
        above = parent if moved else known.parent
        level = wanted.get("level", known.level)
        faults = self._frame_faults(
            row, wanted.get("since", known.since), wanted.get("until", known.until), level, above
        )
        if faults:
            return rejected(row, *faults)
        before = {name: getattr(known, name) for name in wanted}
        changes = [
            Change(COLUMNS[name], self._word(name, before[name]), self._word(name, value))
            for name, value in wanted.items()
        ]
        if moved and parent:
            before["parent_id"] = known.parent_id
            changes.append(Change(COLUMNS["parent"], known.parent.code if known.parent else "", parent.code))
            known.parent = parent
        for name, value in wanted.items():
            setattr(known, name, value)
        self.changed[known.pk] = (known, row, before)
        return Verdict(row, Fate.CHANGED, changes)

    @staticmethod
    def _word(name: str, value: Any) -> str:
        if name in ("kind", "level") and value:
            return str(dict(Committee._meta.get_field(name).flatchoices)[value])
        return shown(value)

    @transaction.atomic
    def write(self, journal: Journal, *, by: Actor, at: datetime) -> None:
        """Level by level, so that each path stands on its parent's."""
        for made, _ in self.new:
            made.path, made.pinyin = f"new {made.code}", _spelled(made)
        todo = [made for made, _ in self.new]
        while todo:
            ready = [made for made in todo if made.parent is None or made.parent.pk]
            Committee.objects.bulk_create(ready, batch_size=BATCH)
            for made in ready:
                made.path = f"{made.parent.path if made.parent else ''}{made.pk:07d}/"
                self.by_id[made.pk] = made
            Committee.objects.bulk_update(ready, ["path"], batch_size=BATCH)
            done = {made.code for made in ready}
            todo = [made for made in todo if made.code not in done]
        names = [
            CommitteeName(
                committee=made, name=made.name, short_name=made.short_name, since=made.since, until=made.until
            )
            for made, _ in self.new
        ]
        CommitteeName.objects.bulk_create(names, batch_size=BATCH)
        journal.note_made(made for made, _ in self.new)
        for made, row in self.new:
            data = {
                "code": made.code,
                "name": made.name,
                "parent": made.parent.code if made.parent else "",
                "intake": True,
            }
            journal.entries.append(Entry(made, "新建委员会", row.at or at, data=data, chain=made.pk))
        self._write_changed(journal, at=at)

    def _write_changed(self, journal: Journal, *, at: datetime) -> None:
        check_versions(Committee, {pk: row.version for pk, (row, _, _) in self.changed.items()})
        for known, row, before in self.changed.values():
            day = (row.at or at).date()
            known.version += 1
            known.level_order = LEVELS.index(known.level)
            if "parent_id" in before:
                old, known.path = known.path, f"{known.parent.path if known.parent else ''}{known.pk:07d}/"
                Committee.objects.filter(path__startswith=old).exclude(pk=known.pk).update(
                    path=Concat(Value(known.path), Substr(F("path"), len(old) + 1))
                )
                before["path"] = old
            if before.keys() & {"name", "short_name"}:
                known.pinyin = _spelled(known)
                self._rename(known, day)
            if "until" in before:
                known.names.filter(until=None).update(until=known.until)
            if "since" in before:
                known.names.filter(since=before["since"]).update(since=known.since)
            known.save()
            if before.keys() & {"name", "short_name", "parent_id", "until", "since"}:
                journal.final.append("委员会的名称、上级或启用停用日期")
            journal.note_changed(known, before)
            told = {name: [shown(old), shown(getattr(known, name))] for name, old in before.items() if name != "path"}
            journal.entries.append(
                Entry(known, "修改委员会", row.at or at, data={"changes": told, "intake": True}, chain=known.pk)
            )

    def _rename(self, row: Committee, day: date) -> None:
        """A new name in a workbook holds from the day of the import; earlier papers keep the old one."""
        current = row.names.filter(until=None).first()
        if current is None or current.since >= day:
            row.names.filter(until=None).update(name=row.name, short_name=row.short_name)
            return
        row.names.filter(pk=current.pk).update(until=day - timedelta(days=1))
        CommitteeName.objects.create(committee=row, name=row.name, short_name=row.short_name, since=day)


def _spelled(row: Committee) -> str:
    return " ".join(part for part in (readings(row.name), readings(row.short_name)) if part)[:200]


def said_place(place: Any) -> str:
    """（人员 第 5 行）, or nothing when the row does not say where it stands."""
    return f"（{place[0]} 第 {place[1]} 行）" if isinstance(place, tuple) else ""


@transaction.atomic
def take_in(rows: Sequence[CommitteeRow], *, by: Actor, at: datetime) -> Committees:
    """Refused when a row is wrong; rows already there as they are change nothing."""
    register = Committees()
    register.load({code for row in rows for code in (row.code, row.parent) if code})
    settle(register.judge(rows))
    journal = Journal()
    register.write(journal, by=by, at=at)
    journal.record(by=by)
    return register
