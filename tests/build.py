"""Builders for tests: the fewest rows that make a committee work. Time is fixed: see DAY and AT."""

from datetime import date, datetime
from itertools import count
from zoneinfo import ZoneInfo

from roster.accounts.models import Grant, User
from roster.accounts.roles import Role
from roster.committees.models import Committee, CommitteeKind, CommitteeLevel, CommitteeName
from roster.people.models import ActingKind, ActingLeader, GroupRole, Membership, Person, StudySecretary

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = date(2026, 3, 20)
AT = datetime(2026, 3, 20, 10, 0, tzinfo=SHANGHAI)
SINCE = date(2024, 1, 1)
PASSWORD = "Xuexi-2026-zhixing"
_serial = count(1)


def at(day: date, hour: int = 10) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=SHANGHAI)


def committee(
    name: str = "", *, parent: Committee | None = None, code: str = "", level: str = CommitteeLevel.CITY,
    kind: str = CommitteeKind.PARTY_GROUP, since: date = SINCE,
) -> Committee:  # fmt: skip
    serial = next(_serial)
    row = Committee(
        code=code or f"T{serial:04d}", name=name or f"测试委员会{serial}", short_name=name, kind=kind, level=level,
        level_order=list(CommitteeLevel.values).index(level), parent=parent, since=since, path=f"new{serial}",
    )  # fmt: skip
    row.save()
    row.path = f"{parent.path if parent else ''}{row.pk:07d}/"
    row.save()
    CommitteeName.objects.create(committee=row, name=row.name, short_name=row.short_name, since=since)
    return row


def person(name: str = "") -> Person:
    serial = next(_serial)
    return Person.objects.create(code=f"TP{serial:05d}", name=name or f"测试人员{serial}")


def member(
    where: Committee, who: Person | None = None, *, role: str = GroupRole.MEMBER, since: date = SINCE,
    until: date | None = None, rank: int | None = None,
) -> Membership:  # fmt: skip
    return Membership.objects.create(
        committee=where, person=who or person(), group_role=role, since=since, until=until,
        rank=rank if rank is not None else next(_serial),
    )  # fmt: skip


def secretary(
    where: Committee, who: Person | None = None, *, since: date = SINCE, until: date | None = None
) -> StudySecretary:
    return StudySecretary.objects.create(committee=where, person=who or person(), since=since, until=until)


def acting(
    where: Committee, who: Person, *, kind: str = ActingKind.ENTRUSTED, since: date = DAY, until: date = date(2026, 12, 31),
    by: User | None = None,
) -> ActingLeader:  # fmt: skip
    return ActingLeader.objects.create(
        committee=where, person=who, kind=kind, since=since, until=until, reason="组长出差", given_as="组长",
        given_by=by or account(),
    )  # fmt: skip


def account(who: Person | None = None, *, on: date = DAY) -> User:
    """A user who already acts on `on`."""
    who = who or person()
    user = User(username=f"u{who.code}", person=who)
    user.set_password(PASSWORD)
    user.save()
    return user.act(on=on)


def granted(role: Role, where: Committee, who: Person | None = None, *, on: date = DAY) -> User:
    user = account(who, on=on)
    Grant.objects.create(user=user, role=role, committee=where, since=SINCE)
    return user.act(on=on)


def secretary_of(where: Committee, *, on: date = DAY) -> User:
    return account(secretary(where).person, on=on)


def leader_of(where: Committee, *, on: date = DAY) -> User:
    return account(member(where, role=GroupRole.LEADER, rank=1).person, on=on)


def group(where: Committee, size: int) -> list[Membership]:
    """`size` plain members in rank order."""
    return [member(where, rank=10 + index) for index in range(size)]
