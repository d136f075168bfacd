"""Many people, memberships and secretaryships at once: judged in memory, written in bulk (import, demo).

    take_in_people(rows, by=, at=), take_in_memberships(...), take_in_secretaries(...)

Committees and people are named by code. None in an optional field means: leave as it is (new rows: default).
A membership is known by committee, person and first day.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from roster.audit.actions import Actor, Entry
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
from roster.committees.intake import Committees, check_versions, said_place
from roster.committees.models import Committee
from roster.committees.rules import meet, period_reasons, span_said, within_reasons
from roster.people.actions import local_day, merged_sentence, waits
from roster.people.consequences import Belonging, against, recount
from roster.people.models import LEADING, GroupRole, Membership, Person, StudySecretary
from roster.people.pinyin import name_pinyin
from roster.people.rules import Term, gives_more, phone_reasons, same_name

PERSON_COLUMNS = {"name": "姓名", "phone": "手机", "email": "邮箱"}
MEMBER_COLUMNS = {
    "group_role": "组内职务", "post": "党政职务", "rank": "排名", "until": "结束日期", "primary_responsible": "第一责任人",
    "end_reason": "变动原因",
}  # fmt: skip


@dataclass(slots=True)
class PersonRow:
    code: str
    name: str
    phone: str | None = None
    email: str | None = None
    at: datetime | None = None
    place: Any = None


@dataclass(slots=True)
class MembershipRow:
    committee: str
    person: str
    group_role: str  # GroupRole value
    since: date
    until: date | None = None
    post: str | None = None
    rank: int | None = None
    primary_responsible: bool | None = None
    end_reason: str | None = None
    at: datetime | None = None
    place: Any = None


@dataclass(slots=True)
class SecretaryRow:
    committee: str
    person: str
    since: date
    until: date | None = None
    at: datetime | None = None
    place: Any = None


class People:
    """The people an intake speaks of, by code."""

    def __init__(self, *, scope: Scope = EVERYWHERE) -> None:
        self.scope = scope
        self.by_code: dict[str, Person] = {}
        self.by_id: dict[int, Person] = {}
        self.refused: dict[str, Any] = {}
        self.twins: dict[tuple[str, str], dict[str, int | None]] = {}  # (name, phone) -> code -> id
        self.new: list[tuple[Person, PersonRow]] = []
        self.changed: dict[int, tuple[Person, PersonRow, dict[str, Any]]] = {}

    def load(self, codes: Iterable[str]) -> None:
        wanted = set(codes) - set(self.by_code)
        for row in Person.objects.filter(code__in=wanted) if wanted else ():
            self.by_code[row.code] = self.by_id[row.pk] = row

    def load_twins(self, rows: Sequence[PersonRow]) -> None:
        """People of the same phone, in one query: the same name under another code is warned of."""
        phones = {row.phone for row in rows if row.phone and row.code not in self.by_code}
        for row in Person.objects.filter(phone__in=phones) if phones else ():
            self.twins.setdefault((same_name(row.name), row.phone), {})[row.code] = row.pk

    def _twin_warnings(self, row: PersonRow) -> list[Fault]:
        if not row.phone:
            return []
        known = self.twins.setdefault((same_name(row.name), row.phone), {})
        other = next((code for code in known if code != row.code), None)
        if other is None:
            known[row.code] = None
            return []
        pk = known[other]
        named = f"（编码 {other}）" if pk is None or self.scope.may_edit_person(pk) else ""
        reason = f"与{row.name}{named}姓名、手机都相同，像是同一人；是同一人的请用原来的编码，不要再登记一次。"
        return [Fault("姓名", row.name, reason)]

    def load_ids(self, ids: Iterable[int]) -> None:
        wanted = set(ids) - set(self.by_id)
        for row in Person.objects.filter(pk__in=wanted) if wanted else ():
            self.by_code[row.code] = self.by_id[row.pk] = row

    def find(self, code: str) -> tuple[Person | None, Fault | None]:
        row = self.by_code.get(code)
        if row is not None:
            return row, None
        if code in self.refused:
            where = said_place(self.refused[code])
            return None, Fault("人员编码", code, f"“{code}”所在的那一行{where}未被接受，请先改正那一行。")
        return None, Fault("人员编码", code, f"没有编码为“{code}”的人员，请核对编码，或先在“人员”表登记。")

    def judge(self, rows: Sequence[PersonRow]) -> list[Verdict]:
        first: dict[str, Any] = {}
        verdicts = []
        for row in rows:
            if row.code in first:
                where = said_place(first[row.code])
                verdict = rejected(
                    row,
                    Fault(
                        "人员编码",
                        row.code,
                        f"人员编码“{row.code}”前面{where}已经用过，请核对是否同一人，或改用别的编码。",
                    ),
                )
            else:
                verdict = self._judge(row)
                if verdict.fate is Fate.REJECTED:
                    self.refused.setdefault(row.code, row.place)
                else:
                    first[row.code] = row.place
            verdicts.append(verdict)
        return verdicts

    def _judge(self, row: PersonRow) -> Verdict:
        faults = [Fault("手机", row.phone or "", reason) for reason in phone_reasons(row.phone or "")]
        if faults:
            return rejected(row, *faults)
        known = self.by_code.get(row.code)
        if known is None:
            made = Person(code=row.code, name=row.name, phone=row.phone or "", email=row.email or "")
            self.by_code[row.code] = made
            self.new.append((made, row))
            return Verdict(row, Fate.NEW, warnings=self._twin_warnings(row))
        wanted = {
            name: value
            for name in PERSON_COLUMNS
            if (value := getattr(row, name)) is not None and not same(value, getattr(known, name))
        }
        if "name" in wanted and same_name(row.name) == same_name(known.name):
            del wanted["name"]  # another dot or space is the same name
        if not wanted:
            return Verdict(row, Fate.SAME)
        if known.merged_into_id is not None:
            return rejected(row, Fault("人员编码", row.code, merged_sentence(known)))
        if known.pk and not self.scope.may_edit_person(known.pk):
            return rejected(row, Fault("人员编码", row.code, f"此人已登记而内容不同，{OUT_OF_SCOPE}"))
        before = {name: getattr(known, name) for name in wanted}
        changes = [Change(PERSON_COLUMNS[name], shown(before[name]), shown(value)) for name, value in wanted.items()]
        for name, value in wanted.items():
            setattr(known, name, value)
        self.changed[known.pk] = (known, row, before)
        return Verdict(row, Fate.CHANGED, changes)

    @transaction.atomic
    def write(self, journal: Journal, *, by: Actor, at: datetime) -> None:
        for made, _ in self.new:
            made.pinyin = name_pinyin(made.name)[:120]
        Person.objects.bulk_create([made for made, _ in self.new], batch_size=BATCH)
        journal.note_made(made for made, _ in self.new)
        for made, row in self.new:
            self.by_id[made.pk] = made
            journal.entries.append(Entry(made, "新建人员", row.at or at, data={"code": made.code, "intake": True}))
        check_versions(Person, {pk: row.version for pk, (row, _, _) in self.changed.items()})
        for known, row, before in self.changed.values():
            known.version += 1
            known.pinyin = name_pinyin(known.name)[:120]
            journal.note_changed(known, before)
            # The log keeps that the phone or the mail address changed, not what they were.
            told = {name: [old, getattr(known, name)] if name == "name" else ["…", "…"] for name, old in before.items()}
            journal.entries.append(Entry(known, "修改人员", row.at or at, data={"changes": told, "intake": True}))
        rows = [known for known, _, _ in self.changed.values()]
        Person.objects.bulk_update(rows, ["name", "phone", "email", "pinyin", "version"], batch_size=BATCH)


Pair = tuple[str, str]  # committee code, person code


class Terms:
    """Memberships or secretaryships of the committees and people an intake speaks of, kept free of overlap."""

    model: type[Membership] | type[StudySecretary]
    columns: dict[str, str]
    what: str
    verbs: tuple[str, str]

    def __init__(self, committees: Committees, people: People) -> None:
        self.committees, self.people = committees, people
        self.by_pair: dict[Pair, list[Any]] = {}
        self.by_committee: dict[str, list[Any]] = {}
        self.new: list[tuple[Any, Any]] = []
        self.changed: dict[int, tuple[Any, Any, dict[str, Any]]] = {}

    def load(self) -> None:
        """Every term of the loaded committees (two queries: terms, and people not loaded yet)."""
        ids = list(self.committees.by_id)
        rows = list(self.model.objects.filter(committee_id__in=ids).order_by("since")) if ids else []
        self.people.load_ids({row.person_id for row in rows})
        for row in rows:
            row.committee = self.committees.by_id[row.committee_id]
            row.person = self.people.by_id[row.person_id]
            self._keep(row)

    def _keep(self, row: Any) -> None:
        self.by_pair.setdefault((row.committee.code, row.person.code), []).append(row)
        self.by_committee.setdefault(row.committee.code, []).append(row)

    def valid(self, committee: str, person: str, day: date) -> bool:
        return any(
            row.since <= day and (row.until is None or row.until >= day)
            for row in self.by_pair.get((committee, person), ())
        )

    def of_day(self, committee: str, day: date) -> list[Any]:
        return [
            row
            for row in self.by_committee.get(committee, ())
            if row.since <= day and (row.until is None or row.until >= day)
        ]

    def why_not(self, committee: str, person: Person, day: date) -> str:
        """In words, why somebody was no member that day."""
        terms = sorted(self.by_pair.get((committee, person.code), ()), key=lambda row: row.since)
        said = f"{person.name} {day.month}月{day.day}日"
        if not terms:
            return f"{person.name}不是这个委员会的成员，请核对人员编码，或先在“成员”表登记。"
        if day < terms[0].since:
            return f"{said}尚未任职，请核对起始日期（{shown(terms[0].since)}）。"
        ended = max(row.until for row in terms if row.until and row.until < day)
        return f"{said}已不在任（任期至 {shown(ended)}），请核对结束日期。"

    def judge(self, rows: Sequence[Any]) -> list[Verdict]:
        """Terms already there first, so that ending one makes room for a new one wherever it stands in the sheet."""
        verdicts: dict[int, Verdict] = {}
        seen: dict[tuple[str, str, date], Any] = {}
        new: list[int] = []
        for index, row in enumerate(rows):
            committee, fault = self.committees.find(row.committee)
            person, other = self.people.find(row.person)
            if person is not None and person.merged_into_id is not None:
                person, other = None, Fault("人员编码", row.person, merged_sentence(person))
            if committee is None or person is None:
                verdicts[index] = rejected(row, *(found for found in (fault, other) if found))
                continue
            known = next(
                (term for term in self.by_pair.get((row.committee, row.person), ()) if term.since == row.since), None
            )
            if known is None:
                new.append(index)
            else:
                verdicts[index] = self._once(row, seen) or self._judge_known(row, known)
                self._see(verdicts[index], seen)
        for index in new:
            verdicts[index] = self._once(rows[index], seen) or self._judge_new(rows[index])
            self._see(verdicts[index], seen)
        self._ask_gate(verdicts)
        return [verdicts[index] for index in range(len(rows))]

    def _ask_gate(self, verdicts: dict[int, Verdict]) -> None:
        """Reject, all rows of a pair together, what would change who belonged in a closed period."""
        touched: dict[Pair, list[int]] = {}
        for index, verdict in sorted(verdicts.items()):
            if verdict.fate in (Fate.NEW, Fate.CHANGED):
                touched.setdefault((verdict.row.committee, verdict.row.person), []).append(index)
        changes = {pair: change for pair in touched if (change := self._belonging(pair))}
        for pair, reasons in zip(changes, against(list(changes.values())), strict=True):
            if not reasons:
                continue
            self._give_up(pair)
            for index in touched[pair]:
                row, is_new = verdicts[index].row, verdicts[index].fate is Fate.NEW
                column, day = ("起始日期", row.since) if is_new else ("结束日期", row.until)
                verdicts[index] = rejected(row, *(Fault(column, shown(day), reason) for reason in reasons))

    def _belonging(self, pair: Pair) -> Belonging | None:
        """The terms of a pair before and after; None when they are the same, or the committee is new."""
        committee = self.committees.by_code[pair[0]]
        news = {id(made) for made, _ in self.new}
        before, after = [], []
        for term in self.by_pair.get(pair, ()):
            after.append(Term(term.since, term.until))
            if id(term) not in news:
                kept = self.changed[term.pk][2] if term.pk in self.changed else {}
                before.append(Term(term.since, kept.get("until", term.until)))
        if before == after or not committee.pk:
            return None
        name = str(self.people.by_code[pair[1]])
        return Belonging(
            committee.pk, committee.path, name, tuple(before), tuple(after), expected=self.model is Membership
        )

    def _give_up(self, pair: Pair) -> None:
        """Put the terms of a pair back as they stand."""
        news = {id(made) for made, _ in self.new}
        for term in list(self.by_pair[pair]):
            if id(term) in news:
                self.by_pair[pair].remove(term)
                self.by_committee[pair[0]].remove(term)
            elif term.pk in self.changed:
                for name, value in self.changed.pop(term.pk)[2].items():
                    setattr(term, name, value)
        self.new = [(made, row) for made, row in self.new if (row.committee, row.person) != pair]

    @staticmethod
    def _once(row: Any, seen: dict[tuple[str, str, date], Any]) -> Verdict | None:
        key = (row.committee, row.person, row.since)
        if key not in seen:
            return None
        reason = f"与前面{said_place(seen[key])}同一人、同一起始日期重复，请删去一行。"
        return rejected(row, Fault("起始日期", shown(row.since), reason))

    @staticmethod
    def _see(verdict: Verdict, seen: dict[tuple[str, str, date], Any]) -> None:
        if verdict.fate is not Fate.REJECTED:
            row = verdict.row
            seen[(row.committee, row.person, row.since)] = row.place

    def _term_faults(
        self, committee: Committee, person: Person, since: date, until: date | None, but: Any = None
    ) -> list[Fault]:
        faults = [Fault("结束日期", shown(until), reason) for reason in period_reasons(since, until)]
        if faults:
            return faults
        for reason in within_reasons(since, until, committee.since, committee.until, frame=f"“{committee}”"):
            column = "结束日期" if reason.startswith("结束") else "起始日期"
            faults.append(Fault(column, shown(until if column == "结束日期" else since), reason))
        for term in self.by_pair.get((committee.code, person.code), ()):
            if term is not but and meet(since, until, term.since, term.until):
                span = span_said(term.since, term.until)
                reason = (
                    f"{person.name}在{committee}的{self.what}（{span}）与所填日期重叠，请先结束原{self.what}或改日期。"
                )
                faults.append(Fault("起始日期", shown(since), reason))
        return faults

    def _judge_known(self, row: Any, known: Any) -> Verdict:
        wanted = {
            name: value
            for name in self.columns
            if (value := getattr(row, name)) is not None and value != getattr(known, name)
        }
        if not wanted:
            return Verdict(row, Fate.SAME)
        until = wanted.get("until", known.until)
        if "until" in wanted:
            faults = self._term_faults(known.committee, known.person, known.since, until, known)
            if faults:
                return rejected(row, *faults)
        before = {name: getattr(known, name) for name in wanted}
        changes = [
            Change(self.columns[name], _word(name, before[name]), _word(name, value)) for name, value in wanted.items()
        ]
        for name, value in wanted.items():
            setattr(known, name, value)
        self.changed[known.pk] = (known, row, before)
        return Verdict(row, Fate.CHANGED, changes)

    def _judge_new(self, row: Any) -> Verdict:
        committee, person = self.committees.by_code[row.committee], self.people.by_code[row.person]
        faults = self._term_faults(committee, person, row.since, row.until)
        if faults:
            return rejected(row, *faults)
        alike = self._namesakes(row, person)
        made = self.make(row, committee, person)
        self._keep(made)
        self.new.append((made, row))
        return Verdict(row, Fate.NEW, warnings=alike)

    def _namesakes(self, row: Any, person: Person) -> list[Fault]:
        """Somebody of the same name under another code, in the same committee at the same time."""
        name = same_name(person.name)
        codes = {
            term.person.code
            for term in self.by_committee.get(row.committee, ())
            if term.person.code != person.code
            and same_name(term.person.name) == name
            and meet(row.since, row.until, term.since, term.until)
        }
        reason = f"本委员会已有同名的{person.name}（编码 {'、'.join(sorted(codes))}），请核对是不是同一人。"
        return [Fault("人员编码", row.person, reason)] if codes else []

    def make(self, row: Any, committee: Committee, person: Person) -> Any:
        raise NotImplementedError

    def leading(self, row: Any) -> bool:
        """Whether the term gives more than a plain member has: see ADR 0050."""
        return True

    def _asked(self, known: Any, before: dict[str, Any], *, by: Actor, at: datetime) -> dict[str, Any]:
        """Let a term that gives more than before wait for another's yes; what it was, for undo."""
        role = getattr(known, "group_role", "")
        old = (before.get("group_role", role), Term(known.since, before.get("until", known.until)))
        if not gives_more(old, (role, Term(known.since, known.until)), local_day(at), leading=LEADING):
            return {}
        was = {"confirmed": known.confirmed, "entered_by_id": known.entered_by_id}
        known.entered_by_id = by.pk
        if waits(known.committee, known.person, leading=self.leading(known), by=by):
            known.confirmed = False
        return was

    def recount(self, *, at: datetime) -> None:
        """Nobody above counts secretaries; memberships tell the house above."""

    @transaction.atomic
    def write(self, journal: Journal, *, by: Actor, at: datetime) -> None:
        check_versions(self.model, {pk: row.version for pk, (row, _, _) in self.changed.items()})
        for known, row, before in self.changed.values():
            known.version += 1
            told = {name: [shown(old), shown(getattr(known, name))] for name, old in before.items()}
            journal.note_changed(known, before | self._asked(known, before, by=by, at=at))
            data = {"changes": told, "person": known.person.code, "intake": True}
            journal.entries.append(Entry(known, self.verbs[1], row.at or at, data=data, chain=known.committee_id))
        # Old terms first: an end makes room for what follows it.
        rows = [known for known, _, _ in self.changed.values()]
        columns = [*self.columns, "version", "confirmed", "entered_by"]
        self.model.objects.bulk_update(rows, columns, batch_size=BATCH)
        for made, _ in self.new:
            made.entered_by_id = by.pk
            made.confirmed = not waits(made.committee, made.person, leading=self.leading(made), by=by)
        self.model.objects.bulk_create([made for made, _ in self.new], batch_size=BATCH)
        journal.note_made(made for made, _ in self.new)
        for made, row in self.new:
            data = {"person": made.person.code, "since": shown(made.since), "until": shown(made.until), "intake": True}
            after = made.get_group_role_display() if isinstance(made, Membership) else ""
            journal.entries.append(
                Entry(made, self.verbs[0], row.at or at, after=after, data=data, chain=made.committee_id)
            )
        self.recount(at=at)


class Memberships(Terms):
    model = Membership
    columns = MEMBER_COLUMNS
    what = "任期"
    verbs = ("增加成员", "修改成员")

    def make(self, row: MembershipRow, committee: Committee, person: Person) -> Membership:
        return Membership(
            committee=committee, person=person, group_role=row.group_role, since=row.since, until=row.until,
            post=row.post or "", rank=999 if row.rank is None else row.rank, end_reason=row.end_reason or "",
            primary_responsible=bool(row.primary_responsible),
        )  # fmt: skip

    def leading(self, row: Any) -> bool:
        return row.group_role in LEADING

    def recount(self, *, at: datetime) -> None:
        touched = [made for made, _ in self.new]
        touched += [known for known, _, before in self.changed.values() if "until" in before]
        ids = {row.committee_id for row in touched}
        if touched:
            recount(ids, min(row.since for row in touched), None, at)


class Secretaries(Terms):
    model = StudySecretary
    columns = {"until": "结束日期"}
    what = "学习秘书任期"
    verbs = ("增加学习秘书", "修改学习秘书")

    def make(self, row: SecretaryRow, committee: Committee, person: Person) -> StudySecretary:
        return StudySecretary(committee=committee, person=person, since=row.since, until=row.until)


def _word(name: str, value: Any) -> str:
    return str(GroupRole(value).label) if name == "group_role" and value else shown(value)


@transaction.atomic
def take_in_people(rows: Sequence[PersonRow], *, by: Actor, at: datetime) -> People:
    register = People()
    register.load({row.code for row in rows})
    settle(register.judge(rows))
    journal = Journal()
    register.write(journal, by=by, at=at)
    journal.record(by=by)
    return register


def _take_in_terms(kind: type[Terms], rows: Sequence[Any], *, by: Actor, at: datetime) -> Terms:
    committees, people = Committees(), People()
    committees.load({row.committee for row in rows})
    people.load({row.person for row in rows})
    register = kind(committees, people)
    register.load()
    settle(register.judge(rows))
    journal = Journal()
    register.write(journal, by=by, at=at)
    journal.record(by=by)
    return register


@transaction.atomic
def take_in_memberships(rows: Sequence[MembershipRow], *, by: Actor, at: datetime) -> Terms:
    return _take_in_terms(Memberships, rows, by=by, at=at)


@transaction.atomic
def take_in_secretaries(rows: Sequence[SecretaryRow], *, by: Actor, at: datetime) -> Terms:
    return _take_in_terms(Secretaries, rows, by=by, at=at)
