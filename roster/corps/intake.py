"""Many experts at once: judged in memory, written in bulk (import, demo).

An expert is known by person and first day, in the pool of one department: that of whoever brings the rows, the root's
when nobody does. None in an optional field means: leave as it is (new rows: default).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from roster.audit.actions import Actor, Entry
from roster.audit.taking import BATCH, Change, Fate, Fault, Journal, Verdict, rejected, settle, shown
from roster.committees.intake import Committees, check_versions, said_place
from roster.committees.models import Committee
from roster.committees.rules import meet, period_reasons, span_said
from roster.corps.models import Expert, TeamMember
from roster.corps.rules import field_reasons
from roster.people.intake import People

NO_POOL = "专家由宣传部登记，您的身份不能导入专家，请交由主管部门导入。"
COLUMNS = {"unit": "工作单位", "fields": "研究领域", "until": "结束日期"}


@dataclass(slots=True)
class ExpertRow:
    person: str
    since: date
    until: date | None = None
    unit: str | None = None  # a committee's name, short name or code; any other text is kept as it is
    fields: list[str] | None = None
    max_load: int | None = None
    at: datetime | None = None
    place: Any = None


class Experts:
    """The pool of one department. `home` is its committee's id; None the root, 0 nobody's."""

    def __init__(self, committees: Committees, people: People, *, home: int | None = None) -> None:
        self.committees, self.people, self.home = committees, people, home
        self.pool: Committee | None = None
        self.by_person: dict[str, list[Expert]] = {}
        self.places: dict[int, list[TeamMember]] = {}
        self.units: dict[str, Committee | None] = {}
        self.new: list[tuple[Expert, ExpertRow]] = []
        self.changed: dict[int, tuple[Expert, ExpertRow, dict[str, Any]]] = {}

    def load(self, rows: Sequence[ExpertRow]) -> None:
        """Four queries: the pool, its experts of these people, their places in teams, the units named."""
        if self.home is None:
            fresh = (made for made, _ in self.committees.new if made.parent is None)
            self.pool = Committee.objects.filter(parent=None).order_by("path").first() or next(fresh, None)
        else:
            self.pool = Committee.objects.filter(pk=self.home).first()
        if self.pool is None:
            return
        codes = {row.person for row in rows}
        if self.pool.pk:
            known = Expert.objects.filter(committee=self.pool, person__code__in=codes)
            for expert in known.select_related("person", "unit").order_by("since"):
                self.by_person.setdefault(expert.person.code, []).append(expert)
            for place in TeamMember.objects.filter(expert__committee=self.pool, expert__person__code__in=codes):
                self.places.setdefault(place.expert_id, []).append(place)
        texts = {row.unit for row in rows if row.unit}
        self._name_units(texts)

    def _name_units(self, texts: set[str]) -> None:
        """What names exactly one committee; a name two of them bear stays a text."""
        named = Q(name__in=texts) | Q(short_name__in=texts) | Q(code__in=texts)
        fresh = [made for made, _ in self.committees.new]
        for row in [*Committee.objects.filter(named), *fresh] if texts else ():
            for text in {row.name, row.short_name, row.code} & texts:
                self.units[text] = None if text in self.units else row

    def judge(self, rows: Sequence[ExpertRow]) -> list[Verdict]:
        """Terms already there first, so that ending one makes room for a new one wherever it stands in the sheet."""
        verdicts: dict[int, Verdict] = {}
        seen: dict[tuple[str, date], Any] = {}
        later: list[int] = []
        for index, row in enumerate(rows):
            fault = self._fault(row, seen)
            if fault is not None:
                verdicts[index] = rejected(row, fault)
                continue
            seen[row.person, row.since] = row.place
            known = next((term for term in self.by_person.get(row.person, ()) if term.since == row.since), None)
            if known is None:
                later.append(index)
            else:
                verdicts[index] = self._judge_known(row, known)
        for index in later:
            verdicts[index] = self._judge_new(rows[index])
        return [verdicts[index] for index in range(len(rows))]

    def _fault(self, row: ExpertRow, seen: dict[tuple[str, date], Any]) -> Fault | None:
        if self.pool is None:
            return Fault("人员编码", row.person, NO_POOL)
        _, fault = self.people.find(row.person)
        if fault is None and (row.person, row.since) in seen:
            where = said_place(seen[row.person, row.since])
            fault = Fault("起始日期", shown(row.since), f"与前面{where}同一人、同一起始日期重复，请删去一行。")
        return fault

    def _term_faults(self, row: ExpertRow, until: date | None, but: Expert | None = None) -> list[Fault]:
        faults = [Fault("结束日期", shown(until), reason) for reason in period_reasons(row.since, until)]
        faults += [Fault("研究领域", "、".join(row.fields or ()), reason) for reason in field_reasons(row.fields or ())]
        for term in self.by_person.get(row.person, ()) if not faults else ():
            if term is not but and meet(row.since, until, term.since, term.until):
                span = span_said(term.since, term.until)
                reason = f"{term.person.name}的专家任期（{span}）与所填日期重叠，请先结束原任期或改日期。"
                faults.append(Fault("起始日期", shown(row.since), reason))
        return faults

    def _judge_known(self, row: ExpertRow, known: Expert) -> Verdict:
        wanted: dict[str, Any] = {}
        if row.unit is not None and not self._same_unit(row.unit, known):
            unit = self.units.get(row.unit)
            wanted |= {"unit": unit, "unit_name": "" if unit else row.unit}
        if row.fields is not None and row.fields != known.fields:
            wanted["fields"] = row.fields
        if row.until is not None and row.until != known.until:
            wanted["until"] = row.until
        if not wanted:
            return Verdict(row, Fate.SAME)
        faults = self._term_faults(row, wanted.get("until", known.until), known)
        if "until" in wanted and any(place.since > wanted["until"] for place in self.places.get(known.pk, ())):
            reason = f"{known.person.name}在旁听组的任期会落在专家任期之外，请先调整旁听组。"
            faults.append(Fault("结束日期", shown(row.until), reason))
        if faults:
            return rejected(row, *faults)
        before = {name: getattr(known, name) for name in wanted}
        changes = []
        if "unit" in wanted:
            now = str(before["unit"] or before["unit_name"])
            changes.append(Change(COLUMNS["unit"], now, str(wanted["unit"] or wanted["unit_name"])))
        if "fields" in wanted:
            changes.append(Change(COLUMNS["fields"], "、".join(before["fields"]), "、".join(wanted["fields"])))
        if "until" in wanted:
            changes.append(Change(COLUMNS["until"], shown(before["until"]), shown(wanted["until"])))
        for name, value in wanted.items():
            setattr(known, name, value)
        self.changed[known.pk] = (known, row, before)
        return Verdict(row, Fate.CHANGED, changes)

    @staticmethod
    def _same_unit(text: str, known: Expert) -> bool:
        unit = known.unit
        return text in ({unit.name, unit.short_name, unit.code} if unit else {known.unit_name})

    def _judge_new(self, row: ExpertRow) -> Verdict:
        faults = self._term_faults(row, row.until)
        if faults:
            return rejected(row, *faults)
        unit = self.units.get(row.unit or "")
        made = Expert(
            committee=self.pool, person=self.people.by_code[row.person], unit=unit, since=row.since, until=row.until,
            unit_name="" if unit else row.unit or "", fields=row.fields or [], max_load=row.max_load or 6,
        )  # fmt: skip
        self.by_person.setdefault(row.person, []).append(made)
        self.new.append((made, row))
        return Verdict(row, Fate.NEW)

    @transaction.atomic
    def write(self, journal: Journal, *, by: Actor, at: datetime) -> None:
        check_versions(Expert, {pk: row.version for pk, (row, _, _) in self.changed.items()})
        ended: list[TeamMember] = []
        for known, row, before in self.changed.values():
            known.version += 1
            noted = {("unit_id" if name == "unit" else name): value for name, value in before.items()}
            if "unit_id" in noted:
                noted["unit_id"] = noted["unit_id"].pk if noted["unit_id"] else None
            journal.note_changed(known, noted)
            told = {name: [_plain(old), _plain(getattr(known, name))] for name, old in before.items()}
            data = {"changes": told, "person": known.person.code, "intake": True}
            journal.entries.append(Entry(known, "edit", row.at or at, data=data, chain=known.committee_id))
            for place in self.places.get(known.pk, ()) if known.until else ():
                if place.until is None or place.until > known.until:
                    journal.note_changed(place, {"until": place.until})
                    place.until, place.version = known.until, place.version + 1
                    ended.append(place)
        rows = [known for known, _, _ in self.changed.values()]
        Expert.objects.bulk_update(rows, ["unit", "unit_name", "fields", "until", "version"], batch_size=BATCH)
        TeamMember.objects.bulk_update(ended, ["until", "version"], batch_size=BATCH)
        Expert.objects.bulk_create([made for made, _ in self.new], batch_size=BATCH)
        journal.note_made(made for made, _ in self.new)
        for made, row in self.new:
            data = {"person": made.person.code, "since": shown(made.since), "intake": True}
            journal.entries.append(Entry(made, "create", row.at or at, data=data, chain=made.committee_id))


def _plain(value: Any) -> Any:
    return value if isinstance(value, list) else shown(value)


@transaction.atomic
def take_in_experts(rows: Iterable[ExpertRow], *, home: int | None = None, by: Actor, at: datetime) -> Experts:
    """All or nothing (demo)."""
    rows = list(rows)
    committees, people = Committees(), People()
    people.load({row.person for row in rows})
    register = Experts(committees, people, home=home)
    register.load(rows)
    settle(register.judge(rows))
    journal = Journal()
    register.write(journal, by=by, at=at)
    journal.record(by=by)
    return register
