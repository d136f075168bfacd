"""A year of thirty committees, a city and two counties, day by day: what was told is what had to be told, to the item.

`script.py` says who does what on which day; `oracle.py` says from it alone what must be told; `played.py` acts it out in the
tables, and `send_due` runs each morning. Controls at the end show that the comparison notices what it is there to notice.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, timedelta

import pytest

from roster.audit.actions import SystemActor
from sessions_app.policies.rules import KEYS
from sessions_app.reminders import due
from sessions_app.reminders.actions import send_due
from sessions_app.reminders.models import Round
from tests import build
from tests.sessions_app.reminders.calendar_by_hand import passed
from tests.sessions_app.reminders.oracle import ASKS, Oracle, Told
from tests.sessions_app.reminders.played import Played, Read
from tests.sessions_app.reminders.script import FIRST, LAST, Script, d, written

MACHINE = SystemActor("测试")
LINES = 30  # in one notice; the rest is on the page
SHOWN = 8  # of the differences
ON_ITEMS = ("URGENT", "DAILY", "WEEKLY", "MONTHLY")


@dataclass
class Lived:
    oracle: Oracle
    read: Read
    wanted: dict[date, tuple[int, int, int]]  # a run: things found, notices, things nobody was told of
    said: dict[date, tuple[int, int, int]]


def live(script: Script, last: date, *, first: date = FIRST, forget_rounds: bool = False) -> Lived:
    """Play the script up to `last`, a run each morning that is not skipped, on the 15th a second one that has nothing to say."""
    oracle, played, events = Oracle(script), Played(script), script.by_day(first)
    wanted, said = {}, {}
    day = first
    while day <= last:
        for event in events.get(day, ()):
            oracle.state.play(event)
            played.play(event)
        if day not in script.skipped:
            told = oracle.run(day)
            owed = {kept.owed.name for kept in oracle.kept if kept.met is None}
            heard = {name for one in told if one.rhythm in ON_ITEMS for name in one.things}
            wanted[day] = (len(owed), len(told), len(owed - heard))
            # At nine mostly; now and then just after midnight or before it, when Greenwich writes another day than Shanghai.
            hour = {6: 0, 7: 23}.get(day.day % 8, 9)
            run = send_due(at=build.at(day, hour).astimezone(UTC), by=MACHINE)
            said[day] = (run.found, run.sent, run.skipped)
            if day.day == 15 and not forget_rounds:
                again = send_due(at=build.at(day, 14), by=MACHINE)
                assert (again.found, again.sent, again.skipped, again.busy) == (run.found, 0, run.found, False)
            if forget_rounds:
                Round.objects.all().delete()
        day += timedelta(days=1)
    return Lived(oracle, Read(played), wanted, said)


def differences(expected: Iterable, found: Iterable, title: str) -> list[str]:
    """The first of what is missing and of what is too much, earliest first."""
    expected, found = set(expected), set(found)
    lines = []
    for word, rows in (("missing", expected - found), ("not expected", found - expected)):
        shown = sorted(map(words, rows))
        lines += [f"{title}: {len(shown)} {word}", *(f"    {row}" for row in shown[:SHOWN])] if shown else []
    return lines


def words(row: object) -> str:
    if not isinstance(row, Told):
        return str(row)
    things = " ".join(sorted(f"{kind}={subject}" for kind, subject in row.things))
    behind = " ".join(f"{body}:{count}/{oldest}" for body, count, oldest in sorted(row.behind))
    return f"{row.day} {row.to} {row.rhythm} {row.period} | {things} | {' '.join(sorted(row.texts))} | {behind}"


def compare(lived: Lived) -> list[str]:
    oracle, read = lived.oracle, lived.read
    known = frozenset(text for one in oracle.told for text in one.texts)
    lines = differences(oracle.told, [read.told(notice, known) for notice in read.notices], "notices")
    lines += differences(oracle.remembered, read.remembered(), "reminders")
    kept = {(kept.owed.name, kept.found, kept.owed.due, kept.met, kept.owed.person) for kept in oracle.kept}
    return lines + differences(kept, read.kept(), "things due")


def left(due_on: date, day: date) -> tuple[str, str]:
    """Tone and words of a line: near, behind with two working days or fewer left, overdue."""
    count = passed(day, due_on)
    if due_on < day:
        return "overdue", f"逾期 {-count} 个工作日" if count else "已逾期"
    tone = "behind" if count <= 2 else "near"
    if due_on == day:
        return tone, "今天到期"
    return tone, f"还剩 {count} 个工作日" if count else "期限前没有工作日了"


def wrong_lines(read: Read) -> list[str]:
    """Lines of notices that do not say their thing's day, or stand in the wrong order, or are too many."""
    wrong = []
    for notice in read.notices:
        lines = [line for line in notice.lines if line.get("item")]
        told = len(read.by_notice[notice.pk])
        if notice.rhythm in ON_ITEMS and (len(lines), notice.more) != (min(told, LINES), max(told - LINES, 0)):
            wrong.append(f"{notice.pk}: {len(lines)} lines and {notice.more} more of {told}")
        if notice.rhythm in ON_ITEMS and [line["due"] for line in lines] != sorted(line["due"] for line in lines):
            wrong.append(f"{notice.pk}: not in the order of their days")
        for line in lines:
            tone, said = left(date.fromisoformat(line["due"]), read.day(notice.created_at))
            if (line["tone"], line["left"]) != (tone, said) or not line["what"] or not line["url"].startswith("/"):
                wrong.append(f"{notice.pk}: {line} instead of {tone} {said}")
    return wrong


@pytest.mark.django_db
def test_a_year_day_by_day() -> None:
    lived = live(written(), LAST)
    oracle, read = lived.oracle, lived.read
    lines = compare(lived)
    assert not lines, "\n" + "\n".join(lines)
    assert {day: row for day, row in lived.said.items() if row != lived.wanted[day]} == {}
    assert wrong_lines(read) == []

    # The year has in it what it is meant to have.
    assert {kept.owed.kind for kept in oracle.kept} == set(ASKS), "all kinds were due"
    assert {kind for one in oracle.told for kind, _ in one.things} == set(ASKS), "and told"
    assert len({kept.owed.name for kept in oracle.kept}) < len(oracle.kept), "some came back"
    assert max(notice.more for notice in read.notices) > 0, "one notice was longer than a letter"
    assert {one.rhythm for one in oracle.told} == {*ON_ITEMS, "QUARTERLY", "YEAR_OPEN", "YEAR_CLOSE"}
    assert {one.to[:2] for one in oracle.told} >= {"S.", "L.", "D.", "M1", "R.", "群:"}

    # One digest a person and period, whatever was skipped; what was skipped over a month's end is told at the next run.
    rounds = Counter((one.to, one.rhythm, one.period) for one in oracle.told if one.rhythm != "URGENT")
    assert set(rounds.values()) == {1}
    days = {(one.rhythm, one.period): one.day for one in oracle.told if one.rhythm not in ("URGENT", "DAILY")}
    assert days["MONTHLY", "2026-04"] == days["QUARTERLY", "2026-Q2"] == d("04-03")
    assert days["MONTHLY", "2026-09"] == d("09-02")
    assert days["MONTHLY", "2026-10"] == days["QUARTERLY", "2026-Q4"] == d("10-10")
    assert ("WEEKLY", "2026-W25") not in days and days["WEEKLY", "2026-W26"] == d("06-22"), "a week that passed is over"
    assert ("WEEKLY", "2026-W08") not in days, "春节: a week without a working day"


# ------------------------------------------------------------------------------- what the comparison must notice


@pytest.mark.django_db
def test_a_finder_that_is_missing_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(due, "FINDERS", due.FINDERS[1:])
    lines = compare(live(written(), d("01-10")))
    assert any("things due" in line and "missing" in line for line in lines)


@pytest.mark.django_db
def test_a_round_that_is_gone_through_twice_is_noticed() -> None:
    """Nobody is told twice even so (a notice is one a person and period); but who had nothing to hear is told too late."""
    lines = compare(live(written(), d("01-25"), forget_rounds=True))
    assert any("notices" in line and "not expected" in line for line in lines)


@pytest.mark.django_db
def test_a_deadline_of_another_day_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    days = KEYS["minutes_due_working_days"]
    monkeypatch.setitem(KEYS, days.key, replace(days, default=days.default + 1))  # type: ignore[arg-type]
    lines = compare(live(written(), d("01-16")))
    assert any("things due" in line and "missing" in line for line in lines)
    assert all("MINUTES_DUE" in line for line in lines if "things due" not in line and "date(" in line)
