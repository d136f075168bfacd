"""One pass over a workbook, in memory: what is new, what changes, what is rejected and why. Preview and commit share it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from roster import outside
from roster.accounts.access import records_kept_by
from roster.accounts.models import User
from roster.accounts.roles import Permission
from roster.audit.taking import EVERYWHERE, Fate, Fault, Scope, Verdict
from roster.committees.intake import Committees
from roster.corps.intake import Experts
from roster.people.intake import Memberships, People, Secretaries
from sessions_app.attendance.intake import Rolls
from sessions_app.outcomes.intake import Outcomes
from sessions_app.plans.intake import Plans
from sessions_app.sessions.intake import Sessions, Speeches
from sessions_app.workbooks import units
from sessions_app.workbooks.names import Names
from sessions_app.workbooks.reader import read
from sessions_app.workbooks.rules import plain
from sessions_app.workbooks.sheets import Book, Parsed, parse, sheet_name

ORDER = ("委员会", "人员", "成员", "学习秘书", "专家", "年度计划", "学习场次", "考勤", "发言", "成果")


@dataclass
class Line:
    """One row of a sheet with its verdict."""

    sheet: str
    parsed: Parsed
    verdict: Verdict

    def rejection(self) -> dict[str, Any]:
        """One entry a row: the first fault's cell, and every reason."""
        faults = self.verdict.faults
        return {
            "sheet": self.sheet, "row": self.parsed.number, "column": faults[0].column, "value": faults[0].value,
            "reason": f"{self.sheet} 第 {self.parsed.number} 行：" + " ".join(fault.reason for fault in faults),
        }  # fmt: skip


@dataclass
class Plan:
    """What an import would do. `registers` hold it ready to be written, in the order in which they must be."""

    lines: dict[str, list[Line]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    registers: list[Any] = field(default_factory=list)
    unread: list[dict[str, str]] = field(default_factory=list)  # columns and sheets nobody read
    warnings: list[dict[str, Any]] = field(default_factory=list)  # about whole sheets and skipped rows
    skipped: list[dict[str, Any]] = field(default_factory=list)  # rows that are no data
    questions: list[dict[str, Any]] = field(default_factory=list)  # what a list of units leaves open

    def count(self, fate: Fate, sheet: str = "") -> int:
        names = [sheet] if sheet else list(self.lines)
        return sum(line.verdict.fate is fate for name in names for line in self.lines.get(name, ()))

    @property
    def rejected(self) -> list[Line]:
        return [line for lines in self.lines.values() for line in lines if line.verdict.fate is Fate.REJECTED]

    def report(self) -> dict[str, Any]:
        """The answer of the command and of the page."""
        warnings = [
            {"sheet": line.sheet, "row": line.parsed.number, "column": w.column, "value": w.value, "reason": w.reason}
            for lines in self.lines.values() for line in lines for w in (*line.parsed.warnings, *line.verdict.warnings)
        ]  # fmt: skip
        return {
            "created": self.count(Fate.NEW), "updated": self.count(Fate.CHANGED), "unchanged": self.count(Fate.SAME),
            "rejected": [line.rejection() for line in self.rejected],
            "by_sheet": {name: {fate.value: self.count(fate, name) for fate in Fate} for name in self.lines},
            "warnings": [*self.warnings, *warnings], "notes": self.notes, "unread": self.unread, "skipped": self.skipped,
            "questions": self.questions,
        }  # fmt: skip

    def changed(self, limit: int) -> list[dict[str, Any]]:
        """Rows with the cells that change, before and after."""
        found = []
        for name, lines in self.lines.items():
            shown = 0
            for line in lines:
                if line.verdict.fate is Fate.CHANGED and shown < limit:
                    shown += 1
                    changes = [[c.column, c.before, c.after] for c in line.verdict.changes]
                    found.append(
                        {"sheet": name, "row": line.parsed.number, "what": self._what(line), "changes": changes}
                    )
        return found

    def new(self, limit: int) -> list[dict[str, Any]]:
        """The first new rows of each sheet, as they stand in it."""
        found = []
        for name, lines in self.lines.items():
            news = [line for line in lines if line.verdict.fate is Fate.NEW][:limit]
            for line in news:
                cells = [
                    [heading, plain(value)] for heading, value in line.parsed.cells.items()
                ]  # JSON keeps their order
                found.append({"sheet": name, "row": line.parsed.number, "cells": cells})
        return found

    @staticmethod
    def _what(line: Line) -> str:
        return " ".join(text for value in list(line.parsed.cells.values())[:4] if (text := plain(value)))


def scope_of(user: User | None) -> Scope:
    """Secretary: the own committee. Reviewer: the subtree. No user: everywhere (command)."""
    if user is None:
        return EVERYWHERE
    write, edit = user.reach(Permission.WORKBOOK_IMPORT), user.reach(Permission.COMMITTEE_EDIT)
    people: set[int] | None = None

    def reaches(reach: Any, path: str) -> bool:
        own = path.rstrip("/").rsplit("/", 1)[-1]
        return any(path.startswith(top) for top in reach.paths) or outside.key(own) in reach.committee_ids

    def may_edit_person(person_id: int) -> bool:
        nonlocal people
        if people is None:
            assert user.today is not None  # `reach` above has asked for it
            kept = records_kept_by(user, Permission.MEMBER_EDIT, user.today)
            people = set(kept.values_list("pk", flat=True))
        return person_id in people

    pools = [hold.committee_id for hold in user.holds_with(Permission.CORPS_EDIT)]
    acting = user.acting.committee_id if user.acting else 0
    department = acting if acting in pools else next(iter(pools), 0)
    return Scope(lambda path: reaches(write, path), lambda path: reaches(edit, path), may_edit_person, department)


def open_book(source: Path | IO[bytes]) -> Book:
    """BadWorkbook when it cannot be read."""
    return parse(read(source), units.find)


def plan(book: Book, *, at: datetime, scope: Scope = EVERYWHERE, answer: units.Answer | None = None) -> Plan:
    """Judge every row against what is there and what stands above it. Reads only; the number of queries is fixed."""
    made = Plan(notes=list(book.notes), unread=list(book.unread))
    for sheet in book.sheets.values():
        made.unread += sheet.unread
        made.warnings += sheet.warnings
        made.skipped += sheet.skipped
    rows = {name: list(sheet.rows) for name, sheet in book.sheets.items()}

    def of(name: str) -> list[Any]:
        return [parsed.row for parsed in rows.get(name, ()) if parsed.row is not None]

    def settle(name: str, register: Any) -> None:
        """Rows that could not be read are rejected first, so that what hangs on them knows."""
        if register not in made.registers:
            made.registers.append(register)
        if name not in rows:
            return
        for parsed in rows[name]:
            if parsed.row is None and parsed.key is not None and hasattr(register, "refused"):
                register.refused.setdefault(parsed.key, (name, parsed.number))
        verdicts = iter(register.judge(of(name)))
        made.lines[name] = [
            Line(name, parsed, next(verdicts) if parsed.row is not None else _unreadable(parsed, names))
            for parsed in rows[name]
        ]

    chain = [row for name in ORDER[2:] for row in of(name)]
    committees, people = Committees(scope=scope), People(scope=scope)
    memberships, secretaries = Memberships(committees, people), Secretaries(committees, people)
    names = Names(committees, people, memberships)
    tried = [parsed.tried for name in ORDER[2:] for parsed in rows.get(name, ()) if parsed.row is None]
    if answer and book.lists:
        committees.load({answer.parent})
    committees.load(_codes(of("委员会"), "code", "parent") | _codes([*chain, *tried], "committee"))
    people.load(_codes(of("人员"), "code") | _codes([*chain, *tried], "person"))
    people.load_twins(of("人员"))
    settle("委员会", committees)
    for one in book.lists:
        _settle_list(made, one, committees, answer)
    settle("人员", people)
    names.load_committees(chain)
    names.list_people(of("人员"))
    if chain:
        memberships.load()
    if "成员" in rows:
        rows["成员"] = names.resolve("成员", rows["成员"])
    settle("成员", memberships)
    names.forget_members()
    for name in ORDER[3:]:
        if name in rows:
            rows[name] = names.resolve(name, rows[name])
    if of("学习秘书"):
        secretaries.load()
    settle("学习秘书", secretaries)
    experts = Experts(committees, people, home=scope.department)
    if of("专家"):
        experts.load(of("专家"))
    settle("专家", experts)
    plans = Plans(committees, at=at)
    plans.load(of("年度计划"), {(row.committee, row.year) for row in of("学习场次")})
    settle("年度计划", plans)
    sessions = Sessions(committees, people, memberships, plans, at=at)
    sessions.load([*of("学习场次"), *of("考勤"), *of("发言")], of("成果"))
    settle("学习场次", sessions)
    rolls = Rolls(sessions, memberships, at=at)
    rolls.load(of("考勤"))
    settle("考勤", rolls)
    speeches = Speeches(sessions, memberships, at=at)
    speeches.load(of("发言"))
    speeches.hear(rolls.said())
    settle("发言", speeches)
    outcomes = Outcomes(committees, sessions, at=at)
    outcomes.load(of("成果"))
    settle("成果", outcomes)
    return made


def _settle_list(made: Plan, found: units.UnitList, committees: Committees, answer: units.Answer | None) -> None:
    """A list of units: what they are is asked first, then they are judged as rows of the sheet 委员会."""
    made.skipped += found.skipped
    if answer is None:
        made.questions.append(found.question())
        return
    parsed = units.as_rows(found, answer, committees)
    verdicts = iter(committees.judge([one.row for one in parsed if one.row is not None]))
    made.lines[found.title] = [
        Line(
            found.title,
            one,
            next(verdicts) if one.row is not None else Verdict(None, Fate.REJECTED, faults=one.faults),
        )
        for one in parsed
    ]


def _unreadable(parsed: Parsed, names: Names) -> Verdict:
    return Verdict(None, Fate.REJECTED, faults=[*parsed.faults, *names.also_wrong(parsed)])


def _codes(rows: Iterable[Any], *names: str) -> set[str]:
    return {code for row in rows for name in names if (code := getattr(row, name, None))}


__all__ = ["ORDER", "Fault", "Line", "Plan", "open_book", "plan", "scope_of", "sheet_name"]
