"""Who is there: 115 committees over three levels, 3,000 people, memberships with transfers, 166 secretaries."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from roster.committees.intake import CommitteeRow
from roster.committees.models import CommitteeKind, CommitteeLevel
from roster.people.intake import MembershipRow, PersonRow, SecretaryRow
from roster.people.models import GroupRole
from sessions_app.demo import names

PEOPLE = 3000
# The committee whose people the demo lets in: 市发改委党组; in the small world 市政府党组.
SHOWN, SHOWN_SMALL = "LC20", "LC02"
SECRETARIES = 166
SHARE_REPLACED = 0.06  # of a group's members, each year


@dataclass
class Body:
    """One committee of the demo with its people, as codes."""

    row: CommitteeRow
    size: int
    sessions_a_year: int
    members: list[MembershipRow] = field(default_factory=list)
    secretaries: list[str] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)  # of everybody, by code; one dict for all bodies

    @property
    def code(self) -> str:
        return self.row.code

    def on(self, day: date) -> list[MembershipRow]:
        """The members of a day, in rank order."""
        here = [m for m in self.members if m.since <= day and (m.until is None or m.until >= day)]
        return sorted(here, key=lambda m: m.rank or 0)

    def leader_on(self, day: date) -> str:
        return next(m.person for m in self.on(day) if m.group_role == GroupRole.LEADER)


@dataclass
class World:
    bodies: list[Body]
    people: list[PersonRow]
    secretaries: list[SecretaryRow]

    def body(self, code: str) -> Body:
        return next(body for body in self.bodies if body.code == code)


class Pool:
    """Invented people, the same at every loading."""

    def __init__(self, random: Random, total: int) -> None:
        self.rows = []
        for serial in range(1, total + 1):
            given = random.choice(names.GIVEN_FIRST) if random.random() < 0.72 else ""
            name = random.choice(names.SURNAMES) + given + random.choice(names.GIVEN_SECOND)
            self.rows.append(PersonRow(f"P{serial:05d}", name))
        self.used = 0

    def take(self) -> str:
        self.used += 1
        return self.rows[self.used - 1].code


def bodies(random: Random, since: date, *, small: bool = False) -> list[Body]:
    """The tree, in an order in which every superior comes before its own. `small`: one county, few organs (tests)."""
    found: list[Body] = []

    def add(
        code: str, name: str, short: str, kind: str, level: str, parent: str | None, size: int, sessions: int
    ) -> None:
        row = CommitteeRow(code, name, kind, short, level, parent, 10 * (len(found) + 1), since)
        found.append(Body(row, size, sessions))

    party = CommitteeKind.PARTY_COMMITTEE
    city, county, township = CommitteeLevel.CITY, CommitteeLevel.COUNTY, CommitteeLevel.TOWNSHIP
    add("LC00", f"中共{names.CITY}委员会", "澜川市委", party, city, None, 24, 12)
    for number, (name, short, kind) in enumerate(names.CITY_ORGANS[: 4 if small else None], 1):
        full = (
            f"中共{names.CITY}{name}"
            if name[0] in "委直"
            else f"{names.CITY}{name}".replace("澜川市团市委", "共青团澜川市委员会")
        )
        add(f"LC{number:02d}", full, short, kind, city, "LC00", random.randint(9, 15), 12)
    for number, name in enumerate(names.COUNTIES[: 1 if small else None], 1):
        code = f"LX{number:02d}00"
        add(code, f"中共{name[:-1]}{name[-1]}委员会", f"{name}委", party, county, "LC00", random.randint(21, 26), 12)
        for index, (organ, kind) in enumerate(names.COUNTY_ORGANS, 1):
            short = organ.replace("人大常委会", "人大").replace("人民政府", "政府")
            add(
                f"LX{number:02d}{index:02d}",
                f"{name}{organ}",
                f"{name}{short}",
                kind,
                county,
                code,
                random.randint(9, 12),
                6,
            )
        for index, town in enumerate(names.TOWNSHIPS[number - 1], 11):
            kind = CommitteeKind.WORKING_COMMITTEE if town.endswith("街道") else party
            tail = "党工委" if town.endswith("街道") else "党委"
            full = f"中共{name}{town}工作委员会" if town.endswith("街道") else f"中共{name}{town}委员会"
            add(f"LX{number:02d}{index:02d}", full, f"{town}{tail}", kind, township, code, random.randint(10, 13), 5)
    return found


def build(*, last_year: int, small: bool = False) -> World:
    """The whole roster as rows. Deterministic: seeded by the year alone."""
    random = Random(f"people {last_year}")
    since = date(last_year - 3, 1, 1)
    found = bodies(random, since, small=small)
    pool = Pool(random, 400 if small else PEOPLE)
    for body in found:
        _fill(random, body, pool, last_year)
    _one_person_two_committees(found)
    by_code = {row.code: row.name for row in pool.rows}
    for body in found:
        body.names = by_code
    secretaries = _secretaries(found, pool, last_year, SECRETARIES if not small else len(found) + 3)
    return World(found, pool.rows, secretaries)


def _fill(random: Random, body: Body, pool: Pool, last_year: int) -> None:
    party = body.row.kind in (CommitteeKind.PARTY_COMMITTEE, CommitteeKind.WORKING_COMMITTEE)
    posts = names.COMMITTEE_POSTS if party else names.PARTY_POSTS
    start = date(last_year - 2, 1, 1)
    for rank in range(1, body.size + 1):
        role = GroupRole.LEADER if rank == 1 else GroupRole.DEPUTY if rank == 2 else GroupRole.MEMBER
        post = posts[min(rank - 1, len(posts) - 1)]
        person, begun = pool.take(), start
        for year in (last_year, last_year + 1):
            # A transfer: somebody leaves at a month's end and another takes the seat the next day.
            if random.random() < SHARE_REPLACED * (0.6 if rank == 1 else 1):
                ends = date(year, random.randint(2, 9), 28)
                body.members.append(
                    MembershipRow(body.code, person, role, begun, ends, post, rank, rank == 1, "工作调动")
                )
                person, begun = pool.take(), ends + timedelta(days=1)
        body.members.append(MembershipRow(body.code, person, role, begun, None, post, rank, rank == 1))


def _one_person_two_committees(found: list[Body]) -> None:
    """The head of a county's government is deputy secretary of the county committee: one person, two memberships."""
    by_code = {body.code: body for body in found}
    for body in found:
        if body.code.endswith("02") and body.code.startswith("LX"):
            seats = [m for m in body.members if m.rank == 1]
            above = [m for m in by_code[body.row.parent or ""].members if m.rank == 2]
            # Only where neither seat changed hands: a transfer would leave one of the two groups without its head.
            if len(seats) == len(above) == 1:
                seats[0].person = above[0].person


def _secretaries(found: list[Body], pool: Pool, last_year: int, total: int) -> list[SecretaryRow]:
    """One each, a second one for the first `total - committees`; two have handed over within the year."""
    rows = []
    start = date(last_year - 2, 3, 1)
    seats = list(found) + found[: total - len(found)]
    for index, body in enumerate(seats):
        person, begun = pool.take(), start
        if index in (len(found) + 1, len(found) + 2):
            handed = date(last_year + 1, 3, 31)
            rows.append(SecretaryRow(body.code, person, begun, handed))
            person, begun = pool.take(), handed + timedelta(days=1)
        rows.append(SecretaryRow(body.code, person, begun))
        body.secretaries.append(person)
    return rows
