"""The corps of the demo: 60 experts in 24 teams that look after every committee, days away, four courses, county teams."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

from roster.accounts.models import User
from roster.audit.actions import Actor
from roster.committees.models import Committee
from roster.corps import pool_actions, training_actions
from roster.corps.intake import ExpertRow, take_in_experts
from roster.corps.models import Expert
from roster.corps.rules import Lesson
from sessions_app.demo.world import World
from sessions_app.demo.year import moment

FIELDS = ("经济", "党建", "法治", "文化", "社会治理", "生态文明", "党史", "意识形态", "乡村振兴", "科技创新")
SCHOOLS = ("市讲师团", "澜川学院", "市社科联", "市委党史研究室", "离退休干部")
REASONS = ("参加培训", "外出调研", "休假", "承担课题", "出差")
NUMBERS = "一二三四五六七八九十"
COURSES = ((3, 18), (6, 17), (9, 16), (12, 10))
LESSONS = (("会前酝酿主题", "市委宣传部"), ("会中精准记录", "市委党校"), ("会后梳理成果", "市讲师团"))
HOURS, SHARE, ABSENT = Decimal(4), Decimal("0.66"), 0.09


@dataclass(frozen=True)
class Size:
    teams: int
    aways: int
    counties: tuple[str, ...]
    county_teams: int


LARGE, SMALL = Size(24, 15, ("LX0100", "LX0200"), 3), Size(4, 4, ("LX0100",), 2)


def numbered(number: int) -> str:
    """1 to 99 as 一 … 九十九."""
    tens, ones = divmod(number, 10)
    return ("" if tens == 0 else "十" if tens == 1 else NUMBERS[tens - 1] + "十") + (NUMBERS[ones - 1] if ones else "")


def play(world: World, *, small: bool, by: Actor, at: datetime) -> tuple[int, int, int]:
    """How many experts, teams and courses there are now."""
    size = SMALL if small else LARGE
    since = date(at.year - 1, 1, 5)
    city = Committee.objects.get(code="LC00")
    spare = _spare(world)
    everywhere = list(Committee.objects.active_on(since).order_by("path"))
    organs = [row for row in everywhere if row.parent_id == city.pk and row.code.startswith("LC")]
    experts, teams = _department(city, everywhere, organs, size.teams, spare, since, by=by)
    for code in size.counties:
        county = Committee.objects.get(code=code)
        below = [row for row in everywhere if row.path.startswith(county.path)]
        more = _department(county, below, below[1:], size.county_teams, spare, since, by=by)
        experts, teams = experts + more[0], teams + more[1]
    _away(city, size.aways, at, by=by)
    return experts, teams, _courses(city, at, by=by)


def _spare(world: World) -> list[str]:
    """People who sit in no group and keep no committee; who may log in as an observer leads the first team."""
    taken = {row.person for body in world.bodies for row in body.members} | {row.person for row in world.secretaries}
    known = dict(User.objects.filter(person__isnull=False).values_list("person__code", "username"))
    free = [row.code for row in reversed(world.people) if row.code not in taken and row.code not in known]
    return [code for code, name in known.items() if name == "pangting"] + free


def _department(
    home: Committee,
    below: list[Committee],
    units: list[Committee],
    count: int,
    spare: list[str],
    since: date,
    *,
    by: Actor,
) -> tuple[int, int]:
    """Teams of three and two in turn, each with its block of committees, none of them one of its experts' own."""
    at = moment(since, 9)
    blocks: list[list[Committee]] = [[] for _ in range(count)]
    for index, committee in enumerate(below):
        blocks[index * count // len(below)].append(committee)
    places = [(team, seat) for team in range(count) for seat in range(3 - team % 2)]
    rows = []
    for index, (team, _) in enumerate(places):
        own = next(
            unit
            for step in range(len(units))
            if (unit := units[(index * 7 + 11 + step) % len(units)]) not in blocks[team]
        )
        kept = (FIELDS[index % len(FIELDS)], FIELDS[(index * 3 + 1) % len(FIELDS)])
        unit = own.name if index % 4 else SCHOOLS[index // 4 % len(SCHOOLS)]
        rows.append(
            ExpertRow(
                spare.pop(0), since, date(since.year + 2, 12, 31), unit, list(dict.fromkeys(kept)), 5 + index % 3, at=at
            )
        )
    take_in_experts(rows, home=home.pk, by=by, at=at)
    pool = dict(Expert.objects.filter(committee=home).values_list("person__code", "pk"))
    for team in range(count):
        people = [pool[row.person] for row, place in zip(rows, places, strict=True) if place[0] == team]
        made = pool_actions.create_team(
            committee=home, name=f"第{numbered(team + 1)}旁听组", since=since, leader=people[0], members=set(people), by=by,
            at=at,
        )  # fmt: skip
        pool_actions.set_areas(made, committees={row.pk for row in blocks[team]}, on=since, by=by, at=at)
    return len(rows), count


def _away(city: Committee, count: int, at: datetime, *, by: Actor) -> None:
    """Spread over the months round today."""
    experts = list(Expert.objects.filter(committee=city).order_by("person__code"))
    for index in range(count):
        first = at.date() + timedelta(days=index * 6 - 30)
        pool_actions.add_away(
            experts[index * 4 % len(experts)], since=first, until=first + timedelta(days=4 + index % 9),
            reason=REASONS[index % len(REASONS)], by=by, at=at,
        )  # fmt: skip


def _courses(city: Committee, at: datetime, *, by: Actor) -> int:
    """The last four quarterly courses before today: every secretary of the day, a few of whom do not complete."""
    days = [date(year, *day) for year in (at.year - 2, at.year - 1, at.year) for day in COURSES]
    last = [day for day in days if day + timedelta(days=4) < at.date()][-4:]
    for first in last:
        number = COURSES.index((first.month, first.day))
        random = Random(f"course {first}")
        lessons = [
            Lesson(topic, first + timedelta(days=order // 2), HOURS, lecturer)
            for order, (topic, lecturer) in enumerate(LESSONS)
        ]
        course = training_actions.create_course(
            committee=city, name=f"{first.year}年第{NUMBERS[number]}期中心组学习秘书培训班", since=first,
            until=first + timedelta(days=1), lessons=lessons, content="会前酝酿主题、会中精准记录、会后梳理成果。",
            place="市委党校", pass_share=SHARE, by=by, at=moment(first - timedelta(days=12), 9),
        )  # fmt: skip
        training_actions.enrol(course, by=by, at=moment(first - timedelta(days=5), 9))
        course.refresh_from_db()
        trainees = list(course.trainees.order_by("pk").values_list("pk", flat=True))
        lesson_ids = list(course.sessions.values_list("pk", flat=True))
        marks = {(lesson, who) for who in trainees for lesson in lesson_ids if random.random() >= ABSENT}
        done = moment(first + timedelta(days=2), 10)
        training_actions.set_attendance(course, trainees=trainees, marks=marks, version=course.version, by=by, at=done)
        course.refresh_from_db()
        training_actions.finish(course, version=course.version, by=by, at=done)
    return len(last)
