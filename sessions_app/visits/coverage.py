"""Who has not been visited for how long, by year, team and area: a few queries over a department's subtree."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from roster.committees.models import Committee
from roster.corps.models import TeamArea
from sessions_app.visits.models import ObservationVisit

YEARS = 4


def months_back(day: date, months: int) -> date:
    """The same day `months` months ago, the last of the month where there is none."""
    total = day.year * 12 + day.month - 1 - months
    year, month = divmod(total, 12)
    for number in range(day.day, 27, -1):
        try:
            return date(year, month + 1, number)
        except ValueError:
            continue
    return date(year, month + 1, day.day)


@dataclass(frozen=True)
class Row:
    """A committee with its last visit. `area` is the part of the subtree it lies in, `team` who looks after it."""

    committee: Committee
    area: Committee
    team_id: int | None
    team: str
    last_on: date | None
    last_visit: int | None
    last_by: int | None
    years: frozenset[int]
    months: int | None

    @property
    def year_words(self) -> str:
        return "、".join(map(str, sorted(self.years)))

    def seen_since(self, day: date) -> bool:
        return self.last_on is not None and self.last_on >= day


def rows(department: Committee, *, on: date) -> list[Row]:
    """The department's own committee and all below it that are active on `on`, in official order; three queries."""
    below = Committee.objects.under(department).active_on(on)
    committees = list(below.in_order())
    known = {row.path: row for row in committees}
    sat = ObservationVisit.objects.sat_in().filter(committee__path__startswith=department.path, observed_on__lte=on)
    last: dict[int, tuple[date, int, int]] = {}
    years: dict[int, set[int]] = defaultdict(set)
    for pk, committee_id, day, by in sat.order_by("observed_on", "pk").values_list(
        "pk", "committee_id", "observed_on", "round__committee_id"
    ):
        last[committee_id] = (day, pk, by)
        years[committee_id].add(day.year)
    teams = (
        TeamArea.objects.filter(department=department)
        .on(on)
        .order_by()
        .values_list("committee_id", "team_id", "team__name")
    )
    looked_after = {committee_id: (team_id, name) for committee_id, team_id, name in teams}
    depth = len(department.path)
    found = []
    for committee in committees:
        head = committee.path[depth:].split("/")[0]
        area = known.get(f"{department.path}{head}/", committee)
        day, visit, by = last.get(committee.pk, (None, None, None))
        team_id, team = looked_after.get(committee.pk, (None, ""))
        months = None if day is None else (on.year - day.year) * 12 + on.month - day.month - (on.day < day.day)
        found.append(
            Row(committee, area, team_id, team, day, visit, by, frozenset(years[committee.pk]), months)
        )  # fmt: skip
    return found


def chosen(found: Iterable[Row], *, since: date, wanted: Mapping[str, Any]) -> list[Row]:
    """The rows a number counts: `state` seen or unseen since `since`, `year` visited in it, `first`…`until` in any of
    these, `team`, `under`, `alone` without those of an area, `q`.
    """
    kept = list(found)
    if wanted.get("alone"):
        sizes = Counter(row.area.pk for row in kept)
        kept = [row for row in kept if sizes[row.area.pk] == 1]
    match wanted.get("state"):
        case "seen":
            kept = [row for row in kept if row.seen_since(since)]
        case "unseen":
            kept = [row for row in kept if not row.seen_since(since)]
        case "never":
            kept = [row for row in kept if row.last_on is None]
    if year := wanted.get("year"):
        kept = [row for row in kept if year in row.years]
    if until := wanted.get("until"):
        kept = [row for row in kept if any(wanted["first"] <= year <= until for year in row.years)]
    if team := wanted.get("team"):
        kept = [row for row in kept if row.team_id == (None if team == "none" else int(team))]
    if under := wanted.get("under"):
        kept = [row for row in kept if row.committee.path.startswith(under.path)]
    if text := (wanted.get("q") or "").strip().lower():
        kept = [
            row for row in kept
            if text in row.committee.name.lower() or text in row.committee.short_name.lower()
            or row.committee.pinyin.startswith(text) or f" {text}" in row.committee.pinyin
        ]  # fmt: skip
    return kept


@dataclass(frozen=True)
class Count:
    """One line of a table: how many, how many of them visited. `key` goes into the address of its list."""

    label: str
    key: str
    total: int
    seen: int

    @property
    def unseen(self) -> int:
        return self.total - self.seen

    @property
    def share(self) -> float | None:
        return self.seen / self.total if self.total else None


def by_year(found: Sequence[Row], on: date) -> list[dict[str, Any]]:
    """逐年覆盖: how many were visited in each of the last years, and in any of them up to it."""
    first = on.year - YEARS + 1
    lines = []
    for year in range(first, on.year + 1):
        until = sum(any(first <= one <= year for one in row.years) for row in found)
        lines.append({
            "year": year, "seen": sum(year in row.years for row in found), "until": until, "total": len(found),
            "share": until / len(found) if found else None,
        })  # fmt: skip
    return lines


def by_team(found: Sequence[Row], since: date) -> list[Count]:
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in found:
        groups[(row.team or "没有包片", str(row.team_id or "none"))].append(row)
    order = sorted(groups.items(), key=lambda one: (one[0][1] == "none", int(one[0][1]) if one[0][1] != "none" else 0))
    return [Count(label, key, len(rows), sum(r.seen_since(since) for r in rows)) for (label, key), rows in order]


def by_area(found: Sequence[Row], since: date) -> list[Count]:
    """The parts right below the department that have committees of their own; those without stand together in front."""
    groups: dict[int, list[Row]] = defaultdict(list)
    for row in found:
        groups[row.area.pk].append(row)
    lines, alone = [], []
    for members in groups.values():
        area = members[0].area
        if len(members) == 1:
            alone += members
            continue
        lines.append(Count(str(area), str(area.pk), len(members), sum(row.seen_since(since) for row in members)))
    if alone:
        lines.insert(0, Count("直属单位", "alone", len(alone), sum(row.seen_since(since) for row in alone)))
    return lines
