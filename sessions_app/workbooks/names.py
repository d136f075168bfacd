"""Names where a sheet should have codes: looked up where they are one alone, refused in words where they are not.

Committees are found by name or short name, people among the members of their committee (for a list of members also
among the people of the same workbook). One cell may name several: each becomes a row of its own.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from django.db.models import Q

from roster.audit.taking import Fault
from roster.committees.intake import Committees
from roster.committees.models import Committee
from roster.people.intake import Memberships, People
from roster.people.rules import same_name
from sessions_app.workbooks.sheets import Parsed

PIECES = re.compile(r"[、，,；;／/\n]")
HAN = re.compile(r"[\u3400-\u9fff]")
WITH_PEOPLE = ("成员", "学习秘书")  # sheets whose people may be new


def said_twice(what: str, count: int, where: str, column: str) -> str:
    return f"{where}有 {count} 个“{what}”，分不清是哪一个，请写{column}。"


class Names:
    """Codes for names, for one workbook."""

    def __init__(self, committees: Committees, people: People, memberships: Memberships) -> None:
        self.committees, self.people, self.memberships = committees, people, memberships
        self.by_name: dict[str, set[str]] = {}  # committee name -> codes
        self.members: dict[str, dict[str, list[Any]]] = {}  # committee code -> name -> terms
        self.listed: dict[str, set[str]] = {}  # name in the sheet 人员 -> codes

    def load_committees(self, rows: Iterable[Any]) -> None:
        """One query, only where a text is no code."""
        texts = {row.committee for row in rows if getattr(row, "committee", None)}
        wanted = {text for text in texts if text not in self.committees.by_code and HAN.search(text)}
        if not wanted:
            return
        found = Committee.objects.filter(Q(name__in=wanted) | Q(short_name__in=wanted)).select_related("parent")
        known = {row.code: row for row in found} | {row.code: row for row, _ in self.committees.new}
        for row in known.values():
            if row.pk and not self.committees.scope.may_write(row.path):
                continue
            for name in {row.name, row.short_name} & wanted:
                self.by_name.setdefault(name, set()).add(row.code)
            if row.pk and {row.name, row.short_name} & wanted:
                self.committees.by_code[row.code] = self.committees.by_id[row.pk] = row

    def list_people(self, rows: Iterable[Any]) -> None:
        for row in rows:
            self.listed.setdefault(same_name(row.name), set()).add(row.code)

    def resolve(self, sheet: str, parsed: Sequence[Parsed]) -> list[Parsed]:
        """The rows with codes for names; a row that names several becomes several."""
        found: list[Parsed] = []
        for one in parsed:
            found += self._resolve(sheet, one)
        return found

    def _resolve(self, sheet: str, parsed: Parsed) -> list[Parsed]:
        row = parsed.row
        if row is None:
            return [parsed]
        text = getattr(row, "committee", None)
        if text and text not in self.committees.by_code and HAN.search(text):
            codes = self.by_name.get(text, set())
            if len(codes) != 1:
                return [self._refuse(parsed, "委员会编码", text, self._why_no_committee(text, len(codes)))]
            row = replace(row, committee=next(iter(codes)))
            parsed = replace(parsed, row=row, key=self._key(parsed.key, row.committee))
        who = getattr(row, "person", None)
        if not who or who in self.people.by_code or who in self.people.refused or not HAN.search(who):
            return [parsed]
        if sheet not in WITH_PEOPLE and row.committee not in self.committees.by_code:
            return [parsed]
        return self._people(sheet, parsed, who)

    @staticmethod
    def _key(key: Any, committee: str) -> Any:
        return (committee, *key[1:]) if isinstance(key, tuple) else key

    @staticmethod
    def _why_no_committee(text: str, count: int) -> str:
        if count:
            return said_twice(text, count, "您的管理范围内", "委员会编码")
        return f"没有名称为“{text}”的委员会，或不在您的管理范围内，请核对名称，或写委员会编码。"

    def _people(self, sheet: str, parsed: Parsed, who: str) -> list[Parsed]:
        row = parsed.row
        names = [name for piece in PIECES.split(who) for name in self._split(sheet, row, piece)]
        made, wrong = [], []
        for name in names:
            codes = self._codes(sheet, row, name)
            if len(codes) == 1:
                made.append(replace(parsed, row=replace(row, person=next(iter(codes)))))
            elif codes:
                wrong.append(said_twice(name, len(codes), "本委员会", "人员编码"))
            else:
                wrong.append(f"本委员会的成员里没有“{name}”，请核对姓名，或写人员编码。")
        if wrong:
            return [self._refuse(parsed, "人员编码", who, "".join(wrong))]
        return made

    def _split(self, sheet: str, row: Any, piece: str) -> list[str]:
        """张 三 is one name where there is such a member; 张三 李四 are two."""
        parts = piece.split()
        if len(parts) < 2 or len(self._codes(sheet, row, piece)) == 1:
            return ["".join(parts)] if parts else []
        return ["".join(parts)] if all(len(part) == 1 for part in parts) else parts

    def _codes(self, sheet: str, row: Any, name: str) -> set[str]:
        key = same_name(name)
        if row.committee not in self.members:
            by_name: dict[str, list[Any]] = {}
            for term in self.memberships.by_committee.get(row.committee, ()):
                by_name.setdefault(same_name(term.person.name), []).append(term)
            self.members[row.committee] = by_name
        terms = self.members[row.committee].get(key, [])
        year = getattr(row, "year", None)
        if year:
            terms = [t for t in terms if t.since.year <= year and (t.until is None or t.until.year >= year)]
        codes = {term.person.code for term in terms}
        return codes | self.listed.get(key, set()) if sheet in WITH_PEOPLE else codes

    @staticmethod
    def _refuse(parsed: Parsed, column: str, value: str, reason: str) -> Parsed:
        return replace(parsed, row=None, faults=[*parsed.faults, Fault(column, value, reason)])

    def forget_members(self) -> None:
        """After the sheet 成员 was judged: its new terms count for what follows."""
        self.members.clear()

    def also_wrong(self, parsed: Parsed) -> list[Fault]:
        """What else is wrong with a row that could not be read whole: its committee or person is unknown."""
        row, columns = parsed.tried, {fault.column for fault in parsed.faults}
        found = []
        code, who = getattr(row, "committee", None), getattr(row, "person", None)
        if code and "委员会编码" not in columns and code not in self.by_name:
            found.append(self.committees.find(code)[1])
        if who and "人员编码" not in columns and not HAN.search(who):
            found.append(self.people.find(who)[1])
        return [fault for fault in found if fault]
